/**
 * The 80-bit extended format of the x87, which is C's `long double` on x86-64 (IEEE 754-1985, double
 * extended): 64 bits of mantissa, ties to even, gradual underflow. Finite values only, computed exactly in
 * BigInt and then rounded once, as the hardware does. It knows nothing of the commands that need it.
 */
import type { FiniteText } from "./number-text.js";

/** `mantissa * 2 ** exponent`. Zero has no sign: nothing that we print shows one. */
export interface ExtendedFloat {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** The weight of the last mantissa bit of the smallest numbers: all values are multiples of 2 ** -16445. */
const EXPONENT_MIN = -16445;
/** All values are below 2 ** 16384. */
const MAGNITUDE_BITS_MAX = 16384;
/** 10 ** 4933 is beyond the largest value; 10 ** -4951 is less than half of the smallest. */
const MAGNITUDE_DIGITS_MAX = 4933;
const MAGNITUDE_DIGITS_MIN = -4951;

/**
 * The nearest value to a text; `undefined` if that is infinite, or zero though the text has digits. The one
 * text known to fare otherwise in glibc is of 65 significant bits or more just above 2 ** -16446, half of the
 * smallest value: glibc forgets the 65th bit and calls it zero.
 */
export function extendedFromText(text: FiniteText): ExtendedFloat | undefined {
  if (text.digits === "") return { mantissa: 0n, exponent: 0 };
  const value = text.kind === "decimal" ? fromDecimal(text) : fromHexadecimal(text);
  return value?.mantissa === 0n ? undefined : value;
}

/** The nearest value to the sum; `undefined` if that is infinite. */
export function addExtended(a: ExtendedFloat, b: ExtendedFloat): ExtendedFloat | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  const aShifted = a.mantissa << BigInt(a.exponent - exponent);
  const bShifted = b.mantissa << BigInt(b.exponent - exponent);
  return nearest({ numerator: aShifted + bShifted, denominator: 1n, exponent });
}

/** The nearest value to a multiple; `undefined` if that is infinite. */
export function multiplyExtended(
  { mantissa, exponent }: ExtendedFloat,
  factor: bigint,
): ExtendedFloat | undefined {
  return nearest({ numerator: mantissa * factor, denominator: 1n, exponent });
}

/** The value times `10 ** fractionDigits` as an integer, ties to even: the digits that printf's `%.*Lf` prints. */
export function extendedToUnits({ mantissa, exponent }: ExtendedFloat, fractionDigits: number): bigint {
  const magnitude = (mantissa < 0n ? -mantissa : mantissa) * 10n ** BigInt(fractionDigits);
  const units =
    exponent >= 0 ? magnitude << BigInt(exponent) : divideToEven(magnitude, 1n << BigInt(-exponent));
  return mantissa < 0n ? -units : units;
}

// Both readers turn away what is far out of range by its length, before an exponent can make a huge integer.

function fromDecimal({ negative, digits, exponent }: FiniteText): ExtendedFloat | undefined {
  const magnitudeDigits = digits.length + exponent;
  if (magnitudeDigits > MAGNITUDE_DIGITS_MAX || magnitudeDigits <= MAGNITUDE_DIGITS_MIN) return undefined;
  const integer = BigInt(negative ? `-${digits}` : digits);
  return exponent >= 0
    ? nearest({ numerator: integer * 10n ** BigInt(exponent), denominator: 1n, exponent: 0 })
    : nearest({ numerator: integer, denominator: 10n ** BigInt(-exponent), exponent: 0 });
}

function fromHexadecimal({ negative, digits, exponent }: FiniteText): ExtendedFloat | undefined {
  const integer = BigInt(`0x${digits}`);
  const magnitudeBits = bitLength(integer) + exponent;
  if (magnitudeBits > MAGNITUDE_BITS_MAX || magnitudeBits < EXPONENT_MIN) return undefined;
  return nearest({ numerator: negative ? -integer : integer, denominator: 1n, exponent });
}

interface Ratio {
  readonly numerator: bigint;
  /** Positive. */
  readonly denominator: bigint;
  /** Of two: the value is `numerator / denominator * 2 ** exponent`. */
  readonly exponent: number;
}

/** Rounds to the format, ties to even; `undefined` if the result is too large for it. */
function nearest({ numerator, denominator, exponent }: Ratio): ExtendedFloat | undefined {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const lead = leadingExponent(magnitude, denominator) + exponent;
  const last = Math.max(lead - (MANTISSA_BITS - 1), EXPONENT_MIN);
  const shift = exponent - last;
  const mantissa =
    shift >= 0
      ? divideToEven(magnitude << BigInt(shift), denominator)
      : divideToEven(magnitude, denominator << BigInt(-shift));
  // Rounding up may have carried into a 65th bit. The value is right as it is; only its range may have changed.
  if (bitLength(mantissa) + last > MAGNITUDE_BITS_MAX) return undefined;
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: last };
}

/** The `n` with `2 ** n <= magnitude / denominator < 2 ** (n + 1)`. For zero any number will do. */
function leadingExponent(magnitude: bigint, denominator: bigint): number {
  const n = bitLength(magnitude) - bitLength(denominator);
  const reached = n >= 0 ? magnitude >= denominator << BigInt(n) : magnitude << BigInt(-n) >= denominator;
  return reached ? n : n - 1;
}

function divideToEven(magnitude: bigint, denominator: bigint): bigint {
  const quotient = magnitude / denominator;
  const twiceRest = (magnitude - quotient * denominator) * 2n;
  const up = twiceRest > denominator || (twiceRest === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function bitLength(magnitude: bigint): number {
  const hex = magnitude.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}
