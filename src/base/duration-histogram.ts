/** Durations by powers of two of a microsecond: cheap to note, and exact enough for any percentile that a person asks for. */

/** 1 us to 16.8 s; what takes longer is beyond all buckets. */
const EXPONENT_MAX = 24;

/** Upper bounds of the buckets, in microseconds. */
export const durationBounds: readonly number[] = Array.from(
  { length: EXPONENT_MAX + 1 },
  (_, exponent) => 2 ** exponent,
);

export class DurationHistogram {
  /** By bucket; behind the last bound, those that took longer. */
  readonly counts = new Float64Array(durationBounds.length + 1);
  count = 0;
  microseconds = 0;

  /** Counts a duration that stands for `weight` of them. */
  note(microseconds: number, weight = 1): void {
    this.counts[bucketOf(microseconds)]! += weight;
    this.count += weight;
    this.microseconds += microseconds * weight;
  }

  /** The upper bound of the bucket in which a percentile is, in microseconds; infinite beyond all bounds, 0 if nothing was noted. */
  percentile(percent: number): number {
    const rank = Math.max(1, (percent / 100) * this.count);
    let below = 0;
    for (const [bucket, count] of this.counts.entries()) {
      below += count;
      if (count > 0 && below >= rank - 1e-6) return durationBounds[bucket] ?? Number.POSITIVE_INFINITY;
    }
    return 0;
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.microseconds = 0;
  }
}

function bucketOf(microseconds: number): number {
  if (microseconds <= 1) return 0;
  if (microseconds > 2 ** EXPONENT_MAX) return EXPONENT_MAX + 1;
  return 32 - Math.clz32(Math.ceil(microseconds) - 1);
}
