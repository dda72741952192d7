/** Byte strings one behind the other, as a decoder gathers them: few objects, however many there are. */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import { formatInt64, INT64_DIGITS_MAX, type Int64 } from "../base/int64.js";

const ENDS_MIN = 16;
/** What an item takes beside its bytes, about, here and wherever it is kept: it counts, for else empty ones were for nothing. */
const ITEM_BYTES = 16;

/** Where an item lies. */
export interface ItemRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export class Items {
  count = 0;
  readonly #writer: ByteWriter;
  #ends = new Uint32Array(ENDS_MIN);
  readonly #bytesMax: number;

  /** Adding throws `WriterFull` rather than hold more bytes, sixteen for each item included. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#writer = new ByteWriter({ capacityBytes: 256, bytesMax });
  }

  /** What all items together are, without what it takes to tell them apart. */
  get byteLength(): number {
    return this.#writer.length;
  }

  add(bytes: Uint8Array): void {
    this.#writer.range({ bytes, start: 0, end: bytes.length });
    this.#added();
  }

  /** An integer as its digits. */
  addInteger(value: Int64): void {
    const writer = this.#writer;
    writer.ensure(INT64_DIGITS_MAX);
    writer.length = formatInt64(writer.bytes, writer.length, value);
    this.#added();
  }

  /** Valid until the next one is added. */
  at(index: number): ItemRange {
    const start = index === 0 ? 0 : this.#ends[index - 1]!;
    return { bytes: this.#writer.bytes, start, end: this.#ends[index]! };
  }

  /** An item where it lies. */
  view(index: number): Buffer {
    const { bytes, start, end } = this.at(index);
    return bytes.subarray(start, end);
  }

  #added(): void {
    if (this.#writer.length + ITEM_BYTES * (this.count + 1) > this.#bytesMax)
      throw new WriterFull(`${this.count + 1} items exceed the ${this.#bytesMax} bytes allowed`);
    if (this.count === this.#ends.length) {
      const ends = new Uint32Array(2 * this.count);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.count++] = this.#writer.length;
  }
}
