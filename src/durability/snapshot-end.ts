/**
 * The frame that ends a snapshot, without which a file is none. Integers are little-endian.
 *
 *     end := position:u64 created:u64 keys:u64 records:u64 databases:u8
 *
 *     position   of the change stream: all changes before it are in the snapshot, none behind it
 *     created    when the snapshot was begun, in milliseconds since the epoch
 *     keys       that the walk met and clients could see; those that came meanwhile are not among them
 *     records    that the walk met, those that clients could not see too
 *     databases  that there were
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";

const END_BYTES = 33;

export interface SnapshotEnd {
  readonly position: number;
  readonly createdMs: number;
  readonly keys: number;
  readonly records: number;
  readonly databases: number;
}

export function snapshotEndBytes(end: SnapshotEnd): Buffer {
  const writer = new ByteWriter({ capacityBytes: END_BYTES, bytesMax: END_BYTES });
  writer.u64(end.position);
  writer.u64(end.createdMs);
  writer.u64(end.keys);
  writer.u64(end.records);
  writer.u8(end.databases);
  return writer.written();
}

/** undefined if the bytes are no such end. */
export function readSnapshotEnd(range: ByteRange): SnapshotEnd | undefined {
  const reader = new ByteReader(range);
  const end = {
    position: reader.u64(),
    createdMs: reader.u64(),
    keys: reader.u64(),
    records: reader.u64(),
    databases: reader.u8(),
  };
  return reader.failed || reader.remaining > 0 ? undefined : end;
}
