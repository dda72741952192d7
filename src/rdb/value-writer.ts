/**
 * Writes values in the one form of each type that every Redis since 4.0 reads: element by element, not packed. Redis packs what it
 * reads by its own limits anyway, and a short element takes less here than in a listpack.
 */
import type { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { writeLength, writeString } from "./strings.js";
import { HASH, LIST, SET, SORTED_SET_2, TEXT } from "./value-types.js";

export function writeText(writer: ByteWriter, { bytes, start, end }: ByteRange): void {
  writer.u8(TEXT);
  writeString(writer, bytes, start, end);
}

/** So many elements follow by `writeElement`: a hash's fields each with its value behind it. */
export function beginCollection(writer: ByteWriter, kind: "hash" | "list" | "set", count: number): void {
  writer.u8(TYPES[kind]);
  writeLength(writer, count);
}

export function writeElement(writer: ByteWriter, { bytes, start, end }: ByteRange): void {
  writeString(writer, bytes, start, end);
}

/** So many members follow by `writeScored`. */
export function beginSortedSet(writer: ByteWriter, count: number): void {
  writer.u8(SORTED_SET_2);
  writeLength(writer, count);
}

export function writeScored(writer: ByteWriter, member: ByteRange, score: number): void {
  writeElement(writer, member);
  writer.ensure(8);
  writer.bytes.writeDoubleLE(score, writer.length);
  writer.length += 8;
}

const TYPES = { hash: HASH, list: LIST, set: SET } as const;
