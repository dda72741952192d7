/**
 * Where each slot's commands are executed, as this node knows it: all that the hot path asks of the cluster. Whoever
 * decides about slots sets it; whoever waits for a slot hears of changes.
 */
import { SLOT_COUNT } from "../base/key-hash.js";

/** This node executes the slot's commands. */
export const HERE = 0;
/** Nobody does at present: commands wait, up to their deadline. */
export const HELD = 65535;

/** `HERE`, `HELD`, or the number of a peer: 1 to 65534 (peers.ts). */
export type Route = number;

export class SlotRoutes {
  /** By slot. To be changed by `set` alone. */
  readonly bySlot = new Uint16Array(SLOT_COUNT).fill(HELD);
  /** Rises with each change. */
  version = 0;
  /** Slots whose route is not `HERE`. */
  #elsewhere = SLOT_COUNT;
  readonly #listeners = new Set<() => void>();

  /** Whether this node executes everything, as one does that is alone. */
  get isLone(): boolean {
    return this.#elsewhere === 0;
  }

  of(slot: number): Route {
    return this.bySlot[slot]!;
  }

  set(slot: number, route: Route): void {
    this.setEach([slot], route);
  }

  /** The same for many slots at once: one change, told once. */
  setEach(slots: Iterable<number>, route: Route): void {
    let isChanged = false;
    for (const slot of slots) {
      const before = this.bySlot[slot]!;
      isChanged ||= before !== route;
      this.#elsewhere += Number(before === HERE) - Number(route === HERE);
      this.bySlot[slot] = route;
    }
    if (isChanged) this.#changed();
  }

  setAll(route: Route): void {
    this.setEach(this.bySlot.keys(), route);
  }

  /** `changed` is called after each change, until what is returned is called. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #changed(): void {
    this.version++;
    for (const listener of this.#listeners) listener();
  }
}
