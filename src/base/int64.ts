/**
 * Signed 64-bit integers, which JavaScript has no fast form of: a number wherever that is exact, a bigint
 * beyond. Nothing is allocated while values stay within the safe integers, as counters nearly always do.
 *
 * Invariant: an `Int64` is a number if and only if it is a safe integer, so equal values are `===`, and `<`
 * orders the two forms alike.
 */
import type { ByteRange } from "./bytes.js";

export type Int64 = number | bigint;

export const INT64_MAX: Int64 = 2n ** 63n - 1n;
export const INT64_MIN: Int64 = -(2n ** 63n);

/** `-9223372036854775808` */
export const INT64_DIGITS_MAX = 20;

const TWO_32 = 2 ** 32;
const SAFE_HIGH = 2 ** 21;
const BILLION = 1e9;
/** Fifteen decimal digits are always a safe integer. */
const SAFE_DIGITS = 15;

const MINUS = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;

/** The value in its one form, or undefined if it does not fit 64 bits. */
export function toInt64(value: bigint): Int64 | undefined {
  const narrow = Number(value);
  if (Number.isSafeInteger(narrow)) return narrow;
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

/** `a + b`, or undefined on overflow. */
export function addInt64(a: Int64, b: Int64): Int64 | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt64(BigInt(a) + BigInt(b));
}

/** `-a`, or undefined for the one value that has no opposite: INT64_MIN. */
export function negateInt64(a: Int64): Int64 | undefined {
  // Adding zero turns -0 into 0, which would else be formatted and compared (by Object.is) as another value.
  return typeof a === "number" ? -a + 0 : toInt64(-a);
}

export function maxInt64(a: Int64, b: Int64): Int64 {
  // Math.max takes no bigints.
  if (a > b) return a;
  return b;
}

/** The nearest 64-bit integer to an exact value. */
export function saturateInt64(value: bigint): Int64 {
  return toInt64(value) ?? (value < 0n ? INT64_MIN : INT64_MAX);
}

/**
 * Reads decimal digits as strictly as Redis's `string2ll` (util.c): an optional minus, no plus, no leading zero, no
 * `-0`, no spaces, nothing beyond 64 bits. Anything else is undefined.
 */
export function parseInt64(bytes: Uint8Array, start: number, end: number): Int64 | undefined {
  if (start >= end) return undefined;
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits === 1 && bytes[first] === ZERO) return negative ? undefined : 0;
  if (digits < 1 || digits > INT64_DIGITS_MAX - 1 || bytes[first]! < ONE) return undefined;
  const split = digits <= SAFE_DIGITS ? first : end - SAFE_DIGITS;
  const high = parseDigits(bytes, first, split);
  const low = parseDigits(bytes, split, end);
  if (high < 0 || low < 0) return undefined;
  if (high === 0) return negative ? -low : low;
  const magnitude = BigInt(high) * 10n ** BigInt(SAFE_DIGITS) + BigInt(low);
  return toInt64(negative ? -magnitude : magnitude);
}

/** At most `SAFE_DIGITS` digits; -1 if there is anything else. No digit at all is 0. */
function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}

/**
 * Writes the decimal digits of `value` at `at` and returns the offset behind them. The caller has room for
 * `INT64_DIGITS_MAX` bytes.
 */
export function formatInt64(bytes: Uint8Array, at: number, value: Int64): number {
  if (typeof value === "bigint") return writeText(bytes, at, String(value));
  let from = at;
  let magnitude = value;
  if (value < 0) {
    bytes[from++] = MINUS;
    magnitude = -value;
  }
  if (magnitude < BILLION) return writeDigits(bytes, from, magnitude, digitCount(magnitude));
  const high = Math.floor(magnitude / BILLION);
  const low = magnitude - high * BILLION;
  // Below 2^53 the high part has at most seven digits.
  from = writeDigits(bytes, from, high, digitCount(high));
  return writeDigits(bytes, from, low, 9);
}

/** Digits of an integer from 0 to below 10^9. */
function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1e3 ? 3 : 4;
  if (value < 1e6) return value < 1e5 ? 5 : 6;
  return value < 1e8 ? (value < 1e7 ? 7 : 8) : 9;
}

/** The last `count` digits of an integer below 2^31, which stays in machine integers. */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + count;
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Reads eight bytes, two's complement, little-endian. */
export function readInt64(bytes: Uint8Array, at: number): Int64 {
  const low = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
  // The lowest value of this range, -2^53, is no safe integer.
  if (high < SAFE_HIGH && high >= -SAFE_HIGH && (high > -SAFE_HIGH || low > 0)) return high * TWO_32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Writes eight bytes, two's complement, little-endian. */
export function writeInt64(bytes: Uint8Array, at: number, value: Int64): void {
  let low: number;
  let high: number;
  if (typeof value === "number") {
    low = value | 0;
    high = Math.floor(value / TWO_32) | 0;
  } else {
    low = Number(BigInt.asIntN(32, value));
    high = Number(value >> 32n);
  }
  bytes[at] = low;
  bytes[at + 1] = low >>> 8;
  bytes[at + 2] = low >>> 16;
  bytes[at + 3] = low >>> 24;
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
  bytes[at + 6] = high >>> 16;
  bytes[at + 7] = high >>> 24;
}

/** The order of two integers of which these are the decimal digits, as `parseInt64` reads them: negative, zero or positive. */
export function compareInt64Digits(a: ByteRange, b: ByteRange): number {
  const isNegative = a.bytes[a.start] === MINUS;
  if (isNegative !== (b.bytes[b.start] === MINUS)) return isNegative ? -1 : 1;
  const order = compareMagnitudes(a, b);
  return isNegative ? -order : order;
}

/** More digits are more, for none is a leading zero. A minus before both changes nothing. */
function compareMagnitudes(a: ByteRange, b: ByteRange): number {
  const length = a.end - a.start;
  const longer = length - (b.end - b.start);
  if (longer !== 0) return longer;
  for (let i = 0; i < length; i++) {
    const difference = a.bytes[a.start + i]! - b.bytes[b.start + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
