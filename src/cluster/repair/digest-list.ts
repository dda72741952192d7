/** What lies in ranges, one by one, each with its digest; and which of two such lists has what the other has not. */
import type { Keyspace } from "../../keyspace/keyspace.js";
import { type HashRange, type RangeWalk, walkRange } from "../../keyspace/range-walk.js";
import type { Lanes } from "../../keyspace/record-digest.js";
import type { ListedItem } from "./repair-messages.js";

export interface DigestedItem extends Lanes, ListedItem {}

/** Lists ranges one after the other, in steps of bounded time. */
export class RangeLists {
  /** Of the ranges that are done. */
  readonly lists: DigestedItem[][] = [];
  /** Items so far. */
  count = 0;
  readonly #keyspace: Keyspace;
  readonly #ranges: readonly HashRange[];
  readonly #atMs: number;
  #walk: RangeWalk | undefined;
  #list: DigestedItem[] = [];

  constructor(keyspace: Keyspace, ranges: readonly HashRange[], atMs: number) {
    this.#keyspace = keyspace;
    this.#ranges = ranges;
    this.#atMs = atMs;
  }

  /** False if all are done. */
  step(): boolean {
    const range = this.#ranges[this.lists.length];
    if (range === undefined) return false;
    this.#walk ??= walkRange(this.#keyspace, range, this.#atMs, (item, db, isTable) => {
      const { hash, low, high, clock, origin } = item;
      this.#list.push({ db, hash, low, high, version: { clock, origin }, isTable });
      this.count++;
    });
    if (this.#walk.step()) return true;
    this.lists.push(this.#list);
    this.#list = [];
    this.#walk = undefined;
    return true;
  }
}

/** What of two lists is in one of them only. */
export interface ListDifference {
  /** Indices of digests that no item has. */
  readonly missing: readonly number[];
  /** Items whose digest is not listed. */
  readonly extra: readonly DigestedItem[];
}

export function differenceOf(digests: readonly Lanes[], items: readonly DigestedItem[]): ListDifference {
  const places = new DigestPlaces(digests);
  const isMet = new Uint8Array(digests.length);
  const extra = items.filter((item) => {
    const place = places.find(item);
    if (place >= 0) isMet[place] = 1;
    return place < 0;
  });
  const missing: number[] = [];
  for (const [place, met] of isMet.entries()) if (met === 0) missing.push(place);
  return { missing, extra };
}

/** Finds digests in a list: a hash table without objects, since lists are long and short-lived. Digests spread by themselves. */
class DigestPlaces {
  readonly #digests: readonly Lanes[];
  /** Place + 1; 0 if the cell is free. */
  readonly #cells: Int32Array;

  constructor(digests: readonly Lanes[]) {
    const size = 2 ** Math.ceil(Math.log2(2 * digests.length + 1));
    this.#digests = digests;
    this.#cells = new Int32Array(size);
    for (const [place, { low }] of digests.entries()) {
      let cell = low & (size - 1);
      while (this.#cells[cell] !== 0) cell = (cell + 1) & (size - 1);
      this.#cells[cell] = place + 1;
    }
  }

  find({ low, high }: Lanes): number {
    const mask = this.#cells.length - 1;
    for (let cell = low & mask; ; cell = (cell + 1) & mask) {
      const place = this.#cells[cell]! - 1;
      if (place < 0) return place;
      const digest = this.#digests[place]!;
      if (digest.low === low && digest.high === high) return place;
    }
  }
}
