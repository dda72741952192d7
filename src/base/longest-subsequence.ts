/**
 * The longest common subsequence of two runs of bytes, by bits: of each row of the table of lengths that dynamic programming fills only those places are kept at which the length
 * grows, 32 of them a word (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). With the table in mind, whose cell (i, j) is the length for the first i bytes of one run and
 * the first j of the other: a bit of row i is 0 where cell (i, j) exceeds cell (i, j - 1), which is all that has to be known to walk back from the last cell.
 */
import type { ByteRange } from "./bytes.js";

const WORD_BITS = 32;
const WORD_SIZE = 2 ** 32;
const NO_WORDS = new Int32Array(0);

/** Bytes that both runs have one behind the other: from where to where, both ends included. */
export interface CommonRange {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export class CommonSubsequence {
  readonly length: number;
  readonly #a: ByteRange;
  readonly #b: ByteRange;
  /** Of all rows but the first, one behind the other; none if only the length was asked for. */
  readonly #rows: Int32Array;
  readonly #rowWords: number;

  /** Takes a step for each byte of `a` and each 32 of `b`, and as many words of memory, unless only the length is asked for. */
  constructor(a: ByteRange, b: ByteRange, isLengthOnly: boolean) {
    this.#a = a;
    this.#b = b;
    const aLength = a.end - a.start;
    const words = Math.ceil((b.end - b.start) / WORD_BITS);
    this.#rowWords = words;
    this.#rows = isLengthOnly ? NO_WORDS : new Int32Array(aLength * words);
    const masks = masksOf(a, b, words);
    const row = new Int32Array(words).fill(-1);
    for (let i = 0; i < aLength; i++) {
      step(row, masks[a.bytes[a.start + i]!]!);
      if (!isLengthOnly) this.#rows.set(row, i * words);
    }
    this.length = zerosOf(row, b.end - b.start);
  }

  /**
   * Visits the common ranges from the last one to the first. Where there are several subsequences it is that of Redis: walking back, a byte of `a` is skipped only if
   * that leaves more than to skip one of `b`.
   */
  forEachRange(visit: (range: CommonRange) => void): void {
    const { bytes: aBytes, start: aFirst } = this.#a;
    const { bytes: bBytes, start: bFirst } = this.#b;
    let i = this.#a.end - aFirst;
    let j = this.#b.end - bFirst;
    while (i > 0 && j > 0) {
      if (aBytes[aFirst + i - 1] !== bBytes[bFirst + j - 1]) {
        if (this.#grows(i, j)) i--;
        else j--;
        continue;
      }
      const [aEnd, bEnd] = [i - 1, j - 1];
      while (i > 0 && j > 0 && aBytes[aFirst + i - 1] === bBytes[bFirst + j - 1]) {
        i--;
        j--;
      }
      visit({ aStart: i, aEnd, bStart: j, bEnd });
    }
  }

  /** The subsequence itself. */
  bytes(): Buffer {
    const result = Buffer.allocUnsafe(this.length);
    let end = this.length;
    const { bytes, start } = this.#a;
    this.forEachRange(({ aStart, aEnd }) => {
      end -= aEnd + 1 - aStart;
      result.set(bytes.subarray(start + aStart, start + aEnd + 1), end);
    });
    return result;
  }

  #grows(i: number, j: number): boolean {
    const word = this.#rows[(i - 1) * this.#rowWords + Math.floor((j - 1) / WORD_BITS)]!;
    return ((word >>> ((j - 1) % WORD_BITS)) & 1) === 0;
  }
}

/** By byte of `a`, a bit for each place of `b` that has it. */
function masksOf(a: ByteRange, b: ByteRange, words: number): (Int32Array | undefined)[] {
  const masks: (Int32Array | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (let at = a.start; at < a.end; at++) masks[a.bytes[at]!] ??= new Int32Array(words);
  for (let j = 0; j < b.end - b.start; j++) {
    const mask = masks[b.bytes[b.start + j]!];
    if (mask !== undefined) mask[Math.floor(j / WORD_BITS)]! |= 1 << (j % WORD_BITS);
  }
  return masks;
}

/** Turns a row into the next one, by the places of its byte. */
function step(row: Int32Array, mask: Int32Array): void {
  let carry = 0;
  for (let word = 0; word < row.length; word++) {
    const before = row[word]!;
    const matches = mask[word]!;
    const sum = (before >>> 0) + ((before & matches) >>> 0) + carry;
    carry = sum >= WORD_SIZE ? 1 : 0;
    row[word] = sum | (before & ~matches);
  }
}

function zerosOf(row: Int32Array, bits: number): number {
  let zeros = 0;
  for (let bit = 0; bit < bits; bit++) {
    if (((row[Math.floor(bit / WORD_BITS)]! >>> (bit % WORD_BITS)) & 1) === 0) zeros++;
  }
  return zeros;
}
