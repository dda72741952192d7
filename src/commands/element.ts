/** Elements of lists between commands and replies. */
import { type Int64, parseInt64 } from "../base/int64.js";
import type { ElementCursor } from "../keyspace/list-block.js";
import type { ListEnd } from "../keyspace/open-list.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { Call } from "./call.js";

/** Up to so many bytes are compared one by one: for short ones a call costs more. */
const LOOP_BYTES_MAX = 32;

/** Answers the element that a cursor is at. */
export function replyElement(reply: ReplyWriter, cursor: ElementCursor): void {
  if (cursor.isInteger) reply.bulkInteger(cursor.integer);
  else reply.bulk(cursor.bytes, cursor.valueStart, cursor.valueEnd);
}

/** Finds elements with a value. */
export class ElementMatcher {
  /** The value as a list may keep it. */
  readonly #integer: unknown;
  readonly #value: { readonly bytes: Buffer; readonly start: number; readonly end: number };

  constructor(bytes: Buffer, start: number, end: number) {
    this.#integer = parseInt64(bytes, start, end);
    this.#value = { bytes, start, end };
  }

  matches(cursor: ElementCursor): boolean {
    if (cursor.isInteger) return cursor.integer === this.#integer;
    const { bytes, valueStart, valueEnd } = cursor;
    const { bytes: sought, start, end } = this.#value;
    const length = end - start;
    if (valueEnd - valueStart !== length) return false;
    if (length > LOOP_BYTES_MAX) return bytes.compare(sought, start, end, valueStart, valueEnd) === 0;
    for (let i = 0; i < length; i++) if (bytes[valueStart + i] !== sought[start + i]) return false;
    return true;
  }
}

/** What is left of a range of indexes, both included, within so many elements: none if `first > last`. An end before the first element leaves none. */
export function elementRange(start: Int64, stop: Int64, length: number): { first: number; last: number } {
  // Beyond 2^53 the nearest float64 is as far outside of any list.
  const [from, to] = [Number(start), Number(stop)];
  return {
    first: from < 0 ? Math.max(0, length + from) : from,
    last: Math.min(to < 0 ? length + to : to, length - 1),
  };
}

/** LEFT or RIGHT. */
export function readEnd(call: Call, index: number): ListEnd {
  if (call.is(index, "left")) return "left";
  if (call.is(index, "right")) return "right";
  throw new ReplyError(SYNTAX_ERROR);
}
