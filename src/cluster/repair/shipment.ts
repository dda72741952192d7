/**
 * Tells what is wanted as deltas that merge, a message at a time, while commands go on between messages: each record, or entry, as it is
 * when its turn comes. What is left to tell is itself a list of wants, so that whoever asked can ask for it again, and nobody has to
 * remember where he was.
 *
 * A value that is too long for a message is a parcel: one batch, whose bytes travel in several messages and are applied when all are there.
 */
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import { beginBatch, endBatchHead } from "../../delta/batch.js";
import { type Location, NOWHERE } from "../../keyspace/arena.js";
import type { Database } from "../../keyspace/database.js";
import { isTable, PACKED } from "../../keyspace/entries-body.js";
import { EntryReader } from "../../keyspace/entry-reader.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import { locate } from "../../keyspace/long-digest.js";
import { type FieldRange, HASH_END, type HashRange, type KeyRange } from "../../keyspace/range-walk.js";
import { hasFields, isSequence, TYPE_NONE } from "../../keyspace/record.js";
import { RecordEncoder } from "../../keyspace/record-encoder.js";

/** Home cells looked at in one step: what they hold in the arena is at most about as long as a message. */
const STEP_HOMES = 8;
/** Steps for one message, however little is found. */
const STEPS_MAX = 4096;
/** Longer values are parcels. */
const INLINE_BYTES_MAX = 64 * 1024;
const HEAD_BYTES_MAX = 2 ** 30;
/** Of a list, told together. */
const ELEMENTS_MAX = 256;

/** A record by itself, or one entry of a collection, or the elements of a list from one on. */
export interface ValueWant {
  readonly kind: "value";
  readonly slot: number;
  readonly db: number;
  readonly key: Buffer;
  /** null for the record. */
  readonly field: Buffer | null;
}

/** Life and expiry register of a record. */
export interface RegisterWant {
  readonly kind: "register";
  readonly slot: number;
  readonly db: number;
  readonly key: Buffer;
}

export type Want = HashRange | ValueWant | RegisterWant;

/** A batch: these bytes and then those. They never change. */
export interface Parcel {
  readonly head: Buffer;
  readonly body: Buffer;
}

export class Shipment {
  /** Records and parts of records that were told. */
  records = 0;
  /** So many of the wants are told, but for what is `ahead`. */
  taken = 0;
  readonly #keyspace: Keyspace;
  readonly #wants: readonly Want[];
  #ahead: Want[] = [];
  readonly #encoder = new RecordEncoder();
  readonly #reader = new EntryReader();
  readonly #found: Location[] = [];

  constructor(keyspace: Keyspace, wants: readonly Want[]) {
    this.#keyspace = keyspace;
    this.#wants = wants;
  }

  /** What is to be told before the rest of the wants. */
  get ahead(): readonly Want[] {
    return this.#ahead;
  }

  get isDone(): boolean {
    return this.#ahead.length === 0 && this.taken === this.#wants.length;
  }

  /**
   * Appends deltas until the writer has `lengthMax` bytes or somewhat more, or much was looked at. Answers a parcel if that is what comes
   * next and nothing was appended: it counts as told.
   */
  fill(writer: ByteWriter, lengthMax: number): Parcel | undefined {
    const start = writer.length;
    for (let steps = 0; steps < STEPS_MAX && writer.length < lengthMax; steps++) {
      const want = this.#ahead[0] ?? this.#wants[this.taken];
      if (want === undefined) break;
      if (want.kind === "keys") this.#tellKeys(writer, want);
      else if (want.kind === "fields") this.#tellFields(writer, want);
      else if (want.kind === "register") this.#tellRegister(writer, want);
      else if (!this.#isParcel(want)) this.#tellValue(writer, want);
      else if (writer.length > start) break;
      else return this.#takeParcel(want);
    }
    return undefined;
  }

  /** Others come in place of the first want. */
  #replace(...wants: readonly Want[]): void {
    if (this.#ahead.length > 0) this.#ahead.shift();
    else this.taken++;
    this.#ahead.unshift(...wants);
  }

  // ---- Ranges ----

  #tellKeys(writer: ByteWriter, want: KeyRange): void {
    const { slot, db, from, end } = want;
    if (db === null) {
      const held = this.#keyspace.databases.filter(({ index }) => index.count(slot) > 0);
      this.#replace(...held.map(({ number }) => ({ ...want, db: number })));
      return;
    }
    const database = this.#keyspace.databases[db]!;
    const { index, records } = database;
    const found = this.#found;
    found.length = 0;
    const next = index.collect(slot, from, STEP_HOMES, found, end);
    const apart: Want[] = [];
    for (const at of found) {
      if (records.isOutside(at) || isTable(database, at)) {
        apart.push({ kind: "value", slot, db, key: copyOf(records.key(at)), field: null });
      } else {
        this.#encoder.whole(writer, database, slot, at);
        this.records++;
      }
    }
    if (next < end) apart.push({ ...want, from: next });
    this.#replace(...apart);
  }

  #tellFields(writer: ByteWriter, want: FieldRange): void {
    const { database, at } = this.#locate(want);
    const type = at === NOWHERE ? TYPE_NONE : database.records.type(at);
    // What was a hash when it was asked for may be a list by now.
    if (!hasFields(type) || isSequence(type)) {
      this.#replace();
      return;
    }
    const reader = this.#reader;
    reader.open(database, at);
    const found = this.#found;
    found.length = 0;
    const { slot, db, key, from, end } = want;
    let next = end;
    const apart: Want[] = [];
    if (reader.table === PACKED) {
      this.#findPacked(want);
    } else {
      next = database.fields.collect(reader.table, from, STEP_HOMES, found, end);
      const { records } = database;
      for (let i = found.length - 1; i >= 0; i--) {
        if (!records.isOutside(found[i]!)) continue;
        apart.push({ kind: "value", slot, db, key, field: copyOf(records.key(found[i]!)) });
        found.splice(i, 1);
      }
    }
    if (found.length > 0) {
      this.#encoder.entries(writer, database, slot, at, { reader, positions: found });
      this.records++;
    }
    if (next < end) apart.push({ ...want, from: next });
    this.#replace(...apart);
  }

  #findPacked({ from, end }: FieldRange): void {
    const { hasher } = this.#keyspace;
    const reader = this.#reader;
    while (reader.next()) {
      const { bytes, start, end: fieldEnd } = reader.field;
      hasher.digest(bytes, start, fieldEnd);
      const hash = hasher.hash >>> 0;
      if (hash >= from && hash < end) this.#found.push(reader.position);
    }
  }

  // ---- One by one ----

  #tellRegister(writer: ByteWriter, want: RegisterWant): void {
    const { database, at } = this.#locate(want);
    if (at !== NOWHERE) {
      this.#encoder.register(writer, database, want.slot, at);
      this.records++;
    }
    this.#replace();
  }

  #tellValue(writer: ByteWriter, want: ValueWant): void {
    const { slot, db, key, field } = want;
    const { database, at } = this.#locate(want);
    if (at === NOWHERE) {
      this.#replace();
    } else if (isTable(database, at) && isSequence(database.records.type(at))) {
      this.#tellElements(writer, want, database, at);
    } else if (isTable(database, at) && field === null) {
      this.#replace({ kind: "fields", slot, db, key, from: 0, end: HASH_END });
    } else {
      if (field === null || !isTable(database, at)) {
        this.#encoder.whole(writer, database, slot, at);
        this.records++;
      } else if (this.#find(database, at, field)) {
        const reader = this.#reader;
        this.#encoder.entries(writer, database, slot, at, { reader, positions: [reader.position] });
        this.records++;
      }
      this.#replace();
    }
  }

  /** Of a list some elements are told, from that on whose position is named, and then those that follow. */
  #tellElements(writer: ByteWriter, want: ValueWant, database: Database, at: Location): void {
    const reader = this.#reader;
    const found = this.#found;
    found.length = 0;
    reader.open(database, at);
    let isThere = want.field === null ? reader.next() : reader.seek(rangeOf(want.field));
    for (let bytes = 0; isThere; isThere = reader.next()) {
      const { value } = reader;
      const length = value === null ? 0 : value.end - value.start;
      if (found.length === ELEMENTS_MAX || bytes + length > INLINE_BYTES_MAX) break;
      bytes += length;
      found.push(reader.position);
    }
    const next = isThere ? copyOf(reader.field) : undefined;
    if (found.length > 0) {
      this.#encoder.entries(writer, database, want.slot, at, { reader, positions: found });
      this.records++;
    }
    if (next === undefined) this.#replace();
    else this.#replace({ ...want, field: next });
  }

  #isParcel(want: ValueWant): boolean {
    const { database, at } = this.#locate(want);
    if (at === NOWHERE) return false;
    if (!isTable(database, at)) return database.records.bodyLength(at) > INLINE_BYTES_MAX;
    if (want.field === null || !this.#find(database, at, want.field)) return false;
    const { value } = this.#reader;
    return value !== null && value.end - value.start > INLINE_BYTES_MAX;
  }

  #takeParcel(want: ValueWant): Parcel {
    const { database, at } = this.#locate(want);
    const { records } = database;
    const writer = new ByteWriter({ bytesMax: HEAD_BYTES_MAX });
    const start = beginBatch(writer);
    let body: Buffer;
    if (isTable(database, at)) {
      this.#encoder.entryHead(writer, database, want.slot, at, this.#reader);
      // Those of an entry are never changed in place.
      const { bytes, start, end } = this.#reader.value!;
      body = bytes.subarray(start, end);
    } else {
      this.#encoder.head(writer, database, want.slot, at);
      body = records.lend(at)!;
    }
    endBatchHead(writer, start, body.length);
    // Elements that follow a long one are to come too.
    const isList = isSequence(records.type(at)) && isTable(database, at);
    if (isList && this.#reader.next()) this.#replace({ ...want, field: copyOf(this.#reader.field) });
    else this.#replace();
    this.records++;
    return { head: writer.written(), body };
  }

  /** Lets the reader find an entry. */
  #find(database: Database, at: Location, field: Buffer): boolean {
    this.#reader.open(database, at);
    return this.#reader.find({ bytes: field, start: 0, end: field.length }, this.#keyspace.hasher);
  }

  #locate({ slot, db, key }: { slot: number; db: number; key: Buffer }): {
    database: Database;
    at: Location;
  } {
    const { hasher, databases } = this.#keyspace;
    hasher.digest(key, 0, key.length);
    const database = databases[db]!;
    return { database, at: locate({ database, slot, hash: hasher.hash, key }) };
  }
}

/** Bytes of a parcel. */
export function parcelBytes({ head, body }: Parcel): number {
  return head.length + body.length;
}

function copyOf({ bytes, start, end }: { bytes: Buffer; start: number; end: number }): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
