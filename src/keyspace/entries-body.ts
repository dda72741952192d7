/**
 * What can be told of a collection of fields from its record alone. The body is packed (delta/packed-entries.ts) or stands for
 * a table (field-table.ts); either may hold marks of removed fields, and one of nothing but marks is no key to a client.
 */
import { countLive, EntryCursor, isEmptied } from "../delta/packed-entries.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { ListReader } from "./list-reader.js";
import { BODY_LENGTH, hasFields, STRUCTURE, TYPE_LIST, TYPE_STREAM } from "./record.js";
import type { StreamBody } from "./stream-body.js";

/** In place of a table's number: the entries are packed. */
export const PACKED = -1;

const cursor = new EntryCursor();
const list = new ListReader();

/** The table of a large collection, of a list its row of blocks, of a stream its body, or `PACKED`. */
export function tableOf({ records }: Database, at: Location): number {
  return records.word1(at) & STRUCTURE ? records.word(at, BODY_LENGTH) : PACKED;
}

/** Whether the record at `at` is a collection of fields that is a table, or a row of blocks. */
export function isTable(database: Database, at: Location): boolean {
  return hasFields(database.records.type(at)) && tableOf(database, at) !== PACKED;
}

/** Fields that a client can see. Of packed ones they are counted anew. */
export function liveLength(database: Database, at: Location): number {
  const isList = database.records.type(at) === TYPE_LIST;
  const table = tableOf(database, at);
  if (isList && table !== PACKED) return database.lists.row(table).live;
  if (isList) {
    list.open(database, at);
    return list.live;
  }
  if (database.records.type(at) === TYPE_STREAM) return streamAt(database, at).live;
  return table === PACKED ? countLive(cursor, database.records.body(at)) : database.fields.liveCount(table);
}

export function hasNoLive(database: Database, at: Location): boolean {
  const isList = database.records.type(at) === TYPE_LIST;
  const table = tableOf(database, at);
  if (isList && table !== PACKED) return database.lists.row(table).live === 0;
  if (isList) {
    list.open(database, at);
    return list.isEmptied;
  }
  if (database.records.type(at) === TYPE_STREAM) return streamAt(database, at).hasNoLive;
  return table === PACKED
    ? isEmptied(cursor, database.records.body(at))
    : database.fields.liveCount(table) === 0;
}

/** Entries of a table or a row of blocks, marks too. */
export function entryCount(database: Database, at: Location): number {
  const { records, lists, fields } = database;
  if (records.type(at) === TYPE_STREAM) return streamAt(database, at).count;
  const number = records.word(at, BODY_LENGTH);
  return records.type(at) === TYPE_LIST ? lists.row(number).count : fields.count(number);
}

/** The highest clock of a version of an entry. Of packed ones they are looked at one by one. */
export function newestEntryClock(database: Database, at: Location): number {
  if (database.records.type(at) === TYPE_LIST) {
    list.open(database, at);
    return list.newestClock;
  }
  if (database.records.type(at) === TYPE_STREAM) return streamAt(database, at).newestClock;
  const table = tableOf(database, at);
  if (table !== PACKED) return database.fields.newestClock(table);
  const { bytes, start, end } = database.records.body(at);
  let newest = 0;
  cursor.open(bytes, start, end);
  while (cursor.next()) newest = Math.max(newest, cursor.clock());
  return newest;
}

function streamAt({ records, streams }: Database, at: Location): StreamBody {
  return streams.stream(records.word(at, BODY_LENGTH));
}
