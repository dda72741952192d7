/**
 * Keeps the keyspace within `maxmemory` by Redis's eight policies. As in Redis the best key to evict is not searched but
 * sampled, and good candidates are remembered from one time to the next:
 * https://redis.io/docs/latest/develop/reference/eviction/
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Config } from "../config/config.js";
import type { Clock } from "../host/clock.js";
import type { Random } from "../host/random.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { isGhost } from "./ghost.js";
import type { Keyspace } from "./keyspace.js";
import { ACCESS } from "./record.js";

export type EvictionPolicy = Config["maxmemoryPolicy"];

/** Candidates remembered; more would be stale before their turn comes. */
const POOL_MAX = 16;
/** One call evicts for at most so long; what is still too much is left to the next. */
const BUDGET_MS = 2;
/** Entries of evicted collections freed between two looks at the memory. */
const ENTRIES_PER_STEP = 512;
/** Home cells looked at around a random place of a slot. */
const NEIGHBOURS = 64;
const SLOT_MASK = SLOT_COUNT - 1;
const HASHES = 2 ** 32;
const LFU_MAX = 255;

interface Candidate {
  readonly database: number;
  readonly key: Buffer;
  /** The higher, the sooner it goes. */
  readonly score: number;
}

export class Evictor {
  readonly #keyspace: Keyspace;
  readonly #random: Random;
  readonly #clock: Clock;
  #maxmemoryBytes = 0;
  #policy: EvictionPolicy = "noeviction";
  #samples = 5;
  /** By score, the best last. */
  #pool: Candidate[] = [];
  readonly #found: Location[] = [];

  constructor(keyspace: Keyspace, random: Random, clock: Clock) {
    this.#keyspace = keyspace;
    this.#random = random;
    this.#clock = clock;
  }

  /** 0 bytes means no limit. */
  configure(maxmemoryBytes: number, policy: EvictionPolicy, samples: number): void {
    this.#maxmemoryBytes = maxmemoryBytes;
    if (policy !== this.#policy) this.#pool = [];
    this.#policy = policy;
    this.#samples = samples;
  }

  isOverLimit(): boolean {
    return this.#maxmemoryBytes > 0 && this.#keyspace.usedBytes > this.#maxmemoryBytes;
  }

  /**
   * Evicts until the limit holds or the time is over. False if nothing could be evicted, so that what needs memory must be
   * refused.
   */
  makeRoom(): boolean {
    const endMs = this.#clock.monotonicMs() + BUDGET_MS;
    while (this.isOverLimit()) {
      // What went and is not freed yet makes room before anything else goes.
      const isFreeing = this.#keyspace.releaseSlice(ENTRIES_PER_STEP) > 0;
      if (!isFreeing && (this.#policy === "noeviction" || !this.#evictOne())) return !this.isOverLimit();
      if (this.#clock.monotonicMs() >= endMs) break;
    }
    return true;
  }

  #evictOne(): boolean {
    const isRandom = this.#policy.endsWith("-random");
    if (isRandom) this.#pool = [];
    for (const database of this.#keyspace.databases) {
      if (database.size === 0) continue;
      this.#sample(database, isRandom ? 1 : this.#samples);
    }
    for (let best = this.#pool.pop(); best !== undefined; best = this.#pool.pop()) {
      this.#keyspace.select(best.database);
      // It may have gone, or have been used, since it was sampled; a key that is gone is no reason to stop.
      const at = this.#keyspace.peek(best.key, 0, best.key.length);
      if (at === NOWHERE || !this.#isEligible(this.#keyspace.database, at)) continue;
      this.#keyspace.evict();
      return true;
    }
    return false;
  }

  #sample(database: Database, count: number): void {
    if (this.#policy.startsWith("allkeys-")) {
      for (let i = 0; i < count; i++) {
        const slot = database.slotOfRank(this.#random.uint32() % database.size);
        this.#consider(database, database.near(slot, this.#random.uint32() | 0));
      }
    } else if (database.expiringCount > 0) {
      this.#sampleExpiring(database, count);
    }
  }

  /**
   * Slots are known to have deadlines, so even few such keys among many others are found. A slot that has lost them is
   * looked at once more and then struck off: a pass over all of them is the most that a call can cost.
   */
  #sampleExpiring(database: Database, count: number): void {
    let slot = this.#random.uint32() & SLOT_MASK;
    for (let considered = 0; considered < count; ) {
      slot = database.nextDueSlot(slot, Number.MAX_VALUE);
      if (slot < 0) slot = database.nextDueSlot(0, Number.MAX_VALUE);
      if (slot < 0) return;
      // A few neighbours from a random place on; only if none of them expires, the whole slot.
      let found = this.#considerRange(database, { slot, from: this.#random.uint32(), to: 0, count });
      if (found === 0) found = this.#considerRange(database, { slot, from: 0, to: HASHES, count });
      // The keys that the slot's deadline was noted for are gone.
      if (found === 0) database.setDue(slot, Number.POSITIVE_INFINITY);
      considered += found;
      slot = (slot + 1) & SLOT_MASK;
    }
  }

  /** Considers up to `count` keys with a deadline in a range of a slot. Answers how many there were. */
  #considerRange(
    database: Database,
    range: { slot: number; from: number; to: number; count: number },
  ): number {
    const found = this.#found;
    let from = range.from;
    do from = database.index.collect(range.slot, from, NEIGHBOURS, found);
    while (from < range.to);
    let considered = 0;
    for (const at of found) {
      if (considered === range.count) break;
      if (database.records.deadline(at) === 0) continue;
      this.#consider(database, at);
      considered++;
    }
    found.length = 0;
    return considered;
  }

  #isEligible(database: Database, at: Location): boolean {
    return this.#policy.startsWith("allkeys-") || database.records.deadline(at) !== 0;
  }

  /** Puts a key into the pool if it is among the best. */
  #consider(database: Database, at: Location): void {
    if (isGhost(database, at)) return;
    const score = this.#score(database, at);
    const pool = this.#pool;
    if (pool.length === POOL_MAX && score <= pool[0]!.score) return;
    const { bytes, start, end } = database.records.key(at);
    const key = Buffer.from(bytes.subarray(start, end));
    if (pool.some((other) => other.database === database.number && other.key.equals(key))) return;
    if (pool.length === POOL_MAX) pool.shift();
    const place = pool.findIndex((other) => other.score > score);
    pool.splice(place < 0 ? pool.length : place, 0, { database: database.number, key, score });
  }

  #score({ records }: Database, at: Location): number {
    const { access } = this.#keyspace;
    const word = records.word(at, ACCESS);
    if (this.#policy.endsWith("-lru")) return access.idleSeconds(word);
    if (this.#policy.endsWith("-lfu")) return LFU_MAX - access.frequency(word);
    // volatile-ttl: the sooner it expires anyway, the better.
    return this.#policy.endsWith("-ttl") ? -records.deadline(at) : 0;
  }
}
