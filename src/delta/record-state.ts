/**
 * What a record is, as a value: the form that merging is defined on, that tests compare and that cold paths use. The
 * keyspace holds the same thing in bytes and changes it in place.
 *
 * A delta of one key is itself such a state, a partial one: it says of the record what one command did. An INCR
 * is a counter with one contribution, an HSET a hash with the fields it set, an EXPIRE a register and no body.
 */
import type { Int64 } from "../base/int64.js";
import { equalVersions, maxVersion, type Version } from "./version.js";

export interface RecordState {
  /** The write that began this life, or a life derived from what was there before (remains.ts). */
  readonly life: Version;
  readonly expiry: ExpiryRegister;
  readonly body: Body;
}

/** Until when the life lasts, as the latest write of the register says. */
export interface ExpiryRegister {
  /** Milliseconds since the epoch, a safe integer; 0 for never. */
  readonly deadlineMs: number;
  /** The life itself if the register was never written, or written with the life. */
  readonly version: Version;
}

export type Body = NoBody | TextBody | CounterBody | FieldsBody;

/** A tombstone (deleted), a husk (expired), or a partial state that says nothing of the body. */
export interface NoBody {
  readonly kind: "none";
}

export interface TextBody {
  readonly kind: "text";
  readonly bytes: Uint8Array;
}

export interface CounterBody {
  readonly kind: "counter";
  /** The value that the life began with. */
  readonly base: Int64;
  /** In ascending order of origin, then boot; one for each. */
  readonly contributions: readonly Contribution[];
}

/** What one run of one node added to a counter: it alone writes this, so its latest version is the whole truth of it. */
export interface Contribution {
  readonly origin: number;
  /** 32 bits. A node that lost its last writes in a crash comes back with a higher one and starts from zero. */
  readonly boot: number;
  readonly sum: Int64;
  /** When the sum was last written; with the origin it is the version. */
  readonly clock: number;
}

/**
 * A collection of fields, each with a value and a version of its own. The fields of a set are its members, and their values
 * are empty; those of a list are the positions of its elements (list-position.ts), whose order is that of their bytes; those of a sorted set
 * have their scores (score.ts) as values; those of a stream are its entries and what else it consists of (stream-items.ts).
 */
export interface FieldsBody {
  readonly kind: FieldsKind;
  /** By field: a byte string (one character a byte, latin1). */
  readonly fields: ReadonlyMap<string, Field>;
}

export interface Field {
  /** null marks a removed field. */
  readonly value: Uint8Array | null;
  readonly version: Version;
}

export type FieldsKind = "hash" | "list" | "set" | "stream" | "zset";
export type BodyKind = Body["kind"];

/**
 * Of two bodies in one life the higher rank wins. The numbers are part of the format (delta-codec.ts) and of records in
 * the arena: never change one; a new kind takes the next, up to `RANK_MAX`.
 */
export const RANKS = {
  none: 0,
  text: 1,
  counter: 2,
  hash: 3,
  set: 4,
  list: 5,
  zset: 6,
  stream: 7,
} as const satisfies Record<BodyKind, number>;
export const RANK_MAX = 31;

export const NO_BODY: NoBody = { kind: "none" };

/** The register of a life that nobody gave a deadline. */
export function noExpiry(life: Version): ExpiryRegister {
  return { deadlineMs: 0, version: life };
}

/** What DEL leaves: a life of its own without a body. */
export function tombstone(version: Version): RecordState {
  return { life: version, expiry: noExpiry(version), body: NO_BODY };
}

/** What is left of a record when its deadline has passed. */
export function huskOf({ life, expiry }: RecordState): RecordState {
  return { life, expiry, body: NO_BODY };
}

/** `nowMs` is the hybrid clock's, here and below. A record is gone from its deadline on. */
export function isExpired({ expiry }: RecordState, nowMs: number): boolean {
  return expiry.deadlineMs !== 0 && expiry.deadlineMs <= nowMs;
}

/** Whether a client can see the record. */
export function isVisible(state: RecordState, nowMs: number): boolean {
  return state.body.kind !== "none" && !isEmptied(state.body) && !isExpired(state, nowMs);
}

export function hasFields(body: Body): body is FieldsBody {
  return (
    body.kind === "hash" ||
    body.kind === "set" ||
    body.kind === "list" ||
    body.kind === "zset" ||
    body.kind === "stream"
  );
}

/** Whether bodies of a rank are packed entries (packed-entries.ts). */
export function isRankOfFields(rank: number): boolean {
  return (
    rank === RANKS.hash ||
    rank === RANKS.set ||
    rank === RANKS.list ||
    rank === RANKS.zset ||
    rank === RANKS.stream
  );
}

/** A collection of which nothing but marks is left. It is not visible, but its life goes on for those that add to it. */
export function isEmptied(body: Body): boolean {
  if (!hasFields(body)) return false;
  for (const { value } of body.fields.values()) if (value !== null) return false;
  return true;
}

/**
 * Whether the register speaks of a record whose body should be here and is not: an EXPIRE whose record is missing, or
 * a PERSIST that reached a node which had taken the record for expired. The body has to be fetched.
 */
export function lacksBody(state: RecordState, nowMs: number): boolean {
  const { life, expiry, body } = state;
  if (body.kind !== "none" || isExpired(state, nowMs)) return false;
  return expiry.deadlineMs !== 0 || !equalVersions(expiry.version, life);
}

/** The highest version of anything that the state says. */
export function newestVersion({ life, expiry, body }: RecordState): Version {
  let newest = maxVersion(life, expiry.version);
  if (body.kind === "counter") {
    for (const contribution of body.contributions) newest = maxVersion(newest, contribution);
  } else if (hasFields(body)) {
    for (const { version } of body.fields.values()) newest = maxVersion(newest, version);
  }
  return newest;
}
