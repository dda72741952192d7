/**
 * Moves records, and nodes of the orders of sorted sets, out of slabs of which less than a quarter is live, so that memory freed here and
 * there becomes whole slabs, which go back to the system. Records may move because only indexes point at them.
 */
import type { Clock } from "../host/clock.js";
import { type Arena, type Location, NOWHERE, type Slab } from "./arena.js";
import type { Database } from "./database.js";
import type { Keyspace } from "./keyspace.js";
import { TYPE_BLOCK, TYPE_ENTRY, TYPE_ITEMS } from "./record.js";

/** Cells looked at between two looks at the clock. */
const CELLS_PER_STEP = 64;

export class Compactor {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  /** The slab being emptied, and the next cell of it. */
  #slab: Slab | null = null;
  #database: Database;
  /** The slab is one of nodes. */
  #isOfNodes = false;
  #cell = 0;
  /** Databases have two arenas each. */
  #nextArena = 0;

  constructor(keyspace: Keyspace, clock: Clock) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#database = keyspace.database;
  }

  /** Goes on until a time (monotonic milliseconds), then answers false, or until no slab is sparse. */
  compact(endMs: number): boolean {
    let stuck = 0;
    while (this.#hasSlab() || this.#chooseSlab()) {
      if (!this.#step()) {
        // What is in one arena has no room now: there may be some in others.
        this.#nextArena = this.#arenaAfter(this.#nextArena);
        if (++stuck === this.#arenaCount) return true;
      }
      if (this.#clock.monotonicMs() >= endMs) return false;
    }
    return true;
  }

  /** The slab may have been released since the last slice, by clients' own deletions. */
  #hasSlab(): boolean {
    const slab = this.#slab;
    return slab !== null && this.#arena.slabs[slab.number] === slab;
  }

  get #arena(): Arena {
    const { records, fields } = this.#database;
    return this.#isOfNodes ? fields.order.arena : records.arena;
  }

  get #arenaCount(): number {
    return 2 * this.#keyspace.databases.length;
  }

  #arenaAfter(arena: number): number {
    return (arena + 1) % this.#arenaCount;
  }

  #chooseSlab(): boolean {
    const { databases } = this.#keyspace;
    for (let i = 0; i < this.#arenaCount; i++) {
      this.#database = databases[this.#nextArena >> 1]!;
      this.#isOfNodes = this.#nextArena % 2 === 1;
      const arena = this.#arena;
      this.#slab = arena.sparseSlabs().find((slab) => arena.retire(slab)) ?? null;
      this.#cell = 0;
      if (this.#slab !== null) return true;
      this.#nextArena = this.#arenaAfter(this.#nextArena);
    }
    return false;
  }

  /** False if nothing can be moved now: no use in trying before the next slice. */
  #step(): boolean {
    const slab = this.#slab!;
    const end = Math.min(this.#cell + CELLS_PER_STEP, slab.untouched);
    for (; this.#cell < end && this.#hasSlab(); this.#cell++) {
      if (slab.isLive(this.#cell) && !this.#move(slab.location(this.#cell))) {
        this.#slab = null;
        return false;
      }
    }
    if (this.#cell >= slab.untouched) this.#slab = null;
    return true;
  }

  /** False if there is no room for it elsewhere. */
  #move(at: Location): boolean {
    const { records, fields, lists, streams, index } = this.#database;
    const { hasher } = this.#keyspace;
    if (this.#isOfNodes) return fields.order.relocate(at);
    const type = records.type(at);
    if (type === TYPE_ENTRY) return fields.relocate(hasher, at);
    if (type === TYPE_BLOCK) return lists.relocate(at);
    if (type === TYPE_ITEMS) return streams.relocate(at);
    const to = records.arena.copyElsewhere(at);
    if (to === NOWHERE) return false;
    const { bytes, start, end } = records.key(at);
    hasher.digest(bytes, start, end);
    index.find(hasher.slot, hasher.hash, bytes, start, end);
    index.replace(to);
    // The body outside, if there is one, moved along.
    records.arena.free(at);
    return true;
  }
}
