/**
 * One file of the log, being written: space is reserved by zeros ahead of the frames, so that neither a full disk nor a
 * change of the file's length meets a write that somebody waits for. Knows places in the file, not what is written there.
 */
import type { Disk, DiskFile } from "../host/disk.js";
import { FILE_HEAD_BYTES, type FileHead, fileHeadBytes } from "./file-head.js";
import { FRAME_HEAD_BYTES } from "./frames.js";
import { segmentPath } from "./segment-files.js";

/** Reserves space. Never written to. */
const ZEROS: Buffer = Buffer.alloc(2 ** 20);

/** Room for the head, one frame with a little payload and the last frame. */
export const SEGMENT_BYTES_MIN = FILE_HEAD_BYTES + 4 * FRAME_HEAD_BYTES;

export interface SegmentPlace {
  readonly disk: Disk;
  readonly directory: string;
  readonly sequence: number;
  /** The file never gets longer. */
  readonly bytesMax: number;
}

export class Segment {
  /** Where the next frame goes. */
  offset = FILE_HEAD_BYTES;
  /** Up to where there is space for sure. */
  reservedBytes = 0;
  /** Seeds the checksums of the frames. Known, as is `position`, once the segment has begun. */
  salt = 0;
  /** Of the stream, where the segment begins. */
  position = 0;

  private constructor(
    readonly path: string,
    readonly sequence: number,
    readonly bytesMax: number,
    private readonly file: DiskFile,
    /** The same file; its writes last when they resolve. */
    private readonly through: DiskFile,
    /**
     * The same file, for the work in the background: a system tells of a failed sync but once for each time that a file
     * was opened, and whoever waits for the log's own must not be the one who is not told.
     */
    private readonly ahead: DiskFile,
  ) {}

  /** Creates the file, which has no space yet. Its name lasts. */
  static async create({ disk, directory, sequence, bytesMax }: SegmentPlace): Promise<Segment> {
    const path = segmentPath(directory, sequence);
    const opened = [await disk.open(path, "create")];
    try {
      await disk.syncDirectory(directory);
      opened.push(await disk.open(path, "write-through"), await disk.open(path, "write"));
      const [file, through, ahead] = opened;
      return new Segment(path, sequence, bytesMax, file!, through!, ahead!);
    } catch (error) {
      for (const file of opened) await file.close();
      throw error;
    }
  }

  /**
   * Bytes of frames for which there is space. The last frame of a segment, which has no payload, always fits. So zeros
   * follow every other, and a file that was cut off is told from one that ends.
   */
  get freeBytes(): number {
    return Math.max(0, this.reservedBytes - FRAME_HEAD_BYTES - this.offset);
  }

  get isReserved(): boolean {
    return this.reservedBytes >= this.bytesMax;
  }

  /** Writes up to so many zeros behind what is reserved. Answers where they end: they count when the caller says so. */
  async lengthen(bytes: number): Promise<number> {
    const end = Math.min(this.reservedBytes + bytes, this.bytesMax);
    for (let at = this.reservedBytes; at < end; at += ZEROS.length) {
      await this.ahead.write([ZEROS.subarray(0, Math.min(ZEROS.length, end - at))], at);
    }
    return end;
  }

  /** Makes the zeros last. */
  syncSpace(): Promise<void> {
    return this.ahead.sync();
  }

  /** Puts the head into a file that has the space, to last. */
  async begin(head: Pick<FileHead, "salt" | "position" | "durable">): Promise<void> {
    this.salt = head.salt;
    this.position = head.position;
    await this.through.write([fileHeadBytes({ magic: "TORUSLOG", sequence: this.sequence, ...head })], 0);
  }

  /** Writes frames. `through`: they last when it resolves, which says nothing of what was written before them. */
  async write(parts: readonly Buffer[], through: boolean): Promise<void> {
    await (through ? this.through : this.file).write(parts, this.offset);
    for (const part of parts) this.offset += part.length;
  }

  /** Makes all writes last that resolved before it was called. */
  sync(): Promise<void> {
    return this.file.sync();
  }

  /** Gives back the space behind the last frame, after which nothing comes. */
  giveBack(): Promise<void> {
    return this.file.truncate(this.offset);
  }

  async close(): Promise<void> {
    for (const file of [this.through, this.ahead, this.file]) await file.close();
  }
}
