/**
 * Where replies end: steps over whole replies, RESP2 or RESP3, without reading them. For replies that another node of ours wrote:
 * they are whole and well-formed, or a promise is broken.
 */
import { assert } from "../base/assert.js";
import {
  ASTERISK,
  CR,
  DOLLAR,
  EQUALS,
  GREATER_THAN,
  LF,
  MINUS,
  NINE,
  PERCENT,
  TILDE,
  ZERO,
} from "./ascii.js";

const EXCLAMATION_MARK = 0x21;
const BAR = 0x7c;

/** The offset behind `count` replies that begin at `start`. */
export function skipReplies(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  // Elements of aggregates are replies too: so many are still to be stepped over.
  for (let left = count; left > 0; left--) {
    const type = bytes[at]!;
    const lineEnd = endOfLine(bytes, at + 1);
    if (type === DOLLAR || type === EQUALS || type === EXCLAMATION_MARK) {
      const length = announced(bytes, at + 1, lineEnd);
      at = length < 0 ? lineEnd : lineEnd + length + 2;
    } else {
      if (type === ASTERISK || type === TILDE || type === GREATER_THAN) {
        left += Math.max(0, announced(bytes, at + 1, lineEnd));
      } else if (type === PERCENT) {
        left += 2 * announced(bytes, at + 1, lineEnd);
      } else if (type === BAR) {
        // Attributes stand before the reply that they are of.
        left += 2 * announced(bytes, at + 1, lineEnd) + 1;
      }
      at = lineEnd;
    }
    assert(at <= bytes.length, "a reply is whole");
  }
  return at;
}

/** How many replies these bytes are. */
export function countReplies(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at = skipReplies(bytes, at, 1)) count++;
  return count;
}

/** Behind the end of the line. */
function endOfLine(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] !== CR) {
    assert(at < bytes.length, "a line of a reply ends");
    at++;
  }
  assert(bytes[at + 1] === LF, "a line of a reply ends");
  return at + 2;
}

/** The number on a line; -1 for any below zero. */
function announced(bytes: Uint8Array, start: number, lineEnd: number): number {
  if (bytes[start] === MINUS) return -1;
  let value = 0;
  for (let at = start; at < lineEnd - 2; at++) {
    const byte = bytes[at]!;
    assert(byte >= ZERO && byte <= NINE, "a reply announces a number");
    value = 10 * value + byte - ZERO;
  }
  return value;
}
