/**
 * What waits for copies asks of them: who replies, who counts, who reads. How a change gets to other nodes, and how it is known
 * that it did, is not theirs to know.
 *
 * Positions are *local* ones: they count the bytes of the batches that this node executed itself (durability/change-stream.ts).
 */

/** How an attempt to make a read certain ended: nothing else will be heard of it. */
export type ReadOutcome = "confirmed" | "failed";

export interface Copies {
  /** Owners that a slot is configured to have, this node included; 1 if nothing is replicated. */
  ownersOf(slot: number): number;
  /** Whether so many owners are alive that a majority (of the current, and of the next owners) can confirm. */
  canConfirm(slot: number): boolean;
  /** Whether a majority stands by this node: what it executes for a slot from now on can be confirmed. */
  isStoodBy(slot: number): boolean;
  /** Resolves with whether that is so for all of some slots, as soon as it is, or after `timeoutMs`. */
  whenStoodBy(slots: readonly number[], timeoutMs: number): Promise<boolean>;
  /** Behind all that this node has executed. */
  readonly position: number;
  /** Behind the last local change of a slot. */
  positionOf(slot: number): number;
  /** Makes that a position which nobody has been told of, without a change: who has it was asked after now. Answers it. */
  mark(slot: number): number;
  /** What this node executed for a slot up to here it executed without a majority, or for another term: none confirms it any more. */
  actsFrom(slot: number): number;
  /** Whether a majority, this node included, has all of a slot up to a local position, and stands by this node. */
  isConfirmed(slot: number, position: number): boolean;
  /** Other owners of a slot that live and have all up to a local position: for WAIT. */
  countOf(slot: number, position: number): number;
  /** Somebody has begun to wait for others to have what this node executed until now: it does not wait for more to be sent with it. */
  hasten(): void;
  /**
   * Sees to it that what this node has of a key is what a majority of its owners has, or is later. Never rejects, and takes no longer
   * than `timeoutMs`.
   */
  confirmRead(slot: number, database: number, key: Buffer, timeoutMs: number): Promise<ReadOutcome>;
  /** Calls `progressed` soon after any of that changed for the better; returns the way to end that. */
  subscribe(progressed: () => void): () => void;
}

/** One copy of everything is all that there is: what this node has is what all owners have. */
export const NO_COPIES: Copies = {
  ownersOf: () => 1,
  canConfirm: () => true,
  isStoodBy: () => true,
  whenStoodBy: () => Promise.resolve(true),
  position: 0,
  positionOf: () => 0,
  mark: () => 0,
  actsFrom: () => 0,
  isConfirmed: () => true,
  countOf: () => 0,
  hasten() {},
  confirmRead: () => Promise.resolve("confirmed"),
  subscribe: () => () => {},
};
