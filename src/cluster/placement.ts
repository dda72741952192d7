/**
 * Which members share the slots among them, and how that is changing: a value that all members agree on step by step. Where
 * each slot lies follows from it alone (ring/). Pure.
 *
 * A step needs everyone: each member takes the next value only if its own is the one that the step builds on, and the next
 * step is proposed only when all have taken this one. So a partition, or a member that is dead, stops changes and never
 * makes two of them. Two values of one epoch can both be proposed, by two who each took themselves for the coordinator;
 * then neither was taken by all, and the greater one is proposed again (`settled`).
 */
import { assert } from "../base/assert.js";

export interface PlacedMember {
  readonly id: string;
  /** Its share of the slots is in proportion to it. */
  readonly weight: number;
  readonly zone: string;
  /** The machine, by its address: copies on one machine are lost together. */
  readonly host: string;
}

/**
 * - `transfer`: the slots that move are copied, and changes of them shipped, to their owners to be.
 * - `switch`: each owner hands over by itself, slot by slot, for good.
 */
export type ChangePhase = "transfer" | "switch";

export interface PlacementChange {
  readonly kind: "join" | "leave";
  readonly node: PlacedMember;
  readonly phase: ChangePhase;
}

export interface Placement {
  /** Rises with every step. */
  readonly epoch: number;
  /** The member that proposed the step. */
  readonly by: string;
  /** Those that own slots, the oldest first. */
  readonly members: readonly PlacedMember[];
  readonly change: PlacementChange | null;
}

/** What the first node of a cluster begins with: all slots are its own. */
export function firstPlacement(member: PlacedMember): Placement {
  return { epoch: 1, by: member.id, members: [member], change: null };
}

/** Negative, zero or positive, as `a` is older than, equal to or newer than `b`. */
export function comparePlacements(a: Placement, b: Placement): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return a.by === b.by ? 0 : a.by < b.by ? -1 : 1;
}

/** Who owns slots once the change under way is done. */
export function membersAfter({ members, change }: Placement): readonly PlacedMember[] {
  if (change === null) return members;
  const { kind, node } = change;
  return kind === "join" ? [...members, node] : members.filter(({ id }) => id !== node.id);
}

/** Whose word each step needs: the members, and the one that is to become one. */
export function participants({ members, change }: Placement): readonly string[] {
  const ids = members.map(({ id }) => id);
  return change?.kind === "join" ? [...ids, change.node.id] : ids;
}

export function isMember({ members }: Placement, id: string): boolean {
  return members.some((member) => member.id === id);
}

// ---- Steps. `by` proposes them. ----

/** Begins to take a node in. */
export function joining(placement: Placement, node: PlacedMember, by: string): Placement {
  assert(placement.change === null, "one change at a time");
  assert(!isMember(placement, node.id), "who joins is not a member yet");
  return stepOf(placement, by, { change: { kind: "join", node, phase: "transfer" } });
}

/** Begins to let a member go. */
export function leaving(placement: Placement, id: string, by: string): Placement {
  assert(placement.change === null, "one change at a time");
  const node = placement.members.find((member) => member.id === id);
  assert(node !== undefined && placement.members.length > 1, "who leaves is a member, and not the last one");
  return stepOf(placement, by, { change: { kind: "leave", node, phase: "transfer" } });
}

/** All that moves is copied: from here on there is no way back. */
export function switching(placement: Placement, by: string): Placement {
  const { change } = placement;
  assert(change?.phase === "transfer", "only what is copied is handed over");
  return stepOf(placement, by, { change: { ...change, phase: "switch" } });
}

/** All is handed over. */
export function done(placement: Placement, by: string): Placement {
  assert(placement.change?.phase === "switch", "only what was handed over is done");
  return stepOf(placement, by, { members: membersAfter(placement), change: null });
}

/** Gives up a change that has handed nothing over. */
export function rolledBack(placement: Placement, by: string): Placement {
  assert(placement.change?.phase === "transfer", "what is handed over is not taken back");
  return stepOf(placement, by, { change: null });
}

/** Takes out a member that will not come back: its slots begin anew at their next owners. */
export function forgetting(placement: Placement, id: string, by: string): Placement {
  const { members, change } = placement;
  assert(members.length > 1, "the last member stays");
  const remaining = members.filter((member) => member.id !== id);
  return stepOf(placement, by, { members: remaining, change: change?.node.id === id ? null : change });
}

/** The value that is proposed again when two of one epoch were. */
export function settled(placement: Placement, by: string): Placement {
  return stepOf(placement, by, {});
}

function stepOf(
  placement: Placement,
  by: string,
  change: Partial<Pick<Placement, "members" | "change">>,
): Placement {
  return { ...placement, ...change, epoch: placement.epoch + 1, by };
}

// ---- As text, for the disk and for links ----

export function formatPlacement(placement: Placement): string {
  return JSON.stringify(placement);
}

/** undefined if the text is no placement. */
export function parsePlacement(text: string): Placement | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isPlacement(value) ? value : undefined;
}

function isPlacement(value: unknown): value is Placement {
  if (!isObject(value)) return false;
  const { epoch, by, members, change } = value;
  return (
    Number.isSafeInteger(epoch) &&
    (epoch as number) > 0 &&
    typeof by === "string" &&
    Array.isArray(members) &&
    members.length > 0 &&
    members.every(isPlacedMember) &&
    new Set(members.map(({ id }) => id)).size === members.length &&
    (change === null || isChange(change))
  );
}

function isChange(value: unknown): value is PlacementChange {
  if (!isObject(value)) return false;
  const { kind, node, phase } = value;
  return (
    (kind === "join" || kind === "leave") &&
    (phase === "transfer" || phase === "switch") &&
    isPlacedMember(node)
  );
}

function isPlacedMember(value: unknown): value is PlacedMember {
  if (!isObject(value)) return false;
  const { id, weight, zone, host } = value;
  return (
    typeof id === "string" &&
    id !== "" &&
    typeof weight === "number" &&
    Number.isFinite(weight) &&
    weight > 0 &&
    typeof zone === "string" &&
    typeof host === "string"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
