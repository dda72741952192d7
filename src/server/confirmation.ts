/**
 * Changes that a majority of the owners of their slots must have before a reply leaves: those that its command made, and those before
 * them in the slots that it concerns, which its reply may tell of.
 */
import type { Copies } from "../cluster/copies.js";

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

  /** Of all that some slots have now; null if it is confirmed already. */
  static of(
    slots: readonly number[],
    copies: Copies,
    options: () => ConfirmationOptions,
  ): Confirmation | null {
    const missing: number[] = [];
    for (const slot of slots) {
      const position = copies.positionOf(slot);
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
