/**
 * Lines that announce how many arguments or bytes follow: a type byte, a decimal integer, CR and any byte. The
 * scanner reads plain ones itself; here is the full rule, for those that are long, negative or damaged.
 */

import { CR, DOLLAR } from "./ascii.js";

/** The longest line of a length, and the longest inline command: Redis's PROTO_INLINE_MAX_SIZE. */
export const LINE_BYTES_MAX = 64 * 1024;
/** The longest decimal text of a 64-bit integer. */
const INT64_CHARACTERS_MAX = 20;

// What stands for a length that cannot be told. All are negative, which no length is.
/** The line is not all there yet. */
export const UNFINISHED = -1;
export const TOO_LONG = -2;
export const INVALID = -3;
/** A valid integer below zero. */
export const NEGATIVE = -4;

/** Bytes of the line at `at`, without its end; `UNFINISHED` or `TOO_LONG`. */
export function lineLength(bytes: Buffer, at: number, end: number): number {
  const size = bytes.subarray(at, Math.min(end, at + LINE_BYTES_MAX + 1)).indexOf(CR);
  if (size === -1) return end - at > LINE_BYTES_MAX ? TOO_LONG : UNFINISHED;
  return at + size + 1 < end ? size : UNFINISHED;
}

/** A 64-bit integer without sign `+`, spaces or leading zeros; `INVALID` or `NEGATIVE`. Rounded where it exceeds 2^53. */
export function parseLength(text: string): number {
  if (text.length > INT64_CHARACTERS_MAX || !/^(0|-?[1-9][0-9]*)$/.test(text)) return INVALID;
  const length = BigInt(text);
  if (length !== BigInt.asIntN(64, length)) return INVALID;
  return length < 0n ? NEGATIVE : Number(length);
}

/** What is wrong with a line that should say how many arguments follow. */
export function countProblem(reason: number): string {
  return reason === TOO_LONG ? "too big mbulk count string" : "invalid multibulk length";
}

/** What is wrong with a line that should announce an argument; `type` is its first byte. */
export function bulkProblem(type: number, reason: number): string {
  if (reason === TOO_LONG) return "too big bulk count string";
  return type === DOLLAR ? "invalid bulk length" : `expected '$', got '${String.fromCharCode(type)}'`;
}
