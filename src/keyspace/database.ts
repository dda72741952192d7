/**
 * One of the databases that SELECT chooses: its records, the tables of its slots, and what is known of each slot
 * as a whole. Each has an arena of its own, so that emptying one takes no longer than dropping it.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Floors } from "../delta/remains.js";
import type { Location } from "./arena.js";
import { FieldTables } from "./field-table.js";
import { ListBlocks } from "./list-blocks.js";
import { Records } from "./records.js";
import { SlotFloors } from "./slot-floors.js";
import { StreamBlocks } from "./stream-blocks.js";
import { TableIndex } from "./table-index.js";

const GROUP_BITS = 7;
/** What databases without a key share, for most never get one. Nobody writes into them. */
const NO_COUNTS = new Uint32Array(SLOT_COUNT);
const NO_GROUPS = new Uint32Array(SLOT_COUNT >>> GROUP_BITS);
const NO_MARKS = new Uint8Array(SLOT_COUNT);

export class Database {
  records = new Records();
  index = new TableIndex(this.records.arena, SLOT_COUNT);
  /** What large collections hold. */
  fields = new FieldTables(this.records);
  /** What large lists hold. */
  lists = new ListBlocks(this.records);
  /** Streams, all that they hold. */
  streams = new StreamBlocks(this.records);
  /** Keys that a client can see: tombstones, husks and emptied collections are in the index but not counted. */
  size = 0;
  /** Keys with a deadline that a client can see. */
  expiringCount = 0;
  /** Visible keys per slot and per run of 128 slots, so that a random key is found in few steps. */
  counts = NO_COUNTS;
  #groups = NO_GROUPS;
  /** Of slots that are out of sight. */
  #hiddenCounts = NO_COUNTS;
  readonly #isHidden: Uint8Array;
  /** 1 for slots in which hashes may have marks of removed fields. */
  #marked = NO_MARKS;
  /** Per slot a time before which no key of it expires, in milliseconds; Infinity if none does. */
  #due: Float64Array | undefined;
  /** Up to here all that was written is known to all owners: remains up to it have been collected (delta/remains.ts). */
  readonly birthFloors = new SlotFloors();
  /** Lives below do not exist. */
  readonly flushFloors = new SlotFloors();

  /** `number` is what SELECT calls it; SWAPDB changes it. `isHidden`: 1 for slots that clients do not see here (keyspace.ts). */
  constructor(
    public number: number,
    isHidden: Uint8Array,
  ) {
    this.#isHidden = isHidden;
  }

  /** Forgets all records at once. Floors stay. */
  clear(): void {
    this.records = new Records();
    this.index = new TableIndex(this.records.arena, SLOT_COUNT);
    this.fields = new FieldTables(this.records);
    this.lists = new ListBlocks(this.records);
    this.streams = new StreamBlocks(this.records);
    this.size = 0;
    this.expiringCount = 0;
    this.counts = NO_COUNTS;
    this.#groups = NO_GROUPS;
    this.#hiddenCounts = NO_COUNTS;
    this.#marked = NO_MARKS;
    this.#due = undefined;
  }

  /** Counts a key in or out (`by` is 1 or -1). */
  countKey(slot: number, by: number): void {
    if (this.#isHidden[slot] !== 0) {
      if (this.#hiddenCounts === NO_COUNTS) this.#hiddenCounts = new Uint32Array(SLOT_COUNT);
      this.#hiddenCounts[slot]! += by;
      return;
    }
    if (this.counts === NO_COUNTS) {
      this.counts = new Uint32Array(SLOT_COUNT);
      this.#groups = new Uint32Array(SLOT_COUNT >>> GROUP_BITS);
    }
    this.size += by;
    this.counts[slot]! += by;
    this.#groups[slot >>> GROUP_BITS]! += by;
  }

  /** The keys of a slot that is to be hidden, or no longer is, are counted out or in. `isHidden` does not say so yet. */
  recount(slot: number): void {
    const wasHidden = this.#isHidden[slot] !== 0;
    const count = wasHidden ? this.#hiddenCounts[slot]! : this.counts[slot]!;
    if (count === 0) return;
    this.countKey(slot, -count);
    this.#isHidden[slot] = wasHidden ? 0 : 1;
    this.countKey(slot, count);
    this.#isHidden[slot] = wasHidden ? 1 : 0;
  }

  /** Notes that a key of the slot expires at `deadlineMs`. */
  noteDeadline(slot: number, deadlineMs: number): void {
    const due = (this.#due ??= new Float64Array(SLOT_COUNT).fill(Number.POSITIVE_INFINITY));
    if (deadlineMs < due[slot]!) due[slot] = deadlineMs;
  }

  /** Replaces the earliest deadline of a slot after all its keys were looked at. */
  setDue(slot: number, deadlineMs: number): void {
    if (this.#due) this.#due[slot] = deadlineMs;
  }

  dueOf(slot: number): number {
    return this.#due ? this.#due[slot]! : Number.POSITIVE_INFINITY;
  }

  /** The next slot from `from` on that clients see and in which a key may have expired, or -1. */
  nextDueSlot(from: number, nowMs: number): number {
    const due = this.#due;
    if (!due) return -1;
    for (let slot = from; slot < SLOT_COUNT; slot++) {
      if (due[slot]! <= nowMs && this.#isHidden[slot] === 0) return slot;
    }
    return -1;
  }

  /** Notes that a mark of a removed field is left in the slot. To say so of one that is not there costs a walk. */
  noteMark(slot: number): void {
    if (this.#marked === NO_MARKS) this.#marked = new Uint8Array(SLOT_COUNT);
    this.#marked[slot] = 1;
  }

  /** The slot is about to be walked: what marks it has are noted anew. */
  forgetMarks(slot: number): void {
    if (this.#marked !== NO_MARKS) this.#marked[slot] = 0;
  }

  /** Whether the slot has tombstones, husks or emptied collections, or may have marks of removed fields. */
  mayHaveRemains(slot: number): boolean {
    const ghosts = this.index.count(slot) - this.counts[slot]! - this.#hiddenCounts[slot]!;
    return ghosts > 0 || this.#marked[slot] !== 0;
  }

  floorsOf(slot: number): Floors {
    return { birth: this.birthFloors.version(slot), flush: this.flushFloors.version(slot) };
  }

  /** The floors of which the slot's is the higher one: keys that left nothing are born there. */
  birthplaces(slot: number): SlotFloors {
    const { birthFloors, flushFloors } = this;
    const order =
      birthFloors.clock(slot) - flushFloors.clock(slot) ||
      birthFloors.origin(slot) - flushFloors.origin(slot);
    return order > 0 ? birthFloors : flushFloors;
  }

  /** The first slot from `from` on that has keys, or -1. */
  nextSlot(from: number): number {
    let slot = from;
    while (slot < SLOT_COUNT) {
      if (this.#groups[slot >>> GROUP_BITS] === 0) {
        slot = ((slot >>> GROUP_BITS) + 1) << GROUP_BITS;
        continue;
      }
      if (this.counts[slot] !== 0) return slot;
      slot++;
    }
    return -1;
  }

  /** The slot of the visible key number `rank`, 0 to `size - 1`. */
  slotOfRank(rank: number): number {
    let left = rank;
    let group = 0;
    while (left >= this.#groups[group]!) left -= this.#groups[group++]!;
    let slot = group << GROUP_BITS;
    while (left >= this.counts[slot]!) left -= this.counts[slot++]!;
    return slot;
  }

  /** A record of a slot that has keys, near the hash. It may be an invisible one. */
  near(slot: number, hash: number): Location {
    return this.index.near(slot, hash);
  }

  /** Bytes of all records and of what finds them. */
  get usedBytes(): number {
    const { arena, outsideBytes } = this.records;
    const found = this.index.usedBytes + this.fields.usedBytes + this.lists.rowBytes + this.streams.heldBytes;
    const floors = this.birthFloors.usedBytes + this.flushFloors.usedBytes;
    const counts = this.counts === NO_COUNTS ? 0 : this.counts.byteLength + this.#groups.byteLength;
    const perSlot = counts + (this.#due?.byteLength ?? 0);
    return arena.usedBytes + outsideBytes + found + floors + perSlot;
  }
}
