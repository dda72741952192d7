/**
 * What owners of slots say to each other to repair what differs, by the service `repair` of a link. One asks, the other answers and
 * remembers nothing, but for parcels under way, and who repairs with it; so anything may be asked again. Integers are little-endian, varints
 * those of base/varint.ts. docs/formats/repair.md tells the same with an example.
 *
 *     request := crc:u32 format:u8 kind:u8 seed:u32 rest
 *     begin   := session:u32 flags:u8 slots:sized                        a repair of these begins (slot-set.ts)
 *     end     := session:u32                                             it is done
 *     compare := atMs:u64 flags:u8 (want digest)*                        ranges: are they the same?
 *     list    := atMs:u64 (want count:varint digest{count})*             ranges, one by one: what is not on both sides?
 *     pull    := want*                                                   tell these
 *     push    := batch+                                                  merge these
 *     fetch   := parcel:u32 offset:u64                                   go on with that parcel
 *     deliver := parcel:u32 total:u64 offset:u64 byte*                   a part of a parcel, 0 for a new one: when it is whole, merge it
 *
 *     want    := 0 slot:u16 hashes                                       keys of a slot, in all databases
 *              | 1 slot:u16 db:u8 hashes                                 in one
 *              | 2 place hashes                                          fields of a collection
 *              | 3 place                                                 a record
 *              | 4 place field:sized                                     an entry of a collection
 *              | 5 place                                                 life and expiry register of a record
 *     place   := slot:u16 db:u8 key:sized
 *     hashes  := from:u32 last:u32
 *     digest  := low:u32 high:u32
 *
 *     answer  := crc:u32 verdict:u8 rest                                 rest only if accepted
 *     compare := atMs:u64 (0 | 1 count:varint [floors] | 2 count:varint [floors] listed{count})*
 *                                                                        as many as ranges: the same, or not; floors of a whole slot
 *     list    := (count:varint index:varint{count} count:varint item{count})*        missing here; missing there
 *     pull    := taken:varint ahead:varint want{ahead} records:varint (0 [batch] | 1 parcel:u32 total:u64 byte*)
 *     fetch   := byte*
 *     deliver := parcel:u32
 *
 *     floors  := isWhole:u8 count:u8 (db:u8 flush:version birth:version){count}
 *     item    := form:u8 db:u8 hash:u32 version                          form: rank of the body, + 32: a table
 *     listed  := item digest                                             listed-items.ts
 *
 * `crc` is of all behind it. Flags of `begin`: 1, the side that asks is whole; 2, it goes on where it was stopped. Of `compare`: 1, what
 * differs is to be listed at once, where it is little.
 * `seed` tells whether both sides hash alike; `atMs`, a time of the hybrid clock, what counts as expired. An index counts the digests of a
 * range. After `ahead`, what is left of a pull is the wants behind the first `taken`.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import { SLOT_COUNT, slotOf } from "../../base/key-hash.js";
import { RANK_MAX } from "../../delta/record-state.js";
import { VERSION_BYTES, type Version, writeVersion } from "../../delta/version.js";
import { HASH_END, type HashRange } from "../../keyspace/range-walk.js";
import type { Lanes } from "../../keyspace/record-digest.js";
import { CHECK_BYTES } from "../checked-message.js";
import type { Want } from "./shipment.js";

export const REPAIR_SERVICE = "repair";

/** A message is about so long. What one step adds may be as much again. */
export const MESSAGE_BYTES = 128 * 1024;
const CAPACITY_BYTES = MESSAGE_BYTES + 32 * 1024;
/** One record of a long key, or with long fields, may be as long as a request. */
const MESSAGE_BYTES_MAX = 2 ** 30;

/** A parcel is a batch, and none is longer. */
export const PARCEL_BYTES_MAX = 2 ** 32;

const FORMAT = 1;

export const COMPARE = 1;
export const LIST = 2;
export const PULL = 3;
export const PUSH = 4;
export const FETCH = 5;
export const DELIVER = 6;
export const BEGIN = 7;
export const END = 8;

export type RequestKind =
  | typeof COMPARE
  | typeof LIST
  | typeof PULL
  | typeof PUSH
  | typeof FETCH
  | typeof DELIVER
  | typeof BEGIN
  | typeof END;

/**
 * `unshared`: not both nodes own all of the slots, as the other side sees it. `lost`: it does not know the parcel, or the session.
 * `later`: the same may be tried again.
 */
export type Verdict = "accepted" | "unshared" | "lost" | "later";
/** As bytes: a verdict's number is its place here. */
const VERDICTS: readonly Verdict[] = ["accepted", "unshared", "lost", "later"];

// ---- Requests ----

/** `seed`: see `seedCheck`. A writer serves one message, since a link may keep its bytes. What is written is to be sealed. */
export function beginRequest(kind: RequestKind, seed: number): ByteWriter {
  const isLong = kind === PUSH || kind === DELIVER;
  const writer = newWriter(isLong);
  writer.length = CHECK_BYTES;
  writer.u8(FORMAT);
  writer.u8(kind);
  writer.u32(seed);
  return writer;
}

function newWriter(isLong: boolean): ByteWriter {
  return new ByteWriter({ capacityBytes: isLong ? CAPACITY_BYTES : 1024, bytesMax: MESSAGE_BYTES_MAX });
}

export interface RequestHead {
  readonly kind: RequestKind;
  readonly seed: number;
  /** Behind the head. */
  readonly reader: ByteReader;
}

/** The head of a sound message. Undefined if it is no request. */
export function readRequestHead(bytes: Buffer): RequestHead | undefined {
  const reader = new ByteReader({ bytes, start: CHECK_BYTES, end: bytes.length });
  const format = reader.u8();
  const kind = reader.u8();
  const seed = reader.u32();
  if (reader.failed || format !== FORMAT || kind < COMPARE || kind > END) return undefined;
  return { kind: kind as RequestKind, seed, reader };
}

/** Reads one thing after the other, to the end of the message; undefined if they are not all well-formed. */
export function readAll<Thing>(
  reader: ByteReader,
  readOne: (reader: ByteReader) => Thing | undefined,
): Thing[] | undefined {
  const things: Thing[] = [];
  while (reader.remaining > 0) {
    const thing = readOne(reader);
    if (thing === undefined || reader.failed) return undefined;
    things.push(thing);
  }
  return reader.failed ? undefined : things;
}

/** As `readAll`, of so many. */
export function readCounted<Thing>(
  reader: ByteReader,
  count: number,
  readOne: (reader: ByteReader) => Thing | undefined,
): Thing[] | undefined {
  const things: Thing[] = [];
  while (things.length < count) {
    const thing = reader.failed ? undefined : readOne(reader);
    if (thing === undefined || reader.failed) return undefined;
    things.push(thing);
  }
  return reader.failed ? undefined : things;
}

// ---- Wants ----

const KEYS_OF_ALL = 0;
const KEYS_OF_ONE = 1;
const FIELDS = 2;
const RECORD = 3;
const ENTRY = 4;
const REGISTER = 5;

export function writeWant(writer: ByteWriter, want: Want): void {
  switch (want.kind) {
    case "keys":
      writer.u8(want.db === null ? KEYS_OF_ALL : KEYS_OF_ONE);
      writer.u16(want.slot);
      if (want.db !== null) writer.u8(want.db);
      break;
    case "fields":
      writePlace(writer, FIELDS, want);
      break;
    case "value":
      writePlace(writer, want.field === null ? RECORD : ENTRY, want);
      if (want.field !== null) writer.sized(rangeOf(want.field));
      return;
    case "register":
      writePlace(writer, REGISTER, want);
      return;
  }
  writer.u32(want.from);
  writer.u32(want.end - 1);
}

function writePlace(
  writer: ByteWriter,
  tag: number,
  { slot, db, key }: { slot: number; db: number; key: Buffer },
): void {
  writer.u8(tag);
  writer.u16(slot);
  writer.u8(db);
  writer.sized(rangeOf(key));
}

/** Undefined for what is no want, or of a database or a slot that the key cannot be in. */
export function readWant(reader: ByteReader, databases: number): Want | undefined {
  const tag = reader.u8();
  const slot = reader.u16();
  const db = tag === KEYS_OF_ALL ? 0 : reader.u8();
  if (reader.failed || slot >= SLOT_COUNT || db >= databases || tag > REGISTER) return undefined;
  if (tag <= KEYS_OF_ONE) {
    const hashes = readHashes(reader);
    return hashes && { kind: "keys", slot, db: tag === KEYS_OF_ALL ? null : db, ...hashes };
  }
  const key = Buffer.from(reader.sized());
  if (reader.failed || slotOf(key, 0, key.length) !== slot) return undefined;
  switch (tag) {
    case FIELDS: {
      const hashes = readHashes(reader);
      return hashes && { kind: "fields", slot, db, key, ...hashes };
    }
    case RECORD:
      return { kind: "value", slot, db, key, field: null };
    case ENTRY:
      return { kind: "value", slot, db, key, field: Buffer.from(reader.sized()) };
    default:
      return { kind: "register", slot, db, key };
  }
}

function readHashes(reader: ByteReader): { from: number; end: number } | undefined {
  const from = reader.u32();
  const last = reader.u32();
  return reader.failed || last < from || last >= HASH_END ? undefined : { from, end: last + 1 };
}

export function readRange(reader: ByteReader, databases: number): HashRange | undefined {
  const want = readWant(reader, databases);
  return want?.kind === "keys" || want?.kind === "fields" ? want : undefined;
}

// ---- Digests, floors, items ----

export function writeDigest(writer: ByteWriter, { low, high }: Lanes): void {
  writer.u32(low);
  writer.u32(high);
}

export function readDigest(reader: ByteReader): Lanes {
  return { low: reader.u32() | 0, high: reader.u32() | 0 };
}

/** Of one database in a slot. */
export interface DatabaseFloors {
  readonly db: number;
  readonly flush: Version;
  readonly birth: Version;
}

export interface FloorsOfSlot {
  /** Whether the node has all that its floors cover, so that what it lacks is gone. */
  readonly isWhole: boolean;
  /** Of databases that have any. */
  readonly floors: readonly DatabaseFloors[];
}

export function writeFloors(writer: ByteWriter, { isWhole, floors }: FloorsOfSlot): void {
  writer.u8(isWhole ? 1 : 0);
  writer.u8(floors.length);
  for (const { db, flush, birth } of floors) {
    writer.u8(db);
    writeVersionTo(writer, flush);
    writeVersionTo(writer, birth);
  }
}

export function readFloors(reader: ByteReader, databases: number): FloorsOfSlot | undefined {
  const isWhole = reader.u8();
  const count = reader.u8();
  const floors = readCounted(reader, count, (from): DatabaseFloors | undefined => {
    const db = from.u8();
    const floors = { db, flush: readVersion(from), birth: readVersion(from) };
    return db < databases ? floors : undefined;
  });
  return floors && isWhole <= 1 ? { isWhole: isWhole === 1, floors } : undefined;
}

/** A record, or an entry of a collection, as lists tell of it. */
export interface ListedItem {
  readonly db: number;
  /** Of the key, or the field: signed. */
  readonly hash: number;
  /** The life of the record, or the version of the entry. */
  readonly version: Version;
  /** Rank of the record's body, be it seen by clients or not; that of no body for an entry. */
  readonly type: number;
  readonly isTable: boolean;
}

/** Added to the type of a record that is a table. */
const TABLE = 32;
export const FORM_MAX = TABLE + RANK_MAX;

export function writeItem(writer: ByteWriter, { db, hash, version, type, isTable }: ListedItem): void {
  writer.u8(type + (isTable ? TABLE : 0));
  writer.u8(db);
  writer.u32(hash);
  writeVersionTo(writer, version);
}

export function readItem(reader: ByteReader, databases: number): ListedItem | undefined {
  const form = reader.u8();
  const db = reader.u8();
  const hash = reader.u32() | 0;
  const version = readVersion(reader);
  if (reader.failed || form > FORM_MAX || db >= databases) return undefined;
  return { db, hash, version, type: form % TABLE, isTable: form >= TABLE };
}

function writeVersionTo(writer: ByteWriter, version: Version): void {
  writer.ensure(VERSION_BYTES);
  writeVersion(writer.bytes, writer.length, version);
  writer.length += VERSION_BYTES;
}

function readVersion(reader: ByteReader): Version {
  return { clock: reader.u64(), origin: reader.u16() };
}

// ---- Answers ----

export function beginAnswer(verdict: Verdict, isLong = false): ByteWriter {
  const writer = newWriter(isLong);
  writer.length = CHECK_BYTES;
  writer.u8(VERDICTS.indexOf(verdict));
  return writer;
}

/** The reader stands behind the verdict. Undefined if there is none. */
export function readVerdict(bytes: Buffer): { verdict: Verdict; reader: ByteReader } | undefined {
  const reader = new ByteReader({ bytes, start: CHECK_BYTES, end: bytes.length });
  const verdict = VERDICTS[reader.u8()];
  return verdict && !reader.failed ? { verdict, reader } : undefined;
}
