/**
 * Digests of ranges of hashes (range-walk.ts), the whole of a slot among them: equal, but for chance, if and only if what lies there is the
 * same in the sense of merging. Records, and of a whole slot its floors, are digested one by one and the digests added up, so their order
 * makes no difference.
 */
import { Digest64 } from "../base/digest64.js";
import type { Keyspace } from "./keyspace.js";
import { HASH_END, type HashRange, type RangeWalk, walkRange } from "./range-walk.js";
import { DigestSum, takeNumber } from "./record-digest.js";
import type { SlotFloors } from "./slot-floors.js";

/** In place of the type of a record. */
const FLUSH_FLOOR = 0xf0;
const BIRTH_FLOOR = 0xf1;

/** All keys of a slot. */
export function wholeSlot(slot: number): HashRange {
  return { kind: "keys", slot, db: null, from: 0, end: HASH_END };
}

export function isWholeSlot(range: HashRange): boolean {
  return range.kind === "keys" && range.db === null && range.from === 0 && range.end === HASH_END;
}

/** Digests ranges one after the other, in steps of bounded time. */
export class RangeDigests {
  /** Of the ranges that are done; `count` is that of records, or fields. */
  readonly sums: DigestSum[] = [];
  readonly #keyspace: Keyspace;
  readonly #ranges: readonly HashRange[];
  readonly #atMs: number;
  #walk: RangeWalk | undefined;
  #sum = new DigestSum();

  /** `atMs` is the time of the hybrid clock at which what has expired counts as gone. */
  constructor(keyspace: Keyspace, ranges: readonly HashRange[], atMs: number) {
    this.#keyspace = keyspace;
    this.#ranges = ranges;
    this.#atMs = atMs;
  }

  /** False if all are done. */
  step(): boolean {
    const range = this.#ranges[this.sums.length];
    if (range === undefined) return false;
    this.#walk ??= walkRange(this.#keyspace, range, this.#atMs, (item) => this.#sum.add(item));
    if (this.#walk.step()) return true;
    if (isWholeSlot(range)) addFloors(this.#sum, this.#keyspace, range.slot);
    this.sums.push(this.#sum);
    this.#sum = new DigestSum();
    this.#walk = undefined;
    return true;
  }
}

const digest = new Digest64();

/** Lets the digest of a whole slot take its floors. */
export function addFloors(sum: DigestSum, { databases }: Keyspace, slot: number): void {
  for (const { number, flushFloors, birthFloors } of databases) {
    addFloor(sum, flushFloors, slot, number | (FLUSH_FLOOR << 8));
    addFloor(sum, birthFloors, slot, number | (BIRTH_FLOOR << 8));
  }
}

function addFloor(sum: DigestSum, floors: SlotFloors, slot: number, head: number): void {
  const clock = floors.clock(slot);
  if (clock === 0) return;
  digest.begin();
  digest.word(head);
  takeNumber(digest, clock);
  digest.word(floors.origin(slot));
  digest.finish();
  sum.low = (sum.low + digest.low) | 0;
  sum.high = (sum.high + digest.high) | 0;
}
