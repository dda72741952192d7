import type { Entry } from "#torus/delta/packed-entries.js";
import type { Field } from "#torus/delta/record-state.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { PACKED, tableOf } from "#torus/keyspace/entries-body.js";
import { EntryReader } from "#torus/keyspace/entry-reader.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { TYPE_HASH } from "#torus/keyspace/record.js";
import { openKey } from "./small-keyspace.js";

// Keys, fields and values are byte strings here (one character a byte).

export const SMALL_LIMITS: PackingLimits = {
  hashMaxListpackEntries: 4,
  hashMaxListpackValueBytes: 8,
  listMaxListpackSize: 3,
  streamNodeMaxBytes: 512,
  streamNodeMaxEntries: 5,
  setMaxIntsetEntries: 6,
  setMaxListpackEntries: 4,
  setMaxListpackValueBytes: 8,
  zsetMaxListpackEntries: 4,
  zsetMaxListpackValueBytes: 8,
};

const reader = new EntryReader();

/** Sets fields by one edit; answers how many are new. */
export function setFields(
  keyspace: Keyspace,
  key: string,
  fields: readonly (readonly [string, string])[],
  limits = SMALL_LIMITS,
): number {
  openKey(keyspace, key);
  keyspace.openEntries.begin(TYPE_HASH, limits);
  let added = 0;
  for (const [field, value] of fields) {
    const [name, text] = [Buffer.from(field, "latin1"), Buffer.from(value, "latin1")];
    if (keyspace.openEntries.set(name, 0, name.length, text, 0, text.length)) added++;
  }
  keyspace.openEntries.finish();
  return added;
}

/** Removes fields by one edit; answers how many there were. */
export function removeFields(keyspace: Keyspace, key: string, fields: readonly string[]): number {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return 0;
  keyspace.openEntries.begin(TYPE_HASH, SMALL_LIMITS);
  let removed = 0;
  for (const field of fields) {
    const name = Buffer.from(field, "latin1");
    if (keyspace.openEntries.remove(name, 0, name.length)) removed++;
  }
  keyspace.openEntries.finish();
  return removed;
}

export function readField(keyspace: Keyspace, key: string, field: string): string | undefined {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return undefined;
  const name = Buffer.from(field, "latin1");
  const value = keyspace.openEntries.find(name, 0, name.length)?.value;
  return value?.bytes.toString("latin1", value.start, value.end);
}

/** The fields that a client can see, in the order in which they are stored. */
export function fieldsOf(keyspace: Keyspace, key: string): [string, string][] {
  return entriesOf(keyspace, key).flatMap(([field, { value }]) =>
    value === null ? [] : [[field, Buffer.from(value).toString("latin1")]],
  );
}

/** All entries, marks of removed fields too, of a hash or of what an emptied one left. */
export function entriesOf(keyspace: Keyspace, key: string): [string, Field][] {
  openKey(keyspace, key);
  const at = keyspace.at !== NOWHERE ? keyspace.at : keyspace.ghost;
  if (at === NOWHERE) return [];
  const entries: [string, Field][] = [];
  reader.open(keyspace.database, at);
  while (reader.next()) entries.push(copyOf(reader));
  return entries;
}

/** An entry that may be kept. */
export function copyOf({ field, value, version }: Entry): [string, Field] {
  const name = Buffer.from(field.bytes.subarray(field.start, field.end)).toString("latin1");
  const copy = value === null ? null : Uint8Array.from(value.bytes.subarray(value.start, value.end));
  return [name, { value: copy, version: { clock: version.clock, origin: version.origin } }];
}

export function isPacked(keyspace: Keyspace, key: string): boolean {
  openKey(keyspace, key);
  return tableOf(keyspace.database, keyspace.at) === PACKED;
}
