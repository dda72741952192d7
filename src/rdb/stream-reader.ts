/**
 * Reads streams, in the three forms that Redis has given them:
 *
 *     stream    nodes node{} length lastMs lastSeq
 *               [firstMs firstSeq deletedMs deletedSeq added]                since 7.0
 *               groups group{}
 *     node      id{16} listpack                                              both strings
 *     group     name ms seq [read] pendings pending{} consumers consumer{}   `read` since 7.0
 *     pending   id{16} deliveredMs:u64 deliveries
 *     consumer  name seenMs:u64 [activeMs:u64] owned id{16}{owned}           `activeMs` since 7.2
 *
 * Numbers are lengths of strings.ts, those with a width little-endian. The listpack of a node begins with what its entries have in common:
 *
 *     listpack  live deleted fields field{fields} 0 entry{}
 *     entry     flags msDiff seqDiff [fields (field value){fields} | value{fields of the node}] elements
 *
 * Flags: 1, the entry is deleted; 2, it has the fields of the node. Differences are to the id of the node; `elements` counts those before it.
 */
import type { ByteReader } from "../base/byte-reader.js";
import { WriterFull } from "../base/byte-writer.js";
import { compareBytes } from "../base/bytes.js";
import { parseInt64 } from "../base/int64.js";
import { Items } from "./items.js";
import { readListpack } from "./listpack.js";
import { Pendings } from "./pendings.js";
import {
  type DumpedConsumer,
  type DumpedGroup,
  type DumpedStream,
  STREAM_ID_BYTES,
  UNKNOWN_COUNT,
} from "./stream-value.js";
import { readLength, readNumber, readString, type UnpackingRoom } from "./strings.js";

export type StreamForm = 1 | 2 | 3;

const DELETED = 1;
const SAME_FIELDS = 2;
/** Elements of an entry beside fields and values: flags and two differences. */
const ENTRY_HEAD = 3;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const NO_ID = Buffer.alloc(STREAM_ID_BYTES);
/** Of groups and consumers: much longer ones would be no keys of a map. */
const NAME_BYTES_MAX = 2 ** 27;
/** Groups and consumers of a stream together: each is some objects, of which a dump could ask for tens of millions. */
const NAMES_MAX = 2 ** 20;

/** The stream; undefined if it is none. Throws `WriterFull` for more in it than there is room for. */
export function readStream(
  reader: ByteReader,
  form: StreamForm,
  room: UnpackingRoom,
): DumpedStream | undefined {
  const entries = new Entries(room.bytesMax);
  const nodes = readLength(reader);
  for (let i = 0; i < nodes; i++) {
    const master = readString(reader, room);
    const listpack = readString(reader, room);
    if (reader.failed || master.length !== STREAM_ID_BYTES || !entries.addNode(master, listpack))
      return undefined;
  }
  const length = readLength(reader);
  const lastId = readId(reader);
  let maxDeletedId: Uint8Array = NO_ID;
  let entriesAdded = BigInt(length);
  if (form > 1) {
    // That of the first entry is seen.
    readId(reader);
    maxDeletedId = readId(reader);
    entriesAdded = readNumber(reader);
  }
  const { ids, fields, fieldCounts } = entries;
  if (reader.failed || length !== ids.count) return undefined;
  if (length > 0 && compareBytes(ids.view(length - 1), lastId) > 0) return undefined;
  const estimate = (id: Uint8Array) => readUpTo(id, ids, lastId);
  const groups = new Groups({ reader, form, room, estimate }).read();
  if (groups === undefined) return undefined;
  return { ids, fields, fieldCounts, lastId, maxDeletedId, entriesAdded, groups };
}

/** How many entries a group has read whose dump does not say: what Redis makes of it, where all that was ever added is taken to be there. */
function readUpTo(id: Uint8Array, ids: Items, lastId: Uint8Array): bigint {
  const order = compareBytes(id, lastId);
  if (ids.count === 0) return 0n;
  if (order >= 0) return order === 0 ? BigInt(ids.count) : UNKNOWN_COUNT;
  const toFirst = compareBytes(id, ids.view(0));
  if (toFirst > 0) return UNKNOWN_COUNT;
  return toFirst === 0 ? 1n : 0n;
}

class Entries {
  readonly ids: Items;
  readonly fields: Items;
  readonly fieldCounts: number[] = [];
  readonly #bytesMax: number;
  /** Of the last entry, deleted or not. */
  #last: Uint8Array | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.ids = new Items(bytesMax);
    this.fields = new Items(bytesMax);
  }

  /** Adds the entries of a node; false if it is none. */
  addNode(master: Uint8Array, listpack: Uint8Array): boolean {
    const node = new Items(this.#bytesMax);
    if (!readListpack(listpack, node)) return false;
    const view = new DataView(master.buffer, master.byteOffset);
    const [ms, seq] = [view.getBigUint64(0), view.getBigUint64(8)];
    const [live, deleted, shared] = [numberAt(node, 0), numberAt(node, 1), numberAt(node, 2)];
    if (live === undefined || deleted === undefined || shared === undefined) return false;
    let at = 3 + shared;
    if (shared < 0 || numberAt(node, at++) !== 0) return false;
    let found = 0;
    for (let entry = 0; entry < live + deleted; entry++) {
      const flags = numberAt(node, at);
      const msDiff = integerAt(node, at + 1);
      const seqDiff = integerAt(node, at + 2);
      if (flags === undefined || msDiff === undefined || seqDiff === undefined) return false;
      const hasSame = (flags & SAME_FIELDS) !== 0;
      const count = hasSame ? shared : numberAt(node, at + ENTRY_HEAD);
      if (count === undefined || count < 0) return false;
      const content = at + ENTRY_HEAD + (hasSame ? 0 : 1);
      const end = content + (hasSame ? 1 : 2) * count;
      if (numberAt(node, end) !== end - at) return false;
      const id = idOf(BigInt.asUintN(64, ms + msDiff), BigInt.asUintN(64, seq + seqDiff));
      if (this.#last !== undefined && compareBytes(this.#last, id) >= 0) return false;
      this.#last = id;
      if ((flags & DELETED) === 0) {
        this.#add(node, id, { count, content, hasSame });
        found++;
      }
      at = end + 1;
    }
    return found === live && at === node.count;
  }

  #add(
    node: Items,
    id: Uint8Array,
    { count, content, hasSame }: { count: number; content: number; hasSame: boolean },
  ): void {
    this.ids.add(id);
    this.fieldCounts.push(count);
    for (let i = 0; i < count; i++) {
      this.fields.add(node.view(hasSame ? 3 + i : content + 2 * i));
      this.fields.add(node.view(hasSame ? content + i : content + 2 * i + 1));
    }
  }
}

/** How many entries a group has read that has been delivered this one last, where the dump does not say. */
type ReadUpTo = (id: Uint8Array) => bigint;

interface GroupsSource {
  readonly reader: ByteReader;
  readonly form: StreamForm;
  readonly room: UnpackingRoom;
  readonly estimate: ReadUpTo;
}

class Groups {
  readonly #source: GroupsSource;
  /** Groups and consumers so far. */
  #names = 0;

  constructor(source: GroupsSource) {
    this.#source = source;
  }

  /** All groups; undefined if they are none. */
  read(): DumpedGroup[] | undefined {
    const { reader } = this.#source;
    const groups: DumpedGroup[] = [];
    const names = new Set<string>();
    const count = readLength(reader);
    for (let i = 0; i < count; i++) {
      const group = this.#readGroup();
      if (group === undefined || names.has(textOf(group.name))) return undefined;
      names.add(textOf(group.name));
      groups.push(group);
    }
    return reader.failed ? undefined : groups;
  }

  #readGroup(): DumpedGroup | undefined {
    const { reader, form, estimate } = this.#source;
    const name = this.#readName();
    const lastId = readId(reader);
    const entriesRead = form > 1 ? BigInt.asIntN(64, readNumber(reader)) : estimate(lastId);
    if (name === undefined) return undefined;
    const pending = readPendings(reader);
    const consumers = pending && this.#readConsumers(pending);
    // What is pending is somebody's.
    if (pending === undefined || consumers === undefined || pending.owned < pending.length) return undefined;
    return { name, lastId, entriesRead, pending, consumers };
  }

  #readConsumers(pending: Pendings): DumpedConsumer[] | undefined {
    const { reader, form } = this.#source;
    const consumers: DumpedConsumer[] = [];
    const names = new Set<string>();
    const count = readLength(reader);
    for (let i = 0; i < count; i++) {
      const name = this.#readName();
      const seenMs = reader.u64();
      const activeMs = form > 2 ? reader.u64() : seenMs;
      const owned = readLength(reader);
      if (name === undefined || reader.failed || names.has(textOf(name))) return undefined;
      names.add(textOf(name));
      consumers.push({ name, seenMs, activeMs });
      for (let j = 0; j < owned; j++) {
        const id = reader.view(STREAM_ID_BYTES);
        if (reader.failed || !pending.own(id, i)) return undefined;
      }
    }
    return reader.failed ? undefined : consumers;
  }

  #readName(): Uint8Array | undefined {
    const { reader, room } = this.#source;
    if (++this.#names > NAMES_MAX) throw new WriterFull(`${NAMES_MAX} groups and consumers are too many`);
    const name = readString(reader, room);
    return reader.failed || name.length > NAME_BYTES_MAX ? undefined : name;
  }
}

/** Whose they are is said later. */
function readPendings(reader: ByteReader): Pendings | undefined {
  const pending = new Pendings();
  const count = readLength(reader);
  for (let i = 0; i < count; i++) {
    const id = reader.view(STREAM_ID_BYTES);
    const deliveredMs = reader.u64();
    const deliveries = readNumber(reader);
    if (reader.failed || !pending.add(id, deliveredMs, safeOf(deliveries))) return undefined;
  }
  return reader.failed ? undefined : pending;
}

function readId(reader: ByteReader): Uint8Array {
  const ms = readNumber(reader);
  return idOf(ms, readNumber(reader));
}

function idOf(ms: bigint, seq: bigint): Uint8Array {
  const id = Buffer.alloc(STREAM_ID_BYTES);
  id.writeBigUInt64BE(ms);
  id.writeBigUInt64BE(seq, 8);
  return id;
}

/** An element that is an integer; undefined if there is none, or it is something else. */
function integerAt(items: Items, index: number): bigint | undefined {
  if (index >= items.count) return undefined;
  const { bytes, start, end } = items.at(index);
  const value = parseInt64(bytes, start, end);
  return value === undefined ? undefined : BigInt(value);
}

/** The same of a safe integer. */
function numberAt(items: Items, index: number): number | undefined {
  if (!(index < items.count)) return undefined;
  const { bytes, start, end } = items.at(index);
  const value = parseInt64(bytes, start, end);
  return typeof value === "number" ? value : undefined;
}

function safeOf(value: bigint): number {
  return Number(value < MAX_SAFE ? value : MAX_SAFE);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
