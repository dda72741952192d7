/** Integers as decimal digits, written without making a string. */

import { MINUS, ZERO } from "./ascii.js";

const UINT32_END = 2 ** 32;
/** Integers beyond 32 bits are written in two steps, the lower of so many digits. */
const LOW_DIGITS = 9;
const LOW_END = 10 ** LOW_DIGITS;

/** Characters of a safe integer, its sign included. */
export function decimalLength(value: number): number {
  if (value < 0) return 1 + decimalLength(-value);
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}

/** Writes a safe integer at `start`, where there must be room for 17 bytes; the offset behind it. */
export function writeDecimal(target: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  if (rest < 0) {
    target[at++] = MINUS;
    rest = -rest;
  }
  if (rest < UINT32_END) return writeUint32(target, at, rest, decimalLength(rest));
  const high = Math.floor(rest / LOW_END);
  at = writeUint32(target, at, high, decimalLength(high));
  return writeUint32(target, at, rest - high * LOW_END, LOW_DIGITS);
}

/** Exactly `count` digits, with leading zeros if there are fewer. */
function writeUint32(target: Buffer, start: number, value: number, count: number): number {
  let rest = value >>> 0;
  for (let at = start + count - 1; at >= start; at--) {
    const tenth = (rest / 10) >>> 0;
    target[at] = ZERO + rest - 10 * tenth;
    rest = tenth;
  }
  return start + count;
}
