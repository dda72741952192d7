/**
 * Tells slots as deltas, a part at a time, while commands go on between the parts, and tells again whatever changes: who applies
 * all that is told, in order, has the slots as they are when nothing is left to tell.
 *
 * A key that changes is told whole once more, behind a drop of what was told of it before, so that nothing has to merge: what
 * matters is what the key is, not how it came to be so. Keys of a slot that is being walked wait for the end of the walk, so that
 * each is walked before it is told again. What is to be told again is bounded by the keys of the slots.
 */
import type { ByteWriter } from "../base/byte-writer.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { writeCollect, writeDrop, writeFlush } from "../delta/delta-codec.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { Database } from "../keyspace/database.js";
import { isTable } from "../keyspace/entries-body.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { hasFields, TYPE_TEXT } from "../keyspace/record.js";
import { RecordEncoder } from "../keyspace/record-encoder.js";
import { SLOT_END } from "../keyspace/slot-walk.js";
import type { Follower } from "../keyspace/watchers.js";

/** A longer text is told in pieces of so many bytes. */
const PIECE_BYTES = 64 * 1024;
/** A large collection is told about so many fields at a time. */
const FIELDS = 32;
/** Home cells looked at in one step. */
const HOMES_PER_STEP = 64;
/** Steps and slots looked at in one part, however little is found. */
const STEPS_PER_PART = 2048;

const NOT_COPIED = 0;
const WAITING = 1;
const WALKING = 2;
const WALKED = 3;

interface Key {
  readonly database: number;
  readonly slot: number;
  readonly bytes: Buffer;
}

export class SlotCopy implements Follower {
  /** A database was emptied, or two changed places: what was told is no copy any more. */
  isBroken = false;
  readonly #keyspace: Keyspace;
  readonly #slots: readonly number[];
  readonly #unfollow: () => void;
  readonly #encoder = new RecordEncoder();
  readonly #found: Location[] = [];
  readonly #progress = new Uint8Array(SLOT_COUNT);
  // Where the walk is: the place of the slot in the list, database, hash.
  #next = 0;
  #database = 0;
  #from = 0;
  /** By slot, the keys that are to be told again. */
  readonly #changed = new Map<number, Map<string, Key>>();
  #changedCount = 0;
  /** Keys that the walk met whose values take several parts. */
  readonly #large: Key[] = [];
  /** The key whose value is being told, and how far it is. */
  #part: { readonly key: Key; cursor: number } | undefined;

  constructor(keyspace: Keyspace, slots: readonly number[]) {
    this.#keyspace = keyspace;
    this.#slots = slots;
    for (const slot of slots) this.#progress[slot] = WAITING;
    this.#unfollow = keyspace.watchers.follow(this);
  }

  close(): void {
    this.#unfollow();
  }

  /** Whether all slots have been walked: what is still to be told are changes. */
  get isWalked(): boolean {
    return this.#next === this.#slots.length;
  }

  /** Keys that are to be told again. */
  get backlog(): number {
    return this.#changedCount + (this.#part === undefined ? 0 : 1);
  }

  /** Whether all of a slot is told. */
  isTold(slot: number): boolean {
    return this.#progress[slot] === WALKED && !this.#changed.has(slot) && this.#part?.key.slot !== slot;
  }

  changed({ slot, database, bytes, start, end }: Keyspace): void {
    if (this.#progress[slot]! < WALKING) return;
    let keys = this.#changed.get(slot);
    if (keys === undefined) this.#changed.set(slot, (keys = new Map()));
    const name = `${database.number} ${bytes.toString("latin1", start, end)}`;
    if (keys.has(name)) return;
    keys.set(name, { database: database.number, slot, bytes: Buffer.from(bytes.subarray(start, end)) });
    this.#changedCount++;
  }

  flushed(): void {
    this.isBroken = true;
  }

  /** The slots are another node's now: their changes are not told any more. */
  end(slots: readonly number[]): void {
    for (const slot of slots) {
      this.#progress[slot] = NOT_COPIED;
      this.#changedCount -= this.#changed.get(slot)?.size ?? 0;
      this.#changed.delete(slot);
    }
  }

  /** Appends what is to be told next, changes and then more of the walk, until the writer has `lengthMax` bytes or a little more. */
  tell(writer: ByteWriter, lengthMax: number): void {
    // Changes have half of the room, so that the walk goes on however much changes.
    const half = writer.length + (lengthMax - writer.length) / 2;
    this.#tellChanges(writer, this.isWalked ? lengthMax : half, undefined);
    for (let steps = 0; steps < STEPS_PER_PART && writer.length < lengthMax && !this.isWalked; steps++) {
      this.#step(writer);
    }
  }

  /** The same of the changes of some slots. */
  tellChangesOf(writer: ByteWriter, lengthMax: number, slots: readonly number[]): void {
    this.#tellChanges(writer, lengthMax, slots);
  }

  /** Appends what is known of slots as a whole. */
  tellFloors(writer: ByteWriter, slots: readonly number[]): void {
    for (const { number, flushFloors, birthFloors } of this.#keyspace.databases) {
      for (const slot of slots) {
        if (flushFloors.clock(slot) > 0)
          writeFlush(writer, { kind: "flush", db: number, slot, floor: flushFloors.version(slot) });
        if (birthFloors.clock(slot) > 0)
          writeCollect(writer, { kind: "collect", db: number, slot, floor: birthFloors.version(slot) });
      }
    }
  }

  // ---- Changes ----

  #tellChanges(writer: ByteWriter, lengthMax: number, slots: readonly number[] | undefined): void {
    while (writer.length < lengthMax) {
      if (this.#part === undefined) {
        const key = this.#takeChanged(slots ?? this.#changed.keys());
        if (key === undefined) return;
        this.#part = { key, cursor: 0 };
        writeDrop(writer, dropOf(key));
      }
      this.#tellPart(writer);
    }
  }

  #takeChanged(slots: Iterable<number>): Key | undefined {
    for (const slot of slots) {
      const keys = this.#changed.get(slot);
      if (keys === undefined || this.#progress[slot] !== WALKED) continue;
      const [name, key] = keys.entries().next().value!;
      keys.delete(name);
      this.#changedCount--;
      if (keys.size === 0) this.#changed.delete(slot);
      return key;
    }
    return undefined;
  }

  /** Tells the value at hand, or the next part of it. */
  #tellPart(writer: ByteWriter): void {
    const part = this.#part!;
    const { key } = part;
    const database = this.#keyspace.databases[key.database]!;
    const at = this.#find(database, key.bytes);
    part.cursor = at === NOWHERE ? 0 : this.#tellValue(writer, database, at, part);
    if (part.cursor === 0) this.#part = undefined;
  }

  /** Answers where the next part begins: 0 if there is none. If the value changes between two parts, it is told again. */
  #tellValue(
    writer: ByteWriter,
    database: Database,
    at: Location,
    { key: { slot }, cursor }: { readonly key: Key; readonly cursor: number },
  ): number {
    const { records } = database;
    if (!isLarge(database, at)) {
      if (cursor === 0) this.#encoder.whole(writer, database, slot, at);
      return 0;
    }
    if (hasFields(records.type(at))) return this.#encoder.fields(writer, database, slot, at, cursor, FIELDS);
    const length = records.bodyLength(at);
    if (cursor >= length) return 0;
    const next = this.#encoder.piece(writer, database, slot, at, cursor, PIECE_BYTES);
    return next < length ? next : 0;
  }

  // ---- The walk ----

  #step(writer: ByteWriter): void {
    if (this.#part !== undefined) {
      this.#tellPart(writer);
      return;
    }
    const large = this.#large.shift();
    if (large !== undefined) {
      this.#part = { key: large, cursor: 0 };
      return;
    }
    const { databases } = this.#keyspace;
    const slot = this.#slots[this.#next]!;
    this.#progress[slot] = WALKING;
    for (let database = databases[this.#database]; database !== undefined; ) {
      if (this.#from < SLOT_END && database.index.count(slot) > 0) {
        this.#tellRange(writer, database, slot);
        return;
      }
      this.#from = 0;
      database = databases[++this.#database];
    }
    this.#progress[slot] = WALKED;
    this.#database = 0;
    this.#next++;
  }

  #tellRange(writer: ByteWriter, database: Database, slot: number): void {
    const { index, records } = database;
    const found = this.#found;
    found.length = 0;
    this.#from = index.collect(slot, this.#from, HOMES_PER_STEP, found);
    for (const at of found) {
      if (isLarge(database, at)) {
        const { bytes, start, end } = records.key(at);
        this.#large.push({
          database: database.number,
          slot,
          bytes: Buffer.from(bytes.subarray(start, end)),
        });
      } else {
        this.#encoder.whole(writer, database, slot, at);
      }
    }
  }

  /** Not through the keyspace: to open a key may be to let it expire. */
  #find({ index }: Database, key: Buffer): Location {
    const { hasher } = this.#keyspace;
    hasher.digest(key, 0, key.length);
    return index.find(hasher.slot, hasher.hash, key, 0, key.length);
  }
}

function dropOf({ database, slot, bytes }: Key) {
  return { db: database, slot, key: { bytes, start: 0, end: bytes.length } };
}

/** Whether a value takes several parts. */
function isLarge(database: Database, at: Location): boolean {
  const { records } = database;
  switch (records.type(at)) {
    case TYPE_TEXT:
      return records.isOutside(at) && records.bodyLength(at) > PIECE_BYTES;
    default:
      return isTable(database, at);
  }
}
