/**
 * Listpack: strings and integers packed one behind the other (Sanfilippo, https://github.com/antirez/listpack/blob/master/listpack.md).
 *
 *     listpack  bytes:u32 count:u16 entry{} 0xff       little-endian; a count of 65535 says nothing
 *     entry     head content{} back
 *     head      0iiiiiii                      7 bits
 *               10LLLLLL byte{L}              up to 63 bytes
 *               110iiiii i                    13 bits, signed, big-endian
 *               1110LLLL L byte{L}            up to 4095 bytes, big-endian
 *               11110000 L{4} byte{L}         little-endian
 *               11110001 i{2}, 11110010 i{3}, 11110011 i{4}, 11110100 i{8}     signed, little-endian
 *     back      bytes of head and content, by 7 bits, the lowest last, all but the first with the high bit set
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { type Int64, parseInt64, readInt64, toInt64, writeInt64 } from "../base/int64.js";
import type { Items } from "./items.js";

const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const STRING_32 = 0xf0;
const INT_16 = 0xf1;
const INT_24 = 0xf2;
const INT_32 = 0xf3;
const INT_64 = 0xf4;

/** Adds the elements of a listpack to `items`. False if it is none. */
export function readListpack(bytes: Uint8Array, items: Items): boolean {
  const reader = new ByteReader({ bytes, start: 0, end: bytes.length });
  const total = reader.u32();
  const count = reader.u16();
  const before = items.count;
  if (total !== bytes.length) return false;
  while (reader.remaining > 1) if (!readEntry(reader, items)) return false;
  const isWhole = reader.u8() === END && !reader.failed;
  return isWhole && (count === COUNT_UNKNOWN || count === items.count - before);
}

function readEntry(reader: ByteReader, items: Items): boolean {
  const start = reader.at;
  const head = reader.u8();
  if (head < 0x80) items.addInteger(head);
  else if (head < 0xc0) items.add(reader.view(head & 0x3f));
  else if (head < 0xe0) items.addInteger((((((head & 0x1f) << 8) | reader.u8()) << 19) | 0) >> 19);
  else if (head < 0xf0) items.add(reader.view(((head & 0x0f) << 8) | reader.u8()));
  else if (head === STRING_32) items.add(reader.view(reader.u32()));
  else if (head === INT_16) items.addInteger((reader.u16() << 16) >> 16);
  else if (head === INT_24) items.addInteger(((reader.u16() | (reader.u8() << 16)) << 8) >> 8);
  else if (head === INT_32) items.addInteger(reader.u32() | 0);
  else if (head === INT_64) items.addInteger(int64(reader));
  else reader.fail();
  return !reader.failed && readBack(reader, reader.at - start);
}

function int64(reader: ByteReader): Int64 {
  const bytes = reader.view(8);
  return reader.failed ? 0 : readInt64(bytes, 0);
}

/** The length by which an entry is stepped over backwards, which must be this. */
function readBack(reader: ByteReader, length: number): boolean {
  for (let i = backBytes(length) - 1, high = 0; i >= 0; i--, high = 0x80) {
    if (reader.u8() !== (((length >>> (7 * i)) & 0x7f) | high)) return false;
  }
  return !reader.failed;
}

/** As Redis counts: one less fits each size than would. */
function backBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/** Writes one listpack: made, then given each element in order, then finished. */
export class ListpackWriter {
  readonly #writer: ByteWriter;
  readonly #start: number;
  #count = 0;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
    this.#start = writer.length;
    writer.u32(0);
    writer.u16(0);
  }

  /** A string, or the integer that its digits are. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const value = parseInt64(bytes, start, end);
    if (value === undefined) this.#addString(bytes, start, end);
    else this.addInteger(value);
  }

  addInteger(value: Int64): void {
    const writer = this.#writer;
    const from = writer.length;
    if (typeof value !== "number" || value !== (value | 0)) {
      writer.u8(INT_64);
      writer.ensure(8);
      writeInt64(writer.bytes, writer.length, value);
      writer.length += 8;
    } else if (value >= 0 && value < 0x80) {
      writer.u8(value);
    } else if (value === (value << 19) >> 19) {
      writer.u8(0xc0 | ((value >>> 8) & 0x1f));
      writer.u8(value);
    } else if (value === (value << 16) >> 16) {
      writer.u8(INT_16);
      writer.u16(value);
    } else if (value === (value << 8) >> 8) {
      writer.u8(INT_24);
      writer.u16(value);
      writer.u8(value >>> 16);
    } else {
      writer.u8(INT_32);
      writer.u32(value);
    }
    this.#added(from);
  }

  finish(): void {
    const writer = this.#writer;
    writer.u8(END);
    writer.patchU32(this.#start, writer.length - this.#start);
    const count = Math.min(this.#count, COUNT_UNKNOWN);
    writer.bytes[this.#start + 4] = count;
    writer.bytes[this.#start + 5] = count >>> 8;
  }

  #addString(bytes: Uint8Array, start: number, end: number): void {
    const writer = this.#writer;
    const from = writer.length;
    const length = end - start;
    if (length < 64) {
      writer.u8(0x80 | length);
    } else if (length < 4096) {
      writer.u8(0xe0 | (length >>> 8));
      writer.u8(length);
    } else {
      writer.u8(STRING_32);
      writer.u32(length);
    }
    writer.range({ bytes, start, end });
    this.#added(from);
  }

  #added(from: number): void {
    const writer = this.#writer;
    const length = writer.length - from;
    for (let i = backBytes(length) - 1, high = 0; i >= 0; i--, high = 0x80) {
      writer.u8(((length >>> (7 * i)) & 0x7f) | high);
    }
    this.#count++;
  }
}

/** An integer of up to 64 bits without a sign, as a listpack keeps it: two's complement. */
export function asSigned64(value: bigint): Int64 {
  return toInt64(BigInt.asIntN(64, value))!;
}
