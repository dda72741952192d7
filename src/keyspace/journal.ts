/**
 * What the keyspace tells of its changes. Type modules change records in place and then say here what they
 * did to the open key; whoever listens (a log, a link, a test) turns it into deltas. With no listener nothing
 * is encoded and a change costs one comparison.
 */
import type { ByteRange } from "../base/bytes.js";
import type { Entry } from "../delta/packed-entries.js";
import type { Version } from "../delta/version.js";
import type { ByteView } from "./records.js";

export interface Journal {
  /** How much was told of since `ended`, in bytes: what is one command's, or one transaction's, is kept in one piece. */
  readonly batchBytes: number;
  /**
   * The open key has a wholly new record: a new life. Who still has what it was filled with, as packed entries, need not have them
   * packed again: valid during the call only.
   */
  replaced(entries?: ByteView): void;
  /** Text of the life (`clock`, `origin`) got `length` bytes at `offset` of its new life written over. */
  patched(predecessorClock: number, predecessorOrigin: number, offset: number, length: number): void;
  /** This node's contribution to the open counter changed. */
  counted(): void;
  /** The open collection has this entry, or is about to: a field set or removed. The entry is valid during the call only. */
  fieldChanged(entry: Entry): void;
  /**
   * The entries told of since the last call of this are one change of the open collection, which still has its record. A deadline
   * that is of their version was taken off or set by the same change. `areDistinct`: no two are of the same field.
   */
  fieldsChanged(areDistinct: boolean): void;
  /** The expiry register of the open key changed. */
  deadlineSet(): void;
  /** The open key was deleted by a tombstone of this clock. */
  removed(clock: number): void;
  /** A slot of a database was emptied, or all slots (null): lives below this clock, of this node, are over. */
  flushed(database: number, clock: number, slot: number | null): void;
  /** What remained of a slot up to a floor, which this node took, is collected in all databases. */
  collected(slot: number, floor: Version): void;
  /** Two databases changed places. */
  swapped(one: number, other: number, clock: number): void;
  /**
   * Deltas of one slot that were made elsewhere, or that concern no other owner, were applied as they are: this node's log is
   * to have them, and nobody else.
   */
  applied(deltas: ByteRange, slot: number): void;
  /**
   * The same of whole batches, whose bytes never change from now on. They touched the first `count` of `slots`, or any if `count`
   * exceeds their number; the array is valid during the call only.
   */
  received(batches: Buffer, slots: Int32Array, count: number): void;
  /** The command, or the transaction, that made the changes told of so far is over. */
  ended(): void;
}
