/**
 * One life of a group of consumers, from its creation to its removal: what is pending in it, and whose it is. In memory a consumer has a number, by which
 * its messages name it; numbers are this node's own.
 *
 *     content of a pending item := consumer:varint delivered:varint count:varint
 */
import { readVarint, skipVarint, VARINT_BYTES_MAX, writeVarint } from "../base/varint.js";
import type { StreamId } from "../delta/stream-id.js";
import { readUint64 } from "../delta/stream-items.js";
import type { Version } from "../delta/version.js";
import type { IdRow } from "./id-row.js";
import { ItemCursor, type NewItem } from "./stream-block.js";
import type { SideItem } from "./stream-body.js";

export interface Consumer {
  readonly name: string;
  number: number;
  /** Messages pending for it. */
  pending: number;
  /** What merges; undefined, or a mark, if clients do not see the consumer. */
  item: SideItem | undefined;
  /** When it was here last, as far as this node knows. Not told: who only asks writes nothing. */
  seenMs: number;
}

/** When a message was delivered last, in milliseconds, how often, and to whom. */
export interface Delivery {
  readonly consumer: Consumer;
  readonly deliveredMs: number;
  readonly count: number;
}

// What is needed within a call only, for all groups: a group of its own takes little.
const cursor = new ItemCursor();
const item: { -readonly [Name in keyof NewItem]: NewItem[Name] } = {
  isMark: false,
  bytes: Buffer.alloc(3 * VARINT_BYTES_MAX),
  start: 0,
  end: 0,
  clock: 0,
  origin: 0,
};

export class GroupLife {
  /** Those that have an item, be it a mark, and those for whom something is pending. */
  readonly consumers = new Map<string, Consumer>();
  /** Undefined: the number is in `#free`. */
  #byNumber: (Consumer | undefined)[] = [];
  #free: number[] = [];

  constructor(
    readonly name: string,
    readonly birth: Version,
    readonly pending: IdRow,
    /** Its place among the rows of the stream, from 1 on. */
    readonly rank: number,
  ) {}

  /** The consumer of a name, be it one that clients do not see. The caller gives it an item, or lets something be pending for it. */
  consumer(name: string): Consumer {
    let consumer = this.consumers.get(name);
    if (consumer === undefined) {
      const number = this.#free.pop() ?? this.#byNumber.length;
      consumer = { name, number, pending: 0, item: undefined, seenMs: 0 };
      this.consumers.set(name, consumer);
      this.#byNumber[number] = consumer;
    }
    return consumer;
  }

  /** The consumer of a name, if clients see it. */
  seen(name: string): Consumer | undefined {
    const consumer = this.consumers.get(name);
    return consumer === undefined || (consumer.item?.value ?? null) === null ? undefined : consumer;
  }

  setConsumer(name: string, side: SideItem | undefined): void {
    if (side === undefined && !this.consumers.has(name)) return;
    const consumer = this.consumer(name);
    consumer.item = side;
    if (side?.value != null) consumer.seenMs = Math.max(consumer.seenMs, readUint64(side.value, 0));
    else consumer.seenMs = 0;
    this.#forgetUnused(consumer);
  }

  /** Names of consumers come and go: nobody asks for one that was removed, and its number is another's. */
  #forgetUnused(consumer: Consumer): void {
    const { name, number, pending } = consumer;
    if (pending > 0 || consumer.item !== undefined) return;
    this.consumers.delete(name);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
  }

  /** Consumers that clients see, in the order of their names. */
  visible(): Consumer[] {
    const consumers = [...this.consumers.values()].filter((each) => (each.item?.value ?? null) !== null);
    return consumers.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The delivery of the pending item at hand, which is no mark. */
  delivery({ bytes, contentStart }: ItemCursor): Delivery {
    const at = skipVarint(bytes, contentStart);
    return {
      consumer: this.#byNumber[readVarint(bytes, contentStart)]!,
      deliveredMs: readVarint(bytes, at),
      count: readVarint(bytes, skipVarint(bytes, at)),
    };
  }

  consumerAt({ bytes, contentStart }: ItemCursor): Consumer {
    return this.#byNumber[readVarint(bytes, contentStart)]!;
  }

  /** Lets a message be pending so. */
  deliver(id: StreamId, delivery: Delivery, version: Version): void {
    this.deliverAll([id], version, () => delivery);
  }

  /** The same of messages whose ids rise. `deliveryOf` is told how each was pending before, null if it was not. */
  deliverAll(
    ids: readonly StreamId[],
    version: Version,
    deliveryOf: (k: number, before: Delivery | null) => Delivery,
  ): void {
    this.pending.putAll(ids, (k, there) => {
      const before = there === null || there.isMark ? null : this.delivery(there);
      const delivery = deliveryOf(k, before);
      delivery.consumer.pending++;
      if (before !== null) this.#countOut(before.consumer);
      return this.#itemOf(delivery, version);
    });
  }

  #countOut(consumer: Consumer): void {
    consumer.pending--;
    this.#forgetUnused(consumer);
  }

  #itemOf({ consumer, deliveredMs, count }: Delivery, { clock, origin }: Version): NewItem {
    item.isMark = false;
    item.clock = clock;
    item.origin = origin;
    let to = writeVarint(item.bytes, 0, consumer.number);
    to = writeVarint(item.bytes, to, deliveredMs);
    item.end = writeVarint(item.bytes, to, count);
    return item;
  }

  #markOf({ clock, origin }: Version): NewItem {
    item.isMark = true;
    item.clock = clock;
    item.origin = origin;
    item.end = 0;
    return item;
  }

  /** Takes out a message, if it is there; with a mark if a version of it is given. */
  settle(id: StreamId, mark: Version | null): void {
    if (mark !== null) {
      this.markAll([id], mark);
      return;
    }
    const i = this.pending.find(id, cursor);
    if (i < 0) return;
    if (!cursor.isMark) this.#countOut(this.consumerAt(cursor));
    this.pending.remove(i, cursor);
  }

  /** Leaves marks in place of messages whose ids rise, be they there or not. */
  markAll(ids: readonly StreamId[], mark: Version): void {
    this.pending.putAll(ids, (_, there) => {
      if (there !== null && !there.isMark) this.#countOut(this.consumerAt(there));
      return this.#markOf(mark);
    });
  }

  isPending(id: StreamId): boolean {
    return this.pending.find(id, cursor) >= 0 && !cursor.isMark;
  }

  /** Takes out all that is pending for a consumer, block by block, and shows the id of each. */
  settleAll(consumer: Consumer, mark: Version | null, visit: (id: StreamId) => void): void {
    const { pending } = this;
    // From the last: a block that is written anew may become several, or none.
    for (let i = pending.length - 1; i >= 0 && consumer.pending > 0; i--) {
      if (!this.#hasOf(i, consumer)) continue;
      pending.sift(i, (there) => {
        if (there.isMark || this.consumerAt(there) !== consumer) return "keep";
        consumer.pending--;
        visit(there.id);
        return mark === null ? "drop" : this.#markOf(mark);
      });
    }
    this.#forgetUnused(consumer);
  }

  #hasOf(block: number, consumer: Consumer): boolean {
    this.pending.openBlock(block, cursor);
    while (cursor.nextLive()) if (this.consumerAt(cursor) === consumer) return true;
    return false;
  }

  /** Becomes a copy of another life. Nothing is pending here yet, but consumers may have their items. */
  copyFrom(other: GroupLife): void {
    this.#byNumber = other.#byNumber.map(() => undefined);
    this.#free = [...other.#free];
    for (const { name, number, pending, seenMs } of other.consumers.values()) {
      const consumer = this.consumers.get(name) ?? { name, number, pending, item: undefined, seenMs };
      consumer.number = number;
      consumer.pending = pending;
      consumer.seenMs = seenMs;
      this.consumers.set(name, consumer);
      this.#byNumber[number] = consumer;
    }
    this.pending.copyFrom(other.pending);
  }
}
