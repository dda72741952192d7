/** What has to move when the members change. */
import { assert } from "../base/assert.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Ring } from "./ring.js";

export interface SlotMovement {
  readonly slot: number;
  /** Ids of those that become owners, and of those that no longer are. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** The slots that get other owners, in their order. A change of preference alone moves nothing. */
export function movement(from: Ring, to: Ring): readonly SlotMovement[] {
  assert(from.members.length > 0 && to.members.length > 0, "slots always lie somewhere");
  const moved: SlotMovement[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const [before, after] = [from.ownersOf(slot), to.ownersOf(slot)];
    const gained = after.filter((id) => !before.includes(id));
    const lost = before.filter((id) => !after.includes(id));
    if (gained.length > 0 || lost.length > 0) moved.push({ slot, gained, lost });
  }
  return moved;
}
