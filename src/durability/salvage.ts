/**
 * Reads what can be read of damaged files: every whole batch in every sound frame, wherever damage lies between. Deltas
 * merge, so what comes behind a gap is worth keeping, even if what it builds on is gone.
 */
import type { Checksum } from "../base/crc32.js";
import type { Disk, DiskFile } from "../host/disk.js";
import { FILE_HEAD_BYTES, type Magic, readFileHead, saltOf } from "./file-head.js";
import { FrameReader } from "./frame-reader.js";
import { searchFrames } from "./frame-search.js";
import { FRAME_PART, FRAME_WHOLE, type FrameHead } from "./frames.js";
import { withFile } from "./segment-files.js";

export interface SalvageOptions {
  readonly disk: Disk;
  readonly checksum: Checksum;
  /**
   * Gets batches in the order in which they lie there, valid during the call. What begins behind a gap may begin within
   * a batch: it answers whether what it got are batches from the first byte to the last, and takes nothing if not.
   */
  readonly take: (bytes: Buffer) => boolean;
}

/** Goes through files one after the other, and counts what it could not read. */
export class Salvage {
  /** Of the stream: behind the last frame of all segments. */
  end = 0;
  /** Damaged places, and the bytes that are lost in them or because of them. */
  gaps = 0;
  lostBytes = 0;
  /** Of a batch that goes on in the next frame. */
  #parts: Buffer[] = [];
  readonly #options: SalvageOptions;

  constructor(options: SalvageOptions) {
    this.#options = options;
  }

  /** The segments of the log by their numbers: a batch may begin in one and end in the next. */
  async readLog(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#readFile(path, "TORUSLOG", (position) => {
        if (position !== this.end) this.#loseParts();
      });
    }
    this.#loseParts();
  }

  async readSnapshot(path: string): Promise<void> {
    await this.#readFile(path, "TORUSSNP", () => {});
    this.#loseParts();
  }

  /** `begin` is told the position of the first frame. */
  async #readFile(path: string, magic: Magic, begin: (position: number) => void): Promise<void> {
    await withFile(this.#options.disk, path, async (file) => {
      const head = Buffer.alloc(FILE_HEAD_BYTES);
      const length = await file.read(head, 0);
      const { kind } = readFileHead(head.subarray(0, length), magic);
      if (kind === "blank") return;
      if (kind !== "head") this.#lose(length);
      // Of a damaged head the salt may be sound: then the frames say so.
      if (length === FILE_HEAD_BYTES)
        await this.#readFrames(file, saltOf(head), { isLog: magic === "TORUSLOG", begin });
    });
  }

  async #readFrames(
    file: DiskFile,
    salt: number,
    { isLog, begin }: { isLog: boolean; begin: (position: number) => void },
  ): Promise<void> {
    const options = { file, salt, checksum: this.#options.checksum, fileBytes: await file.size() };
    let isFirst = true;
    for (let offset: number | undefined = FILE_HEAD_BYTES; offset !== undefined; ) {
      const reader: FrameReader = new FrameReader({ ...options, offset });
      for (let frame = await nextFrame(reader); frame !== undefined; frame = await nextFrame(reader)) {
        if (isFirst) begin(frame.position);
        isFirst = false;
        if (isLog) this.end = Math.max(this.end, frame.position + frame.length);
        this.#takeFrame(frame, reader.payload);
      }
      await reader.stop();
      offset = await this.#passGap(file, salt, reader.offset);
    }
  }

  #takeFrame({ kind }: FrameHead, payload: Buffer): void {
    if (kind === FRAME_PART) this.#parts.push(Buffer.from(payload));
    if (kind !== FRAME_WHOLE) return;
    const whole = this.#parts.length === 0 ? payload : Buffer.concat([...this.#parts, payload]);
    this.#parts = [];
    if (!this.#options.take(whole)) this.lostBytes += whole.length;
  }

  /** Answers where the next frame behind a damaged place begins. */
  async #passGap(file: DiskFile, salt: number, offset: number): Promise<number | undefined> {
    let found: number | undefined;
    const usedEnd = await searchFrames({
      file,
      salt,
      offset,
      visit: (_, at) => {
        // The head of the damaged frame itself may be sound.
        if (at === offset) return false;
        found = at;
        return true;
      },
    });
    const end = found ?? usedEnd;
    // Nothing but zeros: the rest of the file was never written to.
    if (end > offset) {
      this.#loseParts();
      this.#lose(end - offset);
    }
    return found;
  }

  #lose(bytes: number): void {
    this.gaps++;
    this.lostBytes += bytes;
  }

  /** What their batch goes on with is not there. */
  #loseParts(): void {
    for (const { length } of this.#parts) this.lostBytes += length;
    this.#parts = [];
  }
}

async function nextFrame(reader: FrameReader): Promise<FrameHead | undefined> {
  for (;;) {
    const frame = reader.next();
    if (frame !== undefined || !(await reader.more())) return frame;
  }
}
