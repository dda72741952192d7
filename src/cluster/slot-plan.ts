/** What a placement means for each slot: who has it, and who is to have it when the change under way is done. Pure. */
import { addToGroup } from "../base/groups.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { Ring } from "../ring/ring.js";
import { type ChangePhase, membersAfter, type Placement } from "./placement.js";
import { groupSlots, type Preferences, type SlotGroups } from "./slot-groups.js";
import { SlotSet } from "./slot-set.js";

/** In place of the number of a node that has no part in it. */
export const NOBODY = -1;

/** A change of owners by its name: equal for the same change, and for no other of this cluster. Null while there is none. */
export function nameOfChange({ change }: Placement): string | null {
  return change && `${change.began} ${change.node.id}`;
}

/** The slots that a node has a part in. */
export interface OwnedSlots {
  /** It owns these now. */
  readonly current: SlotSet;
  /** It owns these once the change under way is done; the same set while there is none. */
  readonly next: SlotSet;
  /** Either. */
  readonly all: SlotSet;
}

/** Plans that are kept: a placement is taken step by step, and in a simulation of many nodes by each of them. */
const KEPT_MAX = 8;

const kept = new Map<string, SlotPlan>();

export class SlotPlan {
  /** Nodes are called by their places here. */
  readonly ids: readonly string[];
  /** Those who own each slot now. */
  readonly current: Preferences;
  /** Those who own it once the change under way is done; the same object while there is none. */
  readonly next: Preferences;
  /** By slot, who is the first of them. */
  readonly owners: Uint16Array;
  readonly nextOwners: Uint16Array;
  readonly #phase: ChangePhase | undefined;
  readonly #numbers: ReadonlyMap<string, number>;
  /** By number, once somebody has asked. */
  readonly #slots: OwnedSlots[] = [];
  #groups: SlotGroups | undefined;

  constructor(placement: Placement) {
    const { members, change, copies } = placement;
    const before = Ring.of(members, { copies });
    const after = change === null ? before : Ring.of(membersAfter(placement), { copies });
    this.ids = [...new Set([...before.members, ...after.members].map(({ id }) => id))];
    this.#numbers = new Map(this.ids.map((id, number) => [id, number]));
    this.current = preferencesOf(before, this.#numbers);
    this.next = before === after ? this.current : preferencesOf(after, this.#numbers);
    this.owners = firstOf(this.current);
    this.nextOwners = before === after ? this.owners : firstOf(this.next);
    this.#phase = change?.phase;
  }

  /** The plan of a placement: one and the same object for equal ones, as long as it is asked for. */
  static of(placement: Placement): SlotPlan {
    const { members, change, copies } = placement;
    const name = JSON.stringify([copies, members, change]);
    const plan = kept.get(name) ?? new SlotPlan(placement);
    // The least recently asked for is the first.
    kept.delete(name);
    kept.set(name, plan);
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
    return plan;
  }

  /** `NOBODY` for one that has no part in it. */
  numberOf(id: string): number {
    return this.#numbers.get(id) ?? NOBODY;
  }

  /** Who may execute for each slot, the first one rather than the others: its owners, or the next ones once slots are handed over. */
  get candidates(): Preferences {
    return this.#phase === "switch" ? this.next : this.current;
  }

  /** All owners of a slot in the order of preference. */
  ownersOf(slot: number): readonly string[] {
    return this.#idsOf(slot, this.current);
  }

  /** All that are to own it. */
  nextOwnersOf(slot: number): readonly string[] {
    return this.#idsOf(slot, this.next);
  }

  /** All owners of a slot, then those of the next ones that are none yet. */
  allOwnersOf(slot: number): readonly string[] {
    const owners = this.ownersOf(slot);
    if (this.next === this.current) return owners;
    return [...owners, ...this.nextOwnersOf(slot).filter((id) => !owners.includes(id))];
  }

  /** The slots that a node owns or is to own; none if it has no part in it. One and the same object each time: not to be changed. */
  slotsOf(id: string): OwnedSlots {
    const number = this.numberOf(id);
    if (number === NOBODY) return NO_SLOTS;
    this.#slots[number] ??= this.#ownedBy(number);
    return this.#slots[number];
  }

  /** Slots by who owns them, and is to own them. */
  get groups(): SlotGroups {
    this.#groups ??= groupSlots(this.ids, this.current, this.next);
    return this.#groups;
  }

  /** The slots whose first owner a node is and is not to be, by whose they are to be. */
  from(id: string): Map<string, number[]> {
    return this.#moves(this.numberOf(id), this.owners, this.nextOwners);
  }

  /** The slots whose first owner a node is not and is to be, by whose they are. */
  to(id: string): Map<string, number[]> {
    return this.#moves(this.numberOf(id), this.nextOwners, this.owners);
  }

  #idsOf(slot: number, { copies, numbers }: Preferences): string[] {
    const ids: string[] = [];
    for (let at = slot * copies, end = at + copies; at < end; at++) ids.push(this.ids[numbers[at]!]!);
    return ids;
  }

  #ownedBy(number: number): OwnedSlots {
    const current = new SlotSet(slotsWith(number, this.current));
    if (this.next === this.current) return { current, next: current, all: current };
    const next = slotsWith(number, this.next);
    return { current, next: new SlotSet(next), all: current.with(next) };
  }

  #moves(number: number, own: Uint16Array, partners: Uint16Array): Map<string, number[]> {
    const moves = new Map<string, number[]>();
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (own[slot] !== number || partners[slot] === number) continue;
      addToGroup(moves, this.ids[partners[slot]!]!, slot);
    }
    return moves;
  }
}

const NO_SLOTS: OwnedSlots = { current: new SlotSet(), next: new SlotSet(), all: new SlotSet() };

function preferencesOf(ring: Ring, numbersById: ReadonlyMap<string, number>): Preferences {
  const numbers = ring.members.map(({ id }) => numbersById.get(id)!);
  return { copies: ring.copies, numbers: ring.owners.map((index) => numbers[index]!) };
}

function firstOf({ copies, numbers }: Preferences): Uint16Array {
  if (copies === 1) return numbers;
  const first = new Uint16Array(SLOT_COUNT);
  for (let slot = 0; slot < SLOT_COUNT; slot++) first[slot] = numbers[slot * copies]!;
  return first;
}

/** In rising order. */
function slotsWith(number: number, { copies, numbers }: Preferences): number[] {
  const slots: number[] = [];
  for (let at = numbers.indexOf(number); at >= 0; at = numbers.indexOf(number, at + 1)) {
    slots.push(Math.floor(at / copies));
  }
  return slots;
}
