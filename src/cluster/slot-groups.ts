/**
 * Slots by who owns them: those of a group have the same owners and the same next owners, in the same orders. There are few groups beside
 * slots, so what concerns owners is thought through once for each group. Pure.
 */
import { SLOT_COUNT } from "../base/key-hash.js";

/** For each slot so many nodes by their numbers, in the order of preference: those of slot `s` begin at `s * copies`. */
export interface Preferences {
  readonly copies: number;
  readonly numbers: Uint16Array;
}

export interface SlotGroup {
  /** Ids in the order of preference. */
  readonly owners: readonly string[];
  /** Those who are to own the slots; the same list while owners are not changing. */
  readonly nextOwners: readonly string[];
  /** In rising order. */
  readonly slots: readonly number[];
}

export interface SlotGroups {
  readonly groups: readonly SlotGroup[];
  /** By slot, an index into `groups`. */
  readonly bySlot: Uint16Array;
}

const NUMBERS = 2 ** 16;

/** `ids` are those of the numbers. `next` is the same object while owners are not changing. */
export function groupSlots(ids: readonly string[], current: Preferences, next: Preferences): SlotGroups {
  const groups: (SlotGroup & { readonly slots: number[] })[] = [];
  const indexes = new Map<number, number>();
  const bySlot = new Uint16Array(SLOT_COUNT);
  const chains = new Chains();
  const idsOf = (slot: number, { copies, numbers }: Preferences) =>
    Array.from(numbers.subarray(slot * copies, (slot + 1) * copies), (number) => ids[number]!);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    let chain = chains.extended(0, slot, current);
    if (next !== current) chain = chains.extended(chain, slot, next);
    let index = indexes.get(chain);
    if (index === undefined) {
      indexes.set(chain, (index = groups.length));
      const owners = idsOf(slot, current);
      groups.push({ owners, nextOwners: next === current ? owners : idsOf(slot, next), slots: [] });
    }
    groups[index]!.slots.push(slot);
    bySlot[slot] = index;
  }
  return { groups, bySlot };
}

/** Numbers lists of numbers, equal ones alike: a list by that of all but its last number. */
class Chains {
  readonly #numbers = new Map<number, number>();

  /** The list `chain`, and behind it the nodes of a slot. */
  extended(chain: number, slot: number, { copies, numbers }: Preferences): number {
    let list = chain;
    for (let at = slot * copies, end = at + copies; at < end; at++) {
      const key = list * NUMBERS + numbers[at]!;
      let number = this.#numbers.get(key);
      if (number === undefined) this.#numbers.set(key, (number = this.#numbers.size + 1));
      list = number;
    }
    return list;
  }
}
