/**
 * The hash of the open key as commands read and change it. All that one edit does has one version; it joins the life that
 * the hash has or is born into. A hash that loses its last field is gone.
 *
 * What is here is shared by all keyspaces of a process, since a command is one uninterrupted call.
 */
import { HASH_BASE_BYTES, type HashEntry } from "../delta/packed-hash.js";
import { type Location, NOWHERE } from "./arena.js";
import { revive, vanish } from "./collection.js";
import { isEmptiedHash } from "./hash-body.js";
import { HashReader } from "./hash-reader.js";
import { type HashLimits, HashWriter } from "./hash-writer.js";
import type { Keyspace } from "./keyspace.js";
import { TYPE_HASH } from "./record.js";
import type { ByteView } from "./records.js";

/** An entry that is no mark. */
export interface LiveField extends HashEntry {
  readonly field: ByteView;
  readonly value: ByteView;
  /** Where the entry lies; NOWHERE if it is packed with others. */
  readonly at: Location;
}

const reader = new HashReader();
const wanted: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** A field of the open hash; undefined if it has no such field. Valid until the next call or change. */
export function findField(
  keyspace: Keyspace,
  bytes: Buffer,
  start: number,
  end: number,
): LiveField | undefined {
  wanted.bytes = bytes;
  wanted.start = start;
  wanted.end = end;
  reader.open(keyspace.database, keyspace.at);
  return reader.find(wanted, keyspace.hasher) && reader.value !== null ? (reader as LiveField) : undefined;
}

/** Changes the open hash: `begin`, then `set` and `remove` fields, then `finish`. */
export class HashEdit {
  #keyspace!: Keyspace;
  #changes = 0;
  #hasRemoved = false;
  readonly #writer = new HashWriter();
  readonly #version = { clock: 0, origin: 0 };
  readonly #field: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  readonly #value: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  readonly #setting: HashEntry = { field: this.#field, value: this.#value, version: this.#version };
  readonly #mark: HashEntry = { field: this.#field, value: null, version: this.#version };

  /**
   * Begins a change by a new version of this node. Where there is no hash one is made, in which the caller must set
   * a field; `expectedBytes` is about what its entries take, so that its record is made in one piece.
   */
  begin(keyspace: Keyspace, limits: HashLimits, expectedBytes = 0): void {
    this.#keyspace = keyspace;
    this.#changes = 0;
    this.#hasRemoved = false;
    this.#version.clock = keyspace.clock.next();
    this.#version.origin = keyspace.origin;
    if (keyspace.at !== NOWHERE || revive(keyspace, TYPE_HASH, this.#version.clock)) {
      this.#writer.open(keyspace, limits);
    } else {
      keyspace.placeBorn(TYPE_HASH, this.#version.clock, HASH_BASE_BYTES + expectedBytes);
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
    return this.#writer.write(this.#setting);
  }

  /** Removes a field. Answers whether it was there. */
  remove(field: Buffer, start: number, end: number): boolean {
    setView(this.#field, field, start, end);
    if (!this.#writer.remove(this.#mark, this.#keyspace.keepTombstones)) return false;
    this.#changes++;
    this.#hasRemoved = true;
    this.#keyspace.journal?.fieldChanged(this.#mark);
    return true;
  }

  /** Ends the change; if nothing was changed, nothing happened. */
  finish(): void {
    const keyspace = this.#keyspace;
    this.#writer.close();
    if (this.#changes === 0) return;
    keyspace.journal?.fieldsChanged();
    if (this.#hasRemoved) this.#settle(keyspace);
    keyspace.changed(this.#changes);
  }

  #settle(keyspace: Keyspace): void {
    const { database, slot } = keyspace;
    const { clock, origin } = this.#version;
    // Where no mark tells of a removal, the slot's floor does.
    if (!keyspace.keepTombstones) database.raiseBirthFloor(slot, clock, origin);
    if (isEmptiedHash(database, keyspace.at)) vanish(keyspace, clock, origin);
  }
}

export const hashEdit = new HashEdit();

function setView(view: ByteView, bytes: Buffer, start: number, end: number): void {
  view.bytes = bytes;
  view.start = start;
  view.end = end;
}
