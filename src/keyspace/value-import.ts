/** Gives the open key a value that came in a dump (docs/decisions/0034): what each type makes of one. */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { BODY_BYTES_MAX } from "../delta/body-codec.js";
import { appendEntry, ENTRIES_BASE_BYTES } from "../delta/packed-entries.js";
import { VERSION_ZERO, type Version, writeVersion } from "../delta/version.js";
import type { Items } from "../rdb/items.js";
import type { DumpedValue } from "../rdb/value.js";
import { NOWHERE } from "./arena.js";
import { hasDuplicates } from "./duplicates.js";
import { fillEntries } from "./entries-state.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { type RecordType, TYPE_HASH, TYPE_SET } from "./record.js";
import { setText } from "./text.js";

/** A value in the form in which the open key can have it. Making one changes nothing. */
export type ImportedValue =
  | { readonly kind: "text"; readonly bytes: Buffer }
  /** Packed entries whose base is still to be written. */
  | { readonly kind: "entries"; readonly type: RecordType; readonly entries: Buffer };

/** Undefined if an element comes twice, or nothing here has such values. Throws `WriterFull` for more than a key may hold. */
export function importedValue({ hasher }: Keyspace, value: DumpedValue): ImportedValue | undefined {
  switch (value.kind) {
    case "text": {
      const { buffer, byteOffset, length } = value.bytes;
      return { kind: "text", bytes: Buffer.from(buffer, byteOffset, length) };
    }
    case "hash": {
      if (hasDuplicates(value.fields, 2, hasher)) return undefined;
      return { kind: "entries", type: TYPE_HASH, entries: packed(value.fields, 2) };
    }
    case "set": {
      if (hasDuplicates(value.members, 1, hasher)) return undefined;
      return { kind: "entries", type: TYPE_SET, entries: packed(value.members, 1) };
    }
    default:
      return undefined;
  }
}

/** Gives the open key the value, as a new life that ends at the deadline if it is not 0. What the key had is gone. */
export function importOpen(
  keyspace: Keyspace,
  limits: PackingLimits,
  value: ImportedValue,
  deadlineMs: number,
): void {
  const isReplaced = keyspace.at !== NOWHERE;
  if (value.kind === "text") {
    setText(keyspace, value.bytes, 0, value.bytes.length, deadlineMs);
  } else {
    placeEntries(keyspace, limits, value, deadlineMs);
    if (!isReplaced) keyspace.happened("new", "new");
  }
  // Redis deletes what was there, and adds the value as that of a new key.
  if (isReplaced) keyspace.happened("new", "new");
}

function placeEntries(
  keyspace: Keyspace,
  limits: PackingLimits,
  { type, entries }: { readonly type: RecordType; readonly entries: Buffer },
  deadlineMs: number,
): void {
  const life: Version = { clock: keyspace.clock.next(), origin: keyspace.origin };
  writeVersion(entries, 0, life);
  const view = { bytes: entries, start: 0, end: entries.length };
  fillEntries(keyspace, limits, { type, life }, view);
  if (deadlineMs !== 0) keyspace.writeRegister(deadlineMs, life.clock, life.origin);
  keyspace.journal?.replaced(view);
  keyspace.changed();
}

/** Entries of one version: each item a field, with the item behind it as its value if there are two to an entry. */
function packed(items: Items, perEntry: 1 | 2): Buffer {
  const writer = new ByteWriter({
    capacityBytes: ENTRIES_BASE_BYTES + items.byteLength + 4 * items.count,
    bytesMax: BODY_BYTES_MAX,
  });
  writer.length = ENTRIES_BASE_BYTES;
  for (let i = 0; i < items.count; i += perEntry) {
    const value: ByteRange = perEntry === 2 ? items.at(i + 1) : NO_VALUE;
    appendEntry(writer, { field: items.at(i), value, version: VERSION_ZERO }, VERSION_ZERO);
  }
  return writer.written();
}

const NO_VALUE: ByteRange = { bytes: Buffer.alloc(0), start: 0, end: 0 };
