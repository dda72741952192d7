/**
 * Items in the order of their ids, in blocks (stream-block.ts): the entries of a stream, or what is pending in one of its groups. The row knows where
 * each block lies and how many items it has; the last one fills, and whatever changes in the middle writes its block anew.
 *
 * What is removed and leaves no mark only gets a bit, until a block has more of such than of others. Long because all that
 * changes blocks keeps the same numbers of them.
 */
import { assert } from "../base/assert.js";
import { StreamId } from "../delta/stream-id.js";
import { compareVersions, type Version } from "../delta/version.js";
import type { Location } from "./arena.js";
import { BlockDrafts, Tail } from "./block-drafts.js";
import {
  IS_GONE,
  ITEM_OVERHEAD_BYTES,
  ItemCursor,
  type Master,
  type NewItem,
  writeItem,
} from "./stream-block.js";
import type { StreamBlocks } from "./stream-blocks.js";

const CELL = 0;
const USED = 1;
/** Items that are there, and those of them that are no marks. */
const COUNT = 2;
const LIVE = 3;
const GONE = 4;
/** A clock that no version of an item is above. */
const NEWEST = 5;
/** Rises from block to block, and stays when others come and go; parts of one that was parted share it. */
const SERIAL = 6;
const WORDS = 7;
const ROOM_MIN = 2;
const CAPACITY_MIN = 72;
const GONE_MIN = 16;

/** What becomes of an item when its block is written anew. */
export type Fate = "keep" | "drop" | NewItem;

const sought = new StreamId();

export class IdRow {
  /** Blocks, of which none is without an item. */
  length = 0;
  live = 0;
  count = 0;
  /** A clock that no version of an item is above. */
  newestClock = 0;
  #words = new Float64Array(ROOM_MIN * WORDS);
  #first = 0;
  readonly #tail = new Tail();
  #isTailKnown = false;
  /** Where the content of the last block's first item lies in it; 0 if that is not known. */
  #masterAt = 0;
  #masterLength = 0;
  /** Whether the tail is there, and no mark: then it is the last item that clients see. */
  #isTailLive = false;
  #serial = 0;

  /** `sharesFields`: the contents are fields and values, of which blocks keep the fields once. */
  constructor(
    readonly number: number,
    readonly sharesFields: boolean,
    private readonly store: StreamBlocks,
  ) {
    store.heldBytes += this.#words.byteLength;
  }

  get byteLength(): number {
    return this.#words.byteLength;
  }

  // ---- Blocks ----

  #at(i: number, word: number): number {
    return this.#words[(this.#first + i) * WORDS + word]!;
  }

  #set(i: number, word: number, value: number): void {
    this.#words[(this.#first + i) * WORDS + word] = value;
  }

  cell(i: number): Location {
    return this.#at(i, CELL) | 0;
  }

  setCell(i: number, cell: Location): void {
    this.#set(i, CELL, cell);
  }

  countOf(i: number): number {
    return this.#at(i, COUNT);
  }

  liveOf(i: number): number {
    return this.#at(i, LIVE);
  }

  serialOf(i: number): number {
    return this.#at(i, SERIAL);
  }

  usedOf(i: number): number {
    return this.#at(i, USED);
  }

  indexOf(cell: Location): number {
    for (let i = 0; i < this.length; i++) if (this.cell(i) === cell) return i;
    return -1;
  }

  /** Opens a cursor before the first item of a block. */
  openBlock(i: number, cursor: ItemCursor): void {
    const { bytes, start } = this.store.body(this.cell(i));
    cursor.open(bytes, start, start + this.#at(i, USED));
  }

  /** The block in which an item of this id is, or would be; 0 if there is none. */
  blockOf(id: StreamId): number {
    let low = 0;
    let high = this.length - 1;
    // Most are looked for, or come, at the end.
    if (high > 0 && this.firstId(high).compare(id) <= 0) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.firstId(middle).compare(id) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first id of a block, be that item gone. Valid until the next call. */
  firstId(i: number): StreamId {
    const { bytes, start } = this.store.body(this.cell(i));
    return sought.read(bytes, start + 1);
  }

  /** Goes to the first item of this id, or a later one, and answers its block; -1 if there is none. */
  seek(id: StreamId, cursor: ItemCursor): number {
    for (let i = this.blockOf(id); i < this.length; i++) {
      this.openBlock(i, cursor);
      while (cursor.next()) if (cursor.id.compare(id) >= 0) return i;
    }
    return -1;
  }

  /** Goes to the item of this id, and answers its block; -1 if there is none. */
  find(id: StreamId, cursor: ItemCursor): number {
    // What comes in order is behind all others: no block is walked for it.
    if (this.#isTailKnown && this.#tail.id.compare(id) < 0) return -1;
    const i = this.seek(id, cursor);
    return i >= 0 && cursor.id.compare(id) === 0 ? i : -1;
  }

  /** The first block of this serial or a later one. */
  blockFrom(serial: number): number {
    let low = 0;
    for (let high = this.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.serialOf(middle) < serial) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Walks items that are no marks from an id on. Nothing may change them meanwhile. */
  iterate(from: StreamId): { readonly item: ItemCursor; next(): boolean } {
    const item = new ItemCursor();
    let i = this.seek(from, item);
    let isFirst = i >= 0;
    const next = (): boolean => {
      if (i < 0) return false;
      if (isFirst) {
        isFirst = false;
        if (!item.isMark) return true;
      }
      while (!item.nextLive()) {
        if (++i >= this.length) return false;
        this.openBlock(i, item);
      }
      return true;
    };
    return { item, next };
  }

  /** Whether no item, be it gone, has a higher id. */
  endsBy(id: StreamId): boolean {
    const tail = this.#openTail();
    return tail === null || tail.id.compare(id) <= 0;
  }

  /** The id of the last item that is no mark: `into` becomes it, 0 if there is none. */
  lastId(into: StreamId): StreamId {
    into.setMin();
    if (this.live === 0) return into;
    const tail = this.#openTail()!;
    if (this.#isTailLive) return into.copyFrom(tail.id);
    const cursor = this.store.walk;
    for (let i = this.length - 1; i >= 0; i--) {
      if (this.liveOf(i) === 0) continue;
      this.openBlock(i, cursor);
      while (cursor.nextLive()) into.copyFrom(cursor.id);
      break;
    }
    return into;
  }

  // ---- Changing ----

  /** Adds an item behind all others. */
  append(id: StreamId, item: NewItem): void {
    const tail = this.#openTail();
    const last = this.length - 1;
    if (tail !== null && this.#extend(last, id, item, tail)) {
      this.#appended(last, id, item);
      return;
    }
    if (tail !== null) this.#fit(last);
    const target = this.store.scratch.of(ITEM_OVERHEAD_BYTES + item.end - item.start);
    const length = writeItem(target, 0, id, item, null, null);
    const i = last + 1;
    this.#insertBlock(i, this.store.allocate(this.number, Math.max(CAPACITY_MIN, length)), this.#serial++);
    const { bytes, start } = this.store.body(this.cell(i));
    copyShort(target, length, bytes, start);
    this.#set(i, USED, length);
    this.#masterAt = 0;
    this.#appended(i, id, item);
  }

  /** Adds an item to block `i`, which is the last; false if it is full. */
  #extend(i: number, id: StreamId, item: NewItem, tail: Tail): boolean {
    const { store } = this;
    const used = this.#at(i, USED);
    if (!store.mayGrow(this.countOf(i), used)) return false;
    const needed = ITEM_OVERHEAD_BYTES + item.end - item.start;
    const { bytes, start, end } = store.body(this.cell(i));
    const master = this.sharesFields ? this.#master(bytes, start, used) : null;
    // Where there surely is room, it is written where it belongs.
    if (used + needed <= Math.min(end - start, store.bytesMax)) {
      this.#set(i, USED, writeItem(bytes, start + used, id, item, tail, master) - start);
      return true;
    }
    const target = store.scratch.of(needed);
    const length = writeItem(target, 0, id, item, tail, master);
    if (used + length > store.bytesMax) return false;
    this.#ensureCapacity(i, used + length);
    const body = store.body(this.cell(i));
    copyShort(target, length, body.bytes, body.start + used);
    this.#set(i, USED, used + length);
    return true;
  }

  #loseTail(gone: StreamId): void {
    if (this.#isTailLive && gone.compare(this.#tail.id) === 0) this.#isTailLive = false;
  }

  #appended(i: number, id: StreamId, item: NewItem): void {
    const tail = this.#tail;
    tail.id.copyFrom(id);
    tail.clock = item.clock;
    tail.origin = item.origin;
    this.#isTailKnown = true;
    this.#isTailLive = !item.isMark;
    this.#add(i, 1, item.isMark ? 0 : 1);
    this.#noteVersion(i, item.clock);
  }

  /** Puts an item in its place, where there may be one of the same id. */
  put(id: StreamId, item: NewItem): void {
    if (this.length === 0 || this.#openTail()!.id.compare(id) < 0) {
      this.append(id, item);
      return;
    }
    this.putAll([id], () => item);
  }

  /**
   * Puts items in their places, whose ids rise: each block is written anew once, for however many. `itemOf` is asked for each, and told of the one of
   * this id that there is.
   */
  putAll(ids: readonly StreamId[], itemOf: (k: number, before: ItemCursor | null) => NewItem): void {
    const last = new StreamId();
    for (let k = 0; k < ids.length; ) {
      if (this.length === 0 || this.#openTail()!.id.compare(ids[k]!) < 0) {
        this.append(ids[k]!, itemOf(k, null));
        k++;
        continue;
      }
      const block = this.blockOf(ids[k]!);
      // What is behind all others is not put into a block here, but appended.
      const isLast = block === this.length - 1;
      last.copyFrom(isLast ? this.#openTail()!.id : this.firstId(block + 1));
      if (!isLast) last.decrement();
      this.#rewrite(block, (cursor, output) => {
        const end = cursor === null ? last : cursor.id;
        let order = 1;
        for (; k < ids.length; k++) {
          order = ids[k]!.compare(end);
          if (order > 0 || (order === 0 && cursor !== null)) break;
          output.put(ids[k]!, itemOf(k, null));
        }
        if (cursor === null) return;
        if (k < ids.length && order === 0) output.put(cursor.id, itemOf(k++, cursor));
        else output.keep(cursor);
      });
    }
  }

  /** Takes out the item at hand, of block `i`, without a mark. Where the cursor goes on, or whether it can, is not known then. */
  remove(i: number, cursor: ItemCursor): void {
    if (this.countOf(i) === 1) {
      this.#removeBlock(i);
      return;
    }
    cursor.bytes[cursor.start]! |= IS_GONE;
    this.#loseTail(cursor.id);
    this.#add(i, -1, cursor.isMark ? 0 : -1);
    const gone = this.#at(i, GONE) + 1;
    this.#set(i, GONE, gone);
    if (gone >= GONE_MIN && gone > 2 * this.countOf(i)) this.#rewrite(i, keepAll);
  }

  /** Lets every item of a block be kept, dropped, or another one of its id. */
  sift(i: number, judge: (cursor: ItemCursor) => Fate): void {
    this.#rewrite(i, (cursor, output) => {
      if (cursor === null) return;
      const fate = judge(cursor);
      if (fate === "keep") output.keep(cursor);
      else if (fate !== "drop") output.put(cursor.id, fate);
    });
  }

  /** Takes out all items up to an id whose versions are not above one. Answers how many of them were no marks. */
  dropUpTo(id: StreamId, version: Version): number {
    let dropped = 0;
    const kept = new ItemCursor();
    let whole = 0;
    // Whole blocks first: those that end before the id, and are no newer.
    while (
      whole + 1 < this.length &&
      this.#at(whole, NEWEST) < version.clock &&
      this.firstId(whole + 1).compare(id) <= 0
    )
      whole++;
    for (let i = 0; i < whole; i++) dropped += this.liveOf(i);
    this.dropBlocks(whole);
    for (let i = 0; i < this.length && this.firstId(i).compare(id) <= 0; ) {
      const isGone = (cursor: ItemCursor) =>
        cursor.id.compare(id) <= 0 && compareVersions(cursor, version) <= 0;
      let count = 0;
      let live = 0;
      this.openBlock(i, kept);
      while (kept.next()) {
        if (!isGone(kept)) continue;
        kept.bytes[kept.start]! |= IS_GONE;
        this.#loseTail(kept.id);
        count++;
        if (!kept.isMark) live++;
      }
      dropped += live;
      if (count === this.countOf(i)) {
        this.#removeBlock(i);
        continue;
      }
      this.#add(i, -count, -live);
      this.#set(i, GONE, this.#at(i, GONE) + count);
      i++;
    }
    return dropped;
  }

  /** Gives up the first blocks; many are freed in slices. */
  dropBlocks(blocks: number): void {
    if (blocks === 0) return;
    for (let i = 0; i < blocks; i++) {
      this.count -= this.countOf(i);
      this.live -= this.liveOf(i);
    }
    this.store.giveUp(Int32Array.from({ length: blocks }, (_, i) => this.cell(i)));
    this.#first += blocks;
    this.length -= blocks;
    if (this.length === 0) this.#forgetTail();
  }

  /** Takes out marks up to a floor, or all. Answers the highest clock of those that were taken out, 0 if there were none. */
  dropMarks(floor: Version | null): number {
    let highest = 0;
    for (let i = this.length - 1; i >= 0; i--) {
      if (this.countOf(i) === this.liveOf(i)) continue;
      this.#rewrite(i, (cursor, output) => {
        if (cursor === null) return;
        if (!cursor.isMark || (floor !== null && compareVersions(cursor, floor) > 0)) output.keep(cursor);
        else highest = Math.max(highest, cursor.clock);
      });
    }
    return highest;
  }

  /** Takes over copies of the blocks of another row, of this store or another. */
  copyFrom(other: IdRow): void {
    for (let i = 0; i < other.length; i++) {
      const used = other.#at(i, USED);
      const cell = this.store.allocate(this.number, used);
      const from = other.store.body(other.cell(i));
      const { bytes, start } = from;
      const to = this.store.body(cell);
      bytes.copy(to.bytes, to.start, start, start + used);
      this.#insertBlock(i, cell, this.#serial++);
      this.#set(i, USED, used);
      this.#set(i, GONE, other.#at(i, GONE));
      this.#add(i, other.countOf(i), other.liveOf(i));
      this.#noteVersion(i, other.#at(i, NEWEST));
    }
  }

  /** The locations of all blocks, which are the caller's from now on. */
  takeCells(): Int32Array {
    const cells = Int32Array.from({ length: this.length }, (_, i) => this.cell(i));
    this.store.heldBytes -= this.#words.byteLength;
    this.#words = new Float64Array(0);
    this.length = this.count = this.live = 0;
    return cells;
  }

  #add(i: number, count: number, live: number): void {
    const at = (this.#first + i) * WORDS;
    this.#words[at + COUNT]! += count;
    this.#words[at + LIVE]! += live;
    this.count += count;
    this.live += live;
  }

  #noteVersion(i: number, clock: number): void {
    if (clock > this.#at(i, NEWEST)) this.#set(i, NEWEST, clock);
    if (clock > this.newestClock) this.newestClock = clock;
  }

  /** The last item, be it gone; null if there is none. */
  #openTail(): Tail | null {
    if (this.length === 0) return null;
    const tail = this.#tail;
    if (this.#isTailKnown) return tail;
    const cursor = this.store.walk;
    this.openBlock(this.length - 1, cursor);
    while (cursor.step()) {}
    tail.id.copyFrom(cursor.id);
    tail.clock = cursor.clock;
    tail.origin = cursor.origin;
    this.#isTailKnown = true;
    this.#isTailLive = !cursor.isMark && !cursor.isGone;
    return tail;
  }

  /** The first item of the last block, which is these bytes. Valid until somebody else walks. */
  #master(bytes: Buffer, start: number, used: number): Master {
    const cursor = this.store.walk;
    if (this.#masterAt === 0) {
      cursor.open(bytes, start, start + used);
      cursor.step();
      this.#masterAt = cursor.masterStart - start;
      this.#masterLength = cursor.masterEnd - cursor.masterStart;
    }
    cursor.bytes = bytes;
    cursor.masterStart = start + this.#masterAt;
    cursor.masterEnd = cursor.masterStart + this.#masterLength;
    return cursor;
  }

  #forgetTail(): void {
    this.#isTailKnown = false;
    this.#masterAt = 0;
  }

  #ensureCapacity(i: number, needed: number): void {
    const capacity = this.store.capacity(this.cell(i));
    if (needed > capacity) this.#resize(i, Math.max(needed, Math.min(2 * capacity, this.store.bytesMax)));
  }

  /** Gives a block that is full a cell that it fills. */
  #fit(i: number): void {
    const used = this.#at(i, USED);
    if (this.store.capacity(this.cell(i)) > used + (used >>> 3)) this.#resize(i, used);
  }

  #resize(i: number, capacity: number): void {
    const old = this.cell(i);
    const used = this.#at(i, USED);
    const cell = this.store.allocate(this.number, capacity);
    const { bytes, start } = this.store.body(old);
    const to = this.store.body(cell);
    bytes.copy(to.bytes, to.start, start, start + used);
    this.store.free(old);
    this.setCell(i, cell);
  }

  /** Writes block `i` anew: `visit` is called for each item, and with null behind the last, and puts out what is to be there. */
  #rewrite(i: number, visit: (cursor: ItemCursor | null, output: BlockDrafts) => void): void {
    const output = new BlockDrafts(this.store, this.sharesFields);
    const cursor = new ItemCursor();
    this.openBlock(i, cursor);
    while (cursor.next()) visit(cursor, output);
    visit(null, output);
    const drafts = output.finish();
    const serial = this.serialOf(i);
    this.#removeBlock(i);
    drafts.forEach(({ bytes, count, live, newest }, k) => {
      this.#insertBlock(i + k, this.store.allocate(this.number, bytes.length), serial);
      const body = this.store.body(this.cell(i + k));
      bytes.copy(body.bytes, body.start);
      this.#set(i + k, USED, bytes.length);
      this.#add(i + k, count, live);
      this.#noteVersion(i + k, newest);
    });
    this.#forgetTail();
  }

  #removeBlock(i: number): void {
    this.store.free(this.cell(i));
    this.count -= this.countOf(i);
    this.live -= this.liveOf(i);
    const from = this.#first * WORDS;
    const words = this.#words;
    if (i === 0) this.#first++;
    else words.copyWithin(from + i * WORDS, from + (i + 1) * WORDS, from + this.length * WORDS);
    this.length--;
    this.#forgetTail();
  }

  #insertBlock(i: number, cell: Location, serial: number): void {
    assert(i <= this.length, "blocks are side by side");
    if ((this.#first + this.length + 1) * WORDS > this.#words.length) this.#makeRoom();
    const words = this.#words;
    const from = this.#first * WORDS;
    words.copyWithin(from + (i + 1) * WORDS, from + i * WORDS, from + this.length * WORDS);
    this.length++;
    const to = from + i * WORDS;
    words.fill(0, to, to + WORDS);
    words[to + CELL] = cell;
    words[to + SERIAL] = serial;
  }

  #makeRoom(): void {
    const used = this.#words.subarray(this.#first * WORDS, (this.#first + this.length) * WORDS);
    const room = Math.max(ROOM_MIN, this.length + (this.length >>> 1) + 1);
    const words = new Float64Array(room * WORDS);
    words.set(used);
    this.store.heldBytes += words.byteLength - this.#words.byteLength;
    this.#words = words;
    this.#first = 0;
  }
}

function keepAll(cursor: ItemCursor | null, output: BlockDrafts): void {
  if (cursor !== null) output.keep(cursor);
}

function copyShort(source: Buffer, length: number, target: Buffer, at: number): void {
  if (length > 64) source.copy(target, at, 0, length);
  else for (let i = 0; i < length; i++) target[at + i] = source[i]!;
}
