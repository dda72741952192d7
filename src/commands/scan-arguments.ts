/** What SCAN, HSCAN and their kin take: a cursor, MATCH and COUNT. Their grammar and its oddities are Redis's. */
import { compileGlob, type Glob } from "../base/glob.js";
import { INVALID_CURSOR, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

/** As C's `strtoul` reads it: a sign may stand before digits, and nothing at all is 0. */
const CURSOR = /^(?:([+-]?)(\d+))?$/;
const UINT64_BITS = 64;
const COUNT_DEFAULT = 10;

export interface ScanOptions {
  /** Undefined if everything is wanted. */
  readonly match: Glob | undefined;
  /** About how many elements one call looks at. */
  readonly count: number;
}

/** A cursor from 0 to below 2^64; beyond 2^53 the nearest float64, for no cursor of ours is there. */
export function readCursor(call: Call, index: number): number {
  const parts = CURSOR.exec(call.text(index));
  const magnitude = BigInt(parts?.[2] ?? 0);
  if (parts === null || BigInt.asUintN(UINT64_BITS, magnitude) !== magnitude) {
    throw new ReplyError(INVALID_CURSOR);
  }
  return Number(parts[1] === "-" ? BigInt.asUintN(UINT64_BITS, -magnitude) : magnitude);
}

/**
 * The options from argument `first` on. `other` may take further pairs of a name and a value: it answers whether the
 * one at an index is its own.
 */
export function readScanOptions(call: Call, first: number, other?: (index: number) => boolean): ScanOptions {
  let match: Glob | undefined;
  let count = COUNT_DEFAULT;
  for (let i = first; i < call.count; i += 2) {
    const hasValue = i + 1 < call.count;
    if (hasValue && call.is(i, "count")) {
      count = call.integer(i + 1);
      if (count < 1) throw new ReplyError(SYNTAX_ERROR);
    } else if (hasValue && call.is(i, "match")) {
      match = compileGlob(call.bytes.subarray(call.start(i + 1), call.end(i + 1)));
    } else if (!hasValue || !other?.(i)) {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  return { match, count };
}
