/**
 * Drops what a node has of a slot, in steps of bounded time: what another node executes, or what was copied in vain. Nothing is
 * deleted by that: no version, no tombstone, no floor tells of it, and whoever holds the slot misses nothing.
 */
import { NOWHERE } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import { collectKeys, SLOT_END } from "./slot-walk.js";

export class SlotEraser {
  readonly #keyspace: Keyspace;
  readonly #slot: number;
  #database = 0;
  #from = 0;

  constructor(keyspace: Keyspace, slot: number) {
    this.#keyspace = keyspace;
    this.#slot = slot;
  }

  /**
   * Drops some of the records, in some 20 us. False if there are none left: floors are gone then too, and it is for the caller
   * to tell the journal.
   */
  step(): boolean {
    const keyspace = this.#keyspace;
    const { databases } = keyspace;
    while (this.#database < databases.length && databases[this.#database]!.index.count(this.#slot) === 0) {
      this.#database++;
      this.#from = 0;
    }
    if (this.#database === databases.length) {
      this.#resetFloors();
      return false;
    }
    keyspace.select(this.#database);
    const keys: Buffer[] = [];
    const next = collectKeys(keyspace.database, this.#slot, this.#from, () => true, keys);
    this.#from = next < SLOT_END ? next : 0;
    for (const key of keys) dropKey(keyspace, key);
    return true;
  }

  /** All at once. */
  finish(): void {
    while (this.step()) {}
  }

  #resetFloors(): void {
    for (const { birthFloors, flushFloors } of this.#keyspace.databases) {
      birthFloors.reset(this.#slot);
      flushFloors.reset(this.#slot);
    }
  }
}

/** Drops the record of a key of the selected database, whoever sees it, and leaves floors alone. */
export function dropKey(keyspace: Keyspace, key: Buffer): void {
  const { nowMs } = keyspace;
  // To open a key whose record has expired is to lose it, and to raise a floor.
  keyspace.nowMs = 0;
  keyspace.peek(key, 0, key.length);
  keyspace.nowMs = nowMs;
  const wasSeen = keyspace.at !== NOWHERE;
  if (!wasSeen && keyspace.ghost === NOWHERE) return;
  keyspace.drop(0);
  if (wasSeen) keyspace.changed(0);
}
