/**
 * Tells a whole keyspace as deltas, a part at a time, while commands go on between the parts: database by database, slot by
 * slot, in the order of hashes. Together with the changes made meanwhile, in the order of their making, it is a copy.
 *
 * A key that is there throughout is told once; one that comes, changes or goes meanwhile is told by its own deltas, whether
 * the walk meets it or not. Of a text that is changed between two of its pieces each piece is of the life that it then has:
 * the change, a patch told before the later pieces, carries the earlier ones over into that life.
 *
 * Before each part the changes made so far have to be told. So the birth floor that a slot has when its last record is told
 * may follow it: no change that it settles comes later. A record that expired and was not looked at is told like any other.
 */
import type { ByteWriter } from "../base/byte-writer.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { writeCollect, writeFlush } from "../delta/delta-codec.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { isTable } from "./entries-body.js";
import { isGhost } from "./ghost.js";
import type { Keyspace } from "./keyspace.js";
import { hasFields, TYPE_TEXT } from "./record.js";
import { RecordEncoder } from "./record-encoder.js";
import { SLOT_END } from "./slot-walk.js";

/** Home cells looked at in one step. */
const HOMES_PER_STEP = 64;
/** Steps and slots looked at in one part, however little is found. */
const STEPS_PER_PART = 2048;

export interface DumpParts {
  /** A longer text is told in pieces of so many bytes. */
  readonly pieceBytes: number;
  /** A large collection is told so many fields at a time. */
  readonly fields: number;
}

const PARTS: DumpParts = { pieceBytes: 2 ** 17, fields: 64 };

export class KeyspaceDump {
  /** Told so far: those that clients see, and ghosts too. */
  keys = 0;
  records = 0;
  readonly #keyspace: Keyspace;
  readonly #parts: DumpParts;
  readonly #encoder = new RecordEncoder();
  readonly #found: Location[] = [];
  /** Keeps what was read for nothing but its being read. */
  #warmth = 0;
  #database = 0;
  /** -1 before the first slot of the database. */
  #slot = -1;
  /** The next range of hashes; `SLOT_END` between slots. */
  #from = SLOT_END;
  /** Keys of the slot at hand whose values take several parts, and how far the first of them is told. */
  readonly #large: Buffer[] = [];
  #cursor = 0;

  constructor(keyspace: Keyspace, parts = PARTS) {
    this.#keyspace = keyspace;
    this.#parts = parts;
  }

  /**
   * Appends deltas until `lengthMax` is reached, or passed by the last of them, or much was looked at. False if there are no
   * more: then all is told.
   */
  next(writer: ByteWriter, lengthMax: number): boolean {
    for (let steps = 0; steps < STEPS_PER_PART && writer.length < lengthMax; steps++) {
      const database = this.#keyspace.databases[this.#database];
      if (database === undefined) return false;
      this.#step(writer, database);
    }
    return true;
  }

  #step(writer: ByteWriter, database: Database): void {
    if (this.#large.length > 0) this.#tellLarge(writer, database);
    else if (this.#from < SLOT_END) this.#tellRange(writer, database);
    else this.#nextSlot(writer, database);
  }

  #nextSlot(writer: ByteWriter, database: Database): void {
    if (this.#slot < 0) this.#beginDatabase(writer, database);
    else this.#endSlot(writer, database);
    this.#slot++;
    const { index, birthFloors } = database;
    // Nothing to tell of most slots of a small keyspace: a loop of its own, for each costs next to nothing.
    while (this.#slot < SLOT_COUNT && index.count(this.#slot) === 0 && birthFloors.clock(this.#slot) === 0) {
      this.#slot++;
    }
    if (this.#slot === SLOT_COUNT) {
      this.#database++;
      this.#slot = -1;
      return;
    }
    this.#from = 0;
  }

  /** Flush floors hold back nothing that is there, so they may come first. FLUSHALL raises all at once. */
  #beginDatabase(writer: ByteWriter, { number, flushFloors }: Database): void {
    const first = flushFloors.version(0);
    let slot = 1;
    while (
      slot < SLOT_COUNT &&
      flushFloors.clock(slot) === first.clock &&
      flushFloors.origin(slot) === first.origin
    ) {
      slot++;
    }
    if (slot === SLOT_COUNT) {
      if (first.clock > 0) writeFlush(writer, { kind: "flush", db: number, slot: null, floor: first });
      return;
    }
    for (slot = 0; slot < SLOT_COUNT; slot++) {
      const floor = flushFloors.version(slot);
      if (floor.clock > 0) writeFlush(writer, { kind: "flush", db: number, slot, floor });
    }
  }

  #endSlot(writer: ByteWriter, { number, birthFloors }: Database): void {
    const floor = birthFloors.version(this.#slot);
    if (floor.clock > 0) writeCollect(writer, { kind: "collect", db: number, slot: this.#slot, floor });
  }

  #tellRange(writer: ByteWriter, database: Database): void {
    const { index, records } = database;
    const found = this.#found;
    found.length = 0;
    this.#from = index.collect(this.#slot, this.#from, HOMES_PER_STEP, found);
    // Records lie anywhere. One look at each after the other lets the processor fetch many at a time.
    for (const at of found) this.#warmth ^= records.warm(at);
    for (const at of found) {
      this.records++;
      if (!isGhost(database, at)) this.keys++;
      if (this.#isLarge(database, at)) {
        const { bytes, start, end } = records.key(at);
        this.#large.push(Buffer.from(bytes.subarray(start, end)));
      } else {
        this.#encoder.whole(writer, database, this.#slot, at);
      }
    }
  }

  /** Tells the next part of the value that is at hand. */
  #tellLarge(writer: ByteWriter, database: Database): void {
    const at = this.#find(database, this.#large[0]!);
    this.#cursor = at === NOWHERE ? 0 : this.#tellPart(writer, database, at);
    if (this.#cursor === 0) this.#large.shift();
  }

  /** Answers where the next part begins: 0 if there is none. */
  #tellPart(writer: ByteWriter, database: Database, at: Location): number {
    const cursor = this.#cursor;
    // It became another value meanwhile: that has been told by whoever made it.
    if (!this.#isLarge(database, at)) return 0;
    if (hasFields(database.records.type(at))) {
      return this.#encoder.fields(writer, database, this.#slot, at, cursor, this.#parts.fields);
    }
    const length = database.records.bodyLength(at);
    if (cursor >= length) return 0;
    const next = this.#encoder.piece(writer, database, this.#slot, at, cursor, this.#parts.pieceBytes);
    return next < length ? next : 0;
  }

  /** Not through the keyspace: to open a key may be to let it expire. */
  #find({ index }: Database, key: Buffer): Location {
    const { hasher } = this.#keyspace;
    hasher.digest(key, 0, key.length);
    return index.find(hasher.slot, hasher.hash, key, 0, key.length);
  }

  /** Whether a value takes several parts. */
  #isLarge(database: Database, at: Location): boolean {
    const { records } = database;
    switch (records.type(at)) {
      case TYPE_TEXT:
        return records.isOutside(at) && records.bodyLength(at) > this.#parts.pieceBytes;
      default:
        return isTable(database, at);
    }
  }
}
