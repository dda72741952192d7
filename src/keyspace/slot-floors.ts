/** One version for each slot that only rises while the slot stays: a floor. See delta/remains.ts for the two kinds there are. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Version } from "../delta/version.js";

const BYTES_PER_SLOT = 10;

/** Takes no memory until a floor of one slot is raised. */
export class SlotFloors {
  /** What slots have of which nothing more is known. */
  #commonClock = 0;
  #commonOrigin = 0;
  #clocks: Float64Array | undefined;
  #origins: Uint16Array | undefined;

  clock(slot: number): number {
    return this.#clocks ? this.#clocks[slot]! : this.#commonClock;
  }

  origin(slot: number): number {
    return this.#origins ? this.#origins[slot]! : this.#commonOrigin;
  }

  /** The same as a value. */
  version(slot: number): Version {
    return { clock: this.clock(slot), origin: this.origin(slot) };
  }

  /** A lower floor than there is does nothing. */
  raise(slot: number, clock: number, origin: number): void {
    if (clock < this.clock(slot) || (clock === this.clock(slot) && origin <= this.origin(slot))) return;
    const clocks = (this.#clocks ??= new Float64Array(SLOT_COUNT).fill(this.#commonClock));
    const origins = (this.#origins ??= new Uint16Array(SLOT_COUNT).fill(this.#commonOrigin));
    clocks[slot] = clock;
    origins[slot] = origin;
  }

  /** Raises the floors of all slots. */
  raiseAll(clock: number, origin: number): void {
    if (this.#clocks !== undefined) {
      for (let slot = 0; slot < SLOT_COUNT; slot++) this.raise(slot, clock, origin);
    } else if (clock > this.#commonClock || (clock === this.#commonClock && origin > this.#commonOrigin)) {
      this.#commonClock = clock;
      this.#commonOrigin = origin;
    }
  }

  /** Nothing is known of the slot any more. */
  reset(slot: number): void {
    if (this.clock(slot) === 0 && this.origin(slot) === 0) return;
    this.#clocks ??= new Float64Array(SLOT_COUNT).fill(this.#commonClock);
    this.#origins ??= new Uint16Array(SLOT_COUNT).fill(this.#commonOrigin);
    this.#clocks[slot] = 0;
    this.#origins[slot] = 0;
  }

  get usedBytes(): number {
    return this.#clocks ? SLOT_COUNT * BYTES_PER_SLOT : 0;
  }
}
