/** Places and distances, as commands take them and answer them. */
import { MERCATOR, type Place } from "../base/geohash.js";
import { formatFixed, formatHuman } from "../protocol/double-text.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { Call } from "./call.js";
import { readScoreArgument } from "./score-arguments.js";

const UNKNOWN_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";

const METERS = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 } as const;
/** Digits behind the point of a distance. */
const DISTANCE_DIGITS = 4;
/** As C prints a coordinate in an error. */
const COORDINATE_DIGITS = 6;

/** Reads a longitude, which is argument `first`, and the latitude behind it. */
export function readPlace(call: Call, first: number): Place {
  const longitude = readScoreArgument(call, first);
  const latitude = readScoreArgument(call, first + 1);
  const { longitude: east, latitude: north } = MERCATOR;
  if (longitude < east.min || longitude > east.max || latitude < north.min || latitude > north.max) {
    const [x, y] = [longitude, latitude].map((each) => formatFixed(each, COORDINATE_DIGITS));
    throw new ReplyError(`ERR invalid longitude,latitude pair ${x},${y}`);
  }
  return { longitude, latitude };
}

/** Meters of the unit that an argument names. */
export function readUnit(call: Call, index: number): number {
  for (const [word, meters] of Object.entries(METERS)) if (call.is(index, word)) return meters;
  throw new ReplyError(UNKNOWN_UNIT);
}

export function replyDistance(reply: ReplyWriter, distance: number): void {
  reply.bulkText(formatFixed(distance, DISTANCE_DIGITS));
}

export function replyPlace(reply: ReplyWriter, { longitude, latitude }: Place): void {
  reply.array(2);
  reply.doubleText(formatHuman(longitude));
  reply.doubleText(formatHuman(latitude));
}
