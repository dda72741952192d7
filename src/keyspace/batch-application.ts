/**
 * Merges batches that other nodes made with what is there. All of them are looked at before any is applied, so what makes no sense
 * changes nothing.
 *
 * Record deltas are merged straight from their bytes, where that is easily told (record-loader.ts): nearly all are, while one node
 * executes for a key. Their keys are hashed while the bytes are looked at, so that the records of several can be fetched together.
 *
 * Nothing expires by being opened here: whether somebody has looked at an expired record makes no difference to what merging makes of
 * it, and what still has its body need not be fetched if its deadline was put off.
 */
import { assert } from "../base/assert.js";
import { ByteReader } from "../base/byte-reader.js";
import type { Checksum } from "../base/crc32.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { BATCH_HEAD_BYTES, FORMAT, UNCHECKED } from "../delta/batch.js";
import type { Delta, KeyPlace, PatchDelta } from "../delta/delta.js";
import { PATCH, readDelta } from "../delta/delta-codec.js";
import { isPackedCounter } from "../delta/packed-counter.js";
import { isPackedEntries, isPackedList, isPackedSet, isPackedSortedSet } from "../delta/packed-entries.js";
import { RecordCursor } from "../delta/record-cursor.js";
import { RANKS } from "../delta/record-state.js";
import { isPackedStream } from "../delta/stream-items.js";
import type { Version } from "../delta/version.js";
import { NOWHERE } from "./arena.js";
import { applyDelta } from "./delta-application.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { FETCH_MAX, RecordFetch } from "./record-fetch.js";
import { RecordLoader } from "./record-loader.js";

/** Of a batch: its length, and all that its checksum is over. */
const LENGTH_AT = 4;
/** Deltas for which there is room from the start; more than a message of usual length has. */
const DELTAS_USUAL = 4096;
/** In place of the slot of a delta that is no record. */
const NO_RECORD = -1;
const MALFORMED = -1;

/** Why batches cannot be merged that are sound otherwise. */
export const UNTOUCHABLE = "a delta is of a slot that is not to be touched";

/** What a delta builds on. */
export interface MissingRecord extends KeyPlace {
  /** The record is here once it has this life, or a later one, and its body. */
  readonly life: Version;
}

export interface BatchApplicationOptions {
  /** It keeps tombstones: a single owner has nobody to be told anything by. */
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly checksum: Checksum;
  /** A delta builds on what is missing here: an owner that has the record must send it whole. The key is a copy. */
  readonly incomplete: (missing: MissingRecord) => void;
  /** Something has changed in one of the first `count` of `slots`, or of all if `count` exceeds their number. Valid during the call only. */
  readonly changed?: (slots: Int32Array, count: number) => void;
}

export class BatchApplication {
  /** Applied so far. */
  batches = 0;
  deltas = 0;
  readonly #options: BatchApplicationOptions;
  readonly #loader: RecordLoader;
  readonly #record = new RecordCursor();
  readonly #body: { bytes: Uint8Array; start: number; end: number } = {
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
  };
  readonly #fetch = new RecordFetch();
  // Of the deltas at hand: where each begins, and if it is a record the slot, hash and database of its key.
  #count = 0;
  #starts = new Int32Array(DELTAS_USUAL);
  #slots = new Int32Array(DELTAS_USUAL);
  #hashes = new Int32Array(DELTAS_USUAL);
  #databases = new Uint8Array(DELTAS_USUAL);
  // The slots that they are of, each once: as `Journal.received` is told.
  readonly #touched = new Int32Array(SLOT_COUNT);
  #touchedCount = 0;
  /** By slot, the last call of `apply` that touched it. */
  readonly #touchedBy = new Uint32Array(SLOT_COUNT);
  #call = 0;
  /** Whether it changed anything. */
  #hasChanged = false;
  /** [the highest clock of the records at hand]. A typed array, so that it is not boxed. */
  readonly #newest = new Float64Array(1);

  constructor(options: BatchApplicationOptions) {
    this.#options = options;
    const { keyspace, limits } = options;
    this.#loader = new RecordLoader(keyspace, limits);
  }

  /**
   * Merges the batches, tells the journal, and answers undefined; or changes nothing and answers why they cannot be merged. The journal
   * may keep the bytes, which must not change. Which database and key are open afterwards is undefined.
   * Slots that are not `mayTouch`, if it is given, are a reason too.
   */
  apply(batches: Buffer, mayTouch?: (slot: number) => boolean): string | undefined {
    const { keyspace } = this.#options;
    assert(keyspace.keepTombstones, "who merges what others made keeps what they may need");
    const problem = this.#check(batches, mayTouch);
    if (problem !== undefined) return problem;
    const { nowMs, hasher } = keyspace;
    keyspace.nowMs = 0;
    this.#newest[0] = 0;
    this.#hasChanged = false;
    try {
      this.#applyAll(batches, nowMs);
    } finally {
      keyspace.nowMs = nowMs;
      keyspace.clock.observe(this.#newest[0]!);
      hasher.forget();
    }
    keyspace.journal?.received(batches, this.#touched, this.#touchedCount);
    if (this.#hasChanged) this.#options.changed?.(this.#touched, this.#touchedCount);
    return undefined;
  }

  // ---- Looking ----

  #check(bytes: Buffer, mayTouch: ((slot: number) => boolean) | undefined): string | undefined {
    this.#count = 0;
    this.#touchedCount = 0;
    this.#call = (this.#call + 1) >>> 0;
    if (this.#call === 0) this.#touchedBy.fill(this.#call++);
    let batches = 0;
    for (let at = 0; at < bytes.length; batches++) {
      if (bytes.length - at <= BATCH_HEAD_BYTES + 1) return "a batch is cut off";
      const end = at + BATCH_HEAD_BYTES + bytes.readUInt32LE(at + LENGTH_AT);
      if (end > bytes.length) return "a batch is cut off";
      const problem = this.#checkBatch(bytes, at, end);
      if (problem !== undefined) return problem;
      at = end;
    }
    if (mayTouch !== undefined && !this.#touchesOnly(mayTouch)) return UNTOUCHABLE;
    this.batches += batches;
    this.deltas += this.#count;
    return undefined;
  }

  #checkBatch(bytes: Buffer, at: number, end: number): string | undefined {
    const { checksum } = this.#options;
    const crc = bytes.readUInt32LE(at);
    if (crc !== UNCHECKED && checksum(bytes, at + LENGTH_AT, end) !== crc)
      return "the checksum of a batch does not match";
    const first = at + BATCH_HEAD_BYTES;
    if (end - first < 2) return "a batch is empty";
    if (bytes[first] !== FORMAT) return `format ${bytes[first]} is not known`;
    for (let from = first + 1; from < end; ) {
      const next =
        bytes[from]! < PATCH ? this.#checkRecord(bytes, from, end) : this.#checkOther(bytes, from, end);
      if (next === MALFORMED) return `the delta ${from - at} bytes into a batch is malformed`;
      from = next;
    }
    return undefined;
  }

  /** Answers the offset behind the delta. */
  #checkRecord(bytes: Buffer, from: number, end: number): number {
    const { databases, hasher } = this.#options.keyspace;
    const record = this.#record;
    if (!record.read(bytes, from, end) || record.db >= databases.length) return MALFORMED;
    if (record.rank > RANKS.text && !this.#isBody(bytes, record)) return MALFORMED;
    hasher.digest(bytes, record.keyStart, record.keyEnd);
    if (hasher.slot !== record.slot) return MALFORMED;
    const i = this.#note(from, record.slot);
    this.#hashes[i] = hasher.hash;
    this.#databases[i] = record.db;
    this.#touch(record.slot);
    return record.end;
  }

  /** Whether the body, which is of a collection, has the form of its rank. */
  #isBody(bytes: Buffer, { rank, bodyStart, bodyEnd }: RecordCursor): boolean {
    const body = this.#body;
    body.bytes = bytes;
    body.start = bodyStart;
    body.end = bodyEnd;
    if (rank === RANKS.counter) return isPackedCounter(body);
    if (rank === RANKS.list) return isPackedList(body);
    if (rank === RANKS.zset) return isPackedSortedSet(body);
    if (rank === RANKS.stream) return isPackedStream(body);
    return rank === RANKS.set ? isPackedSet(body) : rank === RANKS.hash && isPackedEntries(body);
  }

  #checkOther(bytes: Buffer, from: number, end: number): number {
    const reader = new ByteReader({ bytes, start: from, end });
    const delta = readDelta(reader);
    if (delta === undefined || !this.#merges(delta)) return MALFORMED;
    this.#note(from, NO_RECORD);
    return reader.at;
  }

  /** Whether it is a delta that merges, and of databases that there are. Touches its slots. */
  #merges(delta: Delta): boolean {
    const { databases, hasher } = this.#options.keyspace;
    switch (delta.kind) {
      case "patch":
        hasher.digest(delta.key, 0, delta.key.length);
        if (delta.db >= databases.length || hasher.slot !== delta.slot) return false;
        break;
      case "flush":
      case "collect":
        if (delta.db !== null && delta.db >= databases.length) return false;
        break;
      default:
        return false;
    }
    if (delta.slot === null) this.#touchedCount = SLOT_COUNT + 1;
    else this.#touch(delta.slot);
    return true;
  }

  #note(from: number, slot: number): number {
    const i = this.#count++;
    if (i === this.#starts.length) this.#grow();
    this.#starts[i] = from;
    this.#slots[i] = slot;
    return i;
  }

  #grow(): void {
    const length = 2 * this.#starts.length;
    this.#starts = copied(this.#starts, new Int32Array(length));
    this.#slots = copied(this.#slots, new Int32Array(length));
    this.#hashes = copied(this.#hashes, new Int32Array(length));
    this.#databases = copied(this.#databases, new Uint8Array(length));
  }

  #touch(slot: number): void {
    if (this.#touchedBy[slot] === this.#call || this.#touchedCount > SLOT_COUNT) return;
    this.#touchedBy[slot] = this.#call;
    this.#touched[this.#touchedCount++] = slot;
  }

  #touchesOnly(mayTouch: (slot: number) => boolean): boolean {
    if (this.#touchedCount > SLOT_COUNT) return false;
    for (let i = 0; i < this.#touchedCount; i++) if (!mayTouch(this.#touched[i]!)) return false;
    return true;
  }

  // ---- Applying ----

  #applyAll(bytes: Buffer, nowMs: number): void {
    for (let from = 0; from < this.#count; from += FETCH_MAX) {
      const end = Math.min(from + FETCH_MAX, this.#count);
      this.#fetchRecords(from, end);
      for (let i = from; i < end; i++) {
        if (this.#slots[i] === NO_RECORD) this.#applyValue(bytes, this.#starts[i]!, nowMs);
        else this.#applyRecord(bytes, i, nowMs);
      }
    }
  }

  /** Nearly always they are of one database. */
  #fetchRecords(from: number, end: number): void {
    const database = this.#options.keyspace.databases[this.#databases[from]!]!;
    if (!RecordFetch.pays(database)) return;
    const { slots, hashes } = this.#fetch;
    for (let i = from; i < end; i++) {
      slots[i - from] = Math.max(0, this.#slots[i]!);
      hashes[i - from] = this.#hashes[i]!;
    }
    this.#fetch.read(database, end - from);
  }

  #applyRecord(bytes: Buffer, i: number, nowMs: number): void {
    const { keyspace } = this.#options;
    const record = this.#record;
    record.read(bytes, this.#starts[i]!, bytes.length);
    keyspace.select(record.db);
    keyspace.hasher.offer(bytes, record.keyStart, this.#slots[i]!, this.#hashes[i]!);
    const wasSeen = keyspace.peek(bytes, record.keyStart, record.keyEnd) !== NOWHERE;
    const loading = this.#loader.load(bytes, record);
    if (loading === "undecided") {
      this.#applyValue(bytes, this.#starts[i]!, nowMs);
      return;
    }
    const newest = this.#newest;
    const { newestClock } = this.#loader;
    if (newestClock > newest[0]!) newest[0] = newestClock;
    if (loading === "ignored") return;
    this.#hasChanged = true;
    if (wasSeen || keyspace.at !== NOWHERE) keyspace.changed();
    if (loading === "remains" && isAwaited(record, nowMs)) this.#tellIncomplete(bytes, record);
  }

  /** False if it takes a merge. */
  #applyPatch(patch: PatchDelta): boolean {
    const { keyspace } = this.#options;
    keyspace.select(patch.db);
    if (!this.#loader.patch(patch)) return false;
    const newest = this.#newest;
    newest[0] = Math.max(newest[0]!, patch.life.clock);
    keyspace.changed();
    return true;
  }

  #tellIncomplete(bytes: Buffer, { db, slot, keyStart, keyEnd, lifeClock, lifeOrigin }: RecordCursor): void {
    const key = Buffer.from(bytes.subarray(keyStart, keyEnd));
    this.#options.incomplete({ db, slot, key, life: { clock: lifeClock, origin: lifeOrigin } });
  }

  /** Any delta, by way of a value of it. Merging goes by the time: a husk that has expired needs no body, and stays one. */
  #applyValue(bytes: Buffer, from: number, nowMs: number): void {
    const { keyspace, limits, incomplete } = this.#options;
    const delta = readDelta(new ByteReader({ bytes, start: from, end: bytes.length }))!;
    if (delta.kind === "patch" && this.#applyPatch(delta)) {
      this.#hasChanged = true;
      return;
    }
    keyspace.nowMs = nowMs;
    const application = applyDelta(keyspace, limits(), delta);
    keyspace.nowMs = 0;
    if (application !== "ignored") this.#hasChanged = true;
    if (application !== "needs-record" || (delta.kind !== "record" && delta.kind !== "patch")) return;
    const { life } = delta.kind === "patch" ? delta : delta.state;
    incomplete({ db: delta.db, slot: delta.slot, key: Buffer.from(delta.key), life });
  }
}

/** Whether a record without a body, which was put where there was none of its life, speaks of one: `lacksBody` of its state. */
function isAwaited(record: RecordCursor, nowMs: number): boolean {
  const { rank, deadlineMs, lifeClock, lifeOrigin, registerClock, registerOrigin } = record;
  if (rank !== RANKS.none) return false;
  if (deadlineMs !== 0) return deadlineMs > nowMs;
  return registerClock !== lifeClock || registerOrigin !== lifeOrigin;
}

function copied<Numbers extends Int32Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
