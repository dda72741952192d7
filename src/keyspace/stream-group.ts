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
  readonly number: number;
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

export class GroupLife {
  readonly consumers = new Map<string, Consumer>();
  readonly #byNumber: Consumer[] = [];
  readonly #cursor = new ItemCursor();
  readonly #item: { -readonly [Name in keyof NewItem]: NewItem[Name] } = {
    isMark: false,
    bytes: Buffer.alloc(3 * VARINT_BYTES_MAX),
    start: 0,
    end: 0,
    clock: 0,
    origin: 0,
  };

  constructor(
    readonly name: string,
    readonly birth: Version,
    readonly pending: IdRow,
  ) {}

  /** The consumer of a name, be it one that clients do not see. */
  consumer(name: string): Consumer {
    let consumer = this.consumers.get(name);
    if (consumer === undefined) {
      consumer = { name, number: this.#byNumber.length, pending: 0, item: undefined, seenMs: 0 };
      this.consumers.set(name, consumer);
      this.#byNumber.push(consumer);
    }
    return consumer;
  }

  /** The consumer of a name, if clients see it. */
  seen(name: string): Consumer | undefined {
    const consumer = this.consumers.get(name);
    return consumer === undefined || (consumer.item?.value ?? null) === null ? undefined : consumer;
  }

  setConsumer(name: string, item: SideItem | undefined): void {
    const consumer = this.consumer(name);
    consumer.item = item;
    if (item?.value != null) consumer.seenMs = Math.max(consumer.seenMs, readUint64(item.value, 0));
    else consumer.seenMs = 0;
  }

  /** Consumers that clients see, in the order of their names. */
  visible(): Consumer[] {
    const consumers = [...this.consumers.values()].filter(({ item }) => (item?.value ?? null) !== null);
    return consumers.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The delivery of the pending item at hand, which is no mark. */
  delivery(item: ItemCursor): Delivery {
    const { bytes, contentStart } = item;
    const at = skipVarint(bytes, contentStart);
    return {
      consumer: this.#byNumber[readVarint(bytes, contentStart)]!,
      deliveredMs: readVarint(bytes, at),
      count: readVarint(bytes, skipVarint(bytes, at)),
    };
  }

  consumerAt(item: ItemCursor): Consumer {
    return this.#byNumber[readVarint(item.bytes, item.contentStart)]!;
  }

  /** Lets a message be pending so. */
  deliver(id: StreamId, delivery: Delivery, { clock, origin }: Version): void {
    const item = this.#item;
    item.isMark = false;
    item.clock = clock;
    item.origin = origin;
    let to = writeVarint(item.bytes, 0, delivery.consumer.number);
    to = writeVarint(item.bytes, to, delivery.deliveredMs);
    item.end = writeVarint(item.bytes, to, delivery.count);
    const cursor = this.#cursor;
    if (this.pending.find(id, cursor) >= 0 && !cursor.isMark) this.consumerAt(cursor).pending--;
    delivery.consumer.pending++;
    this.pending.put(id, item);
  }

  /** Takes out a message; with a mark if a version of it is given. Answers whether it was pending. */
  settle(id: StreamId, mark: Version | null): boolean {
    const cursor = this.#cursor;
    const i = this.pending.find(id, cursor);
    const wasPending = i >= 0 && !cursor.isMark;
    if (wasPending) this.consumerAt(cursor).pending--;
    if (mark !== null) {
      const item = this.#item;
      item.isMark = true;
      item.clock = mark.clock;
      item.origin = mark.origin;
      item.end = 0;
      this.pending.put(id, item);
    } else if (i >= 0) {
      this.pending.remove(i, cursor);
    }
    return wasPending;
  }

  copyFrom(other: GroupLife): void {
    for (const { name, pending } of other.#byNumber) this.consumer(name).pending = pending;
    // Those that have an item may have come in another order.
    const isAlike = other.#byNumber.every(({ name, number }) => this.consumers.get(name)!.number === number);
    if (isAlike) {
      this.pending.copyFrom(other.pending);
      return;
    }
    for (const consumer of this.consumers.values()) consumer.pending = 0;
    const cursor = new ItemCursor();
    for (let i = 0; i < other.pending.length; i++) {
      other.pending.openBlock(i, cursor);
      while (cursor.next()) {
        if (cursor.isMark) {
          this.settle(cursor.id, cursor);
          continue;
        }
        const { consumer, deliveredMs, count } = other.delivery(cursor);
        this.deliver(cursor.id, { consumer: this.consumer(consumer.name), deliveredMs, count }, cursor);
      }
    }
  }
}
