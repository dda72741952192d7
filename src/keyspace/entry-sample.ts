/** Fields of the open collection drawn at random, for HRANDFIELD and its kin. All are equally likely. */
import type { Location } from "./arena.js";
import { PACKED } from "./entries-body.js";
import type { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";

/** For more than this part of the fields, one walk is cheaper: draws meet the same field again, and marks as often as a walk does. */
const DRAWN_PART_MAX = 1 / 3;
/** More different ones are not remembered either. */
const DISTINCT_DRAWN_MAX = 2 ** 20;
const UINT32_END = 2 ** 32;

/** Unsigned 32-bit random integers. */
export type Random = () => number;
export type Visit = (field: LiveField) => void;

/** Visits `count` fields, each drawn from all, so that one may come again. */
export function drawFields(keyspace: Keyspace, count: number, random: Random, visit: Visit): void {
  const { length } = keyspace.openEntries;
  const reader = keyspace.openEntries.entries();
  const { table } = reader;
  if (table === PACKED && count === 1) {
    for (let skipped = below(length, random); reader.nextLive() && skipped > 0; ) skipped--;
    visit(reader as LiveField);
    return;
  }
  const few = fewLive(keyspace, table);
  const isDrawn = few === undefined && isTableToDrawFrom(table, count, length);
  const positions = few ?? (isDrawn ? [] : livePositions(reader));
  for (let i = 0; i < count; i++) {
    reader.goTo(isDrawn ? drawLive(keyspace, table, random) : positions[below(length, random)]!);
    visit(reader as LiveField);
  }
}

/** Visits `count` different fields, or all if there are no more. Their order is not random. */
export function drawDistinctFields(keyspace: Keyspace, count: number, random: Random, visit: Visit): void {
  const { length } = keyspace.openEntries;
  const reader = keyspace.openEntries.entries();
  const { table } = reader;
  const few = fewLive(keyspace, table);
  if (few === undefined && count <= DISTINCT_DRAWN_MAX && isTableToDrawFrom(table, count, length)) {
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
  for (let left = length; wanted > 0; left--) {
    if (few === undefined) reader.nextLive();
    if (below(left, random) >= wanted) continue;
    wanted--;
    if (few !== undefined) reader.goTo(few[left - 1]!);
    visit(reader as LiveField);
  }
}

function fewLive({ database }: Keyspace, table: number): readonly Location[] | undefined {
  return table === PACKED ? undefined : database.fields.fewLive(table);
}

/** A draw meets a live field after as many entries, on average, as there are to each. */
function isTableToDrawFrom(table: number, count: number, length: number): boolean {
  return table !== PACKED && count <= length * DRAWN_PART_MAX;
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
