/**
 * Digests of records: equal for records that are the same in the sense of merging (life, register, body, be it what is left of one),
 * whatever their form, place and access clock. A record that has expired counts as its husk, whether or not somebody has looked at it; marks
 * of removed fields that the birth floor covers count as collected, whether or not somebody has (RENAME can carry some past a floor).
 *
 * Entries of a collection are digested one by one and the digests added up, since entries have no order. What is long takes several steps
 * (long-digest.ts): a collection that is a table, and a text that is not in the arena.
 */
import { Digest64 } from "../base/digest64.js";
import type { Entry } from "../delta/packed-entries.js";
import { compareVersions, type Version } from "../delta/version.js";
import { type Location, UNIT_MASK } from "./arena.js";
import type { Database } from "./database.js";
import { isTable } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import { EXPIRED, hasFields, LIFE_CLOCK, type RecordType, TYPE_NONE, TYPE_TEXT } from "./record.js";

/** A digest, or a sum of digests: two signed integers. */
export interface Lanes {
  readonly low: number;
  readonly high: number;
}

/** What makes a difference beyond the records themselves. */
export interface AsOf {
  /** The time of the hybrid clock. */
  readonly atMs: number;
  /** The birth floor of the slot. */
  readonly birth: Version;
}

/** Whether clients, at that time of the hybrid clock, do not see the record because it has expired. */
export function isHusk({ records }: Database, at: Location, atMs: number): boolean {
  const deadline = records.deadline(at);
  return (deadline !== 0 && deadline <= atMs) || (records.word1(at) & EXPIRED) !== 0;
}

/** Whether the digest of a record takes several steps. */
export function isLong(database: Database, at: Location): boolean {
  const { records } = database;
  switch (records.type(at)) {
    case TYPE_TEXT:
      return records.isOutside(at);
    default:
      return isTable(database, at);
  }
}

/** A clock as the machine holds it: two words. */
const clock = new Float64Array(1);
const clockWords = new Int32Array(clock.buffer);

export function takeNumber(digest: Digest64, value: number): void {
  clock[0] = value;
  digest.word(clockWords[0]!);
  digest.word(clockWords[1]!);
}

/** Digests what is not long. One serves any number of records. */
export class RecordDigest implements Lanes {
  low = 0;
  high = 0;
  readonly #digest = new Digest64();
  readonly #entries = new DigestSum();
  readonly #reader = new EntryReader();

  /** Digests the record at `at`, which is not long. */
  take(database: Database, at: Location, { atMs, birth }: AsOf): void {
    const { records } = database;
    const type = isHusk(database, at, atMs) ? TYPE_NONE : records.type(at);
    const digest = this.#digest;
    takeHead(digest, database, at, type);
    if (hasFields(type)) this.#takeEntries(database, at, birth);
    else if (type !== TYPE_NONE) takeBody(digest, database, at);
    digest.finish();
    this.low = digest.low;
    this.high = digest.high;
  }

  #takeEntries(database: Database, at: Location, birth: Version): void {
    const entries = this.#entries;
    const reader = this.#reader;
    entries.begin();
    reader.open(database, at);
    while (reader.next()) if (!isCollected(reader, birth)) entries.add(digestOf(reader));
    entries.endIn(this.#digest);
  }
}

/** Digests of things that have no order, added up. */
export class DigestSum implements Lanes {
  low = 0;
  high = 0;
  /** How many were added. */
  count = 0;

  begin(): void {
    this.low = 0;
    this.high = 0;
    this.count = 0;
  }

  add({ low, high }: Lanes): void {
    this.low = (this.low + low) | 0;
    this.high = (this.high + high) | 0;
    this.count++;
  }

  /** Lets another digest take count and sum. */
  endIn(digest: Digest64): void {
    digest.word(this.count);
    digest.word(this.low);
    digest.word(this.high);
  }
}

/** Begins a digest with all of a record but its body. */
export function takeHead(digest: Digest64, database: Database, at: Location, type: RecordType): void {
  const { records, number } = database;
  const slab = records.slab(at);
  const unit = at & UNIT_MASK;
  const lifeClock = records.lifeClock(at);
  const lifeOrigin = records.lifeOrigin(at);
  const deadline = records.deadline(at);
  const registerClock = records.registerClock(at);
  const registerOrigin = records.registerOrigin(at);
  const hasRegister = deadline !== 0 || registerClock !== lifeClock || registerOrigin !== lifeOrigin;
  digest.begin();
  digest.word(number | (type << 8) | (hasRegister ? 1 << 15 : 0) | (lifeOrigin << 16));
  digest.word(slab.words[(unit + LIFE_CLOCK) << 1]!);
  digest.word(slab.words[((unit + LIFE_CLOCK) << 1) + 1]!);
  if (hasRegister) {
    takeNumber(digest, deadline);
    takeNumber(digest, registerClock);
    digest.word(registerOrigin);
  }
  const { start, end } = records.key(at);
  digest.word(end - start);
  digest.range(slab.words, start, end);
}

/** The length of the body, and its bytes. */
function takeBody(digest: Digest64, { records }: Database, at: Location): void {
  const { bytes, start, end } = records.body(at);
  digest.word(end - start);
  if (records.isOutside(at)) digest.bytes(bytes, start, end);
  else digest.range(records.slab(at).words, start, end);
}

/** Whether an entry is a mark that the birth floor covers: it may be gone or not, and means nothing any more. */
export function isCollected({ value, version }: Entry, birth: Version): boolean {
  return value === null && compareVersions(version, birth) <= 0;
}

const entryDigest = new Digest64();

/** The digest of an entry: an object that the next call uses again. */
export function digestOf(entry: Entry): Lanes {
  takeEntryHead(entryDigest, entry);
  if (entry.value !== null) {
    const { bytes, start, end } = entry.value;
    entryDigest.bytes(bytes, start, end);
  }
  entryDigest.finish();
  return entryDigest;
}

/** Begins a digest with all of an entry but the bytes of its value. */
export function takeEntryHead(digest: Digest64, { field, value, version }: Entry): void {
  digest.begin();
  digest.word(version.origin | (value === null ? 1 << 16 : 0));
  takeNumber(digest, version.clock);
  digest.word(field.end - field.start);
  digest.bytes(field.bytes, field.start, field.end);
  if (value !== null) digest.word(value.end - value.start);
}
