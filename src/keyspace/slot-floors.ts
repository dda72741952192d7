/** One version for each slot that only rises: a floor. See delta/remains.ts for the two kinds there are. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Version } from "../delta/version.js";

const BYTES_PER_SLOT = 10;

/** Takes no memory until a floor is raised. */
export class SlotFloors {
  #clocks: Float64Array | undefined;
  #origins: Uint16Array | undefined;

  clock(slot: number): number {
    return this.#clocks ? this.#clocks[slot]! : 0;
  }

  origin(slot: number): number {
    return this.#origins ? this.#origins[slot]! : 0;
  }

  /** The same as a value. */
  version(slot: number): Version {
    return { clock: this.clock(slot), origin: this.origin(slot) };
  }

  /** A lower floor than there is does nothing. */
  raise(slot: number, clock: number, origin: number): void {
    const clocks = (this.#clocks ??= new Float64Array(SLOT_COUNT));
    const origins = (this.#origins ??= new Uint16Array(SLOT_COUNT));
    if (clock < clocks[slot]! || (clock === clocks[slot] && origin <= origins[slot]!)) return;
    clocks[slot] = clock;
    origins[slot] = origin;
  }

  get usedBytes(): number {
    return this.#clocks ? SLOT_COUNT * BYTES_PER_SLOT : 0;
  }
}
