/**
 * RENAME, COPY and MOVE: giving the whole value of one key to another, as a new life of it. A large value that only
 * changes its name is handed over; a copy is made of bytes, or entry by entry.
 */
import { type Location, NOWHERE } from "./arena.js";
import { textOf } from "./counter.js";
import type { Database } from "./database.js";
import { HashReader } from "./hash-reader.js";
import type { Keyspace } from "./keyspace.js";
import {
  BODY_LENGTH,
  OUTSIDE,
  type RecordType,
  STRUCTURE,
  TEXT_FORM,
  TYPE_COUNTER,
  TYPE_FLAGS_ORIGIN,
  TYPE_TEXT,
} from "./record.js";

/** A value between two keys. It is to be given to one of its database at once: nothing else holds it. */
export interface Graft {
  readonly type: RecordType;
  readonly deadlineMs: number;
  /** Those of TEXT_FORM, and OUTSIDE or STRUCTURE if `handle` stands for the body. */
  readonly flags: number;
  readonly bytes: Buffer;
  readonly handle: number;
}

const NO_BYTES = Buffer.alloc(0);

/** Takes the value of the open key away for another key of the same database, and removes the key. */
export function cut(keyspace: Keyspace): Graft {
  const { records, at } = keyspace;
  const word1 = records.word1(at);
  const flags = word1 & (OUTSIDE | STRUCTURE);
  if (flags === 0) {
    const graft = copy(keyspace, keyspace.database);
    keyspace.remove();
    return graft;
  }
  const graft = {
    type: records.type(at),
    deadlineMs: records.deadline(at),
    flags: flags | (word1 & TEXT_FORM),
    bytes: NO_BYTES,
    handle: records.word(at, BODY_LENGTH),
  };
  // The body is no longer this record's: removing the key must not free it.
  records.setWord(at, TYPE_FLAGS_ORIGIN, word1 & ~flags);
  records.setWord(at, BODY_LENGTH, 0);
  keyspace.remove();
  return graft;
}

/** Copies the value of the open key for a key of the database given. A counter is copied as the text of its value. */
export function copy(keyspace: Keyspace, target: Database): Graft {
  const { records, at } = keyspace;
  const word1 = records.word1(at);
  const type = records.type(at) === TYPE_COUNTER ? TYPE_TEXT : records.type(at);
  const deadlineMs = records.deadline(at);
  if (word1 & STRUCTURE) {
    return { type, deadlineMs, flags: STRUCTURE, bytes: NO_BYTES, handle: copyEntries(keyspace, at, target) };
  }
  const { bytes, start, end } = textOf(keyspace, at);
  return {
    type,
    deadlineMs,
    flags: word1 & TEXT_FORM,
    bytes: Buffer.from(bytes.subarray(start, end)),
    handle: 0,
  };
}

/** Gives a value to the open key, as a new life. What the key had is gone. */
export function graft(keyspace: Keyspace, { type, deadlineMs, flags, bytes, handle }: Graft): void {
  const { records } = keyspace;
  const at = keyspace.place(type, keyspace.clock.next(), deadlineMs, bytes.length);
  if (flags & (OUTSIDE | STRUCTURE)) {
    records.setWord(at, BODY_LENGTH, handle);
  } else {
    const body = records.body(at);
    bytes.copy(body.bytes, body.start);
  }
  records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | flags);
  keyspace.journal?.replaced();
  keyspace.changed();
}

/** A table of fields like the one of the open hash, versions and all. */
function copyEntries({ database, hasher }: Keyspace, at: Location, target: Database): number {
  const table = target.fields.create();
  const reader = new HashReader();
  reader.open(database, at);
  while (reader.nextLive()) {
    const { bytes, start, end } = reader.field;
    hasher.digest(bytes, start, end);
    target.fields.find(table, hasher.hash, bytes, start, end);
    target.fields.write(table, hasher.hash, NOWHERE, reader);
  }
  return table;
}
