/** The segments that the log has left behind, of this run and earlier ones, until a snapshot makes them superfluous. */
import type { Disk } from "../host/disk.js";
import { HostError } from "../host/host-error.js";
import type { Log } from "../host/log.js";
import { FRAME_HEAD_BYTES, PAYLOAD_BYTES_MAX } from "./frames.js";
import { listSegments, type SegmentFile } from "./segment-files.js";

const BLOCK_BYTES = 2 ** 20;
const ZEROS: Buffer = Buffer.alloc(BLOCK_BYTES);

interface Archived {
  readonly path: string;
  /** Where it begins; undefined if its head does not say, so that it goes when the next one does. */
  readonly position: number | undefined;
}

export interface SegmentArchiveOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly directory: string;
}

export class SegmentArchive {
  #segments: readonly Archived[];
  readonly #options: SegmentArchiveOptions;
  #trimming: Promise<void> = Promise.resolve();

  private constructor(options: SegmentArchiveOptions, segments: readonly Archived[]) {
    this.#options = options;
    this.#segments = segments;
  }

  /**
   * Finds what is in a directory, after it was read, and makes it last: a process that was killed may have left bytes
   * that were read and yet are on no disk. To sync them is not enough: if a sync had failed before, the system holds them to be
   * written, and would say that all is well. So what no later head vouches for is written once more, where it lies. Files that
   * were never begun are removed. Rejects with a `HostError`.
   */
  static async open(options: SegmentArchiveOptions): Promise<SegmentArchive> {
    const { disk, directory } = options;
    const segments: Archived[] = [];
    const files = await listSegments(disk, directory);
    for (const [index, { path, reading }] of files.entries()) {
      if (reading.kind === "blank") {
        await disk.remove(path);
        continue;
      }
      if (!isVouchedFor(files.slice(index + 1))) await writeAgain(disk, path);
      segments.push({ path, position: reading.kind === "head" ? reading.head.position : undefined });
    }
    return new SegmentArchive(options, segments);
  }

  get count(): number {
    return this.#segments.length;
  }

  /** Where the oldest begins; undefined if there is none. */
  get position(): number | undefined {
    return this.#segments.find(({ position }) => position !== undefined)?.position;
  }

  add(path: string, position: number): void {
    this.#segments = [...this.#segments, { path, position }];
  }

  /**
   * Removes the segments that say nothing of what lies at or above `position`; `next` is where the segment after the last
   * of them begins. What cannot be removed is tried again the next time.
   */
  trim(position: number, next: number): Promise<void> {
    this.#trimming = this.#trimming.then(() => this.#trim(position, next));
    return this.#trimming;
  }

  async #trim(position: number, next: number): Promise<void> {
    const { disk, directory, log } = this.#options;
    const kept = [...this.#segments];
    // From the oldest on, so that what a crash in between leaves is still without a gap.
    for (const { path } of this.#segments.slice(0, countBelow(this.#segments, position, next))) {
      try {
        await disk.remove(path);
        kept.shift();
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        log.warn("A file of the log that is not needed any more could not be removed", {
          file: path,
          error: error.message,
        });
        break;
      }
    }
    const removed = this.#segments.length - kept.length;
    this.#segments = this.#segments.slice(removed);
    if (removed > 0) await this.#syncDirectory(disk, directory, log);
  }

  async #syncDirectory(disk: Disk, directory: string, log: Log): Promise<void> {
    try {
      await disk.syncDirectory(directory);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      // Names that come back do no harm: nobody reads below a snapshot.
      log.warn("The directory of the log could not be synced", { directory, error: error.message });
    }
  }
}

/** A segment holds the stream up to where the lowest of those after it begins. */
function countBelow(segments: readonly Archived[], position: number, next: number): number {
  let end = next;
  for (let count = segments.length; count > 0; count--) {
    if (end <= position) return count;
    end = Math.min(end, segments[count - 1]!.position ?? end);
  }
  return 0;
}

/** Whether the head of the next segment says that all before it lasts. */
function isVouchedFor(later: readonly SegmentFile[]): boolean {
  const next = later.find(({ reading }) => reading.kind !== "blank");
  return next?.reading.kind === "head" && next.reading.head.durable >= next.reading.head.position;
}

/** Most of the space that was only reserved is given back: a node that is killed often would leave some with every start. */
async function writeAgain(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, "write");
  try {
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let usedEnd = 0;
    for (let offset = 0; ; offset += BLOCK_BYTES) {
      const length = await file.read(block, offset);
      const isReserve = block.compare(ZEROS, 0, length, 0, length) === 0;
      if (!isReserve) {
        await file.write([block.subarray(0, length)], offset);
        usedEnd = offset + length;
      }
      if (length < BLOCK_BYTES) break;
    }
    // Behind the last block that is used may lie zeros of its last frame, and zeros must follow that.
    const keptBytes = usedEnd + PAYLOAD_BYTES_MAX + 2 * FRAME_HEAD_BYTES;
    if (keptBytes < (await file.size())) await file.truncate(keptBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
