/**
 * Which keys are tracked, and by whom: by slot, so that those of a slot can be given up together. A key is taken out when it changes; who
 * reads it again is entered again. Knows nothing of databases, as Redis does not: keys of one name are one.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Tracker } from "./tracker.js";

/** Nearly every key has one. */
type Trackers = Tracker | Set<Tracker>;

type KeysOfSlot = Map<string, Trackers>;

export interface TrackedKey {
  readonly key: string;
  readonly trackers: Iterable<Tracker>;
}

export class TrackingTable {
  keyCount = 0;
  /** Trackers of all keys together. */
  itemCount = 0;
  /** Bytes of the keys. */
  byteLength = 0;
  #bySlot: (KeysOfSlot | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  /** The slot that is to lose its oldest key next. */
  #next = 0;

  hasSlot(slot: number): boolean {
    return this.#bySlot[slot] !== undefined;
  }

  remember(slot: number, key: string, tracker: Tracker): void {
    let keys = this.#bySlot[slot];
    if (keys === undefined) this.#bySlot[slot] = keys = new Map();
    const trackers = keys.get(key);
    if (trackers === tracker) return;
    if (trackers === undefined) {
      keys.set(key, tracker);
      this.keyCount++;
      this.byteLength += key.length;
    } else if (trackers instanceof Set) {
      if (trackers.has(tracker)) return;
      trackers.add(tracker);
    } else {
      keys.set(key, new Set([trackers, tracker]));
    }
    this.itemCount++;
  }

  /** Takes a key out; answers who tracked it. */
  take(slot: number, key: string): Iterable<Tracker> {
    const trackers = this.#bySlot[slot]?.get(key);
    return trackers === undefined ? NO_TRACKERS : this.#remove(slot, key, trackers);
  }

  /** Takes some key out, one of those that have been there for longest. */
  takeOld(): TrackedKey | undefined {
    if (this.keyCount === 0) return undefined;
    while (this.#bySlot[this.#next] === undefined) this.#next = (this.#next + 1) % SLOT_COUNT;
    const slot = this.#next;
    this.#next = (slot + 1) % SLOT_COUNT;
    for (const [key, trackers] of this.#bySlot[slot]!) {
      return { key, trackers: this.#remove(slot, key, trackers) };
    }
    return undefined;
  }

  /** How many keys these slots have. */
  countIn(isIn: (slot: number) => boolean): number {
    let count = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const keys = this.#bySlot[slot];
      if (keys !== undefined && isIn(slot)) count += keys.size;
    }
    return count;
  }

  /** Takes out all keys of these slots. */
  takeSlots(isIn: (slot: number) => boolean): TrackedKey[] {
    const taken: TrackedKey[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const keys = this.#bySlot[slot];
      if (keys === undefined || !isIn(slot)) continue;
      for (const [key, trackers] of keys) taken.push({ key, trackers: this.#remove(slot, key, trackers) });
    }
    return taken;
  }

  /** Takes out everything, however much that is, at once. */
  clear(): void {
    this.#bySlot = new Array(SLOT_COUNT).fill(undefined);
    this.keyCount = this.itemCount = this.byteLength = 0;
  }

  #remove(slot: number, key: string, trackers: Trackers): Iterable<Tracker> {
    const keys = this.#bySlot[slot]!;
    keys.delete(key);
    if (keys.size === 0) this.#bySlot[slot] = undefined;
    const all = trackers instanceof Set ? trackers : [trackers];
    this.keyCount--;
    this.byteLength -= key.length;
    this.itemCount -= trackers instanceof Set ? trackers.size : 1;
    return all;
  }
}

const NO_TRACKERS: readonly Tracker[] = [];
