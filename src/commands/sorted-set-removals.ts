/** Commands that take members from an end or a range of a sorted set: https://redis.io/docs/latest/commands/?group=sorted-set */
import { INT64_MAX } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { GatheredSortedSet } from "../keyspace/gathered-sorted-set.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { RankedMembers, type RankRange, scoreOf } from "../keyspace/ranked-members.js";
import { TYPE_ZSET } from "../keyspace/record.js";
import { NOT_POSITIVE, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, countedKeys, type Declaration, data, keyAt1 } from "./command.js";
import { ranksBetween, readMemberBound, readScoreBound } from "./score-arguments.js";

const KEY_COUNT_NOT_POSITIVE = "ERR numkeys should be greater than 0";
const COUNT_NOT_POSITIVE = "ERR count should be greater than 0";

type End = "lowest" | "highest";
const EVENTS: Readonly<Record<End, string>> = { lowest: "zpopmin", highest: "zpopmax" };

/** What ZREMRANGEBYRANK and its kin have in common. */
const removing = {
  arity: 4,
  group: "sorted-set",
  flags: ["write"],
  keys: keyAt1("RW", "delete"),
  complexity: "O(log N + M) in members of the set and in those removed",
} as const satisfies Partial<Declaration>;

/** What ZPOPMIN and ZPOPMAX have in common. */
const popping = {
  arity: -2,
  group: "sorted-set",
  flags: ["write", "fast"],
  keys: keyAt1("RW", "access", "delete"),
  syntax: "key [count:integer]",
  since: "5.0.0",
  complexity: "O(M log N) in members answered and in members of the set",
} as const satisfies Partial<Declaration>;

export const sortedSetRemovals: readonly Command[] = [
  data({
    name: "zremrangebyrank",
    ...removing,
    syntax: "key start:integer stop:integer",
    since: "2.0.0",
    summary: "Removes the members between two ranks from a sorted set, and answers how many there were.",
    run(call) {
      const [first, last] = [call.integer(2), call.integer(3)];
      removeRange(call, "zremrangebyrank", ({ length }) => ranksBetween(first, last, length));
    },
  }),
  data({
    name: "zremrangebyscore",
    ...removing,
    syntax: "key min:double max:double",
    since: "1.2.0",
    summary: "Removes the members between two scores from a sorted set, and answers how many there were.",
    run(call) {
      const [lowest, highest] = [readScoreBound(call, 2), readScoreBound(call, 3)];
      removeRange(call, "zremrangebyscore", (members) => members.rangeOfScores(lowest, highest));
    },
  }),
  data({
    name: "zremrangebylex",
    ...removing,
    syntax: "key min max",
    since: "2.8.9",
    summary:
      "Removes the members between two others from a sorted set of a single score, and answers how many there were.",
    run(call) {
      const [lowest, highest] = [readMemberBound(call, 2), readMemberBound(call, 3)];
      removeRange(call, "zremrangebylex", (members) => members.rangeOfMembers(lowest, highest));
    },
  }),
  data({
    name: "zpopmin",
    ...popping,
    summary: "Removes the members with the lowest scores from a sorted set, and answers them.",
    run: (call) => zpop(call, "lowest"),
  }),
  data({
    name: "zpopmax",
    ...popping,
    summary: "Removes the members with the highest scores from a sorted set, and answers them.",
    run: (call) => zpop(call, "highest"),
  }),
  data({
    name: "zmpop",
    arity: -4,
    group: "sorted-set",
    flags: ["write", "movablekeys"],
    keys: [countedKeys(1, "RW", "access", "delete")],
    syntax: "numkeys:integer key... where=(MIN|MAX) [COUNT count:integer]",
    since: "7.0.0",
    complexity: "O(K + M log N) in keys, in members answered and in members of the set",
    summary:
      "Removes the members with the lowest or the highest scores from the first of several sorted sets that is not empty, and answers them.",
    run: zmpop,
  }),
];

const members = new RankedMembers();

function removeRange(call: Call, event: string, rangeOf: (members: RankedMembers) => RankRange): void {
  const { keyspace } = call;
  if (openForWriting(call, 1) === NOWHERE) {
    call.reply.integer(0);
    return;
  }
  members.open(keyspace);
  const removed = takeRange(call, rangeOf(members), false, event);
  call.reply.integer(removed?.length ?? 0);
}

/**
 * Removes a range of the open sorted set, and answers what it was; undefined if it was empty. Where nobody else can add to the set
 * meanwhile one that is removed as a whole is deleted, and a large one given back to memory in slices.
 */
function takeRange(
  call: Call,
  range: RankRange,
  isReversed: boolean,
  event: string,
): GatheredSortedSet | undefined {
  const { keyspace } = call;
  if (range.end <= range.from) return undefined;
  const taken = new GatheredSortedSet();
  members.forEach(range, isReversed, (member) => taken.add(member.field, scoreOf(member)));
  if (taken.length === members.length && !keyspace.keepTombstones) {
    keyspace.remove(taken.length);
  } else {
    const { openEntries } = keyspace;
    openEntries.begin(TYPE_ZSET, call.config.current);
    taken.forEach(({ bytes, start, end }) => {
      openEntries.remove(bytes, start, end);
    });
    openEntries.finish();
  }
  tellRemoved(keyspace, event);
  return taken;
}

/** Takes up to `count` members from an end of the open sorted set, that which is at the end first. */
function takeEnd(call: Call, end: End, count: number): GatheredSortedSet | undefined {
  members.open(call.keyspace);
  const { length } = members;
  const taken = Math.min(count, length);
  const range = end === "lowest" ? { from: 0, end: taken } : { from: length - taken, end: length };
  return takeRange(call, range, end === "highest", EVENTS[end]);
}

function zpop(call: Call, end: End): void {
  const { reply } = call;
  if (call.count > 3) throw new ReplyError(SYNTAX_ERROR);
  const count = call.count === 3 ? readCount(call, 2, 0, NOT_POSITIVE) : 1;
  const isThere = openForWriting(call, 1) !== NOWHERE;
  const taken = isThere ? takeEnd(call, end, count) : undefined;
  // RESP3 has pairs, but not where a single member was asked for.
  const arePairs = reply.resp === 3 && call.count === 3;
  const length = taken?.length ?? 0;
  reply.array(arePairs ? length : 2 * length);
  taken?.forEach((member, score) => {
    if (arePairs) reply.array(2);
    reply.bulk(member.bytes, member.start, member.end);
    reply.double(score);
  });
}

function zmpop(call: Call): void {
  const { reply } = call;
  const keys = readCount(call, 1, 1, KEY_COUNT_NOT_POSITIVE);
  const where = 2 + keys;
  if (where >= call.count) throw new ReplyError(SYNTAX_ERROR);
  const isLowest = call.is(where, "min");
  if (!isLowest && !call.is(where, "max")) throw new ReplyError(SYNTAX_ERROR);
  const count = readPopCount(call, where + 1);
  for (let i = 2; i < where; i++) {
    if (openForWriting(call, i) === NOWHERE) continue;
    const taken = takeEnd(call, isLowest ? "lowest" : "highest", count)!;
    reply.array(2);
    reply.bulk(call.bytes, call.start(i), call.end(i));
    reply.array(taken.length);
    taken.forEach((member, score) => {
      reply.array(2);
      reply.bulk(member.bytes, member.start, member.end);
      reply.double(score);
    });
    return;
  }
  reply.nullArray();
}

/** COUNT may stand once, from argument `first` on; without it one is popped. */
function readPopCount(call: Call, first: number): number {
  let count: number | undefined;
  for (let i = first; i < call.count; i += 2) {
    if (count !== undefined || !call.is(i, "count") || i + 1 === call.count)
      throw new ReplyError(SYNTAX_ERROR);
    count = readCount(call, i + 1, 1, COUNT_NOT_POSITIVE);
  }
  return count ?? 1;
}

function readCount(call: Call, index: number, least: number, error: string): number {
  const count = call.int64(index, error);
  if (count < least || count > INT64_MAX) throw new ReplyError(error);
  return Number(count);
}

/** Members of the open sorted set are gone, and the set with the last of them. */
export function tellRemoved(keyspace: Keyspace, event: string): void {
  keyspace.happened("zset", event);
  if (keyspace.at === NOWHERE) keyspace.happened("generic", "del");
}

/** Opens the key in an argument; refuses what is no sorted set. */
export function openForWriting(call: Call, index: number): Location {
  const at = call.open(index);
  call.expectType(at, TYPE_ZSET);
  return at;
}
