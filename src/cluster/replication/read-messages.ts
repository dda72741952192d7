/**
 * What an owner asks the others before it answers a read at quorum, by the service `reads` of a link (docs/formats/reads.md): what they
 * have of some keys.
 *
 *     request := crc:u32 format:u8 atMs:u64 place+
 *     place   := slot:u16 db:u8 key:sized
 *
 *     answer  := crc:u32 state*                       as many as places
 *     state   := flags:u8 [low:u32 high:u32] [floor:version]
 *
 * `crc` is the CRC-32 of all behind it. `atMs` is a time of the hybrid clock, that of who asks: what is to have expired by then has.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import { SLOT_COUNT, slotOf } from "../../base/key-hash.js";
import { VERSION_BYTES, VERSION_ZERO, type Version, writeVersion } from "../../delta/version.js";
import type { KeyState } from "./key-state.js";

export const READS_SERVICE = "reads";
/** By messages of repair (repair/repair-messages.ts) records travel that are not the same; a request is answered when what it told lasts. */
export const READ_REPAIR_SERVICE = "read-repair";

/** A request has so many keys at most; and bytes of keys, unless one alone has more. */
export const PLACES_MAX = 1024;
export const PLACES_BYTES_MAX = 64 * 1024;

const FORMAT = 1;

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
  readonly atMs: number;
  readonly places: readonly Place[];
}

// ---- Requests ----

export function writeStatesRequest({ atMs, places }: StatesRequest, checksum: Checksum): Uint8Array {
  const writer = newWriter();
  writer.u8(FORMAT);
  writer.u64(atMs);
  for (const { slot, db, key } of places) {
    writer.u16(slot);
    writer.u8(db);
    writer.sized(rangeOf(key));
  }
  return sealed(writer, checksum);
}

/** Undefined if it makes no sense, or was damaged on its way. The keys are views. */
export function readStatesRequest(
  message: Buffer,
  databases: number,
  checksum: Checksum,
): StatesRequest | undefined {
  const reader = unsealed(message, checksum);
  if (reader?.u8() !== FORMAT) return undefined;
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
  return { atMs, places };
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
  const reader = unsealed(message, checksum);
  if (reader === undefined) return undefined;
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

function unsealed(message: Buffer, checksum: Checksum): ByteReader | undefined {
  if (message.length <= CRC_BYTES) return undefined;
  if (checksum(message, CRC_BYTES, message.length) !== message.readUInt32LE(0)) return undefined;
  return new ByteReader({ bytes: message, start: CRC_BYTES, end: message.length });
}
