/**
 * Lengths and strings, of which everything else in a dump is made. A length, or what a string has in its place:
 *
 *     00LLLLLL                    L
 *     01LLLLLL L                  14 bits, big-endian
 *     10000000 L{4}               32 bits, big-endian
 *     10000001 L{8}               64 bits, big-endian
 *     11000000 i{1}               a string: the digits of an integer of 8 bits
 *     11000001 i{2}, 11000010 i{4}   of 16 and 32 bits, little-endian
 *     11000011 length length byte{}  a string in LZF: bytes packed, bytes plain, the packed ones
 *
 * Facts: https://rdb.fnordig.de/file_format.html, and what redis-server 7.0 writes.
 */
import type { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { formatInt64, INT64_DIGITS_MAX, type Int64, parseInt64, toInt64 } from "../base/int64.js";
import { compress, decompress } from "./lzf.js";

const FORM_MASK = 0xc0;
const SIX_BITS = 0x00;
const FOURTEEN_BITS = 0x40;
const LENGTH_32 = 0x80;
const LENGTH_64 = 0x81;
const INT_8 = 0xc0;
const INT_16 = 0xc1;
const INT_32 = 0xc2;
const LZF = 0xc3;

/** Longer digits are of no integer of 32 bits. */
const INTEGER_DIGITS_MAX = 11;
/** Shorter strings are not worth compressing: Redis's rule. */
const COMPRESSED_BYTES_MIN = 21;
/** What compressing must save at least. */
const SAVED_BYTES_MIN = 4;
/** Longer strings are not compressed, which takes some 5 ns a byte: a dump is made while nobody else is served. */
const COMPRESSED_BYTES_MAX = 128 * 1024;

const TWO_32 = 2 ** 32;

const digits = Buffer.alloc(INT64_DIGITS_MAX);

/** A length; fails for what stands for a string, and beyond the safe integers. */
export function readLength(reader: ByteReader): number {
  return lengthAfter(reader.u8(), reader);
}

/** An unsigned number of 64 bits in the form of a length: as those of streams, which need not be safe integers. */
export function readNumber(reader: ByteReader): bigint {
  const head = reader.u8();
  if (head !== LENGTH_64) return BigInt(lengthAfter(head, reader));
  const bytes = reader.view(8);
  return reader.failed ? 0n : Buffer.from(bytes).readBigUInt64BE(0);
}

function lengthAfter(head: number, reader: ByteReader): number {
  if ((head & FORM_MASK) === SIX_BITS) return head;
  if ((head & FORM_MASK) === FOURTEEN_BITS) return ((head & ~FORM_MASK) << 8) | reader.u8();
  if (head === LENGTH_32) return bigEndian32(reader);
  if (head === LENGTH_64) {
    const length = bigEndian32(reader) * TWO_32 + bigEndian32(reader);
    if (Number.isSafeInteger(length)) return length;
  }
  reader.fail();
  return 0;
}

/** What may still be made of a dump, in which a few bytes can stand for many: shared by all that is read of it. */
export interface UnpackingRoom {
  /** Of a value, whatever it is made of. */
  readonly bytesMax: number;
  /** Bytes that LZF may still make; `bytesMax` at the beginning. */
  left: number;
}

/** A string: where it lies, or what it stands for. Nothing if it is wrong. Throws `WriterFull` if there is no room for it. */
export function readString(reader: ByteReader, room: UnpackingRoom): Uint8Array {
  const head = reader.u8();
  switch (head) {
    case INT_8:
      return digitsOf((reader.u8() << 24) >> 24);
    case INT_16:
      return digitsOf((reader.u16() << 16) >> 16);
    case INT_32:
      return digitsOf(reader.u32() | 0);
    case LZF:
      return readCompressed(reader, room);
    default:
      return reader.view(lengthAfter(head, reader));
  }
}

function readCompressed(reader: ByteReader, room: UnpackingRoom): Uint8Array {
  const packedLength = readLength(reader);
  const length = readLength(reader);
  const packed = reader.view(packedLength);
  const plain = reader.failed ? undefined : decompress(packed, length, room.left);
  if (plain === undefined) reader.fail();
  else room.left -= length;
  return plain ?? NOTHING;
}

function bigEndian32(reader: ByteReader): number {
  const word = reader.u32();
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

function digitsOf(value: Int64): Buffer {
  return Buffer.from(digits.subarray(0, formatInt64(digits, 0, value)));
}

export function writeLength(writer: ByteWriter, length: number): void {
  if (length < 1 << 6) {
    writer.u8(length);
  } else if (length < 1 << 14) {
    writer.u8(FOURTEEN_BITS | (length >>> 8));
    writer.u8(length);
  } else {
    const isNarrow = length < TWO_32;
    writer.ensure(9);
    const { bytes } = writer;
    bytes[writer.length] = isNarrow ? LENGTH_32 : LENGTH_64;
    if (isNarrow) bytes.writeUInt32BE(length, writer.length + 1);
    else bytes.writeBigUInt64BE(BigInt(length), writer.length + 1);
    writer.length += isNarrow ? 5 : 9;
  }
}

/** The same of a number that need not be a safe integer. */
export function writeNumber(writer: ByteWriter, value: bigint): void {
  const narrow = toInt64(value);
  if (typeof narrow === "number") {
    writeLength(writer, narrow);
    return;
  }
  writer.ensure(9);
  writer.bytes[writer.length] = LENGTH_64;
  writer.bytes.writeBigUInt64BE(value, writer.length + 1);
  writer.length += 9;
}

/** A string in the shortest of its forms, as Redis chooses it. */
export function writeString(writer: ByteWriter, bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length <= INTEGER_DIGITS_MAX) {
    const value = parseInt64(bytes, start, end);
    if (typeof value === "number" && writeInteger(writer, value)) return;
  }
  if (length >= COMPRESSED_BYTES_MIN && length <= COMPRESSED_BYTES_MAX) {
    const packed = compress(bytes.subarray(start, end), length - SAVED_BYTES_MIN);
    if (packed !== undefined) {
      writer.u8(LZF);
      writeLength(writer, packed.length);
      writeLength(writer, length);
      writer.range({ bytes: packed, start: 0, end: packed.length });
      return;
    }
  }
  writeLength(writer, length);
  writer.range({ bytes, start, end });
}

function writeInteger(writer: ByteWriter, value: number): boolean {
  if (value === (value << 24) >> 24) {
    writer.u8(INT_8);
    writer.u8(value);
  } else if (value === (value << 16) >> 16) {
    writer.u8(INT_16);
    writer.u16(value);
  } else if (value === (value | 0)) {
    writer.u8(INT_32);
    writer.u32(value);
  } else {
    return false;
  }
  return true;
}

const NOTHING = Buffer.alloc(0);
