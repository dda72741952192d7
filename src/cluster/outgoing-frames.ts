/** Frames (peer-frames.ts) that leave with one write, gathered in memory that is used again and again. */
import { FRAME_HEAD_BYTES, writeFrameHead } from "./peer-frames.js";

const BYTES_MIN = 16 * 1024;
/** What grew beyond this for a few long frames is not kept for the short ones after them. */
const BYTES_KEPT_MAX = 256 * 1024;

export class OutgoingFrames {
  /** Of all frames. */
  byteLength = 0;
  /** Where payloads are written: another buffer after each `begin`. */
  bytes = Buffer.allocUnsafe(BYTES_MIN);

  /** Appends a frame; answers how long it is. */
  add(kind: number, id: number, ...parts: readonly Uint8Array[]): number {
    let payloadBytes = 0;
    for (const part of parts) payloadBytes += part.length;
    let at = this.begin({ kind, id, payloadBytes });
    for (const part of parts) {
      this.bytes.set(part, at);
      at += part.length;
    }
    return FRAME_HEAD_BYTES + payloadBytes;
  }

  /** Appends a frame of which the caller writes the payload, at once; answers where in `bytes`. */
  begin({
    kind,
    id,
    payloadBytes,
  }: {
    readonly kind: number;
    readonly id: number;
    readonly payloadBytes: number;
  }): number {
    const size = FRAME_HEAD_BYTES + payloadBytes;
    const at = this.byteLength;
    if (at + size > this.bytes.length) this.#grow(at + size);
    this.byteLength = at + size;
    return writeFrameHead(this.bytes, at, { kind, id, size });
  }

  /** Gives all of them to `send`, which answers whether their memory may be used again at once. */
  sendBy(send: (frames: Buffer) => boolean): void {
    const isFree = send(this.bytes.subarray(0, this.byteLength));
    this.byteLength = 0;
    if (!isFree || this.bytes.length > BYTES_KEPT_MAX) this.bytes = Buffer.allocUnsafe(BYTES_MIN);
  }

  /** They are not to be sent any more. */
  clear(): void {
    this.byteLength = 0;
  }

  #grow(bytesNeeded: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytesNeeded, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.byteLength);
    this.bytes = larger;
  }
}
