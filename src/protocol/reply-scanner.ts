/**
 * Where replies end: steps over whole replies, RESP2 or RESP3, without reading them. For replies that another node wrote: what
 * becomes a client's must be exactly as many replies as the client has asked for. Pushes and attributes are none.
 */
import { assert } from "../base/assert.js";
import {
  ASTERISK,
  COLON,
  COMMA,
  CR,
  DOLLAR,
  EQUALS,
  EXCLAMATION_MARK,
  HASH,
  LEFT_PARENTHESIS,
  LF,
  MINUS,
  NINE,
  PERCENT,
  PLUS,
  TILDE,
  UNDERSCORE,
  ZERO,
} from "./ascii.js";

/** The bytes are no such replies. */
export const NONE = -1;

const ONE = ZERO + 1;
/** A line is all there is of it. */
const LINE = 1;
/** A line announces how many bytes, elements or pairs follow. */
const MEASURED = 2;
const FORMS = new Uint8Array(256);
for (const type of [PLUS, COLON, MINUS, UNDERSCORE, COMMA, HASH, LEFT_PARENTHESIS]) FORMS[type] = LINE;
for (const type of [DOLLAR, ASTERISK, PERCENT, TILDE, EQUALS, EXCLAMATION_MARK]) FORMS[type] = MEASURED;

/** The offset behind the first `count` replies of `bytes[start, end)`; `NONE` if there are not so many, whole and well-formed. */
export function endOfReplies(bytes: Uint8Array, start: number, end: number, count: number): number {
  let at = start;
  // Elements of aggregates are replies too: so many are still to be stepped over.
  for (let left = count; left > 0; left--) {
    if (at >= end) return NONE;
    const type = bytes[at++]!;
    const form = FORMS[type];
    if (form === MEASURED) {
      const digitsAt = at;
      let number = 0;
      for (; at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) {
        number = 10 * number + bytes[at]! - ZERO;
      }
      if (at === digitsAt) {
        // The nulls of RESP2.
        const isNull = bytes[at] === MINUS && bytes[at + 1] === ONE && (type === DOLLAR || type === ASTERISK);
        if (!isNull) return NONE;
        at += 2;
      } else if (number > end - at) {
        return NONE;
      } else if (type === ASTERISK || type === TILDE) {
        left += number;
      } else if (type === PERCENT) {
        left += 2 * number;
      } else {
        if (bytes[at] !== CR || bytes[at + 1] !== LF) return NONE;
        at += 2 + number;
      }
    } else if (form === LINE) {
      while (at < end && bytes[at] !== CR) at++;
    } else {
      return NONE;
    }
    if (at + 2 > end || bytes[at] !== CR || bytes[at + 1] !== LF) return NONE;
    at += 2;
  }
  return at;
}

/** The offset behind `count` replies that this node has seen to be whole. */
export function skipReplies(bytes: Uint8Array, start: number, count: number): number {
  const end = endOfReplies(bytes, start, bytes.length, count);
  assert(end !== NONE, "replies that were found whole once are whole");
  return end;
}

/** How many replies these bytes are, which this node wrote or has seen to be whole. */
export function countReplies(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at = skipReplies(bytes, at, 1)) count++;
  return count;
}
