/**
 * Members with scores, in any order and each once, that a command puts together before it answers or stores them. Their bytes lie one
 * behind the other, off the heap of V8, however many there are.
 */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import { type ByteRange, copyRange } from "../base/bytes.js";
import { compareRanges } from "../delta/score.js";
import type { ByteView } from "./records.js";

/** Takes 1 GiB besides the bytes of the members. */
const MEMBERS_MAX = 2 ** 25;
const CELLS_MIN = 32;
/** Cells of the hash table for each member. */
const CELLS_PER_MEMBER = 2;

/** Makes one score of two. */
export type Aggregate = (one: number, other: number) => number;

export class ScoredMembers {
  length = 0;
  readonly #bytes: ByteWriter;
  /** By member, in the order in which they came: where its bytes end, its score, the hash of its bytes. */
  #ends = new Uint32Array(CELLS_MIN);
  #scores = new Float64Array(CELLS_MIN);
  #hashes = new Int32Array(CELLS_MIN);
  /** Open addressing by hash: members, counted from 1. Of no use, and left empty, to who only appends. */
  #cells = new Int32Array(CELLS_MIN * CELLS_PER_MEMBER);

  /** `append` and `merge` throw `WriterFull` rather than hold members of more bytes. */
  constructor(bytesMax: number) {
    this.#bytes = new ByteWriter({ bytesMax });
  }

  /** Adds a member that is not among them; `merge` does not find it. */
  append(member: ByteRange, score: number): void {
    const index = this.length;
    if (index === this.#ends.length) this.#grow();
    const bytes = this.#bytes;
    bytes.ensure(member.end - member.start);
    bytes.length = copyRange(member, bytes.bytes, bytes.length);
    this.#ends[index] = bytes.length;
    this.#scores[index] = score;
    this.length++;
  }

  /** Adds a member, or changes the score of the one that is there. `hash` is that of its bytes. */
  merge(member: ByteRange, hash: number, score: number, aggregate: Aggregate): void {
    const cell = this.#cellOf(member, hash);
    const index = this.#cells[cell]! - 1;
    if (index >= 0) {
      this.#scores[index] = aggregate(this.#scores[index]!, score);
      return;
    }
    this.append(member, score);
    this.#hashes[this.length - 1] = hash;
    if (this.length * CELLS_PER_MEMBER > this.#cells.length) this.#spread();
    else this.#cells[cell] = this.length;
  }

  /** Visits the members in the order of a sorted set. */
  forEachInOrder(visit: (member: ByteView, score: number) => void): void {
    const [one, other] = [this.#view(), this.#view()];
    const scores = this.#scores;
    const order = Uint32Array.from({ length: this.length }, (_, i) => i).sort((a, b) => {
      if (scores[a] !== scores[b]) return scores[a]! < scores[b]! ? -1 : 1;
      return compareRanges(this.#show(one, a), this.#show(other, b));
    });
    for (const index of order) visit(this.#show(one, index), scores[index]!);
  }

  /** The cell of a member, or the empty one that it would have. */
  #cellOf(member: ByteRange, hash: number): number {
    const mask = this.#cells.length - 1;
    const there = this.#view();
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const index = this.#cells[cell]! - 1;
      if (index < 0) return cell;
      if (this.#hashes[index] === (hash | 0) && compareRanges(this.#show(there, index), member) === 0)
        return cell;
    }
  }

  /** Makes room for as many members again. */
  #grow(): void {
    const length = this.#ends.length * 2;
    if (length > MEMBERS_MAX) throw new WriterFull("no more members are put together");
    const [ends, scores, hashes] = [this.#ends, this.#scores, this.#hashes];
    this.#ends = new Uint32Array(length);
    this.#scores = new Float64Array(length);
    this.#hashes = new Int32Array(length);
    this.#ends.set(ends);
    this.#scores.set(scores);
    this.#hashes.set(hashes);
  }

  /** Gives all members cells in a table of twice the size. */
  #spread(): void {
    const mask = this.#cells.length * 2 - 1;
    this.#cells = new Int32Array(mask + 1);
    for (let index = 0; index < this.length; index++) {
      let cell = this.#hashes[index]! & mask;
      while (this.#cells[cell] !== 0) cell = (cell + 1) & mask;
      this.#cells[cell] = index + 1;
    }
  }

  #view(): ByteView {
    return { bytes: this.#bytes.bytes, start: 0, end: 0 };
  }

  #show(view: ByteView, index: number): ByteView {
    view.start = index === 0 ? 0 : this.#ends[index - 1]!;
    view.end = this.#ends[index]!;
    return view;
  }
}
