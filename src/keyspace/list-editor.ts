/**
 * Changes the elements of the open key's list, whatever its form, and its form when it outgrows its limits: from one block in the record to
 * a row of blocks, never back. It knows nothing of who decides on versions, or listens.
 *
 * Long because every edit has to do with both forms, and all of them share the few ways of putting bytes in place of others.
 */
import { copyBytes } from "../base/bytes.js";
import { Position } from "../delta/list-position.js";
import { compareVersions, type Version } from "../delta/version.js";
import { ArenaFull, type Location } from "./arena.js";
import { BlockOutput } from "./block-output.js";
import type { BlockRow } from "./block-row.js";
import { restructure } from "./collection.js";
import { grown, kept, newBuffer } from "./element-buffer.js";
import { PACKED, tableOf } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import { type Content, codeAt, ElementCursor, headBytesMax, writeHead } from "./list-block.js";
import { BLOCK_BYTES, type ListBlocks } from "./list-blocks.js";
import type { ListLimits } from "./packing-limits.js";
import { registerBytes } from "./record.js";
import type { ByteView } from "./records.js";

/** Longer lists leave their records: each change at their ends moves what is there. */
const PACKED_BYTES_MAX = 512;
/** Of a longer one the block is its own. */
const LONG_BYTES = BLOCK_BYTES >>> 1;

export class ListEditor {
  #keyspace!: Keyspace;
  #lists!: ListBlocks;
  /** Null while all is in the record. */
  #row: BlockRow | null = null;
  #countMax = 0;
  readonly #cursor = new ElementCursor();
  readonly #walk = new ElementCursor();
  readonly #tail = new Position();
  readonly #output = new BlockOutput();
  #scratch = newBuffer();

  /** Begins to change the open list. */
  open(keyspace: Keyspace, { listMaxListpackSize }: ListLimits): void {
    this.#keyspace = keyspace;
    this.#lists = keyspace.database.lists;
    this.#countMax = listMaxListpackSize > 0 ? listMaxListpackSize : Number.POSITIVE_INFINITY;
    const number = tableOf(keyspace.database, keyspace.at);
    this.#row = number === PACKED ? null : this.#lists.row(number);
  }

  /** Begins to take marks out of the row of blocks of the record at `at`, which clients need not see. */
  openRow(keyspace: Keyspace, at: Location): void {
    this.#keyspace = keyspace;
    this.#lists = keyspace.database.lists;
    this.#countMax = Number.POSITIVE_INFINITY;
    this.#row = this.#lists.row(tableOf(keyspace.database, at));
  }

  // ---- Reading ----

  get row(): BlockRow | null {
    return this.#row;
  }

  /** Blocks, of which none is empty but that of an empty record. */
  get blocks(): number {
    return this.#row === null ? 1 : this.#row.length;
  }

  /** The elements of a block. Valid until the next call. */
  elements(i: number): ByteView {
    const { records, at } = this.#keyspace;
    return this.#row === null ? records.body(at) : this.#lists.elements(this.#row, i);
  }

  openBlock(i: number, cursor: ElementCursor): void {
    const { bytes, start, end } = this.elements(i);
    cursor.open(bytes, start, end);
  }

  /** Shows the first element of block `i` that was not removed; the cursor is open on it. */
  showFirstLive(i: number, cursor: ElementCursor): void {
    const isShown = i === 0 && this.#row !== null && this.#lists.showFirst(this.#row, cursor);
    if (!isShown || cursor.isMark) cursor.nextLive();
  }

  /** The block in which an element of this position is, or would be. */
  blockOf(position: Position): number {
    if (this.#row === null) return 0;
    const cursor = this.#walk;
    let low = 0;
    let high = this.#row.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      this.openBlock(middle, cursor);
      cursor.next();
      if (cursor.position.compare(position) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The position of the last element, marks too; undefined if there is none. Valid until the next change. */
  last(): Position | undefined {
    const row = this.#row;
    if (row?.isTailKnown) return row.tail;
    if (this.blocks === 0) return undefined;
    const cursor = this.#walk;
    this.openBlock(this.blocks - 1, cursor);
    let isAny = false;
    while (cursor.next()) isAny = true;
    if (!isAny) return undefined;
    if (row === null) {
      this.#tail.copyFrom(cursor.position);
      return this.#tail;
    }
    row.tail.copyFrom(cursor.position);
    row.isTailKnown = true;
    return row.tail;
  }

  /** The position of the first element, marks too; undefined if there is none. Valid until the next call. */
  first(): Position | undefined {
    if (this.blocks === 0) return undefined;
    const cursor = this.#walk;
    this.openBlock(0, cursor);
    return cursor.next() ? cursor.position : undefined;
  }

  // ---- At the ends ----

  /** Adds an element behind all others. */
  append(position: Position, content: Content, isLive: boolean): void {
    for (;;) {
      const i = this.blocks - 1;
      if (i >= 0 && this.#mayTake(i, content)) {
        if (this.#row?.isTailKnown && this.#lists.append(this.#row, i, position, content)) {
          this.#appended(position, isLive, i);
          return;
        }
        const length = this.#compose(position, content, this.last() ?? null);
        const { start, end } = this.elements(i);
        if (this.#splice(i, end - start, 0, length)) {
          this.#appended(position, isLive, i);
          return;
        }
      }
      if (this.#row !== null) {
        this.#addBlock(this.#row, i + 1, position, content, false);
        this.#appended(position, isLive, i + 1);
        return;
      }
      this.#spread();
    }
  }

  #appended(position: Position, isLive: boolean, i: number): void {
    const row = this.#row;
    if (row === null) return;
    row.tail.copyFrom(position);
    row.isTailKnown = true;
    row.add(i, 1, isLive ? 1 : 0);
  }

  /** Adds an element before all others. */
  prepend(position: Position, content: Content, isLive: boolean): void {
    for (;;) {
      const row = this.#row;
      const mayTake = this.blocks > 0 && this.#mayTake(0, content);
      const isDone = mayTake && row !== null && this.#lists.prepend(row, position, content);
      if (isDone || (mayTake && this.#spliceBefore(position, content))) {
        row?.add(0, 1, isLive ? 1 : 0);
        return;
      }
      if (row !== null) {
        this.#addBlock(row, 0, position, content, true);
        row.add(0, 1, isLive ? 1 : 0);
        return;
      }
      this.#spread();
    }
  }

  /** Puts an element before the first of the first block, which then follows from it; false if there is no room. */
  #spliceBefore(position: Position, content: Content): boolean {
    const cursor = this.#cursor;
    let length = this.#compose(position, content, null);
    let removed = 0;
    this.openBlock(0, cursor);
    if (cursor.next()) {
      removed = cursor.contentStart - cursor.start;
      this.#ensure(length + headBytesMax(cursor.position));
      length = writeHead(this.#scratch, length, codeAt(cursor), cursor.position, position);
    }
    return this.#splice(0, 0, removed, length);
  }

  /** Takes out the first element of the first block, which is the one shown. */
  dropFirst(shown: ElementCursor): void {
    const row = this.#row;
    const { isMark } = shown;
    if (row !== null && shown.isLast) {
      this.#lists.remove(row, 0);
      if (row.length === 0) row.isTailKnown = false;
      return;
    }
    const cursor = this.#cursor;
    cursor.follow(shown);
    if ((row !== null && this.#lists.dropFirst(row, cursor)) || this.#spliceFirstOut()) {
      row?.add(0, -1, isMark ? 0 : -1);
    } else {
      this.#rewriteWithoutFirst();
    }
  }

  /** Puts the place in full of the second element, if there is one, in place of the first; false if there is no room. */
  #spliceFirstOut(): boolean {
    const cursor = this.#cursor;
    this.openBlock(0, cursor);
    cursor.next();
    const { start, end } = cursor;
    if (!cursor.next()) return this.#splice(0, 0, end - start, 0);
    this.#ensure(headBytesMax(cursor.position));
    const length = writeHead(this.#scratch, 0, codeAt(cursor), cursor.position, null);
    return this.#splice(0, 0, cursor.contentStart - start, length);
  }

  /** Of a block that is too long to be changed where it lies. */
  #rewriteWithoutFirst(): void {
    let isFirst = true;
    this.rewrite(0, (cursor, output) => {
      if (cursor !== null && !isFirst) output.keep(cursor);
      isFirst = false;
    });
  }

  /** Takes out the last element of the last block, which starts `at` bytes into its elements. */
  dropLast(at: number, isMark: boolean): void {
    const row = this.#row;
    const i = this.blocks - 1;
    const { start, end } = this.elements(i);
    if (row === null) {
      this.#splice(i, at, end - start - at, 0);
      return;
    }
    row.isTailKnown = false;
    if (at === 0) {
      this.#lists.remove(row, i);
      return;
    }
    row.setRangeEnd(i, row.start(i) + at);
    row.add(i, -1, isMark ? 0 : -1);
  }

  /** Takes a block out of a row. */
  dropBlock(i: number): void {
    const row = this.#row!;
    if (i === row.length - 1) row.isTailKnown = false;
    this.#lists.remove(row, i);
  }

  // ---- Anywhere ----

  /**
   * Lets the element at hand, of block `i`, be another: its position stays, and the cursor may go on behind it. False if that takes rewriting
   * the block.
   */
  replace(i: number, cursor: ElementCursor, content: Content): boolean {
    const { start, contentStart, end, bytes } = cursor;
    const head = contentStart - start;
    this.#ensure(head + content.length);
    bytes.copy(this.#scratch, 0, start, contentStart);
    this.#scratch[0] = (bytes[start]! & 0xc0) | content.code;
    content.bytes.copy(this.#scratch, head, 0, content.length);
    const from = start - this.elements(i).start;
    const length = head + content.length;
    if (!this.#splice(i, from, end - start, length)) return false;
    const after = this.elements(i);
    cursor.open(after.bytes, after.start, after.end);
    cursor.end = after.start + from + length;
    return true;
  }

  /** Counts elements of a block that became marks, or are none any more. */
  count(i: number, live: number): void {
    this.#row?.add(i, 0, live);
  }

  /**
   * Writes block `i` anew: `visit` is called for each of its elements, and with null behind the last, and puts out what is to be there.
   * Nothing may change the list meanwhile. A block that becomes empty is gone, if it is not the record's.
   */
  rewrite(i: number, visit: (cursor: ElementCursor | null, output: BlockOutput) => void): void {
    const output = this.#output;
    const cursor = this.#cursor;
    output.clear();
    this.openBlock(i, cursor);
    while (cursor.next()) visit(cursor, output);
    visit(null, output);
    if (this.#row === null) this.#rewriteRecord(output);
    else this.#rewriteBlock(this.#row, i, output);
  }

  #rewriteRecord({ bytes, length, count, live }: BlockOutput): void {
    if (length > PACKED_BYTES_MAX || count > this.#countMax) {
      this.#shorten(this.#becomeRow(bytes, length, { count, live }), 0);
      return;
    }
    const { at, records } = this.#keyspace;
    const to = this.#keyspace.reshape(registerBytes(records.word1(at)), length);
    const body = records.body(to);
    bytes.copy(body.bytes, body.start, 0, length);
  }

  #rewriteBlock(row: BlockRow, i: number, { bytes, length, count, live }: BlockOutput): void {
    if (i === row.length - 1) row.isTailKnown = false;
    if (count === 0) {
      this.#lists.remove(row, i);
      return;
    }
    const body = this.#lists.body(row, i);
    const capacity = body.end - body.start;
    if (length > capacity || capacity > BLOCK_BYTES) this.#lists.renew(row, i, Math.max(BLOCK_BYTES, length));
    row.setRange(i, 0, 0);
    this.#fill(row, i, bytes, length);
    row.add(i, count - row.countOf(i), live - row.liveOf(i));
    this.#shorten(row, i);
  }

  /** Makes one block of two wherever both together are short. */
  unite(from = 0, end = this.blocks - 1): void {
    const row = this.#row;
    if (row !== null) for (let i = end - 1; i >= from; i--) this.#lists.unite(row, i);
  }

  #fill(row: BlockRow, i: number, bytes: Buffer, length: number): void {
    const body = this.#lists.body(row, i);
    bytes.copy(body.bytes, body.start, 0, length);
    row.setRange(i, 0, length);
  }

  /** Parts a block that is too long. Without the memory for that it stays long until it is written again: what changed in it has changed. */
  #shorten(row: BlockRow, i: number): void {
    try {
      this.#part(row, i);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error;
    }
  }

  /** Unless it is one long element. */
  #part(row: BlockRow, i: number): void {
    let from = i;
    for (let end = i + 1; from < end; ) {
      const count = row.countOf(from);
      const isLong = row.end(from) - row.start(from) > BLOCK_BYTES || count > this.#countMax;
      if (count > 1 && isLong) {
        this.#lists.split(row, from, count >>> 1);
        end++;
        continue;
      }
      const length = row.end(from) - row.start(from);
      const body = this.#lists.body(row, from);
      const capacity = body.end - body.start;
      if (capacity > BLOCK_BYTES && capacity > length) {
        this.#lists.resize(row, from, Math.max(BLOCK_BYTES, length));
      }
      from++;
    }
  }

  /** Takes the marks up to a floor, or all, out of a row of blocks. Answers the highest clock of those that were taken out, 0 if there were none. */
  dropMarks(floor: Version | null): number {
    let highest = 0;
    for (let i = this.blocks - 1; i >= 0; i--) {
      if (this.#row!.countOf(i) === this.#row!.liveOf(i)) continue;
      this.rewrite(i, (cursor, output) => {
        if (cursor === null) return;
        if (!cursor.isMark || (floor !== null && compareVersions(cursor, floor) > 0)) output.keep(cursor);
        else highest = Math.max(highest, cursor.clock);
      });
    }
    this.unite();
    this.release();
    return highest;
  }

  // ---- Bytes ----

  /** Lets the scratch be head and content of an element; answers their length. */
  #compose(position: Position, content: Content, before: Position | null): number {
    this.#ensure(headBytesMax(position) + content.length);
    const to = writeHead(this.#scratch, 0, content.code, position, before);
    copyBytes(content.bytes, 0, content.length, this.#scratch, to);
    return to + content.length;
  }

  #ensure(length: number): void {
    if (length <= this.#scratch.length) return;
    const larger = grown(length);
    this.#scratch.copy(larger);
    this.#scratch = larger;
  }

  /** Whether a block may have one element more, if there is room for it. */
  #mayTake(i: number, content: Content): boolean {
    if (content.length >= BLOCK_BYTES) return false;
    if (this.#countMax === Number.POSITIVE_INFINITY) return true;
    if (this.#row !== null) return this.#row.countOf(i) < this.#countMax;
    let count = 0;
    this.openBlock(i, this.#walk);
    while (this.#walk.next()) count++;
    return count < this.#countMax;
  }

  /** Puts the scratch in place of bytes of a block; false if they do not fit. */
  #splice(i: number, at: number, removed: number, length: number): boolean {
    if (this.#row !== null) return this.#lists.splice(this.#row, i, at, removed, this.#scratch, length);
    const keyspace = this.#keyspace;
    const { records } = keyspace;
    const before = records.bodyLength(keyspace.at);
    const more = length - removed;
    if (more > 0 && before + more > PACKED_BYTES_MAX) return false;
    const size = registerBytes(records.word1(keyspace.at));
    if (more > 0) keyspace.reshape(size, before + more);
    const { bytes, start } = records.body(keyspace.at);
    const rest = start + at + removed;
    if (more !== 0) bytes.copyWithin(rest + more, rest, start + before);
    copyBytes(this.#scratch, 0, length, bytes, start + at);
    if (more < 0) keyspace.reshape(size, before + more);
    return true;
  }

  /** Puts a block of one element before block `i`, which fills to the left if `isRight`. */
  #addBlock(row: BlockRow, i: number, position: Position, content: Content, isRight: boolean): void {
    this.#ensure(headBytesMax(position));
    const head = writeHead(this.#scratch, 0, content.code, position, null);
    const length = head + content.length;
    const isLong = length > LONG_BYTES;
    const capacity = isLong ? length : BLOCK_BYTES;
    this.#lists.insert(row, i, capacity, isRight);
    const { bytes, start } = this.#lists.body(row, i);
    const from = isRight ? capacity - length : 0;
    this.#scratch.copy(bytes, start + from, 0, head);
    content.bytes.copy(bytes, start + from + head, 0, content.length);
    row.setRange(i, from, from + length);
  }

  /** Makes a row of blocks of the elements in the record. */
  #spread(): void {
    const { bytes, start, end } = this.elements(0);
    const elements = Buffer.from(bytes.subarray(start, end));
    const counts = { count: 0, live: 0 };
    const cursor = this.#cursor;
    cursor.open(elements, 0, elements.length);
    for (; cursor.next(); counts.count++) if (!cursor.isMark) counts.live++;
    this.#becomeRow(elements, elements.length, counts);
  }

  /** Makes a row of one block of these elements, in place of those in the record. If there is no memory for it nothing has changed. */
  #becomeRow(
    bytes: Buffer,
    length: number,
    counts: { readonly count: number; readonly live: number },
  ): BlockRow {
    const lists = this.#lists;
    const row = lists.create();
    try {
      // No block is empty.
      if (length > 0) {
        lists.insert(row, 0, Math.max(BLOCK_BYTES, length), false);
        this.#fill(row, 0, bytes, length);
        row.add(0, counts.count, counts.live);
      }
      row.newestClock = this.#newestOfRecord();
      restructure(this.#keyspace, row.number);
    } catch (error) {
      lists.release(row.number);
      throw error;
    }
    this.#row = row;
    return row;
  }

  #newestOfRecord(): number {
    let newest = 0;
    this.openBlock(0, this.#walk);
    while (this.#walk.next()) newest = Math.max(newest, this.#walk.clock);
    return newest;
  }

  /** Gives buffers back that long elements made grow. */
  release(): void {
    this.#scratch = kept(this.#scratch);
    this.#output.clear();
  }

  /** Notes that an element of this version was written. */
  noteVersion(clock: number): void {
    const row = this.#row;
    if (row !== null && clock > row.newestClock) row.newestClock = clock;
  }
}
