/**
 * Reads what the look-ups of several keys will need, so that the processor fetches it together (docs/decisions/0007). The loops are kept
 * down to a few instructions each: only those misses overlap that fit into its window.
 */
import type { Database } from "./database.js";

/** About as many misses as a processor has under way at once. */
export const FETCH_MAX = 16;
/** Fewer bytes of records are in the cache by themselves. */
const RECORD_BYTES_MIN = 2 ** 20;

export class RecordFetch {
  /** Of the keys: the caller's to fill. */
  readonly slots = new Int32Array(FETCH_MAX);
  readonly hashes = new Int32Array(FETCH_MAX);
  /** Where the values read go, so that no compiler may leave the reads out. */
  sink = 0;
  readonly #homes = new Int32Array(FETCH_MAX);
  readonly #locations = new Int32Array(FETCH_MAX);

  /** Whether the database is so large that it pays. */
  static pays({ records }: Database): boolean {
    return records.arena.usedBytes >= RECORD_BYTES_MIN;
  }

  /** Reads what the first `count` keys need. */
  read({ index, records }: Database, count: number): void {
    const { slots, hashes } = this;
    const homes = this.#homes;
    const locations = this.#locations;
    let sink = 0;
    for (let i = 0; i < count; i++) homes[i] = index.home(slots[i]!, hashes[i]!);
    for (let i = 0; i < count; i++) sink ^= index.warm(homes[i]!);
    for (let i = 0; i < count; i++) locations[i] = index.glance(slots[i]!, hashes[i]!, homes[i]!);
    for (let i = 0; i < count; i++) sink ^= records.warm(locations[i]!);
    this.sink = sink;
  }
}
