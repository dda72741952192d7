/**
 * Reads a stream as the fields that merge (delta/stream-items.ts): first what lies beside the rows, then row by row what is pending and the entries. It is for
 * what digests, sends and packs streams (entry-reader.ts); commands read rows.
 */
import type { ByteRange } from "../base/bytes.js";
import { ID_BYTES, StreamId } from "../delta/stream-id.js";
import {
  DELIVERY_BYTES,
  ENTRY,
  ENTRY_FIELD_BYTES,
  isStreamField,
  PENDING,
  writeUint64,
} from "../delta/stream-items.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { BODY_LENGTH } from "./record.js";
import type { ByteView } from "./records.js";
import { ItemCursor, WholeContent } from "./stream-block.js";
import {
  lifeKey,
  ownerOf,
  pendingField,
  type SideItem,
  type StreamBody,
  type StreamRow,
} from "./stream-body.js";
import type { GroupLife } from "./stream-group.js";

/** A place: the block, counted through all rows, and where the item begins. Blocks that are not one item have no more bytes. */
const OFFSETS = 2 ** 14;
/** Below are places beside the rows. */
const FIRST_BLOCK = 2 ** 24;
/** Serials of blocks, in the cursor of a walk in parts. */
const SERIALS = 2 ** 32;

export function streamOf({ records, streams }: Database, at: Location): StreamBody {
  return streams.stream(records.word(at, BODY_LENGTH));
}

export class StreamReader {
  /** The field at hand; its value is null if it is a mark. */
  readonly field: ByteView = { bytes: Buffer.alloc(64), start: 0, end: 0 };
  readonly value: ByteView = { bytes: this.field.bytes, start: 0, end: 0 };
  isMark = false;
  clock = 0;
  origin = 0;
  #stream!: StreamBody;
  #side: readonly string[] = [];
  #rows: readonly StreamRow[] = [];
  /** The item beside the rows that comes next; behind the last, the row and the block. */
  #next = 0;
  #row = -1;
  #block = 0;
  /** How many blocks the rows before each have. Made when a place is asked for. */
  #blocksBefore: number[] | null = null;
  readonly #cursor = new ItemCursor();
  readonly #content = new WholeContent();
  readonly #entryField = Buffer.alloc(ENTRY_FIELD_BYTES, ENTRY);
  #pendingField: Buffer = this.#entryField;
  #delivery: Buffer = Buffer.alloc(DELIVERY_BYTES + 64);

  /** Stands before the first field. */
  open(database: Database, at: Location): void {
    this.#stream = streamOf(database, at);
    this.#side = this.#stream.sideFields;
    this.#rows = this.#stream.rows();
    this.#next = 0;
    this.#row = -1;
    this.#blocksBefore = null;
  }

  next(): boolean {
    if (this.#row < 0) {
      if (this.#next < this.#side.length) {
        this.#showSide(this.#stream.side.get(this.#side[this.#next++]!)!);
        return true;
      }
      this.#openRow(0);
    }
    while (this.#row < this.#rows.length) {
      if (this.#cursor.next()) {
        this.#showItem();
        return true;
      }
      this.#openBlock(this.#block + 1);
    }
    return false;
  }

  /** Goes to this field, or to the one that follows where it would be; false if there is none. */
  seek({ bytes, start, end }: ByteRange): boolean {
    const field = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    if (!isStreamField(bytes, start, end)) return false;
    const tag = field[0]!;
    if (tag < PENDING) {
      const name = field.toString("latin1");
      const next = this.#side.findIndex((each) => each >= name);
      this.#next = next < 0 ? this.#side.length : next;
      this.#row = -1;
      return this.next();
    }
    const i = this.#rowOf(field);
    if (i < 0) return false;
    const id = new StreamId().read(field, field.length - ID_BYTES);
    const { row } = this.#rows[i]!;
    this.#row = i;
    const block = row.seek(id, this.#cursor);
    if (block < 0) {
      this.#openRow(i + 1);
      return this.next();
    }
    this.#block = block;
    this.#showItem();
    return true;
  }

  #rowOf(field: Buffer): number {
    if (field[0] === ENTRY) return this.#rows.findIndex(({ life }) => life === null);
    const { name, birth } = ownerOf(field);
    const sought = this.#stream.lives.get(lifeKey(name, birth));
    return sought === undefined ? -1 : this.#rows.findIndex(({ life }) => life === sought);
  }

  /** Where the field at hand is, until the stream changes. */
  get place(): number {
    if (this.#row < 0) return this.#next - 1;
    const offset = this.#cursor.start - this.#cursor.blockStart;
    return (FIRST_BLOCK + this.#before()[this.#row]! + this.#block) * OFFSETS + offset;
  }

  #before(): readonly number[] {
    if (this.#blocksBefore === null) {
      let blocks = 0;
      this.#blocksBefore = this.#rows.map(({ row }) => {
        const before = blocks;
        blocks += row.length;
        return before;
      });
    }
    return this.#blocksBefore;
  }

  /** The row that has this block of all: the last before which there are no more. */
  #rowWith(block: number): number {
    const before = this.#before();
    let low = 0;
    for (let high = before.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if (before[middle]! <= block) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  goTo(place: number): void {
    const counted = Math.floor(place / OFFSETS) - FIRST_BLOCK;
    if (counted < 0) {
      this.#row = -1;
      this.#next = place + 1;
      this.#showSide(this.#stream.side.get(this.#side[place]!)!);
      return;
    }
    const row = this.#rowWith(counted);
    const block = counted - this.#before()[row]!;
    const cursor = this.#cursor;
    const offset = place % OFFSETS;
    const isHere = this.#row === row && this.#block === block;
    if (!isHere || cursor.start - cursor.blockStart > offset || cursor.end === cursor.blockStart) {
      this.#row = row;
      this.#openBlock(block);
      cursor.step();
    }
    while (cursor.start - cursor.blockStart < offset) cursor.step();
    this.#showItem();
  }

  /**
   * Adds the places of about `count` fields, whole blocks of them, and answers the cursor of the next part: 0 after the last. A field that stays
   * is in one of the parts, whatever comes and goes.
   */
  scan(cursor: number, count: number, into: number[]): number {
    if (cursor === 0) for (let i = 0; i < this.#side.length; i++) into.push(i);
    const began = Math.floor(cursor / SERIALS) - 1;
    let from = cursor % SERIALS;
    for (let i = 0; i < this.#rows.length; i++) {
      const { row, rank } = this.#rows[i]!;
      if (rank < began) continue;
      if (rank !== began) from = 0;
      for (let block = row.blockFrom(from); block < row.length; block++) {
        if (into.length >= count && (block === 0 || row.serialOf(block) !== row.serialOf(block - 1))) {
          return (rank + 1) * SERIALS + row.serialOf(block);
        }
        this.#row = i;
        this.#openBlock(block);
        while (this.#cursor.next()) into.push(this.place);
      }
    }
    return 0;
  }

  #openRow(i: number): void {
    this.#row = i;
    this.#openBlock(0);
  }

  /** Opens a block of the row, or the first of the next that has one. */
  #openBlock(block: number): void {
    let first = block;
    for (; this.#row < this.#rows.length; this.#row++, first = 0) {
      const { row } = this.#rows[this.#row]!;
      if (first >= row.length) continue;
      this.#block = first;
      row.openBlock(first, this.#cursor);
      return;
    }
  }

  #showSide({ field, value, version }: SideItem): void {
    this.#setField(field);
    this.isMark = value === null;
    this.clock = version.clock;
    this.origin = version.origin;
    if (value !== null) this.#setValue(value, 0, value.length);
  }

  #showItem(): void {
    const cursor = this.#cursor;
    const { life } = this.#rows[this.#row]!;
    this.isMark = cursor.isMark;
    this.clock = cursor.clock;
    this.origin = cursor.origin;
    if (life === null) {
      cursor.id.write(this.#entryField, 1);
      this.#setField(this.#entryField);
      if (cursor.isMark) return;
      const content = this.#content;
      content.take(cursor);
      this.#setValue(content.bytes, content.start, content.end);
      return;
    }
    const field = this.#fieldOf(life);
    cursor.id.write(field, field.length - ID_BYTES);
    this.#setField(field);
    if (!cursor.isMark) this.#showDelivery(life);
  }

  #showDelivery(life: GroupLife): void {
    const { consumer, deliveredMs, count } = life.delivery(this.#cursor);
    const length = DELIVERY_BYTES + consumer.name.length;
    if (length > this.#delivery.length) this.#delivery = Buffer.alloc(2 * length);
    const bytes = this.#delivery;
    writeUint64(bytes, writeUint64(bytes, 0, deliveredMs), count);
    bytes.write(consumer.name, DELIVERY_BYTES, "latin1");
    this.#setValue(bytes, 0, length);
  }

  #life: GroupLife | null = null;

  #fieldOf(life: GroupLife): Buffer {
    if (this.#life !== life) {
      this.#life = life;
      this.#pendingField = pendingField(life.name, life.birth);
    }
    return this.#pendingField;
  }

  #setField(field: Buffer): void {
    this.field.bytes = field;
    this.field.start = 0;
    this.field.end = field.length;
  }

  #setValue(bytes: Buffer, start: number, end: number): void {
    this.value.bytes = bytes;
    this.value.start = start;
    this.value.end = end;
  }
}
