/**
 * Which members share the slots among them, and how that is changing: a value that all members agree on step by step. Where
 * each slot lies follows from it alone (ring/). Pure.
 *
 * A step needs everyone: each member takes the next value only if its own is the one that the step builds on, and the next
 * step is proposed only when all have taken this one. So a partition, or a member that is dead, stops changes and never
 * makes two of them. Two values of one epoch can both be proposed, by two who each took themselves for the coordinator; who
 * proposes takes its own value first, so then neither was taken by all, and the greater one comes to hold.
 */
import { assert } from "../base/assert.js";
import { HASH_SEED_FORM } from "../durability/hash-seed.js";

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
  /** `forget`: the node is gone for good, and its slots begin anew. Who stays hands over to each other what moves on that account. */
  readonly kind: "join" | "leave" | "forget";
  readonly node: PlacedMember;
  readonly phase: ChangePhase;
  /** The epoch with which it began: tells it from another change of the same node. */
  readonly began: number;
}

/** What the founder of a cluster decides for all its life. */
export interface Founding {
  /** How many members own each slot, as far as there are so many: 1 to `COPIES_MAX`. */
  readonly copies: number;
  /**
   * By what members hash keys, so that where there are copies, they can be compared: 32 hexadecimal digits. Null in clusters
   * of releases that had none, all of which have one copy.
   */
  readonly hashSeed: string | null;
}

export interface Placement extends Founding {
  /** Rises with every step. */
  readonly epoch: number;
  /** The member that proposed the step. */
  readonly by: string;
  /** Those that own slots, the oldest first. */
  readonly members: readonly PlacedMember[];
  readonly change: PlacementChange | null;
}

export const COPIES_MAX = 7;

const ONE_COPY: Founding = { copies: 1, hashSeed: null };

/** What the first node of a cluster begins with: all slots are its own. */
export function firstPlacement(member: PlacedMember, { copies, hashSeed }: Founding = ONE_COPY): Placement {
  return { epoch: 1, by: member.id, members: [member], change: null, copies, hashSeed };
}

/** Whether slots have several owners, or would if there were more members. */
export function isReplicated({ copies }: Founding): boolean {
  return copies > 1;
}

/** Whether somebody else may have what is deleted or expired here: then it leaves something behind that tells. */
export function hasCopies(placement: Placement): boolean {
  return isReplicated(placement) && (placement.members.length > 1 || placement.change !== null);
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

/** Who takes part: the members that are not gone for good, and the one that is to become a member. */
export function participants({ members, change }: Placement): readonly string[] {
  const ids = members.map(({ id }) => id);
  if (change?.kind === "join") return [...ids, change.node.id];
  return change?.kind === "forget" ? ids.filter((id) => id !== change.node.id) : ids;
}

/** Whose word the step from one value to the next needs: a node that joins in vain, or is gone for good, is not asked. */
export function voters(base: Placement, next: Placement): readonly string[] {
  const gone = new Set<string>();
  if (next.change?.kind === "forget") gone.add(next.change.node.id);
  if (base.change?.kind === "join" && next.change === null && !isMember(next, base.change.node.id))
    gone.add(base.change.node.id);
  const ids = new Set([...participants(base), ...participants(next)]);
  return [...ids].filter((id) => !gone.has(id));
}

export function isMember({ members }: Placement, id: string): boolean {
  return members.some((member) => member.id === id);
}

// ---- Steps. `by` proposes them. ----

/** Begins to take a node in. */
export function joining(placement: Placement, node: PlacedMember, by: string): Placement {
  assert(placement.change === null, "one change at a time");
  assert(!isMember(placement, node.id), "who joins is not a member yet");
  return stepOf(placement, by, { change: { kind: "join", ...begun(placement, node) } });
}

/** Begins to let a member go. */
export function leaving(placement: Placement, id: string, by: string): Placement {
  assert(placement.change === null, "one change at a time");
  const node = placement.members.find((member) => member.id === id);
  assert(node !== undefined && placement.members.length > 1, "who leaves is a member, and not the last one");
  return stepOf(placement, by, { change: { kind: "leave", ...begun(placement, node) } });
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

/** Whether a node can be taken out now: not while others are being moved. */
export function isForgettable({ members, change }: Placement, id: string): boolean {
  if (change !== null) return change.node.id === id && change.kind !== "forget";
  return members.length > 1 && members.some((member) => member.id === id);
}

/**
 * Begins to take out a node that will not come back: its slots begin anew at their next owners, but for those that it had handed
 * over. What a node that was joining had taken over goes back to those who had it before, as it was then.
 */
export function forgetting(placement: Placement, id: string, by: string): Placement {
  assert(isForgettable(placement, id), "one change at a time");
  const { members, change } = placement;
  const node = members.find((member) => member.id === id);
  const begins = node && ({ kind: "forget", ...begun(placement, node) } as const);
  const next =
    begins && change?.phase === "switch" ? { ...change, kind: "forget" as const } : (begins ?? null);
  // One more than a step: what the forgotten one may have proposed alone, cut off from the others, is not to be above it.
  return { ...stepOf(placement, by, { change: next }), epoch: placement.epoch + 2 };
}

function begun({ epoch }: Placement, node: PlacedMember): Omit<PlacementChange, "kind"> {
  return { node, phase: "transfer", began: epoch + 1 };
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
  // Those of a release that had one copy of everything do not say so.
  const placement = isObject(value) ? { ...ONE_COPY, ...value } : undefined;
  return isPlacement(placement) ? placement : undefined;
}

function isPlacement(value: unknown): value is Placement {
  if (!isObject(value)) return false;
  const { epoch, by, members, change, copies, hashSeed } = value;
  return (
    isFounding(copies, hashSeed) &&
    Number.isSafeInteger(epoch) &&
    (epoch as number) > 0 &&
    typeof by === "string" &&
    Array.isArray(members) &&
    members.length > 0 &&
    members.every(isPlacedMember) &&
    new Set(members.map(({ id }) => id)).size === members.length &&
    (change === null || (isChange(change) && isPossible(change, members)))
  );
}

function isFounding(copies: unknown, hashSeed: unknown): boolean {
  const isCount = Number.isInteger(copies) && (copies as number) >= 1 && (copies as number) <= COPIES_MAX;
  if (hashSeed === null) return copies === 1;
  return isCount && typeof hashSeed === "string" && HASH_SEED_FORM.test(hashSeed);
}

/** Who joins is no member yet; who goes is one, and not the last. */
function isPossible({ kind, node }: PlacementChange, members: readonly PlacedMember[]): boolean {
  const isThere = members.some(({ id }) => id === node.id);
  return kind === "join" ? !isThere : isThere && members.length > 1;
}

function isChange(value: unknown): value is PlacementChange {
  if (!isObject(value)) return false;
  const { kind, node, phase, began } = value;
  return (
    (kind === "join" || kind === "leave" || kind === "forget") &&
    Number.isSafeInteger(began) &&
    (phase === "transfer" || phase === "switch") &&
    isPlacedMember(node)
  );
}

export function isPlacedMember(value: unknown): value is PlacedMember {
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
