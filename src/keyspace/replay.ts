/**
 * Loads batches of deltas, of a snapshot and then of a log, before the first client is served. Until `finish` is done
 * nothing else may touch the keyspace.
 *
 * While it goes on remains are kept, nothing expires, and no floor is raised but those that the deltas name: lives alone
 * decide what is newer. This is right although the node that wrote the deltas, as a single owner, kept no remains and
 * raised floors that no delta tells of. Whenever it dropped a record, by DEL or by expiry, it raised the floor of the slot
 * above everything in that record; so whatever the key was born with next is of a higher life, and says so itself. Here the
 * old record is a tombstone, or a record whose deadline nobody has looked at yet, and the higher life replaces it.
 * To let records expire here on the way would raise floors at times of our own, and the deltas that follow, written under
 * the writer's floors, might be ignored as settled (rule 5 of docs/formats/delta.md). What a single owner needs
 * not keep goes at the end, with the floors that it would have raised.
 *
 * Remains are bounded by the bytes that were read, for each was a delta; the keyspace is at most so much larger than it
 * will be.
 */
import { assert } from "../base/assert.js";
import { ByteReader } from "../base/byte-reader.js";
import type { Checksum } from "../base/crc32.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { BATCH_HEAD_BYTES, FORMAT } from "../delta/batch.js";
import type { CollectDelta, Delta, FlushDelta, LocalDelta, PatchDelta, SwapDelta } from "../delta/delta.js";
import { PATCH, readDelta } from "../delta/delta-codec.js";
import { msOfClock } from "../delta/hybrid-clock.js";
import { RecordCursor } from "../delta/record-cursor.js";
import { collected, floorOfRemains } from "../delta/remains.js";
import { compareVersions, ORIGIN_NONE } from "../delta/version.js";
import type { Clock } from "../host/clock.js";
import { NOWHERE } from "./arena.js";
import { applyDelta, collectRemains } from "./delta-application.js";
import { isTable } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { RecordLoader } from "./record-loader.js";
import { dropMarks, hasRemains } from "./remains.js";
import { collectKeys, SLOT_END } from "./slot-walk.js";
import { readState } from "./state-reader.js";
import { writeState } from "./state-writer.js";
import { clockAfterExpiry, newestClock } from "./succession.js";
import { Sweeper } from "./sweeper.js";

const LENGTH_AT = 4;

/** Bytes are no batches that this keyspace can have: damaged, or of another configuration. */
export class ReplayFailure extends Error {
  override readonly name = "ReplayFailure";

  constructor(
    message: string,
    /** Where the batch begins, in the bytes given to `apply`. */
    readonly offset: number,
  ) {
    super(message);
  }
}

export interface ReplayOptions {
  readonly keyspace: Keyspace;
  readonly limits: PackingLimits;
  readonly clock: Clock;
  /** Of batches, short and long; null if whoever gives the bytes has checked them. */
  readonly checksum: Checksum | null;
  /** No batch is longer: what says so is damaged. */
  readonly batchBytesMax: number;
  /** The batch at an offset says how far the local stream is of whoever wrote this. */
  readonly saidLocal?: (said: LocalDelta, offset: number) => void;
}

/** What is known of a database that is being loaded. */
interface Loaded {
  /** By slot, whether it may have remains. */
  remains: Uint8Array | null;
  /** No life is of a higher clock. */
  newestLife: number;
}

export class Replay {
  /** Batches and deltas applied so far. */
  batches = 0;
  deltas = 0;
  /** Keys that were found expired at the end. */
  expired = 0;

  readonly #keyspace: Keyspace;
  readonly #limits: PackingLimits;
  readonly #clock: Clock;
  readonly #checksum: Checksum | null;
  readonly #batchBytesMax: number;
  readonly #saidLocal: ReplayOptions["saidLocal"];
  readonly #keepTombstones: boolean;
  readonly #record = new RecordCursor();
  readonly #loader: RecordLoader;
  readonly #sweeper: Sweeper;
  /** In the order of the keyspace's databases. */
  #loaded: Loaded[];
  /** [the highest clock met]. A typed array, so that it is not boxed. */
  readonly #newest = new Float64Array(1);
  // Where the last slice of collecting remains ended.
  #database = 0;
  #slot = 0;
  #from = 0;
  #areRemainsCollected = false;
  /** Of the batch at hand. */
  #batchStart = 0;

  /** Begins: from here on the keyspace is the replay's alone, until `finish` answers true. */
  constructor({ keyspace, limits, clock, checksum, batchBytesMax, saidLocal }: ReplayOptions) {
    assert(keyspace.journal === null, "what is replayed is not told to anybody");
    this.#keyspace = keyspace;
    this.#limits = limits;
    this.#clock = clock;
    this.#checksum = checksum;
    this.#batchBytesMax = batchBytesMax;
    this.#saidLocal = saidLocal;
    this.#keepTombstones = keyspace.keepTombstones;
    this.#loader = new RecordLoader(keyspace, () => limits);
    this.#sweeper = new Sweeper(keyspace, clock);
    this.#loaded = keyspace.databases.map(({ records }) => {
      return { remains: null, newestLife: records.arena.usedBytes === 0 ? 0 : Number.POSITIVE_INFINITY };
    });
    keyspace.keepTombstones = true;
    // An offer for other bytes at the same place could be mistaken for one for these.
    keyspace.hasher.forget();
  }

  /**
   * Applies the whole batches in `bytes[start, end)` and answers how many bytes they took; one that is not whole is left.
   * Throws a `ReplayFailure`; what came before it has been applied, maybe within the same batch too.
   */
  apply(bytes: Buffer, start: number, end: number): number {
    const keyspace = this.#keyspace;
    const { dirty, nowMs } = keyspace;
    keyspace.nowMs = 0;
    let at = start;
    while (end - at >= BATCH_HEAD_BYTES) {
      const length = bytes.readUInt32LE(at + LENGTH_AT);
      const batchEnd = at + BATCH_HEAD_BYTES + length;
      if (batchEnd - at > this.#batchBytesMax) {
        throw new ReplayFailure(`a batch claims ${length} bytes, more than there can be`, at);
      }
      if (batchEnd > end) break;
      this.#applyBatch(bytes, at, batchEnd);
      at = batchEnd;
    }
    keyspace.clock.observe(this.#newest[0]!);
    keyspace.dirty = dirty;
    keyspace.nowMs = nowMs;
    return at - start;
  }

  #applyBatch(bytes: Buffer, at: number, end: number): void {
    this.#batchStart = at;
    const checked = at + LENGTH_AT;
    const first = at + BATCH_HEAD_BYTES;
    if (this.#checksum !== null && this.#checksum(bytes, checked, end) !== bytes.readUInt32LE(at)) {
      throw new ReplayFailure("the checksum of a batch does not match", at);
    }
    if (end - first < 2) throw new ReplayFailure("a batch is empty", at);
    if (bytes[first] !== FORMAT) throw new ReplayFailure(`format ${bytes[first]} is not known`, at);
    for (let from = first + 1; from < end; ) {
      const next =
        bytes[from]! < PATCH ? this.#applyRecord(bytes, from, end) : this.#applyOther(bytes, from, end);
      if (next < 0) throw new ReplayFailure(`the delta ${from - at} bytes into a batch is malformed`, at);
      from = next;
      this.deltas++;
    }
    this.batches++;
  }

  /** Answers the offset behind the delta; -1 if it is malformed. */
  #applyRecord(bytes: Buffer, from: number, end: number): number {
    const record = this.#record;
    const keyspace = this.#keyspace;
    if (!record.read(bytes, from, end)) return -1;
    this.#select(record.db, from);
    keyspace.peek(bytes, record.keyStart, record.keyEnd);
    if (record.slot !== keyspace.slot) return -1;
    const loading = this.#loader.load(bytes, record);
    if (loading === "malformed") return -1;
    const newest = this.#newest;
    const { newestClock } = this.#loader;
    if (newestClock > newest[0]!) newest[0] = newestClock;
    const loaded = this.#loaded[record.db]!;
    if (record.lifeClock > loaded.newestLife) loaded.newestLife = record.lifeClock;
    if (loading === "undecided") return this.#applyOther(bytes, from, end);
    if (loading === "remains") noteRemains(loaded, record.slot);
    return record.end;
  }

  /** Any delta, by way of a value of it. */
  #applyOther(bytes: Buffer, from: number, end: number): number {
    const reader = new ByteReader({ bytes, start: from, end });
    const delta = readDelta(reader);
    if (delta === undefined) return -1;
    this.#applyValue(delta, from);
    return reader.at;
  }

  #applyValue(delta: Delta, from: number): void {
    const keyspace = this.#keyspace;
    switch (delta.kind) {
      case "flush":
        this.#flush(delta, from);
        return;
      case "collect":
        this.#collect(delta, from);
        return;
      case "swap":
        this.#swap(delta, from);
        return;
      case "patch":
        this.#select(delta.db, from);
        this.#noteLife(delta);
        if (this.#loader.patch(delta)) return;
        break;
      case "forget":
        applyDelta(keyspace, this.#limits, delta);
        return;
      case "local":
        this.#saidLocal?.(delta, this.#batchStart);
        return;
      default:
        this.#select(delta.db, from);
        if (delta.kind === "piece") this.#noteLife(delta);
    }
    const { db, slot } = delta;
    applyDelta(keyspace, this.#limits, delta);
    // Whatever it did: few deltas get here.
    noteRemains(this.#loaded[db]!, slot);
  }

  #noteLife({ db, life }: PatchDelta | (Delta & { kind: "piece" })): void {
    const loaded = this.#loaded[db]!;
    loaded.newestLife = Math.max(loaded.newestLife, life.clock);
    this.#newest[0] = Math.max(this.#newest[0]!, life.clock);
  }

  #select(db: number, from: number): void {
    const { length } = this.#keyspace.databases;
    if (db >= length) throw new ReplayFailure(`it is of database ${db}, and there are ${length}`, from);
    this.#keyspace.select(db);
  }

  /** A flush that ends all lives drops the database as it is; else its keys are looked at one by one. */
  #flush(delta: FlushDelta, from: number): void {
    const { databases, clock } = this.#keyspace;
    const { db, slot, floor } = delta;
    if (db !== null) this.#select(db, from);
    clock.observe(floor.clock);
    for (const { number } of [...databases]) {
      if (db !== null && db !== number) continue;
      const loaded = this.#loaded[number]!;
      if (slot === null && loaded.newestLife < floor.clock) {
        databases[number]!.clear();
        loaded.remains = null;
        databases[number]!.flushFloors.raiseAll(floor.clock, floor.origin);
      } else {
        applyDelta(this.#keyspace, this.#limits, { ...delta, db: number });
      }
    }
  }

  /** Walks the slot only if it may have something that the floor covers. */
  #collect(delta: CollectDelta, from: number): void {
    const keyspace = this.#keyspace;
    const { db, slot, floor } = delta;
    if (db !== null) this.#select(db, from);
    keyspace.clock.observe(floor.clock);
    for (const { number, birthFloors } of [...keyspace.databases]) {
      if (db !== null && db !== number) continue;
      if (compareVersions(floor, birthFloors.version(slot)) <= 0) continue;
      keyspace.select(number);
      birthFloors.raise(slot, floor.clock, floor.origin);
      const loaded = this.#loaded[number]!;
      const isDue = keyspace.database.dueOf(slot) <= msOfClock(floor.clock);
      if (!isDue && !loaded.remains?.[slot]) continue;
      collectRemains(keyspace, this.#limits, slot, floor);
      // What is above the floor may remain, and what was ended by it may have become a husk.
      noteRemains(loaded, slot);
    }
  }

  #swap(delta: SwapDelta, from: number): void {
    const { one, other } = delta;
    this.#select(one, from);
    this.#select(other, from);
    if (applyDelta(this.#keyspace, this.#limits, delta) === "ignored") return;
    const loaded = this.#loaded;
    [loaded[one], loaded[other]] = [loaded[other]!, loaded[one]!];
  }

  // ---- The end ----

  /**
   * Ends the replay, for about `budgetMs`: a single owner drops all remains, then the keys go whose time has come. False if
   * that was not enough: to be called again, when others had their turn.
   */
  finish(budgetMs: number): boolean {
    const keyspace = this.#keyspace;
    const endMs = this.#clock.monotonicMs() + budgetMs;
    if (!this.#keepTombstones && !this.#collectRemains(endMs)) return false;
    keyspace.keepTombstones = this.#keepTombstones;
    keyspace.tick(this.#clock.wallMs());
    const { dirty } = keyspace;
    const { expired } = keyspace.stats;
    const isDone = this.#sweeper.expire(budgetMs);
    this.expired += keyspace.stats.expired - expired;
    keyspace.stats.expired = expired;
    keyspace.dirty = dirty;
    keyspace.select(0);
    return isDone;
  }

  /** Gives up: what was loaded is gone, floors too, and the keyspace is as if it had just been made. */
  abandon(): void {
    const keyspace = this.#keyspace;
    for (const number of keyspace.databases.keys()) keyspace.databases[number] = keyspace.newDatabase(number);
    keyspace.select(0);
    keyspace.keepTombstones = this.#keepTombstones;
    keyspace.tick(this.#clock.wallMs());
  }

  /** False if time ran out. */
  #collectRemains(endMs: number): boolean {
    if (this.#areRemainsCollected) return true;
    const keyspace = this.#keyspace;
    // Opening a key is not to let it expire, for its floor depends on what it holds.
    keyspace.nowMs = 0;
    const nowMs = Math.max(keyspace.clock.nowMs(), this.#clock.wallMs());
    for (; this.#database < keyspace.databases.length; this.#database++, this.#slot = 0) {
      const { remains } = this.#loaded[this.#database]!;
      if (remains === null) continue;
      keyspace.select(this.#database);
      for (; this.#slot < SLOT_COUNT; this.#slot++) {
        while (remains[this.#slot]) {
          if (this.#collectStep(nowMs)) remains[this.#slot] = 0;
          if (this.#clock.monotonicMs() >= endMs) return false;
        }
      }
    }
    this.#areRemainsCollected = true;
    return true;
  }

  /** True if the slot is done. */
  #collectStep(nowMs: number): boolean {
    const keyspace = this.#keyspace;
    const { database } = keyspace;
    const keys: Buffer[] = [];
    this.#from = collectKeys(database, this.#slot, this.#from, (at) => hasRemains(database, at), keys);
    for (const key of keys) {
      keyspace.peek(key, 0, key.length);
      this.#collectOpen(nowMs);
    }
    if (this.#from < SLOT_END) return false;
    this.#from = 0;
    return true;
  }

  /** Drops the open key's remains and raises the floor of its slot above them, as `floorOfRemains` says. */
  #collectOpen(nowMs: number): void {
    const keyspace = this.#keyspace;
    const { database, slot, at, ghost, records } = keyspace;
    if (at === NOWHERE) {
      // A ghost that waits for its record goes too: a single owner has nobody to ask for it.
      const isExpired = records.deadline(ghost) <= nowMs;
      keyspace.drop(isExpired ? clockAfterExpiry(database, ghost) : newestClock(database, ghost) + 1);
    } else if (records.deadline(at) === 0 || records.deadline(at) > nowMs) {
      database.birthFloors.raise(slot, this.#dropMarks() + 1, ORIGIN_NONE);
    }
  }

  /** Of the open collection. Answers the highest of their clocks. */
  #dropMarks(): number {
    const keyspace = this.#keyspace;
    const { database, at } = keyspace;
    if (isTable(database, at)) return dropMarks(keyspace, at, null);
    const state = readState(database, at);
    const floor = floorOfRemains(state, 0)!;
    writeState(keyspace, this.#limits, collected(state, floor)!);
    return floor.clock - 1;
  }
}

function noteRemains(loaded: Loaded, slot: number): void {
  loaded.remains ??= new Uint8Array(SLOT_COUNT);
  loaded.remains[slot] = 1;
}
