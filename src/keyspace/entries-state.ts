/**
 * Collections of fields as states that merge: what is sent of one, and what happens to ours when somebody's arrives. A state
 * is packed entries (delta/packed-entries.ts), of all fields or some: a part of a large collection is a state too, so none has
 * to travel in one piece.
 */
import type { ByteWriter } from "../base/byte-writer.js";
import { type ByteRange, compareBytes } from "../base/bytes.js";
import { compareInt64Digits, parseInt64 } from "../base/int64.js";
import { appendEntry, ENTRIES_BASE_BYTES, type Entry } from "../delta/packed-entries.js";
import { compareScored } from "../delta/score.js";
import { compareVersions, maxVersion, VERSION_ZERO, type Version, writeVersion } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import { reappear, vanish } from "./collection.js";
import type { Database } from "./database.js";
import { hasNoLive, PACKED, tableOf } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { EntryWriter } from "./entry-writer.js";
import type { Keyspace } from "./keyspace.js";
import { fillElements, mergeElements } from "./list-state.js";
import { type PackingLimits, packingLimit } from "./packing-limits.js";
import { type RecordType, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET, UNORDERED } from "./record.js";
import type { ByteView } from "./records.js";
import { fillStream, mergeStream } from "./stream-state.js";

/**
 * Appends a state of a part of the collection at `at`, about `fieldsMax` fields, and answers the cursor of the next part: 0 after the
 * last. What is packed is one part. A field that stays throughout is in one of the parts; one that changes between
 * them is told by its own delta.
 */
export function packPart(
  database: Database,
  at: Location,
  { cursor, fieldsMax }: { readonly cursor: number; readonly fieldsMax: number },
  into: ByteWriter,
): number {
  if (tableOf(database, at) === PACKED) {
    if (database.records.type(at) === TYPE_LIST) {
      packWhole(database, at, into);
      return 0;
    }
    into.range(database.records.body(at));
    return 0;
  }
  const positions: number[] = [];
  const reader = new EntryReader();
  reader.open(database, at);
  const next = reader.scan(cursor, fieldsMax, positions);
  packEntries(reader, positions, into);
  return next;
}

/** Appends the state of the whole collection at `at`, in one piece however large it is. */
export function packWhole(database: Database, at: Location, into: ByteWriter): void {
  const positions: number[] = [];
  const reader = new EntryReader();
  reader.open(database, at);
  while (reader.next()) positions.push(reader.position);
  packEntries(reader, positions, into);
}

/** Appends the state of the entries at these positions of the collection that the reader has open. */
export function packEntries(reader: EntryReader, positions: readonly number[], into: ByteWriter): void {
  const base = lowestVersion(reader, positions);
  into.ensure(ENTRIES_BASE_BYTES);
  writeVersion(into.bytes, into.length, base);
  into.length += ENTRIES_BASE_BYTES;
  for (const position of positions) {
    reader.goTo(position);
    appendEntry(into, reader, base);
  }
}

function lowestVersion(reader: EntryReader, positions: readonly number[]): Version {
  let lowest: Version | undefined;
  for (const position of positions) {
    reader.goTo(position);
    const { clock, origin } = reader.version;
    if (lowest === undefined || compareVersions(reader.version, lowest) < 0) lowest = { clock, origin };
  }
  return lowest ?? VERSION_ZERO;
}

/**
 * Gives the open key a collection of the type, the life and the entries given, without a deadline. What was there before is gone.
 * `entries` is not in the arena. It may be one that clients do not see: that is the caller's to look at.
 */
export function fillEntries(
  keyspace: Keyspace,
  limits: PackingLimits,
  { type, life }: { readonly type: RecordType; readonly life: Version },
  entries: ByteView,
): void {
  if (type === TYPE_LIST) {
    fillElements(keyspace, limits, life, entries);
    return;
  }
  if (type === TYPE_STREAM) {
    fillStream(keyspace, limits, life, entries);
    return;
  }
  const flags = flagsAsTheyAre(keyspace, limits, type, entries);
  const bodyBytes = flags === undefined ? ENTRIES_BASE_BYTES : entries.end - entries.start;
  keyspace.placeRaw(type, flags ?? 0, 0, bodyBytes);
  keyspace.records.setLife(keyspace.at, life.clock, life.origin);
  if (flags !== undefined) {
    const body = keyspace.records.body(keyspace.at);
    entries.bytes.copy(body.bytes, body.start, entries.start, entries.end);
  } else {
    const writer = new EntryWriter();
    writer.create(keyspace, limits, life);
    joinEntries(keyspace, writer, entries);
  }
}

/**
 * Joins entries of the same life into the collection of the open key, or into the emptied one that it left: of two entries of a
 * field the one of the higher version wins. Answers whether anything was news: then it is for the caller to tell of the change.
 * `entries` is not in the arena.
 */
export function mergeEntries(keyspace: Keyspace, limits: PackingLimits, entries: ByteView): boolean {
  if (keyspace.at === NOWHERE) reappear(keyspace);
  if (keyspace.records.type(keyspace.at) === TYPE_LIST) return mergeElements(keyspace, limits, entries);
  if (keyspace.records.type(keyspace.at) === TYPE_STREAM) return mergeStream(keyspace, limits, entries);
  const writer = new EntryWriter();
  writer.open(keyspace, limits);
  const { isNews, newestMark } = joinEntries(keyspace, writer, entries);
  if (hasNoLive(keyspace.database, keyspace.at)) vanish(keyspace, newestMark.clock);
  return isNews;
}

/** Writes what is news into the collection that the writer has open, and closes it. */
function joinEntries(
  { keepTombstones, database, slot }: Keyspace,
  writer: EntryWriter,
  entries: ByteView,
): { isNews: boolean; newestMark: Version } {
  let isNews = false;
  let newestMark = VERSION_ZERO;
  const reader = new EntryReader();
  reader.openPacked(entries);
  while (reader.next()) {
    const ours = writer.find(reader.field);
    if (ours !== undefined && compareEntries(ours, reader) >= 0) continue;
    if (reader.value !== null || keepTombstones) {
      if (reader.value === null) database.noteMark(slot);
      writer.write(reader);
      isNews = true;
    } else if (writer.remove(reader, false)) {
      const { clock, origin } = reader.version;
      newestMark = maxVersion(newestMark, { clock, origin });
      isNews = true;
    }
  }
  writer.close();
  return { isNews, newestMark };
}

/** The order in which merging prefers entries of a field: by version, and of equal ones a mark is below every value. */
function compareEntries(a: Entry, b: Entry): number {
  const order = compareVersions(a.version, b.version);
  if (order !== 0) return order;
  if (a.value === null || b.value === null) return (a.value === null ? 0 : 1) - (b.value === null ? 0 : 1);
  return compareBytes(bytesOf(a.value), bytesOf(b.value));
}

function bytesOf({ bytes, start, end }: ByteRange): Uint8Array {
  return bytes.subarray(start, end);
}

/**
 * The flags of a record of this type whose body entries can be as they are; undefined if they cannot. Notes that there are
 * marks among them.
 */
function flagsAsTheyAre(
  keyspace: Keyspace,
  limits: PackingLimits,
  type: RecordType,
  entries: ByteView,
): number | undefined {
  const isSorted = type === TYPE_ZSET;
  let isOrdered = type === TYPE_SET;
  let count = 0;
  let longest = 0;
  let hasMarks = false;
  const before = { bytes: entries.bytes, start: 0, end: 0 };
  const valueBefore = { bytes: entries.bytes, start: 0, end: 0 };
  const reader = new EntryReader();
  reader.openPacked(entries);
  while (reader.next()) {
    const { field, value } = reader;
    if (value === null) {
      if (!keyspace.keepTombstones) return undefined;
      keyspace.database.noteMark(keyspace.slot);
      hasMarks = true;
    } else if (isSorted) {
      if (hasMarks) return undefined;
      if (count > 0 && compareScored({ field: before, value: valueBefore }, { field, value }) > 0)
        return undefined;
      before.start = field.start;
      before.end = field.end;
      valueBefore.start = value.start;
      valueBefore.end = value.end;
    }
    if (isOrdered) {
      isOrdered = parseInt64(field.bytes, field.start, field.end) !== undefined;
      if (isOrdered && count > 0 && compareInt64Digits(before, field) > 0) return undefined;
      before.start = field.start;
      before.end = field.end;
    }
    count++;
    longest = Math.max(longest, field.end - field.start);
    if (!isSorted && value !== null) longest = Math.max(longest, value.end - value.start);
  }
  const limit = packingLimit(limits, type, isOrdered);
  if (count > limit.entries || longest > limit.bytes) return undefined;
  return type === TYPE_SET && !isOrdered ? UNORDERED : 0;
}
