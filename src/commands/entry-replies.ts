/** What hashes, sets and sorted sets reply alike: a part of their entries, found by a cursor or drawn at random. */
import { globMatches } from "../base/glob.js";
import { INT64_MIN } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { drawDistinctFields, drawFields } from "../keyspace/entry-sample.js";
import type { LiveField } from "../keyspace/open-entries.js";
import {
  COUNT_OUT_OF_RANGE,
  OUT_OF_RANGE,
  REPLY_TOO_LARGE,
  ReplyError,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { readCursor, readScanOptions } from "./scan-arguments.js";

/** Redis's bound, above which twice as many would be no 64-bit integer. */
const PAIRS_MAX = 2n ** 62n - 1n;
/** A reply of more would be larger than replies may be: "$0\r\n\r\n" each. */
const ANSWERED_MAX = 2 ** 30 / 6;

/** Opens the key, which is argument 1; refuses what is of another type. */
type OpenForReading = (call: Call) => Location;

/** Replies a step of a scan: cursor and options from argument 2 on, and `width` elements for each entry that is found. */
export function replyScanned(
  call: Call,
  open: OpenForReading,
  width: number,
  replyEntry: (entry: LiveField, at: Location) => void,
): void {
  const { keyspace, reply } = call;
  const cursor = readCursor(call, 2);
  const at = open(call);
  if (at === NOWHERE) {
    // As Redis, which does not look at the options of what is not there.
    reply.array(2);
    reply.bulkInteger(0);
    reply.emptyArray();
    return;
  }
  const { match, count } = readScanOptions(call, 3);
  reply.array(2);
  const positions: number[] = [];
  const reader = keyspace.openEntries.entries();
  reply.bulkInteger(reader.scan(cursor, count, positions));
  const mark = reply.reserveArray();
  let found = 0;
  for (const position of positions) {
    reader.goTo(position);
    const { field, value } = reader;
    if (value === null || (match && !globMatches(match, field.bytes, field.start, field.end))) continue;
    replyEntry(reader as LiveField, at);
    found++;
  }
  reply.fillArray(mark, width * found);
}

/**
 * Replies entries drawn at random: one if there is no count in argument 2. A negative count lets an entry come again; a positive one ends with the
 * collection. `pairsWord` is the option that asks for what belongs to each as well, if there is one.
 */
export function replyDrawn(
  call: Call,
  open: OpenForReading,
  replyEntry: (entry: LiveField, isPair: boolean) => void,
  pairsWord?: string,
): void {
  const { keyspace, random, reply } = call;
  if (call.count === 2) {
    if (open(call) === NOWHERE) reply.null();
    else drawFields(keyspace, 1, random, (entry) => replyEntry(entry, false));
    return;
  }
  const asked = call.int64(2);
  if (asked === INT64_MIN) throw new ReplyError(COUNT_OUT_OF_RANGE);
  const arePairs = call.count === 4 && pairsWord !== undefined && call.is(3, pairsWord);
  if (call.count > 3 && !arePairs) throw new ReplyError(SYNTAX_ERROR);
  if (arePairs && (asked > PAIRS_MAX || asked < -PAIRS_MAX)) throw new ReplyError(OUT_OF_RANGE);
  const count = Number(asked);
  if (open(call) === NOWHERE || count === 0) {
    reply.emptyArray();
    return;
  }
  const answered = count < 0 ? -count : Math.min(count, keyspace.openEntries.length);
  if (answered > ANSWERED_MAX) throw new ReplyError(REPLY_TOO_LARGE);
  reply.array(arePairs && reply.resp === 2 ? answered * 2 : answered);
  const draw = count < 0 ? drawFields : drawDistinctFields;
  draw(keyspace, answered, random, (entry) => replyEntry(entry, arePairs));
}
