/**
 * Scores of sorted sets as bytes: the values of their fields.
 *
 *     score := the IEEE 754 double, most significant byte first, without the zero bytes at its end
 *
 * So 0 takes no byte, whole numbers below 2^13 at most three, times in milliseconds at most seven, and no score more than eight. A score has one form,
 * so equal bytes are equal scores, but for -0 and 0, which are two scores of one place in the order. NaN is none.
 */
import type { ByteRange } from "../base/bytes.js";

export const SCORE_BYTES_MAX = 8;

const scratch = new Uint8Array(SCORE_BYTES_MAX);
const view = new DataView(scratch.buffer);

export function readScore(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  for (let i = 0; i < length; i++) scratch[i] = bytes[start + i]!;
  for (let i = length; i < SCORE_BYTES_MAX; i++) scratch[i] = 0;
  return view.getFloat64(0);
}

/** Writes a score at `at`, and returns the offset behind it: at most `SCORE_BYTES_MAX` further. */
export function writeScore(bytes: Uint8Array, at: number, score: number): number {
  view.setFloat64(0, score);
  let length = SCORE_BYTES_MAX;
  while (length > 0 && scratch[length - 1] === 0) length--;
  for (let i = 0; i < length; i++) bytes[at + i] = scratch[i]!;
  return at + length;
}

/** A score's bytes on their own. */
export function scoreBytes(score: number): Uint8Array {
  const bytes = new Uint8Array(SCORE_BYTES_MAX);
  return bytes.subarray(0, writeScore(bytes, 0, score));
}

/** Whether bytes from outside are a score. */
export function isScore(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SCORE_BYTES_MAX || (end > start && bytes[end - 1] === 0)) return false;
  return !Number.isNaN(readScore(bytes, start, end));
}

/** A member of a sorted set and its score, as bytes. */
export interface ScoredMember {
  readonly field: ByteRange;
  readonly value: ByteRange;
}

/** The order of members in a sorted set: by score, of equal scores by their bytes. Negative, zero or positive. */
export function compareScored(a: ScoredMember, b: ScoredMember): number {
  const left = readScore(a.value.bytes, a.value.start, a.value.end);
  const right = readScore(b.value.bytes, b.value.start, b.value.end);
  if (left !== right) return left < right ? -1 : 1;
  return compareRanges(a.field, b.field);
}

/** The order of unsigned bytes, a prefix before what it begins. */
export function compareRanges(a: ByteRange, b: ByteRange): number {
  const shift = b.start - a.start;
  const end = Math.min(a.end, b.end - shift);
  for (let i = a.start; i < end; i++) {
    const order = a.bytes[i]! - b.bytes[i + shift]!;
    if (order !== 0) return order;
  }
  return a.end - a.start - (b.end - b.start);
}
