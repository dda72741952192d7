/** Commands on parts of a value: https://redis.io/docs/latest/commands/?group=string */
import { NOWHERE } from "../keyspace/arena.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { setText } from "../keyspace/text.js";
import { patchText } from "../keyspace/text-edit.js";
import { OFFSET_OUT_OF_RANGE, ReplyError, STRING_TOO_LONG } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { indexRange, isReversed } from "./index-range.js";
import { lengthOfOpen, replyPart } from "./string-replies.js";

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
  call.reply.integer(lengthOfOpen(call));
}

function getrange(call: Call): void {
  const start = call.int64(2);
  const end = call.int64(3);
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const { first, last } = indexRange(start, end, lengthOfOpen(call));
  if (isReversed(start, end) || first > last) call.reply.bulk(NOTHING, 0, 0);
  else replyPart(call, at, first, last + 1);
}

function append(call: Call): void {
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const offset = lengthOfOpen(call);
  const length = offset + call.length(2);
  if (at === NOWHERE) {
    setText(call.keyspace, call.bytes, call.start(2), call.end(2), 0);
  } else {
    expectLength(call, length);
    patchText(call.keyspace, offset, call.bytes, call.start(2), call.end(2));
  }
  call.keyspace.happened("string", "append");
  call.reply.integer(length);
}

function setrange(call: Call): void {
  const { keyspace, reply } = call;
  const offset = call.integer(2);
  if (offset < 0) throw new ReplyError(OFFSET_OUT_OF_RANGE);
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const length = lengthOfOpen(call);
  if (call.length(3) === 0) {
    reply.integer(length);
    return;
  }
  const end = offset + call.length(3);
  expectLength(call, end);
  patchText(keyspace, offset, call.bytes, call.start(3), call.end(3));
  keyspace.happened("string", "setrange");
  reply.integer(Math.max(length, end));
}

function expectLength(call: Call, length: number): void {
  if (length > call.config.current.protoMaxBulkLenBytes) throw new ReplyError(STRING_TOO_LONG);
}
