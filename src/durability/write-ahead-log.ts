/**
 * The log: a consumer of the change stream that puts it into segments on disk, and says up to where it lasts. While one
 * write is under way the next gathers (group commit), so that the disk's pace decides how many share a write, and nobody
 * waits for a timer. Nothing here blocks the loop, and no call of `take` fails: the log is in trouble, and says so.
 *
 * Invariant: heads and frames carry a durable mark only for what is certain to survive a loss of power; whoever reads
 * the log refuses to start where a mark is not kept.
 * Longer than most files because write, sync, change of segment and failure work on one state.
 */
import { assert } from "../base/assert.js";
import type { Checksum } from "../base/crc32.js";
import type { Clock } from "../host/clock.js";
import type { Disk } from "../host/disk.js";
import { HostError } from "../host/host-error.js";
import type { Log } from "../host/log.js";
import type { Random } from "../host/random.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { StreamConsumer } from "./change-stream.js";
import { DurableWaiters } from "./durable-waiters.js";
import { type FrameGroup, FrameQueue } from "./frame-queue.js";
import { emptyFrame, FRAME_CLOSED, FRAME_HEAD_BYTES, FRAME_NEXT, FRAME_SEAL } from "./frames.js";
import { isFullDisk, LogSpace } from "./log-space.js";
import { SEGMENT_BYTES_MIN } from "./segment.js";
import { SegmentArchive } from "./segment-archive.js";

/** `appendfsync`: what is written lasts at once, within about a second, or when the system likes. */
export type SyncPolicy = "always" | "everysec" | "no";

/**
 * `full`: the disk is; it heals by itself. `failed`: of what lies above `durablePosition` nothing is known. The log then
 * takes nothing until `startAfresh`, and is `ok` again when `trim` says that a snapshot holds what it lacks.
 */
export type LogState = "ok" | "full" | "failed";

const SEGMENT_BYTES = 64 * 2 ** 20;
/** With more than this waiting the disk does not keep up, and whoever makes changes should wait too. */
const CONGESTED_BYTES = 64 * 2 ** 20;
/** Writes that nobody waits for come no closer than this: a busy loop would spend itself on system calls. */
const PACE_MS = 1;
/** With so much waiting there is no need to wait for more. */
const BUSY_BYTES = 256 * 1024;
/** How often `everysec` syncs, and how long a log is idle before its tail is sealed. */
const TICK_MS = 1000;
/** How soon a write that met a full disk is tried again. */
const RETRY_MS = 250;
/** A sync that takes longer is told of. */
const SLOW_SYNC_MS = 2000;

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

  readonly #options: WriteAheadLogOptions;
  readonly #archive: SegmentArchive;
  readonly #queue: FrameQueue;
  readonly #waiters = new DurableWaiters();
  #space!: LogSpace;
  #nextSequence: number;
  #policy: SyncPolicy;
  #written: number;
  /** Of the segments since the last failure. */
  #durable: number;
  /** What the last frame, or the head, says of it. */
  #mark: number;
  /** Packed, and not yet written. */
  #group: FrameGroup | undefined;

  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  /** The next write waits: for the pace, or for a disk that was full. */
  #cancelPause: Cancel | undefined;
  #wasBusy = false;
  #isSealDue = false;

  /** Whether what is taken is written, and what the disk says is believed. */
  #isAccepting = false;
  #restarting: Promise<void> | undefined;
  #failure: HostError | undefined;
  #gap: Gap | undefined;
  /** Why the last write could not be made. */
  #shortage: HostError | null = null;
  #toldState: LogState = "ok";
  #cancelTick: Cancel = () => {};
  #isClosing = false;

  private constructor(options: WriteAheadLogOptions, archive: SegmentArchive) {
    this.#options = options;
    this.#archive = archive;
    this.#queue = new FrameQueue(options.position);
    this.#nextSequence = options.sequence;
    this.#policy = options.policy;
    this.#written = this.#durable = this.#mark = options.position;
  }

  /** Makes what was read of the log last, and begins a segment. Rejects with a `HostError`. */
  static async create(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
    assert((options.segmentBytes ?? SEGMENT_BYTES) >= SEGMENT_BYTES_MIN, "a segment holds a frame");
    const log = new WriteAheadLog(options, await SegmentArchive.open(options));
    await log.#beginSpace(options.position, options.position);
    log.#isAccepting = true;
    log.#space.fillAhead();
    log.#cancelTick = options.timers.every(TICK_MS, () => log.#tick());
    return log;
  }

  take(chunk: Buffer, start: number): void {
    if (!this.#isAccepting && this.#restarting === undefined) return;
    assert(start === this.#queue.end, "the log misses nothing of the stream");
    this.#queue.push(chunk);
    if (this.#queue.bytes >= BUSY_BYTES && this.#shortage === null) this.#endPause();
    this.#pump();
  }

  get policy(): SyncPolicy {
    return this.#policy;
  }

  /** From `always` on, what was written before is synced first. */
  set policy(policy: SyncPolicy) {
    this.#policy = policy;
    this.#pump();
  }

  /** Up to here the log is certain to survive a loss of power, or a snapshot is (see `trim`). */
  get durablePosition(): number {
    return this.#gap?.durable ?? this.#durable;
  }

  /** Up to here the log was given to the system, and survives the end of this process. */
  get writtenPosition(): number {
    return this.#written;
  }

  get state(): LogState {
    if (this.#failure !== undefined) return "failed";
    return this.#shortage !== null || this.#space.shortage !== null ? "full" : "ok";
  }

  /** Whether the log has failed and takes nothing any more; `startAfresh` is the only way on. */
  get needsFreshStart(): boolean {
    return (
      this.#failure !== undefined && !this.#isAccepting && this.#restarting === undefined && !this.#isClosing
    );
  }

  /** Why the state is not `ok`, for operators; empty if it is. */
  get reason(): string {
    return (this.#failure ?? this.#shortage ?? this.#space.shortage)?.message ?? "";
  }

  /** Bytes that the log can still take without asking the disk for more. */
  get room(): number {
    return Math.max(0, this.#space.freeBytes - this.queuedBytes);
  }

  /** Taken, and not yet given to the system. */
  get queuedBytes(): number {
    return this.#queue.end - this.#written;
  }

  get isCongested(): boolean {
    return this.queuedBytes > CONGESTED_BYTES;
  }

  get isSyncing(): boolean {
    return this.#syncing !== undefined;
  }

  /** Bytes of the stream that are in the log. */
  get sizeBytes(): number {
    return this.bytesSince(this.#archive.position ?? this.#space.current.position);
  }

  bytesSince(position: number): number {
    return Math.max(0, this.#written - position);
  }

  /** Resolves when the log lasts up to a position, for which it is synced at once. Rejects if it fails, or is closed, before. */
  async whenDurable(position: number): Promise<void> {
    if (position <= this.durablePosition) return;
    if (!this.#isAccepting) throw this.#failure ?? new HostError("ECANCELED", "the log is closed");
    const waiting = this.#waiters.wait(position);
    this.#syncForWaiters();
    await waiting;
  }

  /**
   * After a failure: takes the stream again, from a position on, in a new segment. Call it in the turn in which the stream
   * is there. The state is still `failed`: what lies before is for a snapshot to hold. Rejects with a `HostError`; it may
   * then be called again.
   */
  startAfresh(position: number): Promise<void> {
    assert(this.needsFreshStart, "only a log that failed starts afresh");
    this.#queue.restart(position);
    this.#restarting = this.#restart(position).finally(() => {
      this.#restarting = undefined;
      if (!this.#isAccepting) this.#queue.restart(this.#written);
      this.#pump();
    });
    return this.#restarting;
  }

  /**
   * A snapshot holds all below a position: segments that say nothing of what lies above are removed, and a log that failed
   * and was started afresh not above that position is healed.
   */
  async trim(position: number): Promise<void> {
    if (this.#gap !== undefined && this.#isAccepting && position >= this.#gap.end) {
      this.#gap = undefined;
      this.#failure = undefined;
      this.#progressed();
      this.#tellState();
    }
    await this.#archive.trim(position, this.#space.current.position);
  }

  /** Writes and syncs all that was taken, and that the log was closed in order; says so in the operator's log if it cannot. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#cancelTick();
    await Promise.allSettled([this.#restarting]);
    await this.#drain();
    if (this.#isAccepting) await this.#own(this.#finish());
    this.#isAccepting = false;
    this.#endPause();
    this.#waiters.fail(new HostError("ECANCELED", "the log is closed"));
    await Promise.all([this.#writing, this.#syncing]);
    await this.#closeSpace();
  }

  // Writing.

  /** Writes what there is to write, unless that is under way. */
  #pump(): void {
    if (this.#writing !== undefined || this.#nextStep() === undefined) return;
    this.#writing = this.#own(this.#write()).finally(() => {
      this.#writing = undefined;
      this.#pump();
    });
  }

  async #write(): Promise<void> {
    for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) await step.call(this);
  }

  #nextStep(): (() => Promise<void>) | undefined {
    if (!this.#isAccepting || this.#cancelPause !== undefined) return undefined;
    // What was written under another policy lasts before anything is written through.
    if (this.#policy === "always" && this.#durable < this.#written) return this.#syncAll;
    if (this.#group !== undefined) return this.#writeGroup;
    const { current, next } = this.#space;
    if (this.#queue.bytes > 0) {
      if (current.freeBytes > FRAME_HEAD_BYTES) return this.#writeGroup;
      return current.isReserved && next !== undefined ? this.#advance : undefined;
    }
    return this.#isSealDue ? this.#seal : undefined;
  }

  async #writeGroup(): Promise<void> {
    const { checksum } = this.#options;
    const { current } = this.#space;
    this.#group ??= this.#queue.pack({
      roomBytes: current.freeBytes,
      durable: this.durablePosition,
      salt: current.salt,
      checksum,
    });
    const group = this.#group;
    const isThrough = this.#policy === "always";
    if (!(await this.#writeFrames(group.parts, isThrough))) return;
    this.#group = undefined;
    this.#written = group.end;
    this.#mark = group.durable;
    this.#wasBusy = true;
    if (isThrough) this.#reached(group.end);
    else this.#syncForWaiters();
    if (!isThrough && !this.#isClosing && this.#queue.bytes < BUSY_BYTES) this.#pause(PACE_MS);
    this.#space.fillAhead();
  }

  /** Answers whether the frames are written. If the disk is full they are not, and a pause begins. */
  async #writeFrames(parts: readonly Buffer[], isThrough: boolean): Promise<boolean> {
    try {
      await this.#space.current.write(parts, isThrough);
    } catch (error) {
      if (!(error instanceof HostError) || !isFullDisk(error)) throw error;
      // Nothing is lost: the same bytes are written again, to the same place.
      this.#shortage = error;
      this.#pause(RETRY_MS);
      this.#tellState();
      return false;
    }
    if (this.#shortage !== null) {
      this.#shortage = null;
      this.#tellState();
    }
    return this.#isAccepting;
  }

  /** After a while without writes tells how far the log lasts, so that damage there is told from a torn tail. */
  async #seal(): Promise<void> {
    const { durablePosition } = this;
    const { current } = this.#space;
    const seal = emptyFrame(FRAME_SEAL, {
      position: this.#written,
      durable: durablePosition,
      salt: current.salt,
    });
    if (current.freeBytes >= seal.length && !(await this.#writeFrames([seal], true))) return;
    this.#mark = durablePosition;
    this.#isSealDue = false;
  }

  /**
   * Goes on in the next segment. Its head says that all before it lasts, so that comes first; the last frame of the old one
   * says that there is a next one, so that comes last.
   */
  async #advance(): Promise<void> {
    await this.#syncAll();
    if (!this.#isAccepting) return;
    const space = this.#space;
    const next = space.next!;
    const position = this.#written;
    const durable = this.durablePosition;
    await next.begin({ salt: this.#options.random.uint32(), position, durable });
    const end = emptyFrame(FRAME_NEXT, { position, durable, salt: space.current.salt });
    if (!(await this.#writeFrames([end], true))) return;
    const before = space.advance();
    this.#mark = durable;
    this.#archive.add(before.path, before.position);
    await before.close();
  }

  #pause(ms: number): void {
    this.#cancelPause?.();
    this.#cancelPause = this.#options.timers.after(ms, () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
  }

  #endPause(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  // Syncing.

  #tick(): void {
    if (!this.#isAccepting) return;
    if (this.#policy === "everysec" && this.#durable < this.#written) {
      if (this.isSyncing) this.delayedSyncs++;
      void this.#own(this.#sync());
    }
    if (!this.#wasBusy && this.#mark < this.durablePosition) {
      this.#isSealDue = true;
      this.#pump();
    }
    this.#wasBusy = false;
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#syncOnce().finally(() => {
      this.#syncing = undefined;
      this.#syncForWaiters();
    });
    return this.#syncing;
  }

  async #syncOnce(): Promise<void> {
    const { clock, log } = this.#options;
    const written = this.#written;
    const startMs = clock.monotonicMs();
    try {
      await this.#space.current.sync();
    } catch (error) {
      // At once: the system may report success to whoever asks again.
      if (error instanceof HostError) this.#fail(error);
      throw error;
    }
    const tookMs = clock.monotonicMs() - startMs;
    if (tookMs > SLOW_SYNC_MS) log.warn("The disk took long to sync the log", { tookMs: Math.round(tookMs) });
    if (this.#isAccepting) this.#reached(written);
  }

  /** Resolves when all that was written lasts, or the log has failed. */
  async #syncAll(): Promise<void> {
    while (this.#isAccepting && this.#durable < this.#written) await this.#sync();
  }

  #syncForWaiters(): void {
    if (!this.#isAccepting || this.#waiters.count === 0 || this.#policy === "always") return;
    if (this.#durable < this.#written) void this.#own(this.#sync());
  }

  #reached(position: number): void {
    if (position <= this.#durable) return;
    this.#durable = position;
    if (this.#gap === undefined) this.#progressed();
  }

  #progressed(): void {
    this.#waiters.reached(this.#durable);
    this.onProgress(this.#durable);
  }

  // Trouble.

  /** Sees work of the background to its end: what the disk refuses is a failure of the log; all else is our own mistake. */
  async #own(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#fail(error);
    }
  }

  #fail(error: HostError): void {
    if (!this.#isAccepting) return;
    this.#isAccepting = false;
    this.#failure = error;
    const { durablePosition } = this;
    this.#options.log.error(
      "The log on disk failed: nothing written after its durable position can be trusted",
      {
        error: error.message,
        durablePosition,
        writtenPosition: this.#written,
      },
    );
    this.#queue.restart(this.#written);
    this.#group = undefined;
    this.#shortage = null;
    this.#endPause();
    this.#space.halt();
    this.#waiters.fail(error);
    this.#toldState = "failed";
    this.onTrouble("failed");
  }

  async #restart(position: number): Promise<void> {
    const { durablePosition } = this;
    // Whatever the disk still does for the old segment must not be taken for news of the new one.
    await Promise.allSettled([this.#writing, this.#syncing]);
    await this.#closeSpace();
    const { current } = this.#space;
    await this.#beginSpace(position, durablePosition);
    this.#archive.add(current.path, current.position);
    this.#gap = { durable: durablePosition, end: position };
    this.#isAccepting = true;
    this.#space.fillAhead();
  }

  /** Creates a segment that begins at a position; all before is known to last up to `durable`. */
  async #beginSpace(position: number, durable: number): Promise<void> {
    const { disk, timers, log, directory, random, segmentBytes = SEGMENT_BYTES } = this.#options;
    const space = await LogSpace.open({
      disk,
      timers,
      log,
      directory,
      segmentBytes,
      nextSequence: () => this.#nextSequence++,
      isLasting: () => this.#policy === "always",
    });
    await space.current.begin({ salt: random.uint32(), position, durable });
    space.onChange = () => {
      this.#tellState();
      this.#pump();
    };
    space.onFailure = (error) => this.#fail(error);
    this.#space = space;
    this.#written = this.#durable = position;
    this.#mark = durable;
  }

  #tellState(): void {
    const { state } = this;
    if (state === this.#toldState) return;
    this.#toldState = state;
    this.#options.log.warn(`The log on disk is ${state}`, { reason: this.reason });
    this.onTrouble(state);
  }

  // The end.

  /** Writes what was taken; on a full disk, what there is space for. */
  async #drain(): Promise<void> {
    this.#endPause();
    this.#pump();
    while (this.#isAccepting && this.queuedBytes > 0) {
      const underWay = this.#writing ?? this.#space.filling;
      if (underWay === undefined) break;
      await underWay;
    }
  }

  async #finish(): Promise<void> {
    await this.#writing;
    await this.#syncAll();
    if (!this.#isAccepting) return;
    const { queuedBytes } = this;
    if (queuedBytes > 0) {
      this.#options.log.error("The end of the log found no room on the disk", { lostBytes: queuedBytes });
      return;
    }
    const { salt } = this.#space.current;
    const position = this.#written;
    await this.#writeFrames(
      [emptyFrame(FRAME_CLOSED, { position, durable: this.durablePosition, salt })],
      true,
    );
  }

  async #closeSpace(): Promise<void> {
    try {
      await this.#space.close();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#options.log.warn("A file of the log was not closed in order", { error: error.message });
    }
  }
}
