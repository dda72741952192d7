/**
 * Walks what lies in a range of hashes, keys of a slot or fields of one collection, in steps of bounded time, and digests each. The hash seed is
 * the cluster's, so that a range means the same on all nodes.
 *
 * Whatever is there all the time is met once; what changes between two steps is met as it was, or as it is. What comes may be missed.
 */
import type { Version } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { isTable } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { EntryWalk, type Item } from "./entry-walk.js";
import type { Keyspace } from "./keyspace.js";
import { type KeyLocator, LongDigest, locate } from "./long-digest.js";
import { hasFields, isSequence, type RecordType, TYPE_NONE } from "./record.js";
import { digestOf, isCollected, isHusk, isLong, type Lanes, RecordDigest } from "./record-digest.js";

/** One more than the highest hash. */
export const HASH_END = 2 ** 32;
/** Home cells looked at in one step: some 10 us, or 400 if all values are as long as the arena takes them. */
const STEP_HOMES = 32;

/** Hashes are `from` to before `end`, unsigned. */
interface Hashes {
  readonly from: number;
  readonly end: number;
}

export interface KeyRange extends Hashes {
  readonly kind: "keys";
  readonly slot: number;
  /** null for all databases. */
  readonly db: number | null;
}

/** Of the collection that a key has, if it has one. */
export interface FieldRange extends Hashes {
  readonly kind: "fields";
  readonly slot: number;
  readonly db: number;
  readonly key: Buffer;
}

export type HashRange = KeyRange | FieldRange;

/**
 * Is told of each record or entry, with its digest and with what tells which of two is newer: the item is used again for the next one.
 * Of a record it is told the type, and whether its fields are a range of their own; of an entry neither.
 */
export type Meet = (item: Item, db: number, type: RecordType, isTable: boolean) => void;

export interface RangeWalk {
  /** False if all is met. */
  step(): boolean;
}

export function walkRange(keyspace: Keyspace, range: HashRange, atMs: number, meet: Meet): RangeWalk {
  return range.kind === "keys"
    ? new KeyWalk(keyspace, range, atMs, meet)
    : new FieldWalk(keyspace, range, atMs, meet);
}

// Used within a step, and by all walks: most slots hold so little that making them would take longer than walking it.
const digest = new RecordDigest();
const reader = new EntryReader();
const found: Location[] = [];
const hashes: number[] = [];
const shared = { hash: 0, low: 0, high: 0, clock: 0, origin: 0 };

class KeyWalk implements RangeWalk {
  readonly #keyspace: Keyspace;
  readonly #range: KeyRange;
  readonly #atMs: number;
  readonly #meet: Meet;
  /** Keeps what was read for nothing but its being read. */
  #warmth = 0;
  // Where the next step begins.
  #database: number;
  #from: number;
  /** Met and not digested yet. */
  #long: LongDigest[] | undefined;

  constructor(keyspace: Keyspace, range: KeyRange, atMs: number, meet: Meet) {
    this.#keyspace = keyspace;
    this.#range = range;
    this.#atMs = atMs;
    this.#meet = meet;
    this.#database = range.db ?? 0;
    this.#from = range.from;
  }

  step(): boolean {
    const long = this.#long?.[0];
    if (long !== undefined) {
      if (long.step()) return true;
      this.#long!.shift();
      if (long.at !== NOWHERE) this.#tell(long.place.database, long.at, long.place.hash, long);
      return true;
    }
    const database = this.#nextDatabase();
    if (database !== undefined) this.#collect(database);
    return database !== undefined;
  }

  #nextDatabase(): Database | undefined {
    const { databases } = this.#keyspace;
    const { db, slot, from, end } = this.#range;
    for (;;) {
      const database = databases[this.#database];
      if (database === undefined) return undefined;
      if (this.#from < end && database.index.count(slot) > 0) return database;
      this.#database = db === null ? this.#database + 1 : databases.length;
      this.#from = from;
    }
  }

  #collect(database: Database): void {
    const { slot, end } = this.#range;
    const { index, records } = database;
    found.length = hashes.length = 0;
    this.#from = index.collect(slot, this.#from, STEP_HOMES, found, end, hashes);
    // Records lie anywhere. One look at each after the other lets the processor fetch many at a time.
    for (const at of found) this.#warmth ^= records.warm(at);
    const asOf = { atMs: this.#atMs, birth: database.birthFloors.version(slot) };
    for (let i = 0; i < found.length; i++) {
      const at = found[i]!;
      if (isLong(database, at) && !isHusk(database, at, this.#atMs)) {
        this.#putOff(database, at, hashes[i]!);
      } else {
        digest.take(database, at, asOf);
        this.#tell(database, at, hashes[i]!, digest);
      }
    }
  }

  #putOff(database: Database, at: Location, hash: number): void {
    const { bytes, start, end } = database.records.key(at);
    const key = Buffer.from(bytes.subarray(start, end));
    (this.#long ??= []).push(new LongDigest({ database, slot: this.#range.slot, hash, key }, this.#atMs));
  }

  #tell(database: Database, at: Location, hash: number, { low, high }: Lanes): void {
    const { records } = database;
    const item = shared;
    item.hash = hash;
    item.low = low;
    item.high = high;
    item.clock = records.lifeClock(at);
    item.origin = records.lifeOrigin(at);
    const type = records.type(at);
    // What has an order has no hashes: two lists or streams that are not alike are told each other as wholes.
    this.#meet(item, database.number, type, !isSequence(type) && isTable(database, at));
  }
}

class FieldWalk implements RangeWalk {
  readonly #keyspace: Keyspace;
  readonly #range: FieldRange;
  readonly #place: KeyLocator;
  readonly #atMs: number;
  readonly #birth: Version;
  readonly #meet: Meet;
  readonly #entries: EntryWalk;

  constructor(keyspace: Keyspace, range: FieldRange, atMs: number, meet: Meet) {
    const { hasher, databases } = keyspace;
    const { db, slot, key } = range;
    this.#keyspace = keyspace;
    this.#range = range;
    this.#atMs = atMs;
    this.#meet = meet;
    const database = databases[db]!;
    this.#birth = database.birthFloors.version(slot);
    this.#entries = new EntryWalk({ ...range, birth: this.#birth }, (item) =>
      meet(item, db, TYPE_NONE, false),
    );
    hasher.digest(key, 0, key.length);
    this.#place = { database, slot, hash: hasher.hash, key };
  }

  step(): boolean {
    const { database } = this.#place;
    const at = locate(this.#place);
    if (at === NOWHERE || !hasFields(database.records.type(at))) return false;
    if (isSequence(database.records.type(at))) return false;
    if (isHusk(database, at, this.#atMs)) return false;
    if (isTable(database, at)) return this.#entries.step(database, at);
    this.#meetPacked(database, at);
    return false;
  }

  #meetPacked(database: Database, at: Location): void {
    const { hasher } = this.#keyspace;
    const { db, from, end } = this.#range;
    reader.open(database, at);
    while (reader.next()) {
      if (isCollected(reader, this.#birth)) continue;
      const { bytes, start, end: fieldEnd } = reader.field;
      hasher.digest(bytes, start, fieldEnd);
      const { hash } = hasher;
      if (hash >>> 0 < from || hash >>> 0 >= end) continue;
      const { low, high } = digestOf(reader);
      const { clock, origin } = reader.version;
      this.#meet({ hash, low, high, clock, origin }, db, TYPE_NONE, false);
    }
  }
}
