/**
 * A buffer that grows as bytes are appended, up to a stated size. Integers are little-endian. Who writes a format
 * appends to one of these; who owns the writer decides when to `clear` it and what becomes of the bytes.
 */
import { type ByteRange, copyRange } from "./bytes.js";
import { varintBytes, writeVarint } from "./varint.js";

/** More was appended than the writer may hold. What was appended before is still there. */
export class WriterFull extends Error {
  override readonly name = "WriterFull";
}

const TWO_32 = 2 ** 32;

export interface ByteWriterOptions {
  /** Bytes that are there from the start. */
  readonly capacityBytes?: number;
  /** The writer throws `WriterFull` rather than hold more. */
  readonly bytesMax: number;
  /** A buffer that grew beyond this is not kept when the writer is cleared: without it every one is. */
  readonly bytesKeptMax?: number;
}

export class ByteWriter {
  /** The first `length` bytes are written. Replaced when the writer grows. */
  bytes: Buffer;
  length = 0;
  /** It holds no more. */
  readonly bytesMax: number;
  readonly #capacityBytes: number;
  readonly #bytesKeptMax: number;

  constructor({
    capacityBytes = 1024,
    bytesMax,
    bytesKeptMax = Number.POSITIVE_INFINITY,
  }: ByteWriterOptions) {
    this.#capacityBytes = Math.min(capacityBytes, bytesMax);
    this.bytesMax = bytesMax;
    this.#bytesKeptMax = bytesKeptMax;
    this.bytes = Buffer.allocUnsafeSlow(this.#capacityBytes);
  }

  /** Forgets what was written and keeps the memory, up to `bytesKeptMax`. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > this.#bytesKeptMax) this.bytes = Buffer.allocUnsafeSlow(this.#capacityBytes);
  }

  /** What was written so far: a view, valid until the next `ensure` or `clear`. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `count` more bytes; the caller may then write at `bytes[length]` and advance `length` itself. */
  ensure(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(this.length + count);
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.ensure(2);
    const { bytes, length } = this;
    bytes[length] = value;
    bytes[length + 1] = value >>> 8;
    this.length = length + 2;
  }

  u32(value: number): void {
    this.ensure(4);
    this.#word(value);
  }

  /** A safe integer in eight bytes. */
  u64(value: number): void {
    this.ensure(8);
    this.#word(value | 0);
    this.#word(value / TWO_32);
  }

  varint(value: number): void {
    this.ensure(varintBytes(value));
    this.length = writeVarint(this.bytes, this.length, value);
  }

  range(range: ByteRange): void {
    this.ensure(range.end - range.start);
    this.length = copyRange(range, this.bytes, this.length);
  }

  /** A range with its length before it, as a varint. */
  sized(range: ByteRange): void {
    this.varint(range.end - range.start);
    this.range(range);
  }

  /** Overwrites four bytes that are already written: for sizes and checksums that are known only at the end. */
  patchU32(at: number, value: number): void {
    const { length } = this;
    this.length = at;
    this.#word(value);
    this.length = length;
  }

  #word(value: number): void {
    const { bytes, length } = this;
    bytes[length] = value;
    bytes[length + 1] = value >>> 8;
    bytes[length + 2] = value >>> 16;
    bytes[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  #grow(needed: number): void {
    if (needed > this.bytesMax) throw new WriterFull(`${needed} bytes exceed the ${this.bytesMax} allowed`);
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.bytes.length * 2), this.bytesMax));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
