/** How long keys still have to live on average: an estimate from a few of them. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";

/** Enough for a figure that only hints at an order of magnitude; and of one slot, where few keys may expire. */
const KEYS_ENOUGH = 64;
/** Home cells that are walked in one step. */
const HOMES = 64;
const WALK_END = 2 ** 32;

/** In whole milliseconds, 0 if no key expires. `random` (32 bits, unsigned) says where to look. */
export function averageTtlMs(database: Database, nowMs: number, random: number): number {
  if (database.expiringCount === 0) return 0;
  let sumMs = 0;
  let keys = 0;
  for (let step = 0; step < SLOT_COUNT && keys < KEYS_ENOUGH; step++) {
    const slot = (random + step) % SLOT_COUNT;
    if (database.dueOf(slot) === Number.POSITIVE_INFINITY) continue;
    for (const at of sampleOf(database, slot, random)) {
      const ttlMs = database.records.deadline(at) - nowMs;
      if (ttlMs <= 0) continue;
      sumMs += ttlMs;
      keys++;
    }
  }
  return keys === 0 ? 0 : Math.round(sumMs / keys);
}

/** All records of a small slot; of a large one those from some hash on, around the end to its beginning. */
function sampleOf({ index, counts }: Database, slot: number, random: number): readonly Location[] {
  const found: Location[] = [];
  const start = counts[slot]! > KEYS_ENOUGH ? random : 0;
  const collect = (from: number, until: number) => {
    for (let at = from; at < until && found.length < KEYS_ENOUGH; )
      at = index.collect(slot, at, HOMES, found);
  };
  collect(start, WALK_END);
  collect(0, start);
  return found;
}
