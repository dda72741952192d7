/** Up to where collections of fields stay packed. The names are those of the options. */
import { type RecordType, TYPE_SET, TYPE_ZSET } from "./record.js";

export interface ListLimits {
  /** Elements of a block of a list, if it is positive. */
  readonly listMaxListpackSize: number;
}

export interface StreamLimits {
  /** Of a block of a stream; 0 for no limit of its own. */
  readonly streamNodeMaxBytes: number;
  /** Entries of a block of a stream; 0 for no limit. */
  readonly streamNodeMaxEntries: number;
}

export interface PackingLimits extends ListLimits, StreamLimits {
  readonly hashMaxListpackEntries: number;
  /** Of each field and each value. */
  readonly hashMaxListpackValueBytes: number;
  /** Of a set of nothing but integers. */
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValueBytes: number;
  readonly zsetMaxListpackEntries: number;
  /** Of each member. */
  readonly zsetMaxListpackValueBytes: number;
}

/** Those of one collection, whose order means something or not. */
export interface PackingLimit {
  readonly entries: number;
  /** Of each field and each value; of a sorted set, of each member. */
  readonly bytes: number;
}

export function packingLimit(limits: PackingLimits, type: RecordType, isOrdered: boolean): PackingLimit {
  if (type === TYPE_ZSET) {
    return { entries: limits.zsetMaxListpackEntries, bytes: limits.zsetMaxListpackValueBytes };
  }
  if (type !== TYPE_SET) {
    return { entries: limits.hashMaxListpackEntries, bytes: limits.hashMaxListpackValueBytes };
  }
  if (isOrdered) return { entries: limits.setMaxIntsetEntries, bytes: Number.POSITIVE_INFINITY };
  return { entries: limits.setMaxListpackEntries, bytes: limits.setMaxListpackValueBytes };
}
