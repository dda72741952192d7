/** What clients no longer see but records still hold: which records have such remains, and what a birth floor leaves of them. */
import { EntryCursor } from "../delta/packed-entries.js";
import { compareVersions, type Version } from "../delta/version.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { PACKED, tableOf } from "./entries-body.js";
import { WALK_END } from "./field-table.js";
import type { Keyspace } from "./keyspace.js";
import { ListEditor } from "./list-editor.js";
import { ListReader } from "./list-reader.js";
import { TYPE_HASH, TYPE_LIST, TYPE_NONE, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from "./record.js";
import { streamOf } from "./stream-reader.js";

const HOMES_PER_STEP = 128;

const cursor = new EntryCursor();
const list = new ListReader();
const editor = new ListEditor();

/** Whether the record at `at` is a ghost or has marks of removed fields. */
export function hasRemains(database: Database, at: Location): boolean {
  switch (database.records.type(at)) {
    case TYPE_NONE:
      return true;
    case TYPE_HASH:
    case TYPE_SET:
    case TYPE_ZSET:
      return hasMarks(database, at);
    case TYPE_LIST:
      list.open(database, at);
      return list.hasMarks;
    case TYPE_STREAM:
      return streamOf(database, at).hasMarks;
    default:
      return false;
  }
}

function hasMarks(database: Database, at: Location): boolean {
  const table = tableOf(database, at);
  // A collection without any entry is a ghost too.
  if (table !== PACKED) {
    const live = database.fields.liveCount(table);
    return live === 0 || database.fields.count(table) > live;
  }
  const { bytes, start, end } = database.records.body(at);
  cursor.open(bytes, start, end);
  if (!cursor.next()) return true;
  do {
    if (cursor.isRemoved) return true;
  } while (cursor.next());
  return false;
}

/**
 * Takes the marks up to a floor, or all, out of the collection at `collection`, which is a table or a row of blocks: in place, for it may
 * be large. Answers the highest clock of those that were taken out, 0 if there were none.
 */
export function dropMarks(keyspace: Keyspace, collection: Location, floor: Version | null): number {
  const { database, hasher } = keyspace;
  const { fields, records } = database;
  if (records.type(collection) === TYPE_LIST) {
    editor.openRow(keyspace, collection);
    return editor.dropMarks(floor);
  }
  if (records.type(collection) === TYPE_STREAM) return streamOf(database, collection).dropMarks(floor);
  const table = tableOf(database, collection);
  const entries: Location[] = [];
  let highest = 0;
  for (let from = 0; from < WALK_END; ) {
    entries.length = 0;
    from = fields.collect(table, from, HOMES_PER_STEP, entries);
    for (const at of entries) {
      if (!fields.isMark(at)) continue;
      const version = { clock: records.lifeClock(at), origin: records.lifeOrigin(at) };
      if (floor !== null && compareVersions(version, floor) > 0) continue;
      highest = Math.max(highest, version.clock);
      const { bytes, start, end } = records.key(at);
      hasher.digest(bytes, start, end);
      fields.remove(table, fields.find(table, hasher.hash, bytes, start, end));
    }
  }
  return highest;
}
