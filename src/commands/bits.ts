/** Commands on single bits: https://redis.io/docs/latest/commands/?group=bitmap. Bit 0 is the highest of the first byte. */
import { countBits, findBit } from "../base/bits.js";
import { parseInteger } from "../base/integer-text.js";
import { NOWHERE } from "../keyspace/arena.js";
import { asText, textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { patchText } from "../keyspace/text.js";
import {
  BIT_NOT_ZERO_OR_ONE,
  NOT_A_BIT,
  NOT_A_BIT_OFFSET,
  ReplyError,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";

const oneByte = Buffer.alloc(1);

export const bitCommands: readonly Command[] = [
  data({
    name: "setbit",
    arity: 4,
    group: "bitmap",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key offset:integer value:integer",
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Sets or clears one bit of a value and answers what it was.",
    run: setbit,
  }),
  data({
    name: "getbit",
    arity: 3,
    group: "bitmap",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key offset:integer",
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Answers one bit of a value.",
    run: getbit,
  }),
  data({
    name: "bitcount",
    arity: -2,
    group: "bitmap",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key [index=(start:integer end:integer [index_unit=(BYTE|BIT)@7.0.0])]",
    since: "2.6.0",
    complexity: "O(N) in bytes counted",
    summary: "Counts the bits that are set, in a whole value or in a part of it.",
    history: [["7.0.0", "BYTE and BIT"]],
    run: bitcount,
  }),
  data({
    name: "bitpos",
    arity: -3,
    group: "bitmap",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: `key bit:integer [index=(start:integer [end_index=(end:integer [index_unit=(BYTE|BIT)@7.0.0])])]`,
    since: "2.8.7",
    complexity: "O(N) in bytes searched",
    summary: "Finds the first bit that is set, or clear, in a value.",
    history: [["7.0.0", "BYTE and BIT"]],
    run: bitpos,
  }),
];

function setbit(call: Call): void {
  const { keyspace, reply } = call;
  const offset = bitOffset(call, 2);
  const bit = parseInteger(call.bytes, call.start(3), call.end(3));
  if (bit !== 0 && bit !== 1) throw new ReplyError(NOT_A_BIT);
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  asText(keyspace);
  const index = Math.floor(offset / 8);
  const mask = 0x80 >>> (offset & 7);
  const before = byteAt(call, index);
  oneByte[0] = bit === 1 ? before | mask : before & ~mask;
  patchText(keyspace, index, oneByte, 0, 1);
  reply.integer(before & mask ? 1 : 0);
}

function getbit(call: Call): void {
  const offset = bitOffset(call, 2);
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  call.reply.integer((byteAt(call, Math.floor(offset / 8)) >>> (7 - (offset & 7))) & 1);
}

/** A byte of the open key, 0 beyond its end. */
function byteAt({ keyspace }: Call, index: number): number {
  if (keyspace.at === NOWHERE) return 0;
  const text = textOf(keyspace, keyspace.at);
  return index < text.end - text.start ? text.bytes[text.start + index]! : 0;
}

function bitOffset(call: Call, index: number): number {
  const offset = parseInteger(call.bytes, call.start(index), call.end(index));
  const isInRange = offset >= 0 && offset / 8 < call.config.current.protoMaxBulkLenBytes;
  if (!isInRange) throw new ReplyError(NOT_A_BIT_OFFSET);
  return offset;
}

/** Bits `first` to `last` of a value, both included; none if `first > last`. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** The range that arguments ask for, of a value of `bytes` bytes. Negative indexes count from its end. */
function bitRange(
  call: Call,
  { start, end, unit, bytes }: { start: number; end: number; unit: number; bytes: number },
): BitRange {
  const isBits = unit < call.count && call.is(unit, "bit");
  if (unit < call.count && !isBits && !call.is(unit, "byte")) throw new ReplyError(SYNTAX_ERROR);
  const total = isBits ? bytes * 8 : bytes;
  let first = start;
  let last = end;
  if (first < 0) first = Math.max(0, total + first);
  if (last < 0) last = Math.max(0, total + last);
  last = Math.min(last, total - 1);
  return isBits ? { first, last } : { first: first * 8, last: last * 8 + 7 };
}

function bitcount(call: Call): void {
  const { keyspace, reply } = call;
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  if (at === NOWHERE) {
    reply.integer(0);
    return;
  }
  if (call.count === 3 || call.count > 5) throw new ReplyError(SYNTAX_ERROR);
  const start = call.count === 2 ? 0 : call.integer(2);
  const end = call.count === 2 ? -1 : call.integer(3);
  const text = textOf(keyspace, at);
  const range = bitRange(call, { start, end, unit: 4, bytes: text.end - text.start });
  const isNothing = start < 0 && end < 0 && start > end;
  reply.integer(isNothing ? 0 : countBits(text.bytes, text.start, range.first, range.last));
}

function bitpos(call: Call): void {
  const { keyspace, reply } = call;
  const bit = call.integer(2);
  if (bit !== 0 && bit !== 1) throw new ReplyError(BIT_NOT_ZERO_OR_ONE);
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  // An absent value is endless zeros.
  if (at === NOWHERE) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (call.count > 6) throw new ReplyError(SYNTAX_ERROR);
  const start = call.count > 3 ? call.integer(3) : 0;
  const end = call.count > 4 ? call.integer(4) : -1;
  const text = textOf(keyspace, at);
  const { first, last } = bitRange(call, { start, end, unit: 5, bytes: text.end - text.start });
  const found = first > last ? -1 : findBit(text.bytes, text.start, { first, last, bit });
  // All ones and no end given: the first zero is right behind the value.
  if (found < 0 && bit === 0 && call.count < 5 && first <= last) reply.integer(last + 1);
  else reply.integer(found);
}
