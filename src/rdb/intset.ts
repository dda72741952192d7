/**
 * Intset: a set of nothing but integers, in their order.
 *
 *     intset  width:u32 count:u32 integer{count}      of 2, 4 or 8 bytes, signed, little-endian, rising
 */
import { ByteReader } from "../base/byte-reader.js";
import { type Int64, readInt64 } from "../base/int64.js";
import type { Items } from "./items.js";

const HEAD_BYTES = 8;

/** Adds the members of an intset to `items`. False if it is none. */
export function readIntset(bytes: Uint8Array, items: Items): boolean {
  const reader = new ByteReader({ bytes, start: 0, end: bytes.length });
  const width = reader.u32();
  const count = reader.u32();
  if (width !== 2 && width !== 4 && width !== 8) return false;
  if (bytes.length !== HEAD_BYTES + count * width) return false;
  let before: Int64 | undefined;
  for (let i = 0; i < count; i++) {
    const value = readInteger(reader, width);
    if (before !== undefined && value <= before) return false;
    before = value;
    items.addInteger(value);
  }
  return true;
}

function readInteger(reader: ByteReader, width: 2 | 4 | 8): Int64 {
  if (width === 2) return (reader.u16() << 16) >> 16;
  if (width === 4) return reader.u32() | 0;
  return readInt64(reader.view(8), 0);
}
