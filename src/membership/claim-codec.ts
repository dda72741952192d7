/**
 * Records and claims as bytes. Integers are little-endian, ids are 16 bytes.
 *
 *     claim     := 1 record | 2 life count:u8 id{count} | 3 life id | 4 life id
 *     life      := id boot:u32 incarnation:u32
 *     record    := life origin:u16 lifecycle:u8 clientPort:u16 clusterPort:u16 httpPort:u16 weight:u16
 *                  stateVersion:u64 protocolMin:u8 protocolMax:u8 name:text zone:text host:text count:u8 digest{count}
 *     text      := length:u8 byte{length}
 *     digest    := tag:u8 length:u8 byte{length}
 *
 * Every value has one form only. A reader refuses what a writer would not write: sizes beyond the limits, texts that are not UTF-8 or
 * hold control characters (they go to logs and terminals), lifecycles that it does not know.
 */
import type { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import { ACCUSERS_MAX, type Claim } from "./claim.js";
import {
  DIGESTS_BYTES_MAX,
  type Digest,
  HOST_BYTES_MAX,
  lifecycles,
  type MemberRecord,
  type MemberVersion,
  NAME_BYTES_MAX,
  type NodeId,
} from "./member.js";

const ID_BYTES = 16;
const LIFE_BYTES = ID_BYTES + 8;
/** Origin, lifecycle, ports, weight, state version, protocol range. */
const FIXED_BYTES = 2 + 1 + 6 + 2 + 8 + 2;
const WEIGHT_UNIT = 100;

const ALIVE = 1;
const SUSPECT = 2;
const DEAD = 3;
const FORGOTTEN = 4;

export function claimBytes(claim: Claim): number {
  switch (claim.kind) {
    case "alive":
      return 1 + recordBytes(claim.record);
    case "suspect":
      return 1 + LIFE_BYTES + 1 + claim.accusers.length * ID_BYTES;
    default:
      return 1 + LIFE_BYTES + ID_BYTES;
  }
}

export function recordBytes({ name, zone, host, digests }: MemberRecord): number {
  const texts = 3 + Buffer.byteLength(name) + Buffer.byteLength(zone) + host.length;
  return LIFE_BYTES + FIXED_BYTES + texts + 1 + digestsBytes(digests);
}

export function digestsBytes(digests: readonly Digest[]): number {
  return digests.reduce((sum, { bytes }) => sum + 2 + bytes.length, 0);
}

export function writeClaim(to: ByteWriter, claim: Claim): void {
  switch (claim.kind) {
    case "alive":
      to.u8(ALIVE);
      writeRecord(to, claim.record);
      return;
    case "suspect":
      to.u8(SUSPECT);
      writeLife(to, claim);
      to.u8(claim.accusers.length);
      for (const accuser of claim.accusers) writeId(to, accuser);
      return;
    default:
      to.u8(claim.kind === "dead" ? DEAD : FORGOTTEN);
      writeLife(to, claim);
      writeId(to, claim.by);
  }
}

/** Undefined, and the reader failed, if there is no claim. */
export function readClaim(from: ByteReader): Claim | undefined {
  const kind = from.u8();
  if (kind === ALIVE) {
    const record = readRecord(from);
    return record && { kind: "alive", record };
  }
  if (kind < SUSPECT || kind > FORGOTTEN) from.fail();
  const life = readLife(from);
  if (kind === SUSPECT) {
    const count = from.u8();
    if (count === 0 || count > ACCUSERS_MAX) from.fail();
    const accusers: NodeId[] = [];
    for (let left = count; left > 0 && !from.failed; left--) accusers.push(readId(from));
    return from.failed ? undefined : { kind: "suspect", ...life, accusers };
  }
  const by = readId(from);
  return from.failed ? undefined : { kind: kind === DEAD ? "dead" : "forgotten", ...life, by };
}

export function writeRecord(to: ByteWriter, record: MemberRecord): void {
  writeLife(to, record);
  to.u16(record.origin);
  to.u8(lifecycles.indexOf(record.lifecycle));
  to.u16(record.clientPort);
  to.u16(record.clusterPort);
  to.u16(record.httpPort);
  to.u16(Math.round(record.weight * WEIGHT_UNIT));
  to.u64(record.stateVersion);
  to.u8(record.protocolMin);
  to.u8(record.protocolMax);
  for (const text of [record.name, record.zone, record.host]) writeText(to, text);
  to.u8(record.digests.length);
  for (const { tag, bytes } of record.digests) {
    to.u8(tag);
    to.u8(bytes.length);
    to.range(rangeOf(bytes));
  }
}

/** Undefined, and the reader failed, if there is no record. */
export function readRecord(from: ByteReader): MemberRecord | undefined {
  const life = readLife(from);
  const origin = from.u16();
  const lifecycle = lifecycles[from.u8()];
  const clientPort = from.u16();
  const clusterPort = from.u16();
  const httpPort = from.u16();
  const weight = from.u16() / WEIGHT_UNIT;
  const stateVersion = from.u64();
  const protocolMin = from.u8();
  const protocolMax = from.u8();
  const name = readText(from, NAME_BYTES_MAX);
  const zone = readText(from, NAME_BYTES_MAX);
  const host = readText(from, HOST_BYTES_MAX);
  const digests = readDigests(from);
  if (lifecycle === undefined || origin === 0 || clusterPort === 0 || weight === 0) from.fail();
  if (protocolMin > protocolMax || !HOST_FORM.test(host)) from.fail();
  if (from.failed || lifecycle === undefined) return undefined;
  return {
    ...life,
    origin,
    lifecycle,
    name,
    zone,
    host,
    clientPort,
    clusterPort,
    httpPort,
    weight,
    stateVersion,
    protocolMin,
    protocolMax,
    digests,
  };
}

export function writeId(to: ByteWriter, id: NodeId): void {
  to.ensure(ID_BYTES);
  to.bytes.write(id, to.length, ID_BYTES, "hex");
  to.length += ID_BYTES;
}

export function readId(from: ByteReader): NodeId {
  return textOf(from.view(ID_BYTES), "hex");
}

export function writeVersion(to: ByteWriter, { boot, incarnation }: MemberVersion): void {
  to.u32(boot);
  to.u32(incarnation);
}

export function readVersion(from: ByteReader): MemberVersion {
  return { boot: from.u32(), incarnation: from.u32() };
}

const HOST_FORM = /^[!-~]+$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

function writeLife(to: ByteWriter, life: MemberVersion & { readonly id: NodeId }): void {
  writeId(to, life.id);
  writeVersion(to, life);
}

function readLife(from: ByteReader): MemberVersion & { readonly id: NodeId } {
  return { id: readId(from), ...readVersion(from) };
}

function writeText(to: ByteWriter, text: string): void {
  const length = Buffer.byteLength(text);
  to.u8(length);
  to.ensure(length);
  to.bytes.write(text, to.length, length, "utf8");
  to.length += length;
}

function readText(from: ByteReader, bytesMax: number): string {
  const length = from.u8();
  if (length > bytesMax) from.fail();
  const bytes = from.view(length);
  const text = textOf(bytes, "utf8");
  // What is not UTF-8 was replaced, and does not come back as the same bytes.
  if (CONTROL_CHARACTER.test(text) || Buffer.compare(Buffer.from(text), bytes) !== 0) from.fail();
  return text;
}

function readDigests(from: ByteReader): readonly Digest[] {
  const count = from.u8();
  if (count === 0) return NO_DIGESTS;
  const digests: Digest[] = [];
  for (let left = count; left > 0 && !from.failed; left--) {
    const tag = from.u8();
    const bytes = new Uint8Array(from.view(from.u8()));
    digests.push({ tag, bytes });
  }
  if (digestsBytes(digests) > DIGESTS_BYTES_MAX) from.fail();
  return digests;
}

const NO_DIGESTS: readonly Digest[] = [];

function textOf(bytes: Uint8Array, encoding: "hex" | "utf8"): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
}
