/** Commands on parts of a value: https://redis.io/docs/latest/commands/?group=string */
import { NOWHERE } from "../keyspace/arena.js";
import { asText, textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { patchText, setText } from "../keyspace/text.js";
import { OFFSET_OUT_OF_RANGE, ReplyError, STRING_TOO_LONG } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";

const NOTHING = Buffer.alloc(0);

export const stringRangeCommands: readonly Command[] = [
  data({
    name: "strlen",
    arity: 2,
    group: "string",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Answers the length of a value in bytes.",
    run: strlen,
  }),
  data({
    name: "getrange",
    arity: 4,
    group: "string",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key start:integer end:integer",
    since: "2.4.0",
    complexity: "O(N) in bytes answered",
    summary: "Answers the bytes of a value between two offsets.",
    run: getrange,
  }),
  data({
    name: "substr",
    arity: 4,
    group: "string",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key start:integer end:integer",
    since: "1.0.0",
    deprecatedSince: "2.0.0",
    replacedBy: "`GETRANGE`",
    complexity: "O(N) in bytes answered",
    summary: "Answers the bytes of a value between two offsets; the former name of GETRANGE.",
    run: getrange,
  }),
  data({
    name: "append",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "insert"),
    syntax: "key value",
    since: "2.0.0",
    complexity: "O(1) amortised, for short additions",
    summary: "Adds bytes to the end of a value and answers the new length.",
    run: append,
  }),
  data({
    name: "setrange",
    arity: 4,
    group: "string",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "update"),
    syntax: "key offset:integer value",
    since: "2.2.0",
    complexity: "O(M) in bytes written",
    summary: "Overwrites a value from an offset on, filling any gap with zero bytes.",
    run: setrange,
  }),
];

function strlen(call: Call): void {
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  if (at === NOWHERE) {
    call.reply.integer(0);
    return;
  }
  const { start, end } = textOf(call.keyspace, at);
  call.reply.integer(end - start);
}

function getrange(call: Call): void {
  const { keyspace, reply } = call;
  let first = call.integer(2);
  let last = call.integer(3);
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  if (at === NOWHERE || (first < 0 && last < 0 && first > last)) {
    reply.bulk(NOTHING, 0, 0);
    return;
  }
  const text = textOf(keyspace, at);
  const length = text.end - text.start;
  if (first < 0) first = Math.max(0, length + first);
  if (last < 0) last = Math.max(0, length + last);
  last = Math.min(last, length - 1);
  if (first > last) reply.bulk(NOTHING, 0, 0);
  else reply.bulk(text.bytes, text.start + first, text.start + last + 1);
}

function append(call: Call): void {
  const { keyspace, reply } = call;
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  if (at === NOWHERE) {
    setText(keyspace, call.bytes, call.start(2), call.end(2), 0);
    reply.integer(call.length(2));
    return;
  }
  const { start, end } = textOf(keyspace, at);
  const length = end - start;
  expectLength(call, length + call.length(2));
  asText(keyspace);
  patchText(keyspace, length, call.bytes, call.start(2), call.end(2));
  reply.integer(length + call.length(2));
}

function setrange(call: Call): void {
  const { keyspace, reply } = call;
  const offset = call.integer(2);
  if (offset < 0) throw new ReplyError(OFFSET_OUT_OF_RANGE);
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  let length = 0;
  if (at !== NOWHERE) {
    const { start, end } = textOf(keyspace, at);
    length = end - start;
  }
  if (call.length(3) > 0) {
    expectLength(call, offset + call.length(3));
    asText(keyspace);
    patchText(keyspace, offset, call.bytes, call.start(3), call.end(3));
    length = Math.max(length, offset + call.length(3));
  }
  reply.integer(length);
}

function expectLength(call: Call, length: number): void {
  if (length > call.config.current.protoMaxBulkLenBytes) throw new ReplyError(STRING_TOO_LONG);
}
