/** Elements that SORT puts in order. They are copied first: looking up what they are compared by may let keys expire. */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { parseCDouble } from "../base/c-double.js";
import { MADE_BYTES_MAX } from "../delta/body-codec.js";
import { OUT_OF_MEMORY, ReplyError } from "../protocol/reply-error.js";

const NOT_A_SCORE = "ERR One or more scores can't be converted into double";

/** Byte ranges one behind the other, by number. */
export class Texts {
  readonly #writer = new ByteWriter({ bytesMax: MADE_BYTES_MAX });
  /** Behind each. Of one that is not there it is negative. */
  readonly #ends: number[] = [];
  readonly #starts: number[] = [];

  get length(): number {
    return this.#ends.length;
  }

  /** Undefined is not there, which is not the same as being empty. */
  add(text: ByteRange | undefined): void {
    this.#starts.push(this.#writer.length);
    try {
      if (text !== undefined) this.#writer.range(text);
    } catch (error) {
      throw error instanceof WriterFull ? new ReplyError(OUT_OF_MEMORY) : error;
    }
    this.#ends.push(text === undefined ? -1 : this.#writer.length);
  }

  isThere(i: number): boolean {
    return this.#ends[i]! >= 0;
  }

  /** Valid until the next `add`. */
  get(i: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
    return { bytes: this.#writer.bytes, start: this.#starts[i]!, end: this.#ends[i]! };
  }

  /** By bytes; what is not there comes first. */
  compare(one: number, other: number): number {
    if (!this.isThere(one) || !this.isThere(other))
      return Number(this.isThere(one)) - Number(this.isThere(other));
    const { bytes } = this.#writer;
    return bytes.compare(bytes, this.#starts[other], this.#ends[other], this.#starts[one], this.#ends[one]);
  }

  /** As a number, 0 if it is not there; refuses what is none. */
  number(i: number): number {
    if (!this.isThere(i)) return 0;
    const { bytes, start, end } = this.get(i);
    const value = parseCDouble(bytes, start, end);
    if (value === undefined) throw new ReplyError(NOT_A_SCORE);
    return value;
  }
}

export interface Comparison {
  readonly elements: Texts;
  /** What they are compared by, by their numbers. */
  readonly keys: Texts;
  readonly isAlpha: boolean;
  readonly isDescending: boolean;
}

/** The numbers of the elements, in their order. Elements that are equal by all that is asked for stay as they were. */
export function sortedOrder({ elements, keys, isAlpha, isDescending }: Comparison): Uint32Array {
  const order = Uint32Array.from({ length: elements.length }, (_, i) => i);
  const sign = isDescending ? -1 : 1;
  if (isAlpha) return order.sort((a, b) => sign * keys.compare(a, b));
  const scores = Float64Array.from({ length: keys.length }, (_, i) => keys.number(i));
  return order.sort((a, b) => {
    const [one, other] = [scores[a]!, scores[b]!];
    return sign * (one < other ? -1 : one > other ? 1 : elements.compare(a, b));
  });
}
