/**
 * Where the elements of the block lie that a list ends with, so that taking one after the other from there walks the block once: each
 * follows from the one before it. One trail serves all lists, for those whose ends are taken are taken again.
 */

import type { BlockRow } from "./block-row.js";
import type { ElementCursor } from "./list-block.js";
import { BLOCK_BYTES } from "./list-blocks.js";

/** Elements of a block that is not one long element, at most: two bytes each. */
const ELEMENTS_MAX = BLOCK_BYTES;

export class BlockTrail {
  #row: BlockRow | null = null;
  #edition = -1;
  #length = 0;
  readonly #starts = new Int32Array(ELEMENTS_MAX);
  readonly #clocks = new Float64Array(ELEMENTS_MAX);
  readonly #origins = new Uint16Array(ELEMENTS_MAX);
  readonly #ranks = new Uint8Array(ELEMENTS_MAX);

  /** Shows the last element of block `i`, on which the cursor is open; false if that is not known here. */
  show(row: BlockRow, i: number, cursor: ElementCursor): boolean {
    if (i !== row.length - 1 || row.liveOf(i) < row.countOf(i)) return false;
    if (
      (this.#row !== row || this.#edition !== row.edition || this.#length === 0) &&
      !this.#walk(row, cursor)
    )
      return false;
    const k = this.#length - 1;
    cursor.showPlaced(
      cursor.blockStart + this.#starts[k]!,
      this.#clocks[k]!,
      this.#origins[k]!,
      this.#ranks[k]!,
    );
    return true;
  }

  /** The list has lost the element that was shown, and nothing else has changed. */
  dropped(row: BlockRow): void {
    // It may have been shown by others, and what is known here be of before.
    if (this.#row !== row || this.#edition !== row.edition - 1 || this.#length === 0) return;
    this.#length--;
    this.#edition = row.edition;
    const k = this.#length - 1;
    if (k >= 0) row.setTail(this.#clocks[k]!, this.#origins[k]!, this.#ranks[k]!);
  }

  #walk(row: BlockRow, cursor: ElementCursor): boolean {
    this.#row = null;
    let k = 0;
    const { position, bytes, blockStart, blockEnd } = cursor;
    for (; cursor.next(); k++) {
      if (position.prefixLength > 0 || k === ELEMENTS_MAX) {
        cursor.open(bytes, blockStart, blockEnd);
        return false;
      }
      this.#starts[k] = cursor.start - blockStart;
      this.#clocks[k] = position.clock;
      this.#origins[k] = position.origin;
      this.#ranks[k] = position.rank;
    }
    this.#row = row;
    this.#edition = row.edition;
    this.#length = k;
    return true;
  }
}
