/** How long keys still have to live on average: an estimate from a few of them. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";

/** Enough for a figure that only hints at an order of magnitude. */
const KEYS_ENOUGH = 64;
/** Cells looked at in one slot: a slot may hold millions of keys, few of which expire. */
const HOMES_PER_SLOT = 64;

/** In whole milliseconds, 0 if no key expires. `random` (32 bits) says where to look. */
export function averageTtlMs(database: Database, nowMs: number, random: number): number {
  if (database.expiringCount === 0) return 0;
  let sumMs = 0;
  let keys = 0;
  for (let step = 0; step < SLOT_COUNT && keys < KEYS_ENOUGH; step++) {
    const slot = (random + step) % SLOT_COUNT;
    if (database.dueOf(slot) === Number.POSITIVE_INFINITY) continue;
    const found: Location[] = [];
    const from = database.counts[slot]! > HOMES_PER_SLOT ? random >>> 0 : 0;
    database.index.collect(slot, from, HOMES_PER_SLOT, found);
    for (const at of found) {
      const ttlMs = database.records.deadline(at) - nowMs;
      if (ttlMs <= 0) continue;
      sumMs += ttlMs;
      keys++;
    }
  }
  return keys === 0 ? 0 : Math.round(sumMs / keys);
}
