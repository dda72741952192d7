/**
 * A digest of 64 bits, as two lanes of 32: equal for equal input wherever that lies in memory, and else different but for
 * chance. The rounds are those of xxHash32 (Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), twice over with other
 * constants, since JavaScript multiplies no more than 32 bits. It does not resist somebody who wants a collision.
 *
 * Bytes are taken by words of the machine, so that digests of a machine with another byte order differ.
 */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** Fewer bytes are taken one by one: to see them as words takes an object. */
const WORDS_BYTES_MIN = 256;
/** What of a view of words may be cut off at its end. */
const CUT_BYTES = 8;

export class Digest64 {
  /** The lanes; the digest itself after `finish`. Signed. */
  low = 0;
  high = 0;

  begin(): void {
    this.low = PRIME_5 | 0;
    this.high = PRIME_4 | 0;
  }

  word(word: number): void {
    const low = (this.low + Math.imul(word, PRIME_2)) | 0;
    this.low = Math.imul((low << 13) | (low >>> 19), PRIME_1);
    const high = this.high ^ Math.imul(word, PRIME_4);
    this.high = (Math.imul((high << 17) | (high >>> 15), PRIME_3) + PRIME_5) | 0;
  }

  /**
   * Takes bytes `start` to before `end` of the memory that begins with these words. What is taken one call after the other is one input as
   * long as all but the last are whole words; the length is not taken.
   */
  range(words: Int32Array, start: number, end: number): void {
    const whole = (end - start) >>> 2;
    const shift = (start & 3) << 3;
    const first = start >>> 2;
    if (shift === 0) this.#aligned(words, first, first + whole);
    else this.#shifted(words, first, first + whole, shift);
    const rest = (end - start) & 3;
    if (rest === 0) return;
    const at = first + whole;
    let word = words[at]! >>> shift;
    if (shift + (rest << 3) > 32) word |= words[at + 1]! << (32 - shift);
    this.word(word & ((1 << (rest << 3)) - 1));
  }

  /** The same of bytes anywhere. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (end - start >= WORDS_BYTES_MIN) {
      const from = (bytes.byteOffset + start) & ~3;
      const offset = bytes.byteOffset + start - from;
      const length = (end - start - CUT_BYTES) & ~3;
      const words = new Int32Array(bytes.buffer, from, (offset + length + 3) >>> 2);
      this.range(words, offset, offset + length);
      at += length;
    }
    for (; at + 4 <= end; at += 4) {
      this.word(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    }
    if (at === end) return;
    let word = 0;
    for (let shift = 0; at < end; shift += 8) word |= bytes[at++]! << shift;
    this.word(word);
  }

  /** Lets every bit of the input tell on every bit of the digest. */
  finish(): void {
    let { low, high } = this;
    low = mixed(low ^ ((high << 16) | (high >>> 16)));
    high = mixed(high + low);
    this.low = low;
    this.high = high;
  }

  #aligned(words: Int32Array, first: number, end: number): void {
    let { low, high } = this;
    for (let i = first; i < end; i++) {
      const word = words[i]!;
      low = (low + Math.imul(word, PRIME_2)) | 0;
      low = Math.imul((low << 13) | (low >>> 19), PRIME_1);
      high ^= Math.imul(word, PRIME_4);
      high = (Math.imul((high << 17) | (high >>> 15), PRIME_3) + PRIME_5) | 0;
    }
    this.low = low;
    this.high = high;
  }

  #shifted(words: Int32Array, first: number, end: number, shift: number): void {
    if (first === end) return;
    let { low, high } = this;
    let next = words[first]!;
    for (let i = first + 1; i <= end; i++) {
      const before = next;
      next = words[i]!;
      const word = (before >>> shift) | (next << (32 - shift));
      low = (low + Math.imul(word, PRIME_2)) | 0;
      low = Math.imul((low << 13) | (low >>> 19), PRIME_1);
      high ^= Math.imul(word, PRIME_4);
      high = (Math.imul((high << 17) | (high >>> 15), PRIME_3) + PRIME_5) | 0;
    }
    this.low = low;
    this.high = high;
  }
}

function mixed(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 15), PRIME_2);
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_3);
  return mixed ^ (mixed >>> 16);
}
