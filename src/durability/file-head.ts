/**
 * The first bytes of every file of frames: what it is, and what its frames are to be judged by. Integers are little-endian.
 *
 *     head := magic:8 format:u32 salt:u32 sequence:u64 position:u64 durable:u64 reserved:u32 check:u32
 *
 *     magic     "TORUSLOG" or "TORUSSNP"
 *     format    1; where format and check lie stays for ever, so that a newer file is told from a damaged one
 *     salt      random; seeds the checksums of the file's frames, so that no other bytes pass for frames
 *     sequence  the number in the file's name
 *     position  of the change stream, where the file begins
 *     durable   a position up to which the files before this one are known to hold the stream
 *     reserved  0
 *     check     CRC-32 of the 44 bytes before it
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { crc32 } from "../base/crc32.js";

export const FILE_HEAD_BYTES = 48;
export const FILE_FORMAT = 1;

const SALT_AT = 12;
const CHECK_AT = 44;
const MAGIC_BYTES = 8;

export type Magic = "TORUSLOG" | "TORUSSNP";

export interface FileHead {
  readonly magic: Magic;
  readonly salt: number;
  readonly sequence: number;
  readonly position: number;
  readonly durable: number;
}

export type HeadReading =
  | { readonly kind: "head"; readonly head: FileHead }
  /** Nothing but zeros, or nothing at all: the file was never begun. */
  | { readonly kind: "blank" }
  | { readonly kind: "damaged"; readonly reason: string }
  /** It is whole, but this program does not know the format. */
  | { readonly kind: "newer"; readonly reason: string };

export function fileHeadBytes(head: FileHead): Buffer {
  const writer = new ByteWriter({ capacityBytes: FILE_HEAD_BYTES, bytesMax: FILE_HEAD_BYTES });
  writer.length = writer.bytes.write(head.magic, "latin1");
  writer.u32(FILE_FORMAT);
  writer.u32(head.salt);
  writer.u64(head.sequence);
  writer.u64(head.position);
  writer.u64(head.durable);
  writer.u32(0);
  writer.u32(crc32(writer.bytes, 0, CHECK_AT));
  return writer.written();
}

/** The salt in the bytes of a head, be they sound or not. */
export function saltOf(head: Buffer): number {
  return head.readUInt32LE(SALT_AT);
}

/** Reads the head from the first bytes of a file, as many as there are. */
export function readFileHead(bytes: Buffer, magic: Magic): HeadReading {
  const head = bytes.subarray(0, FILE_HEAD_BYTES);
  if (head.every((byte) => byte === 0)) return { kind: "blank" };
  if (head.length < FILE_HEAD_BYTES) return { kind: "damaged", reason: "the file ends within its head" };
  const reader = new ByteReader({ bytes: head, start: MAGIC_BYTES, end: FILE_HEAD_BYTES });
  const format = reader.u32();
  const salt = reader.u32();
  const sequence = reader.u64();
  const position = reader.u64();
  const durable = reader.u64();
  const reserved = reader.u32();
  const check = reader.u32();
  const isMarked = head.toString("latin1", 0, MAGIC_BYTES) === magic;
  if (crc32(head, 0, CHECK_AT) !== check) {
    const also = isMarked ? "" : `, nor does it begin with ${magic}`;
    return { kind: "damaged", reason: `the checksum of its head does not match${also}` };
  }
  if (!isMarked) return { kind: "damaged", reason: `it does not begin with ${magic}` };
  if (format !== FILE_FORMAT) {
    return { kind: "newer", reason: `format ${format} is not known: this program writes ${FILE_FORMAT}` };
  }
  if (reader.failed || reserved !== 0) return { kind: "damaged", reason: "its head makes no sense" };
  return { kind: "head", head: { magic, salt, sequence, position, durable } };
}
