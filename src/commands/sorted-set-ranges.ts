/** ZRANGE in its many forms and names: https://redis.io/docs/latest/commands/zrange/ */
import type { ByteRange } from "../base/bytes.js";
import { NOWHERE } from "../keyspace/arena.js";
import { GatheredSortedSet } from "../keyspace/gathered-sorted-set.js";
import { RankedMembers, type RankRange, scoreOf } from "../keyspace/ranked-members.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, type Declaration, data, keyAt1 } from "./command.js";
import { deleteOpen } from "./open-key.js";
import { ROOM_OF_STORED, withinRoom } from "./room.js";
import { ranksBetween, readMemberBound, readScoreBound } from "./score-arguments.js";
import { openForReading, replyRanked } from "./sorted-set-reads.js";

const LIMIT_OF_RANKS =
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const SCORES_OF_MEMBERS = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

const listing = {
  arity: -4,
  group: "sorted-set",
  flags: ["readonly"],
  keys: keyAt1("RO", "access"),
  complexity: "O(log N + M) in members of the set and in those answered",
} as const satisfies Partial<Declaration>;

const LIMIT = "[LIMIT (offset:integer count:integer)]";

export const sortedSetRanges: readonly Command[] = [
  data({
    name: "zrange",
    ...listing,
    syntax:
      "key start stop [sortby=(BYSCORE|BYLEX)@6.2.0] [REV@6.2.0] [LIMIT (offset:integer count:integer)@6.2.0] [WITHSCORES]",
    since: "1.2.0",
    summary: "Lists the members of a sorted set between two ranks, two scores or two members.",
    history: [["6.2.0", "REV, BYSCORE, BYLEX and LIMIT"]],
    run: (call) => list(call, {}),
  }),
  data({
    name: "zrevrange",
    ...listing,
    syntax: "key start:integer stop:integer [WITHSCORES]",
    since: "1.2.0",
    deprecatedSince: "6.2.0",
    replacedBy: "`ZRANGE` with the `REV` argument",
    summary: "Lists the members of a sorted set between two ranks, highest scores first.",
    run: (call) => list(call, { by: "rank", isReversed: true }),
  }),
  data({
    name: "zrangebyscore",
    ...listing,
    syntax: `key min:double max:double [WITHSCORES@2.0.0] ${LIMIT}`,
    since: "1.0.5",
    deprecatedSince: "6.2.0",
    replacedBy: "`ZRANGE` with the `BYSCORE` argument",
    summary: "Lists the members of a sorted set between two scores.",
    history: [["2.0.0", "WITHSCORES"]],
    run: (call) => list(call, { by: "score", isReversed: false }),
  }),
  data({
    name: "zrevrangebyscore",
    ...listing,
    syntax: `key max:double min:double [WITHSCORES] ${LIMIT}`,
    since: "2.2.0",
    deprecatedSince: "6.2.0",
    replacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    summary: "Lists the members of a sorted set between two scores, highest scores first.",
    history: [["2.1.6", "Ends of the range may be excluded"]],
    run: (call) => list(call, { by: "score", isReversed: true }),
  }),
  data({
    name: "zrangebylex",
    ...listing,
    syntax: `key min max ${LIMIT}`,
    since: "2.8.9",
    deprecatedSince: "6.2.0",
    replacedBy: "`ZRANGE` with the `BYLEX` argument",
    summary: "Lists the members of a sorted set of a single score between two others.",
    run: (call) => list(call, { by: "member", isReversed: false }),
  }),
  data({
    name: "zrevrangebylex",
    ...listing,
    syntax: `key max min ${LIMIT}`,
    since: "2.8.9",
    deprecatedSince: "6.2.0",
    replacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments",
    summary: "Lists the members of a sorted set of a single score between two others, the last ones first.",
    run: (call) => list(call, { by: "member", isReversed: true }),
  }),
  data({
    name: "zrangestore",
    arity: -5,
    group: "sorted-set",
    flags: ["write", "denyoom"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["OW", "update"] },
      { first: 2, last: 2, step: 1, access: ["RO", "access"] },
    ],
    syntax: "dst#0 src#1 min max [sortby=(BYSCORE|BYLEX)] [REV] [LIMIT (offset:integer count:integer)]",
    since: "6.2.0",
    complexity: "O(log N + M) in members of the set and in those kept",
    summary:
      "Keeps a range of a sorted set, as `ZRANGE` lists it, as another one, and answers how many members it has.",
    run: zrangestore,
  }),
];

/** What the name of a command says of the range; what it leaves open its arguments may say. */
interface Form {
  readonly by?: "rank" | "score" | "member";
  readonly isReversed?: boolean;
}

interface Range {
  /** Of the sorted set that is looked at. */
  readonly ranks: (members: RankedMembers) => RankRange;
  readonly isReversed: boolean;
  readonly withScores: boolean;
}

interface RangeOptions {
  readonly by: "rank" | "score" | "member";
  readonly isReversed: boolean;
  readonly withScores: boolean;
  /** Members passed over; negative: all. */
  readonly offset: number;
  /** Negative: none. */
  readonly limit: number;
}

const members = new RankedMembers();

function list(call: Call, form: Form): void {
  const { keyspace, reply } = call;
  const { ranks, isReversed, withScores } = readRange(call, 2, form, false);
  if (openForReading(call) === NOWHERE) {
    reply.emptyArray();
    return;
  }
  members.open(keyspace);
  const range = ranks(members);
  const length = Math.max(0, range.end - range.from);
  reply.array(withScores && reply.resp === 2 ? 2 * length : length);
  members.forEach(range, isReversed, (member) => replyRanked(call, member, withScores));
}

function zrangestore(call: Call): void {
  const { keyspace, reply } = call;
  const { ranks } = readRange(call, 3, {}, true);
  const isThere = openForReading(call, 2) !== NOWHERE;
  const stored = storeScored(call, "zrangestore", (add) => {
    if (!isThere) return;
    members.open(keyspace);
    members.forEach(ranks(members), false, (member) => add(member.field, scoreOf(member)));
  });
  reply.integer(stored);
}

/**
 * Gives the key in an argument a sorted set of what `gather` adds in its order, or nothing if that is nothing, and answers how many members it has.
 * `event` is what subscribers are told; with `countsMembers` each is a change, as Redis counts them.
 */
export function storeScored(
  call: Call,
  event: string,
  gather: (add: (member: ByteRange, score: number) => void) => void,
  { destination = 1, countsMembers = false } = {},
): number {
  const { keyspace } = call;
  const stored = new GatheredSortedSet();
  withinRoom(ROOM_OF_STORED, () => gather((member, score) => stored.add(member, score)));
  call.open(destination);
  if (stored.length > 0) {
    stored.store(keyspace, call.config.current, countsMembers ? stored.length : 1);
    keyspace.happened("zset", event);
  } else if (keyspace.at !== NOWHERE) {
    deleteOpen(keyspace);
  }
  return stored.length;
}

/** Reads the two ends, which are arguments `first` and the next, and the options behind them. */
function readRange(call: Call, first: number, form: Form, isStored: boolean): Range {
  const options = readOptions(call, first + 2, form, isStored);
  const { by, isReversed, withScores } = options;
  const ends = by !== "rank" && isReversed ? ([first + 1, first] as const) : ([first, first + 1] as const);
  switch (by) {
    case "rank": {
      const [start, stop] = [call.integer(ends[0]), call.integer(ends[1])];
      const ranks = ({ length }: RankedMembers) => {
        const { from, end } = ranksBetween(start, stop, length);
        return isReversed ? { from: length - end, end: length - from } : { from, end };
      };
      return { ranks, isReversed, withScores };
    }
    case "score": {
      const [lowest, highest] = [readScoreBound(call, ends[0]), readScoreBound(call, ends[1])];
      const ranks = (members: RankedMembers) => limited(members.rangeOfScores(lowest, highest), options);
      return { ranks, isReversed, withScores };
    }
    case "member": {
      const [lowest, highest] = [readMemberBound(call, ends[0]), readMemberBound(call, ends[1])];
      const ranks = (members: RankedMembers) => limited(members.rangeOfMembers(lowest, highest), options);
      return { ranks, isReversed, withScores };
    }
  }
}

function readOptions(call: Call, first: number, form: Form, isStored: boolean): RangeOptions {
  let { by, isReversed } = form;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let i = first; i < call.count; i++) {
    if (!isStored && call.is(i, "withscores")) {
      withScores = true;
    } else if (call.is(i, "limit") && i + 2 < call.count) {
      offset = call.integer(i + 1);
      limit = call.integer(i + 2);
      i += 2;
    } else if (isReversed === undefined && call.is(i, "rev")) {
      isReversed = true;
    } else if (by === undefined && call.is(i, "bylex")) {
      by = "member";
    } else if (by === undefined && call.is(i, "byscore")) {
      by = "score";
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  by ??= "rank";
  if (limit !== -1 && by === "rank") throw new ReplyError(LIMIT_OF_RANKS);
  if (withScores && by === "member") throw new ReplyError(SCORES_OF_MEMBERS);
  return { by, isReversed: isReversed ?? false, withScores, offset, limit };
}

function limited({ from, end }: RankRange, { isReversed, offset, limit }: RangeOptions): RankRange {
  const length = Math.max(0, end - from);
  if (offset < 0 || offset >= length) return { from, end: from };
  const count = limit < 0 ? length - offset : Math.min(limit, length - offset);
  const start = isReversed ? end - offset - count : from + offset;
  return { from: start, end: start + count };
}
