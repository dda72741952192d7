/**
 * Changes the packed entries of the open record where they lie. The record takes another shape only when its body changes
 * in length: a value overwritten by one as long costs a search and a copy.
 *
 * Entries stand in the order in which their fields came, in that of the integers that their fields are, or in that of a sorted set: by
 * scores, those of equal scores by their fields, and behind them the marks of removed fields.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { compareInt64Digits } from "../base/int64.js";
import {
  ENTRIES_BASE_BYTES,
  type Entry,
  EntryCursor,
  entryBytes,
  rebaseEntries,
  writeEntry,
} from "../delta/packed-entries.js";
import { compareScored } from "../delta/score.js";
import { type Version, writeVersion } from "../delta/version.js";
import type { Keyspace } from "./keyspace.js";
import { registerBytes } from "./record.js";
import type { ByteView } from "./records.js";

/** Never reached: a body is packed only while it is small. */
const REBASED_BYTES_MAX = 2 ** 31;
/** Two sizes, an age and a byte of field. One field may be empty: a byte that the comparison below has to spare. */
const ENTRY_BYTES_MIN = 4;

const NO_BYTES: Buffer = Buffer.alloc(0);

export type EntryOrder = "none" | "integers" | "scores";

export class PackedEntriesEditor {
  #keyspace!: Keyspace;
  /** The body is `#bytes[#start, #end)`; the record has bytes up to `#room`. */
  #bytes: Buffer = NO_BYTES;
  #start = 0;
  #end = 0;
  #room = 0;
  #order: EntryOrder = "none";
  readonly #base = { clock: 0, origin: 0 };
  readonly #cursor = new EntryCursor();
  readonly #fieldAtHand = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #valueAtHand = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #scoredAtHand = { field: this.#fieldAtHand, value: this.#valueAtHand };
  /** Where a field that was not found would be. */
  #newAt = 0;

  /** Begins to edit the entries of the open record. */
  open(keyspace: Keyspace, order: EntryOrder): void {
    this.#keyspace = keyspace;
    this.#order = order;
    keyspace.records.makeOwn(keyspace.at);
    this.#view();
    this.#end = this.#room;
    const cursor = this.#cursor;
    cursor.open(this.#bytes, this.#start, this.#end);
    this.#base.clock = cursor.baseClock();
    this.#base.origin = cursor.baseOrigin();
  }

  /** Begins with no entry in the open record, whose body is nothing but room: at least `ENTRIES_BASE_BYTES`. */
  create(keyspace: Keyspace, order: EntryOrder, base: Version): void {
    this.#keyspace = keyspace;
    this.#order = order;
    this.#view();
    this.#end = this.#start + ENTRIES_BASE_BYTES;
    this.#setBase(base);
  }

  /** From now on new fields come last, whatever they are. */
  disorder(): void {
    this.#order = "none";
  }

  /** The body as edited so far. The view is new each time, and good until the next change. */
  get body(): ByteView {
    return { bytes: this.#bytes, start: this.#start, end: this.#end };
  }

  /** Ends the edit: the record keeps no more room than it needs. */
  close(): void {
    if (this.#room !== this.#end) this.#resize(this.#end - this.#start);
  }

  /** Whether there are more than `count` entries, marks among them. Counts only a body that is long enough for so many. */
  hasMoreThan(count: number): boolean {
    if (this.#end - this.#start - ENTRIES_BASE_BYTES < count * ENTRY_BYTES_MIN) return false;
    const cursor = this.#cursor;
    cursor.open(this.#bytes, this.#start, this.#end);
    let entries = 0;
    while (cursor.next()) entries++;
    return entries > count;
  }

  /** Writes an entry in place of the one of its field. Answers whether there is a live field more than before. */
  put(entry: Entry): boolean {
    const { version } = entry;
    const base = this.#base;
    if (version.clock < base.clock) this.#lowerBase(version.clock);
    const cursor = this.#cursor;
    const isFound = this.#find(entry.field);
    const wasLive = isFound && !cursor.isRemoved;
    const isLive = entry.value !== null;
    let from = isFound ? cursor.entryStart : this.#newAt;
    let to = isFound ? cursor.entryEnd : from;
    if (this.#order === "scores") {
      if (isFound) this.#replace(from, to, 0);
      from = to = this.#placeOf(entry);
    } else if (isFound && isLive && !wasLive && this.#order === "none") {
      // A field that comes back is a new one to clients, and new ones come last.
      this.#replace(from, to, 0);
      from = to = this.#end;
    }
    const isAlone = this.#end - (to - from) === this.#start + ENTRIES_BASE_BYTES;
    if (isAlone) this.#setBase(version);
    const at = this.#replace(from, to, entryBytes(entry, base));
    writeEntry(this.#bytes, at, entry, base);
    return isLive && !wasLive;
  }

  /** Whether there is such a field. */
  holds(field: ByteRange): boolean {
    return this.#find(field) && !this.#cursor.isRemoved;
  }

  /** Removes the live field of a mark, which stays in its place if asked. Answers whether there was such a field. */
  remove(mark: Entry, leavesMark: boolean): boolean {
    if (!this.#find(mark.field) || this.#cursor.isRemoved) return false;
    if (leavesMark) this.put(mark);
    else this.#replace(this.#cursor.entryStart, this.#cursor.entryEnd, 0);
    return true;
  }

  /** Finds the entry of a field, or the place of a new one: `#newAt`. */
  #find(field: ByteRange): boolean {
    const cursor = this.#cursor;
    cursor.open(this.#bytes, this.#start, this.#end);
    this.#newAt = this.#end;
    return this.#order === "integers" ? this.#seek(field) : cursor.find(field);
  }

  /** Where an entry that is not there belongs among those that are in the order of scores. */
  #placeOf({ field, value }: Entry): number {
    if (value === null) return this.#end;
    const cursor = this.#cursor;
    cursor.open(this.#bytes, this.#start, this.#end);
    const entry = { field, value };
    this.#fieldAtHand.bytes = this.#valueAtHand.bytes = this.#bytes;
    while (cursor.next()) {
      if (cursor.isRemoved) return cursor.entryStart;
      this.#fieldAtHand.start = cursor.fieldStart;
      this.#fieldAtHand.end = cursor.fieldEnd;
      this.#valueAtHand.start = cursor.valueStart;
      this.#valueAtHand.end = cursor.valueEnd;
      if (compareScored(this.#scoredAtHand, entry) > 0) return cursor.entryStart;
    }
    return this.#end;
  }

  /** The same where entries are ordered by their fields. */
  #seek(field: ByteRange): boolean {
    const cursor = this.#cursor;
    const there = this.#fieldAtHand;
    there.bytes = this.#bytes;
    while (cursor.next()) {
      there.start = cursor.fieldStart;
      there.end = cursor.fieldEnd;
      const order = compareInt64Digits(there, field);
      if (order < 0) continue;
      this.#newAt = cursor.entryStart;
      return order === 0;
    }
    return false;
  }

  /** Makes `bytes[from, to)` so many bytes long, which the caller writes at the offset returned: the body may move. */
  #replace(from: number, to: number, length: number): number {
    const growth = length - (to - from);
    if (growth === 0) return from;
    const offset = from - this.#start;
    const tail = to - this.#start;
    if (this.#end + growth > this.#room) this.#resize(this.#end + growth - this.#start);
    const start = this.#start;
    if (start + tail < this.#end) this.#bytes.copyWithin(start + offset + length, start + tail, this.#end);
    this.#end += growth;
    return start + offset;
  }

  /** Gives the body another length, of which the part in use stays what it is. */
  #resize(length: number): void {
    const keyspace = this.#keyspace;
    const used = this.#end - this.#start;
    keyspace.reshape(registerBytes(keyspace.records.word1(keyspace.at)), length);
    this.#view();
    this.#end = this.#start + used;
  }

  #view(): void {
    const { records, at } = this.#keyspace;
    const { bytes, start, end } = records.body(at);
    this.#bytes = bytes;
    this.#start = start;
    this.#room = end;
  }

  #setBase({ clock, origin }: Version): void {
    this.#base.clock = clock;
    this.#base.origin = origin;
    writeVersion(this.#bytes, this.#start, this.#base);
  }

  /** Lets all ages count from an earlier clock, for an entry that comes late. */
  #lowerBase(clock: number): void {
    const base = this.#base;
    base.clock = clock;
    const rebased = new ByteWriter({ bytesMax: REBASED_BYTES_MAX });
    rebaseEntries(this.#cursor, this.body, base, rebased);
    this.#resize(Math.max(rebased.length, this.#room - this.#start));
    rebased.bytes.copy(this.#bytes, this.#start, 0, rebased.length);
    this.#end = this.#start + rebased.length;
  }
}
