/**
 * The collection of the open key, fields by name, as commands read and change it. All that one edit does has one version; it
 * joins the life that the collection has or is born into. One that loses its last field is gone.
 */
import { ENTRIES_BASE_BYTES, type Entry } from "../delta/packed-entries.js";
import { ORIGIN_NONE } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import { revive, vanish } from "./collection.js";
import { hasNoLive, liveLength } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { EntryWriter } from "./entry-writer.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import type { RecordType } from "./record.js";
import type { ByteView } from "./records.js";

const NO_BYTES = Buffer.alloc(0);

/** An entry that is no mark. */
export interface LiveField extends Entry {
  readonly field: ByteView;
  readonly value: ByteView;
  /** Where the entry lies; NOWHERE if it is packed with others. */
  readonly at: Location;
}

/** One for each keyspace, so that no command has to make its tools. */
export class OpenEntries {
  readonly #keyspace: Keyspace;
  readonly #reader = new EntryReader();
  readonly #writer = new EntryWriter();
  #changes = 0;
  /** How many of the changes were new fields, and removed ones. */
  #added = 0;
  #removed = 0;
  readonly #version = { clock: 0, origin: 0 };
  readonly #field = emptyView();
  readonly #value = emptyView();
  readonly #setting: Entry = { field: this.#field, value: this.#value, version: this.#version };
  readonly #mark: Entry = { field: this.#field, value: null, version: this.#version };

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  // ---- Reading ----

  /** Fields that a client can see. */
  get length(): number {
    const { database, at } = this.#keyspace;
    return liveLength(database, at);
  }

  /** A reader before the first entry: the same each time, and spent by `find`. */
  entries(): EntryReader {
    const { database, at } = this.#keyspace;
    this.#reader.open(database, at);
    return this.#reader;
  }

  /** A field; undefined if there is no such field. Valid until the next call or change. */
  find(bytes: Buffer, start: number, end: number): LiveField | undefined {
    const reader = this.entries();
    setView(this.#field, bytes, start, end);
    const isThere = reader.find(this.#field, this.#keyspace.hasher) && reader.value !== null;
    return isThere ? (reader as LiveField) : undefined;
  }

  // ---- Changing: `begin`, then `set` and `remove` fields, then `finish` ----

  /**
   * Begins a change by a new version of this node. Where there is none one is made, in which the caller must set
   * a field; `expectedBytes` is about what its entries take, so that its record is made in one piece.
   */
  begin(type: RecordType, limits: PackingLimits, expectedBytes = 0): void {
    const keyspace = this.#keyspace;
    this.#changes = 0;
    this.#added = 0;
    this.#removed = 0;
    this.#version.clock = keyspace.clock.next();
    this.#version.origin = keyspace.origin;
    if (keyspace.at !== NOWHERE || revive(keyspace, type, this.#version.clock)) {
      this.#writer.open(keyspace, limits);
    } else {
      keyspace.placeBorn(type, this.#version.clock, ENTRIES_BASE_BYTES + expectedBytes);
      this.#writer.create(keyspace, limits, this.#version);
    }
  }

  /** Sets a field. Answers whether it is a new one. */
  set(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    setView(this.#field, field, fieldStart, fieldEnd);
    setView(this.#value, value, valueStart, valueEnd);
    this.#changes++;
    this.#keyspace.journal?.fieldChanged(this.#setting);
    const isNew = this.#writer.write(this.#setting);
    if (isNew) this.#added++;
    return isNew;
  }

  /** A field as changed so far; undefined if there is no such field. Valid until the next call or change. */
  findChanged(bytes: Buffer, start: number, end: number): LiveField | undefined {
    setView(this.#field, bytes, start, end);
    const entry = this.#writer.find(this.#field);
    return entry === undefined || entry.value === null ? undefined : (entry as LiveField);
  }

  /** Whether the collection, as changed so far, is packed. */
  get isPacked(): boolean {
    return this.#writer.isPacked;
  }

  /** Adds a member to a set: a field without a value. Answers whether it is a new one; of one that was there nothing changes. */
  add(member: Buffer, start: number, end: number): boolean {
    setView(this.#field, member, start, end);
    setView(this.#value, NO_BYTES, 0, 0);
    if (!this.#writer.add(this.#setting)) return false;
    this.#changes++;
    this.#added++;
    this.#keyspace.journal?.fieldChanged(this.#setting);
    return true;
  }

  /** Removes a field. Answers whether it was there. */
  remove(field: Buffer, start: number, end: number): boolean {
    setView(this.#field, field, start, end);
    const { keepTombstones, database, slot, journal } = this.#keyspace;
    if (!this.#writer.remove(this.#mark, keepTombstones)) return false;
    if (keepTombstones) database.noteMark(slot);
    this.#changes++;
    this.#removed++;
    journal?.fieldChanged(this.#mark);
    return true;
  }

  /** Ends the change; if nothing was changed, nothing happened. */
  finish(): void {
    const keyspace = this.#keyspace;
    this.#writer.close();
    if (this.#changes === 0) return;
    // A field is new once, and gone once; only the value of one that is there can be set again.
    const areDistinct = this.#added === this.#changes || this.#removed === this.#changes;
    keyspace.journal?.fieldsChanged(areDistinct);
    if (this.#removed > 0) this.#settle(keyspace);
    keyspace.changed(this.#changes);
  }

  #settle(keyspace: Keyspace): void {
    const { database, slot } = keyspace;
    const { clock } = this.#version;
    // Where no mark tells of a removal, the slot's floor does (floorOfRemains in delta/remains.ts).
    if (!keyspace.keepTombstones) database.birthFloors.raise(slot, clock + 1, ORIGIN_NONE);
    if (hasNoLive(database, keyspace.at)) vanish(keyspace, clock);
  }
}

function emptyView(): ByteView {
  return { bytes: NO_BYTES, start: 0, end: 0 };
}

function setView(view: ByteView, bytes: Buffer, start: number, end: number): void {
  view.bytes = bytes;
  view.start = start;
  view.end = end;
}
