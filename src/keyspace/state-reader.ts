/** Reads records as the states that merging is defined on (delta/record-state.ts). They are copies, and outlive any change. */
import { assert } from "../base/assert.js";
import { unpackBody } from "../delta/body-codec.js";
import {
  type Body,
  type BodyKind,
  type Field,
  type FieldsKind,
  NO_BODY,
  RANKS,
  type RecordState,
} from "../delta/record-state.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { isTable } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { type RecordType, TYPE_LIST, TYPE_NONE } from "./record.js";
import type { ByteView } from "./records.js";

/** By rank, which is the type of a record. */
const KINDS: readonly BodyKind[] = Object.entries(RANKS).reduce<BodyKind[]>((kinds, [kind, rank]) => {
  kinds[rank] = kind as BodyKind;
  return kinds;
}, []);

export function kindOf(type: RecordType): BodyKind {
  return KINDS[type]!;
}

/** Life and register of the record at `at`. */
export function readLife({ records }: Database, at: Location): Omit<RecordState, "body"> {
  return {
    life: { clock: records.lifeClock(at), origin: records.lifeOrigin(at) },
    expiry: {
      deadlineMs: records.deadline(at),
      version: { clock: records.registerClock(at), origin: records.registerOrigin(at) },
    },
  };
}

/** All of the record at `at`. Takes as long as the value is large. */
export function readState(database: Database, at: Location): RecordState {
  return { ...readLife(database, at), body: readBody(database, at) };
}

function readBody(database: Database, at: Location): Body {
  const { records } = database;
  const type = records.type(at);
  if (type === TYPE_NONE) return NO_BODY;
  if (type === TYPE_LIST || isTable(database, at)) return readFields(database, at);
  const bytes = copyOf(records.body(at));
  const body = unpackBody(RANKS[kindOf(type)], bytes);
  assert(body !== undefined, "the body of a record has the form of its type");
  return body;
}

function readFields(database: Database, at: Location): Body {
  const fields = new Map<string, Field>();
  const reader = new EntryReader();
  reader.open(database, at);
  while (reader.next()) {
    const { field, value, version } = reader;
    fields.set(field.bytes.toString("latin1", field.start, field.end), {
      value: value === null ? null : copyOf(value),
      version: { clock: version.clock, origin: version.origin },
    });
  }
  return { kind: kindOf(database.records.type(at)) as FieldsKind, fields };
}

function copyOf({ bytes, start, end }: ByteView): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
