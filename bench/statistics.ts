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

/**
 * Where the median of what the values are drawn from lies, with a confidence of at least 95 %: the order statistics that the
 * sign test leaves, whatever the distribution (Conover, "Practical Nonparametric Statistics", 3.2). Undefined below six values.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  // The chance that at most `rank` of them fall below the median, each with probability one half.
  let chance = 0;
  let exactly = 0.5 ** sorted.length;
  let rank = 0;
  while (chance + exactly <= 0.025) {
    chance += exactly;
    exactly *= (sorted.length - rank) / (rank + 1);
    rank += 1;
  }
  return rank === 0 ? undefined : [sorted[rank - 1]!, sorted[sorted.length - rank]!];
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
