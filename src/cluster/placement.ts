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
  /**
   * `forget`: nodes are gone for good. Others make up for their copies; slots of which there is no other copy begin anew. Who stays
   * hands over to each other what moves on that account.
   */
  readonly kind: "join" | "leave" | "forget";
  readonly node: PlacedMember;
  /** Ids of members that are taken out together with it: only by a `forget`. */
  readonly others: readonly string[];
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
  /**
   * Ids of those of them that an operator has given up as gone for good, until they are taken out: nobody waits for their word. Those
   * that are given up while slots are being switched are taken out by another change behind that one.
   */
  readonly gone: readonly string[];
  readonly change: PlacementChange | null;
}

export const COPIES_MAX = 7;

const ONE_COPY: Founding = { copies: 1, hashSeed: null };

/** What the first node of a cluster begins with: all slots are its own. */
export function firstPlacement(member: PlacedMember, { copies, hashSeed }: Founding = ONE_COPY): Placement {
  return { epoch: 1, by: member.id, members: [member], gone: [], change: null, copies, hashSeed };
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

/** Ids of those that the change under way takes out for good. */
export function forgottenBy({ change }: Placement): readonly string[] {
  return change?.kind === "forget" ? [change.node.id, ...change.others] : [];
}

/** Who owns slots once the change under way is done. */
export function membersAfter(placement: Placement): readonly PlacedMember[] {
  const { members, change } = placement;
  if (change?.kind === "join") return [...members, change.node];
  const out = change?.kind === "leave" ? [change.node.id] : forgottenBy(placement);
  return out.length === 0 ? members : members.filter(({ id }) => !out.includes(id));
}

/** Who takes part: the members that are not gone for good, and the one that is to become a member. */
export function participants({ members, gone, change }: Placement): readonly string[] {
  const ids = members.map(({ id }) => id).filter((id) => !gone.includes(id));
  return change?.kind === "join" ? [...ids, change.node.id] : ids;
}

/** Whose word the step from one value to the next needs: a node that joins in vain, or is gone for good, is not asked. */
export function voters(base: Placement, next: Placement): readonly string[] {
  const gone = new Set(next.gone);
  if (isJoining(base, base.change?.node.id) && !participants(next).includes(base.change!.node.id))
    gone.add(base.change!.node.id);
  const ids = new Set([...participants(base), ...participants(next)]);
  return [...ids].filter((id) => !gone.has(id));
}

/** Whether a node is being taken in. */
export function isJoining({ change }: Placement, id: string | undefined): boolean {
  return change?.kind === "join" && change.node.id === id;
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
  const members = membersAfter(placement);
  const gone = placement.gone.filter((id) => members.some((member) => member.id === id));
  return stepOf(placement, by, { members, gone, change: null });
}

/** Gives up a change that has handed nothing over. */
export function rolledBack(placement: Placement, by: string): Placement {
  assert(placement.change?.phase === "transfer", "what is handed over is not taken back");
  return stepOf(placement, by, { change: null });
}

/**
 * Whether nodes can be given up now, all at once. Where there are copies others have what they had, whatever is under way. Where there are
 * none slots are handed over once and for all, and who has a part in that is waited for, but for the node that comes or goes.
 */
export function canGiveUp(placement: Placement, ids: readonly string[]): boolean {
  const { members, gone, change } = placement;
  const areKnown = ids.every((id) => isMember(placement, id) || isJoining(placement, id));
  const isAnyLeft = members.some(({ id }) => !gone.includes(id) && !ids.includes(id));
  if (!areKnown || !isAnyLeft) return false;
  if (change === null || isReplicated(placement)) return true;
  if (change.kind === "forget") return false;
  if (change.phase === "transfer") return true;
  return change.kind === "join" ? ids.includes(change.node.id) : ids.every((id) => id === change.node.id);
}

/**
 * Gives up nodes that will not come back: nobody waits for their word from then on, and the next change takes them out. One that can be given
 * up makes way for that; one whose slots are being switched goes on without them. What a node that was joining had taken over goes back
 * to those who had it before, as it was then.
 */
export function givingUp(placement: Placement, ids: readonly string[], by: string): Placement {
  assert(canGiveUp(placement, ids), "who is given up is known, and somebody is left");
  const added = ids.filter((id) => isMember(placement, id) && !placement.gone.includes(id));
  const gone = [...placement.gone, ...added];
  const change = changeWithout(placement, ids);
  // One more than a step: what those who are gone may have proposed alone, cut off from the others, is not to be above it.
  return { ...stepOf(placement, by, { gone, change }), epoch: placement.epoch + 2 };
}

/** What becomes of the change under way when these are given up. */
function changeWithout({ change }: Placement, ids: readonly string[]): PlacementChange | null {
  if (change?.phase !== "switch") return null;
  if (!ids.includes(change.node.id)) return change;
  return change.kind === "join" ? null : { ...change, kind: "forget" };
}

/**
 * Begins to take out all that were given up. What they had goes to its next owners: from other copies, and where there are none it begins
 * anew there, but for what had been handed over.
 */
export function forgetting(placement: Placement, by: string): Placement {
  const { members, gone, change } = placement;
  const [first, ...others] = gone;
  const node = members.find(({ id }) => id === first);
  assert(change === null && node !== undefined, "one change at a time");
  return stepOf(placement, by, { change: { kind: "forget", ...begun(placement, node), others } });
}

function begun({ epoch }: Placement, node: PlacedMember): Omit<PlacementChange, "kind"> {
  return { node, others: [], phase: "transfer", began: epoch + 1 };
}

function stepOf(
  placement: Placement,
  by: string,
  change: Partial<Pick<Placement, "members" | "gone" | "change">>,
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
  const placement = isObject(value) ? completed(value) : undefined;
  return isPlacement(placement) ? placement : undefined;
}

/** Earlier releases do not say that there is one copy of everything where there were no others, and took out one node at a time. */
function completed(value: Record<string, unknown>): Record<string, unknown> {
  const change = isObject(value.change) ? { others: [], ...value.change } : value.change;
  const isForget = isObject(change) && change.kind === "forget" && isObject(change.node);
  return { ...ONE_COPY, gone: isForget ? [(change.node as Partial<PlacedMember>).id] : [], ...value, change };
}

function isPlacement(value: unknown): value is Placement {
  if (!isObject(value)) return false;
  const { epoch, by, members, gone, change, copies, hashSeed } = value;
  return (
    isFounding(copies, hashSeed) &&
    Number.isSafeInteger(epoch) &&
    (epoch as number) > 0 &&
    typeof by === "string" &&
    Array.isArray(members) &&
    members.length > 0 &&
    members.every(isPlacedMember) &&
    new Set(members.map(({ id }) => id)).size === members.length &&
    isGone(gone, members) &&
    (change === null || (isChange(change) && isPossible(change, members, gone)))
  );
}

function isFounding(copies: unknown, hashSeed: unknown): boolean {
  const isCount = Number.isInteger(copies) && (copies as number) >= 1 && (copies as number) <= COPIES_MAX;
  if (hashSeed === null) return copies === 1;
  return isCount && typeof hashSeed === "string" && HASH_SEED_FORM.test(hashSeed);
}

/** Members, each once, and not all of them. */
function isGone(value: unknown, members: readonly PlacedMember[]): value is readonly string[] {
  if (!Array.isArray(value) || new Set(value).size !== value.length || value.length >= members.length)
    return false;
  return value.every((gone) => members.some(({ id }) => id === gone));
}

/** Who joins is no member yet; who goes is one, and not the last; who is taken out is gone. */
function isPossible(
  { kind, node, others }: PlacementChange,
  members: readonly PlacedMember[],
  gone: readonly string[],
): boolean {
  const isThere = members.some(({ id }) => id === node.id);
  if (kind === "forget") return isThere && [node.id, ...others].every((id) => gone.includes(id));
  return others.length === 0 && (kind === "join" ? !isThere : isThere && members.length > 1);
}

function isChange(value: unknown): value is PlacementChange {
  if (!isObject(value)) return false;
  const { kind, node, others, phase, began } = value;
  return (
    Array.isArray(others) &&
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
