/**
 * Writes the stream into segments, from where it began until the disk fails it: then it believes nothing the disk says, and
 * takes nothing more. What becomes of the log after that is not its business (write-ahead-log.ts).
 *
 * While one write is under way the next gathers (group commit), so that the disk's pace decides how many share a write,
 * and nobody waits for a timer.
 *
 * Invariant: heads and frames carry a durable mark only for what is certain to survive a loss of power; whoever reads
 * the log refuses to start where a mark is not kept.
 */
import { assert } from "../base/assert.js";
import type { Checksum } from "../base/crc32.js";
import type { DurationHistogram } from "../base/duration-histogram.js";
import type { Clock } from "../host/clock.js";
import { HostError } from "../host/host-error.js";
import type { Random } from "../host/random.js";
import type { Cancel } from "../host/timers.js";
import { type FrameGroup, FrameQueue } from "./frame-queue.js";
import { emptyFrame, FRAME_CLOSED, FRAME_HEAD_BYTES, FRAME_NEXT, FRAME_SEAL } from "./frames.js";
import { isFullDisk, LogSpace, type LogSpaceOptions } from "./log-space.js";
import type { SegmentArchive } from "./segment-archive.js";

/** `appendfsync`: what is written lasts at once, within about a second, or when the system likes. */
export type SyncPolicy = "always" | "everysec" | "no";

/** Writes that nobody waits for come no closer than this: a busy loop would spend itself on system calls. */
const PACE_MS = 1;
/** With so much waiting there is no need to wait for more. */
const BUSY_BYTES = 256 * 1024;
/** How soon a write that met a full disk is tried again. */
const RETRY_MS = 250;
/** A sync that takes longer is told of. */
const SLOW_SYNC_MS = 2000;
const MICROS_PER_MS = 1000;

export interface LogWriterOptions extends Omit<LogSpaceOptions, "isLasting"> {
  readonly clock: Clock;
  readonly random: Random;
  readonly checksum: Checksum;
  readonly archive: SegmentArchive;
  readonly position: number;
  readonly policy: SyncPolicy;
  /** Where it notes how long syncs took, and writes that last at once. */
  readonly syncTimes: DurationHistogram;
  /** What marks are to say: up to where the whole log lasts. */
  readonly mark: () => number;
}

export class LogWriter {
  /** Told when `durable` has risen. */
  onProgress: () => void = () => {};
  /** Told when `shortage` may have changed. */
  onChange: () => void = () => {};
  /** Told once, when `failure` is there. */
  onFailure: () => void = () => {};

  /** Up to here the stream was given to the system. */
  written: number;
  /** What the disk did that cannot be made up for. */
  failure: HostError | undefined;

  readonly #options: LogWriterOptions;
  readonly #queue: FrameQueue;
  #policy: SyncPolicy;
  #space: LogSpace | undefined;
  /** Packed, and not yet written. */
  #group: FrameGroup | undefined;
  /** Up to here the bytes written outlast a loss of power. */
  #lasting: number;
  /** What the last frame, or the head, says. */
  #mark = 0;
  /** Up to here somebody wants the log to last, whatever the policy. */
  #wanted = 0;
  /** Why the last write could not be made. */
  #shortage: HostError | null = null;

  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  /** The next write waits: for the pace, or for a disk that was full. */
  #cancelPause: Cancel | undefined;
  #isIdle = false;
  #isSealDue = false;
  #isStopped = false;
  #isFinishing = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#queue = new FrameQueue(options.position);
    this.#policy = options.policy;
    this.written = this.#lasting = options.position;
  }

  /** Begins a segment, and writes what was taken meanwhile. Rejects with a `HostError`. */
  async begin(): Promise<void> {
    const { random, position } = this.#options;
    const space = await LogSpace.open({ ...this.#options, isLasting: () => this.#policy === "always" });
    this.#mark = this.#options.mark();
    try {
      await space.current.begin({ salt: random.uint32(), position, durable: this.#mark });
    } catch (error) {
      await space.close();
      throw error;
    }
    space.onChange = () => {
      this.onChange();
      this.#pump();
    };
    space.onFailure = (error) => this.#fail(error);
    this.#space = space;
    space.fillAhead();
    this.#pump();
  }

  take(chunk: Buffer, start: number): void {
    if (this.#isStopped) return;
    assert(start === this.#queue.end, "the log misses nothing of the stream");
    this.#queue.push(chunk);
    if (this.#queue.bytes >= BUSY_BYTES && this.#shortage === null) this.#endPause();
    this.#pump();
  }

  /** Up to here the stream outlasts a loss of power: of a chunk in several frames nothing is read again before the last one is there. */
  get durable(): number {
    return this.#queue.wholeUpTo(this.#lasting);
  }

  /** From `always` on, what was written before is synced first. */
  set policy(policy: SyncPolicy) {
    this.#policy = policy;
    this.#pump();
  }

  /** Taken, and not yet written. */
  get queuedBytes(): number {
    return this.#isStopped ? 0 : this.#queue.end - this.written;
  }

  /** For frames, of what is reserved. */
  get freeBytes(): number {
    return this.#space?.freeBytes ?? 0;
  }

  /** Why there is no space for now; null if there is. */
  get shortage(): HostError | null {
    return this.#shortage ?? this.#space?.shortage ?? null;
  }

  /** The segment that is written. */
  get segment(): { readonly path: string; readonly position: number } | undefined {
    return this.#space?.current;
  }

  get isSyncing(): boolean {
    return this.#syncing !== undefined;
  }

  /** Begins to make last what was written, unless that is under way. */
  syncSoon(): void {
    if (!this.#isStopped && this.#lasting < this.written) void this.#own(this.#sync());
  }

  /** Makes the log last up to a position as soon as it is written, whatever the policy. */
  want(position: number): void {
    this.#wanted = Math.max(this.#wanted, position);
    this.#syncIfWanted();
  }

  /** After a while without writes tells how far the log lasts, so that damage there is told from a torn tail. */
  sealIfIdle(): void {
    if (this.#isIdle && this.#mark < this.#options.mark()) {
      this.#isSealDue = true;
      this.#pump();
    }
    this.#isIdle = true;
  }

  /** Writes and syncs all that was taken, and that the log was closed in order. Answers how many bytes found no room. */
  async finish(): Promise<number> {
    this.#isFinishing = true;
    this.#endPause();
    this.#pump();
    while (!this.#isStopped && this.queuedBytes > 0) {
      const underWay = this.#writing ?? this.#space?.filling;
      if (underWay === undefined) break;
      await underWay;
    }
    await this.#writing;
    await this.#own(this.#syncAll());
    const { queuedBytes } = this;
    if (queuedBytes === 0) await this.#own(this.#conclude());
    return queuedBytes;
  }

  async #conclude(): Promise<void> {
    await this.#writeMark(FRAME_CLOSED);
    // Else every orderly end would leave some megabytes of zeros behind.
    if (this.failure === undefined) await this.#space?.current.giveBack();
  }

  /** Believes nothing any more, waits until nothing is under way, and closes the files. Rejects with a `HostError`. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.allSettled([this.#writing, this.#syncing]);
    await this.#space?.close();
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
    if (this.#space === undefined || this.#isStopped || this.#cancelPause !== undefined) return undefined;
    // What was written under another policy lasts before anything is written through.
    if (this.#policy === "always" && this.#lasting < this.written) return this.#syncAll;
    if (this.#group !== undefined) return this.#writeGroup;
    const { current, next } = this.#space;
    if (this.#queue.bytes > 0) {
      if (current.freeBytes > FRAME_HEAD_BYTES) return this.#writeGroup;
      return current.isReserved && next !== undefined ? this.#advance : undefined;
    }
    return this.#isSealDue ? this.#seal : undefined;
  }

  async #writeGroup(): Promise<void> {
    const space = this.#space!;
    const { freeBytes, salt } = space.current;
    const { checksum, mark } = this.#options;
    this.#group ??= this.#queue.pack({ roomBytes: freeBytes, durable: mark(), salt, checksum });
    const group = this.#group;
    const isThrough = this.#policy === "always";
    if (!(await this.#writeFrames(group.parts, isThrough))) return;
    this.#group = undefined;
    this.written = group.end;
    this.#mark = group.durable;
    this.#isIdle = false;
    if (isThrough) this.#reached(group.end);
    else this.#syncIfWanted();
    if (!isThrough && !this.#isFinishing && this.#queue.bytes < BUSY_BYTES) this.#pause(PACE_MS);
    space.fillAhead();
  }

  async #seal(): Promise<void> {
    const mark = this.#options.mark();
    const hasSpace = this.#space!.current.freeBytes >= FRAME_HEAD_BYTES;
    if (hasSpace && !(await this.#writeMark(FRAME_SEAL))) return;
    this.#mark = mark;
    this.#isSealDue = false;
  }

  /**
   * Goes on in the next segment. Its head says that all before it lasts, so that comes first; the last frame of the old one
   * says that there is a next one, so that comes last.
   */
  async #advance(): Promise<void> {
    await this.#syncAll();
    if (this.#isStopped) return;
    const { mark, random, archive } = this.#options;
    const space = this.#space!;
    const durable = mark();
    await space.next!.begin({ salt: random.uint32(), position: this.written, durable });
    if (!(await this.#writeMark(FRAME_NEXT))) return;
    const before = space.advance();
    this.#mark = durable;
    archive.add(before.path, before.position);
    await before.close();
  }

  /** Writes a frame without payload, to last. */
  async #writeMark(kind: number): Promise<boolean> {
    if (this.#isStopped) return false;
    const { salt } = this.#space!.current;
    return await this.#writeFrames(
      [emptyFrame(kind, { position: this.written, durable: this.#options.mark(), salt })],
      true,
    );
  }

  /** Answers whether the frames are written. If the disk is full they are not, and a pause begins. */
  async #writeFrames(parts: readonly Buffer[], isThrough: boolean): Promise<boolean> {
    const { clock, syncTimes } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      await this.#space!.current.write(parts, isThrough);
    } catch (error) {
      if (!(error instanceof HostError) || !isFullDisk(error)) throw error;
      // Nothing is lost: the same bytes are written again, to the same place.
      this.#shortage = error;
      this.#pause(RETRY_MS);
      this.onChange();
      return false;
    }
    if (isThrough) syncTimes.note((clock.monotonicMs() - startMs) * MICROS_PER_MS);
    if (this.#shortage !== null) {
      this.#shortage = null;
      this.onChange();
    }
    return !this.#isStopped;
  }

  #pause(ms: number): void {
    this.#endPause();
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

  #sync(): Promise<void> {
    this.#syncing ??= this.#syncOnce().finally(() => {
      this.#syncing = undefined;
      this.#syncIfWanted();
    });
    return this.#syncing;
  }

  async #syncOnce(): Promise<void> {
    const { clock, log, syncTimes } = this.#options;
    const { written } = this;
    const startMs = clock.monotonicMs();
    try {
      await this.#space!.current.sync();
    } catch (error) {
      // At once: the system may report success to whoever asks again.
      if (error instanceof HostError) this.#fail(error);
      throw error;
    }
    const tookMs = clock.monotonicMs() - startMs;
    syncTimes.note(tookMs * MICROS_PER_MS);
    if (tookMs > SLOW_SYNC_MS) {
      log.warn("The disk took long to sync the log", { tookMs: Math.round(tookMs) });
    }
    if (!this.#isStopped) this.#reached(written);
  }

  /** Resolves when all that was written lasts, or nothing counts any more. */
  async #syncAll(): Promise<void> {
    while (!this.#isStopped && this.#lasting < this.written) await this.#sync();
  }

  #syncIfWanted(): void {
    if (this.#policy !== "always" && this.#lasting < this.#wanted) this.syncSoon();
  }

  #reached(position: number): void {
    if (position <= this.#lasting) return;
    this.#lasting = position;
    this.onProgress();
  }

  // Trouble.

  /** Sees work of the background to its end: what the disk refuses is a failure; all else is our own mistake. */
  async #own(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#fail(error);
    }
  }

  #fail(error: HostError): void {
    if (this.#isStopped) return;
    this.failure = error;
    this.#stop();
    this.onFailure();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#endPause();
    this.#space?.halt();
    this.#queue.restart(this.written);
    this.#group = undefined;
    this.#shortage = null;
  }
}
