/**
 * What a stream consists of, as fields of packed entries (packed-entries.ts). The first byte of a field says of what kind it is, the rest names it;
 * integers are big-endian, so that larger ones have larger bytes.
 *
 *     register  := 1 origin:u16                         epoch:stamp added:u64 last:id deleted:id
 *     trim      := 2 origin:u16                         id
 *     group     := 3 name                               birth:stamp epoch:stamp last:id read:u64
 *     consumer  := 4 size:u32 group birth:stamp name    seen:u64
 *     pending   := 5 size:u32 group birth:stamp id      delivered:u64 count:u64 consumer
 *     entry     := 6 id                                 (length:varint bytes)*, fields and values in turn
 *     stamp     := clock:u64 origin:u16
 *
 *     register  what the node of this origin knows of the stream as a whole, and it alone writes: how many entries it has added, the last id and the
 *               highest deleted one. XSETID begins an epoch: registers of earlier ones say nothing any more.
 *     trim      entries up to this id, of versions up to that of the field, are gone
 *     group     `birth` is the version of XGROUP CREATE, `epoch` that, or that of the last XGROUP SETID; `read` is the number of entries read + 1,
 *               0 if it is unknown
 *     consumer, pending   belong to the birth of a group: with a later one, or a later removal, they are gone
 *
 * A field without a value marks what was removed: a group, a consumer, an acknowledged message, a deleted entry.
 */
import type { ByteRange } from "../base/bytes.js";
import { EntryCursor, isPackedEntries } from "./packed-entries.js";
import type { Field } from "./record-state.js";
import { ID_BYTES } from "./stream-id.js";
import { compareVersions, type Version } from "./version.js";

export const REGISTER = 1;
export const TRIM = 2;
export const GROUP = 3;
export const CONSUMER = 4;
export const PENDING = 5;
export const ENTRY = 6;

export const STAMP_BYTES = 10;
export const ORIGIN_FIELD_BYTES = 3;
export const REGISTER_BYTES = STAMP_BYTES + 8 + 2 * ID_BYTES;
export const GROUP_BYTES = 2 * STAMP_BYTES + ID_BYTES + 8;
export const SEEN_BYTES = 8;
/** Of a pending message, before the name of its consumer. */
export const DELIVERY_BYTES = 16;
export const ENTRY_FIELD_BYTES = 1 + ID_BYTES;
/** Of an entry: half of what Redis takes, since it is put together twice, and told in one piece. */
export const CONTENT_BYTES_MAX = 2 ** 29;
/** Of a consumer or a pending message, before the name of the group. */
export const OWNED_HEAD_BYTES = 5;

const TWO_32 = 2 ** 32;

// ---- Integers and stamps ----

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** A safe integer in eight bytes. */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * TWO_32 + readUint32(bytes, at + 4);
}

export function writeUint64(bytes: Uint8Array, at: number, value: number): number {
  writeUint32(bytes, at, Math.floor(value / TWO_32));
  return writeUint32(bytes, at + 4, value % TWO_32);
}

/** One more, as long as that can be told: what is counted in a field stays a safe integer, whatever clients have set it to. */
export function oneMore(count: number): number {
  return Math.min(count + 1, Number.MAX_SAFE_INTEGER);
}

export function writeStamp(bytes: Uint8Array, at: number, { clock, origin }: Version): number {
  const to = writeUint64(bytes, at, clock);
  bytes[to] = origin >>> 8;
  bytes[to + 1] = origin;
  return to + 2;
}

export function readStamp(bytes: Uint8Array, at: number): Version {
  return { clock: readUint64(bytes, at), origin: (bytes[at + 8]! << 8) | bytes[at + 9]! };
}

// ---- Fields ----

export function writeOriginField(bytes: Uint8Array, tag: number, origin: number): number {
  bytes[0] = tag;
  bytes[1] = origin >>> 8;
  bytes[2] = origin;
  return ORIGIN_FIELD_BYTES;
}

/** Writes the field of what belongs to a group, up to behind the stamp. */
export function writeOwnedHead(bytes: Buffer, tag: number, group: string, birth: Version): number {
  bytes[0] = tag;
  writeUint32(bytes, 1, group.length);
  const at = OWNED_HEAD_BYTES + bytes.write(group, OWNED_HEAD_BYTES, "latin1");
  return writeStamp(bytes, at, birth);
}

/** Whether bytes from outside are the packed entries of a stream. */
export function isPackedStream(range: ByteRange): boolean {
  if (!isPackedEntries(range)) return false;
  const cursor = new EntryCursor();
  cursor.open(range.bytes, range.start, range.end);
  while (cursor.next()) {
    const { fieldStart, fieldEnd, valueStart, valueEnd, isRemoved } = cursor;
    if (!isStreamField(range.bytes, fieldStart, fieldEnd)) return false;
    const tag = range.bytes[fieldStart]!;
    if (isRemoved ? tag === REGISTER || tag === TRIM : !isValue(tag, range.bytes, valueStart, valueEnd))
      return false;
  }
  return true;
}

/** Whether bytes from outside name a part of a stream. */
export function isStreamField(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  switch (length === 0 ? 0 : bytes[start]) {
    case REGISTER:
    case TRIM:
      return length === ORIGIN_FIELD_BYTES;
    case GROUP:
      return true;
    case CONSUMER:
      return ownedRest(bytes, start, end) >= 0;
    case PENDING:
      return ownedRest(bytes, start, end) === ID_BYTES;
    case ENTRY:
      return length === ENTRY_FIELD_BYTES;
    default:
      return false;
  }
}

/** Bytes behind the stamp of a consumer or a pending message, negative if there is no room for what is before. */
function ownedRest(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < OWNED_HEAD_BYTES) return -1;
  const stampAt = start + OWNED_HEAD_BYTES + readUint32(bytes, start + 1);
  if (end - stampAt < STAMP_BYTES || !isStamp(bytes, stampAt)) return -1;
  return end - stampAt - STAMP_BYTES;
}

function isValue(tag: number, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  switch (tag) {
    case REGISTER:
      return length === REGISTER_BYTES && isStamp(bytes, start) && isSafeUint64(bytes, start + STAMP_BYTES);
    case TRIM:
      return length === ID_BYTES;
    case GROUP:
      return (
        length === GROUP_BYTES &&
        isStamp(bytes, start) &&
        isStamp(bytes, start + STAMP_BYTES) &&
        isSafeUint64(bytes, end - 8)
      );
    case CONSUMER:
      return length === SEEN_BYTES && isSafeUint64(bytes, start);
    case PENDING:
      return length >= DELIVERY_BYTES && isSafeUint64(bytes, start) && isSafeUint64(bytes, start + 8);
    default:
      return arePairs(bytes, start, end);
  }
}

/** Whether bytes are fields and values in turn, at least one of each. Lengths are as short as they can be. */
function arePairs(bytes: Uint8Array, start: number, end: number): boolean {
  let parts = 0;
  let at = start;
  while (at < end) {
    let length = 0;
    let scale = 1;
    let byte = 0x80;
    while (byte >= 0x80) {
      if (at === end || scale > TWO_32) return false;
      byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte === 0 && scale > 1) return false;
      scale *= 128;
    }
    if (length > end - at) return false;
    at += length;
    parts++;
  }
  return parts > 0 && parts % 2 === 0;
}

function isSafeUint64(bytes: Uint8Array, at: number): boolean {
  return readUint32(bytes, at) < 2 ** 21;
}

function isStamp(bytes: Uint8Array, at: number): boolean {
  return isSafeUint64(bytes, at);
}

// ---- Merging ----

/** Of two of one field: which counts. That of a trim is made of both. */
export function laterItem(name: string, ours: Field, theirs: Field): Field {
  switch (name.charCodeAt(0)) {
    case TRIM:
      return {
        value: compareBuffers(ours.value!, theirs.value!) >= 0 ? ours.value : theirs.value,
        version: compareVersions(ours.version, theirs.version) >= 0 ? ours.version : theirs.version,
      };
    case GROUP:
      return compareGroups(ours, theirs) >= 0 ? ours : theirs;
    default:
      return compareItems(ours, theirs) >= 0 ? ours : theirs;
  }
}

function compareItems(a: Field, b: Field): number {
  return compareVersions(a.version, b.version) || compareValues(a.value, b.value);
}

/**
 * A group that was born later, or destroyed later, is above the one before; within its life XGROUP SETID is above what was read earlier, and else
 * who has read further.
 */
function compareGroups(a: Field, b: Field): number {
  return (
    compareVersions(lifeOf(a), lifeOf(b)) ||
    compareGroupValues(a.value, b.value) ||
    compareVersions(a.version, b.version)
  );
}

/** A removal ends what was born up to it. */
function compareGroupValues(a: Uint8Array | null, b: Uint8Array | null): number {
  return a === null || b === null ? (a === null ? 1 : 0) - (b === null ? 1 : 0) : compareBuffers(a, b);
}

/** The birth of a group, or the version that destroyed it. */
function lifeOf({ value, version }: Field): Version {
  return value === null ? version : readStamp(value, 0);
}

function compareValues(a: Uint8Array | null, b: Uint8Array | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return compareBuffers(a, b);
}

function compareBuffers(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Takes out what a trim, or a later birth or removal of a group, says is gone: so is every state that was merged. */
export function withoutGone(fields: Map<string, Field>): Map<string, Field> {
  const trims: { readonly id: string; readonly version: Version }[] = [];
  const lives = new Map<string, Version>();
  for (const [name, field] of fields) {
    const tag = name.charCodeAt(0);
    if (tag === TRIM) trims.push({ id: latin1(field.value!), version: field.version });
    else if (tag === GROUP) lives.set(name.slice(1), lifeOf(field));
  }
  if (trims.length === 0 && lives.size === 0) return fields;
  for (const [name, field] of fields) {
    const tag = name.charCodeAt(0);
    if (tag === ENTRY) {
      const id = name.slice(1);
      if (trims.some((trim) => id <= trim.id && compareVersions(field.version, trim.version) <= 0))
        fields.delete(name);
    } else if (tag === CONSUMER || tag === PENDING) {
      const { group, birth } = ownerOf(name);
      const life = lives.get(group);
      if (life !== undefined && compareVersions(birth, life) < 0) fields.delete(name);
    }
  }
  return fields;
}

/** The group, and its birth, of a consumer or a pending message. */
function ownerOf(name: string): { readonly group: string; readonly birth: Version } {
  const bytes = Buffer.from(name, "latin1");
  const end = OWNED_HEAD_BYTES + readUint32(bytes, 1);
  return { group: bytes.toString("latin1", OWNED_HEAD_BYTES, end), birth: readStamp(bytes, end) };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
