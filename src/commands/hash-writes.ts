/** Commands that change hashes: https://redis.io/docs/latest/commands/?group=hash */
import { addDecimals, isInfinite, parseDecimal, ZERO } from "../base/decimal.js";
import { addInt64, formatInt64, INT64_DIGITS_MAX, parseInt64 } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { TYPE_HASH } from "../keyspace/record.js";
import {
  HASH_VALUE_NOT_A_FLOAT,
  HASH_VALUE_NOT_AN_INTEGER,
  INCREMENT_INFINITE,
  INCREMENT_NOT_FINITE,
  INCREMENT_OVERFLOW,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  ReplyError,
  wrongNumberOfArguments,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { fieldAt } from "./hash-reads.js";

/** Sizes and age of a short entry, to guess the size of a new hash. */
const ENTRY_OVERHEAD_BYTES = 3;

const digits = Buffer.alloc(INT64_DIGITS_MAX);

export const hashWrites: readonly Command[] = [
  data({
    name: "hset",
    arity: -4,
    group: "hash",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key (field value)...",
    since: "2.0.0",
    complexity: "O(N) in fields",
    summary: "Sets fields of a hash and answers how many are new.",
    history: [["4.0.0", "More than one field"]],
    run: hset,
  }),
  data({
    name: "hsetnx",
    arity: 4,
    group: "hash",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "insert"),
    syntax: "key field value",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Sets a field of a hash that does not exist yet.",
    run: hsetnx,
  }),
  data({
    name: "hmset",
    arity: -4,
    group: "hash",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key (field value)...",
    since: "2.0.0",
    deprecatedSince: "4.0.0",
    replacedBy: "`HSET`",
    complexity: "O(N) in fields",
    summary: "Sets fields of a hash; HSET does the same and counts the new ones.",
    run: hmset,
  }),
  data({
    name: "hdel",
    arity: -3,
    group: "hash",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "delete"),
    syntax: "key field...",
    since: "2.0.0",
    complexity: "O(N) in fields",
    summary: "Deletes fields of a hash and answers how many there were.",
    history: [["2.4.0", "More than one field"]],
    run: hdel,
  }),
  data({
    name: "hincrby",
    arity: 4,
    group: "hash",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key field increment:integer",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Adds a whole number to the one in a field of a hash.",
    run: hincrby,
  }),
  data({
    name: "hincrbyfloat",
    arity: 4,
    group: "hash",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key field increment:double",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Adds a decimal number to the one in a field of a hash.",
    run: hincrbyfloat,
  }),
];

function hset(call: Call): void {
  call.reply.integer(setFields(call));
}

function hmset(call: Call): void {
  setFields(call);
  call.reply.ok();
}

/** Sets the fields from argument 2 on and answers how many are new. */
function setFields(call: Call): number {
  const { bytes, count } = call;
  if (count % 2 !== 0) throw new ReplyError(wrongNumberOfArguments(call.text(0).toLowerCase()));
  openForWriting(call);
  const { openEntries } = call.keyspace;
  openEntries.begin(TYPE_HASH, call.config.current, expectedBytes(call));
  let added = 0;
  for (let i = 2; i < count; i += 2) {
    if (openEntries.set(bytes, call.start(i), call.end(i), bytes, call.start(i + 1), call.end(i + 1)))
      added++;
  }
  openEntries.finish();
  call.keyspace.happened("hash", "hset");
  return added;
}

/** About what the entries of a new hash take, or 0 if it will not stay packed. */
function expectedBytes(call: Call): number {
  const { count } = call;
  const fields = (count - 2) >>> 1;
  if (fields > call.config.current.hashMaxListpackEntries) return 0;
  let bytes = fields * ENTRY_OVERHEAD_BYTES;
  for (let i = 2; i < count; i++) bytes += call.length(i);
  return bytes;
}

function hsetnx(call: Call): void {
  const at = openForWriting(call);
  if (at !== NOWHERE && fieldAt(call, 2) !== undefined) {
    call.reply.integer(0);
    return;
  }
  setField(call, call.bytes, call.start(3), call.end(3));
  call.keyspace.happened("hash", "hset");
  call.reply.integer(1);
}

function hdel(call: Call): void {
  const { bytes, count, reply, keyspace } = call;
  if (openForWriting(call) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const { openEntries } = keyspace;
  openEntries.begin(TYPE_HASH, call.config.current);
  let removed = 0;
  for (let i = 2; i < count; i++) {
    if (openEntries.remove(bytes, call.start(i), call.end(i))) removed++;
  }
  openEntries.finish();
  if (removed > 0) keyspace.happened("hash", "hdel");
  if (keyspace.at === NOWHERE) keyspace.happened("generic", "del");
  reply.integer(removed);
}

function hincrby(call: Call): void {
  const increment = parseInt64(call.bytes, call.start(3), call.end(3));
  if (increment === undefined) throw new ReplyError(NOT_AN_INTEGER);
  const value = openForWriting(call) === NOWHERE ? undefined : fieldAt(call, 2)?.value;
  const old = value === undefined ? 0 : parseInt64(value.bytes, value.start, value.end);
  if (old === undefined) throw new ReplyError(HASH_VALUE_NOT_AN_INTEGER);
  const sum = addInt64(old, increment);
  if (sum === undefined) throw new ReplyError(INCREMENT_OVERFLOW);
  setField(call, digits, 0, formatInt64(digits, 0, sum));
  call.keyspace.happened("hash", "hincrby");
  if (typeof sum === "number") call.reply.integer(sum);
  else call.reply.integer64(sum);
}

function hincrbyfloat(call: Call): void {
  const increment = parseDecimal(call.bytes, call.start(3), call.end(3));
  if (increment === undefined) throw new ReplyError(NOT_A_FLOAT);
  if (isInfinite(increment)) throw new ReplyError(INCREMENT_INFINITE);
  const value = openForWriting(call) === NOWHERE ? undefined : fieldAt(call, 2)?.value;
  const old = value === undefined ? ZERO : parseDecimal(value.bytes, value.start, value.end);
  if (old === undefined) throw new ReplyError(HASH_VALUE_NOT_A_FLOAT);
  const text = addDecimals(old, increment);
  if (text === undefined) throw new ReplyError(INCREMENT_NOT_FINITE);
  const sum = Buffer.from(text, "latin1");
  setField(call, sum, 0, sum.length);
  call.keyspace.happened("hash", "hincrbyfloat");
  call.reply.bulk(sum, 0, sum.length);
}

/** Opens the key; refuses what is no hash. */
function openForWriting(call: Call): Location {
  const at = call.open(1);
  call.expectType(at, TYPE_HASH);
  return at;
}

/** Sets the field in argument 2 alone. */
function setField(call: Call, value: Buffer, start: number, end: number): void {
  const { openEntries } = call.keyspace;
  openEntries.begin(TYPE_HASH, call.config.current, call.length(2) + end - start + ENTRY_OVERHEAD_BYTES);
  openEntries.set(call.bytes, call.start(2), call.end(2), value, start, end);
  openEntries.finish();
}
