/** What the arguments of BITFIELD ask for, one action after the other. */
import type { BitField, BitFieldOverflow } from "../base/bit-field.js";
import { type Int64, parseInt64 } from "../base/int64.js";
import { NOT_A_BIT_OFFSET, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const NOT_A_BIT_FIELD =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
const NOT_AN_OVERFLOW = "ERR Invalid OVERFLOW type specified";

const BITS_MAX_SIGNED = 64;
const BITS_MAX_UNSIGNED = 63;

const HASH = 0x23;
const LOWER_I = 0x69;
const LOWER_U = 0x75;

export interface BitFieldAction {
  readonly kind: "get" | "incrby" | "set";
  readonly field: BitField;
  /** What is set or added. */
  readonly operand: Int64;
  readonly overflow: BitFieldOverflow;
}

export function readBitFieldActions(call: Call): readonly BitFieldAction[] {
  const actions: BitFieldAction[] = [];
  let overflow: BitFieldOverflow = "wrap";
  for (let i = 2; i < call.count; ) {
    const left = call.count - i - 1;
    if (call.is(i, "overflow") && left >= 1) {
      overflow = readOverflow(call, i + 1);
      i += 2;
      continue;
    }
    const kind = readKind(call, i);
    const words = kind === "get" ? 3 : 4;
    if (kind === undefined || left < words - 1) throw new ReplyError(SYNTAX_ERROR);
    const field = readField(call, i + 1);
    actions.push({ kind, field, operand: kind === "get" ? 0 : call.int64(i + 3), overflow });
    i += words;
  }
  return actions;
}

function readKind(call: Call, index: number): BitFieldAction["kind"] | undefined {
  if (call.is(index, "get")) return "get";
  if (call.is(index, "set")) return "set";
  return call.is(index, "incrby") ? "incrby" : undefined;
}

function readOverflow(call: Call, index: number): BitFieldOverflow {
  if (call.is(index, "wrap")) return "wrap";
  if (call.is(index, "sat")) return "sat";
  if (call.is(index, "fail")) return "fail";
  throw new ReplyError(NOT_AN_OVERFLOW);
}

/** A type such as `i16`, and behind it an offset. */
function readField(call: Call, index: number): BitField {
  const sign = call.length(index) === 0 ? 0 : call.bytes[call.start(index)];
  const isSigned = sign === LOWER_I;
  const bits = parseInt64(call.bytes, call.start(index) + 1, call.end(index)) ?? 0;
  const bitsMax = isSigned ? BITS_MAX_SIGNED : BITS_MAX_UNSIGNED;
  if ((!isSigned && sign !== LOWER_U) || bits < 1 || bits > bitsMax) throw new ReplyError(NOT_A_BIT_FIELD);
  return { offset: readOffset(call, index + 1, Number(bits)), bits: Number(bits), isSigned };
}

/** An offset in bits, or with `#` before it in fields of this width. */
function readOffset(call: Call, index: number, bits: number): number {
  const start = call.start(index);
  const isCounted = call.length(index) > 0 && call.bytes[start] === HASH;
  const digitsStart = isCounted ? start + 1 : start;
  const count = parseInt64(call.bytes, digitsStart, call.end(index));
  if (count === undefined) throw new ReplyError(NOT_A_BIT_OFFSET);
  // Redis lets the product overflow, and judges what remains.
  const offset = isCounted ? Number(BigInt.asIntN(64, BigInt(count) * BigInt(bits))) : Number(count);
  const isInRange = offset >= 0 && offset / 8 < call.config.current.protoMaxBulkLenBytes;
  if (!isInRange) throw new ReplyError(NOT_A_BIT_OFFSET);
  return offset;
}
