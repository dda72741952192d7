/**
 * The name of an entry of a stream, which is its place in it: two unsigned 64-bit integers, milliseconds and a sequence number. Four words,
 * for float64 has no room for all of them; one id serves any number of entries, so that none is allocated on the hot path.
 *
 *     id := milliseconds:u64 sequence:u64                  big-endian: their order is that of bytes
 *     text := milliseconds `-` sequence                    decimal
 */
import { writeDecimal } from "../protocol/decimal-digits.js";

export const ID_BYTES = 16;
/** Two integers of twenty digits and a dash. */
export const ID_DIGITS_MAX = 41;

const TWO_32 = 2 ** 32;
/** High words of safe integers are below this. */
const SAFE_HIGH = 2 ** 21;
const WORD_MAX = TWO_32 - 1;
const DASH = 0x2d;
const ZERO = 0x30;

export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  /** Of safe integers. */
  static of(ms: number, seq: number): StreamId {
    const id = new StreamId();
    id.set(ms, seq);
    return id;
  }

  set(ms: number, seq: number): this {
    this.msHigh = Math.floor(ms / TWO_32);
    this.msLow = ms % TWO_32;
    this.seqHigh = Math.floor(seq / TWO_32);
    this.seqLow = seq % TWO_32;
    return this;
  }

  copyFrom(other: StreamId): this {
    this.msHigh = other.msHigh;
    this.msLow = other.msLow;
    this.seqHigh = other.seqHigh;
    this.seqLow = other.seqLow;
    return this;
  }

  setMin(): this {
    return this.set(0, 0);
  }

  setMax(): this {
    this.msHigh = this.msLow = WORD_MAX;
    return this.setSeqMax();
  }

  setSeqMax(): this {
    this.seqHigh = this.seqLow = WORD_MAX;
    return this;
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  /** The milliseconds as a number: exact below 2^53. */
  get ms(): number {
    return this.msHigh * TWO_32 + this.msLow;
  }

  /** The sequence number as a number: exact below 2^53. */
  get seq(): number {
    return this.seqHigh * TWO_32 + this.seqLow;
  }

  get isSafe(): boolean {
    return this.msHigh < SAFE_HIGH && this.seqHigh < SAFE_HIGH;
  }

  compare(other: StreamId): number {
    return (
      this.msHigh - other.msHigh ||
      this.msLow - other.msLow ||
      this.seqHigh - other.seqHigh ||
      this.seqLow - other.seqLow
    );
  }

  hasMsOf(other: StreamId): boolean {
    return this.msLow === other.msLow && this.msHigh === other.msHigh;
  }

  /** Becomes the next id; false, and nothing changes, if there is none. */
  increment(): boolean {
    if (this.incrementSeq()) return true;
    if (this.msLow === WORD_MAX && this.msHigh === WORD_MAX) return false;
    if (this.msLow === WORD_MAX) {
      this.msLow = 0;
      this.msHigh++;
    } else {
      this.msLow++;
    }
    this.seqHigh = this.seqLow = 0;
    return true;
  }

  /** The same within its millisecond. */
  incrementSeq(): boolean {
    if (this.seqLow < WORD_MAX) {
      this.seqLow++;
    } else if (this.seqHigh < WORD_MAX) {
      this.seqLow = 0;
      this.seqHigh++;
    } else {
      return false;
    }
    return true;
  }

  decrement(): boolean {
    if (this.isZero) return false;
    if (this.seqLow > 0) {
      this.seqLow--;
    } else if (this.seqHigh > 0) {
      this.seqHigh--;
      this.seqLow = WORD_MAX;
    } else {
      this.seqHigh = this.seqLow = WORD_MAX;
      if (this.msLow > 0) {
        this.msLow--;
      } else {
        this.msHigh--;
        this.msLow = WORD_MAX;
      }
    }
    return true;
  }

  read(bytes: Uint8Array, at: number): this {
    this.msHigh = readWord(bytes, at);
    this.msLow = readWord(bytes, at + 4);
    this.seqHigh = readWord(bytes, at + 8);
    this.seqLow = readWord(bytes, at + 12);
    return this;
  }

  /** Writes `ID_BYTES` bytes and answers the offset behind them. */
  write(bytes: Uint8Array, at: number): number {
    writeWord(bytes, at, this.msHigh);
    writeWord(bytes, at + 4, this.msLow);
    writeWord(bytes, at + 8, this.seqHigh);
    writeWord(bytes, at + 12, this.seqLow);
    return at + ID_BYTES;
  }

  /** Writes up to `ID_DIGITS_MAX` bytes of text and answers the offset behind them. */
  format(bytes: Buffer, at: number): number {
    return this.formatSeq(bytes, this.formatMs(bytes, at));
  }

  /** The milliseconds of it, and the dash. */
  formatMs(bytes: Buffer, at: number): number {
    const to = writeUint64(bytes, at, this.msHigh, this.msLow);
    bytes[to] = DASH;
    return to + 1;
  }

  /** And what is behind the dash. */
  formatSeq(bytes: Buffer, at: number): number {
    return writeUint64(bytes, at, this.seqHigh, this.seqLow);
  }

  toString(): string {
    const bytes = Buffer.alloc(ID_DIGITS_MAX + 4);
    return bytes.toString("latin1", 0, this.format(bytes, 0));
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function writeUint64(bytes: Buffer, at: number, high: number, low: number): number {
  if (high < SAFE_HIGH) return writeDecimal(bytes, at, high * TWO_32 + low);
  const text = ((BigInt(high) << 32n) | BigInt(low)).toString();
  return at + bytes.write(text, at, "latin1");
}

/**
 * Reads an unsigned 64-bit integer of nothing but digits into two words, as Redis's `string2ull` does: "0" and what has no leading zero.
 * Undefined if it is none.
 */
export function parseUint64(
  bytes: Uint8Array,
  start: number,
  end: number,
): { high: number; low: number } | undefined {
  const length = end - start;
  if (length === 0 || length > 20) return undefined;
  if (length > 1 && bytes[start] === ZERO) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (length <= 15) return { high: Math.floor(value / TWO_32), low: value % TWO_32 };
  const exact = BigInt(Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("latin1"));
  if (exact >= 1n << 64n) return undefined;
  return { high: Number(exact >> 32n), low: Number(exact & 0xffffffffn) };
}
