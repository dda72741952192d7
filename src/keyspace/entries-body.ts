/**
 * What can be told of a collection of fields from its record alone. The body is packed (delta/packed-entries.ts) or stands for
 * a table (field-table.ts); either may hold marks of removed fields, and one of nothing but marks is no key to a client.
 */
import { countLive, EntryCursor, isEmptied } from "../delta/packed-entries.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { BODY_LENGTH, hasFields, STRUCTURE } from "./record.js";

/** In place of a table's number: the entries are packed. */
export const PACKED = -1;

const cursor = new EntryCursor();

/** The table of a large collection, or `PACKED`. */
export function tableOf({ records }: Database, at: Location): number {
  return records.word1(at) & STRUCTURE ? records.word(at, BODY_LENGTH) : PACKED;
}

/** Whether the record at `at` is a collection of fields that is a table. */
export function isTable(database: Database, at: Location): boolean {
  return hasFields(database.records.type(at)) && tableOf(database, at) !== PACKED;
}

/** Fields that a client can see. Of packed ones they are counted anew. */
export function liveLength(database: Database, at: Location): number {
  const table = tableOf(database, at);
  return table === PACKED ? countLive(cursor, database.records.body(at)) : database.fields.liveCount(table);
}

export function hasNoLive(database: Database, at: Location): boolean {
  const table = tableOf(database, at);
  return table === PACKED
    ? isEmptied(cursor, database.records.body(at))
    : database.fields.liveCount(table) === 0;
}
