/**
 * Reads what the next members of a large sorted set that is being popped empty will need, so that the processor fetches it together, as
 * record-fetch.ts does for the keys of a pipeline (docs/decisions/0007): each lies in cache lines of its own, and so does what finds it.
 */
import type { KeyHasher } from "../base/key-hash.js";
import { type Location, UNIT_MASK } from "./arena.js";
import type { Database } from "./database.js";
import { HEADER_BYTES, KEY_LENGTH } from "./record.js";
import { RecordFetch } from "./record-fetch.js";

/** Members that are read at once, of which so many were popped one after the other before. */
const AHEAD = 12;
/** No table. */
const NONE = -1;

export class PopFetch {
  /** From which members were popped last, at which end, and how many more are to be before the next are read. */
  #table = NONE;
  #isReversed = false;
  #left = 0;
  /** Where the values read go, so that no compiler may leave the reads out. */
  #sink = 0;
  readonly #locations: Location[] = [];
  readonly #homes = new Int32Array(AHEAD);

  constructor(private readonly hasher: KeyHasher) {}

  /** The first member of a table, or the last, is about to be popped; it has `length`. */
  popping(database: Database, table: number, length: number, isReversed: boolean): void {
    if (table !== this.#table || isReversed !== this.#isReversed) {
      this.#table = table;
      this.#isReversed = isReversed;
      this.#left = AHEAD;
      return;
    }
    if (--this.#left > 0) return;
    this.#left = AHEAD;
    if (length > AHEAD && RecordFetch.pays(database))
      this.#read(database, table, isReversed ? length - AHEAD : 0);
  }

  #read({ fields, records }: Database, table: number, rank: number): void {
    const locations = this.#locations;
    const homes = this.#homes;
    const { hasher } = this;
    let sink = 0;
    locations.length = 0;
    fields.order.collect(table, rank, AHEAD, locations);
    const count = locations.length;
    for (let i = 0; i < count; i++) sink ^= records.warm(locations[i]!);
    for (let i = 0; i < count; i++) {
      const at = locations[i]!;
      const { words, bytes } = records.slab(at);
      const start = ((at & UNIT_MASK) << 3) + HEADER_BYTES;
      hasher.digest(bytes, start, start + words[((at & UNIT_MASK) << 1) + KEY_LENGTH]!);
      homes[i] = fields.index.home(table, hasher.hash);
    }
    for (let i = 0; i < count; i++) sink ^= fields.index.warm(homes[i]!);
    this.#sink ^= sink;
  }
}
