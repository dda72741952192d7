/**
 * Reads the elements of a list, whatever its form, in the order of the list: from its beginning, from a position or from an index on. The
 * commands that only look go by this; what merges, digests and sends lists sees them as entries (entry-reader.ts).
 */
import type { Position } from "../delta/list-position.js";
import type { Location } from "./arena.js";
import type { BlockRow } from "./block-row.js";
import type { Database } from "./database.js";
import { ElementCursor } from "./list-block.js";
import { BODY_LENGTH, STRUCTURE } from "./record.js";

/** A place in a list for `goTo`: the block, and the offset in its elements. Of longer blocks only the first has one; more blocks there are not. */
const PLACES_PER_BLOCK = 2 ** 28;

const NO_BYTES = Buffer.alloc(0);

export class ListReader {
  /** The element at hand. */
  readonly cursor = new ElementCursor();
  #database!: Database;
  #at: Location = 0;
  #row: BlockRow | null = null;
  #block = 0;
  #blockStart = 0;

  /** Stands before the first element. */
  open(database: Database, at: Location): void {
    this.#database = database;
    this.#at = at;
    const { records, lists } = database;
    const isRow = (records.word1(at) & STRUCTURE) !== 0;
    this.#row = isRow ? lists.row(records.word(at, BODY_LENGTH)) : null;
    this.#openBlock(0);
  }

  /** Elements that were not removed. */
  get live(): number {
    if (this.#row !== null) return this.#row.live;
    let live = 0;
    this.#openBlock(0);
    while (this.cursor.nextLive()) live++;
    return live;
  }

  /** Whether no element is left that was not removed. */
  get isEmptied(): boolean {
    if (this.#row !== null) return this.#row.live === 0;
    this.#openBlock(0);
    return !this.cursor.nextLive();
  }

  /** Whether there are marks of removed elements, or no element at all. */
  get hasMarks(): boolean {
    if (this.#row !== null) return this.#row.live === 0 || this.#row.count > this.#row.live;
    this.#openBlock(0);
    if (!this.cursor.next()) return true;
    do {
      if (this.cursor.isMark) return true;
    } while (this.cursor.next());
    return false;
  }

  /** The highest clock of a version of an element. */
  get newestClock(): number {
    if (this.#row !== null) return this.#row.newestClock;
    let newest = 0;
    this.#openBlock(0);
    while (this.cursor.next()) newest = Math.max(newest, this.cursor.clock);
    return newest;
  }

  get blocks(): number {
    return this.#row === null ? 1 : this.#row.length;
  }

  /** The block of the element at hand. */
  get block(): number {
    return this.#block;
  }

  next(): boolean {
    const { cursor } = this;
    while (!cursor.next()) {
      if (this.#block + 1 >= this.blocks) return false;
      this.#openBlock(this.#block + 1);
    }
    return true;
  }

  nextLive(): boolean {
    while (this.next()) if (!this.cursor.isMark) return true;
    return false;
  }

  /** Goes to the element of an index, which is within the list. */
  goToIndex(index: number): void {
    const row = this.#row;
    let before = 0;
    let i = 0;
    if (row !== null && index < row.live >>> 1) {
      while (before + row.liveOf(i) <= index) before += row.liveOf(i++);
    } else if (row !== null) {
      i = row.length - 1;
      before = row.live - row.liveOf(i);
      while (before > index) before -= row.liveOf(--i);
    }
    this.#openBlock(i);
    for (let left = index - before; left >= 0; left--) this.cursor.nextLive();
  }

  /** Goes to the first element of this position or a later one; false if there is none. */
  seek(position: Position): boolean {
    const { cursor } = this;
    let low = 0;
    for (let high = this.blocks - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      this.#openBlock(middle);
      cursor.next();
      if (cursor.position.compare(position) <= 0) low = middle;
      else high = middle - 1;
    }
    this.#openBlock(low);
    while (this.next()) if (cursor.position.compare(position) >= 0) return true;
    return false;
  }

  /** Where the element at hand is, until the list changes. */
  get place(): number {
    return this.#block * PLACES_PER_BLOCK + this.cursor.start - this.#blockStart;
  }

  goTo(place: number): void {
    if (this.cursor.end > this.#blockStart && place === this.place) return;
    const block = Math.floor(place / PLACES_PER_BLOCK);
    const { cursor } = this;
    const offset = place - block * PLACES_PER_BLOCK;
    if (block !== this.#block || offset < cursor.end - this.#blockStart) this.#openBlock(block);
    while (cursor.next()) if (cursor.start - this.#blockStart === offset) return;
  }

  /** Calls back for each element that was not removed, from the last to the first, until it answers false. */
  forEachBackwards(visit: (cursor: ElementCursor, block: number, ordinal: number) => boolean): void {
    const { cursor } = this;
    const places: number[] = [];
    for (let i = this.blocks - 1; i >= 0; i--) {
      places.length = 0;
      this.#openBlock(i);
      while (cursor.next()) places.push(cursor.start - this.#blockStart);
      for (let k = places.length - 1; k >= 0; k--) {
        cursor.showAt(this.#blockStart + places[k]!);
        if (!cursor.isMark && !visit(cursor, i, k)) return;
      }
    }
  }

  #openBlock(i: number): void {
    if (i >= this.blocks) {
      // A row that has lost its last block is about to go.
      this.cursor.open(NO_BYTES, 0, 0);
      return;
    }
    const { bytes, start, end } =
      this.#row === null
        ? this.#database.records.body(this.#at)
        : this.#database.lists.elements(this.#row, i);
    this.#block = i;
    this.#blockStart = start;
    this.cursor.open(bytes, start, end);
  }
}
