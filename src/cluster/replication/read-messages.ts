/**
 * What an owner asks the others before it answers a read at quorum, by the service `reads` of a link (docs/formats/reads.md).
 *
 *     message := crc:u32 body                         of both ways; CRC-32 of the body
 *
 *     request := 1 atMs:u64 place+                    states of keys
 *              | 2 repair                             a request of repair/repair-messages.ts
 *     place   := slot:u16 db:u8 key:sized
 *
 *     answer  := state*                               as many as places
 *              | repair                               the answer of repair/repair-messages.ts
 *     state   := flags:u8 [low:u32 high:u32] [floor:version]
 *
 * `atMs` is a time of the hybrid clock, that of who asks: what is to have expired by then has.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import { SLOT_COUNT, slotOf } from "../../base/key-hash.js";
import { VERSION_BYTES, VERSION_ZERO, type Version, writeVersion } from "../../delta/version.js";
import type { KeyState } from "./key-state.js";

export const READS_SERVICE = "reads";

/** A request has so many keys at most; and bytes of keys, unless one alone has more. */
export const PLACES_MAX = 1024;
export const PLACES_BYTES_MAX = 64 * 1024;

const STATES = 1;
const REPAIR = 2;

/** Of a state: there is a record, and its digest follows. */
const THERE = 1;
/** There is a flush floor, and follows. */
const FLUSHED = 2;
/** By itself: who answers does not own the slot. */
const FOREIGN = 4;

const CRC_BYTES = 4;
const CAPACITY_BYTES = 256;
/** Whatever frames hold. */
const MESSAGE_BYTES_MAX = 2 ** 30;

export interface Place {
  readonly slot: number;
  readonly db: number;
  readonly key: Buffer;
}

export interface StatesRequest {
  readonly kind: "states";
  readonly atMs: number;
  readonly places: readonly Place[];
}

export interface RepairRequest {
  readonly kind: "repair";
  readonly bytes: Buffer;
}

// ---- Requests ----

export function writeStatesRequest(
  { atMs, places }: Omit<StatesRequest, "kind">,
  checksum: Checksum,
): Uint8Array {
  const writer = newWriter();
  writer.u8(STATES);
  writer.u64(atMs);
  for (const { slot, db, key } of places) {
    writer.u16(slot);
    writer.u8(db);
    writer.sized(rangeOf(key));
  }
  return sealed(writer, checksum);
}

export function writeRepairRequest(bytes: Uint8Array, checksum: Checksum): Uint8Array {
  const writer = newWriter();
  writer.u8(REPAIR);
  writer.range(rangeOf(bytes));
  return sealed(writer, checksum);
}

/** Undefined if it makes no sense, or was damaged on its way. What it holds are views. */
export function readRequest(
  message: Buffer,
  databases: number,
  checksum: Checksum,
): StatesRequest | RepairRequest | undefined {
  const body = unsealed(message, checksum);
  if (body === undefined) return undefined;
  const reader = new ByteReader(rangeOf(body));
  switch (reader.u8()) {
    case STATES:
      return readStatesRequest(reader, databases);
    case REPAIR:
      return { kind: "repair", bytes: body.subarray(reader.at) };
    default:
      return undefined;
  }
}

function readStatesRequest(reader: ByteReader, databases: number): StatesRequest | undefined {
  const atMs = reader.u64();
  const places: Place[] = [];
  do {
    const slot = reader.u16();
    const db = reader.u8();
    const view = reader.sized();
    const key = Buffer.from(view.buffer, view.byteOffset, view.length);
    if (reader.failed || slot >= SLOT_COUNT || db >= databases) return undefined;
    if (slotOf(key, 0, key.length) !== slot || places.length === PLACES_MAX) return undefined;
    places.push({ slot, db, key });
  } while (reader.remaining > 0);
  return { kind: "states", atMs, places };
}

// ---- Answers ----

/** Undefined for a key of a slot that is another's. */
export function writeStates(states: readonly (KeyState | undefined)[], checksum: Checksum): Uint8Array {
  const writer = newWriter();
  for (const state of states) {
    if (state === undefined) writer.u8(FOREIGN);
    else writeState(writer, state);
  }
  return sealed(writer, checksum);
}

function writeState(writer: ByteWriter, { isThere, low, high, floor }: KeyState): void {
  const isFlushed = floor.clock > 0;
  writer.u8((isThere ? THERE : 0) | (isFlushed ? FLUSHED : 0));
  if (isThere) {
    writer.u32(low);
    writer.u32(high);
  }
  if (!isFlushed) return;
  writer.ensure(VERSION_BYTES);
  writeVersion(writer.bytes, writer.length, floor);
  writer.length += VERSION_BYTES;
}

/** Undefined if these are not so many states. */
export function readStates(
  message: Buffer,
  count: number,
  checksum: Checksum,
): (KeyState | undefined)[] | undefined {
  const body = unsealed(message, checksum);
  if (body === undefined) return undefined;
  const reader = new ByteReader(rangeOf(body));
  const states: (KeyState | undefined)[] = [];
  while (states.length < count) {
    const flags = reader.u8();
    if (reader.failed || flags > FOREIGN) return undefined;
    states.push(flags === FOREIGN ? undefined : readState(reader, flags));
  }
  return reader.failed || reader.remaining > 0 ? undefined : states;
}

function readState(reader: ByteReader, flags: number): KeyState {
  const isThere = (flags & THERE) !== 0;
  const low = isThere ? reader.u32() | 0 : 0;
  const high = isThere ? reader.u32() | 0 : 0;
  const floor: Version =
    (flags & FLUSHED) === 0 ? VERSION_ZERO : { clock: reader.u64(), origin: reader.u16() };
  return { isThere, low, high, floor };
}

export function writeRepairAnswer(bytes: Uint8Array, checksum: Checksum): Uint8Array {
  const writer = newWriter();
  writer.range(rangeOf(bytes));
  return sealed(writer, checksum);
}

/** Undefined if it was damaged on its way. */
export function readRepairAnswer(message: Buffer, checksum: Checksum): Buffer | undefined {
  return unsealed(message, checksum);
}

// ---- Checksums ----

function newWriter(): ByteWriter {
  const writer = new ByteWriter({ capacityBytes: CAPACITY_BYTES, bytesMax: MESSAGE_BYTES_MAX });
  writer.u32(0);
  return writer;
}

function sealed(writer: ByteWriter, checksum: Checksum): Uint8Array {
  writer.patchU32(0, checksum(writer.bytes, CRC_BYTES, writer.length));
  return writer.written();
}

function unsealed(message: Buffer, checksum: Checksum): Buffer | undefined {
  if (message.length <= CRC_BYTES) return undefined;
  if (checksum(message, CRC_BYTES, message.length) !== message.readUInt32LE(0)) return undefined;
  return message.subarray(CRC_BYTES);
}
