/**
 * Changes that a majority of the owners of their slots must have before a reply leaves: those that its command made, and those before
 * them in the slots that it concerns, which its reply may tell of.
 */
import type { Copies } from "../cluster/copies.js";

/** What a command at quorum concerns. */
export interface ConfirmationScope {
  readonly slots: readonly number[];
  /** It may change some of them: then its reply tells what was there when it was executed, even if it did not. */
  readonly writes: boolean;
}

export interface ConfirmationOptions {
  /** By when, in monotonic milliseconds. */
  readonly deadlineMs: number;
  /** The whole error line that takes the place of a reply that was not confirmed by then. */
  readonly failure: string;
}

export class Confirmation {
  readonly deadlineMs: number;
  readonly failure: string;
  /** Slots that are not confirmed yet, and up to which local position each must be, in pairs. */
  readonly #missing: number[];

  private constructor(missing: number[], { deadlineMs, failure }: ConfirmationOptions) {
    this.#missing = missing;
    this.deadlineMs = deadlineMs;
    this.failure = failure;
  }

  /**
   * Of all that slots have now, behind a command before which this node had executed all up to `start`; null if it is confirmed
   * already.
   */
  static of(
    { slots, writes }: ConfirmationScope,
    { copies, start }: { readonly copies: Copies; readonly start: number },
    options: () => ConfirmationOptions,
  ): Confirmation | null {
    const missing: number[] = [];
    for (const slot of slots) {
      let position = copies.positionOf(slot);
      // What others acknowledged before says nothing of who executed meanwhile.
      if (writes && position <= start) position = copies.mark(slot);
      // Of what this node executed earlier on its own, a read was told what a majority has.
      else if (!writes && position <= copies.actsFrom(slot)) continue;
      if (!copies.isConfirmed(slot, position)) missing.push(slot, position);
    }
    return missing.length === 0 ? null : new Confirmation(missing, options());
  }

  /** Slots that are not known to be confirmed. */
  get size(): number {
    return this.#missing.length >>> 1;
  }

  /** What was confirmed once is not asked for again: looking often costs no more than looking at each slot once. */
  isMet(copies: Copies): boolean {
    const missing = this.#missing;
    while (missing.length > 0) {
      if (!copies.isConfirmed(missing.at(-2)!, missing.at(-1)!)) return false;
      missing.length -= 2;
    }
    return true;
  }
}
