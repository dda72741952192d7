/** What a placement means for each slot: who has it, and who is to have it when the change under way is done. Pure. */
import { SLOT_COUNT } from "../base/key-hash.js";
import { Ring } from "../ring/ring.js";
import { membersAfter, type Placement } from "./placement.js";

const ONE_COPY = { copies: 1 };
/** In place of the number of a node that has no part in it. */
export const NOBODY = -1;

/** A change of owners by its name: equal for the same change, and for no other of this cluster. Null while there is none. */
export function nameOfChange({ change }: Placement): string | null {
  return change && `${change.began} ${change.node.id}`;
}

export class SlotPlan {
  /** Nodes are called by their places here. */
  readonly ids: readonly string[];
  /** By slot, who has it. */
  readonly owners: Uint16Array;
  /** By slot, who is to have it. */
  readonly nextOwners: Uint16Array;
  readonly #before: Ring;
  readonly #after: Ring;

  constructor(placement: Placement) {
    const before = Ring.of(placement.members, ONE_COPY);
    const after = placement.change === null ? before : Ring.of(membersAfter(placement), ONE_COPY);
    const ids = new Set([...before.members, ...after.members].map(({ id }) => id));
    this.ids = [...ids];
    const numbers = new Map(this.ids.map((id, number) => [id, number]));
    const numbersOf = ({ members, owners }: Ring) => {
      const own = members.map(({ id }) => numbers.get(id)!);
      return owners.map((index) => own[index]!);
    };
    this.#before = before;
    this.#after = after;
    this.owners = numbersOf(before);
    this.nextOwners = before === after ? this.owners : numbersOf(after);
  }

  numberOf(id: string): number {
    return this.ids.indexOf(id);
  }

  /** All owners of a slot in the order of preference, and those to be. */
  ownersOf(slot: number): readonly string[] {
    return this.#before.ownersOf(slot);
  }

  nextOwnersOf(slot: number): readonly string[] {
    return this.#after.ownersOf(slot);
  }

  /** The slots that move from a node, by where they move. */
  from(id: string): Map<string, number[]> {
    return this.#moves(this.numberOf(id), this.owners, this.nextOwners);
  }

  /** The slots that move to a node, by whose they are. */
  to(id: string): Map<string, number[]> {
    return this.#moves(this.numberOf(id), this.nextOwners, this.owners);
  }

  #moves(number: number, own: Uint16Array, partners: Uint16Array): Map<string, number[]> {
    const moves = new Map<string, number[]>();
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (own[slot] !== number || partners[slot] === number) continue;
      const partner = this.ids[partners[slot]!]!;
      const slots = moves.get(partner);
      if (slots === undefined) moves.set(partner, [slot]);
      else slots.push(slot);
    }
    return moves;
  }
}
