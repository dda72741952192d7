/** What a placement means for each slot: who has it, and who is to have it when the change under way is done. Pure. */
import { SLOT_COUNT } from "../base/key-hash.js";
import { Ring } from "../ring/ring.js";
import { membersAfter, type Placement } from "./placement.js";

const ONE_COPY = { copies: 1 };

/** A change of owners by its name: equal for the same change, and for no other of this cluster. Null while there is none. */
export function nameOfChange({ change }: Placement): string | null {
  return change && `${change.began} ${change.node.id}`;
}

export class SlotPlan {
  readonly #before: Ring;
  readonly #after: Ring;

  constructor(placement: Placement) {
    this.#before = Ring.of(placement.members, ONE_COPY);
    this.#after = placement.change === null ? this.#before : Ring.of(membersAfter(placement), ONE_COPY);
  }

  /** Who has a slot. */
  ownerOf(slot: number): string {
    return this.#before.primaryOf(slot);
  }

  /** Who is to have it. */
  nextOwnerOf(slot: number): string {
    return this.#after.primaryOf(slot);
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
    return this.#moves((owner, next) => (owner === id ? next : undefined));
  }

  /** The slots that move to a node, by whose they are. */
  to(id: string): Map<string, number[]> {
    return this.#moves((owner, next) => (next === id ? owner : undefined));
  }

  #moves(partner: (owner: string, next: string) => string | undefined): Map<string, number[]> {
    const moves = new Map<string, number[]>();
    if (this.#before === this.#after) return moves;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const owner = this.ownerOf(slot);
      const next = this.nextOwnerOf(slot);
      const id = owner === next ? undefined : partner(owner, next);
      if (id === undefined) continue;
      const slots = moves.get(id);
      if (slots === undefined) moves.set(id, [slot]);
      else slots.push(slot);
    }
    return moves;
  }
}
