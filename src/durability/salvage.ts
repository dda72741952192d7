/**
 * Reads what can be read of damaged segments: every whole batch in every sound frame, wherever damage lies between. Deltas
 * merge, so what comes behind a gap is worth keeping, even if what it builds on is gone.
 */
import type { Checksum } from "../base/crc32.js";
import type { Disk } from "../host/disk.js";
import { FILE_HEAD_BYTES, type FileHead } from "./file-head.js";
import { FrameReader } from "./frame-reader.js";
import { searchFrames } from "./frame-search.js";
import { FRAME_HEAD_BYTES, FRAME_PART, FRAME_WHOLE, type FrameHead } from "./frames.js";
import { listSegments, withFile } from "./segment-files.js";

export interface SalvageOptions {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly directory: string;
  /** Gets whole batches, in the order in which they lie there. Valid during the call. */
  readonly take: (bytes: Buffer) => void;
}

export interface Salvage {
  /** Behind the last frame of all. */
  readonly end: number;
  /** How often sound frames ended before the segment did, and how many bytes could not be read. */
  readonly gaps: number;
  readonly lostBytes: number;
}

export async function salvageLog({ disk, checksum, directory, take }: SalvageOptions): Promise<Salvage> {
  let end = 0;
  let gaps = 0;
  let lostBytes = 0;
  for (const { path, reading } of await listSegments(disk, directory)) {
    if (reading.kind !== "head") continue;
    const { head } = reading;
    const found = await withFile(disk, path, async (file) => {
      const segment = new SegmentSalvage({ head, checksum, take });
      await segment.read(file);
      return segment;
    });
    end = Math.max(end, found.end);
    gaps += found.gaps;
    lostBytes += found.lostBytes;
  }
  return { end, gaps, lostBytes };
}

type SalvagedFile = Parameters<Parameters<typeof withFile>[2]>[0];

class SegmentSalvage {
  end = 0;
  gaps = 0;
  lostBytes = 0;
  /** Parts of a batch whose begin was read; undefined behind a gap, until a batch begins for certain. */
  #parts: Buffer[] | undefined;
  readonly #head: FileHead;
  readonly #checksum: Checksum;
  readonly #take: (bytes: Buffer) => void;

  constructor(options: { head: FileHead; checksum: Checksum; take: (bytes: Buffer) => void }) {
    this.#head = options.head;
    this.#checksum = options.checksum;
    this.#take = options.take;
  }

  async read(file: SalvagedFile): Promise<void> {
    const { salt } = this.#head;
    const options = { file, salt, checksum: this.#checksum, fileBytes: await file.size() };
    let offset: number | undefined = FILE_HEAD_BYTES;
    while (offset !== undefined) {
      const reader: FrameReader = new FrameReader({ ...options, offset });
      await this.#readFrames(reader);
      const brokenAt: number = reader.offset;
      await reader.stop();
      offset = await this.#findNext(file, brokenAt);
      this.#parts = undefined;
      if (offset !== undefined) {
        this.gaps++;
        this.lostBytes += offset - brokenAt;
      }
    }
  }

  async #readFrames(reader: FrameReader): Promise<void> {
    for (;;) {
      const frame = reader.next();
      if (frame === undefined) {
        if (!(await reader.more())) return;
        continue;
      }
      this.end = Math.max(this.end, frame.position + frame.length);
      if (frame.kind === FRAME_PART || frame.kind === FRAME_WHOLE) this.#takeFrame(frame, reader.payload);
    }
  }

  #takeFrame({ kind, position }: FrameHead, payload: Buffer): void {
    // The first frame of a segment may go on with a batch of the segment before.
    if (position === this.#head.position || this.#parts === undefined) {
      this.#parts = kind === FRAME_WHOLE ? [] : undefined;
      // A whole frame behind a gap may be the end of a longer batch: whoever takes it tells by its checksum.
      if (kind === FRAME_WHOLE) this.#take(payload);
      return;
    }
    if (kind === FRAME_PART) {
      this.#parts.push(Buffer.from(payload));
      return;
    }
    this.#take(this.#parts.length === 0 ? payload : Buffer.concat([...this.#parts, payload]));
    this.#parts = [];
  }

  /** Where the next frame behind a damaged place begins. */
  async #findNext(file: SalvagedFile, offset: number): Promise<number | undefined> {
    let found: number | undefined;
    if ((await file.size()) - offset < FRAME_HEAD_BYTES) return undefined;
    await searchFrames({
      file,
      salt: this.#head.salt,
      offset: offset + 1,
      visit: (_, at) => {
        found = at;
        return true;
      },
    });
    return found;
  }
}
