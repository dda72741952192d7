/**
 * FLUSHDB on one of several owners: it ends the lives of what this node executes for, and of nothing else. What lies beside that are
 * copies of what other nodes execute for; each of those flushes its own, and may have gone on since.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import { endLivesBelow } from "./delta-application.js";
import type { Keyspace } from "./keyspace.js";

/** Ends all lives of a database that clients see here. */
export function flushDatabase(keyspace: Keyspace, number: number): void {
  if (!keyspace.keepTombstones || keyspace.hiddenSlots === 0) {
    keyspace.flush(number);
    return;
  }
  const database = keyspace.databases[number]!;
  const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
  const selected = keyspace.database.number;
  keyspace.watchers.flushed(keyspace, database);
  keyspace.select(number);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (keyspace.isHidden(slot)) continue;
    database.flushFloors.raise(slot, floor.clock, floor.origin);
    keyspace.dirty += database.counts[slot]!;
    if (database.index.count(slot) > 0) endLivesBelow(keyspace, slot, floor);
    keyspace.journal?.flushed(number, floor.clock, slot);
  }
  keyspace.select(selected);
}
