/**
 * RENAME, COPY and MOVE: giving the whole value of one key to another, as a new life of it. A table that only changes its
 * name is handed over, otherwise it is copied entry by entry, since each database has an arena of its own. Bodies outside
 * the arena are shared until one of their keys is changed.
 */
import { MADE_BYTES_MAX } from "../delta/body-codec.js";
import { type Location, NOWHERE } from "./arena.js";
import { textOf } from "./counter.js";
import type { Database } from "./database.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import { BLOCK_BYTES } from "./list-blocks.js";
import { bytesOfRecord } from "./memory-usage.js";
import {
  ACCESS,
  BODY_LENGTH,
  hasFields,
  OUTSIDE,
  type RecordType,
  STRUCTURE,
  TEXT_FORM,
  TYPE_COUNTER,
  TYPE_FLAGS_ORIGIN,
  TYPE_LIST,
  TYPE_STREAM,
  TYPE_TEXT,
  TYPE_ZSET,
} from "./record.js";

/** A value between two keys. It is to be given to one of its database at once: nothing else holds it. */
export interface Graft {
  readonly type: RecordType;
  readonly deadlineMs: number;
  /** The word of the access clock. */
  readonly access: number;
  /** Those of TEXT_FORM, and OUTSIDE or STRUCTURE if the body is no bytes of the arena. */
  readonly flags: number;
  /** The body, or with OUTSIDE the buffer that it shares with others until one of them is changed. */
  readonly bytes: Buffer;
  /** With STRUCTURE the table. */
  readonly table: number;
}

const NO_BYTES = Buffer.alloc(0);
const NO_TABLE = 0;
/** Blocks or entries by which the size of a collection is estimated. */
const SIZE_SAMPLES = 16;
/** What is told of an element is longer than what is kept: its position in full, an integer as its digits. */
const TOLD_PER_HELD = 16;
/** Lengths and version of one, at most. */
const ENTRY_BYTES = 24;

/**
 * Takes the value of the open key for another key of the same database. The open key has it too until it is given up by
 * `abandon`, so that nothing is lost if there is no memory for the other key.
 */
export function take(keyspace: Keyspace): Graft {
  const { records, database, at } = keyspace;
  const access = records.word(at, ACCESS);
  if ((records.word1(at) & STRUCTURE) === 0) return { ...copy(keyspace, database), access };
  const deadlineMs = records.deadline(at);
  const table = records.word(at, BODY_LENGTH);
  return { type: records.type(at), deadlineMs, access, flags: STRUCTURE, bytes: NO_BYTES, table };
}

/**
 * Whether the value of the open key can become another key's, which is told in one piece to whoever is told of changes: not if that would have more
 * bytes. Only of a large collection each entry is looked at.
 */
export function isTellable(keyspace: Keyspace, bytesMax = MADE_BYTES_MAX): boolean {
  const { journal, database, records, at } = keyspace;
  if (journal === null || (records.word1(at) & STRUCTURE) === 0) return true;
  if (bytesOfRecord(database, at, SIZE_SAMPLES) < bytesMax / TOLD_PER_HELD) return true;
  const reader = new EntryReader();
  reader.open(database, at);
  let bytes = 0;
  while (bytes <= bytesMax && reader.next()) {
    const { field, value } = reader;
    bytes += ENTRY_BYTES + field.end - field.start + (value === null ? 0 : value.end - value.start);
  }
  return bytes <= bytesMax;
}

/** Removes the open key, whose value another key has taken. */
export function abandon(keyspace: Keyspace): void {
  const { records, at } = keyspace;
  const word1 = records.word1(at);
  if (word1 & STRUCTURE) {
    // The table is no longer this record's: removing the key must not free it.
    records.setWord(at, BODY_LENGTH, 0);
    records.setWord(at, TYPE_FLAGS_ORIGIN, word1 & ~STRUCTURE);
  }
  keyspace.remove(0);
}

/** Copies the value of the open key for a key of the database given. A counter is copied as the text of its value. */
export function copy(keyspace: Keyspace, target: Database): Graft {
  const { records, at } = keyspace;
  const word1 = records.word1(at);
  const type = records.type(at) === TYPE_COUNTER ? TYPE_TEXT : records.type(at);
  const deadlineMs = records.deadline(at);
  const access = keyspace.access.initial();
  const flags = word1 & (TEXT_FORM | OUTSIDE | STRUCTURE);
  if (flags & STRUCTURE) {
    const table = copyStructure(keyspace, at, target);
    return { type, deadlineMs, access, flags, bytes: NO_BYTES, table };
  }
  const { bytes, start, end } = textOf(keyspace, at);
  const body = records.lend(at) ?? Buffer.from(bytes.subarray(start, end));
  return { type, deadlineMs, access, flags, bytes: body, table: NO_TABLE };
}

/** Gives a value to the open key, as a new life. What the key had is gone. */
export function graft(keyspace: Keyspace, { type, deadlineMs, access, flags, bytes, table }: Graft): void {
  const { records } = keyspace;
  const isOutside = (flags & OUTSIDE) !== 0;
  const isReplaced = keyspace.at !== NOWHERE;
  const at = keyspace.place(type, keyspace.clock.next(), deadlineMs, isOutside ? 0 : bytes.length);
  if (isOutside) {
    records.setWord(at, BODY_LENGTH, records.borrow(bytes));
  } else if (flags & STRUCTURE) {
    records.setWord(at, BODY_LENGTH, table);
  } else {
    const body = records.body(at);
    bytes.copy(body.bytes, body.start);
  }
  records.setWord(at, ACCESS, access);
  records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | flags);
  if (hasFields(type) && keyspace.keepTombstones) keyspace.database.noteMark(keyspace.slot);
  keyspace.journal?.replaced();
  keyspace.changed();
  // Redis deletes what had the name, and adds the value as that of a new key.
  if (isReplaced) keyspace.happened("new", "new");
}

function copyStructure(keyspace: Keyspace, at: Location, target: Database): number {
  switch (keyspace.records.type(at)) {
    case TYPE_LIST:
      return copyBlocks(keyspace, at, target);
    case TYPE_STREAM:
      return copyStream(keyspace, at, target);
    default:
      return copyEntries(keyspace, at, target);
  }
}

/** A stream like the open one, marks and all. */
function copyStream({ database, records }: Keyspace, at: Location, { streams }: Database): number {
  const stream = streams.create();
  try {
    stream.copyFrom(database.streams.stream(records.word(at, BODY_LENGTH)));
  } catch (error) {
    streams.release(stream.number);
    throw error;
  }
  return stream.number;
}

/** A row of blocks like that of the open list, marks and all. */
function copyBlocks({ database, records }: Keyspace, at: Location, { lists }: Database): number {
  const source = database.lists.row(records.word(at, BODY_LENGTH));
  const row = lists.create();
  try {
    for (let i = 0; i < source.length; i++) {
      const { bytes, start, end } = database.lists.elements(source, i);
      const length = end - start;
      lists.insert(row, i, Math.max(BLOCK_BYTES, length), false);
      const body = lists.body(row, i);
      bytes.copy(body.bytes, body.start, start, end);
      row.setRange(i, 0, length);
      row.add(i, source.countOf(i), source.liveOf(i));
    }
  } catch (error) {
    lists.release(row.number);
    throw error;
  }
  row.newestClock = source.newestClock;
  return row.number;
}

/** A table of fields like the one of the open collection, versions and all. */
function copyEntries({ database, hasher }: Keyspace, at: Location, { fields }: Database): number {
  const table = fields.create(database.records.type(at) === TYPE_ZSET);
  const reader = new EntryReader();
  reader.open(database, at);
  try {
    while (reader.nextLive()) {
      const { bytes, start, end } = reader.field;
      hasher.digest(bytes, start, end);
      fields.find(table, hasher.hash, bytes, start, end);
      fields.write(table, hasher.hash, NOWHERE, reader);
    }
  } catch (error) {
    fields.release(table);
    throw error;
  }
  return table;
}
