/** Members that a command puts aside before it changes anything: more than it has room for are refused, and then nothing has happened. */
import { WriterFull } from "../base/byte-writer.js";
import { GatheredSet } from "../keyspace/gathered-set.js";
import { ReplyError } from "../protocol/reply-error.js";

export interface Room {
  readonly bytesMax: number;
  /** What the client is told if that is not enough. */
  readonly refusal: string;
}

/** The set that `gather` adds members to. */
export function gatherMembers({ bytesMax, refusal }: Room, gather: (into: GatheredSet) => void): GatheredSet {
  const members = new GatheredSet(bytesMax);
  try {
    gather(members);
  } catch (error) {
    throw error instanceof WriterFull ? new ReplyError(refusal) : error;
  }
  return members;
}
