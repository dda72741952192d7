/**
 * Reads a snapshot and gives its batches to whoever loads or checks them. Every byte of the file is under a checksum, and a
 * file without its end is no snapshot. Reading goes on while a part is loaded, in slices between which others have a turn.
 */
import type { Checksum } from "../base/crc32.js";
import type { Clock } from "../host/clock.js";
import type { Disk, DiskFile } from "../host/disk.js";
import type { Timers } from "../host/timers.js";
import { ReplayFailure } from "../keyspace/replay.js";
import { FILE_HEAD_BYTES, readFileHead } from "./file-head.js";
import {
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_PART,
  FRAME_WHOLE,
  type FrameHead,
  isPayloadSound,
  PAYLOAD_BYTES_MAX,
  readFrameHead,
} from "./frames.js";
import { readSnapshotEnd, type SnapshotEnd } from "./snapshot-end.js";

/** Asked of the disk at once, while what came before is loaded. */
const READ_BYTES = 2 ** 22;
/** What is left of a read is less than a frame; the next read is put behind it. */
const LEFT_BYTES_MAX = FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX;

const SLICE_MS = 5;

/** Where batches go: a `Replay`, or somebody who only looks. Answers how many of the bytes are whole batches. */
export interface BatchTarget {
  apply(bytes: Buffer, start: number, end: number): number;
}

export interface SnapshotReading {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  readonly path: string;
  /** The number in the file's name, if it is to be checked. */
  readonly sequence?: number;
  readonly target: BatchTarget;
  /** Told of each read how many bytes of the file are done. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface SnapshotContents extends SnapshotEnd {
  /** Of the change stream, where the writing of the snapshot began. */
  readonly startPosition: number;
  readonly bytes: number;
}

/** The file is not a whole snapshot that this program can read. What was read of it until then is of no use. */
export class UnusableSnapshot extends Error {
  override readonly name = "UnusableSnapshot";

  constructor(
    readonly path: string,
    /** Where in the file. */
    readonly offset: number,
    readonly reason: string,
    /** It is of a format that is not known here, and may be whole. */
    readonly isNewer = false,
  ) {
    super(`${path}: ${reason} (at byte ${offset})`);
  }
}

/** Rejects with `UnusableSnapshot`, or with what the disk rejects with. */
export async function readSnapshot(reading: SnapshotReading): Promise<SnapshotContents> {
  const file = await reading.disk.open(reading.path, "read");
  try {
    return await new SnapshotReader(reading, file, await file.size()).read();
  } finally {
    await file.close();
  }
}

class SnapshotReader {
  readonly #reading: SnapshotReading;
  readonly #file: DiskFile;
  readonly #size: number;
  #salt = 0;
  /** Read into by turns: each has room for what is left of the other before `LEFT_BYTES_MAX`. */
  readonly #windows: [Buffer, Buffer];
  /** Payload bytes of the frames before. */
  #payloadBytes = 0;
  /** Payloads of the batch that goes on in the next frame, and where the first of them is in the file. */
  readonly #parts: Buffer[] = [];
  #partsOffset = 0;
  #end: SnapshotEnd | undefined;
  #sliceEndMs: number;

  constructor(reading: SnapshotReading, file: DiskFile, size: number) {
    this.#reading = reading;
    this.#file = file;
    this.#size = size;
    const window = LEFT_BYTES_MAX + Math.min(READ_BYTES, size);
    this.#windows = [Buffer.allocUnsafeSlow(window), Buffer.allocUnsafeSlow(window)];
    this.#sliceEndMs = reading.clock.monotonicMs() + SLICE_MS;
  }

  async read(): Promise<SnapshotContents> {
    const startPosition = await this.#readHead();
    let [window, other] = this.#windows;
    let start = LEFT_BYTES_MAX;
    let offset = FILE_HEAD_BYTES;
    let read = this.#fill(window, offset);
    for (;;) {
      const length = await read;
      // Of the byte at `start` the offset in the file; of the first byte behind what was read.
      const behind = offset + length;
      if (length > 0) read = this.#fill(other, behind);
      const end = LEFT_BYTES_MAX + length;
      start = await this.#readFrames(window, start, end, behind - (end - start));
      this.#reading.onProgress?.(behind - (end - start), this.#size);
      if (length === 0) break;
      const left = end - start;
      window.copy(other, LEFT_BYTES_MAX - left, start, end);
      start = LEFT_BYTES_MAX - left;
      offset = behind;
      [window, other] = [other, window];
    }
    const left = LEFT_BYTES_MAX - start;
    if (this.#end === undefined) {
      if (left === 0) throw this.#unusable(this.#size, "it ends without its end frame");
      throw this.#unusable(this.#size - left, "a frame is damaged, or the file ends within it");
    }
    if (left > 0) throw this.#unusable(this.#size - left, "something follows its end frame");
    return { ...this.#end, startPosition, bytes: this.#size };
  }

  async #readHead(): Promise<number> {
    const bytes = Buffer.alloc(Math.min(FILE_HEAD_BYTES, this.#size));
    await this.#file.read(bytes, 0);
    const reading = readFileHead(bytes, "TORUSSNP");
    if (reading.kind === "blank") throw this.#unusable(0, "it is empty");
    if (reading.kind !== "head") throw this.#unusable(0, reading.reason, reading.kind === "newer");
    const { salt, sequence, position } = reading.head;
    const { sequence: expected = sequence } = this.#reading;
    if (sequence !== expected)
      throw this.#unusable(0, `it is number ${sequence}, and its name says ${expected}`);
    this.#salt = salt;
    return position;
  }

  /** Answers how many bytes there were: 0 at the end of the file. A failure is told when the answer is looked at. */
  #fill(window: Buffer, offset: number): Promise<number> {
    const length = Math.min(READ_BYTES, this.#size - offset);
    if (length <= 0) return Promise.resolve(0);
    const read = this.#file.read(window.subarray(LEFT_BYTES_MAX, LEFT_BYTES_MAX + length), offset);
    read.catch(() => {});
    return read;
  }

  /** Answers where what is no whole frame begins. `offset` is where `start` is in the file. */
  async #readFrames(window: Buffer, start: number, end: number, offset: number): Promise<number> {
    let at = start;
    while (this.#end === undefined) {
      const frame = readFrameHead(window, { at, end, salt: this.#salt });
      const payloadAt = at + FRAME_HEAD_BYTES;
      if (frame === undefined) {
        if (end - at >= FRAME_HEAD_BYTES) throw this.#unusable(offset + at - start, "no frame begins here");
        break;
      }
      if (payloadAt + frame.length > end) break;
      this.#readFrame(window, payloadAt, frame, offset + at - start);
      at = payloadAt + frame.length;
      await this.#giveTurns();
    }
    return at;
  }

  #readFrame(window: Buffer, at: number, frame: FrameHead, offset: number): void {
    const { kind, length, position } = frame;
    if (position !== this.#payloadBytes) throw this.#unusable(offset, "a frame is missing or stands twice");
    if (!isPayloadSound(window, { at, frame, salt: this.#salt, checksum: this.#reading.checksum })) {
      throw this.#unusable(offset, "the checksum of a frame does not match");
    }
    this.#payloadBytes += length;
    if (kind === FRAME_PART || kind === FRAME_WHOLE) this.#readBatches(window, at, frame, offset);
    else if (kind === FRAME_END && this.#parts.length === 0) this.#readEnd(window, at, frame, offset);
    else throw this.#unusable(offset, `a frame of kind ${kind} is out of place`);
  }

  #readBatches(window: Buffer, at: number, { kind, length }: FrameHead, offset: number): void {
    if (kind === FRAME_WHOLE && this.#parts.length === 0) {
      this.#apply(window, at, at + length, offset + FRAME_HEAD_BYTES);
      return;
    }
    if (this.#parts.length === 0) this.#partsOffset = offset;
    this.#parts.push(Buffer.from(window.subarray(at, at + length)));
    if (kind === FRAME_PART) return;
    const whole = Buffer.concat(this.#parts);
    this.#parts.length = 0;
    this.#apply(whole, 0, whole.length, this.#partsOffset);
  }

  #apply(bytes: Buffer, start: number, end: number, offset: number): void {
    try {
      if (this.#reading.target.apply(bytes, start, end) === end - start) return;
    } catch (error) {
      if (!(error instanceof ReplayFailure)) throw error;
      throw this.#unusable(offset + error.offset - start, error.message);
    }
    throw this.#unusable(offset, "its frames end within a batch");
  }

  #readEnd(window: Buffer, at: number, { length }: FrameHead, offset: number): void {
    this.#end = readSnapshotEnd({ bytes: window, start: at, end: at + length });
    if (this.#end === undefined) throw this.#unusable(offset, "its end frame makes no sense");
  }

  async #giveTurns(): Promise<void> {
    const { clock, timers } = this.#reading;
    if (clock.monotonicMs() < this.#sliceEndMs) return;
    await new Promise<void>((resolve) => timers.afterTurn(resolve));
    this.#sliceEndMs = clock.monotonicMs() + SLICE_MS;
  }

  #unusable(offset: number, reason: string, isNewer = false): UnusableSnapshot {
    return new UnusableSnapshot(this.#reading.path, offset, reason, isNewer);
  }
}
