/**
 * A set in the making: members that are not in the arena yet, or no more. As packed entries of one version they are what a record is
 * filled with, however many they are. Integers come out in their order as long as a set keeps them so.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { compareInt64Digits, parseInt64 } from "../base/int64.js";
import { appendEntry, ENTRIES_BASE_BYTES, type Entry, EntryCursor } from "../delta/packed-entries.js";
import { VERSION_ZERO, type Version, writeVersion } from "../delta/version.js";
import { NOWHERE } from "./arena.js";
import { fillEntries } from "./entries-state.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { TYPE_SET } from "./record.js";
import type { ByteView } from "./records.js";

const NO_VALUE: ByteRange = { bytes: Buffer.alloc(0), start: 0, end: 0 };

export class GatheredSet {
  /** Members. */
  length = 0;
  readonly #entries: ByteWriter;
  #areIntegers = true;

  /** `add` throws `WriterFull` rather than hold more bytes. One that is to be stored has up to `MADE_BYTES_MAX`. */
  constructor(bytesMax: number) {
    this.#entries = new ByteWriter({ bytesMax });
    this.#entries.ensure(ENTRIES_BASE_BYTES);
    writeVersion(this.#entries.bytes, 0, VERSION_ZERO);
    this.#entries.length = ENTRIES_BASE_BYTES;
  }

  /** Adds a member that is not among them. */
  add(member: ByteRange): void {
    const entry: Entry = { field: member, value: NO_VALUE, version: VERSION_ZERO };
    appendEntry(this.#entries, entry, VERSION_ZERO);
    this.#areIntegers &&= parseInt64(member.bytes, member.start, member.end) !== undefined;
    this.length++;
  }

  /** Visits the members: all of them, for they may be put in order first. */
  forEach(limits: PackingLimits, visit: (member: ByteView) => void): void {
    this.#order(limits);
    const { bytes, length } = this.#entries;
    const cursor = new EntryCursor();
    cursor.open(bytes, 0, length);
    const member = { bytes, start: 0, end: 0 };
    while (cursor.next()) {
      member.start = cursor.fieldStart;
      member.end = cursor.fieldEnd;
      visit(member);
    }
  }

  /** Gives the open key this set, which is not empty, as a new life. What the key had is gone. */
  store(keyspace: Keyspace, limits: PackingLimits): void {
    this.#order(limits);
    const life: Version = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const { bytes, length } = this.#entries;
    writeVersion(bytes, 0, life);
    const isNew = keyspace.at === NOWHERE;
    const entries: ByteView = { bytes, start: 0, end: length };
    fillEntries(keyspace, limits, { type: TYPE_SET, life }, entries);
    keyspace.journal?.replaced(entries);
    keyspace.changed();
    if (isNew) keyspace.happened("new", "new");
  }

  #order({ setMaxIntsetEntries }: PackingLimits): void {
    if (!this.#areIntegers || this.length > setMaxIntsetEntries) return;
    const { bytes, length } = this.#entries;
    const members: (ByteRange & { from: number; to: number })[] = [];
    const cursor = new EntryCursor();
    cursor.open(bytes, 0, length);
    while (cursor.next()) {
      const { fieldStart: start, fieldEnd: end, entryStart: from, entryEnd: to } = cursor;
      members.push({ bytes, start, end, from, to });
    }
    members.sort(compareInt64Digits);
    const sorted = members.map(({ from, to }) => bytes.subarray(from, to));
    Buffer.concat(sorted).copy(bytes, ENTRIES_BASE_BYTES);
  }
}
