/** A stream as a dump tells it. Ids are of 16 bytes: milliseconds and a sequence number, each of 64 bits, big-endian, so that their order is that of bytes. */
import type { Items } from "./items.js";

export const STREAM_ID_BYTES = 16;

/** How many entries a group has read, if nobody knows. */
export const UNKNOWN_COUNT = -1n;

export interface DumpedStream {
  /** Ids of the entries that are there, rising. */
  readonly ids: Items;
  /** How many fields each has; and of all of them, one behind the other, each field with its value behind it. */
  readonly fieldCounts: readonly number[];
  readonly fields: Items;
  readonly lastId: Uint8Array;
  /** The highest of the ids whose entries were deleted; 0-0 if none was. */
  readonly maxDeletedId: Uint8Array;
  /** How many were ever added. */
  readonly entriesAdded: bigint;
  readonly groups: readonly DumpedGroup[];
}

export interface DumpedGroup {
  readonly name: Uint8Array;
  /** Of what was delivered last. */
  readonly lastId: Uint8Array;
  /** Estimated where a dump from before Redis 7.0 does not tell; `UNKNOWN_COUNT` if nobody knows. */
  readonly entriesRead: bigint;
  /** What was delivered and not acknowledged, by rising ids. */
  readonly pending: DumpedPendings;
  readonly consumers: readonly DumpedConsumer[];
}

/** Made while they are walked, for there may be millions. */
export interface DumpedPendings extends Iterable<DumpedPending> {
  readonly length: number;
}

export interface DumpedPending {
  readonly id: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly deliveredMs: number;
  /** A count above the safe integers is the highest of these. */
  readonly deliveries: number;
  /** The number of the consumer, in the order of the group's. */
  readonly consumer: number;
}

/** Times are milliseconds since the epoch. */
export interface DumpedConsumer {
  readonly name: Uint8Array;
  readonly seenMs: number;
  /** Since when it has got something; Redis 7.0 does not know, and tells no other than `seenMs`. */
  readonly activeMs: number;
}
