/**
 * Integers of 1 to 64 bits that lie anywhere in a run of bytes, highest bit first. Bit 0 is the highest bit of the first byte, as in Redis's bitmaps.
 * Up to 48 bits everything is done in float64, where each step is exact; wider fields are put together from two halves.
 */
import { INT64_MIN, type Int64, toInt64 } from "./int64.js";

export interface BitField {
  /** In bits, from the beginning of the run. */
  readonly offset: number;
  /** At most 64, or 63 if it is not signed. */
  readonly bits: number;
  readonly isSigned: boolean;
}

/** What becomes of a value that a field has no room for: its lowest bits stay, the nearest value that fits takes its place, or nothing happens. */
export type BitFieldOverflow = "fail" | "sat" | "wrap";

const BYTE_BITS = 8;
const HALF_BITS = 32;
const NARROW_BITS_MAX = 48;

/** The value of a field; bits behind the end of the run, which is `bytes[start, end)`, are zeros. */
export function readBitField(
  bytes: Uint8Array,
  start: number,
  end: number,
  { offset, bits, isSigned }: BitField,
): Int64 {
  const run = { bytes, start, end };
  if (bits <= NARROW_BITS_MAX) {
    const value = readBits(run, offset, bits);
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readBits(run, offset, bits - HALF_BITS);
  const low = readBits(run, offset + bits - HALF_BITS, HALF_BITS);
  const value = (BigInt(high) << BigInt(HALF_BITS)) | BigInt(low);
  return toInt64(isSigned ? BigInt.asIntN(bits, value) : value)!;
}

/** Writes a value that the field has room for into a run that it does not reach beyond. */
export function writeBitField(
  bytes: Uint8Array,
  start: number,
  { offset, bits }: BitField,
  value: Int64,
): void {
  if (bits <= NARROW_BITS_MAX) {
    const narrow = Number(value);
    writeBits(bytes, start, { offset, bits }, narrow < 0 ? narrow + 2 ** bits : narrow);
    return;
  }
  const whole = BigInt.asUintN(bits, BigInt(value));
  const highBits = bits - HALF_BITS;
  writeBits(bytes, start, { offset, bits: highBits }, Number(whole >> BigInt(HALF_BITS)));
  const low = Number(BigInt.asUintN(HALF_BITS, whole));
  writeBits(bytes, start, { offset: offset + highBits, bits: HALF_BITS }, low);
}

/** What a field holds after `by` is added to its value; undefined if that is refused. */
export function increasedBitField(
  field: BitField,
  value: Int64,
  by: Int64,
  overflow: BitFieldOverflow,
): Int64 | undefined {
  const sum = typeof value === "number" && typeof by === "number" ? value + by : Number.NaN;
  return confine(field, Number.isSafeInteger(sum) ? sum : BigInt(value) + BigInt(by), overflow);
}

/** What a field holds after it is set; undefined if that is refused. */
export function newBitField(field: BitField, value: Int64, overflow: BitFieldOverflow): Int64 | undefined {
  // As Redis (bitops.c) takes it: to a field without a sign a negative value is one of 64 bits, hence too large...
  if (!field.isSigned && value < 0) return confine(field, BigInt.asUintN(64, BigInt(value)), overflow);
  // ...and one so low that its distance from the highest value of the field overflows 64 bits is too high as well.
  if (overflow === "sat" && field.bits < 64) {
    const { max } = boundsOf(field);
    if (BigInt(value) <= BigInt(INT64_MIN) + BigInt(max)) return max;
  }
  return confine(field, value, overflow);
}

function confine(field: BitField, value: number | bigint, overflow: BitFieldOverflow): Int64 | undefined {
  const { min, max } = boundsOf(field);
  if (value >= min && value <= max) return typeof value === "number" ? value : toInt64(value);
  if (overflow === "fail") return undefined;
  if (overflow === "sat") return value > max ? max : min;
  const { bits, isSigned } = field;
  return toInt64(isSigned ? BigInt.asIntN(bits, BigInt(value)) : BigInt.asUintN(bits, BigInt(value)));
}

function boundsOf({ bits, isSigned }: BitField): { readonly min: Int64; readonly max: Int64 } {
  const valueBits = isSigned ? bits - 1 : bits;
  if (valueBits <= NARROW_BITS_MAX) {
    const size = 2 ** valueBits;
    return { min: isSigned ? -size : 0, max: size - 1 };
  }
  const size = 1n << BigInt(valueBits);
  return { min: isSigned ? toInt64(-size)! : 0, max: toInt64(size - 1n)! };
}

interface Run {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface Place {
  readonly offset: number;
  readonly bits: number;
}

/** Up to 48 bits as an integer. */
function readBits({ bytes, start, end }: Run, offset: number, bits: number): number {
  let value = 0;
  let at = start + Math.floor(offset / BYTE_BITS);
  let left = bits;
  // How many bits of the byte at hand, from its lowest one, lie behind the beginning of the field.
  let available = BYTE_BITS - (offset % BYTE_BITS);
  while (left > 0) {
    const taken = Math.min(available, left);
    const byte = at < end ? bytes[at]! : 0;
    value = value * 2 ** taken + ((byte >>> (available - taken)) & ((1 << taken) - 1));
    left -= taken;
    available = BYTE_BITS;
    at++;
  }
  return value;
}

function writeBits(bytes: Uint8Array, start: number, { offset, bits }: Place, value: number): void {
  let rest = value;
  let left = bits;
  let last = offset + bits - 1;
  while (left > 0) {
    // Of the byte that holds the last bit: how many of its bits, from its highest one, lie up to that.
    const reach = (last % BYTE_BITS) + 1;
    const taken = Math.min(reach, left);
    const shift = BYTE_BITS - reach;
    const mask = ((1 << taken) - 1) << shift;
    const at = start + Math.floor(last / BYTE_BITS);
    const part = rest % 2 ** taken;
    bytes[at] = (bytes[at]! & ~mask) | (part << shift);
    rest = (rest - part) / 2 ** taken;
    left -= taken;
    last -= taken;
  }
}
