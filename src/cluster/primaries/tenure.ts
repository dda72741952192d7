/**
 * Who executes for each slot of a replicated cluster, as one of its owners sees it, and what it answers to others who want to. Pure: who
 * is alive and ready it is told, and asking others is for `primaries.ts`.
 *
 * Any owner may hold it wrongly for dead who executes, so belief alone makes nobody a primary: before a node acts it has the word of every
 * other owner that it sees alive, and who gives that word has stopped. Where a partition made two of them, they find out when they next
 * confirm their tenure to each other, and one stops.
 *
 * Until then both go on. So a majority's acknowledgements count for a primary only while those who acknowledge stand by it: each tells
 * with what it acknowledges how often it has taken its word from whom it tells, and who hears of one more asks again before it counts on
 * that node.
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
import { isLater, type Taken, type Words } from "./words.js";

/** In place of a node. */
export const NOBODY: NodeNumber = 0xffff;

const NOT = 0;
const STANDS = 1;
const MAY_STAND = 2;

const IDLE = 0;
const CLAIMING = 1;
const ACTING = 2;

/** What this node believes of nodes, itself included. */
export interface Beliefs {
  isAlive(node: NodeNumber): boolean;
  /** By its own word. */
  readinessOf(node: NodeNumber): Readiness;
}

interface Asked {
  readonly settled: number;
  readonly slots: readonly number[];
}

/** What became of slots that another node asked for. */
export interface Verdicts {
  /** It may execute for these; for the others it may not. */
  readonly granted: readonly number[];
  /** Those of them for which it has not had this node's word since it last settled what that means. */
  readonly anew: readonly number[];
  /** Those of them for which it may go on, but does not have this node's word. */
  readonly lent: readonly number[];
  /** Those of them for which this node acted, or was about to, up to now. */
  readonly yielded: readonly number[];
}

/** `let`: it may go on until this node's claim has reached it. */
type Judgement = "grant" | "let" | "refuse";

export class Tenure {
  readonly #beliefs: Beliefs;
  #groups: OwnerGroups | undefined;
  readonly #roles = new Uint8Array(SLOT_COUNT);
  /** 1 for slots that this node acts for, and executes nothing for any more: it is about to hand them over. */
  readonly #isResting = new Uint8Array(SLOT_COUNT);
  /** To whom this node gave its word last, and nobody else has had it since; `NOBODY` if it acted itself, or does not know. */
  readonly #grantees = new Uint16Array(SLOT_COUNT).fill(NOBODY);
  /** 1 if that one has said since that it acts. */
  readonly #areActing = new Uint8Array(SLOT_COUNT);
  /** The number of that word among all that this node gave. */
  readonly #givenAt = new Uint32Array(SLOT_COUNT);
  /** 1 where whoever has the word is not believed to execute: it died, or gave up. */
  readonly #isOver = new Uint8Array(SLOT_COUNT);
  #given = 0;
  /** By other node, how often this one took its word from it. */
  readonly #taken = new Map<NodeNumber, number>();
  /** Those from whom it is being taken. */
  readonly #losers = new Set<NodeNumber>();
  /** By other node, whether it stands by this one for a slot: `STANDS`, or `MAY_STAND` if it did when it was last asked. */
  readonly #supporters = new Map<NodeNumber, Uint8Array>();
  /** By other node, the latest that this one has heard of its words. */
  readonly #heard = new Map<NodeNumber, Taken>();

  constructor(beliefs: Beliefs) {
    this.#beliefs = beliefs;
  }

  /** Owners have changed. Who acts goes on until somebody else claims its slots, or it owns them no more. */
  place(groups: OwnerGroups): void {
    this.#groups = groups;
    for (const group of groups.groups) {
      if (isOwner(group, SELF)) {
        for (const [node, support] of this.#supporters)
          if (!isOwner(group, node)) for (const slot of group.slots) support[slot] = NOT;
        continue;
      }
      for (const slot of group.slots) {
        this.#drop(slot);
        this.#grantees[slot] = NOBODY;
      }
    }
  }

  /** A node died, or another life of it began: nothing that it said holds any more. */
  lost(node: NodeNumber): void {
    this.#supporters.delete(node);
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.#grantees[slot] === node) this.#isOver[slot] = 1;
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
    for (const node of this.#grantees) if (node !== NOBODY) this.#losers.add(node);
    this.#takeWord();
    this.#roles.fill(IDLE);
    this.#isResting.fill(0);
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
      if (this.#roles[slot] === ACTING) return this.#isResting[slot] === 1 ? NOBODY : SELF;
      const grantee = this.#grantees[slot]!;
      if (grantee !== NOBODY && this.#isOver[slot] === 0 && isAlive(grantee)) return grantee;
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
    const isLeft =
      grantee !== NOBODY && this.#isOver[slot] === 0 && this.#areActing[slot] === 1 && this.#mayAct(grantee);
    return !isLeft || !precedes(group, grantee, SELF);
  }

  /**
   * Another node tells how often it has given and taken its word. If it took it from this one, it is no more counted on until it says for
   * which slots it still may be. Answers whether that is so.
   */
  heard(node: NodeNumber, words: Taken): boolean {
    const known = this.#heard.get(node);
    if (known !== undefined && !isLater(words, known)) return false;
    this.#heard.set(node, words);
    const support = this.#supporters.get(node);
    let isDoubtful = false;
    for (let slot = 0; slot < SLOT_COUNT && support !== undefined; slot++) {
      if (support[slot] !== STANDS) continue;
      support[slot] = MAY_STAND;
      isDoubtful = true;
    }
    return isDoubtful;
  }

  /**
   * Another node stands by this one for slots that this one claims or acts for, and this one has what that one had of them. It does no
   * more if it has taken its word since it said so.
   */
  supported(node: NodeNumber, words: Words, slots: Iterable<number>): void {
    this.heard(node, words);
    if (isLater(this.#heard.get(node)!, words)) return;
    const support = this.#supporters.get(node) ?? new Uint8Array(SLOT_COUNT);
    this.#supporters.set(node, support);
    for (const slot of slots) {
      // The answer may be late: what was given up meanwhile is to be claimed anew, and everyone asked again.
      if (this.#roles[slot] === IDLE) continue;
      support[slot] = STANDS;
      if (this.#roles[slot] === CLAIMING) this.#isOver[slot] = 1;
    }
  }

  /** It has not, or nobody knows. */
  unsupported(node: NodeNumber, slots: Iterable<number>): void {
    const support = this.#supporters.get(node);
    if (support !== undefined) for (const slot of slots) support[slot] = NOT;
  }

  /** Whether a node stands by this one for a slot; it does itself. */
  isSupporter(node: NodeNumber, slot: number): boolean {
    return node === SELF || this.#supporters.get(node)?.[slot] === STANDS;
  }

  /** Whether it may: it did, and has yet to say whether it still does. */
  mayBeSupporter(node: NodeNumber, slot: number): boolean {
    return this.isSupporter(node, slot) || this.#supporters.get(node)?.[slot] === MAY_STAND;
  }

  /** How many owners stand by this node, or may, itself included. */
  supportOf(slot: number): number {
    let count = 1;
    for (const support of this.#supporters.values()) if (support[slot] !== NOT) count++;
    return count;
  }

  /** Those among claimed slots for which all other owners that are alive have given their word. */
  won(slots: readonly number[]): number[] {
    const { isAlive } = this.#beliefs;
    return slots.filter((slot) => {
      if (this.#roles[slot] !== CLAIMING) return false;
      const others = this.#groups!.of(slot).others;
      return others.every((node) => !isAlive(node) || this.isSupporter(node, slot));
    });
  }

  /** Acts for slots that it still claims. Answers which. */
  act(slots: readonly number[]): number[] {
    const own = slots.filter((slot) => this.#roles[slot] === CLAIMING);
    for (const slot of own) {
      this.#roles[slot] = ACTING;
      this.#grantees[slot] = NOBODY;
      for (const node of this.#groups!.of(slot).others) this.#losers.add(node);
    }
    this.#takeWord();
    return own;
  }

  /** Gives up slots that it claims or acts for; who executes for them instead it does not know. */
  relinquish(slots: Iterable<number>): void {
    for (const slot of slots) this.#drop(slot);
  }

  // ---- What others ask ----

  /** Those of some slots that this node would hand over to another one if that one claimed them. */
  yieldable(to: NodeNumber, slots: readonly number[]): number[] {
    return slots.filter((slot) => {
      const group = this.#groups?.of(slot);
      return group !== undefined && this.#roles[slot] === ACTING && precedes(group, to, SELF);
    });
  }

  /** Executes nothing for slots, but acts on, until it is told not to rest any more, or hands them over. */
  rest(slots: Iterable<number>, isResting: boolean): void {
    for (const slot of slots) this.#isResting[slot] = isResting ? 1 : 0;
  }

  /** How often this node has given its word, and taken it from another one. */
  wordsFor(node: NodeNumber): Omit<Words, "boot"> {
    return { given: this.#given, taken: this.#taken.get(node) ?? 0 };
  }

  /** Another node should execute for slots, as it sees it. */
  answerClaim(from: NodeNumber, slots: readonly number[]): Verdicts {
    return this.#answer("claim", from, { settled: 0, slots }, (slot, group) => {
      if (!group.candidates.includes(from)) return "refuse";
      if (this.#roles[slot] !== IDLE) return precedes(group, from, SELF) ? "grant" : "refuse";
      const grantee = this.#grantees[slot]!;
      if (grantee === NOBODY || grantee === from || this.#isOver[slot] === 1) return "grant";
      return precedes(group, grantee, from) && this.#mayAct(grantee) ? "refuse" : "grant";
    });
  }

  /**
   * Another node executes for slots, and asks whether it may go on. `support` of the owners stand by it, as far as it knows. What it has of
   * this node's words, it has settled up to the one with the number `settled`.
   */
  answerConfirm(from: NodeNumber, asked: Asked & { readonly support: number }): Verdicts {
    const { support } = asked;
    return this.#answer("confirm", from, asked, (slot, group) => {
      if (!isOwner(group, from)) return "refuse";
      // It goes on until this node's claim has reached it.
      if (this.#roles[slot] === CLAIMING && precedes(group, SELF, from)) return "let";
      if (this.#roles[slot] === ACTING) {
        const own = this.supportOf(slot);
        const isStronger = support === own ? precedes(group, from, SELF) : support > own;
        return isStronger ? "grant" : "refuse";
      }
      const grantee = this.#grantees[slot]!;
      const isFree = grantee === NOBODY || grantee === from || this.#isOver[slot] === 1;
      return isFree || !this.#beliefs.isAlive(grantee) ? "grant" : "refuse";
    });
  }

  #answer(
    kind: "claim" | "confirm",
    from: NodeNumber,
    { slots, settled }: Asked,
    judge: (slot: number, group: OwnerGroup) => Judgement,
  ): Verdicts {
    const granted: number[] = [];
    const anew: number[] = [];
    const lent: number[] = [];
    const yielded: number[] = [];
    const given = this.#given + 1;
    for (const slot of slots) {
      const group = this.#groups?.of(slot);
      if (group === undefined || !isOwner(group, SELF)) continue;
      const judgement = judge(slot, group);
      if (judgement === "refuse") continue;
      granted.push(slot);
      const had = this.#grantees[slot]!;
      if (judgement === "let" && had !== from) {
        lent.push(slot);
        continue;
      }
      if (had !== from) {
        // Who is nobody may be anybody: this node does not know to whom it gave its word before it started, or owned the slot.
        for (const node of had === NOBODY ? group.others : [had]) if (node !== from) this.#losers.add(node);
        this.#grantees[slot] = from;
        this.#givenAt[slot] = this.#given = given;
      }
      if (this.#givenAt[slot]! > settled) anew.push(slot);
      if (judgement === "let") continue;
      if (this.#roles[slot] !== IDLE) yielded.push(slot);
      this.#drop(slot);
      this.#areActing[slot] = kind === "confirm" ? 1 : 0;
      this.#isOver[slot] = 0;
    }
    this.#takeWord();
    return { granted, anew, lent, yielded };
  }

  #takeWord(): void {
    for (const node of this.#losers) this.#taken.set(node, (this.#taken.get(node) ?? 0) + 1);
    this.#losers.clear();
  }

  /** What it knows of who executes in its place, it still knows: whoever refused a claim goes on, and is to be asked first again. */
  #drop(slot: number): void {
    this.#roles[slot] = IDLE;
    this.#isResting[slot] = 0;
    for (const support of this.#supporters.values()) support[slot] = NOT;
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
