/** Writes streams in the form of Redis 7.0: see stream-reader.ts. Entries first, one by one, then what else a stream has. */
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { asSigned64, ListpackWriter } from "./listpack.js";
import type { DumpedGroup, DumpedStream } from "./stream-value.js";
import { STREAM_ID_BYTES } from "./stream-value.js";
import { writeLength, writeNumber, writeString } from "./strings.js";
import { STREAM_LISTPACKS_2 } from "./value-types.js";

const SAME_FIELDS = 2;
/** As Redis's `stream-node-max-entries` and `stream-node-max-bytes`. */
const NODE_ENTRIES_MAX = 100;
const NODE_BYTES_MAX = 4096;

/** A field of an entry, and its value. */
export interface StreamField {
  readonly field: ByteRange;
  readonly value: ByteRange;
}

interface Entry {
  readonly id: Buffer;
  readonly fields: readonly { readonly field: Buffer; readonly value: Buffer }[];
}

export class StreamWriter {
  readonly #nodes: ByteWriter;
  readonly #node: ByteWriter;
  #nodeCount = 0;
  #length = 0;
  /** The first of all; 0-0 if there is none. */
  #firstId = Buffer.alloc(STREAM_ID_BYTES);
  /** Of the node that is being filled. */
  #entries: Entry[] = [];
  #bytes = 0;

  /** Adding throws `WriterFull` rather than hold more bytes. */
  constructor(bytesMax: number) {
    this.#nodes = new ByteWriter({ bytesMax });
    this.#node = new ByteWriter({ bytesMax });
  }

  /** The next entry: its id is above all before it. What it is told of is copied. */
  add(id: Uint8Array, fields: readonly StreamField[]): void {
    const entry = {
      id: Buffer.from(id),
      fields: fields.map(({ field, value }) => ({ field: copyOf(field), value: copyOf(value) })),
    };
    if (this.#length === 0) this.#firstId = entry.id;
    this.#length++;
    this.#entries.push(entry);
    for (const { field, value } of entry.fields) this.#bytes += field.length + value.length;
    if (this.#entries.length === NODE_ENTRIES_MAX || this.#bytes >= NODE_BYTES_MAX) this.#endNode();
  }

  /** Writes the stream, of which all entries have been added. */
  finish(
    writer: ByteWriter,
    { lastId, maxDeletedId, entriesAdded, groups }: Omit<DumpedStream, "fieldCounts" | "fields" | "ids">,
  ): void {
    this.#endNode();
    writer.u8(STREAM_LISTPACKS_2);
    writeLength(writer, this.#nodeCount);
    writer.range({ bytes: this.#nodes.bytes, start: 0, end: this.#nodes.length });
    writeLength(writer, this.#length);
    writeId(writer, lastId);
    writeId(writer, this.#firstId);
    writeId(writer, maxDeletedId);
    writeNumber(writer, entriesAdded);
    writeLength(writer, groups.length);
    for (const group of groups) writeGroup(writer, group);
  }

  #endNode(): void {
    const [first] = this.#entries;
    if (first === undefined) return;
    const node = this.#node;
    node.clear();
    const listpack = new ListpackWriter(node);
    listpack.addInteger(this.#entries.length);
    listpack.addInteger(0);
    listpack.addInteger(first.fields.length);
    for (const { field } of first.fields) listpack.add(field, 0, field.length);
    listpack.addInteger(0);
    for (const entry of this.#entries) writeEntry(listpack, first, entry);
    listpack.finish();
    writeLength(this.#nodes, STREAM_ID_BYTES);
    this.#nodes.range({ bytes: first.id, start: 0, end: STREAM_ID_BYTES });
    writeString(this.#nodes, node.bytes, 0, node.length);
    this.#nodeCount++;
    this.#entries = [];
    this.#bytes = 0;
  }
}

function writeEntry(listpack: ListpackWriter, master: Entry, { id, fields }: Entry): void {
  const hasSame =
    fields.length === master.fields.length &&
    fields.every(({ field }, i) => field.equals(master.fields[i]!.field));
  listpack.addInteger(hasSame ? SAME_FIELDS : 0);
  for (const at of [0, 8]) {
    listpack.addInteger(asSigned64(id.readBigUInt64BE(at) - master.id.readBigUInt64BE(at)));
  }
  if (!hasSame) listpack.addInteger(fields.length);
  for (const { field, value } of fields) {
    if (!hasSame) listpack.add(field, 0, field.length);
    listpack.add(value, 0, value.length);
  }
  listpack.addInteger(3 + (hasSame ? fields.length : 2 * fields.length + 1));
}

function writeGroup(
  writer: ByteWriter,
  { name, lastId, entriesRead, pending, consumers }: DumpedGroup,
): void {
  writeString(writer, name, 0, name.length);
  writeId(writer, lastId);
  writeNumber(writer, BigInt.asUintN(64, entriesRead));
  writeLength(writer, pending.length);
  /** Where the id of each pending message is written, and whose it is. */
  const places = new Uint32Array(pending.length);
  const owners = new Uint32Array(pending.length);
  let count = 0;
  for (const { id, deliveredMs, deliveries, consumer } of pending) {
    places[count] = writer.length;
    owners[count++] = consumer;
    writer.range({ bytes: id, start: 0, end: STREAM_ID_BYTES });
    writer.u64(deliveredMs);
    writeLength(writer, deliveries);
  }
  const byOwner = sortedByOwner(places, owners, consumers.length);
  writeLength(writer, consumers.length);
  for (const [i, consumer] of consumers.entries()) {
    writeString(writer, consumer.name, 0, consumer.name.length);
    writer.u64(consumer.seenMs);
    const { from, end } = byOwner.rangeOf(i);
    writeLength(writer, end - from);
    for (let at = from; at < end; at++) copyId(writer, byOwner.places[at]!);
  }
}

interface PlacesByOwner {
  readonly places: Uint32Array;
  rangeOf(owner: number): { readonly from: number; readonly end: number };
}

/** The places of each owner one behind the other, in the order in which they came. */
function sortedByOwner(places: Uint32Array, owners: Uint32Array, ownersCount: number): PlacesByOwner {
  const ends = new Uint32Array(ownersCount);
  for (const owner of owners) ends[owner]!++;
  for (let i = 1; i < ownersCount; i++) ends[i]! += ends[i - 1]!;
  const next = new Uint32Array(ownersCount);
  for (let i = 1; i < ownersCount; i++) next[i] = ends[i - 1]!;
  const sorted = new Uint32Array(places.length);
  for (let i = 0; i < places.length; i++) sorted[next[owners[i]!]!++] = places[i]!;
  return {
    places: sorted,
    rangeOf: (owner) => ({ from: owner === 0 ? 0 : ends[owner - 1]!, end: ends[owner]! }),
  };
}

/** Writes once more an id that is written already. */
function copyId(writer: ByteWriter, at: number): void {
  writer.ensure(STREAM_ID_BYTES);
  writer.bytes.copyWithin(writer.length, at, at + STREAM_ID_BYTES);
  writer.length += STREAM_ID_BYTES;
}

function writeId(writer: ByteWriter, id: Uint8Array): void {
  const { buffer, byteOffset } = id;
  const view = new DataView(buffer, byteOffset, STREAM_ID_BYTES);
  writeNumber(writer, view.getBigUint64(0));
  writeNumber(writer, view.getBigUint64(8));
}

function copyOf({ bytes, start, end }: ByteRange): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
