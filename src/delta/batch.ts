/**
 * Batches: the deltas of one command, or of one EXEC, as the log and the links carry them.
 *
 *     batch := crc:u32 length:u32 format:u8 delta*
 *
 *     crc     CRC-32 of all that follows it, so of the length too; 0 where what carries the batch has a checksum over it
 *     length  bytes that follow the length
 *     format  1; a reader refuses what it does not know
 *
 * There is no count: deltas follow one another to the end, and a batch has at least one.
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import type { Checksum } from "../base/crc32.js";
import type { Delta } from "./delta.js";
import { readDelta } from "./delta-codec.js";

export const FORMAT = 1;

/** Bytes before the length's first counted one. */
export const BATCH_HEAD_BYTES = 8;
const LENGTH_AT = 4;
/** Stands for the checksum of a batch that has none. */
export const UNCHECKED = 0;

/** Begins a batch at the writer's end; deltas are written next. Returns where it begins, for `endBatch`. */
export function beginBatch(writer: ByteWriter): number {
  const start = writer.length;
  writer.ensure(BATCH_HEAD_BYTES + 1);
  const { bytes } = writer;
  for (let at = start; at < start + LENGTH_AT; at++) bytes[at] = UNCHECKED;
  bytes[start + BATCH_HEAD_BYTES] = FORMAT;
  writer.length = start + BATCH_HEAD_BYTES + 1;
  return start;
}

/** Completes a batch, without a checksum, of which the writer has all but its last `restBytes`: they are added to it elsewhere. */
export function endBatchHead(writer: ByteWriter, start: number, restBytes: number): void {
  writer.patchU32(start + LENGTH_AT, writer.length - start - BATCH_HEAD_BYTES + restBytes);
}

/** Completes the batch that began at `start`. Without a checksum: what is to carry the batch has one over it. */
export function endBatch(writer: ByteWriter, start: number, checksum?: Checksum): void {
  writer.patchU32(start + LENGTH_AT, writer.length - start - BATCH_HEAD_BYTES);
  if (checksum !== undefined)
    writer.patchU32(start, checksum(writer.bytes, start + LENGTH_AT, writer.length));
}

/** Bytes of the batch that begins at `at`, as it says; all that there are if that cannot be told. */
export function batchBytes(bytes: Buffer, at: number): number {
  const rest = bytes.length - at;
  return rest < BATCH_HEAD_BYTES ? rest : BATCH_HEAD_BYTES + bytes.readUInt32LE(at + LENGTH_AT);
}

export type BatchReading =
  | {
      readonly kind: "batch";
      readonly deltas: readonly Delta[];
      /** The offset behind the batch. */
      readonly end: number;
    }
  /** The bytes end before the batch does, if there is one: so many it would take in all. */
  | { readonly kind: "incomplete"; readonly bytesNeeded: number }
  | { readonly kind: "damaged"; readonly reason: string };

export interface BatchReader {
  readonly checksum: Checksum;
  /** No batch is longer: what says so is damaged. Keeps a flipped bit from making its reader wait for gigabytes. */
  readonly batchBytesMax: number;
}

/** Reads the batch at the start of `range`. Its deltas are views of the bytes. */
export function readBatch(range: ByteRange, { checksum, batchBytesMax }: BatchReader): BatchReading {
  const { bytes, start, end } = range;
  const reader = new ByteReader(range);
  const crc = reader.u32();
  const length = reader.u32();
  if (reader.failed) return { kind: "incomplete", bytesNeeded: BATCH_HEAD_BYTES };
  const batchBytes = BATCH_HEAD_BYTES + length;
  if (batchBytes > batchBytesMax) return damaged(`${batchBytes} bytes exceed the ${batchBytesMax} allowed`);
  if (batchBytes > end - start) return { kind: "incomplete", bytesNeeded: batchBytes };
  const batchEnd = start + batchBytes;
  const isChecked = crc !== UNCHECKED;
  if (isChecked && checksum(bytes, start + LENGTH_AT, batchEnd) !== crc)
    return damaged("the checksum does not match");
  return readDeltas(new ByteReader({ bytes, start: reader.at, end: batchEnd }));
}

/** What the checksum vouches for may still come from a sender that is broken, or newer than this node. */
function readDeltas(reader: ByteReader): BatchReading {
  const format = reader.u8();
  if (format !== FORMAT) return damaged(`format ${format} is not known`);
  const deltas: Delta[] = [];
  do {
    const delta = readDelta(reader);
    if (delta === undefined) return damaged(`delta ${deltas.length} is malformed`);
    deltas.push(delta);
  } while (reader.remaining > 0);
  return { kind: "batch", deltas, end: reader.end };
}

function damaged(reason: string): BatchReading {
  return { kind: "damaged", reason };
}

/** Whole batches, one behind the other, walked by their heads alone: their contents are not looked at. */
export interface BatchWalk {
  /** The offset behind the last batch. */
  readonly end: number;
  readonly count: number;
}

/** Walks the batches that begin at `start` up to those that end within `bytesMax`, or the first if it is longer. */
export function walkBatches(bytes: Buffer, start: number, bytesMax: number): BatchWalk {
  let end = start;
  let count = 0;
  while (end < bytes.length) {
    const next = end + BATCH_HEAD_BYTES + bytes.readUInt32LE(end + LENGTH_AT);
    if (next - start > bytesMax && count > 0) break;
    end = next;
    count++;
  }
  return { end, count };
}
