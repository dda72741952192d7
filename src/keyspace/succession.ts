/** Which life follows one that is over, told from the records that are left: delta/remains.ts for what lies in the arena. */
import { clockOfMs } from "../delta/hybrid-clock.js";
import { merge } from "../delta/merge.js";
import { CONTRIBUTION_BYTES, COUNTER_BASE_BYTES, contributionClock } from "../delta/packed-counter.js";
import { type Body, type FieldsKind, NO_BODY, noExpiry, type RecordState } from "../delta/record-state.js";
import { successor } from "../delta/remains.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { newestEntryClock } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import {
  hasFields,
  type RecordType,
  TYPE_COUNTER,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_ZSET,
} from "./record.js";
import { kindOf, readLife } from "./state-reader.js";

/**
 * Life and register of a record of this type that a write of version `clock` makes of the open key's ghost: what
 * merging makes of the ghost and what the write says.
 */
export function succeed(keyspace: Keyspace, type: RecordType, clock: number): Omit<RecordState, "body"> {
  const { database, ghost, slot, nowMs } = keyspace;
  const remains = { ...readLife(database, ghost), body: emptied(database.records.type(ghost)) };
  const floors = database.floorsOf(slot);
  const version = { clock, origin: keyspace.origin };
  const { life, clearsExpiry } = successor(remains, { joining: kindOf(type), version, floors, nowMs });
  const expiry = clearsExpiry ? { deadlineMs: 0, version } : noExpiry(life);
  return merge(remains, { life, expiry, body: NO_BODY }, floors.birth);
}

/** What an emptied record of a type is, without the marks that it may have. */
export function emptied(type: RecordType): Body {
  return hasFields(type) ? { kind: kindOf(type) as FieldsKind, fields: new Map() } : NO_BODY;
}

/**
 * The clock of a life above everything in the expired record at `at`, the same at whoever has the same record: see
 * `floorOfRemains` in delta/remains.ts.
 */
export function clockAfterExpiry(database: Database, at: Location): number {
  return Math.max(clockOfMs(database.records.deadline(at)), newestClock(database, at) + 1);
}

/** The highest clock of a version in the record at `at`. */
export function newestClock(database: Database, at: Location): number {
  const { records } = database;
  const newest = Math.max(records.lifeClock(at), records.registerClock(at));
  switch (records.type(at)) {
    case TYPE_COUNTER:
      return Math.max(newest, newestContribution(database, at));
    case TYPE_HASH:
    case TYPE_SET:
    case TYPE_LIST:
    case TYPE_ZSET:
    case TYPE_STREAM:
      return Math.max(newest, newestEntryClock(database, at));
    default:
      return newest;
  }
}

function newestContribution({ records }: Database, at: Location): number {
  const { bytes, start, end } = records.body(at);
  let newest = 0;
  for (let from = start + COUNTER_BASE_BYTES; from < end; from += CONTRIBUTION_BYTES) {
    newest = Math.max(newest, contributionClock(bytes, from));
  }
  return newest;
}
