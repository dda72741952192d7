import { Heap } from "../../base/heap.js";

/** What is due at a time. Of two that are due at once the one of the lower sequence number comes first. */
export interface Due {
  readonly atMs: number;
  readonly sequence: number;
  /** Done or cancelled: it does not count any more. */
  isOver: boolean;
}

/** Cancelled items stay in the heap until there are so many of them and they are more than half of it. */
const CANCELLED_MIN = 1024;

/** Items in the order in which they are due. Most are cancelled before their time, which must be cheap. */
export class Agenda<Item extends Due> {
  private readonly heap = new Heap<Item>(
    (one, other) => one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence),
  );
  private cancelled = 0;

  add(item: Item): void {
    this.heap.push(item);
  }

  cancel(item: Item): void {
    if (item.isOver) return;
    item.isOver = true;
    this.cancelled++;
    if (this.cancelled < CANCELLED_MIN || this.cancelled * 2 < this.heap.size) return;
    this.heap.retain(({ isOver }) => !isOver);
    this.cancelled = 0;
  }

  peek(): Item | undefined {
    let item = this.heap.peek();
    while (item?.isOver) {
      this.heap.pop();
      this.cancelled--;
      item = this.heap.peek();
    }
    return item;
  }

  /** When the next item is due, or Infinity if there is none. */
  nextMs(): number {
    return this.peek()?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next item, which is over from now on. */
  pop(): Item | undefined {
    const item = this.peek();
    if (item === undefined) return undefined;
    this.heap.pop();
    item.isOver = true;
    return item;
  }
}
