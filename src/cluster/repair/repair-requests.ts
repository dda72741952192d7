/** The requests of repair-messages.ts as values to bytes and back. What is read is well-formed, or it is undefined. */
import type { ByteReader } from "../../base/byte-reader.js";
import { rangeOf } from "../../base/bytes.js";
import type { HashRange } from "../../keyspace/range-walk.js";
import type { Lanes } from "../../keyspace/record-digest.js";
import { SlotSet } from "../slot-set.js";
import {
  BEGIN,
  beginRequest,
  COMPARE,
  DELIVER,
  END,
  FETCH,
  LIST,
  PARCEL_BYTES_MAX,
  PULL,
  readAll,
  readCounted,
  readDigest,
  readRange,
  readWant,
  writeDigest,
  writeWant,
} from "./repair-messages.js";
import type { Want } from "./shipment.js";

const DIGEST_BYTES = 8;
const WHOLE_FLAG = 1;
const RESUMED_FLAG = 2;
const LISTED_FLAG = 1;
const RENEWING_FLAG = 4;
const ALL_FLAGS = WHOLE_FLAG | RESUMED_FLAG | RENEWING_FLAG;

export interface BeginRequest {
  /** Of who asks: it repairs with the other side under one number at a time. */
  readonly session: number;
  /** Whether who asks has all that its birth floors of the slots cover. */
  readonly isWhole: boolean;
  /** Some of the slots may have been repaired a while ago. */
  readonly isResumed: boolean;
  /** Who asks knows that it was left out, and takes what the other side has. */
  readonly isRenewing: boolean;
  readonly slots: SlotSet;
}

export function writeBegin(seed: number, request: BeginRequest): Uint8Array {
  const { session, isWhole, isResumed, isRenewing, slots } = request;
  const writer = beginRequest(BEGIN, seed);
  writer.u32(session);
  writer.u8((isWhole ? WHOLE_FLAG : 0) | (isResumed ? RESUMED_FLAG : 0) | (isRenewing ? RENEWING_FLAG : 0));
  writer.sized(rangeOf(Buffer.from(slots.toString(), "latin1")));
  return writer.written();
}

export function readBegin(reader: ByteReader): BeginRequest | undefined {
  const session = reader.u32();
  const flags = reader.u8();
  const slots = SlotSet.parse(Buffer.from(reader.sized()).toString("latin1"));
  if (reader.failed || reader.remaining > 0 || flags > ALL_FLAGS) return undefined;
  const has = (flag: number) => (flags & flag) !== 0;
  const [isWhole, isResumed, isRenewing] = [has(WHOLE_FLAG), has(RESUMED_FLAG), has(RENEWING_FLAG)];
  return slots && { session, isWhole, isResumed, isRenewing, slots };
}

export function writeEnd(seed: number, session: number): Uint8Array {
  const writer = beginRequest(END, seed);
  writer.u32(session);
  return writer.written();
}

export function readEnd(reader: ByteReader): number | undefined {
  const session = reader.u32();
  return reader.failed || reader.remaining > 0 ? undefined : session;
}

export interface DigestedRange {
  readonly range: HashRange;
  readonly digest: Lanes;
}

export interface CompareRequest {
  readonly atMs: number;
  /** Whether what differs is to be listed at once, if it is little: most of it does. */
  readonly isListed: boolean;
  readonly ranges: readonly DigestedRange[];
}

export function writeCompare(seed: number, { atMs, isListed, ranges }: CompareRequest): Uint8Array {
  const writer = beginRequest(COMPARE, seed);
  writer.u64(atMs);
  writer.u8(isListed ? LISTED_FLAG : 0);
  for (const { range, digest } of ranges) {
    writeWant(writer, range);
    writeDigest(writer, digest);
  }
  return writer.written();
}

export function readCompare(reader: ByteReader, databases: number): CompareRequest | undefined {
  const atMs = reader.u64();
  const flags = reader.u8();
  const ranges = readAll(reader, (from): DigestedRange | undefined => {
    const range = readRange(from, databases);
    return range && { range, digest: readDigest(from) };
  });
  if (ranges === undefined || flags > LISTED_FLAG) return undefined;
  return { atMs, isListed: flags === LISTED_FLAG, ranges };
}

export interface ListedRange {
  readonly range: HashRange;
  /** Of all that lies there on the side that asks. */
  readonly digests: readonly Lanes[];
}

export interface ListRequest {
  readonly atMs: number;
  readonly ranges: readonly ListedRange[];
}

export function writeList(seed: number, { atMs, ranges }: ListRequest): Uint8Array {
  const writer = beginRequest(LIST, seed);
  writer.u64(atMs);
  for (const { range, digests } of ranges) {
    writeWant(writer, range);
    writer.varint(digests.length);
    for (const digest of digests) writeDigest(writer, digest);
  }
  return writer.written();
}

export function readList(reader: ByteReader, databases: number): ListRequest | undefined {
  const atMs = reader.u64();
  const ranges = readAll(reader, (from): ListedRange | undefined => {
    const range = readRange(from, databases);
    const count = from.varint();
    if (range === undefined || count * DIGEST_BYTES > from.remaining) return undefined;
    const digests = readCounted(from, count, readDigest);
    return digests && { range, digests };
  });
  return ranges && { atMs, ranges };
}

export function writePull(seed: number, wants: readonly Want[]): Uint8Array {
  const writer = beginRequest(PULL, seed);
  for (const want of wants) writeWant(writer, want);
  return writer.written();
}

export function readPull(reader: ByteReader, databases: number): readonly Want[] | undefined {
  return readAll(reader, (from) => readWant(from, databases));
}

export interface FetchRequest {
  readonly parcel: number;
  readonly offset: number;
}

export function writeFetch(seed: number, { parcel, offset }: FetchRequest): Uint8Array {
  const writer = beginRequest(FETCH, seed);
  writer.u32(parcel);
  writer.u64(offset);
  return writer.written();
}

export function readFetch(reader: ByteReader): FetchRequest | undefined {
  const request = { parcel: reader.u32(), offset: reader.u64() };
  return reader.failed || reader.remaining > 0 ? undefined : request;
}

export interface DeliverRequest {
  /** 0 for a new one. */
  readonly parcel: number;
  /** Bytes of the whole parcel. */
  readonly total: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export function writeDeliver(seed: number, { parcel, total, offset, bytes }: DeliverRequest): Uint8Array {
  const writer = beginRequest(DELIVER, seed);
  writer.u32(parcel);
  writer.u64(total);
  writer.u64(offset);
  writer.range({ bytes, start: 0, end: bytes.length });
  return writer.written();
}

export function readDeliver(reader: ByteReader): DeliverRequest | undefined {
  const head = { parcel: reader.u32(), total: reader.u64(), offset: reader.u64() };
  const bytes = reader.view(reader.remaining);
  const isPart =
    bytes.length > 0 && head.offset + bytes.length <= head.total && head.total <= PARCEL_BYTES_MAX;
  return reader.failed || !isPart ? undefined : { ...head, bytes };
}
