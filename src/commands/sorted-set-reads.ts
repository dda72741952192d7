/** Commands that read single members of a sorted set: https://redis.io/docs/latest/commands/?group=sorted-set */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { LiveField } from "../keyspace/open-entries.js";
import { RankedMembers, type RankRange, scoreOf } from "../keyspace/ranked-members.js";
import { STRUCTURE, TYPE_ZSET } from "../keyspace/record.js";
import { formatDouble } from "../protocol/double-text.js";
import type { Call } from "./call.js";
import { type Command, type Declaration, data, keyAt1 } from "./command.js";
import { replyDrawn, replyScanned } from "./entry-replies.js";
import { readMemberBound, readScoreBound } from "./score-arguments.js";

/** Up to here Redis's packed form keeps whole scores as integers. */
const WHOLE_MAX = 2 ** 62;

/** What commands that look at something of a set at once have in common. */
const looking = {
  group: "sorted-set",
  flags: ["readonly", "fast"],
  keys: keyAt1("RO", "access"),
} as const satisfies Partial<Declaration>;

export const sortedSetReads: readonly Command[] = [
  data({
    name: "zcard",
    ...looking,
    arity: 2,
    keys: keyAt1("RO"),
    syntax: "key",
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Counts the members of a sorted set.",
    run: zcard,
  }),
  data({
    name: "zscore",
    ...looking,
    arity: 3,
    syntax: "key member",
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Answers the score of a member of a sorted set.",
    run: zscore,
  }),
  data({
    name: "zmscore",
    ...looking,
    arity: -3,
    syntax: "key member...",
    since: "6.2.0",
    complexity: "O(N) in members asked about",
    summary: "Answers the scores of several members of a sorted set.",
    run: zmscore,
  }),
  data({
    name: "zrank",
    ...looking,
    arity: 3,
    syntax: "key member",
    since: "2.0.0",
    complexity: "O(log N) in members of the set",
    summary: "Answers how many members of a sorted set stand before one, lowest scores first.",
    run: (call) => zrank(call, false),
  }),
  data({
    name: "zrevrank",
    ...looking,
    arity: 3,
    syntax: "key member",
    since: "2.0.0",
    complexity: "O(log N) in members of the set",
    summary: "Answers how many members of a sorted set stand before one, highest scores first.",
    run: (call) => zrank(call, true),
  }),
  data({
    name: "zcount",
    ...looking,
    arity: 4,
    syntax: "key min:double max:double",
    since: "2.0.0",
    complexity: "O(log N) in members of the set",
    summary: "Counts the members of a sorted set between two scores.",
    run(call) {
      const [lowest, highest] = [readScoreBound(call, 2), readScoreBound(call, 3)];
      count(call, (members) => members.rangeOfScores(lowest, highest));
    },
  }),
  data({
    name: "zlexcount",
    ...looking,
    arity: 4,
    syntax: "key min max",
    since: "2.8.9",
    complexity: "O(log N) in members of the set",
    summary: "Counts the members of a sorted set of a single score between two others.",
    run(call) {
      const [lowest, highest] = [readMemberBound(call, 2), readMemberBound(call, 3)];
      count(call, (members) => members.rangeOfMembers(lowest, highest));
    },
  }),
  data({
    name: "zrandmember",
    arity: -2,
    group: "sorted-set",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key [options=(count:integer [WITHSCORES])]",
    since: "6.2.0",
    complexity: "O(N) in members answered",
    summary: "Answers members of a sorted set picked at random, and leaves them there.",
    differs: "A reply of more than 1 GiB, which a large negative count may ask for, is refused.",
    run: (call) =>
      replyDrawn(call, openForReading, (member, isPair) => replyRanked(call, member, isPair), "withscores"),
  }),
  data({
    name: "zscan",
    arity: -3,
    group: "sorted-set",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
    since: "2.8.0",
    complexity: "O(1) a call, O(N) in members for a whole pass",
    summary: "Lists the members of a sorted set and their scores a few at a time, from a cursor to the next.",
    run: (call) => replyScanned(call, openForReading, 2, (member, at) => replyFound(call, member, at)),
  }),
];

const members = new RankedMembers();

function zcard(call: Call): void {
  const isThere = openForReading(call) !== NOWHERE;
  call.reply.integer(isThere ? call.keyspace.openEntries.length : 0);
}

function zscore(call: Call): void {
  replyScore(call, openForReading(call), 2);
}

function zmscore(call: Call): void {
  const { count, reply } = call;
  const at = openForReading(call);
  reply.array(count - 2);
  for (let i = 2; i < count; i++) replyScore(call, at, i);
}

function replyScore(call: Call, at: Location, index: number): void {
  const found = at === NOWHERE ? undefined : memberAt(call, index);
  if (found === undefined) call.reply.null();
  else call.reply.double(scoreOf(found));
}

function zrank(call: Call, isReversed: boolean): void {
  const { keyspace, reply } = call;
  if (openForReading(call) === NOWHERE) {
    reply.null();
    return;
  }
  members.open(keyspace);
  const found = memberAt(call, 2);
  if (found === undefined) {
    reply.null();
    return;
  }
  const rank = members.rankOf(found);
  reply.integer(isReversed ? members.length - 1 - rank : rank);
}

function count(call: Call, rangeOf: (members: RankedMembers) => RankRange): void {
  if (openForReading(call) === NOWHERE) {
    call.reply.integer(0);
    return;
  }
  members.open(call.keyspace);
  const { from, end } = rangeOf(members);
  call.reply.integer(Math.max(0, end - from));
}

function replyFound(call: Call, member: LiveField, at: Location): void {
  const isPacked = (call.keyspace.records.word1(at) & STRUCTURE) === 0;
  replyMember(call, member);
  call.reply.bulkText(scannedScore(scoreOf(member), isPacked));
}

/** Scores as they stand in Redis's packed form, of which ZSCAN alone shows the text. */
function scannedScore(score: number, isPacked: boolean): string {
  const isWhole = isPacked && Number.isInteger(score) && Math.abs(score) <= WHOLE_MAX;
  return isWhole ? BigInt(score).toString() : formatDouble(score);
}

/** Opens the key, which counts as a hit or a miss; refuses what is no sorted set. */
export function openForReading(call: Call, index = 1): Location {
  const at = call.read(index);
  call.expectType(at, TYPE_ZSET);
  return at;
}

/** A member of the open sorted set named by an argument. */
export function memberAt({ bytes, keyspace, marks }: Call, index: number): LiveField | undefined {
  return keyspace.openEntries.find(bytes, marks[index << 1]!, marks[(index << 1) + 1]!);
}

function replyMember({ reply }: Call, { field: { bytes, start, end } }: LiveField): void {
  reply.bulk(bytes, start, end);
}

/** In RESP3 members with scores are pairs; the array around them counts these, or members and scores. */
export function replyRanked(call: Call, member: LiveField, withScores: boolean): void {
  if (withScores && call.reply.resp === 3) call.reply.array(2);
  replyMember(call, member);
  if (withScores) call.reply.double(scoreOf(member));
}
