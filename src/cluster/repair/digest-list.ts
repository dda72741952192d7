/** What lies in ranges, one by one, each with its digest; and which of two such lists has what the other has not. */
import type { Keyspace } from "../../keyspace/keyspace.js";
import { type HashRange, type RangeWalk, walkRange } from "../../keyspace/range-walk.js";
import { DigestSum, type Lanes } from "../../keyspace/record-digest.js";
import { addFloors, isWholeSlot, RangeDigests } from "../../keyspace/slot-digest.js";
import type { ListedItem } from "./repair-messages.js";

/** What is listed, with its digest. */
export interface DigestedItem extends Lanes, ListedItem {}

/** A range of more items is not listed when it is compared. */
export const LISTED_OF_RANGE_MAX = 256;

/** Digests of ranges, and what lies in those in which that is little. */
export interface RangeSurvey {
  readonly sums: readonly DigestSum[];
  /** Undefined for ranges that are not listed. */
  readonly lists?: readonly (readonly DigestedItem[] | undefined)[];
  /** False if all are done. */
  step(): boolean;
}

export interface Survey {
  /** The time of the hybrid clock at which what has expired counts as gone. */
  readonly atMs: number;
  /** Whether anything is to be listed. */
  readonly isListed: boolean;
}

export function surveyOf(
  keyspace: Keyspace,
  ranges: readonly HashRange[],
  { atMs, isListed }: Survey,
): RangeSurvey {
  return isListed
    ? new RangeLists(keyspace, ranges, { atMs, itemsMax: LISTED_OF_RANGE_MAX })
    : new RangeDigests(keyspace, ranges, atMs);
}

export interface RangeListing {
  /** The time of the hybrid clock at which what has expired counts as gone. */
  readonly atMs: number;
  /** Ranges of more items are not listed; no bound if left out. */
  readonly itemsMax?: number;
}

/** Lists ranges one after the other, in steps of bounded time. */
export class RangeLists {
  /** Of the ranges that are done; undefined for those that have too many items. */
  readonly lists: (DigestedItem[] | undefined)[] = [];
  /** Their digests, as `RangeDigests` has them. */
  readonly sums: DigestSum[] = [];
  /** Items so far. */
  count = 0;
  readonly #keyspace: Keyspace;
  readonly #ranges: readonly HashRange[];
  readonly #atMs: number;
  readonly #itemsMax: number;
  #walk: RangeWalk | undefined;
  #list: DigestedItem[] = [];
  #sum = new DigestSum();

  constructor(
    keyspace: Keyspace,
    ranges: readonly HashRange[],
    { atMs, itemsMax = Number.POSITIVE_INFINITY }: RangeListing,
  ) {
    this.#keyspace = keyspace;
    this.#ranges = ranges;
    this.#atMs = atMs;
    this.#itemsMax = itemsMax;
  }

  /** False if all are done. */
  step(): boolean {
    const range = this.#ranges[this.lists.length];
    if (range === undefined) return false;
    this.#walk ??= walkRange(this.#keyspace, range, this.#atMs, (item, db, type, isTable) => {
      this.#sum.add(item);
      this.count++;
      if (this.#sum.count > this.#itemsMax) return;
      const { hash, low, high, clock, origin } = item;
      this.#list.push({ db, hash, low, high, version: { clock, origin }, type, isTable });
    });
    if (this.#walk.step()) return true;
    this.#end(range);
    return true;
  }

  #end(range: HashRange): void {
    this.lists.push(this.#sum.count <= this.#itemsMax ? this.#list : undefined);
    if (isWholeSlot(range)) addFloors(this.#sum, this.#keyspace, range.slot);
    this.sums.push(this.#sum);
    this.#list = [];
    this.#sum = new DigestSum();
    this.#walk = undefined;
  }
}

/** What of two lists is in one of them only. */
export interface ListDifference {
  /** Indices of digests that no item has. */
  readonly missing: readonly number[];
  /** Items whose digest is not listed. */
  readonly extra: readonly ListedItem[];
}

export function differenceOf(digests: readonly Lanes[], items: readonly DigestedItem[]): ListDifference {
  const places = new DigestPlaces(digests);
  const extra = items.filter(({ low, high }) => !places.meet(low, high));
  return { missing: places.missed(), extra };
}

/** Finds digests in a list: a hash table without objects, since lists are long and short-lived. Digests spread by themselves. */
export class DigestPlaces {
  readonly #digests: readonly Lanes[];
  /** 1 for those that were met. */
  readonly #isMet: Uint8Array;
  /** Place + 1; 0 if the cell is free. */
  readonly #cells: Int32Array;

  constructor(digests: readonly Lanes[]) {
    const size = 2 ** Math.ceil(Math.log2(2 * digests.length + 1));
    this.#digests = digests;
    this.#isMet = new Uint8Array(digests.length);
    this.#cells = new Int32Array(size);
    for (const [place, { low }] of digests.entries()) {
      let cell = low & (size - 1);
      while (this.#cells[cell] !== 0) cell = (cell + 1) & (size - 1);
      this.#cells[cell] = place + 1;
    }
  }

  /** Whether a digest is in the list. */
  meet(low: number, high: number): boolean {
    const mask = this.#cells.length - 1;
    for (let cell = low & mask; ; cell = (cell + 1) & mask) {
      const place = this.#cells[cell]! - 1;
      if (place < 0) return false;
      const digest = this.#digests[place]!;
      if (digest.low !== low || digest.high !== high) continue;
      this.#isMet[place] = 1;
      return true;
    }
  }

  /** Indices of those that were not met. */
  missed(): number[] {
    const missed: number[] = [];
    for (let place = 0; place < this.#isMet.length; place++) if (this.#isMet[place] === 0) missed.push(place);
    return missed;
  }
}
