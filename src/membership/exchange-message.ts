/**
 * What two members say to compare their tables, as values and as bytes (each in an envelope of its own: envelope.ts).
 *
 *     message  := 1 record digest state:u64                 hello: who I am, a hash of my table, the version of my state
 *               | 2 record equal:u8 state:u64 shared count:u32 claim{count}      table: what the other one lacks
 *               | 3                                          taken
 *               | 4 reason:u8                                refused
 *     digest   := low:u32 high:u32
 *     shared   := 0 | 1 length:u32 byte{length}              the state, if the other one's version is lower
 *
 * A hello is answered by a table, empty if the hashes are equal; a table sent back, by `taken`. Claims of a table are of kind alive (the
 * record), dead and forgotten; suspicions are left to gossip.
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import { readClaim, readRecord, writeClaim, writeRecord } from "./claim-codec.js";
import type { MemberRecord } from "./member.js";
import type { TableClaim } from "./swim-events.js";
import type { TableDigest } from "./table-hash.js";

export type ExchangeMessage = Hello | Table | { readonly kind: "taken" } | Refused;

export interface Hello {
  readonly kind: "hello";
  readonly record: MemberRecord;
  readonly digest: TableDigest;
  readonly stateVersion: number;
}

export interface Table {
  readonly kind: "table";
  /** The sender's. */
  readonly record: MemberRecord;
  /** The tables are the same. */
  readonly isEqual: boolean;
  readonly stateVersion: number;
  readonly state: Uint8Array | undefined;
  readonly claims: readonly TableClaim[];
}

export interface Refused {
  readonly kind: "refused";
  readonly reason: RefusalReason;
}

export type RefusalReason =
  /** The asker belongs to another cluster. */
  | "other-cluster"
  /** Who was asked belongs to none yet. */
  | "no-cluster"
  /** It has another secret, or one where the other has none. */
  | "secret"
  /** What was asked makes no sense to this release. */
  | "unreadable"
  /** The asker has asked itself. */
  | "self";

/** For people. */
export const refusalTexts: Readonly<Record<RefusalReason, string>> = {
  "other-cluster": "it is of another cluster, which only a node without keys can join",
  "no-cluster": "it belongs to no cluster yet",
  secret: "it has another cluster-secret, or one where this node has none",
  unreadable: "it cannot read what this release says",
  self: "it is this node itself",
};

/** As bytes: a reason's number is its place here. */
const reasons: readonly RefusalReason[] = ["other-cluster", "no-cluster", "secret", "unreadable", "self"];

/** Some 4,000 members with records of the usual size, and the state that they share. */
export const EXCHANGE_BYTES_MAX = 4 * 1024 * 1024;
/** Of the state that members share: what is left for the table is enough for any that fits into memory. */
export const STATE_BYTES_MAX = 1024 * 1024;

const HELLO = 1;
const TABLE = 2;
const TAKEN = 3;
const REFUSED = 4;

const NO_STATE = 0;
const STATE = 1;

export function writeExchange(to: ByteWriter, message: ExchangeMessage): void {
  switch (message.kind) {
    case "hello":
      to.u8(HELLO);
      writeRecord(to, message.record);
      to.u32(message.digest.low);
      to.u32(message.digest.high);
      to.u64(message.stateVersion);
      return;
    case "table":
      to.u8(TABLE);
      writeTable(to, message);
      return;
    case "taken":
      to.u8(TAKEN);
      return;
    case "refused":
      to.u8(REFUSED);
      to.u8(reasons.indexOf(message.reason));
      return;
  }
}

/** Undefined if the bytes are no message, to the last of them. Nothing in the message points into the bytes. */
export function readExchange(bytes: Uint8Array): ExchangeMessage | undefined {
  const from = new ByteReader(rangeOf(bytes));
  const message = readKind(from);
  return from.failed || from.remaining > 0 ? undefined : message;
}

function readKind(from: ByteReader): ExchangeMessage | undefined {
  switch (from.u8()) {
    case HELLO:
      return readHello(from);
    case TABLE:
      return readTable(from);
    case TAKEN:
      return { kind: "taken" };
    case REFUSED: {
      const reason = reasons[from.u8()];
      return reason && { kind: "refused", reason };
    }
    default:
      return undefined;
  }
}

function readHello(from: ByteReader): Hello | undefined {
  const record = readRecord(from);
  const digest = { low: from.u32(), high: from.u32() };
  const stateVersion = from.u64();
  return record && { kind: "hello", record, digest, stateVersion };
}

function writeTable(to: ByteWriter, { record, isEqual, stateVersion, state, claims }: Table): void {
  writeRecord(to, record);
  to.u8(isEqual ? 1 : 0);
  to.u64(stateVersion);
  to.u8(state === undefined ? NO_STATE : STATE);
  if (state !== undefined) {
    to.u32(state.length);
    to.range(rangeOf(state));
  }
  to.u32(claims.length);
  for (const claim of claims) writeClaim(to, claim);
}

function readTable(from: ByteReader): Table | undefined {
  const record = readRecord(from);
  const equal = from.u8();
  const stateVersion = from.u64();
  const hasState = from.u8();
  if (equal > 1 || hasState > STATE) from.fail();
  const state = hasState === STATE ? readState(from) : undefined;
  const count = from.u32();
  const claims: TableClaim[] = [];
  // The count is not believed: as many are read as there are.
  for (let left = count; left > 0 && !from.failed; left--) {
    const claim = readClaim(from);
    if (claim === undefined || claim.kind === "suspect") from.fail();
    else claims.push(claim);
  }
  return record && { kind: "table", record, isEqual: equal === 1, stateVersion, state, claims };
}

function readState(from: ByteReader): Uint8Array {
  const length = from.u32();
  if (length > STATE_BYTES_MAX) from.fail();
  return Uint8Array.from(from.view(from.failed ? 0 : length));
}
