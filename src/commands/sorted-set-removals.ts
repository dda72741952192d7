/** Commands that take members from an end or a range of a sorted set: https://redis.io/docs/latest/commands/?group=sorted-set */
import { ByteWriter } from "../base/byte-writer.js";
import { copyBytes } from "../base/bytes.js";
import { BODY_BYTES_MAX } from "../delta/body-codec.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { LiveField } from "../keyspace/open-entries.js";
import { RankedMembers, type RankRange, scoreOf } from "../keyspace/ranked-members.js";
import { TYPE_ZSET } from "../keyspace/record.js";
import { NOT_POSITIVE, OUT_OF_MEMORY, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, countedKeys, type Declaration, data, keyAt1 } from "./command.js";
import { type MultiPop, popFirst, readMultiPop } from "./multi-pop.js";
import { ranksBetween, readMemberBound, readScoreBound } from "./score-arguments.js";

export type End = "lowest" | "highest";
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
  const range = rangeOf(members);
  const count = Math.max(0, range.end - range.from);
  if (count > 0) removeRanks(call, range, event);
  call.reply.integer(count);
}

/** Members that are removed together are put aside first: their own bytes go one after the other. */
const ASIDE = new ByteWriter({ bytesMax: BODY_BYTES_MAX, bytesKeptMax: 64 * 1024 });
const ASIDE_ENDS: number[] = [];
/** So many at once, where a set is not packed. */
const ASIDE_MAX = 512;
/** Of the mark of a removed member besides its bytes, at most. */
const MARK_BYTES_MAX = 24;
/** A change of so many members is never too large to be told, however long they are. */
const TOLD_MAX = 7;

/**
 * Removes some ranks, one at least, of the open sorted set, at which `members` look. Where nobody else can add to the set meanwhile
 * one that is removed as a whole is deleted, and a large one given back to memory in slices.
 */
function removeRanks(call: Call, range: RankRange, event: string): void {
  const { keyspace } = call;
  const count = range.end - range.from;
  if (count === members.length && !keyspace.keepTombstones) {
    keyspace.remove(count);
  } else {
    if (count > TOLD_MAX) refuseUntold(range);
    const { openEntries } = keyspace;
    let left = count;
    // A packed set is not to be looked at while it changes.
    const together = members.isPacked ? count : ASIDE_MAX;
    putAside(range.from, Math.min(left, together));
    openEntries.begin(TYPE_ZSET, call.config.current);
    for (;;) {
      let start = 0;
      for (const end of ASIDE_ENDS) {
        openEntries.remove(ASIDE.bytes, start, end);
        start = end;
      }
      left -= ASIDE_ENDS.length;
      if (left === 0) break;
      putAside(range.from, Math.min(left, together));
    }
    openEntries.finish();
    ASIDE.clear();
  }
  tellRemoved(keyspace, event);
}

function putAside(rank: number, count: number): void {
  ASIDE.clear();
  ASIDE_ENDS.length = 0;
  members.forEach({ from: rank, end: rank + count }, false, ({ field }) => {
    ASIDE.range(field);
    ASIDE_ENDS.push(ASIDE.length);
  });
}

/** What is removed is told in one delta: it is refused beforehand if that has no room for it. */
function refuseUntold(range: RankRange): void {
  let bytes = 0;
  members.forEach(range, false, ({ field }) => {
    bytes += field.end - field.start + MARK_BYTES_MAX;
  });
  if (bytes > BODY_BYTES_MAX) throw new ReplyError(OUT_OF_MEMORY);
}

/** Up to `count` ranks at an end of the open sorted set, which is opened for `members` to look at. */
function ranksAt(end: End, count: number, keyspace: Keyspace): RankRange {
  members.open(keyspace);
  const { length } = members;
  const taken = Math.min(count, length);
  return end === "lowest" ? { from: 0, end: taken } : { from: length - taken, end: length };
}

/** A reply may be refused, so all of it comes before the first removal. */
function zpop(call: Call, end: End): void {
  const { keyspace, reply } = call;
  if (call.count > 3) throw new ReplyError(SYNTAX_ERROR);
  const count = call.count === 3 ? call.integer(2, NOT_POSITIVE) : 1;
  if (count < 0) throw new ReplyError(NOT_POSITIVE);
  if (openForWriting(call, 1) === NOWHERE || count === 0) {
    reply.emptyArray();
    return;
  }
  if (count === 1) {
    const isPair = reply.resp === 3 && call.count === 3;
    popOne(call, end, { isPair, writeHead: () => reply.array(isPair ? 1 : 2) });
    return;
  }
  const range = ranksAt(end, count, keyspace);
  const answered = range.end - range.from;
  // RESP3 has pairs, but not where a single member was asked for.
  const arePairs = reply.resp === 3 && call.count === 3;
  reply.array(arePairs ? answered : 2 * answered);
  members.forEach(range, end === "highest", (member) => replyPopped(call, member, arePairs));
  removeRanks(call, range, EVENTS[end]);
}

/** A member that is to be removed: its own bytes may be gone before it is. Longer ones get a buffer of theirs. */
const POPPED = Buffer.alloc(1024);

/** What stands before a member that is popped, and whether that is an array of its own. */
interface PoppedForm {
  readonly isPair: boolean;
  readonly writeHead: () => void;
}

/** The same of one member, with nothing put aside but that. */
function popOne(call: Call, end: End, { isPair, writeHead }: PoppedForm): void {
  const { keyspace } = call;
  members.open(keyspace);
  const { length } = members;
  members.popping(keyspace, end === "highest");
  const member = members.memberOf(end === "lowest" ? 0 : length - 1);
  const { field } = member;
  const fieldBytes = field.end - field.start;
  const bytes = fieldBytes > POPPED.length ? Buffer.allocUnsafe(fieldBytes) : POPPED;
  copyBytes(field.bytes, field.start, field.end, bytes, 0);
  writeHead();
  replyPopped(call, member, isPair);
  if (length === 1 && !keyspace.keepTombstones) {
    keyspace.remove(1);
  } else {
    const { openEntries } = keyspace;
    openEntries.begin(TYPE_ZSET, call.config.current);
    openEntries.remove(bytes, 0, fieldBytes);
    openEntries.finish();
  }
  tellRemoved(keyspace, EVENTS[end]);
}

/** Pops from the sorted set whose key is in an argument and answers it with its key; false if there is none. */
export function popWithKey(call: Call, key: number, end: End): boolean {
  const { reply } = call;
  if (openForWriting(call, key) === NOWHERE) return false;
  const writeHead = () => {
    reply.array(3);
    reply.bulk(call.bytes, call.start(key), call.end(key));
  };
  popOne(call, end, { isPair: false, writeHead });
  return true;
}

function zmpop(call: Call): void {
  if (!popFirst(call, readMultiPop(call, 1, readEnd), popSeveral)) call.reply.nullArray();
}

/** Pops from the sorted set whose key is in an argument and answers it with its key; false if there is none. */
export function popSeveral(call: Call, key: number, { from: end, count }: MultiPop<End>): boolean {
  const { keyspace, reply } = call;
  if (openForWriting(call, key) === NOWHERE) return false;
  const range = ranksAt(end, count, keyspace);
  reply.array(2);
  reply.bulk(call.bytes, call.start(key), call.end(key));
  reply.array(range.end - range.from);
  members.forEach(range, end === "highest", (member) => replyPopped(call, member, true));
  removeRanks(call, range, EVENTS[end]);
  return true;
}

function replyPopped({ reply }: Call, member: LiveField, isPair: boolean): void {
  const { bytes, start, end } = member.field;
  if (isPair) reply.array(2);
  reply.bulk(bytes, start, end);
  reply.double(scoreOf(member));
}

export function readEnd(call: Call, index: number): End {
  if (call.is(index, "min")) return "lowest";
  if (call.is(index, "max")) return "highest";
  throw new ReplyError(SYNTAX_ERROR);
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
