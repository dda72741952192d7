import type { Copies, ReadOutcome } from "#torus/cluster/copies.js";
import { BATCH_BYTES, type FakePersistence } from "./fake-persistence.js";

const OWNERS = 3;

interface AskedRead {
  readonly slot: number;
  readonly database: number;
  readonly key: string;
  readonly timeoutMs: number;
  readonly end: (outcome: ReadOutcome) => void;
}

/** Two other owners of every slot, whose links are the test: it says how far each has the changes, and whether it lives. */
export class FakeCopies implements Copies {
  /** Up to where each of the other owners has everything. */
  acked: number[] = [0, 0];
  /** Owners that live, this node included. */
  living = OWNERS;
  /** Reads that were asked about. The test calls `end`, unless they are confirmed at once. */
  readonly asked: AskedRead[] = [];
  confirmsReads = true;
  /** Times that somebody began to wait. */
  hastened = 0;
  /** Whether a majority stands by this node, and who waits for that: the test calls `end`. */
  hasMajority = true;
  readonly awaited: { readonly timeoutMs: number; readonly end: (isStoodBy: boolean) => void }[] = [];
  /** What was executed up to here nobody confirms. */
  actedFrom = -1;
  readonly #marks = new Map<number, number>();
  readonly #persistence: FakePersistence;
  readonly #listeners = new Set<() => void>();

  /** What is executed is as the log is told it. */
  constructor(persistence: FakePersistence) {
    this.#persistence = persistence;
  }

  ownersOf(): number {
    return OWNERS;
  }

  canConfirm(): boolean {
    return 2 * this.living > OWNERS;
  }

  isStoodBy(): boolean {
    return this.hasMajority;
  }

  whenStoodBy(_slots: readonly number[], timeoutMs: number): Promise<boolean> {
    if (this.hasMajority) return Promise.resolve(true);
    return new Promise((end) => this.awaited.push({ timeoutMs, end }));
  }

  get position(): number {
    return this.#persistence.position;
  }

  positionOf(slot: number): number {
    return Math.max(this.#persistence.positionOf(slot), this.#marks.get(slot) ?? 0);
  }

  mark(slot: number): number {
    this.#marks.set(slot, this.position);
    return this.position;
  }

  actsFrom(): number {
    return this.actedFrom;
  }

  isConfirmed(_slot: number, position: number): boolean {
    return position > this.actedFrom && 2 * (1 + this.countOf(_slot, position)) > OWNERS;
  }

  countOf(_slot: number, position: number): number {
    return this.acked.filter((acked) => acked >= position).length;
  }

  hasten(): void {
    this.hastened++;
  }

  confirmRead(slot: number, database: number, key: Buffer, timeoutMs: number): Promise<ReadOutcome> {
    return new Promise((end) => {
      this.asked.push({ slot, database, key: key.toString("latin1"), timeoutMs, end });
      if (this.confirmsReads) end("confirmed");
    });
  }

  subscribe(progressed: () => void): () => void {
    this.#listeners.add(progressed);
    return () => this.#listeners.delete(progressed);
  }

  /** An owner has so many batches, or all there are. */
  ack(owner = 0, batches = this.#persistence.position / BATCH_BYTES): void {
    this.acked[owner] = batches * BATCH_BYTES;
    for (const listener of this.#listeners) listener();
  }
}
