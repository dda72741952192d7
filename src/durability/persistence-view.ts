/**
 * What server, commands and operators see of the log and the snapshots. They ask here and are told here; how anything
 * gets to a disk is not theirs to know.
 *
 * A *position* counts the bytes of all batches of changes since the node's stream of them began (change-stream.ts).
 */

import type { DurationHistogram } from "../base/duration-histogram.js";
import type { Backups } from "./backups.js";

/** What was kept is being read: no command may look at keys yet. */
export interface LoadingProgress {
  readonly startedWallMs: number;
  /** Of snapshot and log together. */
  readonly totalBytes: number;
  readonly loadedBytes: number;
}

/** What a snapshot is for: to be one, or to make a part of the log superfluous. The file is the same. */
export type SnapshotPurpose = "save" | "rewrite";

export interface SnapshotUnderWay {
  readonly purpose: SnapshotPurpose;
  readonly startedWallMs: number;
  readonly keysWritten: number;
  readonly keysTotal: number;
}

/** How snapshots for one purpose went, as INFO tells it. */
export interface SnapshotTally {
  /** One is to begin when the one under way is done. */
  readonly isScheduled: boolean;
  /** Those that succeeded since the node started. */
  readonly count: number;
  /** Whether the last one did; true while there was none. */
  readonly isLastOk: boolean;
  /** How long the last one took; -1 while there was none. */
  readonly lastSeconds: number;
}

export interface SnapshotFacts {
  readonly underWay: SnapshotUnderWay | null;
  /** Unix seconds of the last one that succeeded; of the node's start while there was none. */
  readonly lastSaveWallSeconds: number;
  readonly save: SnapshotTally;
  readonly rewrite: SnapshotTally;
}

/** The log as INFO shows it. */
export interface LogFacts {
  /** On the disk now, and after the last snapshot. */
  readonly currentBytes: number;
  readonly baseBytes: number;
  /** Told to the log and not yet given to the system. */
  readonly bufferedBytes: number;
  readonly isSyncing: boolean;
  /** Writes that waited because a sync took so long. */
  readonly delayedSyncs: number;
  readonly isLastWriteOk: boolean;
  /** Files, the one being written included. */
  readonly segments: number;
  /** How long the disk took to make what was written last, since the log was switched on. */
  readonly syncTimes: Readonly<DurationHistogram>;
  /** How often it failed for good. A full disk is no failure. */
  readonly failures: number;
}

export interface PersistenceView {
  readonly loading: LoadingProgress | null;

  /** Whether replies wait for the log (`appendfsync always`). */
  readonly gates: boolean;
  /** Behind the last batch. */
  readonly position: number;
  /** Behind the last batch that touched a slot. */
  positionOf(slot: number): number;
  /** What lies below survives a loss of power. */
  readonly durablePosition: number;
  /** After a sync that failed: nobody knows of what lies above. Infinity if there is no doubt. */
  readonly inDoubtFrom: number;

  /** Why writes are refused, as the whole error line; null if they are not. */
  readonly refusal: string | null;
  /**
   * Whether a write whose request has so many bytes may be executed now, since what it changes will find its place in the
   * log. If not, it is refused for `refusal`, or else is to wait. Asked before every write while there is a log: cheap.
   */
  hasRoomFor(requestBytes: number): boolean;

  readonly snapshots: SnapshotFacts;
  /** Null if there is none. */
  readonly log: LogFacts | null;
  /**
   * Writes a snapshot: now, or after the one under way; two that wait for the same purpose are one. Resolves when it lasts,
   * or with a line that says why there is none.
   */
  snapshot(purpose: SnapshotPurpose): Promise<string | undefined>;

  readonly backups: Backups;

  /**
   * Calls `listener` soon after the durable position has moved, doubt arose or was settled, loading began or ended, there is
   * room again, or `gates` or `refusal` changed; never within another call of this interface. Returns the way to end that.
   */
  subscribe(listener: () => void): () => void;
}

/** What `refusal` says while the log takes nothing: Redis's words. */
export function logRefusal(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

/** What `refusal` says after a snapshot failed that was all there is to keep. */
export const SNAPSHOT_REFUSAL =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify " +
  "the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails " +
  "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
