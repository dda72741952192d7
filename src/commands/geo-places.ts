/** Commands on single places: https://redis.io/docs/latest/commands/?group=geo */
import { distance } from "../base/earth.js";
import { geohashText, hashOf, type Place, placeOf } from "../base/geohash.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { scoreOf } from "../keyspace/ranked-members.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { readPlace, readUnit, replyDistance, replyPlace } from "./geo-arguments.js";
import { memberAt, openForReading } from "./sorted-set-reads.js";
import { addScored, expectScores } from "./sorted-set-writes.js";

/** Arguments of one place: longitude, latitude, member. */
const PLACE_WORDS = 3;

export const geoPlaces: readonly Command[] = [
  data({
    name: "geoadd",
    arity: -5,
    group: "geo",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "update"),
    syntax: "key [condition=(NX|XX)@6.2.0] [change=CH@6.2.0] (longitude:double latitude:double member)...",
    since: "3.2.0",
    complexity: "O(log N) in members of the set for each one named",
    summary: "Keeps where members are, in a sorted set, and answers how many are new.",
    history: [["6.2.0", "NX, XX and CH"]],
    run: geoadd,
  }),
  data({
    name: "geodist",
    arity: -4,
    group: "geo",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key member1 member2 [unit=(M|KM|FT|MI)]",
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Answers how far one member is from another.",
    run: geodist,
  }),
  data({
    name: "geohash",
    arity: -2,
    group: "geo",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key member...",
    since: "3.2.0",
    complexity: "O(N) in members named",
    summary: "Answers where members are, as geohash texts that others understand.",
    run(call) {
      forEachHash(call, (hash) => {
        if (hash === undefined) call.reply.null();
        else call.reply.bulkText(geohashText(hash));
      });
    },
  }),
  data({
    name: "geopos",
    arity: -2,
    group: "geo",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key member...",
    since: "3.2.0",
    complexity: "O(N) in members named",
    summary: "Answers where members are, as longitudes and latitudes.",
    run(call) {
      forEachHash(call, (hash) => {
        if (hash === undefined) call.reply.nullArray();
        else replyPlace(call.reply, placeOf(hash));
      });
    },
  }),
];

function geoadd(call: Call): void {
  let [onlyNew, onlyOld, countsChanged] = [false, false, false];
  let first = 2;
  for (; first < call.count; first++) {
    if (call.is(first, "nx")) onlyNew = true;
    else if (call.is(first, "xx")) onlyOld = true;
    else if (call.is(first, "ch")) countsChanged = true;
    else break;
  }
  const left = call.count - first;
  if (left === 0 || left % PLACE_WORDS !== 0 || (onlyNew && onlyOld)) throw new ReplyError(SYNTAX_ERROR);
  const options = {
    first,
    words: PLACE_WORDS,
    onlyNew,
    onlyOld,
    onlyHigher: false,
    onlyLower: false,
    countsChanged,
    isIncrement: false,
  };
  const scores = expectScores(call, options);
  for (let i = first, place = 0; i < call.count; i += PLACE_WORDS, place++)
    scores[place] = hashOf(readPlace(call, i));
  addScored(call, options);
}

function geodist(call: Call): void {
  const { reply } = call;
  if (call.count > 5) throw new ReplyError(SYNTAX_ERROR);
  const unit = call.count === 5 ? readUnit(call, 4) : 1;
  const at = openForReading(call);
  const one = placeAt(call, at, 2);
  const other = placeAt(call, at, 3);
  if (one === undefined || other === undefined) reply.null();
  else replyDistance(reply, distance(one, other) / unit);
}

/** Visits the hash of each member that is named; undefined of one that is not there. */
function forEachHash(call: Call, visit: (hash: number | undefined) => void): void {
  const at = openForReading(call);
  call.reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) visit(hashAt(call, at, i));
}

function hashAt(call: Call, at: Location, index: number): number | undefined {
  const found = at === NOWHERE ? undefined : memberAt(call, index);
  return found === undefined ? undefined : scoreOf(found);
}

/** Where the member is that an argument names, in the open sorted set at `at`, if there is one. */
export function placeAt(call: Call, at: Location, index: number): Place | undefined {
  const hash = hashAt(call, at, index);
  return hash === undefined ? undefined : placeOf(hash);
}
