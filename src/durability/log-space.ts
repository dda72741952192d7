/**
 * The segment that is written and the next one, and the space in them: kept some megabytes ahead of what is written, in
 * the background. A full disk is found out here, before anybody's write depends on it, and is tried again until it is not.
 */
import type { Disk } from "../host/disk.js";
import { HostError } from "../host/host-error.js";
import type { Log } from "../host/log.js";
import type { Cancel, Timers } from "../host/timers.js";
import { Segment } from "./segment.js";

/** With less than this ahead, more is reserved: at 100 MB/s the time that a slow disk may take for a step. */
const AHEAD_BYTES = 8 * 2 ** 20;
/** Fewer, longer steps would hold up the writes beside them for longer; shorter ones cost more syncs. */
const STEP_BYTES = 4 * 2 ** 20;
/** How soon a full disk is tried again. */
const RETRY_MS = 250;

export interface LogSpaceOptions {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly log: Log;
  readonly directory: string;
  readonly segmentBytes: number;
  /** The number of a new file: each is asked for once. */
  readonly nextSequence: () => number;
  /** Whether space must outlast a power failure before it counts, so that writing to it changes no metadata. */
  readonly isLasting: () => boolean;
}

export class LogSpace {
  /** Told when there is more space, and when the disk became full or is no longer. */
  onChange: () => void = () => {};
  /** Told when the segment that is written can no longer be trusted. */
  onFailure: (error: HostError) => void = () => {};
  /** Why there is no more space for now; null while there is. */
  shortage: HostError | null = null;
  #current: Segment;
  #next: Segment | undefined;
  readonly #options: LogSpaceOptions;
  #filling: Promise<void> | undefined;
  #retry: Cancel | undefined;
  #isHalted = false;
  #isClosed = false;

  private constructor(options: LogSpaceOptions, current: Segment) {
    this.#options = options;
    this.#current = current;
  }

  /** Creates a segment with some space. Rejects with a `HostError`. */
  static async open(options: LogSpaceOptions): Promise<LogSpace> {
    const current = await createSegment(options);
    try {
      await lengthen(current, options.isLasting());
    } catch (error) {
      await discard(current, options);
      throw error instanceof SyncLost ? error.cause : error;
    }
    return new LogSpace(options, current);
  }

  get current(): Segment {
    return this.#current;
  }

  /** Where the log goes on when the current segment is full; undefined while there is none with space. */
  get next(): Segment | undefined {
    return this.#next !== undefined && this.#next.freeBytes > 0 ? this.#next : undefined;
  }

  /** For frames, in both segments. */
  get freeBytes(): number {
    return this.#current.freeBytes + (this.#next?.freeBytes ?? 0);
  }

  /** The work in the background, if there is any now. */
  get filling(): Promise<void> | undefined {
    return this.#filling;
  }

  /** Begins to reserve more, if there is little and that is not under way. */
  fillAhead(): void {
    if (this.#isHalted || this.#filling !== undefined || this.#retry !== undefined || !this.#isShort())
      return;
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** Makes the next segment, which has begun, the current one. Answers the one before it, which is the caller's to close. */
  advance(): Segment {
    const before = this.#current;
    this.#current = this.#next!;
    this.#next = undefined;
    this.fillAhead();
    return before;
  }

  /** Reserves no more. */
  halt(): void {
    this.#isHalted = true;
    this.#retry?.();
    this.#retry = undefined;
  }

  /** Halts and closes the files; the one that was never begun is removed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.halt();
    await this.#filling;
    await this.#drop();
    await this.#current.close();
  }

  #isShort(): boolean {
    if (!this.#current.isReserved) return this.#current.freeBytes < AHEAD_BYTES;
    if (this.#next?.isReserved) return false;
    return this.freeBytes < AHEAD_BYTES;
  }

  async #fill(): Promise<void> {
    while (!this.#isHalted && this.#isShort()) {
      const segment = this.#current.isReserved ? this.#next : this.#current;
      try {
        if (segment === undefined) this.#next = await createSegment(this.#options);
        else await lengthen(segment, this.#options.isLasting());
      } catch (error) {
        await this.#missed(segment, error);
        return;
      }
      this.shortage = null;
      this.onChange();
    }
  }

  async #missed(segment: Segment | undefined, error: unknown): Promise<void> {
    const isSyncLost = error instanceof SyncLost;
    const cause = isSyncLost ? error.cause : error;
    if (!(cause instanceof HostError)) throw error;
    if (segment === this.#current && (isSyncLost || !isFullDisk(cause))) {
      this.onFailure(cause);
      return;
    }
    // What a failed sync leaves of a file cannot be known; nothing is in this one yet.
    if (isSyncLost) await this.#drop();
    if (this.#isHalted) return;
    this.shortage = cause;
    this.#retry = this.#options.timers.after(RETRY_MS, () => {
      this.#retry = undefined;
      this.fillAhead();
    });
    this.onChange();
  }

  async #drop(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) await discard(next, this.#options);
  }
}

/** The disk, or what this user may have of it, is full: that may pass, and has changed nothing. */
export function isFullDisk({ code }: HostError): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

/** A sync failed: `cause` says why. */
class SyncLost extends Error {
  override readonly name = "SyncLost";
}

function createSegment({ disk, directory, segmentBytes, nextSequence }: LogSpaceOptions): Promise<Segment> {
  return Segment.create({ disk, directory, sequence: nextSequence(), bytesMax: segmentBytes });
}

/** Removes a segment that was never begun. If its file stays, it is found empty at the next start. */
async function discard(segment: Segment, { disk, log }: LogSpaceOptions): Promise<void> {
  try {
    await segment.close();
    await disk.remove(segment.path);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    log.warn("An unused file of the log could not be removed", { file: segment.path, error: error.message });
  }
}

async function lengthen(segment: Segment, isLasting: boolean): Promise<void> {
  const end = await segment.lengthen(STEP_BYTES);
  if (isLasting) {
    try {
      await segment.syncSpace();
    } catch (cause) {
      throw new SyncLost("a sync failed", { cause });
    }
  }
  segment.reservedBytes = end;
}
