/** A binary heap: the least item first. */
export class Heap<Item> {
  private items: Item[] = [];

  /** `isBefore` is a strict order. Items that tie come out in any order, so give every item its own place. */
  constructor(private readonly isBefore: (one: Item, other: Item) => boolean) {}

  get size(): number {
    return this.items.length;
  }

  peek(): Item | undefined {
    return this.items[0];
  }

  push(item: Item): void {
    const { items, isBefore } = this;
    let hole = items.length;
    items.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      const above = items[parent] as Item;
      if (!isBefore(item, above)) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  pop(): Item | undefined {
    const { items } = this;
    const least = items[0];
    const last = items.pop() as Item;
    if (items.length > 0) this.sink(last, 0);
    return least;
  }

  /** Keeps only the items that `isKept` accepts, in linear time. */
  retain(isKept: (item: Item) => boolean): void {
    this.items = this.items.filter(isKept);
    for (let parent = (this.items.length >>> 1) - 1; parent >= 0; parent--) {
      this.sink(this.items[parent] as Item, parent);
    }
  }

  /** Places `item` at `hole` or below, where it is not after its children. */
  private sink(item: Item, start: number): void {
    const { items, isBefore } = this;
    let hole = start;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (right < items.length && isBefore(items[right] as Item, items[child] as Item)) child = right;
      const below = items[child] as Item;
      if (!isBefore(below, item)) break;
      items[hole] = below;
      hole = child;
    }
    items[hole] = item;
  }
}
