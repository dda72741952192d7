/** Commands that make one sorted set of several: https://redis.io/docs/latest/commands/?group=sorted-set */
import type { ByteRange } from "../base/bytes.js";
import { TYPE_SET, TYPE_ZSET } from "../keyspace/record.js";
import { type Aggregate, ScoredMembers } from "../keyspace/scored-members.js";
import {
  AGGREGATES,
  differenceOf,
  intersectionOf,
  type Operation,
  unionOf,
} from "../keyspace/sorted-set-operations.js";
import { REPLY_TOO_LARGE, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, countedKeys, type Declaration, data } from "./command.js";
import { ROOM_OF_STORED, type Room, withinRoom } from "./room.js";
import { readScoreArgument } from "./score-arguments.js";
import { storeScored } from "./sorted-set-ranges.js";

const WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";
const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

const WEIGHTED = "[WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)]";

const answering = {
  arity: -3,
  group: "sorted-set",
  flags: ["readonly", "movablekeys"],
  keys: [countedKeys(1, "RO", "access")],
  since: "6.2.0",
} as const satisfies Partial<Declaration>;

const storing = {
  arity: -4,
  group: "sorted-set",
  flags: ["write", "denyoom", "movablekeys"],
  keys: [{ first: 1, last: 1, step: 1, access: ["OW", "update"] }, countedKeys(2, "RO", "access")],
} as const satisfies Partial<Declaration>;

type Name = "union" | "inter" | "diff";

const COMPLEXITY: Readonly<Record<Name, string>> = {
  union: "O(N + M log M) in members of all sets and in members of the result",
  inter: "O(N*K + M log M) in members of the smallest set, in sets and in members of the result",
  diff: "O(N*K + M log M) in members of the first set, in sets and in members of the result",
};

export const sortedSetOperations: readonly Command[] = [
  data({
    name: "zunion",
    ...answering,
    syntax: `numkeys:integer key... ${WEIGHTED} [WITHSCORES]`,
    complexity: COMPLEXITY.union,
    summary: "Lists the members of several sorted sets together, and the scores that they have in sum.",
    run: (call) => answer(call, "union"),
  }),
  data({
    name: "zinter",
    ...answering,
    syntax: `numkeys:integer key... ${WEIGHTED} [WITHSCORES]`,
    complexity: COMPLEXITY.inter,
    summary:
      "Lists the members that several sorted sets have in common, and the scores that they have in sum.",
    run: (call) => answer(call, "inter"),
  }),
  data({
    name: "zdiff",
    ...answering,
    syntax: "numkeys:integer key... [WITHSCORES]",
    complexity: COMPLEXITY.diff,
    summary: "Lists the members of a sorted set that none of the others has.",
    run: (call) => answer(call, "diff"),
  }),
  data({
    name: "zunionstore",
    ...storing,
    syntax: `destination#0 numkeys:integer key#1... ${WEIGHTED}`,
    since: "2.0.0",
    complexity: COMPLEXITY.union,
    summary: "Keeps the members of several sorted sets together as one, and answers how many there are.",
    run: (call) => store(call, "union"),
  }),
  data({
    name: "zinterstore",
    ...storing,
    syntax: `destination#0 numkeys:integer key#1... ${WEIGHTED}`,
    since: "2.0.0",
    complexity: COMPLEXITY.inter,
    summary:
      "Keeps the members that several sorted sets have in common as one, and answers how many there are.",
    run: (call) => store(call, "inter"),
  }),
  data({
    name: "zdiffstore",
    ...storing,
    syntax: "destination#0 numkeys:integer key#1...",
    since: "6.2.0",
    complexity: COMPLEXITY.diff,
    summary:
      "Keeps the members of a sorted set that none of the others has as another one, and answers how many there are.",
    run: (call) => store(call, "diff"),
  }),
  data({
    name: "zintercard",
    ...answering,
    syntax: "numkeys:integer key... [LIMIT limit:integer]",
    since: "7.0.0",
    complexity: "O(N*K) in members of the smallest set and in sets",
    summary: "Counts the members that several sorted sets have in common, up to a limit if one is given.",
    run: zintercard,
  }),
];

interface Request extends Operation {
  readonly withScores: boolean;
  /** Infinite if there is none. */
  readonly limit: number;
}

/** Which options a command takes. */
interface Grammar {
  readonly isWeighted: boolean;
  readonly mayShowScores: boolean;
  readonly isLimited: boolean;
}

function answer(call: Call, name: Name): void {
  const { reply } = call;
  const grammar = { isWeighted: name !== "diff", mayShowScores: true, isLimited: false };
  const request = readRequest(call, 1, `z${name}`, grammar);
  const { bytesMax } = reply;
  const result = perform(call, name, request, { bytesMax, refusal: REPLY_TOO_LARGE });
  const { withScores } = request;
  reply.array(withScores && reply.resp === 2 ? 2 * result.length : result.length);
  result.forEachInOrder(({ bytes, start, end }, score) => {
    if (withScores && reply.resp === 3) reply.array(2);
    reply.bulk(bytes, start, end);
    if (withScores) reply.double(score);
  });
}

function store(call: Call, name: Name): void {
  const grammar = { isWeighted: name !== "diff", mayShowScores: false, isLimited: false };
  const request = readRequest(call, 2, `z${name}store`, grammar);
  const result = perform(call, name, request, ROOM_OF_STORED);
  const stored = storeScored(call, `z${name}store`, (add) => result.forEachInOrder(add));
  call.reply.integer(stored);
}

function zintercard(call: Call): void {
  const grammar = { isWeighted: false, mayShowScores: false, isLimited: true };
  const request = readRequest(call, 1, "zintercard", grammar);
  let members = 0;
  intersectionOf(call.keyspace, request, () => ++members < request.limit);
  call.reply.integer(members);
}

function perform({ keyspace }: Call, name: Name, operation: Operation, room: Room): ScoredMembers {
  const result = new ScoredMembers(room.bytesMax);
  const append = (member: ByteRange, score: number) => {
    result.append(member, score);
    return true;
  };
  withinRoom(room, () => {
    switch (name) {
      case "union":
        return unionOf(keyspace, operation, result);
      case "inter":
        return intersectionOf(keyspace, operation, append);
      case "diff":
        return differenceOf(keyspace, operation.operands, append);
    }
  });
  return result;
}

/**
 * Reads a number of keys, which is argument `countedAt`, opens them, each of which counts as a hit or a miss, and reads the options. A record
 * that expires on the way is dropped, and moves none of the others.
 */
function readRequest(call: Call, countedAt: number, command: string, grammar: Grammar): Request {
  const count = call.integer(countedAt);
  if (count < 1) throw new ReplyError(`ERR at least 1 input key is needed for '${command}' command`);
  if (count > call.count - countedAt - 1) throw new ReplyError(SYNTAX_ERROR);
  const first = countedAt + 1;
  const operands: { at: number; weight: number }[] = [];
  for (let i = first; i < first + count; i++) {
    const at = call.read(i);
    call.expectType(at, TYPE_ZSET, TYPE_SET);
    operands.push({ at, weight: 1 });
  }
  let aggregate = AGGREGATES.sum;
  let withScores = false;
  let limit = Number.POSITIVE_INFINITY;
  for (let i = first + count; i < call.count; ) {
    const left = call.count - i;
    if (grammar.isWeighted && left > count && call.is(i, "weights")) {
      for (const [j, operand] of operands.entries())
        operand.weight = readScoreArgument(call, i + 1 + j, WEIGHT_NOT_A_FLOAT);
      i += 1 + count;
    } else if (grammar.isWeighted && left >= 2 && call.is(i, "aggregate")) {
      aggregate = readAggregate(call, i + 1);
      i += 2;
    } else if (grammar.mayShowScores && call.is(i, "withscores")) {
      withScores = true;
      i++;
    } else if (grammar.isLimited && left >= 2 && call.is(i, "limit")) {
      limit = readLimit(call, i + 1);
      i += 2;
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  return { operands, aggregate, withScores, limit };
}

function readAggregate(call: Call, index: number): Aggregate {
  for (const [word, aggregate] of Object.entries(AGGREGATES)) if (call.is(index, word)) return aggregate;
  throw new ReplyError(SYNTAX_ERROR);
}

/** 0, which is none at all, is told as infinite. */
function readLimit(call: Call, index: number): number {
  const limit = call.integer(index, LIMIT_NEGATIVE);
  if (limit < 0) throw new ReplyError(LIMIT_NEGATIVE);
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}
