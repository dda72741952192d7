import { SLOT_COUNT } from "#torus/base/key-hash.js";
import type { SlotGroup, SlotGroups } from "#torus/cluster/slot-groups.js";

type IdsOf = (slot: number) => readonly string[];

/** Slots in groups, by functions that tell their owners. */
export function slotGroups(ownersOf: IdsOf, nextOwnersOf = ownersOf): SlotGroups {
  const groups: (SlotGroup & { readonly slots: number[] })[] = [];
  const indexes = new Map<string, number>();
  const bySlot = Uint16Array.from({ length: SLOT_COUNT }, (_, slot) => {
    const [owners, nextOwners] = [ownersOf(slot), nextOwnersOf(slot)];
    const name = JSON.stringify([owners, nextOwners]);
    const index = indexes.get(name) ?? groups.push({ owners, nextOwners, slots: [] }) - 1;
    indexes.set(name, index);
    groups[index]!.slots.push(slot);
    return index;
  });
  return { groups, bySlot };
}
