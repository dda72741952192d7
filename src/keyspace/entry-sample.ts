/** Fields of the open collection drawn at random, for HRANDFIELD and its kin. All are equally likely. */
import type { Location } from "./arena.js";
import { PACKED, tableOf } from "./entries-body.js";
import type { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";

/** For more than this part of the fields, one walk is cheaper than draws that meet the same field again. */
const DRAWN_PART_MAX = 1 / 3;
/** With more marks of removed fields than this to a field, one walk is cheaper than draws that meet marks. */
const MARKS_PER_FIELD_MAX = 3;
const UINT32_END = 2 ** 32;

/** Unsigned 32-bit random integers. */
export type Random = () => number;
export type Visit = (field: LiveField) => void;

/** Visits `count` fields, each drawn from all, so that one may come again. */
export function drawFields(keyspace: Keyspace, count: number, random: Random, visit: Visit): void {
  const reader = keyspace.openEntries.entries();
  const table = tableToDrawFrom(keyspace);
  if (table === undefined && count === 1) {
    for (let skipped = below(keyspace.openEntries.length, random); reader.nextLive() && skipped > 0; )
      skipped--;
    visit(reader as LiveField);
    return;
  }
  const positions = table === undefined ? livePositions(reader) : [];
  for (let i = 0; i < count; i++) {
    const position =
      table === undefined ? positions[below(positions.length, random)]! : drawLive(keyspace, table, random);
    reader.goTo(position);
    visit(reader as LiveField);
  }
}

/** Visits `count` different fields, or all if there are no more. Their order is not random. */
export function drawDistinctFields(keyspace: Keyspace, count: number, random: Random, visit: Visit): void {
  const { length } = keyspace.openEntries;
  const reader = keyspace.openEntries.entries();
  const table = tableToDrawFrom(keyspace);
  if (table !== undefined && count <= length * DRAWN_PART_MAX) {
    const drawn = new Set<Location>();
    while (drawn.size < count) drawn.add(drawLive(keyspace, table, random));
    for (const at of drawn) {
      reader.goTo(at);
      visit(reader as LiveField);
    }
    return;
  }
  // Selection sampling: Knuth, The Art of Computer Programming, vol. 2, 3.4.2, algorithm S.
  let wanted = Math.min(count, length);
  for (let left = length; wanted > 0 && reader.nextLive(); left--) {
    if (below(left, random) >= wanted) continue;
    wanted--;
    visit(reader as LiveField);
  }
}

/** The table of the open collection, if draws from it meet fields often enough. */
function tableToDrawFrom({ database, at }: Keyspace): number | undefined {
  const table = tableOf(database, at);
  if (table === PACKED) return undefined;
  const { fields } = database;
  return fields.count(table) <= fields.liveCount(table) * (1 + MARKS_PER_FIELD_MAX) ? table : undefined;
}

function drawLive({ database }: Keyspace, table: number, random: Random): Location {
  let at = database.fields.draw(table, random);
  while (database.fields.isMark(at)) at = database.fields.draw(table, random);
  return at;
}

function livePositions(reader: EntryReader): number[] {
  const positions: number[] = [];
  while (reader.nextLive()) positions.push(reader.position);
  return positions;
}

/** A random integer from 0 to below `end`. */
function below(end: number, random: Random): number {
  return Math.floor((random() / UINT32_END) * end);
}
