/**
 * Zipmap: how Redis before 2.6 packed small hashes.
 *
 *     zipmap  count:u8 (length field length free:u8 value byte{free}){} 0xff     a count of 254 or more says nothing
 *     length  u8 below 254, else 0xfe u32, little-endian
 */
import { ByteReader } from "../base/byte-reader.js";
import type { Items } from "./items.js";

const COUNT_UNKNOWN = 0xfe;
const LONG = 0xfe;
const END = 0xff;

/** Adds the fields of a zipmap to `items`, each with its value behind it. False if it is none. */
export function readZipmap(bytes: Uint8Array, items: Items): boolean {
  const reader = new ByteReader({ bytes, start: 0, end: bytes.length });
  const count = reader.u8();
  const first = items.count;
  while (reader.remaining > 1) {
    items.add(reader.view(readLength(reader)));
    const length = readLength(reader);
    const free = reader.u8();
    items.add(reader.view(length));
    reader.skip(free);
    if (reader.failed) return false;
  }
  const isWhole = reader.u8() === END && !reader.failed;
  return isWhole && (count >= COUNT_UNKNOWN || 2 * count === items.count - first);
}

function readLength(reader: ByteReader): number {
  const length = reader.u8();
  if (length < LONG) return length;
  if (length === LONG) return reader.u32();
  reader.fail();
  return 0;
}
