/**
 * Slots of a replicated cluster by who owns them, as one node sees it: with candidates for who executes, and nodes called by this node's
 * numbers of them. What is believed of nodes is thought through once for each group. Pure.
 */
import type { ChangePhase } from "../placement.js";
import type { SlotGroup, SlotGroups } from "../slot-groups.js";

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

export interface OwnerGroupsOptions {
  readonly grouped: SlotGroups;
  /** Null while owners are not changing. */
  readonly phase: ChangePhase | null;
  readonly numberOf: (id: string) => NodeNumber;
}

export class OwnerGroups {
  readonly groups: readonly OwnerGroup[];
  /** All who own slots, or are to own some. */
  readonly nodes: ReadonlySet<NodeNumber>;
  readonly #bySlot: Uint16Array;
  #coOwners: ReadonlySet<NodeNumber> | undefined;

  constructor({ grouped, phase, numberOf }: OwnerGroupsOptions) {
    this.groups = grouped.groups.map((group) => groupOf(group, phase, numberOf));
    this.nodes = new Set(this.groups.flatMap(({ owners, nextOwners }) => [...owners, ...nextOwners]));
    this.#bySlot = grouped.bySlot;
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

  /** Whether two nodes own, or are to own, any slot of this node together. */
  areCoOwners(one: NodeNumber, other: NodeNumber): boolean {
    return this.groups.some((group) => [SELF, one, other].every((node) => isOwner(group, node)));
  }

  /** All other nodes that own any slot that this node owns, each now or soon. */
  coOwners(): ReadonlySet<NodeNumber> {
    this.#coOwners ??= new Set(
      this.groups.filter((group) => isOwner(group, SELF)).flatMap(({ others }) => others),
    );
    return this.#coOwners;
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
  { owners: ownerIds, nextOwners: nextIds, slots }: SlotGroup,
  phase: ChangePhase | null,
  numberOf: (id: string) => NodeNumber,
): OwnerGroup {
  const owners = ownerIds.map(numberOf);
  const nextOwners = nextIds === ownerIds ? owners : nextIds.map(numberOf);
  const others = [...new Set([...owners, ...nextOwners])].filter((node) => node !== SELF);
  return { candidates: phase === "switch" ? nextOwners : owners, owners, nextOwners, others, slots };
}
