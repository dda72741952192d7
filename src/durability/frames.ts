/**
 * Frames: the one way in which log segments and snapshots hold bytes that must be told from damage. Integers are little-endian.
 *
 *     frame := check:u32 kind:u8 length:u24 position:u64 durable:u64 payloadCheck:u32 payload
 *
 *     check         CRC-32 of the 24 bytes that follow it, seeded with the salt of the file
 *     kind          what the payload is
 *     length        bytes of the payload
 *     position      of the change stream, where the payload begins; each file says what it means there
 *     durable       the position up to which the stream was known to outlast a power failure when this was written
 *     payloadCheck  CRC-32 of the payload, seeded likewise
 *
 * The head has a checksum of its own, so that a frame is recognised, and its durable mark believed, whatever became of
 * its payload; and so that a search for frames costs a few bytes a place, whatever lengths damaged bytes pretend.
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { type Checksum, crc32 } from "../base/crc32.js";

export const FRAME_HEAD_BYTES = 28;

/** Bounds what a reader must hold at once. */
export const PAYLOAD_BYTES_MAX = 2 ** 20;

/** Batches, of which the last goes on in the next frame. */
export const FRAME_PART = 1;
/** Batches, whole together with the parts before them. */
export const FRAME_WHOLE = 2;
/** No payload: tells how far the log is durable when nothing else does. */
export const FRAME_SEAL = 3;
/** No payload: the log goes on in the file of the next number. */
export const FRAME_NEXT = 4;
/** No payload: the log was closed in order; nothing follows. */
export const FRAME_CLOSED = 5;
/** The end of a snapshot; its payload is the snapshot's business. */
export const FRAME_END = 6;

const KIND_MAX = FRAME_END;
const CHECKED_FROM = 4;
/** The highest bytes of what has 53 bits at most. */
const POSITION_TOP = 15;
const DURABLE_TOP = 23;

export interface FrameHead {
  readonly kind: number;
  readonly length: number;
  readonly position: number;
  readonly durable: number;
  readonly payloadCheck: number;
}

/** Appends the head of a frame; its payload is to follow. */
export function writeFrameHead(writer: ByteWriter, frame: FrameHead, salt: number): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(frame.kind | (frame.length << 8));
  writer.u64(frame.position);
  writer.u64(frame.durable);
  writer.u32(frame.payloadCheck);
  writer.patchU32(start, crc32(writer.bytes, start + CHECKED_FROM, writer.length, salt));
}

/** A whole frame without payload. */
export function emptyFrame(kind: number, { position, durable, salt }: EmptyFrame): Buffer {
  const writer = new ByteWriter({ capacityBytes: FRAME_HEAD_BYTES, bytesMax: FRAME_HEAD_BYTES });
  writeFrameHead(writer, { kind, length: 0, position, durable, payloadCheck: salt }, salt);
  return writer.written();
}

export interface EmptyFrame {
  readonly position: number;
  readonly durable: number;
  readonly salt: number;
}

/** The head of the frame that begins at `at`; undefined if none does, or if it does not lie wholly before `end`. */
export function readFrameHead(
  bytes: Buffer,
  { at, end, salt }: { readonly at: number; readonly end: number; readonly salt: number },
): FrameHead | undefined {
  if (end - at < FRAME_HEAD_BYTES) return undefined;
  // Spares the search for frames most of its checksums, whatever bytes it meets.
  const kind = bytes[at + CHECKED_FROM]!;
  if (kind === 0 || kind > KIND_MAX || bytes[at + POSITION_TOP] !== 0 || bytes[at + DURABLE_TOP] !== 0) {
    return undefined;
  }
  const reader = new ByteReader({ bytes, start: at, end: at + FRAME_HEAD_BYTES });
  const check = reader.u32();
  if (crc32(bytes, at + CHECKED_FROM, at + FRAME_HEAD_BYTES, salt) !== check) return undefined;
  const length = reader.u32() >>> 8;
  const position = reader.u64();
  const durable = reader.u64();
  const payloadCheck = reader.u32();
  if (reader.failed || length > PAYLOAD_BYTES_MAX) return undefined;
  return { kind, length, position, durable, payloadCheck };
}

/** Whether the payload that begins at `at` is what its frame says. */
export function isPayloadSound(bytes: Buffer, { at, frame, salt, checksum }: SoundPayload): boolean {
  return checksum(bytes, at, at + frame.length, salt) === frame.payloadCheck;
}

export interface SoundPayload {
  readonly at: number;
  readonly frame: FrameHead;
  readonly salt: number;
  readonly checksum: Checksum;
}
