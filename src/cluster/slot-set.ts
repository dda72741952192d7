/** Sets of slots, and their form as text: ranges in rising order, `0-5,7`. */
import { SLOT_COUNT } from "../base/key-hash.js";

/** In rising order. */
export const ALL_SLOTS: readonly number[] = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);

export class SlotSet {
  readonly #has = new Uint8Array(SLOT_COUNT);
  #size = 0;

  constructor(slots: Iterable<number> = []) {
    this.addAll(slots);
  }

  get size(): number {
    return this.#size;
  }

  has(slot: number): boolean {
    return this.#has[slot] === 1;
  }

  /** In rising order. */
  slots(): number[] {
    const slots: number[] = [];
    for (let slot = this.#has.indexOf(1); slot >= 0; slot = this.#has.indexOf(1, slot + 1)) slots.push(slot);
    return slots;
  }

  addAll(slots: Iterable<number>): void {
    for (const slot of slots) {
      if (this.#has[slot] === 0) this.#size++;
      this.#has[slot] = 1;
    }
  }

  deleteAll(slots: Iterable<number>): void {
    for (const slot of slots) {
      if (this.#has[slot] === 1) this.#size--;
      this.#has[slot] = 0;
    }
  }

  clear(): void {
    this.#has.fill(0);
    this.#size = 0;
  }

  /** In rising order. */
  [Symbol.iterator](): IterableIterator<number> {
    return this.slots().values();
  }

  /** Those that another set has, too, in rising order. */
  shared(other: SlotSet): number[] {
    return this.slots().filter((slot) => other.has(slot));
  }

  /** Another set: this one and some more. */
  with(slots: Iterable<number>): SlotSet {
    const set = new SlotSet();
    set.#has.set(this.#has);
    set.#size = this.#size;
    set.addAll(slots);
    return set;
  }

  toString(): string {
    const has = this.#has;
    const ranges: string[] = [];
    for (let first = has.indexOf(1); first >= 0; ) {
      const end = has.indexOf(0, first);
      const last = (end < 0 ? SLOT_COUNT : end) - 1;
      ranges.push(first === last ? `${first}` : `${first}-${last}`);
      first = end < 0 ? -1 : has.indexOf(1, end);
    }
    return ranges.join(",");
  }

  /** Undefined if the text is no such set. */
  static parse(text: string): SlotSet | undefined {
    const set = new SlotSet();
    if (text === "") return set;
    let before = -1;
    for (const range of text.split(",")) {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
      if (match === null) return undefined;
      const first = Number(match[1]);
      const last = match[2] === undefined ? first : Number(match[2]);
      if (last >= SLOT_COUNT || last < first || first <= before) return undefined;
      set.#has.fill(1, first, last + 1);
      set.#size += last - first + 1;
      before = last;
    }
    return set;
  }
}
