/** Walks the keys of a slot, whoever sees them, to change what some of them have. */
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import type { Keyspace } from "./keyspace.js";

/** Where a walk ends: one more than the largest hash. */
export const SLOT_END = 2 ** 32;

/** Home cells looked at in one step: some 20 us. */
const HOMES_PER_STEP = 128;

const found: Location[] = [];

/**
 * Copies the keys of those records in a range of a slot, which starts at the hash `from`, that are `wanted`. Answers where the
 * next range starts: `SLOT_END` after the last. Keys that stay throughout a walk are met once each (see `TableIndex.collect`).
 */
export function collectKeys(
  { index, records }: Database,
  slot: number,
  from: number,
  isWanted: (at: Location) => boolean,
  into: Buffer[],
): number {
  found.length = 0;
  const next = index.collect(slot, from, HOMES_PER_STEP, found);
  for (const at of found) {
    if (!isWanted(at)) continue;
    const { bytes, start, end } = records.key(at);
    into.push(Buffer.from(bytes.subarray(start, end)));
  }
  return next;
}

/** Opens each key of a slot of the selected database whose record is wanted, and acts on it. */
export function forEachKey(
  keyspace: Keyspace,
  slot: number,
  isWanted: (at: Location) => boolean,
  act: () => void,
): void {
  const { database } = keyspace;
  for (let from = 0; from < SLOT_END; ) {
    const keys: Buffer[] = [];
    from = collectKeys(database, slot, from, isWanted, keys);
    for (const key of keys) {
      keyspace.peek(key, 0, key.length);
      act();
    }
  }
}
