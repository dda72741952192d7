/** Gives the open key a value that came in a dump (docs/decisions/0034): what each type makes of one. */
import { unreachable } from "../base/assert.js";
import type { ByteRange } from "../base/bytes.js";
import { Position, RANKS_PER_VERSION, STEP_BYTES } from "../delta/list-position.js";
import { SCORE_BYTES_MAX, writeScore } from "../delta/score.js";
import type { Items } from "../rdb/items.js";
import type { DumpedValue } from "../rdb/value.js";
import { NOWHERE } from "./arena.js";
import { hasDuplicates } from "./duplicates.js";
import { fillEntries } from "./entries-state.js";
import type { Keyspace } from "./keyspace.js";
import { ENTRY_OVERHEAD_BYTES, type ImportedEntries, LifePacking } from "./life-packing.js";
import type { PackingLimits } from "./packing-limits.js";
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from "./record.js";
import { streamOf } from "./stream-import.js";
import { setText } from "./text.js";

/** A value in the form in which the open key can have it. Making one changes nothing. */
export type ImportedValue = { readonly kind: "text"; readonly bytes: Buffer } | ImportedEntries;

/** Undefined if an element comes twice, or a stream has an entry without fields. Throws `WriterFull` for more than a key may hold. */
export function importedValue(keyspace: Keyspace, value: DumpedValue): ImportedValue | undefined {
  const { hasher } = keyspace;
  switch (value.kind) {
    case "text": {
      const { buffer, byteOffset, length } = value.bytes;
      return { kind: "text", bytes: Buffer.from(buffer, byteOffset, length) };
    }
    case "hash":
      return hasDuplicates(value.fields, 2, hasher) ? undefined : hashOf(keyspace, value.fields);
    case "set":
      return hasDuplicates(value.members, 1, hasher) ? undefined : setOf(keyspace, value.members);
    case "list":
      return listOf(keyspace, value.elements);
    case "sorted set":
      return hasDuplicates(value.members, 1, hasher)
        ? undefined
        : sortedSetOf(keyspace, value.members, value.scores);
    case "stream":
      return streamOf(keyspace, value.stream);
    default:
      return unreachable(value);
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
  { type, life, entries }: ImportedEntries,
  deadlineMs: number,
): void {
  const view = { bytes: entries, start: 0, end: entries.length };
  fillEntries(keyspace, limits, { type, life }, view);
  if (deadlineMs !== 0) keyspace.writeRegister(deadlineMs, life.clock, life.origin);
  keyspace.journal?.replaced(view);
  keyspace.changed();
}

function packingOf(keyspace: Keyspace, { byteLength, count }: Items): LifePacking {
  return new LifePacking(keyspace, byteLength + ENTRY_OVERHEAD_BYTES * count);
}

function hashOf(keyspace: Keyspace, fields: Items): ImportedValue {
  const packing = packingOf(keyspace, fields);
  for (let i = 0; i < fields.count; i += 2) packing.add(fields.at(i), fields.at(i + 1));
  return packing.finish(TYPE_HASH);
}

function setOf(keyspace: Keyspace, members: Items): ImportedValue {
  const packing = packingOf(keyspace, members);
  for (let i = 0; i < members.count; i++) packing.add(members.at(i), NO_VALUE);
  return packing.finish(TYPE_SET);
}

function sortedSetOf(keyspace: Keyspace, members: Items, scores: Float64Array): ImportedValue {
  const packing = packingOf(keyspace, members);
  const score = Buffer.alloc(SCORE_BYTES_MAX);
  for (let i = 0; i < members.count; i++) {
    packing.add(members.at(i), { bytes: score, start: 0, end: writeScore(score, 0, scores[i]!) });
  }
  return packing.finish(TYPE_ZSET);
}

/** As if the elements had been pushed to the tail. */
function listOf(keyspace: Keyspace, elements: Items): ImportedValue {
  const packing = packingOf(keyspace, elements);
  const position = new Position();
  const field = Buffer.alloc(STEP_BYTES);
  for (let i = 0; i < elements.count; i++) {
    const rank = i % RANKS_PER_VERSION;
    if (i > 0 && rank === 0) packing.nextVersion();
    const { clock, origin } = packing.version;
    position.setEnd(1, clock, origin, rank);
    position.write(field, 0);
    packing.add({ bytes: field, start: 0, end: STEP_BYTES }, elements.at(i));
  }
  return packing.finish(TYPE_LIST);
}

const NO_VALUE: ByteRange = { bytes: Buffer.alloc(0), start: 0, end: 0 };
