/** Walks the entries of a table, in steps of bounded time, and digests them. */
import { Digest64 } from "../base/digest64.js";
import type { Version } from "../delta/version.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { EntryReader } from "./entry-reader.js";
import { isSequence, OUTSIDE_BYTES } from "./record.js";
import { digestOf, isCollected, type Lanes, takeEntryHead } from "./record-digest.js";

/** Home cells looked at in one step: some 10 us. */
const STEP_HOMES = 64;
/** Bytes of a value that are taken in one step: some 70 us. */
export const STEP_BYTES = 128 * 1024;

/** An entry, or a record, that a walk has met. The object is used again for the next one. */
export interface Item extends Lanes {
  /** Of the key, or the field: signed. */
  readonly hash: number;
  /** Version of the entry, or life of the record. */
  readonly clock: number;
  readonly origin: number;
}

/** An entry whose value is not in the arena. Such values are never changed in place, so the bytes stay what they are. */
interface LongEntry extends Item {
  readonly value: Buffer;
}

export interface EntryRange {
  /** Hashes of fields, unsigned: `from` to before `end`. */
  readonly from: number;
  readonly end: number;
  /** The birth floor of the slot. */
  readonly birth: Version;
}

export class EntryWalk {
  readonly #end: number;
  readonly #birth: Version;
  readonly #meet: (item: Item) => void;
  readonly #reader = new EntryReader();
  readonly #digest = new Digest64();
  readonly #found: Location[] = [];
  readonly #hashes: number[] = [];
  readonly #item = { hash: 0, low: 0, high: 0, clock: 0, origin: 0 };
  #from: number;
  /** Of a list: the position of the element that the next step begins with. */
  #next: Buffer | undefined;
  /** Met and not digested yet, and how far the first of them is. */
  readonly #long: LongEntry[] = [];
  #taken = 0;

  constructor({ from, end, birth }: EntryRange, meet: (item: Item) => void) {
    this.#from = from;
    this.#end = end;
    this.#birth = birth;
    this.#meet = meet;
  }

  /** Goes on with the collection at `at`, which is a table. False if all is met. */
  step(database: Database, at: Location): boolean {
    if (this.#long.length > 0) this.#takeValue();
    else if (this.#from < this.#end) this.#collect(database, at);
    return this.#long.length > 0 || this.#from < this.#end;
  }

  #collect(database: Database, at: Location): void {
    const { records, fields } = database;
    if (isSequence(records.type(at))) {
      this.#collectElements(database, at);
      return;
    }
    const found = this.#found;
    const hashes = this.#hashes;
    found.length = hashes.length = 0;
    const reader = this.#reader;
    reader.open(database, at);
    const table = reader.table;
    this.#from = fields.collect(table, this.#from, STEP_HOMES, found, this.#end, hashes);
    for (let i = 0; i < found.length; i++) {
      reader.goTo(found[i]!);
      if (isCollected(reader, this.#birth)) continue;
      if (records.isOutside(found[i]!)) this.#putOff(reader, hashes[i]!);
      else this.#met(digestOf(reader), reader.version, hashes[i]!);
    }
  }

  /** Elements of a list and fields of a stream have no hashes: these are walked as wholes, in their order. */
  #collectElements(database: Database, at: Location): void {
    const reader = this.#reader;
    reader.open(database, at);
    const next = this.#next;
    let isThere =
      next === undefined ? reader.next() : reader.seek({ bytes: next, start: 0, end: next.length });
    for (let taken = 0; isThere; isThere = reader.next()) {
      const { field, value } = reader;
      if (taken++ === STEP_HOMES || this.#long.length > 0) {
        this.#next = Buffer.from(field.bytes.subarray(field.start, field.end));
        return;
      }
      if (isCollected(reader, this.#birth)) continue;
      if (value !== null && value.end - value.start > OUTSIDE_BYTES) this.#putOff(reader, 0);
      else this.#met(digestOf(reader), reader.version, 0);
    }
    this.#from = this.#end;
  }

  #met({ low, high }: Lanes, { clock, origin }: Version, hash: number): void {
    const item = this.#item;
    item.hash = hash;
    item.low = low;
    item.high = high;
    item.clock = clock;
    item.origin = origin;
    this.#meet(item);
  }

  #putOff(entry: EntryReader, hash: number): void {
    const digest = this.#digest;
    const { clock, origin } = entry.version;
    const { bytes, start, end } = entry.value!;
    takeEntryHead(digest, entry);
    const { low, high } = digest;
    this.#long.push({ hash, low, high, clock, origin, value: bytes.subarray(start, end) });
  }

  #takeValue(): void {
    const entry = this.#long[0]!;
    const { value } = entry;
    const digest = this.#digest;
    if (this.#taken === 0) {
      digest.low = entry.low;
      digest.high = entry.high;
    }
    const end = Math.min(this.#taken + STEP_BYTES, value.length);
    digest.bytes(value, this.#taken, end);
    this.#taken = end;
    if (end < value.length) return;
    this.#taken = 0;
    this.#long.shift();
    digest.finish();
    this.#met(digest, entry, entry.hash);
  }
}
