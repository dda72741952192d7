/** Counting and finding bits in runs of bytes. Bit 0 is the highest bit of the first byte, as in Redis's bitmaps. */

const BYTE = 8;

/** Bits set among bits `first` to `last` (both included) of the bytes from `start` on; 0 if `first > last`. */
export function countBits(bytes: Buffer, start: number, first: number, last: number): number {
  if (first > last) return 0;
  const from = start + Math.floor(first / BYTE);
  const to = start + Math.floor(last / BYTE);
  const head = 0xff >>> (first % BYTE);
  const tail = (0xff << (BYTE - 1 - (last % BYTE))) & 0xff;
  if (from === to) return ones(bytes[from]! & head & tail);
  return ones(bytes[from]! & head) + countWhole(bytes, from + 1, to) + ones(bytes[to]! & tail);
}

export interface BitSearch {
  readonly first: number;
  readonly last: number;
  readonly bit: number;
}

/** The first bit of a value among bits `first` to `last` of the bytes from `start` on, or -1. */
export function findBit(bytes: Buffer, start: number, { first, last, bit }: BitSearch): number {
  const skipped = bit === 1 ? 0 : 0xff;
  let at = first;
  while (at <= last) {
    const byte = bytes[start + Math.floor(at / BYTE)]!;
    if (at % BYTE === 0 && byte === skipped) {
      at += BYTE;
      continue;
    }
    if (((byte >>> (BYTE - 1 - (at % BYTE))) & 1) === bit) return at;
    at++;
  }
  return -1;
}

/** Bits set in whole bytes: four at a time where they are aligned in memory. */
function countWhole(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  for (; at < end && (bytes.byteOffset + at) % 4 !== 0; at++) count += ones(bytes[at]!);
  const wordCount = (end - at) >>> 2;
  if (wordCount > 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, wordCount);
    for (let i = 0; i < wordCount; i++) count += ones(words[i]!);
  }
  for (at += wordCount * 4; at < end; at++) count += ones(bytes[at]!);
  return count;
}

/** Bits set in a 32-bit word (Warren, "Hacker's Delight", 5-1). */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
