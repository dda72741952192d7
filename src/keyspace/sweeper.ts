/**
 * Work on the keyspace that no client asks for, in slices of bounded time: expiry of keys that nobody touches, freeing
 * of large collections that were given up, and emptying of slabs that hold little.
 */
import type { Clock } from "../host/clock.js";
import type { Location } from "./arena.js";
import { Compactor } from "./compactor.js";
import type { Keyspace } from "./keyspace.js";

/** Home cells looked at between two looks at the clock: some 20 us. */
const HOMES_PER_STEP = 128;
const HASHES = 2 ** 32;
/** Entries freed between two looks at the clock. */
const ENTRIES_PER_STEP = 512;

export class Sweeper {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #compactor: Compactor;
  readonly #found: Location[] = [];
  readonly #expired: Buffer[] = [];
  // Where the last slice of expiry ended: within a slot if `#from` is not 0.
  #database = 0;
  #slot = 0;
  #from = 0;
  /** The earliest deadline seen so far in the slot at hand. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(keyspace: Keyspace, clock: Clock) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#compactor = new Compactor(keyspace, clock);
  }

  /** Lets keys expire whose deadline has passed, for about `budgetMs`. False if that was not enough. */
  expire(budgetMs: number): boolean {
    const endMs = this.#clock.monotonicMs() + budgetMs;
    // Once round all databases, plus the rest of the one where the last slice ended.
    for (let left = this.#keyspace.databases.length; left >= 0; left--) {
      if (!this.#expireDatabase(endMs)) return false;
      this.#database = (this.#database + 1) % this.#keyspace.databases.length;
      this.#slot = 0;
    }
    return true;
  }

  /** Frees and compacts for about `budgetMs`. False if that was not enough. */
  tidy(budgetMs: number): boolean {
    const endMs = this.#clock.monotonicMs() + budgetMs;
    while (this.#keyspace.releaseSlice(ENTRIES_PER_STEP) > 0) {
      if (this.#clock.monotonicMs() >= endMs) return false;
    }
    return this.#compactor.compact(endMs);
  }

  /** False if time ran out. */
  #expireDatabase(endMs: number): boolean {
    const { databases, nowMs } = this.#keyspace;
    const database = databases[this.#database]!;
    if (database.expiringCount === 0 && this.#from === 0) return true;
    this.#keyspace.select(this.#database);
    for (;;) {
      if (this.#from === 0) {
        const slot = database.nextDueSlot(this.#slot, nowMs);
        if (slot < 0) return true;
        this.#slot = slot;
        this.#earliest = Number.POSITIVE_INFINITY;
        // Deadlines set while the walk goes on are noted anew; those found by it are added at its end.
        database.setDue(slot, Number.POSITIVE_INFINITY);
      }
      this.#expireStep();
      if (this.#from === 0) database.noteDeadline(this.#slot++, this.#earliest);
      if (this.#clock.monotonicMs() >= endMs) return false;
    }
  }

  #expireStep(): void {
    const { records, database, nowMs } = this.#keyspace;
    const found = this.#found;
    const next = database.index.collect(this.#slot, this.#from, HOMES_PER_STEP, found);
    for (const at of found) {
      const deadline = records.deadline(at);
      if (deadline === 0) continue;
      if (deadline > nowMs) {
        this.#earliest = Math.min(this.#earliest, deadline);
        continue;
      }
      const { bytes, start, end } = records.key(at);
      this.#expired.push(Buffer.from(bytes.subarray(start, end)));
    }
    // Opening a key lets it expire. Only now, since that moves cells.
    for (const key of this.#expired) this.#keyspace.peek(key, 0, key.length);
    found.length = 0;
    this.#expired.length = 0;
    this.#from = next < HASHES ? next : 0;
  }
}
