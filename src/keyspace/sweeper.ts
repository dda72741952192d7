/** Work on the keyspace that no client asks for, in slices of bounded time: expiry of keys nobody touches. */
import type { Clock } from "../host/clock.js";
import type { Location } from "./arena.js";
import type { Keyspace } from "./keyspace.js";

/** Entries freed between two looks at the clock: a fraction of a millisecond. */
const RELEASED_AT_ONCE = 1000;

export class Sweeper {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;

  constructor(keyspace: Keyspace, clock: Clock) {
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  /** Lets keys expire whose deadline has passed, for at most `budgetMs`. */
  expire(budgetMs: number): void {
    const endMs = this.#clock.monotonicMs() + budgetMs;
    const { nowMs, databases } = this.#keyspace;
    for (const database of databases) {
      this.#keyspace.select(database.number);
      let slot = database.nextDueSlot(0, nowMs);
      while (slot >= 0 && this.#clock.monotonicMs() < endMs) {
        this.#expireSlot(slot);
        slot = database.nextDueSlot(slot + 1, nowMs);
      }
    }
  }

  #expireSlot(slot: number): void {
    const { database } = this.#keyspace;
    const found: Location[] = [];
    for (let from = 0; from < 2 ** 32; ) from = database.index.collect(slot, from, 1024, found);
    let due = Number.POSITIVE_INFINITY;
    for (const at of found) {
      const deadline = this.#keyspace.records.deadline(at);
      if (deadline === 0) continue;
      const { bytes, start, end } = this.#keyspace.records.key(at);
      if (deadline <= this.#keyspace.nowMs) {
        const key = Buffer.from(bytes.subarray(start, end));
        this.#keyspace.peek(key, 0, key.length);
      } else if (deadline < due) due = deadline;
    }
    database.setDue(slot, due);
  }

  /** Frees entries of large collections that were given up, for at most `budgetMs` and one step more. */
  release(budgetMs: number): void {
    const endMs = this.#clock.monotonicMs() + budgetMs;
    while (this.#keyspace.releaseSlice(RELEASED_AT_ONCE) > 0 && this.#clock.monotonicMs() < endMs);
  }

  compact(_budgetMs: number): void {}
}
