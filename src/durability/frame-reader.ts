/** Reads the frames of a file one after the other, ahead of whoever uses them, and copies hardly anything. */
import type { Checksum } from "../base/crc32.js";
import type { DiskFile } from "../host/disk.js";
import {
  FRAME_HEAD_BYTES,
  type FrameHead,
  isPayloadSound,
  PAYLOAD_BYTES_MAX,
  readFrameHead,
} from "./frames.js";

const BLOCK_BYTES = 2 * 2 ** 20;
/** Of one block less than a frame may have to be put before the next. */
const CARRY_BYTES_MAX = FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX;

export interface FrameReaderOptions {
  readonly file: DiskFile;
  readonly salt: number;
  readonly checksum: Checksum;
  /** Where in the file the first frame begins. */
  readonly offset: number;
  /** Of the whole file. */
  readonly fileBytes: number;
}

export class FrameReader {
  /** Where in the file the next frame begins. */
  offset: number;
  /** Of the frame that was read last; valid until the next call of `next` or `more`. */
  payload: Buffer = Buffer.alloc(0);
  readonly #file: DiskFile;
  readonly #salt: number;
  readonly #checksum: Checksum;
  /** How long blocks are, and the space before each for what is left of the one before: less for a short file. */
  readonly #blockBytes: number;
  readonly #carryBytes: number;
  /** What is being used, and what is being read into. */
  #block: Buffer;
  #spare: Buffer;
  #at: number;
  #end: number;
  #readOffset: number;
  /** How many bytes there were, or why they could not be read: told only to who needs them. */
  #reading: Promise<number | Error> | undefined;
  #isAtEnd = false;

  constructor({ file, salt, checksum, offset, fileBytes }: FrameReaderOptions) {
    this.#blockBytes = Math.max(1, Math.min(BLOCK_BYTES, fileBytes - offset));
    this.#carryBytes = this.#at = this.#end = Math.min(CARRY_BYTES_MAX, this.#blockBytes);
    this.#block = Buffer.allocUnsafeSlow(this.#carryBytes + this.#blockBytes);
    this.#spare = Buffer.allocUnsafeSlow(this.#carryBytes + this.#blockBytes);
    this.#file = file;
    this.#salt = salt;
    this.#checksum = checksum;
    this.offset = this.#readOffset = offset;
  }

  /** The next frame of what is in memory, if a sound one lies there whole; its payload is then `payload`. */
  next(): FrameHead | undefined {
    const frame = readFrameHead(this.#block, { at: this.#at, end: this.#end, salt: this.#salt });
    if (frame === undefined) return undefined;
    const at = this.#at + FRAME_HEAD_BYTES;
    const end = at + frame.length;
    if (end > this.#end) return undefined;
    if (!isPayloadSound(this.#block, { at, frame, salt: this.#salt, checksum: this.#checksum }))
      return undefined;
    this.payload = this.#block.subarray(at, end);
    this.#at = end;
    this.offset += FRAME_HEAD_BYTES + frame.length;
    return frame;
  }

  /**
   * To be called when there is no next frame: reads more of the file. Answers whether there may be one now; if not, none
   * begins at `offset`. Rejects with a `HostError`.
   */
  async more(): Promise<boolean> {
    const rest = this.#end - this.#at;
    // So much would have been a frame.
    if (this.#isAtEnd || rest >= this.#carryBytes) return false;
    const length = await (this.#reading ?? this.#read());
    if (length instanceof Error) throw length;
    this.#block.copy(this.#spare, this.#carryBytes - rest, this.#at, this.#end);
    [this.#block, this.#spare] = [this.#spare, this.#block];
    this.#at = this.#carryBytes - rest;
    this.#end = this.#carryBytes + length;
    this.#readOffset += length;
    this.#isAtEnd = length < this.#blockBytes;
    this.#reading = this.#isAtEnd ? undefined : this.#read();
    return length > 0;
  }

  /** To be called before the file is closed: waits for what is being read ahead. */
  async stop(): Promise<void> {
    await this.#reading;
  }

  #read(): Promise<number | Error> {
    const into = this.#spare.subarray(this.#carryBytes);
    return this.#file.read(into, this.#readOffset).catch((error: Error) => error);
  }
}
