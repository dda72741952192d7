/** Commands on single bits: https://redis.io/docs/latest/commands/?group=bitmap. Bit 0 is the highest of the first byte. */
import { countBits, findBit } from "../base/bits.js";
import type { Int64 } from "../base/int64.js";
import { NOWHERE } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import type { ByteView } from "../keyspace/records.js";
import { markRaw, patchText } from "../keyspace/text-edit.js";
import {
  BIT_NOT_ZERO_OR_ONE,
  NOT_A_BIT,
  NOT_A_BIT_OFFSET,
  ReplyError,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import { bitopCommand } from "./bit-combination.js";
import { bitFieldCommands } from "./bit-fields.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { type IndexRange, indexRange, isReversed } from "./index-range.js";

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
  bitopCommand,
  ...bitFieldCommands,
];

function setbit(call: Call): void {
  const { keyspace, reply } = call;
  const offset = bitOffset(call, 2);
  const bit = call.integer(3, NOT_A_BIT);
  if (bit !== 0 && bit !== 1) throw new ReplyError(NOT_A_BIT);
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const index = Math.floor(offset / 8);
  const mask = 0x80 >>> (offset & 7);
  const found = byteAt(call, index);
  const before = found ?? 0;
  const after = bit === 1 ? before | mask : before & ~mask;
  if (found === after) {
    // Redis tells no watcher of such an edit, either. A counter goes on in its life.
    markRaw(keyspace);
  } else {
    oneByte[0] = after;
    patchText(keyspace, index, oneByte, 0, 1);
    keyspace.happened("string", "setbit");
  }
  reply.integer(before & mask ? 1 : 0);
}

function getbit(call: Call): void {
  const offset = bitOffset(call, 2);
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const byte = byteAt(call, Math.floor(offset / 8)) ?? 0;
  call.reply.integer((byte >>> (7 - (offset & 7))) & 1);
}

/** A byte of the text of the open key; undefined beyond its end. */
function byteAt({ keyspace }: Call, index: number): number | undefined {
  if (keyspace.at === NOWHERE) return undefined;
  const { bytes, start, end } = textOf(keyspace, keyspace.at);
  return index < end - start ? bytes[start + index] : undefined;
}

function bitOffset(call: Call, index: number): number {
  const offset = call.integer(index, NOT_A_BIT_OFFSET);
  const isInRange = offset >= 0 && offset / 8 < call.config.current.protoMaxBulkLenBytes;
  if (!isInRange) throw new ReplyError(NOT_A_BIT_OFFSET);
  return offset;
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
  const start = call.count === 2 ? 0 : call.int64(2);
  const end = call.count === 2 ? -1 : call.int64(3);
  // Redis looks no further, so a wrong unit passes here.
  if (isReversed(start, end)) {
    reply.integer(0);
    return;
  }
  const unitBits = unitAt(call, 4);
  const text = textOf(keyspace, at);
  const { first, last } = bitRange(text, { start, end, unitBits });
  reply.integer(countBits(text.bytes, text.start, first, last));
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
  const start = call.count > 3 ? call.int64(3) : 0;
  const unitBits = unitAt(call, 5);
  const end = call.count > 4 ? call.int64(4) : -1;
  const text = textOf(keyspace, at);
  const { first, last } = bitRange(text, { start, end, unitBits });
  const found = first > last ? -1 : findBit(text.bytes, text.start, { first, last, bit });
  // All ones and no end given: the first zero is right behind the value.
  if (found < 0 && bit === 0 && call.count < 5 && first <= last) reply.integer(last + 1);
  else reply.integer(found);
}

/** How many bits an index stands for: 1 where an argument is BIT, 8 where it is BYTE or missing. */
function unitAt(call: Call, index: number): 1 | 8 {
  if (index >= call.count || call.is(index, "byte")) return 8;
  if (!call.is(index, "bit")) throw new ReplyError(SYNTAX_ERROR);
  return 1;
}

interface Asked {
  readonly start: Int64;
  readonly end: Int64;
  readonly unitBits: 1 | 8;
}

/** The bits of a text that a range of bytes or bits means. */
function bitRange({ start: from, end: to }: ByteView, { start, end, unitBits }: Asked): IndexRange {
  const { first, last } = indexRange(start, end, ((to - from) * 8) / unitBits);
  return { first: first * unitBits, last: last * unitBits + unitBits - 1 };
}
