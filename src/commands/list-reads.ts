/** Commands that read lists: https://redis.io/docs/latest/commands/?group=list */
import { INT64_MIN } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { TYPE_LIST } from "../keyspace/record.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { ElementMatcher, elementRange, replyElement } from "./element.js";

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list";
const COUNT_NEGATIVE = "ERR COUNT can't be negative";
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";

export const listReads: readonly Command[] = [
  data({
    name: "llen",
    arity: 2,
    group: "list",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Counts the elements of a list.",
    run: llen,
  }),
  data({
    name: "lindex",
    arity: 3,
    group: "list",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key index:integer",
    since: "1.0.0",
    complexity: "O(1) at either end, else O(N) in blocks of elements up to the nearer one",
    summary: "Answers the element at an index, which counts from the end if it is negative.",
    run: lindex,
  }),
  data({
    name: "lrange",
    arity: 4,
    group: "list",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key start:integer stop:integer",
    since: "1.0.0",
    complexity: "O(N) in elements answered, and in blocks of elements up to the nearer end",
    summary: "Answers the elements between two indexes, both included.",
    run: lrange,
  }),
  data({
    name: "lpos",
    arity: -3,
    group: "list",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
    since: "6.0.6",
    complexity: "O(N) in elements compared",
    summary: "Answers the index of an element with a value, or of several.",
    run: lpos,
  }),
];

function llen(call: Call): void {
  const at = openForReading(call);
  call.reply.integer(at === NOWHERE ? 0 : call.keyspace.openList.length);
}

function lindex(call: Call): void {
  const { keyspace, reply } = call;
  if (openForReading(call) === NOWHERE) {
    reply.null();
    return;
  }
  const index = call.integer(2);
  const reader = keyspace.openList.open();
  const { live } = reader;
  const at = index < 0 ? live + index : index;
  if (at < 0 || at >= live) {
    reply.null();
    return;
  }
  reader.goToIndex(at);
  replyElement(reply, reader.cursor);
}

function lrange(call: Call): void {
  const { keyspace, reply } = call;
  const start = call.int64(2);
  const stop = call.int64(3);
  if (openForReading(call) === NOWHERE) {
    reply.emptyArray();
    return;
  }
  const reader = keyspace.openList.open();
  const { first, last } = elementRange(start, stop, reader.live);
  if (first > last) {
    reply.emptyArray();
    return;
  }
  reply.array(last - first + 1);
  const { cursor } = reader;
  reader.goToIndex(first);
  replyElement(reply, cursor);
  for (let left = last - first; left > 0; left--) {
    reader.nextLive();
    replyElement(reply, cursor);
  }
}

function lpos(call: Call): void {
  const { keyspace, reply } = call;
  const { rank, isBackwards, count, lengthMax } = readSearch(call);
  if (openForReading(call) === NOWHERE) {
    if (count === undefined) reply.null();
    else reply.emptyArray();
    return;
  }
  const matcher = new ElementMatcher(call.bytes, call.start(2), call.end(2));
  const wanted = count ?? 1;
  const found: number[] = [];
  const reader = keyspace.openList.open();
  const { live } = reader;
  let looked = 0;
  let matches = 0;
  const look = (): boolean => {
    if (looked === lengthMax) return false;
    if (matcher.matches(reader.cursor) && ++matches >= rank)
      found.push(isBackwards ? live - 1 - looked : looked);
    looked++;
    return found.length < wanted;
  };
  if (isBackwards) reader.forEachBackwards(look);
  else for (reader.open(keyspace.database, keyspace.at); reader.nextLive() && look(); );
  if (count !== undefined) {
    reply.array(found.length);
    for (const index of found) reply.integer(index);
  } else if (found.length > 0) {
    reply.integer(found[0]!);
  } else {
    reply.null();
  }
}

interface Search {
  readonly rank: number;
  readonly isBackwards: boolean;
  /** Undefined if one is wanted and no array of it. */
  readonly count: number | undefined;
  readonly lengthMax: number;
}

function readSearch(call: Call): Search {
  let rank = 1;
  let count: number | undefined;
  let lengthMax = 0;
  let isUnlimited = false;
  for (let i = 3; i < call.count; i += 2) {
    if (i + 1 === call.count) throw new ReplyError(SYNTAX_ERROR);
    if (call.is(i, "rank")) {
      const value = call.int64(i + 1);
      if (value === 0) throw new ReplyError(RANK_ZERO);
      // Redis finds no positive form of this one, so every match has a higher rank, and none is the last one wanted.
      isUnlimited = value === INT64_MIN;
      rank = isUnlimited ? -1 : Number(value);
    } else if (call.is(i, "count")) {
      count = readNatural(call, i + 1, COUNT_NEGATIVE);
    } else if (call.is(i, "maxlen")) {
      lengthMax = readNatural(call, i + 1, MAXLEN_NEGATIVE);
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  if (count === 0 || (count !== undefined && isUnlimited)) count = Number.POSITIVE_INFINITY;
  return {
    rank: Math.abs(rank),
    isBackwards: rank < 0,
    count,
    lengthMax: lengthMax === 0 ? Number.POSITIVE_INFINITY : lengthMax,
  };
}

function readNatural(call: Call, index: number, error: string): number {
  const value = call.integer(index, error);
  if (value < 0) throw new ReplyError(error);
  return value;
}

/** Opens the key, which counts as a hit or a miss; refuses what is no list. */
function openForReading(call: Call): Location {
  const at = call.read(1);
  call.expectType(at, TYPE_LIST);
  return at;
}
