/** Whether something from outside comes twice that may come only once. */
import { equalRanges } from "../base/bytes.js";
import type { KeyHasher } from "../base/key-hash.js";
import type { Items } from "../rdb/items.js";

/**
 * Compares every `step`-th item with the others, by a table of their hashes: nobody who does not know the hasher's seed can make it slow. The
 * hasher's last result is spent.
 */
export function hasDuplicates(items: Items, step: number, hasher: KeyHasher): boolean {
  const count = items.count / step;
  const bits = Math.max(1, Math.ceil(Math.log2(2 * count)));
  const mask = 2 ** bits - 1;
  /** Numbers of items, plus one. */
  const table = new Int32Array(2 ** bits);
  for (let i = 0; i < items.count; i += step) {
    const item = items.at(i);
    hasher.digest(item.bytes, item.start, item.end);
    let cell = hasher.hash & mask;
    for (; table[cell] !== 0; cell = (cell + 1) & mask) {
      if (equalRanges(items.at(table[cell]! - 1), item)) return true;
    }
    table[cell] = i + 1;
  }
  return false;
}
