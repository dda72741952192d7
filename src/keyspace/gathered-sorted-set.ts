/**
 * A sorted set in the making: members with scores that are not in the arena yet. They are given in their order, and are as packed entries
 * of one version what a record is filled with, however many they are.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { MADE_BYTES_MAX } from "../delta/body-codec.js";
import { appendEntry, ENTRIES_BASE_BYTES, EntryCursor } from "../delta/packed-entries.js";
import { readScore, SCORE_BYTES_MAX, writeScore } from "../delta/score.js";
import { VERSION_ZERO, type Version, writeVersion } from "../delta/version.js";
import { NOWHERE } from "./arena.js";
import { fillEntries } from "./entries-state.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { TYPE_ZSET } from "./record.js";
import type { ByteView } from "./records.js";

const SCORE = Buffer.alloc(SCORE_BYTES_MAX);

export class GatheredSortedSet {
  /** Members. */
  length = 0;
  readonly #entries = new ByteWriter({ bytesMax: MADE_BYTES_MAX });
  #longest = 0;
  #hasNegativeZero = false;

  /** `add` throws `WriterFull` where a record could not hold more. */
  constructor() {
    this.#entries.ensure(ENTRIES_BASE_BYTES);
    writeVersion(this.#entries.bytes, 0, VERSION_ZERO);
    this.#entries.length = ENTRIES_BASE_BYTES;
  }

  /** Adds a member that is not among them. */
  add(member: ByteRange, score: number): void {
    const value = { bytes: SCORE, start: 0, end: writeScore(SCORE, 0, score) };
    appendEntry(this.#entries, { field: member, value, version: VERSION_ZERO }, VERSION_ZERO);
    this.length++;
    this.#longest = Math.max(this.#longest, member.end - member.start);
    this.#hasNegativeZero ||= Object.is(score, -0);
  }

  /** Gives the open key this sorted set, which is not empty, as a new life. What the key had is gone. */
  store(keyspace: Keyspace, limits: PackingLimits, changes: number): void {
    if (this.#hasNegativeZero && this.#fits(limits)) this.#dropSigns();
    const life: Version = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const { bytes, length } = this.#entries;
    writeVersion(bytes, 0, life);
    const isNew = keyspace.at === NOWHERE;
    const entries: ByteView = { bytes, start: 0, end: length };
    fillEntries(keyspace, limits, { type: TYPE_ZSET, life }, entries);
    keyspace.journal?.replaced(entries);
    keyspace.changed(changes);
    if (isNew) keyspace.happened("new", "new");
  }

  #fits({ zsetMaxListpackEntries, zsetMaxListpackValueBytes }: PackingLimits): boolean {
    return this.length <= zsetMaxListpackEntries && this.#longest <= zsetMaxListpackValueBytes;
  }

  /** Redis's packed form keeps -0 as an integer, which has no sign. */
  #dropSigns(): void {
    const { bytes, length } = this.#entries;
    const cursor = new EntryCursor();
    cursor.open(bytes, 0, length);
    const unsigned = new GatheredSortedSet();
    while (cursor.next()) {
      const score = readScore(bytes, cursor.valueStart, cursor.valueEnd);
      unsigned.add({ bytes, start: cursor.fieldStart, end: cursor.fieldEnd }, score === 0 ? 0 : score);
    }
    this.#entries.clear();
    this.#entries.range({ bytes: unsigned.#entries.bytes, start: 0, end: unsigned.#entries.length });
  }
}
