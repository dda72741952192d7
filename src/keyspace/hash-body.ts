/**
 * What can be told of a hash from its record alone. The body is packed (delta/packed-hash.ts) or stands for a table
 * (field-table.ts); either may hold marks of removed fields, and a hash of nothing but marks is no key to a client.
 */
import { countFields, HashCursor, isEmptied } from "../delta/packed-hash.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { BODY_LENGTH, STRUCTURE, TYPE_HASH } from "./record.js";

/** In place of a table's number: the hash is packed. */
export const PACKED = -1;

const cursor = new HashCursor();

/** The table of a large hash, or `PACKED`. */
export function tableOfHash({ records }: Database, at: Location): number {
  return records.word1(at) & STRUCTURE ? records.word(at, BODY_LENGTH) : PACKED;
}

/** Whether the record at `at` is a hash that is a table. */
export function isTable(database: Database, at: Location): boolean {
  return database.records.type(at) === TYPE_HASH && tableOfHash(database, at) !== PACKED;
}

/** Fields that a client can see. Of a packed hash they are counted anew. */
export function hashLength(database: Database, at: Location): number {
  const table = tableOfHash(database, at);
  return table === PACKED ? countFields(cursor, database.records.body(at)) : database.fields.liveCount(table);
}

export function isEmptiedHash(database: Database, at: Location): boolean {
  const table = tableOfHash(database, at);
  return table === PACKED
    ? isEmptied(cursor, database.records.body(at))
    : database.fields.liveCount(table) === 0;
}
