/**
 * Slots of a replicated cluster by who owns them: the slots of a group have the same owners, and the same candidates in the same order.
 * There are few groups beside slots, so what is believed of nodes is thought through once for each group. Pure.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { ChangePhase } from "../placement.js";

/** A node by the number that this node calls it by; this node itself is `SELF`. */
export type NodeNumber = number;
export const SELF: NodeNumber = 0;

export interface OwnerGroup {
  /** Who may execute, the preferred one first: the owners, or once slots are being switched their next owners. */
  readonly candidates: readonly NodeNumber[];
  /** Who owns the slots, and who is to own them: the same list while owners are not changing. */
  readonly owners: readonly NodeNumber[];
  readonly nextOwners: readonly NodeNumber[];
  /** Both of them but this node. */
  readonly others: readonly NodeNumber[];
  readonly slots: readonly number[];
}

export interface GroupingOptions {
  readonly ownersOf: (slot: number) => readonly string[];
  readonly nextOwnersOf: (slot: number) => readonly string[];
  /** Null while owners are not changing. */
  readonly phase: ChangePhase | null;
  readonly numberOf: (id: string) => NodeNumber;
}

export class OwnerGroups {
  readonly groups: readonly OwnerGroup[];
  readonly #bySlot: Uint16Array;

  constructor({ ownersOf, nextOwnersOf, phase, numberOf }: GroupingOptions) {
    const indexes = new Map<string, number>();
    // Ids are long, and there are many slots.
    const letters = new Map<string, string>();
    const nameOf = (ids: readonly string[]) => {
      let name = "";
      for (const id of ids) {
        let letter = letters.get(id);
        if (letter === undefined) letters.set(id, (letter = String.fromCharCode(letters.size)));
        name += letter;
      }
      return name;
    };
    const groups: (OwnerGroup & { readonly slots: number[] })[] = [];
    this.#bySlot = new Uint16Array(SLOT_COUNT);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const owners = ownersOf(slot);
      const nextOwners = phase === null ? owners : nextOwnersOf(slot);
      const ofOwners = nameOf(owners);
      const name = `${ofOwners.length}${ofOwners}${nextOwners === owners ? ofOwners : nameOf(nextOwners)}`;
      let index = indexes.get(name);
      if (index === undefined) {
        indexes.set(name, (index = groups.length));
        groups.push(groupOf(owners.map(numberOf), nextOwners.map(numberOf), phase));
      }
      groups[index]!.slots.push(slot);
      this.#bySlot[slot] = index;
    }
    this.groups = groups;
  }

  /** Of which group a slot is: an index into `groups`. */
  indexOf(slot: number): number {
    return this.#bySlot[slot]!;
  }

  of(slot: number): OwnerGroup {
    return this.groups[this.#bySlot[slot]!]!;
  }

  /** How many slots a node owns, or is to own. */
  slotCountOf(node: NodeNumber): number {
    let count = 0;
    for (const group of this.groups) if (isOwner(group, node)) count += group.slots.length;
    return count;
  }

  /** All other nodes that own any slot that this node owns, each now or soon. */
  coOwners(): ReadonlySet<NodeNumber> {
    return new Set(this.groups.filter((group) => isOwner(group, SELF)).flatMap(({ others }) => others));
  }
}

export function isOwner({ owners, nextOwners }: OwnerGroup, node: NodeNumber): boolean {
  return owners.includes(node) || nextOwners.includes(node);
}

/** Whether `one` is a candidate and preferred to `other`, which need not be one. */
export function precedes({ candidates }: OwnerGroup, one: NodeNumber, other: NodeNumber): boolean {
  const [rank, otherRank] = [candidates.indexOf(one), candidates.indexOf(other)];
  return rank >= 0 && (otherRank < 0 || rank < otherRank);
}

function groupOf(
  owners: readonly NodeNumber[],
  nextOwners: readonly NodeNumber[],
  phase: ChangePhase | null,
): OwnerGroup & { readonly slots: number[] } {
  const others = [...new Set([...owners, ...nextOwners])].filter((node) => node !== SELF);
  return { candidates: phase === "switch" ? nextOwners : owners, owners, nextOwners, others, slots: [] };
}
