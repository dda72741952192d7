/** When a snapshot is due by itself: Redis's `save` rules, and the growth of the log. Pure. */

/** A rule of the option `save`: so many changes within so many seconds. */
export interface SaveRule {
  readonly seconds: number;
  readonly changes: number;
}

export interface SnapshotCircumstances {
  readonly rules: readonly SaveRule[];
  /** Changes since the last snapshot that succeeded, and seconds since then. */
  readonly changes: number;
  readonly secondsSinceSnapshot: number;
  /** Bytes of log that a start would have to replay; 0 without a log. */
  readonly logBytes: number;
  /** Bytes of the snapshot that it builds on; 0 without one. */
  readonly snapshotBytes: number;
  /** `auto-aof-rewrite-percentage`, 0 for never, and `auto-aof-rewrite-min-size`. */
  readonly growthPercentage: number;
  readonly logBytesMin: number;
}

/** Why a snapshot is due, undefined if none is. */
export function dueSnapshot(now: SnapshotCircumstances): string | undefined {
  for (const { seconds, changes } of now.rules) {
    // As in Redis: no rule fires without a change.
    if (now.changes >= Math.max(changes, 1) && now.secondsSinceSnapshot >= seconds) {
      return `${changes} changes in ${seconds} seconds`;
    }
  }
  const { logBytes, snapshotBytes, growthPercentage, logBytesMin } = now;
  if (growthPercentage === 0 || logBytes < logBytesMin) return undefined;
  const growth = snapshotBytes === 0 ? Number.POSITIVE_INFINITY : (logBytes / snapshotBytes) * 100;
  return growth >= growthPercentage ? `the log has grown to ${logBytes} bytes` : undefined;
}
