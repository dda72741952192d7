/**
 * A collection of fields as one run of bytes: the body of a small one in the arena and of every one on the wire.
 *
 *     entries := base:version entry*
 *     entry   := fieldSize:varint valueSize:varint age:varint [origin:u16] field value
 *
 *     fieldSize  length of the field * 2, plus 1 if the entry's origin is not the base's and stands behind `age`
 *     valueSize  length of the value + 1; 0 for the mark of a removed field, which has no value. A member of a set
 *                is a field with an empty value, one of a sorted set has its score (score.ts) as value; the field of an element of a list is its
 *                position (list-position.ts)
 *     age        clock of the entry's version - clock of the base: 0, one byte, for what was written with the base
 *
 * Entries keep the order in which their fields came, a set of integers that of these, a sorted set that of its members; to
 * equality it means nothing. A field has one entry.
 * Everything here works where the bytes lie, and walking them allocates nothing. Only `isPackedEntries` and its kin doubt
 * their input, all else trusts what it, or this node, has made.
 */
import { assert } from "../base/assert.js";
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { type ByteRange, copyRange } from "../base/bytes.js";
import { readVarint, skipVarint, varintBytes, writeVarint } from "../base/varint.js";
import { isPosition } from "./list-position.js";
import { isScore } from "./score.js";
import { readClock, readOrigin, VERSION_BYTES, type Version, writeVersion } from "./version.js";

/** Entries begin behind the base. A body of only this length has no entry. */
export const ENTRIES_BASE_BYTES = VERSION_BYTES;

const ORIGIN_BYTES = 2;

/** A field as it is to be written. */
export interface Entry {
  readonly field: ByteRange;
  /** null marks the field as removed. */
  readonly value: ByteRange | null;
  readonly version: Version;
}

/** Bytes that an entry takes in a body of this base, whose clock is not above the entry's. */
export function entryBytes({ field, value, version }: Entry, base: Version): number {
  const fieldLength = field.end - field.start;
  const valueLength = value === null ? 0 : value.end - value.start;
  return (
    varintBytes(fieldLength * 2) +
    varintBytes(value === null ? 0 : valueLength + 1) +
    varintBytes(version.clock - base.clock) +
    (version.origin === base.origin ? 0 : ORIGIN_BYTES) +
    fieldLength +
    valueLength
  );
}

/** Writes an entry at `at` of a body with this base, and returns the offset behind it. The room is the caller's care. */
export function writeEntry(bytes: Uint8Array, at: number, entry: Entry, base: Version): number {
  const { value } = entry;
  const to = writeEntryHead(bytes, at, entry, base);
  return value === null ? to : copyRange(value, bytes, to);
}

/** The same of all of an entry but the bytes of its value. */
export function writeEntryHead(bytes: Uint8Array, at: number, entry: Entry, base: Version): number {
  const { field, value, version } = entry;
  assert(version.clock >= base.clock, "no entry of a body is older than its base");
  const isForeign = version.origin !== base.origin;
  let to = writeVarint(bytes, at, (field.end - field.start) * 2 + (isForeign ? 1 : 0));
  to = writeVarint(bytes, to, value === null ? 0 : value.end - value.start + 1);
  to = writeVarint(bytes, to, version.clock - base.clock);
  if (isForeign) {
    bytes[to++] = version.origin;
    bytes[to++] = version.origin >>> 8;
  }
  return copyRange(field, bytes, to);
}

/** Appends an entry to a body with this base. */
export function appendEntry(writer: ByteWriter, entry: Entry, base: Version): void {
  writer.ensure(entryBytes(entry, base));
  writer.length = writeEntry(writer.bytes, writer.length, entry, base);
}

/**
 * Walks packed entries. One cursor serves any number of walks; its offsets point into the bytes
 * that it was opened on, and are theirs as long as those do not change.
 */
export class EntryCursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** The entry at hand: its bytes, those of its field, those of its value. */
  entryStart = 0;
  entryEnd = 0;
  fieldStart = 0;
  fieldEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** The entry is the mark of a removed field. */
  isRemoved = false;
  #start = 0;
  #end = 0;
  #ageAt = 0;
  #isForeign = false;

  /** Stands before the first entry of the body `bytes[start, end)`. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.entryEnd = start + ENTRIES_BASE_BYTES;
  }

  /** Goes to the next entry; false if there is none. */
  next(): boolean {
    const { bytes, entryEnd: at } = this;
    if (at >= this.#end) return false;
    const fieldSize = readVarint(bytes, at);
    const valueSizeAt = fieldSize < 0x80 ? at + 1 : skipVarint(bytes, at);
    const valueSize = readVarint(bytes, valueSizeAt);
    const ageAt = valueSize < 0x80 ? valueSizeAt + 1 : skipVarint(bytes, valueSizeAt);
    const isForeign = (fieldSize & 1) === 1;
    const fieldStart = skipVarint(bytes, ageAt) + (isForeign ? ORIGIN_BYTES : 0);
    const fieldEnd = fieldStart + (fieldSize >>> 1);
    this.entryStart = at;
    this.#ageAt = ageAt;
    this.#isForeign = isForeign;
    this.fieldStart = fieldStart;
    this.fieldEnd = fieldEnd;
    this.valueStart = fieldEnd;
    this.isRemoved = valueSize === 0;
    this.valueEnd = valueSize === 0 ? fieldEnd : fieldEnd + valueSize - 1;
    this.entryEnd = this.valueEnd;
    return true;
  }

  /** Goes to the entry of a field, from the first entry on; false if it has none. A removed field has one. */
  find(field: ByteRange): boolean {
    const { bytes } = this;
    const bodyEnd = this.#end;
    const length = field.end - field.start;
    let at = this.#start + ENTRIES_BASE_BYTES;
    while (at < bodyEnd) {
      const fieldSize = bytes[at]!;
      const valueSize = bytes[at + 1]!;
      if ((fieldSize | valueSize) >= 0x80) {
        this.entryEnd = at;
        this.next();
        if (this.fieldEnd - this.fieldStart === length && this.#isAt(this.fieldStart, field)) return true;
        at = this.entryEnd;
        continue;
      }
      // Nearly all sizes are one byte. Then only what tells where the next entry is gets read.
      let fieldStart = at + 3;
      while (bytes[fieldStart - 1]! >= 0x80) fieldStart++;
      fieldStart += (fieldSize & 1) * ORIGIN_BYTES;
      if (fieldSize >>> 1 === length && this.#isAt(fieldStart, field)) {
        this.entryEnd = at;
        return this.next();
      }
      at = fieldStart + (fieldSize >>> 1) + (valueSize === 0 ? 0 : valueSize - 1);
    }
    return false;
  }

  /** Whether the bytes at `at` are a field, looking from the end: fields of one collection often begin alike. */
  #isAt(at: number, { bytes: field, start, end }: ByteRange): boolean {
    const { bytes } = this;
    const shift = at - start;
    let from = end;
    while (from > start && bytes[from - 1 + shift] === field[from - 1]) from--;
    return from === start;
  }

  /** The base of the body. */
  baseClock(): number {
    return readClock(this.bytes, this.#start);
  }

  baseOrigin(): number {
    return readOrigin(this.bytes, this.#start);
  }

  /** The version of the entry at hand. */
  clock(): number {
    return this.baseClock() + readVarint(this.bytes, this.#ageAt);
  }

  origin(): number {
    if (!this.#isForeign) return this.baseOrigin();
    const at = this.fieldStart - ORIGIN_BYTES;
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }
}

/** Fields that a client can see: entries that are no marks. */
export function countLive(cursor: EntryCursor, { bytes, start, end }: ByteRange): number {
  let count = 0;
  cursor.open(bytes, start, end);
  while (cursor.next()) if (!cursor.isRemoved) count++;
  return count;
}

/** Whether no client can see any of it: there is no entry but marks of removed fields. */
export function isEmptied(cursor: EntryCursor, { bytes, start, end }: ByteRange): boolean {
  cursor.open(bytes, start, end);
  while (cursor.next()) if (!cursor.isRemoved) return false;
  return true;
}

/**
 * Appends the same entries with another base: to take in an entry older than the present base, or to have a smaller
 * body. No entry may be older than the new base. The source is not in the writer.
 */
export function rebaseEntries(
  cursor: EntryCursor,
  source: ByteRange,
  base: Version,
  writer: ByteWriter,
): void {
  const { bytes } = source;
  writer.ensure(ENTRIES_BASE_BYTES);
  writeVersion(writer.bytes, writer.length, base);
  writer.length += ENTRIES_BASE_BYTES;
  cursor.open(bytes, source.start, source.end);
  while (cursor.next()) {
    const field = { bytes, start: cursor.fieldStart, end: cursor.fieldEnd };
    const value = cursor.isRemoved ? null : { bytes, start: cursor.valueStart, end: cursor.valueEnd };
    appendEntry(writer, { field, value, version: { clock: cursor.clock(), origin: cursor.origin() } }, base);
  }
}

/**
 * Whether bytes from outside have the form above, so that a cursor may walk them. That no field comes twice is
 * not checked here, for it takes memory: a sender that is not broken sends none.
 */
export function isPackedEntries(range: ByteRange): boolean {
  return isPacked(range, () => true);
}

/** The same of a set, whose members have no values. */
export function isPackedSet(range: ByteRange): boolean {
  return isPacked(range, isEmpty);
}

/** The same of a list, whose fields are positions that no version is older than. */
export function isPackedList(range: ByteRange): boolean {
  if (!isPackedEntries(range)) return false;
  const cursor = new EntryCursor();
  cursor.open(range.bytes, range.start, range.end);
  while (cursor.next()) {
    if (!isPosition(range.bytes, cursor.fieldStart, cursor.fieldEnd, cursor.clock())) return false;
  }
  return true;
}

/** The same of a sorted set, whose members have scores. */
export function isPackedSortedSet(range: ByteRange): boolean {
  return isPacked(range, isScore);
}

function isEmpty(_bytes: Uint8Array, start: number, end: number): boolean {
  return start === end;
}

function isPacked(
  range: ByteRange,
  isValue: (bytes: Uint8Array, start: number, end: number) => boolean,
): boolean {
  const reader = new ByteReader(range);
  const baseClock = reader.u64();
  const baseOrigin = reader.u16();
  while (reader.remaining > 0) {
    const fieldSize = reader.varint();
    const valueSize = reader.varint();
    const age = reader.varint();
    if (!Number.isSafeInteger(baseClock + age)) return false;
    if (fieldSize % 2 === 1 && reader.u16() === baseOrigin) return false;
    reader.skip(Math.floor(fieldSize / 2));
    const valueStart = reader.at;
    reader.skip(Math.max(valueSize - 1, 0));
    if (reader.failed || (valueSize > 0 && !isValue(range.bytes, valueStart, reader.at))) return false;
  }
  return !reader.failed;
}
