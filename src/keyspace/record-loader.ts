/**
 * Loads record deltas into the keyspace straight from their bytes. What merging would make of them is made in place where
 * that is easily told: a record where there is none or one of a lower life, and what joins a record of the same life.
 * That is nearly all; for the rest there is `applyDelta`, whose results these are, and tests hold them to that.
 *
 * Remains are kept and nothing expires, so it is for who keeps tombstones, at least for now, and has set the time aside. No change is
 * counted or told to anybody: that is the caller's.
 */
import { type ByteRange, copyBytes } from "../base/bytes.js";
import type { PatchDelta } from "../delta/delta.js";
import {
  CONTRIBUTION_BYTES,
  COUNTER_BASE_BYTES,
  contributionBoot,
  contributionClock,
  contributionOrigin,
  contributionSum,
  findContribution,
  isPackedCounter,
  rewriteContribution,
} from "../delta/packed-counter.js";
import {
  EntryCursor,
  isPackedEntries,
  isPackedList,
  isPackedSet,
  isPackedSortedSet,
} from "../delta/packed-entries.js";
import type { RecordCursor } from "../delta/record-cursor.js";
import { isRankOfFields, RANKS } from "../delta/record-state.js";
import { isPackedStream } from "../delta/stream-items.js";
import { compareVersions } from "../delta/version.js";
import { type Location, NOWHERE, type Slab, UNIT_BITS, UNIT_MASK } from "./arena.js";
import { hasNoLive } from "./entries-body.js";
import { fillEntries, mergeEntries } from "./entries-state.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import {
  DEADLINE,
  EXPIRED,
  HEADER_BYTES,
  LIFE_CLOCK,
  ORIGIN_SHIFT,
  OUTSIDE,
  REGISTER_CLOCK,
  REGISTER_ORIGIN,
  type RecordType,
  registerBytes,
  TYPE_COUNTER,
  TYPE_FLAGS_ORIGIN,
  TYPE_TEXT,
  typeOf,
} from "./record.js";
import type { SlotFloors } from "./slot-floors.js";

/** `malformed`: the body has not the form of its rank. `undecided`: it takes a merge. `ignored`: it says nothing new. */
export type Loading = "loaded" | "remains" | "ignored" | "malformed" | "undecided";

export class RecordLoader {
  readonly #keyspace: Keyspace;
  readonly #limits: () => PackingLimits;
  readonly #entries = new EntryCursor();
  readonly #view: { bytes: Buffer; start: number; end: number } = {
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
  };
  /** [the highest clock of the record at hand]. A typed array, so that it is not boxed. */
  readonly #newest = new Float64Array(1);
  #hasMarks = false;

  constructor(keyspace: Keyspace, limits: () => PackingLimits) {
    this.#keyspace = keyspace;
    this.#limits = limits;
  }

  /** The highest clock of the record that was loaded last. */
  get newestClock(): number {
    return this.#newest[0]!;
  }

  /**
   * Loads the record that the cursor has read from these bytes. Its key is the open one. `remains` says that its slot may now
   * have remains to collect.
   */
  load(bytes: Buffer, record: RecordCursor): Loading {
    const { rank, lifeClock, lifeOrigin } = record;
    if (rank === RANKS.text) this.#newest[0] = Math.max(lifeClock, record.registerClock);
    else if (!this.#examine(bytes, record)) return "malformed";
    const { database, slot, at, ghost } = this.#keyspace;
    const { birthFloors, flushFloors } = database;
    if (order(lifeClock, lifeOrigin, flushFloors, slot) < 0) return "ignored";
    const overBirth = order(lifeClock, lifeOrigin, birthFloors, slot);
    const there = at !== NOWHERE ? at : ghost;
    if (there === NOWHERE) return overBirth >= 0 ? this.#place(bytes, record) : "undecided";
    const slab = database.records.arena.slabs[there >>> UNIT_BITS]!;
    const unit = there & UNIT_MASK;
    const clock = slab.doubles[unit + LIFE_CLOCK]!;
    const word1 = slab.words[(unit << 1) + TYPE_FLAGS_ORIGIN]!;
    const origin = word1 >>> ORIGIN_SHIFT;
    const overThere = lifeClock - clock || lifeOrigin - origin;
    if (overThere > 0) return overBirth > 0 ? this.#place(bytes, record) : "undecided";
    if (overThere < 0) return order(clock, origin, birthFloors, slot) > 0 ? "ignored" : "undecided";
    if (at === NOWHERE && (!isRankOfFields(rank) || (word1 & EXPIRED) !== 0)) return "undecided";
    // Of equal clocks the origin decides, which is not looked at here.
    if (this.newestClock < birthFloors.clock(slot)) return "ignored";
    return this.newestClock === birthFloors.clock(slot) ? "undecided" : this.#join(bytes, record);
  }

  /** Finds the highest clock, and whether fields are marked as removed. False if the body is malformed. */
  #examine(bytes: Buffer, record: RecordCursor): boolean {
    const range = { bytes, start: record.bodyStart, end: record.bodyEnd };
    const newest = this.#newest;
    newest[0] = Math.max(record.lifeClock, record.registerClock);
    this.#hasMarks = false;
    switch (record.rank) {
      case RANKS.none:
        return true;
      case RANKS.counter:
        if (!isPackedCounter(range)) return false;
        for (let at = range.start + COUNTER_BASE_BYTES; at < range.end; at += CONTRIBUTION_BYTES) {
          newest[0] = Math.max(newest[0]!, contributionClock(bytes, at));
        }
        return true;
      case RANKS.hash:
        return isPackedEntries(range) && this.#examineEntries(range);
      case RANKS.set:
        return isPackedSet(range) && this.#examineEntries(range);
      case RANKS.list:
        return isPackedList(range) && this.#examineEntries(range);
      case RANKS.zset:
        return isPackedSortedSet(range) && this.#examineEntries(range);
      case RANKS.stream:
        return isPackedStream(range) && this.#examineEntries(range);
      default:
        return false;
    }
  }

  #examineEntries({ bytes, start, end }: ByteRange): boolean {
    const entries = this.#entries;
    const newest = this.#newest;
    entries.open(bytes, start, end);
    while (entries.next()) {
      newest[0] = Math.max(newest[0]!, entries.clock());
      if (entries.isRemoved) this.#hasMarks = true;
    }
    return true;
  }

  /** Writes a patch into the text that it was made on; false, and nothing done, if that is not what the key has. */
  patch({ predecessor, life, deadlineMs, offset, bytes, key }: PatchDelta): boolean {
    const keyspace = this.#keyspace;
    const name = Buffer.from(key.buffer, key.byteOffset, key.length);
    keyspace.peek(name, 0, name.length);
    const { records, database, slot, at } = keyspace;
    if (at === NOWHERE || records.type(at) !== TYPE_TEXT) return false;
    if (records.lifeClock(at) !== predecessor.clock || records.lifeOrigin(at) !== predecessor.origin)
      return false;
    const { birthFloors, flushFloors } = database;
    if (compareVersions(life, predecessor) <= 0 || order(life.clock, life.origin, birthFloors, slot) <= 0)
      return false;
    if (order(life.clock, life.origin, flushFloors, slot) < 0) return false;
    const before = records.bodyLength(at);
    const length = Math.max(before, offset + bytes.length);
    if (length === before) records.makeOwn(at);
    const grown = keyspace.reshape(registerBytes(records.word1(at)), length);
    const body = records.body(grown);
    if (length > before && !records.isOutside(grown)) body.bytes.fill(0, body.start + before, body.end);
    body.bytes.set(bytes, body.start + offset);
    records.setLife(grown, life.clock, life.origin);
    keyspace.writeRegister(deadlineMs, life.clock, life.origin);
    return true;
  }

  // ---- What wins whole ----

  #place(bytes: Buffer, record: RecordCursor): Loading {
    const keyspace = this.#keyspace;
    const { rank, lifeClock, lifeOrigin, bodyStart, bodyEnd } = record;
    if (isRankOfFields(rank)) return this.#placeEntries(bytes, record);
    const registerSize = registerSizeOf(record);
    const at = keyspace.placeRaw(rank as RecordType, 0, registerSize, bodyEnd - bodyStart);
    const slab = keyspace.records.arena.slabs[at >>> UNIT_BITS]!;
    const unit = at & UNIT_MASK;
    const word = (unit << 1) + TYPE_FLAGS_ORIGIN;
    slab.words[word] = (slab.words[word]! & 0xffff) | (lifeOrigin << ORIGIN_SHIFT);
    slab.doubles[unit + LIFE_CLOCK] = lifeClock;
    if (slab.words[word]! & OUTSIDE) {
      const body = keyspace.records.body(at);
      bytes.copy(body.bytes, body.start, bodyStart, bodyEnd);
    } else {
      const to = (unit << 3) + HEADER_BYTES + registerSize + record.keyEnd - record.keyStart;
      copyBytes(bytes, bodyStart, bodyEnd, slab.bytes, to);
    }
    if (registerSize > 0) this.#fillRegister(slab, unit, registerSize, record);
    if (rank !== RANKS.none) return "loaded";
    keyspace.hide();
    return "remains";
  }

  #fillRegister(slab: Slab, unit: number, size: number, record: RecordCursor): void {
    const { database, slot } = this.#keyspace;
    const { deadlineMs } = record;
    slab.doubles[unit + DEADLINE] = deadlineMs;
    if (size >= 16) slab.doubles[unit + REGISTER_CLOCK] = record.registerClock;
    if (size === 24) slab.words[(unit << 1) + REGISTER_ORIGIN] = record.registerOrigin;
    if (deadlineMs === 0) return;
    database.expiringCount++;
    database.noteDeadline(slot, deadlineMs);
  }

  #placeEntries(bytes: Buffer, record: RecordCursor): Loading {
    const keyspace = this.#keyspace;
    const life = { clock: record.lifeClock, origin: record.lifeOrigin };
    const type = record.rank as RecordType;
    fillEntries(keyspace, this.#limits(), { type, life }, this.#body(bytes, record));
    if (registerSizeOf(record) > 0) {
      keyspace.writeRegister(record.deadlineMs, record.registerClock, record.registerOrigin);
    }
    const isEmptied = hasNoLive(keyspace.database, keyspace.at);
    if (isEmptied) keyspace.hide();
    return isEmptied || this.#hasMarks ? "remains" : "loaded";
  }

  // ---- What joins the life that is there ----

  #join(bytes: Buffer, record: RecordCursor): Loading {
    const { records, at, ghost } = this.#keyspace;
    const type = typeOf(records.word1(at !== NOWHERE ? at : ghost));
    if (isRankOfFields(record.rank) && type === record.rank) return this.#joinEntries(bytes, record);
    if (at === NOWHERE) return "undecided";
    switch (record.rank) {
      case RANKS.none:
        return this.#joinRegister(record) ? "loaded" : "ignored";
      case RANKS.text: {
        if (type !== TYPE_TEXT || !this.#isSameText(bytes, record, at)) return "undecided";
        return this.#joinRegister(record) ? "loaded" : "ignored";
      }
      default:
        return type === TYPE_COUNTER && record.rank === RANKS.counter
          ? this.#joinCounter(bytes, record, at)
          : "undecided";
    }
  }

  #joinEntries(bytes: Buffer, record: RecordCursor): Loading {
    const keyspace = this.#keyspace;
    let isNews = false;
    if (this.#isRegisterNews(record)) {
      if (keyspace.at === NOWHERE) return "undecided";
      isNews = this.#joinRegister(record);
    }
    if (!mergeEntries(keyspace, this.#limits(), this.#body(bytes, record)) && !isNews) return "ignored";
    return this.#hasMarks ? "remains" : "loaded";
  }

  #isSameText(bytes: Buffer, { bodyStart, bodyEnd }: RecordCursor, at: Location): boolean {
    const body = this.#keyspace.records.body(at);
    return bytes.compare(body.bytes, body.start, body.end, bodyStart, bodyEnd) === 0;
  }

  /** Undecided, and nothing changed, if the counter that is there has not the same base, or lacks a contribution. */
  #joinCounter(bytes: Buffer, record: RecordCursor, at: Location): Loading {
    const { bodyStart, bodyEnd } = record;
    const { bytes: ours, start, end } = this.#keyspace.records.body(at);
    const first = bodyStart + COUNTER_BASE_BYTES;
    if (bytes.compare(ours, start, start + COUNTER_BASE_BYTES, bodyStart, first) !== 0) return "undecided";
    for (let from = first; from < bodyEnd; from += CONTRIBUTION_BYTES) {
      const to = findContribution(ours, start, end, contributorAt(bytes, from));
      if (to < 0 || contributionClock(ours, to) === contributionClock(bytes, from)) {
        if (to < 0 || contributionSum(ours, to) !== contributionSum(bytes, from)) return "undecided";
      }
    }
    let isNews = false;
    for (let from = first; from < bodyEnd; from += CONTRIBUTION_BYTES) {
      const to = findContribution(ours, start, end, contributorAt(bytes, from));
      const clock = contributionClock(bytes, from);
      if (clock <= contributionClock(ours, to)) continue;
      rewriteContribution(ours, to, contributionSum(bytes, from), clock);
      isNews = true;
    }
    return this.#joinRegister(record) || isNews ? "loaded" : "ignored";
  }

  #isRegisterNews({ registerClock, registerOrigin, deadlineMs }: RecordCursor): boolean {
    const { records, at, ghost } = this.#keyspace;
    const there = at !== NOWHERE ? at : ghost;
    const order =
      registerClock - records.registerClock(there) ||
      registerOrigin - records.registerOrigin(there) ||
      deadlineMs - records.deadline(there);
    return order > 0;
  }

  /** Of the open record, which clients see. Answers whether that changed it. */
  #joinRegister(record: RecordCursor): boolean {
    if (!this.#isRegisterNews(record)) return false;
    this.#keyspace.writeRegister(record.deadlineMs, record.registerClock, record.registerOrigin);
    return true;
  }

  #body(bytes: Buffer, { bodyStart, bodyEnd }: RecordCursor): { bytes: Buffer; start: number; end: number } {
    const view = this.#view;
    view.bytes = bytes;
    view.start = bodyStart;
    view.end = bodyEnd;
    return view;
  }
}

/** Bytes of the register of a record as it is kept: see record.ts. */
function registerSizeOf(record: RecordCursor): number {
  const { registerOrigin, lifeOrigin } = record;
  if (registerOrigin !== lifeOrigin) return 24;
  if (record.registerClock !== record.lifeClock) return 16;
  return record.deadlineMs === 0 ? 0 : 8;
}

const contributor = { origin: 0, boot: 0 };

function contributorAt(bytes: Buffer, at: number): { origin: number; boot: number } {
  contributor.origin = contributionOrigin(bytes, at);
  contributor.boot = contributionBoot(bytes, at);
  return contributor;
}

/** Negative, zero or positive, as the version is below, at or above the slot's floor. */
function order(clock: number, origin: number, floors: SlotFloors, slot: number): number {
  return clock - floors.clock(slot) || origin - floors.origin(slot);
}
