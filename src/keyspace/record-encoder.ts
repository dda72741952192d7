/** Encodes records as deltas straight from where they lie. */
import { ByteWriter } from "../base/byte-writer.js";
import { BODY_BYTES_MAX } from "../delta/body-codec.js";
import {
  type PlacedPiece,
  type PlacedRecord,
  writePiece,
  writeRecord,
  writeRecordHead,
} from "../delta/delta-codec.js";
import { ENTRIES_BASE_BYTES, type Entry, entryBytes, writeEntryHead } from "../delta/packed-entries.js";
import { RANKS } from "../delta/record-state.js";
import { writeVersion } from "../delta/version.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { packEntries, packPart, packWhole } from "./entries-state.js";
import type { EntryReader } from "./entry-reader.js";
import { TYPE_LIST } from "./record.js";

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const NO_BYTES: Buffer = Buffer.alloc(0);

export class RecordEncoder {
  readonly #life = { clock: 0, origin: 0 };
  readonly #registered = { clock: 0, origin: 0 };
  readonly #key = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #body = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #record: Mutable<PlacedRecord>;
  readonly #piece: Mutable<PlacedPiece>;
  readonly #part = new ByteWriter({ bytesMax: BODY_BYTES_MAX });

  constructor() {
    const place = { db: 0, slot: 0, key: this.#key };
    const expiry = { life: this.#life, deadlineMs: 0, registered: this.#registered };
    this.#record = { ...place, ...expiry, rank: RANKS.none, body: this.#body };
    this.#piece = { ...place, ...expiry, totalBytes: 0, offset: 0, bytes: this.#body };
  }

  /** Appends the whole record at `at`, which is no table. */
  whole(writer: ByteWriter, database: Database, slot: number, at: Location): void {
    const record = this.#record;
    const { records } = database;
    if (records.type(at) === TYPE_LIST) {
      this.#part.clear();
      packWhole(database, at, this.#part);
      this.#writePart(writer, database, slot, at);
      return;
    }
    this.#describe(record, database, slot, at);
    record.rank = records.type(at);
    this.#takeBody(database, at);
    writeRecord(writer, record);
  }

  /** Appends bytes of the text at `at` from an offset on, `bytesMax` at most. Answers the offset behind them. */
  piece(
    writer: ByteWriter,
    database: Database,
    slot: number,
    at: Location,
    offset: number,
    bytesMax: number,
  ): number {
    const piece = this.#piece;
    const body = this.#body;
    this.#describe(piece, database, slot, at);
    this.#takeBody(database, at);
    piece.totalBytes = body.end - body.start;
    piece.offset = offset;
    body.start += offset;
    body.end = Math.min(body.end, body.start + bytesMax);
    writePiece(writer, piece);
    return offset + body.end - body.start;
  }

  /** Appends about `fieldsMax` fields of the table at `at` from a cursor on. Answers the next cursor: 0 after the last. */
  fields(
    writer: ByteWriter,
    database: Database,
    slot: number,
    at: Location,
    cursor: number,
    fieldsMax: number,
  ): number {
    const part = this.#part;
    part.clear();
    const next = packPart(database, at, { cursor, fieldsMax }, part);
    if (part.length === ENTRIES_BASE_BYTES) return next;
    this.#writePart(writer, database, slot, at);
    return next;
  }

  /** Appends the entries at these positions, of which there are some, of the collection at `at`, which the reader has open. */
  entries(
    writer: ByteWriter,
    database: Database,
    slot: number,
    at: Location,
    { reader, positions }: { readonly reader: EntryReader; readonly positions: readonly number[] },
  ): void {
    const part = this.#part;
    part.clear();
    packEntries(reader, positions, part);
    this.#writePart(writer, database, slot, at);
  }

  /** Appends what was packed of the collection at `at`, as a record. */
  #writePart(writer: ByteWriter, database: Database, slot: number, at: Location): void {
    const record = this.#record;
    this.#describe(record, database, slot, at);
    record.rank = database.records.type(at);
    this.#body.bytes = this.#part.bytes;
    this.#body.start = 0;
    this.#body.end = this.#part.length;
    writeRecord(writer, record);
  }

  /** Appends life and register of the record at `at`, and nothing of its body. */
  register(writer: ByteWriter, database: Database, slot: number, at: Location): void {
    this.#describe(this.#record, database, slot, at);
    this.#record.rank = RANKS.none;
    writeRecord(writer, this.#record);
  }

  /** Appends the record at `at`, which has a body and is no table, but for the bytes of the body, which are to follow. */
  head(writer: ByteWriter, database: Database, slot: number, at: Location): void {
    this.#describe(this.#record, database, slot, at);
    this.#record.rank = database.records.type(at);
    writeRecordHead(writer, this.#record);
    writer.varint(database.records.bodyLength(at));
  }

  /** Appends an entry of the collection at `at` but for the bytes of its value, which are to follow. */
  entryHead(writer: ByteWriter, database: Database, slot: number, at: Location, entry: Entry): void {
    const { value, version } = entry;
    this.#describe(this.#record, database, slot, at);
    this.#record.rank = database.records.type(at);
    writeRecordHead(writer, this.#record);
    const valueBytes = value === null ? 0 : value.end - value.start;
    const bytes = entryBytes(entry, version);
    writer.varint(ENTRIES_BASE_BYTES + bytes);
    writer.ensure(ENTRIES_BASE_BYTES + bytes - valueBytes);
    writeVersion(writer.bytes, writer.length, version);
    writer.length = writeEntryHead(writer.bytes, writer.length + ENTRIES_BASE_BYTES, entry, version);
  }

  #describe(
    delta: { db: number; slot: number; deadlineMs: number },
    { records, number }: Database,
    slot: number,
    at: Location,
  ): void {
    delta.db = number;
    delta.slot = slot;
    delta.deadlineMs = records.deadline(at);
    this.#life.clock = records.lifeClock(at);
    this.#life.origin = records.lifeOrigin(at);
    this.#registered.clock = records.registerClock(at);
    this.#registered.origin = records.registerOrigin(at);
    const { bytes, start, end } = records.key(at);
    this.#key.bytes = bytes;
    this.#key.start = start;
    this.#key.end = end;
  }

  #takeBody({ records }: Database, at: Location): void {
    const { bytes, start, end } = records.body(at);
    this.#body.bytes = bytes;
    this.#body.start = start;
    this.#body.end = end;
  }
}
