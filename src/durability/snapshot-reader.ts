/**
 * Reads a snapshot and gives its batches to whoever loads or checks them. Every byte of the file is under a checksum, and a
 * file without its end is no snapshot. Reading goes on while a part is loaded, in slices between which others have a turn.
 */
import { rangeOf } from "../base/bytes.js";
import type { Checksum } from "../base/crc32.js";
import type { Clock } from "../host/clock.js";
import type { Disk, DiskFile } from "../host/disk.js";
import type { Timers } from "../host/timers.js";
import { ReplayFailure } from "../keyspace/replay.js";
import { FILE_HEAD_BYTES, type FileHead, readFileHead } from "./file-head.js";
import { FrameReader } from "./frame-reader.js";
import { FRAME_END, FRAME_HEAD_BYTES, FRAME_PART, FRAME_WHOLE, type FrameHead } from "./frames.js";
import { readSnapshotEnd, type SnapshotEnd } from "./snapshot-end.js";

/** Others have a turn after so much loading. */
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
  /** Payloads of the batch that goes on in the next frame, and where the first of them is in the file. */
  #parts: Buffer[] = [];
  #partsOffset = 0;
  #end: SnapshotEnd | undefined;
  #sliceEndMs: number;

  constructor(reading: SnapshotReading, file: DiskFile, size: number) {
    this.#reading = reading;
    this.#file = file;
    this.#size = size;
    this.#sliceEndMs = reading.clock.monotonicMs() + SLICE_MS;
  }

  async read(): Promise<SnapshotContents> {
    const { salt, position: startPosition } = await this.#readHead();
    const { checksum, onProgress } = this.#reading;
    const place = { offset: FILE_HEAD_BYTES, fileBytes: this.#size };
    const reader = new FrameReader({ file: this.#file, salt, checksum, ...place });
    try {
      let position = 0;
      while (this.#end === undefined) {
        const { offset } = reader;
        const frame = reader.next();
        if (frame === undefined) {
          onProgress?.(offset, this.#size);
          if (await reader.more()) continue;
          throw this.#unusable(
            offset,
            offset < this.#size ? "damaged, or cut off here" : "it ends before its end frame",
          );
        }
        if (frame.position !== position) throw this.#unusable(offset, "a frame is missing or stands twice");
        this.#readFrame(frame, reader.payload, offset);
        position += frame.length;
        await this.#giveTurns();
      }
      if (reader.offset < this.#size) throw this.#unusable(reader.offset, "something follows its end frame");
      onProgress?.(this.#size, this.#size);
      return { ...this.#end, startPosition, bytes: this.#size };
    } finally {
      await reader.stop();
    }
  }

  async #readHead(): Promise<FileHead> {
    const bytes = Buffer.alloc(Math.min(FILE_HEAD_BYTES, this.#size));
    await this.#file.read(bytes, 0);
    const reading = readFileHead(bytes, "TORUSSNP");
    if (reading.kind === "blank") throw this.#unusable(0, "it was never begun");
    if (reading.kind !== "head") throw this.#unusable(0, reading.reason, reading.kind === "newer");
    const { sequence } = reading.head;
    const { sequence: expected = sequence } = this.#reading;
    if (sequence !== expected)
      throw this.#unusable(0, `it is number ${sequence}, and its name says ${expected}`);
    return reading.head;
  }

  #readFrame({ kind }: FrameHead, payload: Buffer, offset: number): void {
    if (kind === FRAME_PART) {
      if (this.#parts.length === 0) this.#partsOffset = offset;
      this.#parts.push(Buffer.from(payload));
    } else if (kind === FRAME_WHOLE && this.#parts.length === 0) {
      this.#apply(payload, offset);
    } else if (kind === FRAME_WHOLE) {
      const whole = Buffer.concat([...this.#parts, payload]);
      this.#parts = [];
      this.#apply(whole, this.#partsOffset);
    } else if (kind === FRAME_END && this.#parts.length === 0) {
      this.#end = readSnapshotEnd(rangeOf(payload));
      if (this.#end === undefined) throw this.#unusable(offset, "its end frame makes no sense");
    } else {
      throw this.#unusable(offset, `a frame of kind ${kind} is out of place`);
    }
  }

  /** `offset` is that of the first frame. */
  #apply(batches: Buffer, offset: number): void {
    try {
      if (this.#reading.target.apply(batches, 0, batches.length) === batches.length) return;
    } catch (error) {
      if (!(error instanceof ReplayFailure)) throw error;
      throw this.#unusable(offset + FRAME_HEAD_BYTES + error.offset, error.message);
    }
    throw this.#unusable(offset, "its frames end within a batch");
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
