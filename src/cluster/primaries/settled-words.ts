/**
 * Of one other owner, by slot, the number of the last of its words that this node has settled (`ClaimRequest.settled`): it has what that one
 * had when it gave it, or has had a majority without it throughout.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { Words } from "./words.js";

export class SettledWords {
  /** Words of an earlier life of that node are not settled: it may not even remember that it gave them. */
  #boot = 0;
  readonly #given = new Uint32Array(SLOT_COUNT);

  get boot(): number {
    return this.#boot;
  }

  of(slot: number): number {
    return this.#given[slot]!;
  }

  /** All words that the node had given by then are settled for some slots. */
  settle({ boot, given }: Pick<Words, "boot" | "given">, slots: Iterable<number>): void {
    if (boot < this.#boot) return;
    if (boot > this.#boot) {
      this.#boot = boot;
      this.#given.fill(0);
    }
    for (const slot of slots) if (given > this.#given[slot]!) this.#given[slot] = given;
  }
}
