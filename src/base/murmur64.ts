/**
 * MurmurHash64A (Austin Appleby, https://github.com/aappleby/smhasher/blob/master/src/MurmurHash2.cpp), as two words of 32 bits, since JavaScript multiplies
 * no more. Nothing is allocated.
 */

/** The constant that everything is multiplied by. */
const FACTOR_LOW = 0x5bd1e995;
const FACTOR_HIGH = 0xc6a4a793 | 0;
/** Mixing shifts by 47 bits, of which 32 are a word. */
const SHIFT = 47 - 32;

export class Murmur64 {
  /** The words of the hash, signed, after `hash`. */
  low = 0;
  high = 0;

  constructor(readonly seed: number) {}

  hash(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#multiply(length | 0, Math.floor(length / 2 ** 32));
    let low = this.low ^ this.seed;
    let high = this.high;
    const whole = end - (length & 7);
    for (let at = start; at < whole; at += 8) {
      this.#multiply(wordAt(bytes, at), wordAt(bytes, at + 4));
      this.#multiply(this.low ^ (this.high >>> SHIFT), this.high);
      this.#multiply(low ^ this.low, high ^ this.high);
      low = this.low;
      high = this.high;
    }
    if (whole < end) {
      for (let at = end - 1; at >= whole; at--) {
        const place = at - whole;
        if (place < 4) low ^= bytes[at]! << (place << 3);
        else high ^= bytes[at]! << ((place - 4) << 3);
      }
      this.#multiply(low, high);
      low = this.low;
      high = this.high;
    }
    this.#multiply(low ^ (high >>> SHIFT), high);
    this.low ^= this.high >>> SHIFT;
  }

  /** Sets the words to those of a product of 64 bits with the factor. */
  #multiply(low: number, high: number): void {
    const lowHalf = low & 0xffff;
    const highHalf = low >>> 16;
    const cross = highHalf * (FACTOR_LOW & 0xffff) + ((lowHalf * (FACTOR_LOW & 0xffff)) >>> 16);
    const middle = lowHalf * (FACTOR_LOW >>> 16) + (cross % 2 ** 16);
    const carried =
      highHalf * (FACTOR_LOW >>> 16) + Math.floor(cross / 2 ** 16) + Math.floor(middle / 2 ** 16);
    this.low = Math.imul(low, FACTOR_LOW);
    this.high = ((carried | 0) + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) | 0;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
