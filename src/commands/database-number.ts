/** The number of a database among the arguments of commands. */
import { DATABASE_OUT_OF_RANGE, ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

/** Refuses what is no integer, or no database of this node. */
export function databaseNumber(call: Call, index: number): number {
  const number = call.integer(index);
  if (number < 0 || number >= call.keyspace.databases.length) throw new ReplyError(DATABASE_OUT_OF_RANGE);
  return number;
}
