/** Blocks of a row of items that are being written anew (id-row.ts): each item is put in its place, and blocks end where they are full. */
import { StreamId } from "../delta/stream-id.js";
import type { Version } from "../delta/version.js";
import { ITEM_OVERHEAD_BYTES, ItemCursor, type NewItem, WholeContent, writeItem } from "./stream-block.js";
import type { StreamBlocks } from "./stream-blocks.js";

/** A block that is to be. */
export interface Draft {
  readonly bytes: Buffer;
  readonly count: number;
  readonly live: number;
  readonly newest: number;
}

/** What an item follows. */
export class Tail implements Version {
  readonly id = new StreamId();
  clock = 0;
  origin = 0;
}

/** Blocks that are being written anew. Items are to be put in the order of their ids. */
export class BlockDrafts {
  readonly #drafts: Draft[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #count = 0;
  #live = 0;
  #newest = 0;
  readonly #before = new Tail();
  readonly #content = new WholeContent();
  readonly #kept = { isMark: false, bytes: this.#bytes, start: 0, end: 0, clock: 0, origin: 0 };
  readonly #first = new ItemCursor();

  constructor(
    private readonly store: StreamBlocks,
    private readonly sharesFields: boolean,
  ) {}

  /** The item that a cursor is at, as it is. */
  keep(cursor: ItemCursor): void {
    const kept = this.#kept;
    kept.isMark = cursor.isMark;
    kept.clock = cursor.clock;
    kept.origin = cursor.origin;
    const content = this.#content;
    content.take(cursor);
    kept.bytes = content.bytes;
    kept.start = content.start;
    kept.end = content.end;
    this.put(cursor.id, kept);
  }

  put(id: StreamId, item: NewItem): void {
    const needed = ITEM_OVERHEAD_BYTES + item.end - item.start;
    if (this.#count > 0 && !this.store.mayGrow(this.#count, this.#length)) this.#close();
    this.#ensure(this.#length + needed);
    let isFirst = this.#count === 0;
    let to = this.#write(id, item, isFirst);
    if (!isFirst && to > this.store.bytesMax) {
      this.#close();
      isFirst = true;
      this.#ensure(needed);
      to = this.#write(id, item, isFirst);
    }
    if (isFirst) {
      this.#first.open(this.#bytes, 0, to);
      this.#first.step();
    }
    this.#length = to;
    this.#before.id.copyFrom(id);
    this.#before.clock = item.clock;
    this.#before.origin = item.origin;
    this.#count++;
    if (!item.isMark) this.#live++;
    this.#newest = Math.max(this.#newest, item.clock);
  }

  #write(id: StreamId, item: NewItem, isFirst: boolean): number {
    const master = isFirst || !this.sharesFields ? null : this.#first;
    return writeItem(this.#bytes, this.#length, id, item, isFirst ? null : this.#before, master);
  }

  finish(): readonly Draft[] {
    if (this.#count > 0) this.#close();
    return this.#drafts;
  }

  #close(): void {
    this.#drafts.push({
      bytes: this.#bytes.subarray(0, this.#length),
      count: this.#count,
      live: this.#live,
      newest: this.#newest,
    });
    this.#bytes = Buffer.alloc(0);
    this.#length = this.#count = this.#live = this.#newest = 0;
  }

  #ensure(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * length, 2 * this.store.bytesMax));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    if (this.#count > 0) this.#first.bytes = grown;
  }
}
