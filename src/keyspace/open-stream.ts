/**
 * The stream of the open key as commands change it. All that one change does has one version, but that trimming has a later one of its own; it joins the life
 * that the stream has or is born into. A stream that has lost its last entry is still there. Long because it is the one place that both changes and tells.
 */
import type { Entry } from "../delta/packed-entries.js";
import { ID_BYTES, StreamId } from "../delta/stream-id.js";
import {
  DELIVERY_BYTES,
  ENTRY,
  ENTRY_FIELD_BYTES,
  GROUP_BYTES,
  ORIGIN_FIELD_BYTES,
  oneMore,
  REGISTER,
  REGISTER_BYTES,
  readUint64,
  SEEN_BYTES,
  STAMP_BYTES,
  TRIM,
  writeOriginField,
  writeStamp,
  writeUint64,
} from "../delta/stream-items.js";
import { ORIGIN_NONE, type Version } from "../delta/version.js";
import { NOWHERE } from "./arena.js";
import { revive } from "./collection.js";
import type { Keyspace } from "./keyspace.js";
import type { StreamLimits } from "./packing-limits.js";
import { TYPE_STREAM } from "./record.js";
import type { ByteView } from "./records.js";
import { ItemCursor, type NewItem } from "./stream-block.js";
import { consumerField, groupField, pendingField, type SideItem, type StreamBody } from "./stream-body.js";
import type { Consumer, Delivery, GroupLife } from "./stream-group.js";
import { streamOf } from "./stream-reader.js";
import { placeStream } from "./stream-state.js";

const NO_BYTES = Buffer.alloc(0);
const TWO_16 = 2 ** 16;
/** In a group, where it is not known how many entries were read. */
export const READ_UNKNOWN = -1;

/** How much to trim: whole blocks only, and no more than `limit` entries, unless it is exact. */
export interface Trimming {
  readonly isExact: boolean;
  /** 0 for none. */
  readonly limit: number;
  /** Entries that stay, at most; or the id below which none does. */
  readonly lengthMax: number | null;
  readonly idMin: StreamId | null;
}

/** Of a group, as it is kept. */
export interface GroupState {
  readonly last: StreamId;
  /** Entries read since the stream began, or `READ_UNKNOWN`. */
  readonly read: number;
}

/** One for each keyspace, so that no command has to make its tools. */
export class OpenStream {
  readonly #keyspace: Keyspace;
  #stream!: StreamBody;
  readonly #version = { clock: 0, origin: 0 };
  readonly #field: ByteView = { bytes: Buffer.alloc(ENTRY_FIELD_BYTES, ENTRY), start: 0, end: 0 };
  readonly #value: ByteView = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #setting: Entry = { field: this.#field, value: this.#value, version: this.#version };
  readonly #mark: Entry = { field: this.#field, value: null, version: this.#version };
  readonly #entryField = this.#field.bytes;
  readonly #item: { -readonly [Name in keyof NewItem]: NewItem[Name] } = {
    isMark: false,
    bytes: NO_BYTES,
    start: 0,
    end: 0,
    clock: 0,
    origin: 0,
  };
  readonly #cursor = new ItemCursor();
  #delivery: Buffer = Buffer.alloc(DELIVERY_BYTES + 64);
  #told = 0;
  #hasRemoved = false;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** The stream of the open key, which is one. */
  get body(): StreamBody {
    return streamOf(this.#keyspace.database, this.#keyspace.at);
  }

  // ---- Changing: `begin`, then what follows, then `finish` ----

  /** Begins a change by a new version of this node. Where there is no stream one is made, of which the caller must tell something. */
  begin(limits: StreamLimits): StreamBody {
    const keyspace = this.#keyspace;
    this.#told = 0;
    this.#hasRemoved = false;
    const { clock } = this.#nextVersion();
    this.#version.origin = keyspace.origin;
    if (keyspace.at === NOWHERE && !revive(keyspace, TYPE_STREAM, clock)) {
      this.#stream = placeStream(keyspace, null, clock);
    } else {
      this.#stream = this.body;
    }
    this.#stream.blocks.limit(limits);
    return this.#stream;
  }

  /**
   * Where a slot has several owners, ids that two of them give at the same time must not be the same: the lowest 16 bits of the sequence number are the
   * node's. Makes the least such id, of the same millisecond, of one that is above `last`.
   */
  ownId(id: StreamId, last: StreamId): boolean {
    const { keepTombstones, origin } = this.#keyspace;
    if (!keepTombstones) return true;
    const low = id.seqLow % TWO_16;
    if (low <= origin) {
      id.seqLow += origin - low;
      return true;
    }
    const next = id.seqLow - low + TWO_16 + origin;
    // Far from here they run out of numbers, and take what there is.
    if (next < TWO_16 * TWO_16) id.seqLow = next;
    return id.compare(last) > 0;
  }

  /** Adds an entry behind all others: fields and values in turn, each behind its length. */
  add(id: StreamId, content: Buffer, length: number): void {
    const item = this.#item;
    const stream = this.#stream;
    const version = this.#version;
    item.isMark = false;
    item.bytes = content;
    item.end = length;
    item.clock = version.clock;
    item.origin = version.origin;
    // Others may have entries of higher ids, of before XSETID.
    stream.entries.put(id, item);
    const register = stream.register(version.origin);
    stream.countIn(register, id, version);
    if (this.#keyspace.journal === null) return;
    id.write(this.#entryField, 1);
    this.#tell(this.#entryField, content, 0, length);
    this.#tellSide(register);
  }

  /** An empty stream must have something by which others know of it. */
  found(): void {
    const register = this.#stream.register(this.#version.origin);
    this.#stream.touch(register, this.#version);
    this.#tellSide(register);
  }

  /** Deletes an entry. Answers whether there was one; the highest id that was deleted is told by `tellDeleted`. */
  delete(id: StreamId): boolean {
    const { entries } = this.#stream;
    const cursor = this.#cursor;
    const i = entries.find(id, cursor);
    if (i < 0 || cursor.isMark) return false;
    this.#stream.holdLast();
    this.#removed(id);
    if (this.#keyspace.keepTombstones) entries.put(id, this.#markItem());
    else entries.remove(i, cursor);
    return true;
  }

  /** Tells of the highest of the ids deleted. */
  tellDeleted(id: StreamId): void {
    this.#tellOut(id);
  }

  #tellOut(id: StreamId | null): void {
    const register = this.#stream.countOut(this.#version.origin, id, this.#version);
    if (register !== null) this.#tellSide(register);
  }

  /** XSETID: a new epoch, in which nothing of what others have told of ids holds any more. */
  setId(last: StreamId, added: number, maxDeleted: StreamId): void {
    const value = Buffer.alloc(REGISTER_BYTES);
    writeStamp(value, 0, this.#version);
    writeUint64(value, STAMP_BYTES, added);
    last.write(value, STAMP_BYTES + 8);
    maxDeleted.write(value, STAMP_BYTES + 8 + ID_BYTES);
    this.#tellSide(this.#putOrigin(REGISTER, value));
  }

  /** Trims the stream from its beginning. Answers how many entries are gone. */
  trim(trimming: Trimming): number {
    const last = new StreamId();
    if (!this.#trimEnd(trimming, last)) return 0;
    const { entries } = this.#stream;
    const before = entries.live;
    this.#stream.holdLast();
    this.#endDelta();
    this.#nextVersion();
    const own = this.#stream.side.get(originName(TRIM, this.#version.origin));
    if (own !== undefined && new StreamId().read(own.value!, 0).compare(last) > 0) {
      this.#tellOut(null);
      this.#deleteUpTo(last);
      return before - entries.live;
    }
    const value = Buffer.alloc(ID_BYTES);
    last.write(value, 0);
    this.#tellOut(null);
    this.#tellSide(this.#putOrigin(TRIM, value));
    return before - entries.live;
  }

  /** The id of the last entry that goes; false if none does. */
  #trimEnd({ isExact, limit, lengthMax, idMin }: Trimming, last: StreamId): boolean {
    const { entries } = this.#stream;
    let left = entries.live;
    let going = 0;
    let whole = -1;
    for (let i = 0; i < entries.length; i++) {
      const live = entries.liveOf(i);
      if (lengthMax !== null && left <= lengthMax) break;
      if (limit > 0 && going + live > limit) break;
      if (lengthMax !== null ? left - live >= lengthMax : this.#isBelow(i, idMin!)) {
        if (live > 0) whole = i;
        left -= live;
        going += live;
      } else {
        if (isExact && this.#trimEndIn(i, lengthMax === null ? live : left - lengthMax, idMin, last))
          return true;
        break;
      }
    }
    if (whole < 0) return false;
    const cursor = this.#cursor;
    entries.openBlock(whole, cursor);
    while (cursor.nextLive()) last.copyFrom(cursor.id);
    return true;
  }

  /** Whether all entries of a block are below an id: as in Redis also those that are gone. */
  #isBelow(i: number, id: StreamId): boolean {
    const { entries } = this.#stream;
    if (i + 1 < entries.length && entries.firstId(i + 1).compare(id) <= 0) return true;
    const cursor = this.#cursor;
    entries.openBlock(i, cursor);
    while (cursor.step()) {}
    return cursor.id.compare(id) < 0;
  }

  /** The last of the first entries of a block that go: so many, and below an id; false if there is none. */
  #trimEndIn(i: number, count: number, id: StreamId | null, last: StreamId): boolean {
    const cursor = this.#cursor;
    let gone = 0;
    this.#stream.entries.openBlock(i, cursor);
    for (; gone < count && cursor.nextLive(); gone++) {
      if (id !== null && cursor.id.compare(id) >= 0) break;
      last.copyFrom(cursor.id);
    }
    return gone > 0;
  }

  /** What trimming is after ids were set back: the trim that was told before is of higher ids, so each entry is told of. */
  #deleteUpTo(last: StreamId): void {
    const { entries } = this.#stream;
    const cursor = new ItemCursor();
    const ids: StreamId[] = [];
    for (let i = 0; i < entries.length; i++) {
      entries.openBlock(i, cursor);
      while (cursor.nextLive() && cursor.id.compare(last) <= 0) ids.push(new StreamId().copyFrom(cursor.id));
    }
    for (const id of ids) this.delete(id);
  }

  // ---- Groups ----

  createGroup(name: string, state: GroupState): void {
    this.#putGroup(name, this.#version, this.#version, state);
  }

  /** XGROUP SETID. */
  resetGroup(name: string, group: SideItem, state: GroupState): void {
    this.#putGroup(name, birthOf(group), this.#version, state);
  }

  /** A group has read on. */
  advanceGroup(name: string, group: SideItem, state: GroupState): void {
    this.#putGroup(name, birthOf(group), epochOf(group), state);
  }

  #putGroup(name: string, birth: Version, epoch: Version, { last, read }: GroupState): void {
    const value = Buffer.alloc(GROUP_BYTES);
    let at = writeStamp(value, 0, birth);
    at = writeStamp(value, at, epoch);
    at = last.write(value, at);
    writeUint64(value, at, oneMore(read));
    this.#tellSide(this.#stream.put(groupField(name), value, this.#version));
  }

  destroyGroup(group: SideItem): void {
    this.#removeSide(group);
  }

  /** Lets a consumer be seen, and be there. */
  touchConsumer(life: GroupLife, name: string, nowMs: number): Consumer {
    const value = Buffer.alloc(SEEN_BYTES);
    writeUint64(value, 0, nowMs);
    this.#tellSide(this.#stream.put(consumerField(life.name, life.birth, name), value, this.#version));
    return life.consumer(name);
  }

  removeConsumer({ item }: Consumer): void {
    this.#removeSide(item!);
  }

  /** Lets messages be pending, whose ids rise. `deliveryOf` is told how each was before, null if it was not pending. */
  deliver(
    life: GroupLife,
    ids: readonly StreamId[],
    deliveryOf: (k: number, before: Delivery | null) => Delivery,
  ): void {
    life.deliverAll(ids, this.#version, (k, before) => {
      const delivery = deliveryOf(k, before);
      this.#tellDelivery(life, ids[k]!, delivery);
      return delivery;
    });
  }

  #tellDelivery(life: GroupLife, id: StreamId, { consumer, deliveredMs, count }: Delivery): void {
    if (this.#keyspace.journal === null) return;
    const length = DELIVERY_BYTES + consumer.name.length;
    if (length > this.#delivery.length) this.#delivery = Buffer.alloc(2 * length);
    const bytes = this.#delivery;
    writeUint64(bytes, writeUint64(bytes, 0, deliveredMs), count);
    bytes.write(consumer.name, DELIVERY_BYTES, "latin1");
    this.#tell(this.#pendingField(life, id), bytes, 0, length);
  }

  /** Lets messages be pending no more. Answers how many were. */
  settle(life: GroupLife, ids: readonly StreamId[]): number {
    const mark = this.#markVersion();
    const settled: StreamId[] = [];
    for (const id of [...ids].sort((a, b) => a.compare(b))) {
      if (settled.at(-1)?.compare(id) === 0 || !life.isPending(id)) continue;
      settled.push(id);
      this.#tellSettled(life, id);
      if (mark === null) life.settle(id, null);
    }
    if (mark !== null) life.markAll(settled, mark);
    return settled.length;
  }

  /** Lets nothing be pending for a consumer any more. */
  settleAll(life: GroupLife, consumer: Consumer): void {
    life.settleAll(consumer, this.#markVersion(), (id) => this.#tellSettled(life, id));
  }

  /** The version of the marks that removals leave; null if they leave none. */
  #markVersion(): Version | null {
    return this.#keyspace.keepTombstones ? this.#version : null;
  }

  #tellSettled(life: GroupLife, id: StreamId): void {
    const { keepTombstones, database, slot, journal } = this.#keyspace;
    this.#hasRemoved = true;
    if (keepTombstones) database.noteMark(slot);
    if (journal !== null) this.#tellMark(this.#pendingField(life, id));
  }

  #life: GroupLife | null = null;
  #lifeField: Buffer = NO_BYTES;

  #pendingField(life: GroupLife, id: StreamId): Buffer {
    if (this.#life !== life) {
      this.#life = life;
      this.#lifeField = pendingField(life.name, life.birth);
    }
    id.write(this.#lifeField, this.#lifeField.length - ID_BYTES);
    return this.#lifeField;
  }

  // ---- Telling ----

  /** Ends the change, in which no field may have been told of twice. */
  finish(changes = 1): void {
    const keyspace = this.#keyspace;
    this.#endDelta();
    const { database, slot } = keyspace;
    // Where no mark tells of a removal, the slot's floor does (floorOfRemains in delta/remains.ts).
    if (this.#hasRemoved && !keyspace.keepTombstones) {
      database.birthFloors.raise(slot, this.#version.clock + 1, ORIGIN_NONE);
    }
    keyspace.changed(changes);
  }

  #endDelta(): void {
    if (this.#told > 0) this.#keyspace.journal?.fieldsChanged(true);
    this.#told = 0;
  }

  #nextVersion(): Version {
    this.#version.clock = this.#keyspace.clock.next();
    return this.#version;
  }

  #removed(id: StreamId): void {
    const { keepTombstones, database, slot, journal } = this.#keyspace;
    this.#hasRemoved = true;
    if (keepTombstones) database.noteMark(slot);
    if (journal === null) return;
    id.write(this.#entryField, 1);
    this.#tellMark(this.#entryField);
  }

  #markItem(): NewItem {
    const item = this.#item;
    item.isMark = true;
    item.end = 0;
    item.clock = this.#version.clock;
    item.origin = this.#version.origin;
    return item;
  }

  #putOrigin(tag: number, value: Buffer): SideItem {
    const field = Buffer.alloc(ORIGIN_FIELD_BYTES);
    writeOriginField(field, tag, this.#version.origin);
    return this.#stream.put(field, value, this.#version);
  }

  #removeSide(item: SideItem): void {
    const { keepTombstones, database, slot } = this.#keyspace;
    this.#hasRemoved = true;
    this.#tellMark(item.field);
    this.#stream.put(item.field, null, this.#version);
    if (keepTombstones) database.noteMark(slot);
    else this.#stream.drop(item.field.toString("latin1"));
  }

  #tellSide({ field, value }: SideItem): void {
    this.#tell(field, value!, 0, value!.length);
  }

  #tell(field: Buffer, value: Buffer, start: number, end: number): void {
    const { journal } = this.#keyspace;
    if (journal === null) return;
    this.#setField(field);
    this.#value.bytes = value;
    this.#value.start = start;
    this.#value.end = end;
    this.#told++;
    journal.fieldChanged(this.#setting);
  }

  #tellMark(field: Buffer): void {
    const { journal } = this.#keyspace;
    if (journal === null) return;
    this.#setField(field);
    this.#told++;
    journal.fieldChanged(this.#mark);
  }

  #setField(field: Buffer): void {
    this.#field.bytes = field;
    this.#field.start = 0;
    this.#field.end = field.length;
  }
}

function originName(tag: number, origin: number): string {
  const field = Buffer.alloc(ORIGIN_FIELD_BYTES);
  writeOriginField(field, tag, origin);
  return field.toString("latin1");
}

function birthOf({ value }: SideItem): Version {
  return stampAt(value!, 0);
}

function epochOf({ value }: SideItem): Version {
  return stampAt(value!, STAMP_BYTES);
}

function stampAt(value: Buffer, at: number): Version {
  return { clock: readUint64(value, at), origin: (value[at + 8]! << 8) | value[at + 9]! };
}

/** What a group has read. */
export function groupState({ value }: SideItem): GroupState {
  const at = 2 * STAMP_BYTES;
  return { last: new StreamId().read(value!, at), read: readUint64(value!, at + ID_BYTES) - 1 };
}
