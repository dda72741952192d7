/**
 * Of which slots a command that tells of all keys may speak here: those that this node executes. Others whose copies are here, since
 * they are coming or going, are told of by their executors.
 */
import { assert } from "../base/assert.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { HERE } from "../cluster/slot-routes.js";
import type { Call } from "./call.js";

/** Whether this node executes the commands of all slots: then no key is elsewhere. */
export function ownsAllSlots({ routes }: Call): boolean {
  return routes === null || routes.isLone;
}

export function isOwnSlot({ routes }: Call, slot: number): boolean {
  return routes === null || routes.of(slot) === HERE;
}

/** The first slot from `from` on that others execute; the number of slots if there is none. */
export function endOfOwnSlots(call: Call, from: number): number {
  if (ownsAllSlots(call)) return SLOT_COUNT;
  let slot = from;
  while (slot < SLOT_COUNT && isOwnSlot(call, slot)) slot++;
  return slot;
}

/** Keys of the open database that a client can see and that this node speaks of. */
export function countOwnKeys(call: Call): number {
  const { database } = call.keyspace;
  if (ownsAllSlots(call)) return database.size;
  let count = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (isOwnSlot(call, slot)) count += database.counts[slot]!;
  }
  return count;
}

/** The slot of one of them by its rank, 0 to their number - 1. */
export function ownSlotOfRank(call: Call, rank: number): number {
  const { database } = call.keyspace;
  if (ownsAllSlots(call)) return database.slotOfRank(rank);
  let left = rank;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (!isOwnSlot(call, slot)) continue;
    if (left < database.counts[slot]!) return slot;
    left -= database.counts[slot]!;
  }
  assert(false, "the rank is below the number of keys");
}
