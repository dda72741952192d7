/**
 * The layout of a record: one cell of the arena that holds everything about one key.
 *
 *     word 0    access clock (LRU seconds, or LFU counter and minutes)
 *     word 1    type : 8 | flags : 8 | origin of the life : 16
 *     word 2    key length in bytes
 *     word 3    body length in bytes; of an outside body, its handle
 *     double 2  clock of the life
 *     then      expiry register, 0 to 24 bytes: deadline; clock of its version; origin of its version
 *     then      key bytes, body bytes
 *
 * A register whose version equals the life costs 8 bytes, one set later by the same node 16. Bodies above
 * `OUTSIDE_BYTES` live in a buffer of their own (see outside-bodies.ts). Only the index points at records, so
 * that they can be moved. Entries of large collections have the same header (see field-table.ts).
 */
import { type Location, NOWHERE } from "./arena.js";

export { type Location, NOWHERE };

/** Word offsets within a cell. */
export const ACCESS = 0;
export const TYPE_FLAGS_ORIGIN = 1;
export const KEY_LENGTH = 2;
export const BODY_LENGTH = 3;
/** Offsets in doubles within a cell. */
export const LIFE_CLOCK = 2;
export const DEADLINE = 3;
export const REGISTER_CLOCK = 4;
/** Word offset of the origin of a foreign register. */
export const REGISTER_ORIGIN = 10;

export const HEADER_BYTES = 24;

/** Record types in the order of their rank in a merge: within one life the higher rank wins. */
export const TYPE_NONE = 0;
export const TYPE_TEXT = 1;
export const TYPE_COUNTER = 2;
export const TYPE_HASH = 3;
export const TYPE_SET = 4;
export const TYPE_LIST = 5;
export const TYPE_ZSET = 6;
export const TYPE_STREAM = 7;
/** Not a record: an entry of a large collection. */
export const TYPE_ENTRY = 0x70;
/** Not a record: a block of a large list. */
export const TYPE_BLOCK = 0x71;
/** Not a record: a block of a stream. */
export const TYPE_ITEMS = 0x72;

export type RecordType =
  | typeof TYPE_NONE
  | typeof TYPE_TEXT
  | typeof TYPE_COUNTER
  | typeof TYPE_HASH
  | typeof TYPE_SET
  | typeof TYPE_LIST
  | typeof TYPE_ZSET
  | typeof TYPE_STREAM
  | typeof TYPE_ENTRY
  | typeof TYPE_BLOCK
  | typeof TYPE_ITEMS;

/** Flags, in bits 8 to 15 of word 1. Bits 8 and 9 give the size of the expiry register in units of 8 bytes. */
export const REGISTER_SIZE_SHIFT = 8;
export const REGISTER_SIZE_MASK = 3 << REGISTER_SIZE_SHIFT;
/** The body is outside the arena; the body length word is its handle. */
export const OUTSIDE = 1 << 10;
/** The body is a structure of its own (a large collection); the body length word is its handle. */
export const STRUCTURE = 1 << 11;
/** A text that was edited, or a counter that was to be: OBJECT ENCODING calls it raw, short or not. */
export const RAW_TEXT = 1 << 12;
/** The same bit of a set, packed or not: it had a member that is no integer, or too many, so its order means nothing (entry-writer.ts). */
export const UNORDERED = 1 << 12;
/** An entry of a large collection that marks its field as removed: it has no value. */
export const REMOVED = 1 << 13;
/** A text that INCRBYFLOAT wrote, which OBJECT ENCODING never calls an integer. */
export const FLOAT_TEXT = 1 << 14;
/** Its deadline has passed, and it is out of clients' sight with its body: what others add to it, or a later deadline, may still come. */
export const EXPIRED = 1 << 15;
/** What OBJECT ENCODING tells of a text or counter beyond its bytes. */
export const TEXT_FORM = RAW_TEXT | FLOAT_TEXT;

export const ORIGIN_SHIFT = 16;

/** Larger bodies live outside the arena. */
export const OUTSIDE_BYTES = 16 * 1024;

export function typeOf(word1: number): RecordType {
  return (word1 & 0xff) as RecordType;
}

/**
 * Whether a record's body is a collection of fields: packed entries (delta/packed-entries.ts) or a table (field-table.ts), or of a list
 * one block of elements (list-block.ts) or several (list-blocks.ts), or of a stream all that is in stream-body.ts.
 */
export function hasFields(type: RecordType): boolean {
  return (
    type === TYPE_HASH ||
    type === TYPE_SET ||
    type === TYPE_LIST ||
    type === TYPE_ZSET ||
    type === TYPE_STREAM
  );
}

/** Whether the fields of a collection have an order, and no hashes: they are walked as a whole. */
export function isSequence(type: RecordType): boolean {
  return type === TYPE_LIST || type === TYPE_STREAM;
}

/** Bytes of the expiry register. */
export function registerBytes(word1: number): number {
  return (word1 & REGISTER_SIZE_MASK) >>> (REGISTER_SIZE_SHIFT - 3);
}
