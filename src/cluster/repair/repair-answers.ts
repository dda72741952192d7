/** The answers of repair-messages.ts as values to bytes and back. What is read is well-formed, or it is undefined. */
import { ByteReader } from "../../base/byte-reader.js";
import type { HashRange } from "../../keyspace/range-walk.js";
import { isWholeSlot } from "../../keyspace/slot-digest.js";
import type { DigestedItem } from "./digest-list.js";
import { ListedItems, writeListedItems } from "./listed-items.js";
import {
  beginAnswer,
  type FloorsOfSlot,
  type ListedItem,
  PARCEL_BYTES_MAX,
  readCounted,
  readFloors,
  readItem,
  readWant,
  writeFloors,
  writeItem,
  writeWant,
} from "./repair-messages.js";
import type { Want } from "./shipment.js";

/** Of a range that is not the same on both sides; `Items` are values where it is told, bytes where it is heard. */
export interface RangeDifference<Items> {
  /** Records, or entries, that the answering side has. */
  readonly count: number;
  /** Of a whole slot. */
  readonly floors: FloorsOfSlot | undefined;
  /** All of them; undefined if they are too many, or were not asked for. */
  readonly items: Items | undefined;
}

export interface CompareAnswer<Items> {
  /** What time it is there. */
  readonly atMs: number;
  /** Of each range; undefined if it is the same. */
  readonly differences: readonly (RangeDifference<Items> | undefined)[];
}

const SAME = 0;
const DIFFERENT = 1;
const LISTED = 2;

export function writeCompareAnswer({
  atMs,
  differences,
}: CompareAnswer<readonly DigestedItem[]>): Uint8Array {
  const writer = beginAnswer("accepted");
  writer.u64(atMs);
  for (const difference of differences) {
    if (difference === undefined) {
      writer.u8(SAME);
      continue;
    }
    const { count, floors, items } = difference;
    writer.u8(items === undefined ? DIFFERENT : LISTED);
    writer.varint(count);
    if (floors !== undefined) writeFloors(writer, floors);
    if (items !== undefined) writeListedItems(writer, items);
  }
  return writer.written();
}

/** `ranges` are those that were asked about. */
export function readCompareAnswer(
  reader: ByteReader,
  ranges: readonly HashRange[],
  databases: number,
): CompareAnswer<ListedItems> | undefined {
  const atMs = reader.u64();
  const differences: (RangeDifference<ListedItems> | undefined)[] = [];
  for (const range of ranges) {
    const state = reader.u8();
    if (reader.failed || state > LISTED) return undefined;
    if (state === SAME) {
      differences.push(undefined);
      continue;
    }
    const count = reader.varint();
    const floors = isWholeSlot(range) ? readFloors(reader, databases) : undefined;
    if (isWholeSlot(range) && floors === undefined) return undefined;
    const isListed = state === LISTED;
    const items = isListed ? ListedItems.read(reader, count, databases) : undefined;
    if (isListed && items === undefined) return undefined;
    differences.push({ count, floors, items });
  }
  return reader.failed || reader.remaining > 0 ? undefined : { atMs, differences };
}

/** Of one range. */
export interface ListAnswer {
  /** Indices of listed digests that nothing has on the answering side. */
  readonly missing: readonly number[];
  /** What it has whose digest is not listed. */
  readonly extra: readonly ListedItem[];
}

export function writeListAnswers(answers: readonly ListAnswer[]): Uint8Array {
  const writer = beginAnswer("accepted");
  for (const { missing, extra } of answers) {
    writer.varint(missing.length);
    for (const index of missing) writer.varint(index);
    writer.varint(extra.length);
    for (const item of extra) writeItem(writer, item);
  }
  return writer.written();
}

/** `counts` are the numbers of digests that were listed. */
export function readListAnswers(
  reader: ByteReader,
  counts: readonly number[],
  databases: number,
): ListAnswer[] | undefined {
  const answers: ListAnswer[] = [];
  for (const count of counts) {
    const missing = readCounted(reader, reader.varint(), (from) => {
      const index = from.varint();
      return index < count ? index : undefined;
    });
    const extra = missing && readCounted(reader, reader.varint(), (from) => readItem(from, databases));
    if (missing === undefined || extra === undefined) return undefined;
    answers.push({ missing, extra });
  }
  return reader.failed || reader.remaining > 0 ? undefined : answers;
}

export interface PullAnswer {
  readonly taken: number;
  readonly ahead: readonly Want[];
  /** That are told in the batch or the parcel. */
  readonly records: number;
  readonly content: PulledContent;
}

/** A parcel begins with these bytes of its `total`. A batch may be empty: there is none. */
export type PulledContent =
  | { readonly kind: "batch"; readonly bytes: Buffer }
  | { readonly kind: "parcel"; readonly parcel: number; readonly total: number; readonly bytes: Buffer };

const BATCH = 0;
const PARCEL = 1;

export function writePullAnswer({ taken, ahead, records, content }: PullAnswer): Uint8Array {
  const writer = beginAnswer("accepted");
  writer.varint(taken);
  writer.varint(ahead.length);
  for (const want of ahead) writeWant(writer, want);
  writer.varint(records);
  writer.u8(content.kind === "batch" ? BATCH : PARCEL);
  if (content.kind === "parcel") {
    writer.u32(content.parcel);
    writer.u64(content.total);
  }
  return Buffer.concat([writer.written(), content.bytes]);
}

/** The content is a view of the bytes. `count` is the number of wants. */
export function readPullAnswer(
  bytes: Buffer,
  { at }: ByteReader,
  { count, databases }: { readonly count: number; readonly databases: number },
): PullAnswer | undefined {
  const reader = new ByteReader({ bytes, start: at, end: bytes.length });
  const taken = reader.varint();
  const ahead = readCounted(reader, reader.varint(), (from) => readWant(from, databases));
  const records = reader.varint();
  const kind = reader.u8();
  const isParcel = kind === PARCEL;
  const parcel = isParcel ? reader.u32() : 0;
  const total = isParcel ? reader.u64() : 0;
  if (ahead === undefined || reader.failed || taken > count || kind > PARCEL) return undefined;
  const rest = bytes.subarray(reader.at);
  if (isParcel && (rest.length > total || total > PARCEL_BYTES_MAX)) return undefined;
  const content: PulledContent = isParcel
    ? { kind: "parcel", parcel, total, bytes: rest }
    : { kind: "batch", bytes: rest };
  return { taken, ahead, records, content };
}

export function writeDeliverAnswer(parcel: number): Uint8Array {
  const writer = beginAnswer("accepted");
  writer.u32(parcel);
  return writer.written();
}

export function readDeliverAnswer(reader: ByteReader): number | undefined {
  const parcel = reader.u32();
  return reader.failed || reader.remaining > 0 ? undefined : parcel;
}
