/**
 * Reads the entries of a collection, whatever its form: one after the other, or the one of a field. Packed ones come in the
 * order in which their fields came, in that of the integers of a set of nothing else, or in that of a sorted set; those of a table in
 * the order of their hashes. Marks of removed fields are entries too.
 */
import { type ByteRange, equalRanges } from "../base/bytes.js";
import type { KeyHasher } from "../base/key-hash.js";
import { Position, STEP_BYTES } from "../delta/list-position.js";
import { type Entry, EntryCursor } from "../delta/packed-entries.js";
import type { Version } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { PACKED, tableOf } from "./entries-body.js";
import { WALK_END } from "./field-table.js";
import { ListReader } from "./list-reader.js";
import { TYPE_LIST, TYPE_STREAM } from "./record.js";
import type { ByteView } from "./records.js";
import { StreamReader } from "./stream-reader.js";

/** Home cells of a table that are looked at together. */
const STEP_HOMES = 128;
/** As Redis: a scan of a sparse table looks at so many homes for each field asked for, and no further. */
const HOMES_PER_FIELD_MAX = 10;
const NO_BYTES = Buffer.alloc(0);
/** In place of a table's number: the elements of a list. */
const LIST = -2;
/** The same: the fields of a stream. */
const STREAM = -3;

/**
 * The reader is itself the entry at hand, valid until the next step or change. One serves any number of collections, one
 * at a time.
 */
export class EntryReader implements Entry {
  readonly field: ByteView = emptyView();
  value: ByteView | null = null;
  /** Where the entry at hand lies; NOWHERE if it is packed with others. */
  at: Location = NOWHERE;
  readonly #value: ByteView = emptyView();
  readonly #version = { clock: 0, origin: 0 };
  #database!: Database;
  #table = PACKED;
  /** Of packed entries. */
  readonly #cursor = new EntryCursor();
  #bytes = this.field.bytes;
  /** Of a table: entries collected and not visited yet start at `#step`; those that follow, at the hash `#from`. */
  readonly #batch: Location[] = [];
  #step = 0;
  #from = 0;
  /** Of a list. The fields are the positions of its elements. */
  readonly #list = new ListReader();
  readonly #sought = new Position();
  #position: Buffer = Buffer.alloc(64);
  readonly #stream = new StreamReader();

  /** Stands before the first entry of the collection at `at`. */
  open(database: Database, at: Location): void {
    this.#database = database;
    if (database.records.type(at) === TYPE_LIST) {
      this.#table = LIST;
      this.at = NOWHERE;
      this.#list.open(database, at);
      return;
    }
    if (database.records.type(at) === TYPE_STREAM) {
      this.#table = STREAM;
      this.at = NOWHERE;
      this.#stream.open(database, at);
      return;
    }
    this.#table = tableOf(database, at);
    if (this.#table === PACKED) {
      this.openPacked(database.records.body(at));
      return;
    }
    // V8 sets a length slowly, also where it is the same.
    if (this.#batch.length > 0) this.#batch.length = 0;
    this.#step = 0;
    this.#from = 0;
  }

  /** The table of the collection, or `PACKED`. */
  get table(): number {
    return this.#table;
  }

  /** Stands before the first of packed entries, wherever their bytes lie. */
  openPacked({ bytes, start, end }: ByteView): void {
    this.#table = PACKED;
    this.at = NOWHERE;
    this.#bytes = bytes;
    this.#cursor.open(bytes, start, end);
  }

  /** Goes to the next entry; false if there is none. */
  next(): boolean {
    if (this.#table === STREAM) return this.#showField(this.#stream.next());
    if (this.#table !== PACKED) return this.#table === LIST ? this.#nextOfList() : this.#nextOfTable();
    if (!this.#cursor.next()) return false;
    this.#showPacked();
    return true;
  }

  /** Goes to the next field that a client can see; false if there is none. */
  nextLive(): boolean {
    while (this.next()) if (this.value !== null) return true;
    return false;
  }

  /** Goes to the entry of a field; false if it has none. The hasher's last result is spent. */
  find(field: ByteRange, hasher: KeyHasher): boolean {
    if (this.#table === LIST || this.#table === STREAM)
      return this.seek(field) && equalRanges(this.field, field);
    if (this.#table === PACKED) {
      if (!this.#cursor.find(field)) return false;
      this.#showPacked();
      return true;
    }
    const { bytes, start, end } = field;
    hasher.digest(bytes, start, end);
    const at = this.#database.fields.find(this.#table, hasher.hash, bytes, start, end);
    if (at === NOWHERE) return false;
    this.#show(at);
    return true;
  }

  /** Where the entry at hand is, for `goTo`; valid until the collection changes. */
  get position(): number {
    if (this.#table === LIST) return this.#list.place;
    if (this.#table === STREAM) return this.#stream.place;
    return this.#table === PACKED ? this.#cursor.entryStart : this.at;
  }

  /** Makes the entry at a position the one at hand; of a table its location is one. */
  goTo(position: number): void {
    if (this.#table === STREAM) {
      this.#stream.goTo(position);
      this.#showField(true);
      return;
    }
    if (this.#table === LIST) {
      this.#list.goTo(position);
      this.#showElement();
      return;
    }
    if (this.#table !== PACKED) {
      this.#show(position);
      return;
    }
    this.#cursor.entryEnd = position;
    this.next();
  }

  /**
   * Collects the positions of a part of the collection, about `count` or what so many homes of a table hold, and answers the cursor
   * of the next part: 0 after the last. A field that is there throughout a walk of parts is met, whatever grows or
   * shrinks meanwhile (see `TableIndex.collect`). What is packed is one part, whatever the cursor.
   */
  scan(cursor: number, count: number, into: number[]): number {
    if (this.#table === LIST) return this.#scanList(cursor, count, into);
    if (this.#table === STREAM) return this.#stream.scan(cursor, count, into);
    if (this.#table === PACKED) {
      while (this.next()) into.push(this.position);
      return 0;
    }
    let from = cursor;
    for (let homes = count * HOMES_PER_FIELD_MAX; from < WALK_END && homes > 0; ) {
      const wanted = count - into.length;
      if (wanted <= 0) break;
      from = this.#database.fields.collect(this.#table, from, wanted, into);
      homes -= wanted;
    }
    return from < WALK_END ? from : 0;
  }

  /** The version of the entry at hand. The object is the same each time. */
  get version(): Version {
    const version = this.#version;
    if (this.#table === STREAM) {
      version.clock = this.#stream.clock;
      version.origin = this.#stream.origin;
    } else if (this.#table === LIST) {
      version.clock = this.#list.cursor.clock;
      version.origin = this.#list.cursor.origin;
    } else if (this.at === NOWHERE) {
      version.clock = this.#cursor.clock();
      version.origin = this.#cursor.origin();
    } else {
      const { records } = this.#database;
      version.clock = records.lifeClock(this.at);
      version.origin = records.lifeOrigin(this.at);
    }
    return version;
  }

  /**
   * Of a list: goes to the first element of this position, or a later one; false if there is none, or it is no position. Of a stream the same of
   * a field.
   */
  seek({ bytes, start, end }: ByteRange): boolean {
    if (this.#table === STREAM) return this.#showField(this.#stream.seek({ bytes, start, end }));
    if (end === start || (end - start) % STEP_BYTES !== 0) return false;
    this.#sought.read(bytes, start, end);
    if (!this.#list.seek(this.#sought)) return false;
    this.#showElement();
    return true;
  }

  /** Parts end where the clock of the positions changes, and that clock is the cursor: it stays, whatever comes and goes. */
  #scanList(from: number, count: number, into: number[]): number {
    const list = this.#list;
    this.#sought.setEnd(1, from, 0, 0);
    let isThere = from === 0 ? list.next() : list.seek(this.#sought);
    for (let before = 0; isThere; isThere = list.next()) {
      const clock = list.cursor.position.firstClock;
      if (into.length >= count && clock !== before) return clock;
      into.push(list.place);
      before = clock;
    }
    return 0;
  }

  #nextOfList(): boolean {
    if (!this.#list.next()) return false;
    this.#showElement();
    return true;
  }

  #showField(isThere: boolean): boolean {
    if (!isThere) return false;
    const { field } = this;
    const stream = this.#stream;
    field.bytes = stream.field.bytes;
    field.start = stream.field.start;
    field.end = stream.field.end;
    this.value = stream.isMark ? null : stream.value;
    return true;
  }

  #showElement(): void {
    const { cursor } = this.#list;
    const { field } = this;
    const length = cursor.position.byteLength;
    if (length > this.#position.length) this.#position = Buffer.alloc(2 * length);
    field.bytes = this.#position;
    field.start = 0;
    field.end = cursor.position.write(this.#position, 0);
    cursor.value(this.#value);
    this.value = cursor.isMark ? null : this.#value;
  }

  #show(at: Location): void {
    const { records, fields } = this.#database;
    this.at = at;
    setView(this.field, records.key(at));
    this.value = fields.isMark(at) ? null : setView(this.#value, records.body(at));
  }

  #showPacked(): void {
    const cursor = this.#cursor;
    const bytes = this.#bytes;
    const { field } = this;
    field.bytes = bytes;
    field.start = cursor.fieldStart;
    field.end = cursor.fieldEnd;
    const value = this.#value;
    value.bytes = bytes;
    value.start = cursor.valueStart;
    value.end = cursor.valueEnd;
    this.value = cursor.isRemoved ? null : value;
  }

  #nextOfTable(): boolean {
    const batch = this.#batch;
    while (this.#step === batch.length) {
      if (this.#from === WALK_END) return false;
      batch.length = 0;
      this.#step = 0;
      this.#from = this.#database.fields.collect(this.#table, this.#from, STEP_HOMES, batch);
    }
    this.#show(batch[this.#step++]!);
    return true;
  }
}

function emptyView(): ByteView {
  return { bytes: NO_BYTES, start: 0, end: 0 };
}

function setView(view: ByteView, { bytes, start, end }: ByteView): ByteView {
  view.bytes = bytes;
  view.start = start;
  view.end = end;
  return view;
}
