/** A block of elements that is being written anew: what a visitor of the old one makes of it (list-editor.ts). */
import { copyBytes } from "../base/bytes.js";
import { Position } from "../delta/list-position.js";
import { grown, kept, newBuffer } from "./element-buffer.js";
import { Content, type ElementCursor, headBytesMax, writeHead } from "./list-block.js";

/** Elements are to be put in the order of their positions. */
export class BlockOutput {
  bytes: Buffer = newBuffer();
  length = 0;
  count = 0;
  live = 0;
  readonly #before = new Position();
  readonly #content = new Content();

  clear(): void {
    this.length = this.count = this.live = 0;
    this.#content.release();
    this.bytes = kept(this.bytes);
  }

  /** The element that a cursor is at, as it is. */
  keep(cursor: ElementCursor): void {
    this.#content.copyFrom(cursor);
    this.put(cursor.position, this.#content, !cursor.isMark);
  }

  put(position: Position, content: Content, isLive: boolean): void {
    this.#ensure(headBytesMax(position) + content.length);
    const before = this.count === 0 ? null : this.#before;
    const to = writeHead(this.bytes, this.length, content.code, position, before);
    copyBytes(content.bytes, 0, content.length, this.bytes, to);
    this.length = to + content.length;
    this.#before.copyFrom(position);
    this.count++;
    if (isLive) this.live++;
  }

  #ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = grown(needed);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
