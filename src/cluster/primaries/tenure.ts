/**
 * Who executes for each slot of a replicated cluster, as one of its owners sees it, and what it answers to others who want to. Pure: who
 * is alive and ready it is told, and asking others is for `primaries.ts`.
 *
 * Any owner may hold it wrongly for dead who executes, so belief alone makes nobody a primary: before a node acts it has the word of every
 * other owner that it sees alive, and who gives that word has stopped. Where a partition made two of them, they find out when they next
 * confirm their tenure to each other, and one stops.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import {
  isOwner,
  type NodeNumber,
  type OwnerGroup,
  type OwnerGroups,
  precedes,
  SELF,
} from "./owner-groups.js";
import type { Readiness } from "./readiness.js";

/** In place of a node. */
export const NOBODY: NodeNumber = 0xffff;

const IDLE = 0;
const CLAIMING = 1;
const ACTING = 2;

/** What this node believes of nodes, itself included. */
export interface Beliefs {
  isAlive(node: NodeNumber): boolean;
  /** By its own word. */
  readinessOf(node: NodeNumber): Readiness;
}

/** What became of slots that another node asked for. */
export interface Verdicts {
  /** It has this node's word for these; of the others it has not. */
  readonly granted: readonly number[];
  /** Those of them for which this node acted, or was about to, up to now. */
  readonly yielded: readonly number[];
}

/** `let`: it may go on, though it does not have this node's word. */
type Judgement = "grant" | "let" | "refuse";

export class Tenure {
  readonly #beliefs: Beliefs;
  #groups: OwnerGroups | undefined;
  readonly #roles = new Uint8Array(SLOT_COUNT);
  /** To whom this node gave its word last; `NOBODY` if it acts itself, or does not know. */
  readonly #grantees = new Uint16Array(SLOT_COUNT).fill(NOBODY);
  /** 1 if that one has said since that it acts. */
  readonly #areActing = new Uint8Array(SLOT_COUNT);
  /** By other node, 1 for slots for which this node has its word. */
  readonly #supporters = new Map<NodeNumber, Uint8Array>();

  constructor(beliefs: Beliefs) {
    this.#beliefs = beliefs;
  }

  /** Owners have changed. Who acts goes on until somebody else claims its slots, or it owns them no more. */
  place(groups: OwnerGroups): void {
    this.#groups = groups;
    for (const group of groups.groups) {
      if (isOwner(group, SELF)) continue;
      for (const slot of group.slots) this.#drop(slot);
    }
  }

  /** A node died, or another life of it began: nothing that it said holds any more, nor what it was told. */
  lost(node: NodeNumber): void {
    this.#supporters.delete(node);
    for (let slot = 0; slot < SLOT_COUNT; slot++)
      if (this.#grantees[slot] === node) this.#grantees[slot] = NOBODY;
  }

  isActing(slot: number): boolean {
    return this.#roles[slot] === ACTING;
  }

  isClaiming(slot: number): boolean {
    return this.#roles[slot] === CLAIMING;
  }

  /** This node owns nothing any more, and knows of nobody who does. */
  forsake(): void {
    this.#groups = undefined;
    this.#roles.fill(IDLE);
    this.#grantees.fill(NOBODY);
    this.#supporters.clear();
  }

  acting(): number[] {
    return this.#slotsWith(ACTING);
  }

  /**
   * Tells who executes for a slot, as far as this node knows: itself, another node, or `NOBODY`. For one turn: what is believed of a node, or
   * of a group, is thought through once.
   */
  executors(): (slot: number) => NodeNumber {
    const groups = this.#groups;
    const living = new Map<NodeNumber, boolean>();
    const isAlive = (node: NodeNumber): boolean => {
      const known = living.get(node) ?? this.#beliefs.isAlive(node);
      living.set(node, known);
      return known;
    };
    const believed: NodeNumber[] = [];
    const believedAt = (index: number) => (believed[index] ??= this.believed(groups!.groups[index]!));
    return (slot) => {
      if (this.#roles[slot] === ACTING) return SELF;
      const grantee = this.#grantees[slot]!;
      if (grantee !== NOBODY && isAlive(grantee)) return grantee;
      const node = groups === undefined ? NOBODY : believedAt(groups.indexOf(slot));
      return node === SELF ? NOBODY : node;
    };
  }

  /** Who executes for a group, as far as can be told from what all know: the first candidate that may. */
  believed({ candidates }: OwnerGroup): NodeNumber {
    return candidates.find((node) => this.#mayAct(node)) ?? NOBODY;
  }

  /** Who should execute for a group for which nobody does: the first candidate that is ready, else the first that may. */
  #preferred(group: OwnerGroup): NodeNumber {
    const { isAlive, readinessOf } = this.#beliefs;
    const ready = group.candidates.find((node) => isAlive(node) && readinessOf(node) === "ready");
    return ready ?? this.believed(group);
  }

  /** It had caught up, and may be executing. */
  #mayAct(node: NodeNumber): boolean {
    const { isAlive, readinessOf } = this.#beliefs;
    return isAlive(node) && readinessOf(node) !== "apart";
  }

  // ---- This node's own ----

  /** Begins to claim all that should be this node's and is not. */
  claim(): number[] {
    const slots = this.#groupsOf(SELF).flatMap((group) =>
      this.#preferred(group) === SELF ? group.slots.filter((slot) => this.#isFree(slot, group)) : [],
    );
    for (const slot of slots) this.#roles[slot] = CLAIMING;
    return slots;
  }

  /** Whether nobody acts for a slot of whom this node knows that it is not to be disturbed: one that is behind goes on. */
  #isFree(slot: number, group: OwnerGroup): boolean {
    if (this.#roles[slot] !== IDLE) return false;
    const grantee = this.#grantees[slot]!;
    const isLeft = grantee !== NOBODY && this.#areActing[slot] === 1 && this.#mayAct(grantee);
    return !isLeft || !precedes(group, grantee, SELF);
  }

  /** Another node has given its word for slots that this node claims or acts for. */
  supported(node: NodeNumber, slots: Iterable<number>): void {
    const support = this.#supporters.get(node) ?? new Uint8Array(SLOT_COUNT);
    this.#supporters.set(node, support);
    for (const slot of slots) {
      support[slot] = 1;
      if (this.#roles[slot] === CLAIMING) this.#grantees[slot] = NOBODY;
    }
  }

  /** It has not, or nobody knows. */
  unsupported(node: NodeNumber, slots: Iterable<number>): void {
    const support = this.#supporters.get(node);
    if (support !== undefined) for (const slot of slots) support[slot] = 0;
  }

  /** How many owners stand by this node, itself included. */
  supportOf(slot: number): number {
    let count = 1;
    for (const support of this.#supporters.values()) count += support[slot]!;
    return count;
  }

  /** Those among claimed slots for which all other owners that are alive have given their word. */
  won(slots: readonly number[]): number[] {
    const { isAlive } = this.#beliefs;
    return slots.filter((slot) => {
      if (this.#roles[slot] !== CLAIMING) return false;
      const others = this.#groups!.of(slot).others;
      return others.every((node) => !isAlive(node) || this.#supporters.get(node)?.[slot] === 1);
    });
  }

  /** Acts for slots that it still claims. Answers which. */
  act(slots: readonly number[]): number[] {
    const own = slots.filter((slot) => this.#roles[slot] === CLAIMING);
    for (const slot of own) {
      this.#roles[slot] = ACTING;
      this.#grantees[slot] = NOBODY;
    }
    return own;
  }

  /** Gives up slots that it claims or acts for; who executes for them instead it does not know. */
  relinquish(slots: Iterable<number>): void {
    for (const slot of slots) this.#drop(slot);
  }

  // ---- What others ask ----

  /** Another node should execute for slots, as it sees it. */
  answerClaim(from: NodeNumber, slots: readonly number[]): Verdicts {
    return this.#answer("claim", from, slots, (slot, group) => {
      if (!group.candidates.includes(from)) return "refuse";
      if (this.#roles[slot] !== IDLE) return precedes(group, from, SELF) ? "grant" : "refuse";
      const grantee = this.#grantees[slot]!;
      if (grantee === NOBODY || grantee === from) return "grant";
      return precedes(group, grantee, from) && this.#mayAct(grantee) ? "refuse" : "grant";
    });
  }

  /** Another node executes for slots, and asks whether it may go on. `support` of the owners stand by it, as far as it knows. */
  answerConfirm(from: NodeNumber, support: number, slots: readonly number[]): Verdicts {
    return this.#answer("confirm", from, slots, (slot, group) => {
      if (!isOwner(group, from)) return "refuse";
      // It goes on until this node's claim has reached it.
      if (this.#roles[slot] === CLAIMING && precedes(group, SELF, from)) return "let";
      if (this.#roles[slot] === ACTING) {
        const own = this.supportOf(slot);
        const isStronger = support === own ? precedes(group, from, SELF) : support > own;
        return isStronger ? "grant" : "refuse";
      }
      const grantee = this.#grantees[slot]!;
      const isFree = grantee === NOBODY || grantee === from || !this.#beliefs.isAlive(grantee);
      return isFree ? "grant" : "refuse";
    });
  }

  #answer(
    kind: "claim" | "confirm",
    from: NodeNumber,
    slots: readonly number[],
    judge: (slot: number, group: OwnerGroup) => Judgement,
  ): Verdicts {
    const granted: number[] = [];
    const yielded: number[] = [];
    for (const slot of slots) {
      const group = this.#groups?.of(slot);
      if (group === undefined || !isOwner(group, SELF)) continue;
      const judgement = judge(slot, group);
      if (judgement === "refuse") continue;
      granted.push(slot);
      if (judgement === "let") continue;
      if (this.#roles[slot] !== IDLE) yielded.push(slot);
      this.#drop(slot);
      this.#grantees[slot] = from;
      this.#areActing[slot] = kind === "confirm" ? 1 : 0;
    }
    return { granted, yielded };
  }

  #drop(slot: number): void {
    this.#roles[slot] = IDLE;
    this.#grantees[slot] = NOBODY;
    for (const support of this.#supporters.values()) support[slot] = 0;
  }

  #groupsOf(node: NodeNumber): readonly OwnerGroup[] {
    return this.#groups?.groups.filter(({ candidates }) => candidates.includes(node)) ?? [];
  }

  #slotsWith(role: number): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.#roles[slot] === role) slots.push(slot);
    return slots;
  }
}
