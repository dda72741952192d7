/**
 * Drops records of a node that is not whole which another one's birth floor covers: it has all that the floor covers, so whatever it has of
 * such a key, be it nothing, has taken in what the record says, or ended it. Where the two differ this node has missed something, or lost it,
 * and its tombstone may have been collected since: to merge would be to bring back what was deleted.
 */
import { ByteWriter } from "../../base/byte-writer.js";
import { writeDrop } from "../../delta/delta-codec.js";
import { equalVersions, type Version } from "../../delta/version.js";
import type { Location } from "../../keyspace/arena.js";
import type { Database } from "../../keyspace/database.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import { isLong, RecordDigest } from "../../keyspace/record-digest.js";
import { dropKey } from "../../keyspace/slot-eraser.js";
import { newestClock } from "../../keyspace/succession.js";
import type { DigestedItem } from "./digest-list.js";

const DELTA_BYTES_MAX = 2 ** 30;

export interface LostRecord {
  readonly slot: number;
  /** As it was when it was listed, at that time. */
  readonly item: DigestedItem;
  readonly atMs: number;
  /** The other node's birth floor. */
  readonly floor: Version;
}

/** Whether the record at `at` says nothing that the floor does not cover. */
function isCovered(database: Database, at: Location, { clock }: Version): boolean {
  return newestClock(database, at) < clock;
}

/** Whether the record is as it was listed. What is long is not digested for that: it has the same life. */
function isSame(database: Database, at: Location, { item, atMs }: LostRecord): boolean {
  if (isLong(database, at)) {
    const { records } = database;
    return equalVersions(item.version, { clock: records.lifeClock(at), origin: records.lifeOrigin(at) });
  }
  const digest = new RecordDigest();
  digest.take(database, at, atMs);
  return digest.low === item.low && digest.high === item.high;
}

/** Drops the record, if it is there still, unchanged and covered. Answers whether it did. */
export function dropLost(keyspace: Keyspace, lost: LostRecord): boolean {
  const { slot, item, floor } = lost;
  const database = keyspace.databases[item.db]!;
  const found: Location[] = [];
  const from = item.hash >>> 0;
  database.index.collect(slot, from, 1, found, from + 1);
  const at = found.find((each) => isCovered(database, each, floor) && isSame(database, each, lost));
  if (at === undefined) return false;
  const { bytes, start, end } = database.records.key(at);
  const key = Buffer.from(bytes.subarray(start, end));
  const selected = keyspace.database.number;
  keyspace.select(item.db);
  dropKey(keyspace, key);
  keyspace.select(selected);
  const writer = new ByteWriter({ capacityBytes: key.length + 16, bytesMax: DELTA_BYTES_MAX });
  writeDrop(writer, { db: item.db, slot, key: { bytes: key, start: 0, end: key.length } });
  keyspace.journal?.applied({ bytes: writer.bytes, start: 0, end: writer.length }, slot);
  keyspace.journal?.ended();
  return true;
}
