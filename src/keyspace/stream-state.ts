/**
 * Streams as states that merge: what happens to ours when somebody's arrives. A state is packed entries (delta/packed-entries.ts) of the fields
 * in delta/stream-items.ts, all or some; in whatever order they come, each finds its place.
 */
import { EntryCursor } from "../delta/packed-entries.js";
import { StreamId } from "../delta/stream-id.js";
import { DELIVERY_BYTES, ENTRY, PENDING, readUint64 } from "../delta/stream-items.js";
import { compareVersions, type Version } from "../delta/version.js";
import { vanish } from "./collection.js";
import type { Keyspace } from "./keyspace.js";
import type { StreamLimits } from "./packing-limits.js";
import { STRUCTURE, TYPE_STREAM } from "./record.js";
import type { ByteView } from "./records.js";
import { ItemCursor, WholeContent } from "./stream-block.js";
import { ownerOf, type StreamBody } from "./stream-body.js";
import { streamOf } from "./stream-reader.js";

/** Gives the open key, which has no record of its own any more, a stream of this life: its record stands for a body on the heap. */
export function placeStream(keyspace: Keyspace, life: Version | null, clock: number): StreamBody {
  const stream = keyspace.database.streams.create();
  if (life === null) {
    keyspace.placeBorn(TYPE_STREAM, clock, stream.number, STRUCTURE);
  } else {
    keyspace.placeRaw(TYPE_STREAM, STRUCTURE, 0, stream.number);
    keyspace.records.setLife(keyspace.at, life.clock, life.origin);
  }
  return stream;
}

/** Gives the open key a stream of this life and these fields, without a deadline: `fillEntries` of a stream. */
export function fillStream(keyspace: Keyspace, limits: StreamLimits, life: Version, entries: ByteView): void {
  placeStream(keyspace, life, 0);
  new StreamJoin(keyspace, limits).join(entries);
}

/** Joins fields of the same life into the open stream: `mergeEntries` of a stream. */
export function mergeStream(keyspace: Keyspace, limits: StreamLimits, entries: ByteView): boolean {
  const join = new StreamJoin(keyspace, limits);
  join.join(entries);
  if (streamOf(keyspace.database, keyspace.at).hasNoLive) vanish(keyspace, join.newestMark);
  return join.isNews;
}

class StreamJoin {
  isNews = false;
  /** The highest clock of a removal that left no mark. */
  newestMark = 0;
  readonly #stream: StreamBody;
  readonly #id = new StreamId();
  readonly #cursor = new ItemCursor();
  readonly #content = new WholeContent();
  readonly #version = { clock: 0, origin: 0 };

  constructor(
    private readonly keyspace: Keyspace,
    limits: StreamLimits,
  ) {
    const { database, at } = keyspace;
    this.#stream = streamOf(database, at);
    this.#stream.blocks.limit(limits);
  }

  join({ bytes, start, end }: ByteView): void {
    const { keepTombstones, database, slot } = this.keyspace;
    const entries = new EntryCursor();
    entries.open(bytes, start, end);
    while (entries.next()) {
      const version = this.#version;
      version.clock = entries.clock();
      version.origin = entries.origin();
      const field = bytes.subarray(entries.fieldStart, entries.fieldEnd);
      const value = entries.isRemoved ? null : bytes.subarray(entries.valueStart, entries.valueEnd);
      if (!this.#joinField(field, value)) continue;
      this.isNews = true;
      if (value !== null) continue;
      if (keepTombstones) database.noteMark(slot);
      else this.newestMark = Math.max(this.newestMark, version.clock);
    }
  }

  #joinField(field: Buffer, value: Buffer | null): boolean {
    switch (field[0]) {
      case ENTRY:
        return this.#joinEntry(field, value);
      case PENDING:
        return this.#joinPending(field, value);
      default:
        return this.#stream.join(field, value, this.#version, this.keyspace.keepTombstones);
    }
  }

  #joinEntry(field: Buffer, value: Buffer | null): boolean {
    const id = this.#id.read(field, 1);
    const version = this.#version;
    if (this.#stream.isTrimmed(id, version)) return false;
    const { entries } = this.#stream;
    const cursor = this.#cursor;
    const i = entries.find(id, cursor);
    if (i >= 0 && !this.#isLater(value)) return false;
    if (value === null && !this.keyspace.keepTombstones) {
      if (i < 0) return false;
      entries.remove(i, cursor);
      return true;
    }
    const { clock, origin } = version;
    const bytes = value ?? field;
    entries.put(id, {
      isMark: value === null,
      bytes,
      start: 0,
      end: value === null ? 0 : value.length,
      clock,
      origin,
    });
    return true;
  }

  /** Whether merging prefers theirs to the entry at hand: the higher version, of equal ones a value to a mark, the larger value. */
  #isLater(value: Buffer | null): boolean {
    const cursor = this.#cursor;
    const order = compareVersions(this.#version, cursor);
    if (order !== 0 || value === null) return order > 0;
    if (cursor.isMark) return true;
    const content = this.#content;
    content.take(cursor);
    return Buffer.compare(value, content.bytes.subarray(content.start, content.end)) > 0;
  }

  #joinPending(field: Buffer, value: Buffer | null): boolean {
    const stream = this.#stream;
    if (stream.isOver(field)) return false;
    const { name, birth, end } = ownerOf(field);
    const life = stream.life(name, birth);
    const id = this.#id.read(field, end);
    const cursor = this.#cursor;
    const version = this.#version;
    const isThere = life.pending.find(id, cursor) >= 0;
    if (isThere) {
      const order = compareVersions(version, cursor);
      if (order < 0) return false;
      if (order === 0 && !this.#isLargerDelivery(value, cursor.isMark ? null : life.delivery(cursor)))
        return false;
    }
    const { keepTombstones } = this.keyspace;
    if (value === null) {
      if (!isThere && !keepTombstones) return false;
      life.settle(id, keepTombstones ? version : null);
      return true;
    }
    const consumer = life.consumer(value.toString("latin1", DELIVERY_BYTES));
    life.deliver(id, { consumer, deliveredMs: readUint64(value, 0), count: readUint64(value, 8) }, version);
    return true;
  }

  /** Of deliveries of one version the larger bytes win, and of a delivery and a mark the delivery. */
  #isLargerDelivery(
    value: Buffer | null,
    ours: {
      readonly consumer: { readonly name: string };
      readonly deliveredMs: number;
      readonly count: number;
    } | null,
  ): boolean {
    if (value === null || ours === null) return value !== null && ours === null;
    const theirName = value.toString("latin1", DELIVERY_BYTES);
    const order =
      readUint64(value, 0) - ours.deliveredMs ||
      readUint64(value, 8) - ours.count ||
      (theirName === ours.consumer.name ? 0 : theirName > ours.consumer.name ? 1 : -1);
    return order > 0;
  }
}
