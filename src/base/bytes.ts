/** Ranges of bytes that lie within something larger: comparing and copying them without making views. */

/** Bytes `start` to before `end`. Who hands one out says how long it stays valid. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Below this a loop beats a native call. */
const NATIVE_COPY_BYTES = 40;

export function rangeOf(bytes: Uint8Array): ByteRange {
  return { bytes, start: 0, end: bytes.length };
}

/** Copies a range to `at` of `target`, which has the room and is another buffer; returns the offset behind the copy. */
export function copyRange({ bytes, start, end }: ByteRange, target: Uint8Array, at: number): number {
  if (end - start > NATIVE_COPY_BYTES) target.set(bytes.subarray(start, end), at);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = bytes[from]!;
  return at + (end - start);
}

/** The same between buffers, without a range object: for the hot path. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > NATIVE_COPY_BYTES) from.copy(to, at, start, end);
  else for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
}

export function equalRanges(a: ByteRange, b: ByteRange): boolean {
  const length = a.end - a.start;
  if (b.end - b.start !== length) return false;
  for (let i = 0; i < length; i++) if (a.bytes[a.start + i] !== b.bytes[b.start + i]) return false;
  return true;
}

/** The order of unsigned bytes, a prefix before what it begins: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Of parts that belong together. */
export function byteLengthOf(parts: readonly Uint8Array[]): number {
  let byteLength = 0;
  for (const part of parts) byteLength += part.length;
  return byteLength;
}
