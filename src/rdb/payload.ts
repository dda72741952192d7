/**
 * What DUMP answers and RESTORE takes:
 *
 *     payload  value version:u16 crc:u64       little-endian; the CRC-64 is of all before it
 *
 * The version is of the format of values: it grows with Redis, and an older Redis refuses what a later one has dumped. We write 10, that of
 * Redis 7.0, and read up to 11, that of 7.2.
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { CRC64_BYTES, writeCrc64 } from "./crc64.js";
import type { DumpedValue } from "./value.js";
import { readValue } from "./value-reader.js";

const VERSION_WRITTEN = 10;
const VERSION_READ_MAX = 11;
const VERSION_BYTES = 2;
/** What is behind the value. */
export const FOOT_BYTES = VERSION_BYTES + CRC64_BYTES;

const expected = Buffer.alloc(CRC64_BYTES);

/** Whether a payload is whole, and of a version that we read. */
export function isIntact({ bytes, start, end }: ByteRange): boolean {
  if (end - start < FOOT_BYTES) return false;
  const foot = end - FOOT_BYTES;
  if ((bytes[foot]! | (bytes[foot + 1]! << 8)) > VERSION_READ_MAX) return false;
  writeCrc64({ bytes, start, end: end - CRC64_BYTES }, expected, 0);
  for (let i = 0; i < CRC64_BYTES; i++) if (bytes[end - CRC64_BYTES + i] !== expected[i]) return false;
  return true;
}

/** The value of an intact payload; undefined if it is none. Throws `WriterFull` if it has more than `bytesMax`. */
export function readPayload({ bytes, start, end }: ByteRange, bytesMax: number): DumpedValue | undefined {
  const reader = new ByteReader({ bytes, start, end: end - FOOT_BYTES });
  const value = readValue(reader, bytesMax);
  return reader.remaining === 0 ? value : undefined;
}

/** Makes a payload of the value that the writer holds, and nothing else. */
export function endPayload(writer: ByteWriter): void {
  writer.u16(VERSION_WRITTEN);
  writer.ensure(CRC64_BYTES);
  writeCrc64({ bytes: writer.bytes, start: 0, end: writer.length }, writer.bytes, writer.length);
  writer.length += CRC64_BYTES;
}
