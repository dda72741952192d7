/**
 * A stream as it is kept: entries in a row of blocks, what is pending in a row for each group, and beside them, on the heap, what there are few of: registers,
 * trims, groups and consumers, each as the field, value and version by which it merges (delta/stream-items.ts). What clients ask is derived from those. Long because all
 * of these change together: what is said of a group ends what belongs to an earlier one, and a trim ends entries.
 */

import { ID_BYTES, StreamId } from "../delta/stream-id.js";
import {
  CONSUMER,
  GROUP,
  laterItem,
  ORIGIN_FIELD_BYTES,
  OWNED_HEAD_BYTES,
  oneMore,
  PENDING,
  REGISTER,
  REGISTER_BYTES,
  readStamp,
  readUint32,
  readUint64,
  STAMP_BYTES,
  TRIM,
  writeOriginField,
  writeOwnedHead,
  writeStamp,
  writeUint64,
} from "../delta/stream-items.js";
import { compareVersions, equalVersions, VERSION_ZERO, type Version } from "../delta/version.js";
import type { IdRow } from "./id-row.js";
import type { StreamBlocks } from "./stream-blocks.js";
import { GroupLife } from "./stream-group.js";

// What these take on the heap, about, as measured: a stream, an item beside its rows, what a consumer takes beside its item, a life of a group.
const STREAM_BYTES = 1700;
const ITEM_BYTES = 520;
const CONSUMER_BYTES = 160;
const LIFE_BYTES = 1200;

/** A register, a trim, a group or a consumer. */
export interface SideItem {
  readonly field: Buffer;
  value: Buffer | null;
  readonly version: { clock: number; origin: number };
}

/** A row of a stream, and its place among all that it has. */
export interface StreamRow {
  readonly rank: number;
  readonly row: IdRow;
  readonly life: GroupLife | null;
}

const trimId = new StreamId();
const originField = Buffer.alloc(ORIGIN_FIELD_BYTES);

export class StreamBody {
  readonly entries: IdRow;
  /** By field. */
  readonly side = new Map<string, SideItem>();
  /** By name and birth: `lifeKey`. */
  readonly lives = new Map<string, GroupLife>();
  /** The same by name: mostly one. */
  readonly #livesByName = new Map<string, GroupLife[]>();
  readonly maxDeleted = new StreamId();
  /** The last id of which registers tell, and of entries. */
  readonly #toldLast = new StreamId();
  readonly #topId = new StreamId();
  /** What registers are to tell of the last id is not yet in any. */
  #isLastUntold = false;
  added = 0;
  epoch: Version = VERSION_ZERO;
  /** Of lives that have ended. Those that there are have the others up to their number, so that walks remember small ones. */
  readonly #freeRanks: number[] = [];
  #newestSide = 0;
  #marks = 0;
  #fields: string[] | null = null;
  readonly #registers: SideItem[] = [];
  readonly #trims: SideItem[] = [];
  #held = 0;
  /** The register of `#ownOrigin`, if it is of this epoch; null if that is not known. */
  #own: SideItem | null = null;
  #ownOrigin = 0;

  constructor(
    readonly number: number,
    readonly blocks: StreamBlocks,
  ) {
    this.entries = blocks.createRow(true);
    this.#hold(STREAM_BYTES);
  }

  // ---- As a collection of fields ----

  get count(): number {
    let count = this.side.size + this.entries.count;
    for (const { pending } of this.lives.values()) count += pending.count;
    return count;
  }

  get live(): number {
    let live = this.side.size - this.#marks + this.entries.live;
    for (const { pending } of this.lives.values()) live += pending.live;
    return live;
  }

  /** Whether clients see none of it. Asked whenever a key is opened: mostly a register says at once that they do. */
  get hasNoLive(): boolean {
    return this.side.size === this.#marks && this.live === 0;
  }

  get newestClock(): number {
    let newest = Math.max(this.#newestSide, this.entries.newestClock);
    for (const { pending } of this.lives.values()) newest = Math.max(newest, pending.newestClock);
    return newest;
  }

  /** Fields beside the rows, in the order of their bytes. */
  get sideFields(): readonly string[] {
    if (this.#fields === null) this.#fields = [...this.side.keys()].sort();
    return this.#fields;
  }

  /** Rows in the order by which they are walked, with the life of the group; null is the entries, which come first. */
  rows(): StreamRow[] {
    const rows: StreamRow[] = [{ rank: 0, row: this.entries, life: null }];
    for (const life of this.lives.values()) rows.push({ rank: life.rank, row: life.pending, life });
    return rows.sort((a, b) => a.rank - b.rank);
  }

  // ---- Items beside the rows ----

  /** Joins an item of somebody's. Answers whether it was news. A mark stays only if asked. */
  join(field: Buffer, value: Buffer | null, version: Version, keepsMarks: boolean): boolean {
    const name = field.toString("latin1");
    const ours = this.side.get(name);
    if (field[0] === CONSUMER && this.isOver(field)) return false;
    if (ours === undefined) {
      if (value === null && !keepsMarks && field[0] === CONSUMER) return false;
      this.put(field, value === null ? null : Buffer.from(value), version);
    } else {
      const kept = laterItem(name, ours, { value, version });
      if (equalVersions(kept.version, ours.version) && isEqual(kept.value, ours.value)) return false;
      this.put(field, kept.value === null ? null : Buffer.from(kept.value), kept.version);
    }
    if (value === null && !keepsMarks) this.drop(name);
    return true;
  }

  /** Lets an item be so, whatever it was. The value is the stream's from now on. */
  put(field: Buffer, value: Buffer | null, { clock, origin }: Version): SideItem {
    const name = field.toString("latin1");
    let item = this.side.get(name);
    if (item === undefined) {
      item = { field: Buffer.from(field), value, version: { clock, origin } };
      this.side.set(name, item);
      this.#fields = null;
      this.#hold(bytesOf(field));
      if (field[0] === REGISTER) this.#registers.push(item);
      if (field[0] === TRIM) this.#trims.push(item);
      if (value === null) this.#marks++;
    } else {
      if ((item.value === null) !== (value === null)) this.#marks += value === null ? 1 : -1;
      item.value = value;
      item.version.clock = clock;
      item.version.origin = origin;
    }
    this.noteVersion(clock);
    this.#put(field, item);
    return item;
  }

  noteVersion(clock: number): void {
    if (clock > this.#newestSide) this.#newestSide = clock;
  }

  #put(field: Buffer, item: SideItem): void {
    switch (field[0]) {
      case REGISTER:
        this.#derive();
        break;
      case TRIM:
        this.entries.dropUpTo(new StreamId().read(item.value!, 0), item.version);
        break;
      case GROUP:
        this.#endLives(field.toString("latin1", 1), lifeOf(item));
        break;
      default:
        this.#lifeOfField(field).setConsumer(consumerOf(field), item);
    }
  }

  /** Forgets an item, mostly a mark. */
  drop(name: string): void {
    const item = this.side.get(name);
    if (item === undefined) return;
    this.side.delete(name);
    this.#fields = null;
    this.#hold(-bytesOf(item.field));
    if (item.value === null) this.#marks--;
    if (item.field[0] !== CONSUMER) return;
    const { name: group, birth } = ownerOf(item.field);
    this.lives.get(lifeKey(group, birth))?.setConsumer(consumerOf(item.field), undefined);
  }

  /** Takes out the marks up to a floor, or all, of the whole stream. Answers the highest clock of one, 0 if there were none. */
  dropMarks(floor: Version | null): number {
    let highest = 0;
    if (this.#marks > 0) {
      for (const [name, { value, version }] of [...this.side]) {
        if (value !== null || (floor !== null && compareVersions(version, floor) > 0)) continue;
        highest = Math.max(highest, version.clock);
        this.drop(name);
      }
    }
    for (const { row } of this.rows()) highest = Math.max(highest, row.dropMarks(floor));
    this.#forgetEmptyLives();
    return highest;
  }

  get hasMarks(): boolean {
    if (this.#marks > 0 || this.entries.count > this.entries.live) return true;
    for (const { pending } of this.lives.values()) if (pending.count > pending.live) return true;
    return this.live === 0;
  }

  /** Whether an entry of this id and version has been trimmed, by whomever. */
  isTrimmed(id: StreamId, version: Version): boolean {
    for (const { value, version: upTo } of this.#trims) {
      if (compareVersions(version, upTo) <= 0 && id.compare(trimId.read(value!, 0)) <= 0) return true;
    }
    return false;
  }

  // ---- Registers ----

  /** This node's register, which it may change by `touch`. */
  register(origin: number): SideItem {
    if (this.#own !== null && this.#ownOrigin === origin) return this.#own;
    this.#ownOrigin = origin;
    writeOriginField(originField, REGISTER, origin);
    const item = this.side.get(originField.toString("latin1"));
    if (item !== undefined && compareVersions(readStamp(item.value!, 0), this.epoch) === 0) {
      this.#own = item;
      return item;
    }
    const value = Buffer.alloc(REGISTER_BYTES);
    writeStamp(value, 0, this.epoch);
    this.last.write(value, STAMP_BYTES + 8);
    this.maxDeleted.write(value, STAMP_BYTES + 8 + ID_BYTES);
    const put = this.put(originField, value, item?.version ?? VERSION_ZERO);
    this.#own = put;
    return put;
  }

  /** An entry of this id was added by a version of this node. */
  countIn(register: SideItem, id: StreamId, version: Version): void {
    const value = register.value!;
    writeUint64(value, STAMP_BYTES, oneMore(readUint64(value, STAMP_BYTES)));
    id.write(value, STAMP_BYTES + 8);
    this.#toldLast.copyFrom(id);
    this.added = oneMore(this.added);
    this.touch(register, version);
  }

  /**
   * The last id that was given. Who told of it last need not have known of all entries: it set it back while another owner added some, or lost its own last
   * writes. Valid until something changes.
   */
  get last(): StreamId {
    const told = this.#toldLast;
    if (this.entries.endsBy(told)) return told;
    const top = this.topId(this.#topId);
    return top.compare(told) > 0 ? top : told;
  }

  /** Entries are about to be taken out, perhaps the only one that tells of the last id. */
  holdLast(): void {
    const { last } = this;
    if (last === this.#toldLast) return;
    this.#toldLast.copyFrom(last);
    this.#isLastUntold = true;
  }

  /**
   * Entries were taken out, of which the highest that was deleted has this id, null if they were trimmed. Answers the register if it has
   * something to tell of that.
   */
  countOut(origin: number, id: StreamId | null, version: Version): SideItem | null {
    const isHighest = id !== null && id.compare(this.maxDeleted) > 0;
    if (!isHighest && !this.#isLastUntold) return null;
    const register = this.register(origin);
    this.#toldLast.write(register.value!, STAMP_BYTES + 8);
    this.#isLastUntold = false;
    if (isHighest) {
      id.write(register.value!, STAMP_BYTES + 8 + ID_BYTES);
      this.maxDeleted.copyFrom(id);
    }
    this.touch(register, version);
    return register;
  }

  touch(item: SideItem, { clock, origin }: Version): void {
    item.version.clock = clock;
    item.version.origin = origin;
    this.noteVersion(clock);
  }

  #derive(): void {
    this.#own = null;
    const { maxDeleted } = this;
    const last = this.#toldLast;
    let epoch = VERSION_ZERO;
    for (const { value } of this.#registers) {
      const stamp = readStamp(value!, 0);
      if (compareVersions(stamp, epoch) > 0) epoch = stamp;
    }
    this.epoch = epoch;
    this.added = 0;
    last.setMin();
    maxDeleted.setMin();
    const id = new StreamId();
    for (const { value } of this.#registers) {
      if (compareVersions(readStamp(value!, 0), epoch) !== 0) continue;
      this.added = Math.min(this.added + readUint64(value!, STAMP_BYTES), Number.MAX_SAFE_INTEGER);
      if (id.read(value!, STAMP_BYTES + 8).compare(last) > 0) last.copyFrom(id);
      if (id.read(value!, STAMP_BYTES + 8 + ID_BYTES).compare(maxDeleted) > 0) maxDeleted.copyFrom(id);
    }
  }

  /** The id of the first entry, or of the last (`topId`): `into` becomes it, 0 if there is none. */
  firstId(into: StreamId): StreamId {
    const cursor = this.blocks.walk;
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries.liveOf(i) === 0) continue;
      this.entries.openBlock(i, cursor);
      cursor.nextLive();
      return into.copyFrom(cursor.id);
    }
    return into.setMin();
  }

  topId(into: StreamId): StreamId {
    return this.entries.lastId(into);
  }

  // ---- Groups ----

  /** The life of a group, made if it is not there yet. */
  life(name: string, birth: Version): GroupLife {
    const key = lifeKey(name, birth);
    let life = this.lives.get(key);
    if (life === undefined) {
      const rank = this.#freeRanks.pop() ?? this.lives.size + 1;
      life = new GroupLife(name, birth, this.blocks.createRow(false), rank);
      this.lives.set(key, life);
      const others = this.#livesByName.get(name);
      if (others === undefined) this.#livesByName.set(name, [life]);
      else others.push(life);
      this.#hold(LIFE_BYTES);
    }
    return life;
  }

  /** The group of a name; undefined if there is none. */
  group(name: string): SideItem | undefined {
    const item = this.side.get(`\x03${name}`);
    return item === undefined || item.value === null ? undefined : item;
  }

  /** Groups that clients see, in the order of their names. */
  groups(): { readonly name: string; readonly item: SideItem; readonly life: GroupLife }[] {
    const groups = [];
    for (const field of this.sideFields) {
      const item = this.side.get(field)!;
      if (field.charCodeAt(0) !== GROUP || item.value === null) continue;
      const name = field.slice(1);
      groups.push({ name, item, life: this.life(name, readStamp(item.value, 0)) });
    }
    return groups;
  }

  /** Whether an item of this field belongs to a group that was born later, or has been destroyed. */
  isOver(field: Buffer): boolean {
    const { name, birth } = ownerOf(field);
    const group = this.side.get(`\x03${name}`);
    return group !== undefined && compareVersions(birth, lifeOf(group)) < 0;
  }

  #lifeOfField(field: Buffer): GroupLife {
    const { name, birth } = ownerOf(field);
    return this.life(name, birth);
  }

  #endLives(group: string, life: Version): void {
    const lives = this.#livesByName.get(group) ?? [];
    for (const each of lives.filter(({ birth }) => compareVersions(birth, life) < 0)) this.#endLife(each);
  }

  #endLife(life: GroupLife): void {
    // First of all: to drop a consumer asks for its life.
    for (const { item } of [...life.consumers.values()])
      if (item !== undefined) this.drop(item.field.toString("latin1"));
    const { name, birth } = life;
    this.lives.delete(lifeKey(name, birth));
    const others = this.#livesByName.get(name)!.filter((each) => each !== life);
    if (others.length === 0) this.#livesByName.delete(name);
    else this.#livesByName.set(name, others);
    this.#freeRanks.push(life.rank);
    this.#hold(-LIFE_BYTES);
    this.blocks.releaseRow(life.pending);
  }

  #forgetEmptyLives(): void {
    for (const life of [...this.lives.values()]) {
      if (life.pending.count > 0 || [...life.consumers.values()].some(({ item }) => item !== undefined))
        continue;
      if (this.group(life.name) === undefined) this.#endLife(life);
    }
  }

  // ---- As a whole ----

  release(): void {
    this.blocks.releaseRow(this.entries);
    for (const { pending } of this.lives.values()) this.blocks.releaseRow(pending);
    this.#hold(-this.#held);
  }

  /** Becomes a copy of another stream, of this database or another. */
  copyFrom(other: StreamBody): void {
    for (const { field, value, version } of other.side.values()) {
      this.put(field, value === null ? null : Buffer.from(value), version);
    }
    for (const life of other.lives.values()) this.life(life.name, life.birth).copyFrom(life);
    this.entries.copyFrom(other.entries);
  }

  /** The bytes that it takes, estimated from `samples` blocks of each row. */
  bytes(samples: number): number {
    let bytes = this.#held;
    for (const { row } of this.rows()) {
      const step = Math.max(1, Math.floor(row.length / Math.max(1, samples)));
      let measured = 0;
      let sum = 0;
      for (let i = 0; i < row.length; i += step, measured++) sum += this.blocks.sizeOf(row.cell(i));
      bytes += row.byteLength + (measured === 0 ? 0 : Math.round((sum * row.length) / measured));
    }
    return bytes;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.blocks.heldBytes += bytes;
  }
}

/** Names are kept as bytes and as text. */
function bytesOf(field: Buffer): number {
  return ITEM_BYTES + 2 * field.length + (field[0] === CONSUMER ? CONSUMER_BYTES : 0);
}

export function lifeKey(name: string, { clock, origin }: Version): string {
  return `${clock}.${origin} ${name}`;
}

/** The birth of a group, or the version that destroyed it. */
function lifeOf({ value, version }: SideItem): Version {
  return value === null ? version : readStamp(value, 0);
}

/** The group, and its birth, of a consumer or a pending message. */
export function ownerOf(field: Buffer): {
  readonly name: string;
  readonly birth: Version;
  readonly end: number;
} {
  const end = OWNED_HEAD_BYTES + readUint32(field, 1);
  return {
    name: field.toString("latin1", OWNED_HEAD_BYTES, end),
    birth: readStamp(field, end),
    end: end + STAMP_BYTES,
  };
}

function consumerOf(field: Buffer): string {
  return field.toString("latin1", ownerOf(field).end);
}

export function groupField(name: string): Buffer {
  return Buffer.concat([Buffer.of(GROUP), Buffer.from(name, "latin1")]);
}

/** The field of a consumer. */
export function consumerField(group: string, birth: Version, consumer: string): Buffer {
  const field = Buffer.alloc(OWNED_HEAD_BYTES + group.length + STAMP_BYTES + consumer.length);
  const at = writeOwnedHead(field, CONSUMER, group, birth);
  field.write(consumer, at, "latin1");
  return field;
}

/** The field of a pending message, of which the id is still to be written at the end. */
export function pendingField(group: string, birth: Version): Buffer {
  const field = Buffer.alloc(OWNED_HEAD_BYTES + group.length + STAMP_BYTES + ID_BYTES);
  writeOwnedHead(field, PENDING, group, birth);
  return field;
}

function isEqual(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
