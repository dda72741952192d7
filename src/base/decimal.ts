/**
 * Decimal addition as INCRBYFLOAT and HINCRBYFLOAT promise it: 17 digits after the point, and byte for
 * byte what redis-server answers on x86-64. Redis computes in `long double` there, so 1000.1 + 0.1 is
 * 1000.19999999999999996, and here too. (On AArch64 it computes in 128 bits and shows less of its rounding.)
 *
 * Two ways lead to the same bytes: short operands, which is nearly all of them, are added as scaled
 * integers; all others go through `extended-float`. The cost is bounded by `TEXT_BYTES_MAX` and the range of
 * the format: at worst, integers of some 40,000 bits.
 */
import { assert } from "./assert.js";
import { addExtended, type ExtendedFloat, extendedFromText, extendedToUnits } from "./extended-float.js";
import { readNumberText } from "./number-text.js";

/** An operand: made by `parseDecimal`, spent by `addDecimals`. */
export type Decimal =
  | { readonly kind: "short"; readonly value: ShortDecimal }
  | { readonly kind: "extended"; readonly value: ExtendedFloat }
  | { readonly kind: "infinite" };

/** `units / 10 ** scale`, exactly. */
interface ShortDecimal {
  readonly units: number;
  readonly scale: number;
}

/** What an absent key or field counts as. */
export const ZERO: Decimal = { kind: "short", value: { units: 0, scale: 0 } };

/** Redis reads a number through a buffer of 5 KiB, so a longer text is not a number to it. */
const TEXT_BYTES_MAX = 5 * 1024 - 1;
const FRACTION_DIGITS = 17;

/** Fifteen decimal digits always fit a float64 exactly. */
const SHORT_DIGITS_MAX = 15;
const POWERS_OF_TEN = Array.from({ length: SHORT_DIGITS_MAX + 1 }, (_, power) => 10 ** power);
/**
 * Up to here the roundings of Redis cannot be seen. There are three (both operands, the sum), each at most
 * 2 ** -64 of its value, so together at most 2 * (|a| + |b|) * 2 ** -64: less than half a unit of the 17th
 * digit while |a| + |b| < 46.
 */
const UNSEEN_ROUNDING_MAX = 32;

const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;

/**
 * Reads `bytes[start, end)` by the grammar of `number-text`. `undefined` for what is not a number, or
 * overflows or underflows the format: Redis's "value is not a valid float".
 */
export function parseDecimal(bytes: Uint8Array, start = 0, end = bytes.length): Decimal | undefined {
  const short = parseShort(bytes, start, end);
  if (short !== undefined) return { kind: "short", value: short };
  if (end - start > TEXT_BYTES_MAX) return undefined;
  const text = readNumberText(String.fromCharCode(...bytes.subarray(start, end)));
  if (text === undefined) return undefined;
  if (text.kind === "infinity") return { kind: "infinite" };
  const value = extendedFromText(text);
  return value && { kind: "extended", value };
}

/** INCRBYFLOAT takes an infinite operand and then refuses the sum; HINCRBYFLOAT refuses the increment itself. */
export function isInfinite(decimal: Decimal): boolean {
  return decimal.kind === "infinite";
}

/**
 * The sum as Redis writes it: no exponent, at most 17 digits after the point, no trailing zeros, no "-0".
 * `undefined` if it is not finite: Redis's "increment would produce NaN or Infinity".
 */
export function addDecimals(a: Decimal, b: Decimal): string | undefined {
  if (a.kind === "infinite" || b.kind === "infinite") return undefined;
  if (a.kind === "short" && b.kind === "short") {
    const text = addShort(a.value, b.value);
    if (text !== undefined) return text;
  }
  const sum = addExtended(toExtended(a), toExtended(b));
  return sum && withPoint(String(extendedToUnits(sum, FRACTION_DIGITS)), FRACTION_DIGITS);
}

/** The plain form alone: an optional minus, few digits, at most one point. All else goes the long way. */
function parseShort(bytes: Uint8Array, start: number, end: number): ShortDecimal | undefined {
  const negative = start < end && bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > SHORT_DIGITS_MAX + 1) return undefined;
  let units = 0;
  let digits = 0;
  let digitsBeforePoint = -1;
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= DIGIT_ZERO && byte <= DIGIT_NINE) {
      units = units * 10 + (byte - DIGIT_ZERO);
      digits++;
    } else if (byte === POINT && digitsBeforePoint < 0) {
      digitsBeforePoint = digits;
    } else {
      return undefined;
    }
  }
  if (digits === 0 || digits > SHORT_DIGITS_MAX) return undefined;
  return { units: negative ? -units : units, scale: digitsBeforePoint < 0 ? 0 : digits - digitsBeforePoint };
}

/** `undefined` where only the long way gives Redis's digits. */
function addShort(a: ShortDecimal, b: ShortDecimal): string | undefined {
  const scale = Math.max(a.scale, b.scale);
  const aUnits = a.units * POWERS_OF_TEN[scale - a.scale]!;
  const bUnits = b.units * POWERS_OF_TEN[scale - b.scale]!;
  const magnitude = Math.abs(aUnits) + Math.abs(bUnits);
  // Whole numbers of this size are exact in every format; fractions must be small enough to hide the rounding.
  if (magnitude > Number.MAX_SAFE_INTEGER) return undefined;
  if (scale > 0 && magnitude > UNSEEN_ROUNDING_MAX * POWERS_OF_TEN[scale]!) return undefined;
  return withPoint(String(aUnits + bUnits), scale);
}

function toExtended(decimal: Exclude<Decimal, { kind: "infinite" }>): ExtendedFloat {
  if (decimal.kind === "extended") return decimal.value;
  const { units, scale } = decimal.value;
  const digits = units === 0 ? "" : String(Math.abs(units));
  const value = extendedFromText({ kind: "decimal", negative: units < 0, digits, exponent: -scale });
  assert(value !== undefined, "a short decimal is in range of the extended format");
  return value;
}

/** Puts the point `scale` digits from the right, and drops the trailing zeros behind it. */
function withPoint(units: string, scale: number): string {
  if (scale === 0) return units;
  const sign = units.startsWith("-") ? "-" : "";
  const digits = units.slice(sign.length).padStart(scale + 1, "0");
  const wholeEnd = digits.length - scale;
  let end = digits.length;
  while (end > wholeEnd && digits[end - 1] === "0") end--;
  const whole = sign + digits.slice(0, wholeEnd);
  return end === wholeEnd ? whole : `${whole}.${digits.slice(wholeEnd, end)}`;
}
