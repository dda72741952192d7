/** The little arithmetic that the figures rest on. Pure, and refuses empty series: a missing figure is no zero. */
import { assert } from "#torus/base/assert.js";

/** Middle value; the mean of the two middle ones if their number is even. */
export function median(values: readonly number[]): number {
  assert(values.length > 0, "median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/**
 * Nearest-rank percentile of values already in ascending order: the smallest value that at least
 * `percent` of them do not exceed. `percent` is in (0, 100].
 */
export function percentile(ascending: ArrayLike<number>, percent: number): number {
  assert(ascending.length > 0 && percent > 0 && percent <= 100, "percentile of nothing");
  return ascending[Math.ceil((percent / 100) * ascending.length) - 1]!;
}

/** What a series of rounds comes to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Ours divided by the rival's, round by round. The two of one round stood next to each other in time,
 * so whatever slowed the machine then slowed both, and the ratio keeps what the absolute figure lost.
 */
export function ratios(ours: readonly number[], rival: readonly number[]): number[] {
  assert(ours.length === rival.length, "a round lacks one of its two figures");
  return ours.map((value, round) => value / rival[round]!);
}
