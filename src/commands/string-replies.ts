/** How long texts are, and how they get into replies: short ones are copied, long ones sent from where they lie. */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import type { Call } from "./call.js";

/** Longer texts are not copied into the buffer of replies. */
const COPIED_BYTES_MAX = 64 * 1024;

/** The bytes of the text of the open key; 0 of an absent one. */
export function lengthOfOpen({ keyspace }: Call): number {
  if (keyspace.at === NOWHERE) return 0;
  const { start, end } = textOf(keyspace, keyspace.at);
  return end - start;
}

/** Replies with the whole text of a record. */
export function replyText({ keyspace, reply }: Call, at: Location): void {
  const { bytes, start, end } = textOf(keyspace, at);
  if (end - start <= COPIED_BYTES_MAX) reply.bulk(bytes, start, end);
  else reply.largeBulk(keyspace.records.lend(at)!);
}

/** Replies with bytes `from` to before `to` of the text of a record. */
export function replyPart({ keyspace, reply }: Call, at: Location, from: number, to: number): void {
  const { bytes, start, end } = textOf(keyspace, at);
  if (to - from <= COPIED_BYTES_MAX) {
    reply.bulk(bytes, start + from, start + to);
  } else if (2 * (to - from) < end - start) {
    // What is lent is copied as a whole by the next edit: a part must be worth that.
    reply.largeBulk(Buffer.from(bytes.subarray(start + from, start + to)));
  } else {
    reply.largeBulk(keyspace.records.lend(at)!.subarray(from, to));
  }
}
