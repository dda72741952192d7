/** Numbers in text as doubles, by the grammar of `number-text`: what C's `strtod` makes of them. */
import { type NumberText, readNumberText } from "./number-text.js";

const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;
const MINUS = 0x2d;
/** Fifteen decimal digits always fit a double exactly. */
const SHORT_DIGITS_MAX = 15;

/**
 * What is longer is taken for no number: V8 makes no string of the longest arguments, and nobody writes them. An exact double has some
 * 1,100 characters.
 */
export const NUMBER_BYTES_MAX = 64 * 1024;
/** Of what has no more digits than that, powers of ten beyond these are 0 or infinity. */
const EXPONENT_MAX = 2 * NUMBER_BYTES_MAX;

/** `undefined` for what is no number, NaN too, and for one that is finite and too large for a double, or not 0 and too small. */
export function parseDouble(bytes: Buffer, start = 0, end = bytes.length): number | undefined {
  const whole = parseShortWhole(bytes, start, end);
  if (whole !== undefined) return whole;
  if (end - start > NUMBER_BYTES_MAX) return undefined;
  const text = readNumberText(bytes.toString("latin1", start, end));
  if (text === undefined) return undefined;
  const value = nearest(text);
  const isBeyond = text.kind !== "infinity" && text.digits !== "" && (value === 0 || !Number.isFinite(value));
  return isBeyond ? undefined : value;
}

/** The double nearest to the number in a text, be it 0 or infinity; NaN for what is no number. */
export function nearestDouble(text: string): number {
  const number = text.length > NUMBER_BYTES_MAX ? undefined : readNumberText(text);
  return number === undefined ? Number.NaN : nearest(number);
}

function nearest(text: NumberText): number {
  const sign = text.negative ? -1 : 1;
  if (text.kind === "infinity") return sign * Number.POSITIVE_INFINITY;
  const { digits, exponent } = text;
  if (digits === "") return sign * 0;
  if (text.kind === "decimal") {
    // Written out: one of more than 21 digits would be no number to `Number`.
    const power = Math.max(-EXPONENT_MAX, Math.min(exponent, EXPONENT_MAX));
    return sign * Number(`${digits}e${power}`);
  }
  return sign * scaled(BigInt(`0x${digits}`), exponent);
}

/** A few digits with or without a minus, which nearly all are. */
function parseShortWhole(bytes: Buffer, start: number, end: number): number | undefined {
  const isNegative = start < end && bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first === end || end - first > SHORT_DIGITS_MAX) return undefined;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < DIGIT_ZERO || byte > DIGIT_NINE) return undefined;
    value = value * 10 + (byte - DIGIT_ZERO);
  }
  return isNegative ? -value : value;
}

const EXPONENT_MIN = -1074;
const MANTISSA_BITS = 53;

/** An integer times a power of two, rounded once. */
function scaled(integer: bigint, exponent: number): number {
  const bits = integer.toString(2).length;
  const top = bits + exponent;
  if (top > 1024) return Number.POSITIVE_INFINITY;
  if (top < EXPONENT_MIN - 1) return 0;
  // What is below the last bit of the result decides its rounding: as a sticky bit, however long it is.
  const lowest = Math.max(top - MANTISSA_BITS, EXPONENT_MIN);
  const shift = lowest - exponent;
  if (shift <= 0) return Number(integer) * powerOfTwo(exponent);
  const kept = integer >> BigInt(shift);
  const rest = integer - (kept << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  const isUp = rest > half || (rest === half && (kept & 1n) === 1n);
  return Number(isUp ? kept + 1n : kept) * powerOfTwo(lowest);
}

/** From 2^-1074 to 2^1023, as a product: `**` need not be exact at the ends. */
function powerOfTwo(exponent: number): number {
  return exponent < -1022 ? 2 ** (exponent + 1022) * 2 ** -1022 : 2 ** exponent;
}
