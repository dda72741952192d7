/** Commands that change single members of sorted sets: https://redis.io/docs/latest/commands/?group=sorted-set */

import { SCORE_BYTES_MAX, writeScore } from "../delta/score.js";
import { NOWHERE } from "../keyspace/arena.js";
import { scoreOf } from "../keyspace/ranked-members.js";
import { STRUCTURE, TYPE_ZSET } from "../keyspace/record.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { readScoreArgument } from "./score-arguments.js";
import { openForWriting, tellRemoved } from "./sorted-set-removals.js";

const NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
const GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
const INCR_OF_SEVERAL = "ERR INCR option supports a single increment-element pair";
const SCORE_NOT_A_NUMBER = "ERR resulting score is not a number (NaN)";

/** Sizes, age and score of a short entry, to guess the size of a new set. */
const ENTRY_OVERHEAD_BYTES = 3 + SCORE_BYTES_MAX / 2;

export const sortedSetWrites: readonly Command[] = [
  data({
    name: "zadd",
    arity: -4,
    group: "sorted-set",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "update"),
    syntax:
      "key [condition=(NX|XX)@3.0.2] [comparison=(GT|LT)@6.2.0] [change=CH@3.0.2] [increment=INCR@3.0.2] " +
      "score_member=(score:double member)...",
    since: "1.2.0",
    complexity: "O(log N) in members of the set for each one named",
    summary: "Adds members to a sorted set or gives them other scores, and answers how many are new.",
    history: [
      ["2.4.0", "More than one member"],
      ["3.0.2", "XX, NX, CH and INCR"],
      ["6.2.0", "GT and LT"],
    ],
    run: (call) => zadd(call, false),
  }),
  data({
    name: "zincrby",
    arity: 4,
    group: "sorted-set",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key increment:integer member",
    since: "1.2.0",
    complexity: "O(log N) in members of the set",
    summary: "Adds to the score of a member, 0 if there is none, and answers the sum.",
    run: (call) => zadd(call, true),
  }),
  data({
    name: "zrem",
    arity: -3,
    group: "sorted-set",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "delete"),
    syntax: "key member...",
    since: "1.2.0",
    complexity: "O(log N) in members of the set for each one named",
    summary: "Removes members from a sorted set and answers how many there were.",
    history: [["2.4.0", "More than one member"]],
    run: zrem,
  }),
];

export interface AddOptions {
  /** Of the first score. */
  readonly first: number;
  /** Arguments that say of one member what it is, which it is itself the last of. */
  readonly words: number;
  readonly onlyNew: boolean;
  readonly onlyOld: boolean;
  readonly onlyHigher: boolean;
  readonly onlyLower: boolean;
  /** Members with another score than before count as well. */
  readonly countsChanged: boolean;
  readonly isIncrement: boolean;
}

/** Scores of the call at hand, so that all are read before anything changes: see `expectScores`. */
const SCORES_MIN = 16;
const SCORES_KEPT_MAX = 8192;
let scores = new Float64Array(SCORES_MIN);
const SCORE = Buffer.alloc(SCORE_BYTES_MAX);

function zadd(call: Call, isIncrement: boolean): void {
  const options = readAddOptions(call, isIncrement);
  const { first, words } = options;
  const scores = expectScores(call, options);
  for (let i = first, pair = 0; i < call.count; i += words, pair++) scores[pair] = readScoreArgument(call, i);
  addScored(call, options);
}

/** Adds the members of a call, whose scores are those that `expectScores` made room for. */
export function addScored(call: Call, options: AddOptions): void {
  const { keyspace, reply } = call;
  const { words } = options;
  const at = openForWriting(call, 1);
  if (at === NOWHERE && options.onlyOld) {
    if (options.isIncrement) reply.null();
    else reply.integer(0);
    return;
  }
  if (options.isIncrement) {
    increment(call, options);
    return;
  }
  const { openEntries } = keyspace;
  if (call.count === options.first + words && at !== NOWHERE && isSoAlready(call)) {
    reply.integer(0);
    return;
  }
  openEntries.begin(TYPE_ZSET, call.config.current, at === NOWHERE ? expectedBytes(call, options) : 0);
  let added = 0;
  let changed = 0;
  for (let i = options.first + words - 1, pair = 0; i < call.count; i += words, pair++) {
    const score = scores[pair]!;
    const found = openEntries.findChanged(call.bytes, call.start(i), call.end(i));
    const before = found === undefined ? undefined : scoreOf(found);
    if (!isWanted(options, score, before)) continue;
    if (before === undefined) added++;
    else if (before !== score) changed++;
    if (before !== score) setScore(call, i, score);
  }
  openEntries.finish();
  if (added + changed > 0) keyspace.happened("zset", "zadd");
  reply.integer(options.countsChanged ? added + changed : added);
}

/** ZADD INCR and ZINCRBY: of one member. */
function increment(call: Call, options: AddOptions): void {
  const { keyspace, reply } = call;
  const { openEntries } = keyspace;
  const { bytes } = call;
  const member = options.first + 1;
  const isThere = keyspace.at !== NOWHERE;
  const found = isThere ? openEntries.find(bytes, call.start(member), call.end(member)) : undefined;
  const before = found === undefined ? undefined : scoreOf(found);
  const score = before === undefined ? scores[0]! : before + scores[0]!;
  if (before !== undefined && options.onlyNew) {
    reply.null();
    return;
  }
  if (Number.isNaN(score)) throw new ReplyError(SCORE_NOT_A_NUMBER);
  if (!isWanted(options, score, before)) {
    reply.null();
    return;
  }
  if (before !== score) {
    openEntries.begin(TYPE_ZSET, call.config.current, isThere ? 0 : expectedBytes(call, options));
    setScore(call, member, score);
    openEntries.finish();
    keyspace.happened("zset", "zincr");
  }
  reply.double(score);
}

/** Whether the last member of the call has its only score. Told of packed sets alone: in others it would be looked for twice. */
function isSoAlready(call: Call): boolean {
  const { database, openEntries, at } = call.keyspace;
  if ((database.records.word1(at) & STRUCTURE) !== 0) return false;
  const member = call.count - 1;
  const found = openEntries.find(call.bytes, call.start(member), call.end(member));
  return found !== undefined && scoreOf(found) === scores[0];
}

function isWanted(options: AddOptions, score: number, before: number | undefined): boolean {
  if (before === undefined) return !options.onlyOld;
  if (options.onlyNew || (options.onlyHigher && score <= before)) return false;
  return !(options.onlyLower && score >= before);
}

function setScore(call: Call, member: number, score: number): void {
  const { openEntries } = call.keyspace;
  // Redis's packed form keeps -0 as an integer, which has no sign.
  const kept = score === 0 && openEntries.isPacked ? 0 : score;
  const end = writeScore(SCORE, 0, kept);
  openEntries.set(call.bytes, call.start(member), call.end(member), SCORE, 0, end);
}

/** About what the entries of a new set take, or 0 if it will not stay packed. */
function expectedBytes(call: Call, { first, words }: AddOptions): number {
  const { count } = call;
  const { zsetMaxListpackEntries, zsetMaxListpackValueBytes } = call.config.current;
  const members = (count - first) / words;
  if (members > zsetMaxListpackEntries) return 0;
  let bytes = members * ENTRY_OVERHEAD_BYTES;
  for (let i = first + words - 1; i < count; i += words) {
    if (call.length(i) > zsetMaxListpackValueBytes) return 0;
    bytes += call.length(i);
  }
  return bytes;
}

function readAddOptions(call: Call, isZincrby: boolean): AddOptions {
  let [onlyNew, onlyOld, onlyHigher, onlyLower] = [false, false, false, false];
  let countsChanged = false;
  let isIncrement = isZincrby;
  let first = 2;
  for (; first < call.count; first++) {
    if (call.is(first, "nx")) onlyNew = true;
    else if (call.is(first, "xx")) onlyOld = true;
    else if (call.is(first, "gt")) onlyHigher = true;
    else if (call.is(first, "lt")) onlyLower = true;
    else if (call.is(first, "ch")) countsChanged = true;
    else if (call.is(first, "incr")) isIncrement = true;
    else break;
  }
  const left = call.count - first;
  if (left === 0 || left % 2 === 1) throw new ReplyError(SYNTAX_ERROR);
  if (onlyNew && onlyOld) throw new ReplyError(NX_AND_XX);
  if ((onlyNew && (onlyHigher || onlyLower)) || (onlyHigher && onlyLower)) throw new ReplyError(GT_LT_NX);
  if (isIncrement && left > 2) throw new ReplyError(INCR_OF_SEVERAL);
  return { first, words: 2, onlyNew, onlyOld, onlyHigher, onlyLower, countsChanged, isIncrement };
}

/** Room for the score of each member that a call adds. */
export function expectScores(call: Call, { first, words }: AddOptions): Float64Array {
  const members = (call.count - first) / words;
  // Room for a giant call is not kept for the small ones that follow.
  if (members > scores.length || scores.length > SCORES_KEPT_MAX)
    scores = new Float64Array(Math.max(2 * members, SCORES_MIN));
  return scores;
}

function zrem(call: Call): void {
  const { bytes, count, reply, keyspace } = call;
  if (openForWriting(call, 1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const { openEntries } = keyspace;
  openEntries.begin(TYPE_ZSET, call.config.current);
  let removed = 0;
  for (let i = 2; i < count; i++) if (openEntries.remove(bytes, call.start(i), call.end(i))) removed++;
  openEntries.finish();
  if (removed > 0) tellRemoved(keyspace, "zrem");
  reply.integer(removed);
}
