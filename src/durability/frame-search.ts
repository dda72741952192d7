/** Looks for frames where none should begin: behind damage, at every byte. */
import type { DiskFile } from "../host/disk.js";
import { FRAME_HEAD_BYTES, type FrameHead, readFrameHead } from "./frames.js";

const BLOCK_BYTES = 2 ** 20;
const ZEROS: Buffer = Buffer.alloc(BLOCK_BYTES);

export interface FrameSearch {
  readonly file: DiskFile;
  readonly salt: number;
  /** Of the file, where to begin. */
  readonly offset: number;
  /** Gets every frame whose head is sound, whatever is left of its payload, and ends the search by answering true. */
  readonly visit: (frame: FrameHead, offset: number) => boolean;
}

/**
 * Answers where what is not zero ends in the file, as far as it was searched: the offset behind the last such byte, or
 * `offset` if there is none. Rejects with a `HostError`.
 */
export async function searchFrames({ file, salt, offset, visit }: FrameSearch): Promise<number> {
  let usedEnd = offset;
  const blockBytes = Math.max(FRAME_HEAD_BYTES, Math.min(BLOCK_BYTES, (await file.size()) - offset));
  const block = Buffer.allocUnsafeSlow(blockBytes);
  for (let start = offset; ; ) {
    const length = await file.read(block, start);
    if (block.compare(ZEROS, 0, length, 0, length) !== 0) {
      for (let at = 0; at < length; at++) {
        if (block[at] !== 0) usedEnd = start + at + 1;
        const frame = readFrameHead(block, { at, end: length, salt });
        if (frame !== undefined && visit(frame, start + at)) return usedEnd;
      }
    }
    if (length < blockBytes) return usedEnd;
    // A head may lie across the edge of two blocks.
    start += length - (FRAME_HEAD_BYTES - 1);
  }
}
