/**
 * Encodes what the keyspace tells of its changes as deltas, straight from where the bytes lie. All that one command or
 * transaction did is one batch. Nothing is allocated but for a collection that is not packed and for changes of many fields.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import type { Checksum } from "../base/crc32.js";
import { beginBatch, endBatch } from "../delta/batch.js";
import { BODY_BYTES_MAX } from "../delta/body-codec.js";
import {
  type PlacedPatch,
  type PlacedRecord,
  writeCollect,
  writeFlush,
  writePatch,
  writeRecord,
  writeSwap,
} from "../delta/delta-codec.js";
import { CONTRIBUTION_BYTES, COUNTER_BASE_BYTES, findContribution } from "../delta/packed-counter.js";
import { appendEntry, ENTRIES_BASE_BYTES, type Entry, EntryCursor } from "../delta/packed-entries.js";
import { RANKS } from "../delta/record-state.js";
import { equalVersions, type Version, writeVersion } from "../delta/version.js";
import { isTable } from "./entries-body.js";
import { packWhole } from "./entries-state.js";
import type { Journal } from "./journal.js";
import type { Keyspace } from "./keyspace.js";
import { TYPE_LIST } from "./record.js";
import type { ByteView } from "./records.js";

const NO_BATCH = -1;
/** Slots of one batch that are told apart. Who touches more has touched all: a transaction of a thousand slots is rare. */
const SLOTS_MAX = 256;
const NO_BYTES: Buffer = Buffer.alloc(0);
/** Fields that are no longer are told apart as strings. */
const NAME_BYTES_MAX = 256;
/** As for replies: buffers that grew beyond this for a giant change are not kept for the small ones that follow. */
const BUFFER_BYTES_KEPT_MAX = 256 * 1024;
const BUFFER = { bytesMax: BODY_BYTES_MAX, bytesKeptMax: BUFFER_BYTES_KEPT_MAX };

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Is told of every batch that was written. */
export interface BatchSink {
  /**
   * A batch has ended, at the writer's end. It touched the first `count` of `slots`, some perhaps more than once; if
   * `count` exceeds their number it touched any. Valid during the call only. `isLocal`: this node itself made all of it.
   */
  ended(slots: Int32Array, count: number, isLocal: boolean): void;
  /** As `Journal.received`: these batches are not in the writer. What is in it came before them. */
  received(batches: Buffer, slots: Int32Array, count: number): void;
}

export class DeltaJournal implements Journal {
  readonly #keyspace: Keyspace;
  readonly #writer: ByteWriter;
  readonly #checksum: Checksum | undefined;
  readonly #sink: BatchSink | null;
  /** Where the batch at hand begins in the writer. */
  #batch = NO_BATCH;
  /** What the batch at hand touched, as `BatchSink.ended` is told. */
  readonly #slots = new Int32Array(SLOTS_MAX);
  #slotCount = 0;
  /** Whether the batch at hand is of deltas that were applied as they are. */
  #isApplied = false;
  readonly #life = { clock: 0, origin: 0 };
  readonly #registered = { clock: 0, origin: 0 };
  readonly #predecessor = { clock: 0, origin: 0 };
  readonly #key = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #body = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #record: Mutable<PlacedRecord>;
  readonly #patch: Mutable<PlacedPatch>;
  /** The packed entries of the fields that changed, begun by the first of them, and the version that they share. */
  readonly #fields = new ByteWriter(BUFFER);
  readonly #edit = { clock: 0, origin: 0 };
  #fieldCount = 0;
  readonly #cursor = new EntryCursor();
  /** Bodies that do not lie anywhere in one piece. */
  readonly #composed = new ByteWriter(BUFFER);

  /** Appends batches to the writer; the bytes are the business of whoever owns it. */
  constructor(
    keyspace: Keyspace,
    writer: ByteWriter,
    checksum: Checksum | undefined,
    sink: BatchSink | null = null,
  ) {
    this.#keyspace = keyspace;
    this.#writer = writer;
    this.#checksum = checksum;
    this.#sink = sink;
    const place = { db: 0, slot: 0, key: this.#key };
    this.#record = {
      ...place,
      life: this.#life,
      deadlineMs: 0,
      registered: this.#registered,
      rank: 0,
      body: this.#body,
    };
    this.#patch = {
      ...place,
      predecessor: this.#predecessor,
      life: this.#life,
      deadlineMs: 0,
      offset: 0,
      bytes: this.#body,
    };
  }

  get batchBytes(): number {
    return this.#batch === NO_BATCH ? 0 : this.#writer.length - this.#batch;
  }

  replaced(entries?: ByteView): void {
    const { database, records, at } = this.#keyspace;
    const type = records.type(at);
    this.#place(this.#record);
    this.#readLife();
    if (records.hasRegister(at)) this.#readRegister();
    else this.#leaveRegister();
    this.#record.rank = type;
    if (entries !== undefined) {
      this.#setBody(entries.bytes, entries.start, entries.end);
    } else if (type === TYPE_LIST || isTable(database, at)) {
      this.#composed.clear();
      packWhole(database, at, this.#composed);
      this.#takeComposed();
    } else {
      this.#takeBody();
    }
    writeRecord(this.#begun(), this.#record);
    this.#releaseBuffers();
  }

  patched(predecessorClock: number, predecessorOrigin: number, offset: number, length: number): void {
    const { records, at } = this.#keyspace;
    const patch = this.#patch;
    this.#place(patch);
    this.#readLife();
    this.#predecessor.clock = predecessorClock;
    this.#predecessor.origin = predecessorOrigin;
    patch.deadlineMs = records.deadline(at);
    patch.offset = offset;
    this.#takeBody();
    this.#body.start += offset;
    this.#body.end = this.#body.start + length;
    writePatch(this.#begun(), patch);
  }

  counted(): void {
    this.#place(this.#record);
    this.#readLife();
    this.#readRegisterOfPart();
    this.#takeBody();
    const { bytes, start, end } = this.#body;
    const own = findContribution(bytes, start, end, this.#keyspace);
    const composed = this.#composed;
    composed.clear();
    composed.range({ bytes, start, end: start + COUNTER_BASE_BYTES });
    composed.range({ bytes, start: own, end: own + CONTRIBUTION_BYTES });
    this.#takeComposed();
    this.#record.rank = RANKS.counter;
    writeRecord(this.#begun(), this.#record);
  }

  fieldChanged(entry: Entry): void {
    const fields = this.#fields;
    const edit = this.#edit;
    // A command that failed half-way leaves entries behind, which are not of this version.
    if (this.#fieldCount === 0 || !equalVersions(entry.version, edit)) {
      edit.clock = entry.version.clock;
      edit.origin = entry.version.origin;
      beginEntries(fields, edit);
      this.#fieldCount = 0;
    }
    appendEntry(fields, entry, edit);
    this.#fieldCount++;
  }

  fieldsChanged(areDistinct: boolean): void {
    const { records, at } = this.#keyspace;
    this.#place(this.#record);
    this.#readLife();
    const edit = this.#edit;
    const isRegisterEdited =
      records.registerClock(at) === edit.clock && records.registerOrigin(at) === edit.origin;
    if (isRegisterEdited) this.#readRegister();
    else this.#readRegisterOfPart();
    this.#takeFields();
    if (!areDistinct && this.#fieldCount > 1) this.#composeFields();
    this.#record.rank = records.type(at);
    this.#fieldCount = 0;
    writeRecord(this.#begun(), this.#record);
    this.#releaseBuffers();
  }

  deadlineSet(): void {
    this.#place(this.#record);
    this.#readLife();
    this.#readRegister();
    this.#record.rank = RANKS.none;
    writeRecord(this.#begun(), this.#record);
  }

  removed(clock: number): void {
    this.#place(this.#record);
    this.#life.clock = clock;
    this.#life.origin = this.#keyspace.origin;
    this.#leaveRegister();
    this.#record.rank = RANKS.none;
    writeRecord(this.#begun(), this.#record);
  }

  flushed(database: number, clock: number, slot: number | null): void {
    if (this.#isApplied) this.ended();
    if (slot === null) this.#touchAll();
    else this.#touch(slot);
    const floor = { clock, origin: this.#keyspace.origin };
    writeFlush(this.#begun(), { kind: "flush", db: database, slot, floor });
  }

  collected(slot: number, floor: Version): void {
    if (this.#isApplied) this.ended();
    this.#touch(slot);
    writeCollect(this.#begun(), { kind: "collect", db: null, slot, floor });
  }

  swapped(one: number, other: number, clock: number): void {
    this.#touchAll();
    const version = { clock, origin: this.#keyspace.origin };
    writeSwap(this.#begun(), { kind: "swap", one, other, version });
  }

  applied(deltas: ByteRange, slot: number): void {
    if (!this.#isApplied) this.ended();
    this.#isApplied = true;
    this.#touch(slot);
    this.#begun().range(deltas);
  }

  received(batches: Buffer, slots: Int32Array, count: number): void {
    this.ended();
    this.#sink?.received(batches, slots, count);
  }

  ended(): void {
    if (this.#batch === NO_BATCH) return;
    endBatch(this.#writer, this.#batch, this.#checksum);
    this.#batch = NO_BATCH;
    const count = this.#slotCount;
    const isLocal = !this.#isApplied;
    this.#slotCount = 0;
    this.#isApplied = false;
    this.#sink?.ended(this.#slots, count, isLocal);
  }

  /** The writer, at the place of the next delta of the batch. */
  #begun(): ByteWriter {
    if (this.#batch === NO_BATCH) this.#batch = beginBatch(this.#writer);
    return this.#writer;
  }

  #place(delta: { db: number; slot: number }): void {
    if (this.#isApplied) this.ended();
    const { database, slot, bytes, start, end } = this.#keyspace;
    delta.db = database.number;
    delta.slot = slot;
    this.#touch(slot);
    this.#key.bytes = bytes;
    this.#key.start = start;
    this.#key.end = end;
  }

  #touch(slot: number): void {
    const count = this.#slotCount;
    if (count > SLOTS_MAX || (count > 0 && this.#slots[count - 1] === slot)) return;
    if (count < SLOTS_MAX) this.#slots[count] = slot;
    this.#slotCount = count + 1;
  }

  #touchAll(): void {
    if (this.#isApplied) this.ended();
    this.#slotCount = SLOTS_MAX + 1;
  }

  #readLife(): void {
    const { records, at } = this.#keyspace;
    this.#life.clock = records.lifeClock(at);
    this.#life.origin = records.lifeOrigin(at);
  }

  #readRegister(): void {
    const { records, at } = this.#keyspace;
    this.#record.deadlineMs = records.deadline(at);
    this.#registered.clock = records.registerClock(at);
    this.#registered.origin = records.registerOrigin(at);
  }

  /**
   * The register of a delta that tells a part of the record. Where no husk will tell that the record expired, each part has
   * to: in a snapshot that this delta is written into, the rest of the record may be missing, for it expired before its
   * turn came; and without a deadline the part would come to life.
   */
  #readRegisterOfPart(): void {
    if (this.#keyspace.keepTombstones) this.#leaveRegister();
    else this.#readRegister();
  }

  /** The delta says nothing of the register: that is one of the life itself, below every other. */
  #leaveRegister(): void {
    this.#record.deadlineMs = 0;
    this.#registered.clock = this.#life.clock;
    this.#registered.origin = this.#life.origin;
  }

  #takeBody(): void {
    const { records, at } = this.#keyspace;
    const { bytes, start, end } = records.body(at);
    this.#setBody(bytes, start, end);
  }

  #takeComposed(): void {
    this.#setBody(this.#composed.bytes, 0, this.#composed.length);
  }

  #takeFields(): void {
    this.#setBody(this.#fields.bytes, 0, this.#fields.length);
  }

  #setBody(bytes: Buffer, start: number, end: number): void {
    this.#body.bytes = bytes;
    this.#body.start = start;
    this.#body.end = end;
  }

  /** The delta is written: what it was made of need not be kept, which may be much. */
  #releaseBuffers(): void {
    this.#fields.clear();
    this.#composed.clear();
    this.#body.bytes = NO_BYTES;
  }

  /** Of a field that one command set more than once only the last value counts: a version has one. */
  #composeFields(): void {
    const fields = this.#fields;
    const superseded = this.#supersededFields();
    if (superseded.size === 0) return;
    const composed = this.#composed;
    const cursor = this.#cursor;
    beginEntries(composed, this.#edit);
    cursor.open(fields.bytes, 0, fields.length);
    while (cursor.next()) {
      if (superseded.has(cursor.entryStart)) continue;
      composed.range({ bytes: fields.bytes, start: cursor.entryStart, end: cursor.entryEnd });
    }
    this.#takeComposed();
  }

  /** Where those entries start behind which there is another one of their field. Long fields are put in order: strings of them would fill the heap. */
  #supersededFields(): ReadonlySet<number> {
    const { bytes, length } = this.#fields;
    const superseded = new Set<number>();
    const lastByName = new Map<string, number>();
    const long: (ByteView & { readonly at: number })[] = [];
    const cursor = this.#cursor;
    cursor.open(bytes, 0, length);
    while (cursor.next()) {
      const { entryStart: at, fieldStart: start, fieldEnd: end } = cursor;
      if (end - start > NAME_BYTES_MAX) {
        long.push({ bytes, start, end, at });
        continue;
      }
      const name = bytes.toString("latin1", start, end);
      const before = lastByName.get(name);
      if (before !== undefined) superseded.add(before);
      lastByName.set(name, at);
    }
    if (long.length < 2) return superseded;
    const compare = (a: ByteView, b: ByteView) => bytes.compare(bytes, b.start, b.end, a.start, a.end);
    long.sort((a, b) => compare(a, b) || a.at - b.at);
    for (const [i, each] of long.entries()) {
      if (i > 0 && compare(long[i - 1]!, each) === 0) superseded.add(long[i - 1]!.at);
    }
    return superseded;
  }
}

/** Makes of the writer's bytes packed entries, of which there are none yet. */
function beginEntries(writer: ByteWriter, base: { readonly clock: number; readonly origin: number }): void {
  writer.clear();
  writer.ensure(ENTRIES_BASE_BYTES);
  writeVersion(writer.bytes, 0, base);
  writer.length = ENTRIES_BASE_BYTES;
}
