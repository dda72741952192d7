/**
 * Makes fields (delta/stream-items.ts) of a stream that came in a dump: all of one version, that of the life which they begin. This node's register has what
 * the stream knows of itself, and the groups are born with it.
 */
import { WriterFull } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import { varintBytes, writeVarint } from "../base/varint.js";
import { ID_BYTES } from "../delta/stream-id.js";
import {
  CONTENT_BYTES_MAX,
  DELIVERY_BYTES,
  ENTRY,
  ENTRY_FIELD_BYTES,
  GROUP_BYTES,
  ORIGIN_FIELD_BYTES,
  REGISTER,
  REGISTER_BYTES,
  SEEN_BYTES,
  STAMP_BYTES,
  writeOriginField,
  writeStamp,
  writeUint64,
} from "../delta/stream-items.js";
import { VERSION_ZERO } from "../delta/version.js";
import type { ItemRange, Items } from "../rdb/items.js";
import type { DumpedGroup, DumpedStream } from "../rdb/stream-value.js";
import type { Keyspace } from "./keyspace.js";
import { ENTRY_OVERHEAD_BYTES, type ImportedEntries, LifePacking } from "./life-packing.js";
import { TYPE_STREAM } from "./record.js";
import { consumerField, groupField, pendingField } from "./stream-body.js";

/** Beside names and contents: of fields, values and what tells them apart. */
const ENTRY_BYTES = ENTRY_FIELD_BYTES + ENTRY_OVERHEAD_BYTES;
const PART_BYTES = 128;

/** Undefined if an entry has no fields. Throws `WriterFull` for an entry, or a stream, that is too large. */
export function streamOf(keyspace: Keyspace, stream: DumpedStream): ImportedEntries | undefined {
  if (stream.fieldCounts.includes(0)) return undefined;
  const packing = new LifePacking(keyspace, lengthOf(stream));
  addRegister(packing, stream);
  for (const group of stream.groups) addGroup(packing, group);
  addEntries(packing, stream);
  return packing.finish(TYPE_STREAM);
}

/** About how many bytes the fields take: each that belongs to a group tells its name. */
function lengthOf({ ids, fields, groups }: DumpedStream): number {
  let length = PART_BYTES + ids.count * ENTRY_BYTES + fields.byteLength + fields.count;
  for (const { name, pending, consumers } of groups) {
    length += PART_BYTES + name.length;
    for (const consumer of consumers) length += PART_BYTES + name.length + consumer.name.length;
    for (const { consumer } of pending) length += PART_BYTES + name.length + consumers[consumer]!.name.length;
  }
  return length;
}

function addRegister(packing: LifePacking, { lastId, maxDeletedId, entriesAdded }: DumpedStream): void {
  const field = Buffer.alloc(ORIGIN_FIELD_BYTES);
  writeOriginField(field, REGISTER, packing.life.origin);
  const value = Buffer.alloc(REGISTER_BYTES);
  // No XSETID was there in this life.
  writeStamp(value, 0, VERSION_ZERO);
  writeUint64(value, STAMP_BYTES, safeOf(entriesAdded));
  value.set(lastId, STAMP_BYTES + 8);
  value.set(maxDeletedId, STAMP_BYTES + 8 + ID_BYTES);
  packing.add(rangeOf(field), rangeOf(value));
}

function addGroup(
  packing: LifePacking,
  { name, lastId, entriesRead, pending, consumers }: DumpedGroup,
): void {
  const { life } = packing;
  const group = textOf(name);
  const names = consumers.map((consumer) => textOf(consumer.name));
  const value = Buffer.alloc(GROUP_BYTES);
  let at = writeStamp(value, 0, life);
  at = writeStamp(value, at, life);
  value.set(lastId, at);
  writeUint64(value, at + ID_BYTES, entriesRead < 0n ? 0 : safeOf(entriesRead + 1n));
  packing.add(rangeOf(groupField(group)), rangeOf(value));
  for (const [i, { seenMs }] of consumers.entries()) {
    const seen = Buffer.alloc(SEEN_BYTES);
    writeUint64(seen, 0, seenMs);
    packing.add(rangeOf(consumerField(group, life, names[i]!)), rangeOf(seen));
  }
  const field = pendingField(group, life);
  const longest = consumers.reduce((length, consumer) => Math.max(length, consumer.name.length), 0);
  const delivery = Buffer.alloc(DELIVERY_BYTES + longest);
  for (const { id, deliveredMs, deliveries, consumer } of pending) {
    field.set(id, field.length - ID_BYTES);
    writeUint64(delivery, writeUint64(delivery, 0, deliveredMs), deliveries);
    const end = DELIVERY_BYTES + delivery.write(names[consumer]!, DELIVERY_BYTES, "latin1");
    packing.add(rangeOf(field), { bytes: delivery, start: 0, end });
  }
}

function addEntries(packing: LifePacking, { ids, fieldCounts, fields }: DumpedStream): void {
  const field = Buffer.alloc(ENTRY_FIELD_BYTES, ENTRY);
  let content = Buffer.alloc(1024);
  let next = 0;
  for (let i = 0; i < ids.count; i++) {
    field.set(ids.view(i), 1);
    const end = next + 2 * fieldCounts[i]!;
    const needed = contentLength(fields, next, end);
    if (needed > CONTENT_BYTES_MAX) throw new WriterFull(`${needed} bytes are no entry`);
    if (needed > content.length) content = Buffer.alloc(2 * needed);
    let to = 0;
    for (; next < end; next++) to = writePart(content, to, fields.at(next));
    packing.add(rangeOf(field), { bytes: content, start: 0, end: to });
  }
}

function contentLength(fields: Items, from: number, end: number): number {
  let length = 0;
  for (let i = from; i < end; i++) {
    const part = fields.at(i);
    const size = part.end - part.start;
    length += size + varintBytes(size);
  }
  return length;
}

function writePart(into: Buffer, at: number, { bytes, start, end }: ItemRange): number {
  const to = writeVarint(into, at, end - start);
  return to + bytes.copy(into, to, start, end);
}

function safeOf(value: bigint): number {
  return value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(value);
}

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}
