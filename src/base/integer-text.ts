/** Integers as Redis reads them from bytes (string2ll): no spaces, no plus, no leading zeros, 64 bits. */

const MINUS = 0x2d;
const ZERO = 0x30;
/** So many digits always fit a float64 exactly. */
const SAFE_DIGITS = 15;
const DIGITS_MAX = 19;

/**
 * The integer, or NaN if the bytes are none or it exceeds 64 bits. Beyond ±2^53 the nearest float64 is given: enough
 * for range checks; who needs all 64 bits asks int64.ts.
 */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > DIGITS_MAX) return Number.NaN;
  if (bytes[first] === ZERO) return digits === 1 && !negative ? 0 : Number.NaN;
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (digits > SAFE_DIGITS) return parseLong(bytes, start, end);
  return negative ? -value : value;
}

function parseLong(bytes: Uint8Array, start: number, end: number): number {
  const exact = BigInt(String.fromCharCode(...bytes.subarray(start, end)));
  return BigInt.asIntN(64, exact) === exact ? Number(exact) : Number.NaN;
}
