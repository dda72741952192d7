/** Which blocks a large list has, in their order: where each lies, how much of its cell it fills, and how many elements are in it. */
import { Position } from "../delta/list-position.js";
import type { Location } from "./arena.js";

const CELL = 0;
const START = 1;
const END = 2;
const COUNT = 3;
const LIVE = 4;
const WORDS = 5;
const ROOM_MIN = 8;

/** A list of blocks in order, with room at both ends. */
export class BlockRow {
  /** Blocks. */
  length = 0;
  /** Elements that were not removed, and all. */
  live = 0;
  count = 0;
  /** A clock that no version of an element is above. */
  newestClock = 0;
  /** The position of the last element, if it is known. */
  readonly tail = new Position();
  isTailKnown = false;
  /** The first element, if it is known: its position, which is of one step, its code, and where its content begins in the cell. */
  isHeadKnown = false;
  headClock = 0;
  headOrigin = 0;
  headRank = 0;
  headCode = 0;
  headContent = 0;
  /** Changes whenever anything does in the last block. */
  edition = 0;
  /** So many blocks at the beginning, and at the end, have only marks: or more. */
  #deadFirst = 0;
  #deadLast = 0;
  /** The block that was sought last: those that lie side by side in memory mostly are neighbours here. */
  #sought = 0;
  #words = new Int32Array(ROOM_MIN * WORDS);
  #first = ROOM_MIN >>> 1;

  constructor(
    readonly number: number,
    private readonly ledger: { rowBytes: number },
  ) {
    ledger.rowBytes += this.#words.byteLength;
  }

  get byteLength(): number {
    return this.#words.byteLength;
  }

  cell(i: number): Location {
    return this.#words[(this.#first + i) * WORDS + CELL]!;
  }

  start(i: number): number {
    return this.#words[(this.#first + i) * WORDS + START]!;
  }

  end(i: number): number {
    return this.#words[(this.#first + i) * WORDS + END]!;
  }

  countOf(i: number): number {
    return this.#words[(this.#first + i) * WORDS + COUNT]!;
  }

  liveOf(i: number): number {
    return this.#words[(this.#first + i) * WORDS + LIVE]!;
  }

  setCell(i: number, cell: Location): void {
    this.#words[(this.#first + i) * WORDS + CELL] = cell;
  }

  /** The last element has this position, of one step. */
  setTail(clock: number, origin: number, rank: number): void {
    this.tail.setStep(clock, origin, rank);
    this.isTailKnown = true;
  }

  /** The first element is this one. */
  setHead({ clock, origin, rank }: Position, code: number, contentAt: number): void {
    this.headClock = clock;
    this.headOrigin = origin;
    this.headRank = rank;
    this.headCode = code;
    this.headContent = contentAt;
    this.isHeadKnown = true;
  }

  /** What is in a block has changed, and is these bytes of its cell. */
  setRange(i: number, start: number, end: number): void {
    this.#changed(i);
    const at = (this.#first + i) * WORDS;
    this.#words[at + START] = start;
    this.#words[at + END] = end;
  }

  /** The same where it has changed at its end only, and still has its first element. */
  setRangeEnd(i: number, end: number): void {
    if (i === this.length - 1) this.edition++;
    this.#words[(this.#first + i) * WORDS + END] = end;
  }

  #changed(i: number): void {
    if (i === 0) this.isHeadKnown = false;
    if (i === this.length - 1) this.edition++;
  }

  /** Counts elements in or out of a block. */
  add(i: number, count: number, live: number): void {
    const at = (this.#first + i) * WORDS;
    this.#words[at + COUNT]! += count;
    this.#words[at + LIVE]! += live;
    this.count += count;
    this.live += live;
    if (live > 0) this.#isAlive(i);
  }

  /** Puts an empty block before block `i`, or behind the last. */
  insert(i: number, cell: Location, at: number): void {
    this.#changed(i);
    if (i === this.length) this.edition++;
    this.#isAlive(i);
    if (this.#first === 0 || (this.#first + this.length + 1) * WORDS > this.#words.length) this.#grow();
    const words = this.#words;
    const from = this.#first * WORDS;
    if (i <= this.length >>> 1) {
      words.copyWithin(from - WORDS, from, from + i * WORDS);
      this.#first--;
    } else {
      words.copyWithin(from + (i + 1) * WORDS, from + i * WORDS, from + this.length * WORDS);
    }
    this.length++;
    const to = (this.#first + i) * WORDS;
    words[to + CELL] = cell;
    words[to + START] = words[to + END] = at;
    words[to + COUNT] = words[to + LIVE] = 0;
  }

  remove(i: number): void {
    this.#changed(i);
    if (i < this.#deadFirst) this.#deadFirst--;
    if (this.length - 1 - i < this.#deadLast) this.#deadLast--;
    this.count -= this.countOf(i);
    this.live -= this.liveOf(i);
    const words = this.#words;
    const from = this.#first * WORDS;
    if (i < this.length >>> 1) {
      words.copyWithin(from + WORDS, from, from + i * WORDS);
      this.#first++;
    } else {
      words.copyWithin(from + i * WORDS, from + (i + 1) * WORDS, from + this.length * WORDS);
    }
    this.length--;
  }

  /** The block that lies in a cell, -1 if none does. Sought from where one was found last, to both sides. */
  indexOf(cell: Location): number {
    const { length } = this;
    const from = Math.min(this.#sought, length - 1);
    for (let distance = 0; distance < length; distance++) {
      const [left, right] = [from - distance, from + distance];
      if (left >= 0 && this.cell(left) === cell) return (this.#sought = left);
      if (right < length && this.cell(right) === cell) return (this.#sought = right);
    }
    return -1;
  }

  /** The first block that has an element which was not removed; of the last if `isLast`. There is one. */
  liveEnd(isLast: boolean): number {
    if (isLast) {
      while (this.liveOf(this.length - 1 - this.#deadLast) === 0) this.#deadLast++;
      return this.length - 1 - this.#deadLast;
    }
    while (this.liveOf(this.#deadFirst) === 0) this.#deadFirst++;
    return this.#deadFirst;
  }

  /** Block `i` has an element that was not removed, or is about to: as block `i` of one more if it is to be inserted. */
  #isAlive(i: number): void {
    this.#deadFirst = Math.min(this.#deadFirst, i);
    this.#deadLast = Math.min(this.#deadLast, Math.max(0, this.length - 1 - i));
  }

  #grow(): void {
    const room = Math.max(ROOM_MIN, 2 * this.length);
    const words = new Int32Array(room * WORDS);
    const first = (room - this.length) >>> 1;
    const from = this.#first * WORDS;
    words.set(this.#words.subarray(from, from + this.length * WORDS), first * WORDS);
    this.ledger.rowBytes += words.byteLength - this.#words.byteLength;
    this.#words = words;
    this.#first = first;
  }
}
