/**
 * A sorted set in the making, or in the taking apart: members with scores that are not in the arena yet, or no more. They are given in
 * their order, and are as packed entries of one version what a record is filled with, however many they are.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { BODY_BYTES_MAX } from "../delta/body-codec.js";
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
  readonly #entries = new ByteWriter({ bytesMax: BODY_BYTES_MAX });

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
  }

  forEach(visit: (member: ByteView, score: number) => void): void {
    const { bytes, length } = this.#entries;
    const cursor = new EntryCursor();
    cursor.open(bytes, 0, length);
    const member = { bytes, start: 0, end: 0 };
    while (cursor.next()) {
      member.start = cursor.fieldStart;
      member.end = cursor.fieldEnd;
      visit(member, readScore(bytes, cursor.valueStart, cursor.valueEnd));
    }
  }

  /** Gives the open key this sorted set, which is not empty, as a new life. What the key had is gone. */
  store(keyspace: Keyspace, limits: PackingLimits): void {
    const life: Version = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const { bytes, length } = this.#entries;
    writeVersion(bytes, 0, life);
    const isNew = keyspace.at === NOWHERE;
    fillEntries(keyspace, limits, { type: TYPE_ZSET, life }, { bytes, start: 0, end: length });
    keyspace.journal?.replaced();
    keyspace.changed();
    if (isNew) keyspace.happened("new", "new");
  }
}
