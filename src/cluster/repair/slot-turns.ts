/** Lets one thing at a time be done with a slot, in the order in which it came. */
import { Turns } from "../replication/turns.js";

export class SlotTurns {
  /** By slot with which something was ever to be done. */
  readonly #turns = new Map<number, Turns>();

  take(slot: number, work: () => Promise<void>): Promise<void> {
    let turns = this.#turns.get(slot);
    if (turns === undefined) this.#turns.set(slot, (turns = new Turns(1)));
    return turns.take(work);
  }
}
