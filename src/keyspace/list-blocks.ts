/**
 * The elements of large lists. Each list is a row of blocks (list-block.ts) in cells of the database's arena. A cell has the header of a record
 * without a key; in place of the access clock stands the number of its list, so that whoever moves cells finds what points at one. Where a
 * block lies, how much of its cell it fills and how many elements it has stands in the row, so none is read that is not asked for.
 *
 * A list that is given up goes into a queue and is freed a slice at a time. Until then its bytes count as used.
 */
import Denque from "denque";
import { assert } from "../base/assert.js";
import { copyBytes } from "../base/bytes.js";
import { Position, STEP_BYTES } from "../delta/list-position.js";
import { type Location, UNIT_MASK } from "./arena.js";
import { relocateBlock } from "./block-relocation.js";
import { BlockRow } from "./block-row.js";
import { type Content, codeAt, ElementCursor, headBytesMax, writeHead } from "./list-block.js";
import {
  ACCESS,
  BODY_LENGTH,
  HEADER_BYTES,
  KEY_LENGTH,
  OUTSIDE,
  OUTSIDE_BYTES,
  TYPE_BLOCK,
  TYPE_FLAGS_ORIGIN,
} from "./record.js";
import type { ByteView, Records } from "./records.js";

/** Bytes of a block that is not one long element. To find one of its elements takes walking over half of them. */
export const BLOCK_BYTES = 1024 - HEADER_BYTES;

/** Of the first element of a block, if its position has one step. */
const FIRST_HEAD_BYTES = 2 + STEP_BYTES;

export class ListBlocks {
  /** What rows take, which find blocks. */
  rowBytes = 0;
  readonly #records: Records;
  readonly #rows: (BlockRow | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Given up and not freed yet. */
  readonly #queue = new Denque<BlockRow>();
  #queuedBlocks = 0;
  readonly #view: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  readonly #cursor = new ElementCursor();
  readonly #before = new Position();
  readonly #head = Buffer.alloc(32);

  constructor(records: Records) {
    this.#records = records;
  }

  create(): BlockRow {
    const number = this.#freeNumbers.pop() ?? this.#rows.length;
    const row = new BlockRow(number, this);
    this.#rows[number] = row;
    return row;
  }

  row(number: number): BlockRow {
    return this.#rows[number]!;
  }

  /** The cell of a block. */
  body(row: BlockRow, i: number): ByteView {
    return this.#records.body(row.cell(i));
  }

  /** The bytes of a block that are elements. The view is reused by the next call. */
  elements(row: BlockRow, i: number): ByteView {
    const { bytes, start } = this.#records.body(row.cell(i));
    const view = this.#view;
    view.bytes = bytes;
    view.start = start + row.start(i);
    view.end = start + row.end(i);
    return view;
  }

  /** Puts an empty block of this capacity before block `i`; it fills from its end backwards if `isRight`. */
  insert(row: BlockRow, i: number, capacity: number, isRight: boolean): void {
    row.insert(i, this.#allocate(row.number, capacity), isRight ? capacity : 0);
  }

  remove(row: BlockRow, i: number): void {
    this.#records.free(row.cell(i));
    row.remove(i);
  }

  /**
   * Puts `length` bytes in place of `removed` bytes of a block, the first of them `at` bytes into its elements. False, and nothing done,
   * if the cell is too small, or is that of one long element: who digests or sends it may still be reading it.
   */
  splice(row: BlockRow, i: number, at: number, removed: number, bytes: Buffer, length: number): boolean {
    const body = this.body(row, i);
    const capacity = body.end - body.start;
    let start = row.start(i);
    let end = row.end(i);
    const more = length - removed;
    const left = at;
    const right = end - start - at - removed;
    if (capacity > BLOCK_BYTES) return false;
    if (more > capacity - (end - start)) return false;
    const canLeft = start - more >= 0;
    const canRight = end + more <= capacity;
    const cell = body.bytes;
    const base = body.start;
    if (canLeft && (left < right || !canRight)) {
      if (left > 0 && more !== 0) cell.copyWithin(base + start - more, base + start, base + start + left);
      start -= more;
    } else if (canRight) {
      const from = base + end - right;
      if (right > 0 && more !== 0) cell.copyWithin(from + more, from, base + end);
      end += more;
    } else {
      // Room on either side, but not enough: all goes to the left end.
      cell.copyWithin(base, base + start, base + start + left);
      const from = base + end - right;
      cell.copyWithin(base + left + length, from, from + right);
      end = end - start + more;
      start = 0;
    }
    row.setRange(i, start, end);
    copyBytes(bytes, 0, length, cell, base + start + left);
    return true;
  }

  /**
   * Puts an element behind the last one of block `i`, whose position the row knows. False, and nothing done, if there may be no room for it
   * behind: `splice` may find some before.
   */
  append(row: BlockRow, i: number, position: Position, content: Content): boolean {
    const { bytes, start, end } = this.#records.body(row.cell(i));
    const at = start + row.end(i);
    if (end - start > BLOCK_BYTES || end - at < headBytesMax(position) + content.length) return false;
    const to = writeHead(bytes, at, content.code, position, row.tail);
    copyBytes(content.bytes, 0, content.length, bytes, to);
    row.setRangeEnd(i, to + content.length - start);
    return true;
  }

  /** Puts an element, of a position of one step, before the first one of the first block, which then follows from it. False as `append`. */
  prepend(row: BlockRow, position: Position, content: Content): boolean {
    const { bytes, start, end } = this.#records.body(row.cell(0));
    if (end - start > BLOCK_BYTES || position.prefixLength > 0) return false;
    if (!row.isHeadKnown && !this.#learnHead(row, bytes, start)) return false;
    const second = this.#before;
    second.setStep(row.headClock, row.headOrigin, row.headRank);
    const head = writeHead(this.#headBytes, 0, row.headCode, second, position);
    const next = start + row.headContent - head;
    const from = next - content.length - FIRST_HEAD_BYTES;
    if (from < start) return false;
    const to = writeHead(bytes, from, content.code, position, null);
    copyBytes(content.bytes, 0, content.length, bytes, to);
    copyBytes(this.#headBytes, 0, head, bytes, next);
    row.setRange(0, from - start, row.end(0));
    row.setHead(position, content.code, to - start);
    return true;
  }

  /** Shows the first element, on whose block the cursor is open; false if that is not of one step. */
  showFirst(row: BlockRow, cursor: ElementCursor): boolean {
    const cell = cursor.blockStart - row.start(0);
    if (!row.isHeadKnown && !this.#learnHead(row, cursor.bytes, cell)) return false;
    cursor.showPlaced(cursor.blockStart, row.headClock, row.headOrigin, row.headRank);
    return true;
  }

  /** Lets the row know its first element. False if that has a position of several steps. */
  #learnHead(row: BlockRow, bytes: Buffer, cell: number): boolean {
    const cursor = this.#cursor;
    cursor.open(bytes, cell + row.start(0), cell + row.end(0));
    cursor.next();
    if (cursor.position.prefixLength > 0) return false;
    row.setHead(cursor.position, codeAt(cursor), cursor.contentStart - cell);
    return true;
  }

  /**
   * Takes out the first element of the first block, which the cursor is at and which others follow there, and lets the cursor go on to the
   * next. False, and nothing done, if the place of that one does not fit where both are, or the cell is that of one long element.
   */
  dropFirst(row: BlockRow, cursor: ElementCursor): boolean {
    const { bytes, start, end } = this.#records.body(row.cell(0));
    if (end - start > BLOCK_BYTES) return false;
    cursor.next();
    const code = codeAt(cursor);
    const head = this.#headOf(cursor, null);
    const from = cursor.contentStart - head;
    if (from < start + row.start(0)) return false;
    copyBytes(this.#headBytes, 0, head, bytes, from);
    row.setRange(0, from - start, row.end(0));
    if (cursor.position.prefixLength === 0) row.setHead(cursor.position, code, cursor.contentStart - start);
    return true;
  }

  /** Gives a block another cell, of this capacity, and no elements. */
  renew(row: BlockRow, i: number, capacity: number): void {
    const cell = this.#allocate(row.number, capacity);
    this.#records.free(row.cell(i));
    row.setCell(i, cell);
    row.setRange(i, 0, 0);
  }

  /** Gives a block a cell of another size. */
  resize(row: BlockRow, i: number, capacity: number): void {
    const cell = this.#allocate(row.number, capacity);
    const from = this.elements(row, i);
    const length = from.end - from.start;
    const source = from.bytes;
    const start = from.start;
    const target = this.#records.body(cell);
    source.copy(target.bytes, target.start, start, start + length);
    this.#records.free(row.cell(i));
    row.setCell(i, cell);
    row.setRange(i, 0, length);
  }

  /** Parts block `i` before its element number `ordinal`, which is not the first: those from there on become the next block. */
  split(row: BlockRow, i: number, ordinal: number): void {
    const cursor = this.#cursor;
    this.#open(row, i);
    let live = 0;
    for (let k = 0; k <= ordinal; k++) {
      cursor.next();
      if (k < ordinal && !cursor.isMark) live++;
    }
    const range = this.elements(row, i);
    const { bytes } = cursor;
    const [from, after] = [cursor.start, cursor.contentStart];
    const restLength = range.end - after;
    const kept = from - range.start;
    // The first of a block tells its place in full.
    const head = this.#headOf(cursor, null);
    const capacity = Math.max(BLOCK_BYTES, head + restLength);
    const rest = Buffer.from(bytes.subarray(after, after + restLength));
    this.insert(row, i + 1, capacity, false);
    const target = this.body(row, i + 1);
    this.#headBytes.copy(target.bytes, target.start, 0, head);
    rest.copy(target.bytes, target.start + head);
    row.setRange(i + 1, 0, head + restLength);
    const count = row.countOf(i) - ordinal;
    const restLive = row.liveOf(i) - live;
    row.setRangeEnd(i, row.start(i) + kept);
    row.add(i, -count, -restLive);
    row.add(i + 1, count, restLive);
  }

  /** Appends block `i + 1` to block `i` if both are small. */
  unite(row: BlockRow, i: number): void {
    if (i < 0 || i + 1 >= row.length) return;
    const length = row.end(i) - row.start(i);
    const next = row.end(i + 1) - row.start(i + 1);
    if (length + next > BLOCK_BYTES >>> 1) return;
    const cursor = this.#cursor;
    this.#open(row, i);
    while (cursor.next()) this.#before.copyFrom(cursor.position);
    this.#open(row, i + 1);
    if (length === 0 || !cursor.next()) return;
    const head = this.#headOf(cursor, this.#before);
    const rest = Buffer.concat([
      this.#headBytes.subarray(0, head),
      cursor.bytes.subarray(cursor.contentStart, this.elements(row, i + 1).end),
    ]);
    if (!this.splice(row, i, length, 0, rest, rest.length)) return;
    const [count, live] = [row.countOf(i + 1), row.liveOf(i + 1)];
    this.remove(row, i + 1);
    row.add(i, count, live);
  }

  #open(row: BlockRow, i: number): void {
    const { bytes, start, end } = this.elements(row, i);
    this.#cursor.open(bytes, start, end);
  }

  #headBytes = this.#head;

  /** Writes the head of the element at hand as it is behind another, or as the first; answers its length. */
  #headOf(cursor: ElementCursor, before: Position | null): number {
    const { position, bytes, start } = cursor;
    if (position.byteLength + 16 > this.#headBytes.length) {
      this.#headBytes = Buffer.alloc(2 * position.byteLength + 16);
    }
    return writeHead(this.#headBytes, 0, bytes[start]! & 63, position, before);
  }

  #allocate(number: number, capacity: number): Location {
    const records = this.#records;
    const isOutside = capacity > OUTSIDE_BYTES;
    const cell = records.arena.allocate(HEADER_BYTES + (isOutside ? 0 : capacity));
    const { words } = records.slab(cell);
    const word = (cell & UNIT_MASK) << 1;
    words[word + ACCESS] = number;
    words[word + TYPE_FLAGS_ORIGIN] = TYPE_BLOCK | (isOutside ? OUTSIDE : 0);
    words[word + KEY_LENGTH] = 0;
    words[word + BODY_LENGTH] = isOutside ? records.createOutside(capacity) : capacity;
    return cell;
  }

  // ---- Memory ----

  /** The bytes that a list takes, estimated from `samples` of its blocks or a few more. */
  bytesOf(number: number, samples: number): number {
    const row = this.row(number);
    const step = Math.max(1, Math.floor(row.length / Math.max(1, samples)));
    let bytes = 0;
    let measured = 0;
    for (let i = 0; i < row.length; i += step, measured++) bytes += this.#records.sizeOf(row.cell(i));
    return row.byteLength + (measured === 0 ? 0 : Math.round((bytes * row.length) / measured));
  }

  /** Moves a block to another slab, for whoever empties sparse ones. False if there is no room elsewhere, or it goes soon. */
  relocate(at: Location): boolean {
    return relocateBlock(this.#records, this.#rows, at);
  }

  // ---- Giving up lists ----

  /** Gives up a list. It must not be used any more; a large one is freed by `releaseSlice`. */
  release(number: number): void {
    const row = this.#rows[number]!;
    assert(row !== undefined, "a list is given up once");
    this.#queue.push(row);
    this.#queuedBlocks += row.length;
    if (this.#queue.length === 1 && row.length <= 2) this.releaseSlice(row.length);
  }

  get queuedBlocks(): number {
    return this.#queuedBlocks;
  }

  /** Frees up to `budget` of the blocks that wait. Answers how many it freed. */
  releaseSlice(budget: number): number {
    let freed = 0;
    for (let row = this.#queue.peekFront(); row !== undefined; row = this.#queue.peekFront()) {
      for (; row.length > 0; freed++) {
        if (freed === budget) {
          this.#queuedBlocks -= freed;
          return freed;
        }
        this.remove(row, row.length - 1);
      }
      this.#queue.shift();
      this.rowBytes -= row.byteLength;
      this.#rows[row.number] = undefined;
      this.#freeNumbers.push(row.number);
    }
    this.#queuedBlocks -= freed;
    return freed;
  }
}
