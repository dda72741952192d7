/** What other owners of a slot have of what this node executed for it: the answers of `Copies` where there are copies. */
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { LocalStream } from "../../durability/change-stream.js";
import type { Timers } from "../../host/timers.js";
import type { Copies, ReadOutcome } from "../copies.js";
import type { Peers } from "../peers.js";
import { isMajority } from "../primaries/majority.js";
import { type NodeNumber, type OwnerGroups, SELF } from "../primaries/owner-groups.js";
import type { OwnerReach } from "./owner-reach.js";
import { metWithin } from "./within.js";

export interface SlotCopiesOptions {
  readonly peers: Pick<Peers, "idOf">;
  readonly shipping: {
    /** What another node has been shipped. */
    shipper(id: string): { readonly reach: Pick<OwnerReach, "has"> } | undefined;
    flushSoon(): void;
  };
  readonly stream: Pick<LocalStream, "localPosition" | "localPositionOf" | "mark" | "flushNow">;
  readonly isAlive: (node: NodeNumber) => boolean;
  readonly timers: Timers;
  readonly tenure: {
    /** Whether a node stands by this one, which acts for a slot. */
    isSupporter(node: NodeNumber, slot: number): boolean;
    actsFrom(slot: number): number;
  };
  readonly confirmRead: Copies["confirmRead"];
}

export class SlotCopies implements Copies {
  /** Undefined where slots have one owner each, and as long as this node does not know whom. */
  groups: OwnerGroups | undefined;
  readonly #options: SlotCopiesOptions;
  readonly #listeners = new Set<() => void>();
  /** By slot, a local position up to which all was confirmed before the slot was handed over. */
  readonly #confirmedTo = new Float64Array(SLOT_COUNT);
  /** By slot, a local position below which this node may have let go what it executed: that others have all that it has says nothing of it. */
  readonly #letGoBelow = new Float64Array(SLOT_COUNT);

  constructor(options: SlotCopiesOptions) {
    this.#options = options;
  }

  ownersOf(slot: number): number {
    return this.groups?.of(slot).owners.length ?? 1;
  }

  canConfirm(slot: number): boolean {
    return this.#isMajority(slot, this.#options.isAlive);
  }

  isStoodBy(slot: number): boolean {
    return this.#isMajority(slot, (node) => this.#options.tenure.isSupporter(node, slot));
  }

  whenStoodBy(slots: readonly number[], timeoutMs: number): Promise<boolean> {
    return this.#when(() => slots.every((slot) => this.isStoodBy(slot)), timeoutMs);
  }

  get position(): number {
    return this.#options.stream.localPosition;
  }

  positionOf(slot: number): number {
    return this.#options.stream.localPositionOf(slot);
  }

  mark(slot: number): number {
    return this.#options.stream.mark(slot);
  }

  actsFrom(slot: number): number {
    return this.#options.tenure.actsFrom(slot);
  }

  isConfirmed(slot: number, position: number): boolean {
    if (this.groups === undefined || this.groups.of(slot).others.length === 0) return true;
    if (position <= this.#confirmedTo[slot]!) return true;
    const { tenure } = this.#options;
    if (position <= tenure.actsFrom(slot)) return false;
    return this.#isMajority(
      slot,
      (node) => tenure.isSupporter(node, slot) && this.#has(node, slot, position),
    );
  }

  /**
   * Resolves when a majority has all that this node executed for slots in its present term, or after a time. What was confirmed stays so,
   * though others may stand by another node a moment later: a reply may only look at its slots when those before it have left.
   */
  async confirmed(slots: readonly number[], timeoutMs: number): Promise<void> {
    const missing = slots
      .map((slot) => ({ slot, position: this.positionOf(slot) }))
      .filter(({ slot, position }) => position > this.actsFrom(slot));
    this.#options.stream.flushNow();
    this.hasten();
    await this.#when(() => {
      // What was confirmed once is not asked for again.
      for (let last = missing.at(-1); last !== undefined; last = missing.at(-1)) {
        if (!this.isConfirmed(last.slot, last.position)) return false;
        this.#confirmedTo[last.slot] = last.position;
        missing.pop();
      }
      return true;
    }, timeoutMs);
  }

  /** This node is to take what others have of slots, and lets go what it has otherwise. */
  letGo(slots: Iterable<number>): void {
    for (const slot of slots) this.#letGoBelow[slot] = this.position + 1;
  }

  countOf(slot: number, position: number): number {
    if (position < this.#letGoBelow[slot]!) return 0;
    // Once slots are being switched the others are about to let go what they have.
    const candidates = this.groups?.of(slot).candidates ?? [SELF];
    const { isAlive } = this.#options;
    const having = candidates.filter(
      (node) => node !== SELF && isAlive(node) && this.#has(node, slot, position),
    );
    // Who hands the slot over is none of them: one of them is to be the primary.
    return Math.min(having.length, candidates.length - 1);
  }

  hasten(): void {
    this.#options.shipping.flushSoon();
  }

  confirmRead(slot: number, database: number, key: Buffer, timeoutMs: number): Promise<ReadOutcome> {
    if (this.groups === undefined) return Promise.resolve("confirmed");
    return this.#options.confirmRead(slot, database, key, timeoutMs);
  }

  subscribe(progressed: () => void): () => void {
    this.#listeners.add(progressed);
    return () => this.#listeners.delete(progressed);
  }

  progressed(): void {
    for (const listener of this.#listeners) listener();
  }

  #when(isMet: () => boolean, timeoutMs: number): Promise<boolean> {
    const { timers } = this.#options;
    return metWithin({ timers, timeoutMs }, { isMet, subscribe: (changed) => this.subscribe(changed) });
  }

  #isMajority(slot: number, isSuch: (node: NodeNumber) => boolean): boolean {
    return this.groups === undefined || isMajority(this.groups.of(slot), isSuch);
  }

  #has(node: NodeNumber, slot: number, position: number): boolean {
    if (node === SELF) return true;
    const { peers, shipping } = this.#options;
    return shipping.shipper(peers.idOf(node)!)?.reach.has({ slot, position }) === true;
  }
}
