/**
 * Collections of fields as states that merge: what is sent of one, and what happens to ours when somebody's arrives. A state
 * is packed entries (delta/packed-entries.ts), of all fields or some: a part of a large collection is a state too, so none has
 * to travel in one piece.
 */
import type { ByteWriter } from "../base/byte-writer.js";
import { type ByteRange, compareBytes } from "../base/bytes.js";
import { appendEntry, ENTRIES_BASE_BYTES, type Entry } from "../delta/packed-entries.js";
import { compareVersions, maxVersion, VERSION_ZERO, type Version, writeVersion } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import { reappear, vanish } from "./collection.js";
import type { Database } from "./database.js";
import { hasNoLive, PACKED, tableOf } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { EntryWriter, type PackingLimits } from "./entry-writer.js";
import type { Keyspace } from "./keyspace.js";
import { TYPE_HASH } from "./record.js";
import type { ByteView } from "./records.js";

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
 * Gives the open key a collection of the life and the entries given, without a deadline. What was there before is gone.
 * `entries` is not in the arena. It may be one that clients do not see: that is the caller's to look at.
 */
export function fillEntries(
  keyspace: Keyspace,
  limits: PackingLimits,
  life: Version,
  entries: ByteView,
): void {
  const isKept = staysAsItIs(keyspace, limits, entries);
  keyspace.placeRaw(TYPE_HASH, 0, 0, isKept ? entries.end - entries.start : ENTRIES_BASE_BYTES);
  keyspace.records.setLife(keyspace.at, life.clock, life.origin);
  if (isKept) {
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

/** Whether entries can be the body of a record as they are. Notes that there are marks among them. */
function staysAsItIs(keyspace: Keyspace, limits: PackingLimits, entries: ByteView): boolean {
  const { hashMaxListpackEntries, hashMaxListpackValueBytes } = limits;
  let count = 0;
  const reader = new EntryReader();
  reader.openPacked(entries);
  while (reader.next()) {
    const { field, value } = reader;
    if (value === null) {
      if (!keyspace.keepTombstones) return false;
      keyspace.database.noteMark(keyspace.slot);
    }
    if (++count > hashMaxListpackEntries || field.end - field.start > hashMaxListpackValueBytes) return false;
    if (value !== null && value.end - value.start > hashMaxListpackValueBytes) return false;
  }
  return true;
}
