/**
 * The log: a consumer of the change stream that puts it on disk and says up to where it lasts. Nothing here blocks the
 * loop, and no call of `take` fails: the log is in trouble, and says so. How bytes get to the disk is `log-writer.ts`'s
 * business; here is what outlives a writer: failures and what heals them, segments of earlier times, and who waits.
 */
import { assert } from "../base/assert.js";
import type { Checksum } from "../base/crc32.js";
import { DurationHistogram } from "../base/duration-histogram.js";
import type { Clock } from "../host/clock.js";
import type { Disk } from "../host/disk.js";
import { HostError } from "../host/host-error.js";
import type { Log } from "../host/log.js";
import type { Random } from "../host/random.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { StreamConsumer } from "./change-stream.js";
import { DurableWaiters } from "./durable-waiters.js";
import { LogWriter, type SyncPolicy } from "./log-writer.js";
import { SEGMENT_BYTES_MIN } from "./segment.js";
import { SegmentArchive } from "./segment-archive.js";

export type { SyncPolicy } from "./log-writer.js";

/**
 * `full`: the disk is; it heals by itself. `failed`: of what lies above `durablePosition` nothing is known. The log then
 * takes nothing until `startAfresh`, and is `ok` again when `trim` says that a snapshot holds what it lacks.
 */
export type LogState = "ok" | "full" | "failed";

const SEGMENT_BYTES = 64 * 2 ** 20;
/** With more than this waiting the disk does not keep up, and whoever makes changes should wait too. */
const CONGESTED_BYTES = 64 * 2 ** 20;
/** How often `everysec` syncs, and how long a log is idle before its tail is sealed. */
const TICK_MS = 1000;

export interface WriteAheadLogOptions {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly checksum: Checksum;
  /** It is there, and was read by `readLog`. */
  readonly directory: string;
  /** Where the stream goes on, and the number of the first new segment: `readLog` answers both. */
  readonly position: number;
  readonly sequence: number;
  readonly policy: SyncPolicy;
  /** How long a segment gets; 64 MiB if absent. */
  readonly segmentBytes?: number;
}

/** After a failure: up to where the log lasted, and where it went on. What lies between is in no segment. */
interface Gap {
  readonly durable: number;
  readonly end: number;
}

export class WriteAheadLog implements StreamConsumer {
  /** Told when `durablePosition` has risen. */
  onProgress: (durable: number) => void = () => {};
  /** Told when `state` has changed, and of every failure. */
  onTrouble: (state: LogState) => void = () => {};
  /** Syncs that were due while the one before them was still under way. */
  delayedSyncs = 0;
  /** How long syncs took, and writes that last at once. */
  readonly syncTimes = new DurationHistogram();
  failures = 0;

  readonly #options: WriteAheadLogOptions;
  readonly #archive: SegmentArchive;
  readonly #waiters = new DurableWaiters();
  #nextSequence: number;
  #policy: SyncPolicy;
  #writer: LogWriter;
  #gap: Gap | undefined;
  /** Of the writer before, while the gap is there. */
  #failure: HostError | undefined;
  #restarting: Promise<void> | undefined;
  #toldState: LogState = "ok";
  #cancelTick: Cancel = () => {};
  #isClosed = false;

  private constructor(options: WriteAheadLogOptions, archive: SegmentArchive) {
    this.#options = options;
    this.#archive = archive;
    this.#nextSequence = options.sequence;
    this.#policy = options.policy;
    this.#writer = this.#createWriter(options.position);
  }

  /** Makes what was read of the log last, and begins a segment. Rejects with a `HostError`. */
  static async create(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
    assert((options.segmentBytes ?? SEGMENT_BYTES) >= SEGMENT_BYTES_MIN, "a segment holds a frame");
    const log = new WriteAheadLog(options, await SegmentArchive.open(options));
    await log.#writer.begin();
    log.#cancelTick = options.timers.every(TICK_MS, () => log.#tick());
    return log;
  }

  take(chunk: Buffer, start: number): void {
    this.#writer.take(chunk, start);
  }

  get policy(): SyncPolicy {
    return this.#policy;
  }

  set policy(policy: SyncPolicy) {
    this.#policy = policy;
    this.#writer.policy = policy;
  }

  /** Up to here the stream survives a loss of power: in the log, or in what `trim` was told of. */
  get durablePosition(): number {
    return this.#gap?.durable ?? this.#writer.durable;
  }

  /** Up to here the log was given to the system, and survives the end of this process. */
  get writtenPosition(): number {
    return this.#writer.written;
  }

  get state(): LogState {
    if (this.#failure !== undefined) return "failed";
    return this.#writer.shortage === null ? "ok" : "full";
  }

  /** Why the state is not `ok`, for operators; empty if it is. */
  get reason(): string {
    return (this.#failure ?? this.#writer.shortage)?.message ?? "";
  }

  /** Whether the log has failed and takes nothing any more: `startAfresh` is the only way on. */
  get needsFreshStart(): boolean {
    return this.#writer.failure !== undefined && this.#restarting === undefined && !this.#isClosed;
  }

  /** Bytes that the log can take without asking the disk for more. */
  get room(): number {
    return Math.max(0, this.#writer.freeBytes - this.queuedBytes);
  }

  /** Taken, and not yet given to the system. */
  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  get isCongested(): boolean {
    return this.queuedBytes > CONGESTED_BYTES;
  }

  get isSyncing(): boolean {
    return this.#writer.isSyncing;
  }

  /** Files of the log, the one being written included. */
  get segments(): number {
    return this.#archive.count + (this.#writer.segment === undefined ? 0 : 1);
  }

  /** Bytes of the stream that are in the log. */
  get sizeBytes(): number {
    return this.bytesSince(this.#archive.position ?? this.#writer.segment?.position ?? this.#writer.written);
  }

  bytesSince(position: number): number {
    return Math.max(0, this.#writer.written - position);
  }

  /** Resolves when the log lasts up to a position, for which it is synced at once. Rejects if it fails, or is closed, before. */
  async whenDurable(position: number): Promise<void> {
    if (position <= this.durablePosition) return;
    if (this.#isClosed) throw closedError();
    if (this.needsFreshStart) throw this.#failure!;
    const waiting = this.#waiters.wait(position);
    this.#writer.want(position);
    await waiting;
  }

  /**
   * After a failure: takes the stream again, from a position on, in a new segment. Call it in the turn in which the stream
   * is there. The state stays `failed`: what lies before is for a snapshot to hold. Rejects with a `HostError`; it may
   * then be called again.
   */
  startAfresh(position: number): Promise<void> {
    assert(this.needsFreshStart, "only a log that failed starts afresh");
    this.#restarting = this.#restart(position).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /**
   * A snapshot holds all below a position: segments that say nothing of what lies above are removed, and a log that failed
   * and was started afresh not above that position is healed.
   */
  async trim(position: number): Promise<void> {
    const isRunning = this.#writer.failure === undefined && this.#restarting === undefined;
    if (this.#gap !== undefined && isRunning && position >= this.#gap.end) {
      this.#gap = undefined;
      this.#failure = undefined;
      this.#progressed();
      this.#tellState();
    }
    await this.#archive.trim(position, this.#writer.segment?.position ?? Infinity);
  }

  /** Writes and syncs all that was taken, and that the log was closed in order; says so in the operator's log if it cannot. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick();
    await Promise.allSettled([this.#restarting]);
    const lostBytes = await this.#writer.finish();
    if (lostBytes > 0) {
      this.#options.log.error("The end of the log found no room on the disk", { lostBytes });
    }
    this.#waiters.fail(closedError());
    await this.#closeWriter(this.#writer);
  }

  #tick(): void {
    const writer = this.#writer;
    if (this.#policy === "everysec") {
      if (writer.isSyncing && writer.durable < writer.written) this.delayedSyncs++;
      writer.syncSoon();
    }
    writer.sealIfIdle();
  }

  #createWriter(position: number): LogWriter {
    const writer = new LogWriter({
      ...this.#options,
      segmentBytes: this.#options.segmentBytes ?? SEGMENT_BYTES,
      position,
      policy: this.#policy,
      archive: this.#archive,
      syncTimes: this.syncTimes,
      nextSequence: () => this.#nextSequence++,
      mark: () => this.durablePosition,
    });
    writer.onProgress = () => {
      if (this.#gap === undefined) this.#progressed();
    };
    writer.onChange = () => this.#tellState();
    writer.onFailure = () => this.#failed(writer.failure!);
    return writer;
  }

  #failed(error: HostError): void {
    this.#options.log.error(
      "The log on disk failed: what was written after its durable position cannot be trusted",
      {
        error: error.message,
        durablePosition: this.durablePosition,
        writtenPosition: this.writtenPosition,
      },
    );
    this.failures++;
    this.#failure = error;
    this.#waiters.fail(error);
    this.#toldState = "failed";
    this.onTrouble("failed");
  }

  async #restart(position: number): Promise<void> {
    const before = this.#writer;
    const gapBefore = this.#gap;
    this.#gap = { durable: this.durablePosition, end: position };
    const writer = this.#createWriter(position);
    this.#writer = writer;
    try {
      await this.#closeWriter(before);
      await writer.begin();
    } catch (error) {
      this.#gap = gapBefore;
      this.#writer = before;
      throw error;
    }
    if (before.segment !== undefined) this.#archive.add(before.segment.path, before.segment.position);
  }

  /** What the disk still does for a writer must not be taken for news of the next one. */
  async #closeWriter(writer: LogWriter): Promise<void> {
    try {
      await writer.close();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#options.log.warn("A file of the log was not closed in order", { error: error.message });
    }
  }

  #progressed(): void {
    this.#waiters.reached(this.#writer.durable);
    this.onProgress(this.#writer.durable);
  }

  #tellState(): void {
    const { state } = this;
    if (state === this.#toldState) return;
    this.#toldState = state;
    this.#options.log.warn(`The log on disk is ${state}`, { reason: this.reason });
    this.onTrouble(state);
  }
}

function closedError(): HostError {
  return new HostError("ECANCELED", "the log is closed");
}
