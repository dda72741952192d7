/** Buffers for elements of lists on their way into a block: they grow with long ones, and are not kept so large for the short ones that follow. */

const BUFFER_BYTES = 2048;
const BUFFER_BYTES_KEPT_MAX = 64 * 1024;
/** A buffer for so many bytes gets room for as many again, up to this. */
const GROWTH_BYTES_MAX = 1024 * 1024;

export function newBuffer(): Buffer {
  return Buffer.alloc(BUFFER_BYTES);
}

/** A larger one. */
export function grown(bytesNeeded: number): Buffer {
  return Buffer.allocUnsafe(bytesNeeded + Math.min(bytesNeeded, GROWTH_BYTES_MAX));
}

/** The same, or a new one in place of one that is too large to be kept. */
export function kept(buffer: Buffer): Buffer {
  return buffer.length > BUFFER_BYTES_KEPT_MAX ? newBuffer() : buffer;
}
