/**
 * Reads bytes that may be wrong. Instead of throwing, the first read that does not fit marks the reader as failed; it
 * and every later one answer zero or nothing, so a decoder reads on and looks at `failed` where it would act
 * on what it read: before it loops, allocates or returns.
 */
import type { ByteRange } from "./bytes.js";

const TWO_32 = 2 ** 32;
/** High words of safe integers are below this. */
const SAFE_HIGH = 2 ** 21;

export class ByteReader {
  at: number;
  readonly end: number;
  failed = false;
  readonly #bytes: Uint8Array;

  constructor({ bytes, start, end }: ByteRange) {
    this.#bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Bytes not read yet; none after a failure. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Marks what was read as wrong for a reason that only the caller sees. */
  fail(): void {
    this.failed = true;
    this.at = this.end;
  }

  u8(): number {
    const at = this.#advance(1);
    return this.failed ? 0 : this.#bytes[at]!;
  }

  u16(): number {
    const at = this.#advance(2);
    return this.failed ? 0 : this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  u32(): number {
    const bytes = this.#bytes;
    const at = this.#advance(4);
    if (this.failed) return 0;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  /** Eight bytes that hold a safe integer; fails for any other. */
  u64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high >= SAFE_HIGH) this.fail();
    return this.failed ? 0 : high * TWO_32 + low;
  }

  /** Fails beyond the safe integers, and for a form that is not the shortest. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if ((byte === 0 && scale > 1) || !Number.isSafeInteger(value)) break;
      return value;
    }
    this.fail();
    return 0;
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** The next `length` bytes where they lie: a view of the input. */
  view(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.failed ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + length);
  }

  /** Bytes with their length before them, as a varint: a view of the input. */
  sized(): Uint8Array {
    return this.view(this.varint());
  }

  /** Steps over `count` bytes; returns where they began. */
  #advance(count: number): number {
    const { at } = this;
    if (count > this.end - at) this.fail();
    else this.at = at + count;
    return at;
  }
}
