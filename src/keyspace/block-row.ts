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
  /** Changes whenever anything does in a block. */
  edition = 0;
  /** So many blocks at either end have only marks. */
  readonly #dead = [0, 0];
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
    const { tail } = this;
    tail.prefixLength = 0;
    tail.clock = clock;
    tail.origin = origin;
    tail.rank = rank;
    this.isTailKnown = true;
  }

  setRange(i: number, start: number, end: number): void {
    this.edition++;
    const at = (this.#first + i) * WORDS;
    this.#words[at + START] = start;
    this.#words[at + END] = end;
  }

  /** Counts elements in or out of a block. */
  add(i: number, count: number, live: number): void {
    const at = (this.#first + i) * WORDS;
    this.#words[at + COUNT]! += count;
    this.#words[at + LIVE]! += live;
    this.count += count;
    this.live += live;
    if (live > 0) this.#forgetDead();
  }

  /** Puts an empty block before block `i`, or behind the last. */
  insert(i: number, cell: Location, at: number): void {
    this.edition++;
    this.#forgetDead();
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
    this.edition++;
    this.#forgetDead();
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

  indexOf(cell: Location): number {
    for (let i = 0; i < this.length; i++) if (this.cell(i) === cell) return i;
    return -1;
  }

  /** The first block that has an element which was not removed; of the last if `isLast`. There is one. */
  liveEnd(isLast: boolean): number {
    const dead = this.#dead;
    if (isLast) {
      while (this.liveOf(this.length - 1 - dead[1]!) === 0) dead[1]!++;
      return this.length - 1 - dead[1]!;
    }
    while (this.liveOf(dead[0]!) === 0) dead[0]!++;
    return dead[0]!;
  }

  #forgetDead(): void {
    this.#dead[0] = this.#dead[1] = 0;
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
