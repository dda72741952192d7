/** What other owners of a slot have of what this node executed for it: the answers of `Copies` where there are copies. */
import type { LocalStream } from "../../durability/change-stream.js";
import type { Copies, ReadOutcome } from "../copies.js";
import type { Peers } from "../peers.js";
import { type NodeNumber, type OwnerGroups, SELF } from "../primaries/owner-groups.js";
import { isMajority } from "./majority.js";
import type { OwnerReach } from "./owner-reach.js";

export interface SlotCopiesOptions {
  readonly peers: Pick<Peers, "idOf">;
  readonly shipping: {
    /** What another node has been shipped. */
    shipper(id: string): { readonly reach: Pick<OwnerReach, "has"> } | undefined;
    flushSoon(): void;
  };
  readonly stream: Pick<LocalStream, "localPositionOf">;
  readonly isAlive: (node: NodeNumber) => boolean;
  readonly confirmRead: Copies["confirmRead"];
}

export class SlotCopies implements Copies {
  /** Undefined where slots have one owner each, and as long as this node does not know whom. */
  groups: OwnerGroups | undefined;
  readonly #options: SlotCopiesOptions;
  readonly #listeners = new Set<() => void>();

  constructor(options: SlotCopiesOptions) {
    this.#options = options;
  }

  ownersOf(slot: number): number {
    return this.groups?.of(slot).owners.length ?? 1;
  }

  canConfirm(slot: number): boolean {
    return this.#isMajority(slot, this.#options.isAlive);
  }

  positionOf(slot: number): number {
    return this.#options.stream.localPositionOf(slot);
  }

  isConfirmed(slot: number, position: number): boolean {
    return this.#isMajority(slot, (node) => this.#has(node, slot, position));
  }

  countOf(slot: number, position: number): number {
    const { owners = [] } = this.groups?.of(slot) ?? {};
    const { isAlive } = this.#options;
    return owners.filter((node) => node !== SELF && isAlive(node) && this.#has(node, slot, position)).length;
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

  #isMajority(slot: number, isSuch: (node: NodeNumber) => boolean): boolean {
    return this.groups === undefined || isMajority(this.groups.of(slot), isSuch);
  }

  #has(node: NodeNumber, slot: number, position: number): boolean {
    if (node === SELF) return true;
    const { peers, shipping } = this.#options;
    return shipping.shipper(peers.idOf(node)!)?.reach.has({ slot, position }) === true;
  }
}
