/** Commands that count: https://redis.io/docs/latest/commands/?group=string */
import { addDecimals, parseDecimal, ZERO } from "../base/decimal.js";
import { addInt64, INT64_MIN, type Int64, negateInt64 } from "../base/int64.js";
import { NOWHERE } from "../keyspace/arena.js";
import { addToCounter, integerOf, textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { setText } from "../keyspace/text.js";
import { markFloat } from "../keyspace/text-edit.js";
import {
  DECREMENT_OVERFLOW,
  INCREMENT_NOT_FINITE,
  INCREMENT_OVERFLOW,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  ReplyError,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";

export const counterCommands: readonly Command[] = [
  data({
    name: "incr",
    arity: 2,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Adds one to the whole number at a key.",
    run: (call) => add(call, 1),
  }),
  data({
    name: "decr",
    arity: 2,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Takes one from the whole number at a key.",
    run: (call) => add(call, -1),
  }),
  data({
    name: "incrby",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key increment:integer",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Adds a whole number to the one at a key.",
    run: (call) => add(call, call.int64(2)),
  }),
  data({
    name: "decrby",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key decrement:integer",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Takes a whole number from the one at a key.",
    run: decrby,
  }),
  data({
    name: "incrbyfloat",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key increment:double",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Adds a decimal number to the one at a key.",
    run: incrbyfloat,
  }),
];

function decrby(call: Call): void {
  const by = call.int64(2);
  if (by === INT64_MIN) throw new ReplyError(DECREMENT_OVERFLOW);
  add(call, negateInt64(by)!);
}

function add(call: Call, by: Int64): void {
  const { keyspace, reply } = call;
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const value = integerOf(keyspace, at);
  if (value === undefined) throw new ReplyError(NOT_AN_INTEGER);
  const sum = addInt64(value, by);
  if (sum === undefined) throw new ReplyError(INCREMENT_OVERFLOW);
  addToCounter(keyspace, by, sum);
  keyspace.happened("string", "incrby");
  if (typeof sum === "number") reply.integer(sum);
  else reply.integer64(sum);
}

function incrbyfloat(call: Call): void {
  const { keyspace, reply } = call;
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const text = at === NOWHERE ? undefined : textOf(keyspace, at);
  const value = text === undefined ? ZERO : parseDecimal(text.bytes, text.start, text.end);
  const increment = parseDecimal(call.bytes, call.start(2), call.end(2));
  if (value === undefined || increment === undefined) throw new ReplyError(NOT_A_FLOAT);
  const sum = addDecimals(value, increment);
  if (sum === undefined) throw new ReplyError(INCREMENT_NOT_FINITE);
  const bytes = Buffer.from(sum, "latin1");
  setText(keyspace, bytes, 0, bytes.length, at === NOWHERE ? 0 : keyspace.records.deadline(at));
  markFloat(keyspace);
  keyspace.happened("string", "incrbyfloat");
  reply.bulk(bytes, 0, bytes.length);
}
