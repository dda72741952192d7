/**
 * Ziplist: what Redis packed strings and integers in before it had listpacks.
 *
 *     ziplist   bytes:u32 last:u32 count:u16 entry{} 0xff     `last` is the offset of the last entry; a count of 65535 says nothing
 *     entry     before head content{}
 *     before    bytes of the entry before: u8 below 254, else 0xfe u32
 *     head      00LLLLLL byte{L}             up to 63 bytes
 *               01LLLLLL L byte{L}           up to 16383 bytes, big-endian
 *               10...... L{4} byte{L}        big-endian
 *               0xc0 i{2}, 0xd0 i{4}, 0xe0 i{8}, 0xf0 i{3}, 0xfe i     signed
 *               0xf1 to 0xfd                 0 to 12
 *
 * Little-endian where nothing else is said.
 */
import { ByteReader } from "../base/byte-reader.js";
import { readInt64 } from "../base/int64.js";
import type { Items } from "./items.js";

const HEAD_BYTES = 10;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const LONG_BEFORE = 0xfe;

/** Adds the elements of a ziplist to `items`. False if it is none. */
export function readZiplist(bytes: Uint8Array, items: Items): boolean {
  const reader = new ByteReader({ bytes, start: 0, end: bytes.length });
  const total = reader.u32();
  const last = reader.u32();
  const count = reader.u16();
  const first = items.count;
  if (total !== bytes.length) return false;
  let entry = HEAD_BYTES;
  let before = 0;
  while (reader.remaining > 1) {
    entry = reader.at;
    if (readBefore(reader) !== before) return false;
    if (!readContent(reader, items)) return false;
    before = reader.at - entry;
  }
  const isWhole = reader.u8() === END && !reader.failed && last === entry;
  return isWhole && (count === COUNT_UNKNOWN || count === items.count - first);
}

function readBefore(reader: ByteReader): number {
  const length = reader.u8();
  return length === LONG_BEFORE ? reader.u32() : length;
}

function readContent(reader: ByteReader, items: Items): boolean {
  const head = reader.u8();
  if (head < 0x40) {
    items.add(reader.view(head));
  } else if (head < 0x80) {
    items.add(reader.view(((head & 0x3f) << 8) | reader.u8()));
  } else if (head < 0xc0) {
    const length = ((reader.u8() << 24) | (reader.u8() << 16) | (reader.u8() << 8) | reader.u8()) >>> 0;
    items.add(reader.view(length));
  } else {
    readInteger(reader, head, items);
  }
  return !reader.failed;
}

function readInteger(reader: ByteReader, head: number, items: Items): void {
  switch (head) {
    case 0xc0:
      items.addInteger((reader.u16() << 16) >> 16);
      return;
    case 0xd0:
      items.addInteger(reader.u32() | 0);
      return;
    case 0xe0: {
      const bytes = reader.view(8);
      if (!reader.failed) items.addInteger(readInt64(bytes, 0));
      return;
    }
    case 0xf0:
      items.addInteger(((reader.u16() | (reader.u8() << 16)) << 8) >> 8);
      return;
    case 0xfe:
      items.addInteger((reader.u8() << 24) >> 24);
      return;
    default:
      if (head > 0xf0 && head < 0xfe) items.addInteger((head & 0x0f) - 1);
      else reader.fail();
  }
}
