/**
 * The entries of large collections. Each collection is a hash table; all of a database are in one index, over cells of
 * the database's arena. An entry has the header of a record: its key is the field, its body the value, its life the
 * version of the field, and in place of the access clock stands the number of its table, so that whoever moves cells
 * finds what points at one. A removed field may leave an entry with the flag REMOVED and no value. The table of a sorted set has
 * an order besides (score-order.ts), of all entries that are not marks.
 *
 * A collection that is given up goes into a queue and is freed a slice at a time, since a million cells take
 * some 300 ms. Until then its bytes count as used.
 */
import Denque from "denque";
import { assert } from "../base/assert.js";
import { copyRange } from "../base/bytes.js";
import type { KeyHasher } from "../base/key-hash.js";
import type { Entry } from "../delta/packed-entries.js";
import { type Location, NOWHERE, UNIT_MASK } from "./arena.js";
import { LiveLists } from "./live-lists.js";
import {
  ACCESS,
  BODY_LENGTH,
  HEADER_BYTES,
  KEY_LENGTH,
  LIFE_CLOCK,
  ORIGIN_SHIFT,
  OUTSIDE,
  OUTSIDE_BYTES,
  REMOVED,
  TYPE_ENTRY,
  TYPE_FLAGS_ORIGIN,
} from "./record.js";
import type { Records } from "./records.js";
import { ScoreOrder } from "./score-order.js";
import { TableIndex } from "./table-index.js";

/** Where a walk over a table ends: one more than the largest hash. */
export const WALK_END = 2 ** 32;

/** So few entries are freed at once, sparing the queue. */
const FREED_AT_ONCE_MAX = 64;
/** Home cells that are walked in one step of freeing. */
const FREED_HOMES = 64;
/** Home cells that are walked in one step of looking for live entries. */
const LISTED_HOMES = 128;
/** Home cells that are walked in one step of estimating the size of a table. */
const SIZED_HOMES = 64;

export class FieldTables {
  readonly index: TableIndex;
  readonly order: ScoreOrder;
  readonly #records: Records;
  /** Per table the entries that are not marks. */
  #live = new Uint32Array(16);
  /** Per table the highest clock of a version that was written into it. */
  #newest = new Float64Array(16);
  readonly #liveLists = new LiveLists();
  /** Tables given up and not freed yet, oldest first. */
  readonly #queue = new Denque<number>();
  readonly #queued = new Set<number>();
  /** Up to this hash the oldest one is freed. */
  #freedTo = 0;
  #queuedEntries = 0;
  readonly #batch: Location[] = [];

  constructor(records: Records) {
    this.#records = records;
    this.index = new TableIndex(records.arena, 0);
    this.order = new ScoreOrder(records);
  }

  /** Bytes of what finds entries; the entries themselves are counted by arena and records. */
  get usedBytes(): number {
    return this.index.usedBytes + this.order.usedBytes + this.#live.byteLength + this.#newest.byteLength;
  }

  /** `isSorted`: for a sorted set. */
  create(isSorted: boolean): number {
    const table = this.index.createTable();
    this.order.open(table, isSorted);
    if (table >= this.#live.length) {
      const live = new Uint32Array(table * 2);
      live.set(this.#live);
      this.#live = live;
      const newest = new Float64Array(table * 2);
      newest.set(this.#newest);
      this.#newest = newest;
    }
    this.#live[table] = 0;
    this.#newest[table] = 0;
    return table;
  }

  /** Entries that are not marks. */
  liveCount(table: number): number {
    return this.#live[table]!;
  }

  /** A clock that no version of an entry is above; that of the newest entry unless it was taken out. */
  newestClock(table: number): number {
    return this.#newest[table]!;
  }

  /** All entries, marks of removed fields too. */
  count(table: number): number {
    return this.index.count(table);
  }

  isMark(at: Location): boolean {
    return (this.#records.word1(at) & REMOVED) !== 0;
  }

  /** The entry of a field, or NOWHERE. A `write` or `remove` that follows at once acts on this field. */
  find(table: number, hash: number, bytes: Uint8Array, start: number, end: number): Location {
    return this.index.find(table, hash, bytes, start, end);
  }

  /**
   * Writes the entry that `find` just looked for; `at` is what it found. Answers whether the table has a live field more than
   * before. The entry's bytes are not in the cell at `at`.
   */
  write(table: number, hash: number, at: Location, entry: Entry): boolean {
    const records = this.#records;
    const { field, value, version } = entry;
    const fieldLength = field.end - field.start;
    const valueLength = value === null ? 0 : value.end - value.start;
    const isOutside = valueLength > OUTSIDE_BYTES;
    const bytes = HEADER_BYTES + fieldLength + (isOutside ? 0 : valueLength);
    let to = at;
    let wasLive = false;
    const isSorted = this.order.isKept(table);
    if (at === NOWHERE) {
      to = records.arena.allocate(bytes);
      this.index.insert(table, hash, to);
    } else {
      wasLive = !this.isMark(at);
      if (!records.fits(at, bytes)) to = records.arena.allocate(bytes);
      // The score by which the entry is found in the order is about to go.
      if (isSorted && wasLive) this.order.remove(table, at);
      if (to !== at) {
        this.index.replace(to);
        records.free(at);
      } else if (records.word1(at) & OUTSIDE) {
        records.releaseOutside(records.word(at, BODY_LENGTH));
      }
    }
    const slab = records.slab(to);
    const unit = to & UNIT_MASK;
    const word = unit << 1;
    slab.words[word + ACCESS] = table;
    slab.words[word + TYPE_FLAGS_ORIGIN] =
      TYPE_ENTRY |
      (isOutside ? OUTSIDE : 0) |
      (value === null ? REMOVED : 0) |
      (version.origin << ORIGIN_SHIFT);
    slab.words[word + KEY_LENGTH] = fieldLength;
    slab.words[word + BODY_LENGTH] = isOutside ? records.createOutside(valueLength) : valueLength;
    slab.doubles[unit + LIFE_CLOCK] = version.clock;
    if (version.clock > this.#newest[table]!) this.#newest[table] = version.clock;
    const valueAt = copyRange(field, slab.bytes, (unit << 3) + HEADER_BYTES);
    if (isOutside) copyRange(value!, records.outsideBuffer(slab.words[word + BODY_LENGTH]!), 0);
    else if (value !== null) copyRange(value, slab.bytes, valueAt);
    const isLive = value !== null;
    if (isSorted && isLive) this.order.insert(table, to);
    if (isLive !== wasLive) this.#live[table]! += isLive ? 1 : -1;
    if (!this.#liveLists.isEmpty) {
      if (wasLive && !isLive) this.#liveLists.removed(table, at);
      else if (!wasLive && isLive) this.#liveLists.added(table, to);
      else if (isLive && to !== at) this.#liveLists.moved(table, at, to);
    }
    return isLive && !wasLive;
  }

  /** Takes out the entry that `find` just found at `at`. */
  remove(table: number, at: Location): void {
    if (!this.isMark(at)) {
      if (this.order.isKept(table)) this.order.remove(table, at);
      this.#live[table]!--;
      if (!this.#liveLists.isEmpty) this.#liveLists.removed(table, at);
    }
    this.index.remove(table);
    this.#records.free(at);
  }

  /** An entry drawn at random, maybe a mark; the table is not empty. */
  draw(table: number, random: () => number): Location {
    return this.index.draw(table, random);
  }

  /**
   * Where the live entries of a table are, if they are few among many marks. Takes one walk, but not again while they stay few. Valid
   * until the next change of the table.
   */
  fewLive(table: number): readonly Location[] | undefined {
    const found = this.#liveLists.of(table);
    if (found !== undefined) return found;
    if (!LiveLists.isWorth({ live: this.liveCount(table), all: this.count(table) })) return undefined;
    const live: Location[] = [];
    const batch = this.#batch;
    for (let from = 0; from < WALK_END; batch.length = 0) {
      from = this.collect(table, from, LISTED_HOMES, batch);
      for (const at of batch) if (!this.isMark(at)) live.push(at);
    }
    this.#liveLists.keep(table, live);
    return live;
  }

  /**
   * Collects the entries of a range of hashes that starts at `from`, and answers where the next range starts:
   * `end` after the last (see `TableIndex.collect`).
   */
  collect(
    table: number,
    from: number,
    homes: number,
    into: Location[],
    end: number = WALK_END,
    hashes?: number[],
  ): number {
    return this.index.collect(table, from, homes, into, end, hashes);
  }

  /** The bytes that a table takes with all its entries, estimated from `samples` of them or a few more. */
  bytesOf(table: number, samples: number): number {
    const sample: Location[] = [];
    let from = 0;
    while (from < WALK_END && sample.length < samples) from = this.collect(table, from, SIZED_HOMES, sample);
    let bytes = 0;
    for (const at of sample) bytes += this.#records.sizeOf(at);
    const perEntry = sample.length === 0 ? 0 : bytes / sample.length;
    return this.index.bytesOf(table) + this.order.bytesOf(table) + Math.round(perEntry * this.count(table));
  }

  /**
   * Moves an entry to another slab, for whoever empties sparse ones. False if it stays: there is no room elsewhere, or its
   * table is in the queue and the entry goes soon.
   */
  relocate(hasher: KeyHasher, at: Location): boolean {
    const records = this.#records;
    const table = records.word(at, ACCESS);
    if (this.#queued.has(table)) return false;
    const to = records.arena.copyElsewhere(at);
    if (to === NOWHERE) return false;
    const { bytes, start, end } = records.key(at);
    hasher.digest(bytes, start, end);
    const found = this.find(table, hasher.hash, bytes, start, end);
    assert(found === at, "an entry is in the table that it names");
    if (this.order.isKept(table) && !this.isMark(at)) this.order.replace(table, at, to);
    this.index.replace(to);
    if (!this.isMark(at)) this.#liveLists.moved(table, at, to);
    // The outside body, if there is one, moved along.
    records.arena.free(at);
    return true;
  }

  // ---- Giving up tables ----

  /** Gives up a table. It must not be used any more; a large one is freed by `releaseSlice`. */
  release(table: number): void {
    this.#live[table] = 0;
    this.#liveLists.drop(table);
    this.#queue.push(table);
    this.#queued.add(table);
    this.#queuedEntries += this.count(table);
    if (this.#queue.length === 1 && this.#queuedEntries <= FREED_AT_ONCE_MAX)
      this.releaseSlice(FREED_AT_ONCE_MAX);
  }

  /** Entries that wait to be freed. */
  get queuedEntries(): number {
    return this.#queuedEntries;
  }

  /** Frees at least one and about `budget` of the entries that wait. Answers how many it freed. */
  releaseSlice(budget: number): number {
    const batch = this.#batch;
    let freed = 0;
    while (freed < budget) {
      const table = this.#queue.peekFront();
      if (table === undefined) break;
      if (this.#freedTo === 0) this.order.release(table);
      this.#freedTo = this.collect(table, this.#freedTo, FREED_HOMES, batch);
      for (const at of batch) this.#records.free(at);
      freed += batch.length;
      // There are hardly more nodes than entries, and mostly far fewer: next to none are left at the end.
      this.order.releaseSlice(FREED_HOMES);
      batch.length = 0;
      if (this.#freedTo < WALK_END) continue;
      while (this.order.releaseSlice(FREED_HOMES));
      this.#queue.shift();
      this.#queued.delete(table);
      this.index.dropTable(table);
      this.#freedTo = 0;
    }
    this.#queuedEntries -= freed;
    return freed;
  }
}
