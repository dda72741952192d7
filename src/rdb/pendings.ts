/** Pending messages as a decoder gathers them, by rising ids: columns of numbers instead of objects, since there may be millions. */
import type { DumpedPending } from "./stream-value.js";
import { STREAM_ID_BYTES } from "./stream-value.js";

const WORD_BYTES = 4;
const ID_WORDS = STREAM_ID_BYTES / WORD_BYTES;
const CAPACITY_MIN = 16;
const NOBODY = -1;
/** Of the id that is looked for. */
const sought = new Uint32Array(ID_WORDS);
/** Most groups have nothing pending, and there may be many. */
const NO_WORDS = new Uint32Array(0);
const NO_NUMBERS = new Float64Array(0);
const NO_CONSUMERS = new Int32Array(0);

export class Pendings implements Iterable<DumpedPending> {
  length = 0;
  /** Those that somebody owns. */
  owned = 0;
  #capacity = 0;
  /** Four for each id, the highest first. */
  #words = NO_WORDS;
  #deliveredMs = NO_NUMBERS;
  #deliveries = NO_NUMBERS;
  #consumers = NO_CONSUMERS;

  /** Adds one that nobody owns yet; false if its id is not above all before it. */
  add(id: Uint8Array, deliveredMs: number, deliveries: number): boolean {
    if (this.length === this.#capacity) this.#grow();
    const i = this.length;
    seek(id);
    if (i > 0 && this.#compareSought(i - 1) <= 0) return false;
    this.#words.set(sought, i * ID_WORDS);
    this.#deliveredMs[i] = deliveredMs;
    this.#deliveries[i] = deliveries;
    this.#consumers[i] = NOBODY;
    this.length++;
    return true;
  }

  /** Gives the one of this id to a consumer; false if there is none, or somebody owns it. */
  own(id: Uint8Array, consumer: number): boolean {
    seek(id);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareSought(middle) > 0) low = middle + 1;
      else high = middle;
    }
    if (low === this.length || this.#compareSought(low) !== 0 || this.#consumers[low] !== NOBODY)
      return false;
    this.#consumers[low] = consumer;
    this.owned++;
    return true;
  }

  *[Symbol.iterator](): Iterator<DumpedPending> {
    for (let i = 0; i < this.length; i++) {
      const id = Buffer.allocUnsafe(STREAM_ID_BYTES);
      for (let word = 0; word < ID_WORDS; word++) {
        id.writeUInt32BE(this.#words[i * ID_WORDS + word]!, word * WORD_BYTES);
      }
      yield {
        id,
        deliveredMs: this.#deliveredMs[i]!,
        deliveries: this.#deliveries[i]!,
        consumer: this.#consumers[i]!,
      };
    }
  }

  /** Below 0 if the id sought is before that of a pending message. */
  #compareSought(i: number): number {
    for (let word = 0; word < ID_WORDS; word++) {
      const order = sought[word]! - this.#words[i * ID_WORDS + word]!;
      if (order !== 0) return order;
    }
    return 0;
  }

  #grow(): void {
    this.#capacity = Math.max(CAPACITY_MIN, 2 * this.#capacity);
    this.#words = grown(this.#words, new Uint32Array(this.#capacity * ID_WORDS));
    this.#deliveredMs = grown(this.#deliveredMs, new Float64Array(this.#capacity));
    this.#deliveries = grown(this.#deliveries, new Float64Array(this.#capacity));
    this.#consumers = grown(this.#consumers, new Int32Array(this.#capacity));
  }
}

function seek(id: Uint8Array): void {
  for (let word = 0; word < ID_WORDS; word++) {
    const at = word * WORD_BYTES;
    sought[word] = (id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!;
  }
}

function grown<Column extends { set(values: Column): void }>(column: Column, into: Column): Column {
  into.set(column);
  return into;
}
