/**
 * Which keys are tracked, and by whom: by slot, so that those of a slot can be given up together. A key is taken out when it changes; who
 * reads it again is entered again. Knows nothing of databases, as Redis does not: keys of one name are one.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Tracker } from "./tracker.js";

/** What a key takes besides its bytes, and each of its trackers, roughly. */
const KEY_BYTES = 32;
const TRACKER_BYTES = 24;

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
  #bySlot: (KeysOfSlot | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  /** The slot that is to lose its oldest key next. */
  #next = 0;

  /** Bytes of the keys. */
  #keyBytes = 0;

  /** What all of it takes, roughly. */
  get memoryBytes(): number {
    return this.#keyBytes + this.keyCount * KEY_BYTES + this.itemCount * TRACKER_BYTES;
  }

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
      this.#keyBytes += key.length;
    } else if (trackers instanceof Set) {
      if (trackers.has(tracker)) return;
      this.#forgetGone(trackers);
      trackers.add(tracker);
    } else if (trackers.isGone) {
      keys.set(key, tracker);
      return;
    } else {
      keys.set(key, new Set([trackers, tracker]));
    }
    this.itemCount++;
  }

  /**
   * Clients come and go, and a key that never changes would keep all of them that have read it. They are looked through whenever there are twice as
   * many as there have been: that costs each reader no more than a step or two.
   */
  #forgetGone(trackers: Set<Tracker>): void {
    if ((trackers.size & (trackers.size - 1)) !== 0) return;
    for (const tracker of trackers) {
      if (tracker.isGone && trackers.delete(tracker)) this.itemCount--;
    }
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
    this.keyCount = this.itemCount = this.#keyBytes = 0;
  }

  #remove(slot: number, key: string, trackers: Trackers): Iterable<Tracker> {
    const keys = this.#bySlot[slot]!;
    keys.delete(key);
    if (keys.size === 0) this.#bySlot[slot] = undefined;
    const all = trackers instanceof Set ? trackers : [trackers];
    this.keyCount--;
    this.#keyBytes -= key.length;
    this.itemCount -= trackers instanceof Set ? trackers.size : 1;
    return all;
  }
}

const NO_TRACKERS: readonly Tracker[] = [];
