/** Ranges of indexes, as GETRANGE, BITCOUNT and BITPOS take them: both ends included, negative ones from the end. */
import type { Int64 } from "../base/int64.js";

/** Indexes of a value; none if `first > last`. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/** What is left of the range within a value of `length` bytes or bits. */
export function indexRange(start: Int64, end: Int64, length: number): IndexRange {
  return { first: fromStart(start, length), last: Math.min(fromStart(end, length), length - 1) };
}

/** Redis sees at once that such a range is empty, however short the value; of other ranges it first cuts off what is outside. */
export function isReversed(start: Int64, end: Int64): boolean {
  return start < 0 && end < 0 && start > end;
}

/** Indexes before the start of the value count as its start. */
function fromStart(index: Int64, length: number): number {
  // Beyond 2^53 the nearest float64 is as far outside of any value.
  const exact = Number(index);
  return exact < 0 ? Math.max(0, length + exact) : exact;
}
