/**
 * The bytes of a delta. Integers are little-endian, varints those of base/varint.ts.
 *
 *     delta    := record | patch | flush | collect | swap | piece | forget | drop | local
 *     record   := tag:u8 place life:version [deadline] [register:version] [sized]
 *                 tag       the body's rank (record-state.ts), + 32 if there is a deadline, + 64 if there is a register
 *                 deadline  varint, milliseconds; without it there is none
 *                 register  the version of the expiry register; without it it is the life
 *                 sized     the body; none for rank 0
 *     patch    := 128:u8 place predecessor:version life:version deadline:varint offset:varint sized
 *                 deadline  0 for none
 *     flush    := 129:u8 db:u8 slot:u16 floor:version
 *                 db 255 is all databases, slot 65535 all slots
 *     collect  := 130:u8 db:u8 slot:u16 floor:version
 *                 db 255 is all databases
 *     swap     := 131:u8 one:u8 other:u8 version
 *     piece    := 132:u8 place life:version deadline:varint register:version total:varint offset:varint sized
 *                 deadline  0 for none
 *     forget   := 133:u8 slot:u16
 *     drop     := 134:u8 place
 *     local    := 135:u8 boot:u32 position:u64
 *
 *     place    := db:u8 slot:u16 key:sized
 *     sized    := length:varint byte*
 *     version  := clock:u64 origin:u16
 *
 * Writing takes the parts as they lie in the arena and allocates nothing; `writeDelta` is for deltas as values.
 */
import { unreachable } from "../base/assert.js";
import type { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { type ByteRange, copyRange, rangeOf } from "../base/bytes.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { VARINT_BYTES_MAX, writeVarint } from "../base/varint.js";
import { BODY_BYTES_MAX, packBody, unpackBody } from "./body-codec.js";
import {
  type CollectDelta,
  DB_MAX,
  type Delta,
  type FlushDelta,
  type KeyPlace,
  type LocalDelta,
  type SwapDelta,
} from "./delta.js";
import { RANK_MAX, RANKS, type RecordState } from "./record-state.js";
import { equalVersions, VERSION_BYTES, type Version, writeVersion } from "./version.js";

/** In the tag of a record. */
export const HAS_DEADLINE = 32;
export const HAS_REGISTER = 64;
/** The lowest tag of what is no record. */
export const PATCH = 128;
const FLUSH = 129;
const COLLECT = 130;
const SWAP = 131;
const PIECE = 132;
const FORGET = 133;
const DROP = 134;
const LOCAL = 135;

/** Of a record all but key and body: tag, database, slot, length of the key, life, deadline, register. */
const HEAD_BYTES_MAX = 4 + 2 * VARINT_BYTES_MAX + 2 * VERSION_BYTES;

const ALL_DBS = 255;
const ALL_SLOTS = 0xffff;

/** A key where it lies. One object may be reused for all of them, as of the following. */
export interface PlacedKey {
  readonly db: number;
  readonly slot: number;
  readonly key: ByteRange;
}

/** A record where it lies. */
export interface PlacedRecord extends PlacedKey {
  readonly life: Version;
  /** 0 for none. */
  readonly deadlineMs: number;
  /** The version of the expiry register. */
  readonly registered: Version;
  readonly rank: number;
  /** The body in its packed form; not read if the rank is that of no body. */
  readonly body: ByteRange;
}

/** A patch where it lies. */
export interface PlacedPatch extends PlacedKey {
  readonly predecessor: Version;
  readonly life: Version;
  readonly deadlineMs: number;
  readonly offset: number;
  readonly bytes: ByteRange;
}

/** A piece of a text where it lies. */
export interface PlacedPiece extends PlacedKey {
  readonly life: Version;
  readonly deadlineMs: number;
  readonly registered: Version;
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: ByteRange;
}

export function writeRecord(writer: ByteWriter, record: PlacedRecord): void {
  const { rank, body } = record;
  writeRecordHead(writer, record);
  if (rank !== RANKS.none) writer.sized(body);
}

/**
 * All of a record before its body, which is to follow with its length before it. Each write that is logged or shipped comes through here: room is
 * made once, and offsets are kept in a local.
 */
export function writeRecordHead(writer: ByteWriter, record: Omit<PlacedRecord, "body">): void {
  const { db, slot, key, life, deadlineMs, registered, rank } = record;
  const keyLength = key.end - key.start;
  writer.ensure(HEAD_BYTES_MAX + keyLength);
  const { bytes } = writer;
  let at = writer.length;
  const isOfLife = equalVersions(registered, life);
  bytes[at] = rank | (deadlineMs === 0 ? 0 : HAS_DEADLINE) | (isOfLife ? 0 : HAS_REGISTER);
  bytes[at + 1] = db;
  bytes[at + 2] = slot;
  bytes[at + 3] = slot >>> 8;
  at = copyRange(key, bytes, writeVarint(bytes, at + 4, keyLength));
  writeVersion(bytes, at, life);
  at += VERSION_BYTES;
  if (deadlineMs !== 0) at = writeVarint(bytes, at, deadlineMs);
  if (!isOfLife) {
    writeVersion(bytes, at, registered);
    at += VERSION_BYTES;
  }
  writer.length = at;
}

export function writePatch(writer: ByteWriter, patch: PlacedPatch): void {
  writer.u8(PATCH);
  writePlace(writer, patch);
  appendVersion(writer, patch.predecessor);
  appendVersion(writer, patch.life);
  writer.varint(patch.deadlineMs);
  writer.varint(patch.offset);
  writer.sized(patch.bytes);
}

export function writePiece(writer: ByteWriter, piece: PlacedPiece): void {
  writer.u8(PIECE);
  writePlace(writer, piece);
  appendVersion(writer, piece.life);
  writer.varint(piece.deadlineMs);
  appendVersion(writer, piece.registered);
  writer.varint(piece.totalBytes);
  writer.varint(piece.offset);
  writer.sized(piece.bytes);
}

export function writeFlush(writer: ByteWriter, { db, slot, floor }: FlushDelta): void {
  writer.u8(FLUSH);
  writer.u8(db ?? ALL_DBS);
  writer.u16(slot ?? ALL_SLOTS);
  appendVersion(writer, floor);
}

export function writeCollect(writer: ByteWriter, { db, slot, floor }: CollectDelta): void {
  writer.u8(COLLECT);
  writer.u8(db ?? ALL_DBS);
  writer.u16(slot);
  appendVersion(writer, floor);
}

export function writeSwap(writer: ByteWriter, { one, other, version }: SwapDelta): void {
  writer.u8(SWAP);
  writer.u8(one);
  writer.u8(other);
  appendVersion(writer, version);
}

export function writeForget(writer: ByteWriter, slot: number): void {
  writer.u8(FORGET);
  writer.u16(slot);
}

export function writeDrop(writer: ByteWriter, key: PlacedKey): void {
  writer.u8(DROP);
  writePlace(writer, key);
}

export function writeLocal(writer: ByteWriter, { boot, position }: Omit<LocalDelta, "kind">): void {
  writer.u8(LOCAL);
  writer.u32(boot);
  writer.u64(position);
}

/** The canonical bytes of any delta: equal ones have equal bytes. */
export function writeDelta(writer: ByteWriter, delta: Delta): void {
  switch (delta.kind) {
    case "record":
      writeState(writer, delta, delta.state);
      break;
    case "patch":
      writePatch(writer, { ...delta, key: rangeOf(delta.key), bytes: rangeOf(delta.bytes) });
      break;
    case "piece":
      writePiece(writer, {
        ...delta,
        key: rangeOf(delta.key),
        deadlineMs: delta.expiry.deadlineMs,
        registered: delta.expiry.version,
        bytes: rangeOf(delta.bytes),
      });
      break;
    case "flush":
      writeFlush(writer, delta);
      break;
    case "collect":
      writeCollect(writer, delta);
      break;
    case "swap":
      writeSwap(writer, delta);
      break;
    case "forget":
      writeForget(writer, delta.slot);
      break;
    case "drop":
      writeDrop(writer, { ...delta, key: rangeOf(delta.key) });
      break;
    case "local":
      writeLocal(writer, delta);
      break;
    default:
      unreachable(delta);
  }
}

function writeState(
  writer: ByteWriter,
  { db, slot, key }: KeyPlace,
  { life, expiry, body }: RecordState,
): void {
  writeRecord(writer, {
    db,
    slot,
    key: rangeOf(key),
    life,
    deadlineMs: expiry.deadlineMs,
    registered: expiry.version,
    rank: RANKS[body.kind],
    body: rangeOf(packBody(body)),
  });
}

function writePlace(writer: ByteWriter, { db, slot, key }: PlacedKey): void {
  writer.u8(db);
  writer.u16(slot);
  writer.sized(key);
}

function appendVersion(writer: ByteWriter, version: Version): void {
  writer.ensure(VERSION_BYTES);
  writeVersion(writer.bytes, writer.length, version);
  writer.length += VERSION_BYTES;
}

/**
 * Reads one delta from bytes that may be wrong; undefined, and a failed reader, if they are no delta. Keys and values
 * are views of the bytes: who keeps them past the life of those copies them.
 */
export function readDelta(reader: ByteReader): Delta | undefined {
  const tag = reader.u8();
  const delta = readTagged(reader, tag);
  if (delta === undefined) reader.fail();
  return reader.failed ? undefined : delta;
}

function readTagged(reader: ByteReader, tag: number): Delta | undefined {
  switch (tag) {
    case PATCH:
      return readPatch(reader);
    case FLUSH:
      return readFlush(reader);
    case COLLECT:
      return {
        kind: "collect",
        db: readAnyDatabase(reader),
        slot: readSlot(reader),
        floor: readVersion(reader),
      };
    case SWAP:
      return {
        kind: "swap",
        one: readDatabase(reader),
        other: readDatabase(reader),
        version: readVersion(reader),
      };
    case PIECE:
      return readPiece(reader);
    case FORGET:
      return { kind: "forget", slot: readSlot(reader) };
    case DROP:
      return { kind: "drop", ...readPlace(reader) };
    case LOCAL:
      return { kind: "local", boot: reader.u32(), position: reader.u64() };
    default:
      return tag < PATCH ? readRecord(reader, tag) : undefined;
  }
}

function readRecord(reader: ByteReader, tag: number): Delta | undefined {
  const place = readPlace(reader);
  const life = readVersion(reader);
  const hasDeadline = (tag & HAS_DEADLINE) !== 0;
  const deadlineMs = hasDeadline ? reader.varint() : 0;
  const hasRegister = (tag & HAS_REGISTER) !== 0;
  const version = hasRegister ? readVersion(reader) : life;
  // What could be left out must be: equal records have one form.
  const isWasteful = (hasDeadline && deadlineMs === 0) || (hasRegister && equalVersions(version, life));
  const rank = tag & RANK_MAX;
  const bytes = rank === RANKS.none ? new Uint8Array(0) : reader.sized();
  if (reader.failed || isWasteful) return undefined;
  const body = unpackBody(rank, bytes);
  return body && { kind: "record", ...place, state: { life, expiry: { deadlineMs, version }, body } };
}

function readPatch(reader: ByteReader): Delta | undefined {
  const place = readPlace(reader);
  const predecessor = readVersion(reader);
  const life = readVersion(reader);
  const deadlineMs = reader.varint();
  const offset = reader.varint();
  const bytes = reader.sized();
  // Where the patch applies, so much memory is taken.
  if (offset + bytes.length > BODY_BYTES_MAX) return undefined;
  return { kind: "patch", ...place, predecessor, life, deadlineMs, offset, bytes };
}

function readPiece(reader: ByteReader): Delta | undefined {
  const place = readPlace(reader);
  const life = readVersion(reader);
  const deadlineMs = reader.varint();
  const expiry = { deadlineMs, version: readVersion(reader) };
  const totalBytes = reader.varint();
  const offset = reader.varint();
  const bytes = reader.sized();
  if (totalBytes > BODY_BYTES_MAX || offset + bytes.length > totalBytes) return undefined;
  return { kind: "piece", ...place, life, expiry, totalBytes, offset, bytes };
}

function readFlush(reader: ByteReader): Delta {
  const db = readAnyDatabase(reader);
  const slot = reader.u16();
  if (slot >= SLOT_COUNT && slot !== ALL_SLOTS) reader.fail();
  const floor = readVersion(reader);
  return { kind: "flush", db, slot: slot === ALL_SLOTS ? null : slot, floor };
}

function readPlace(reader: ByteReader): KeyPlace {
  return { db: readDatabase(reader), slot: readSlot(reader), key: reader.sized() };
}

function readAnyDatabase(reader: ByteReader): number | null {
  const db = reader.u8();
  return db === ALL_DBS ? null : db;
}

function readDatabase(reader: ByteReader): number {
  const db = reader.u8();
  if (db > DB_MAX) reader.fail();
  return db;
}

function readSlot(reader: ByteReader): number {
  const slot = reader.u16();
  if (slot >= SLOT_COUNT) reader.fail();
  return slot;
}

function readVersion(reader: ByteReader): Version {
  return { clock: reader.u64(), origin: reader.u16() };
}
