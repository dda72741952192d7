/** The number of a database among the arguments of commands. */
import { DATABASE_OUT_OF_RANGE, ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/** Refuses what is no integer, no C int (Redis has an error of its own for that), or no database of this node. */
export function databaseNumber(call: Call, index: number): number {
  const number = call.integer(index);
  if (!isInt(number))
    throw new ReplyError(`ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);
  if (number < 0 || number >= call.keyspace.databases.length) throw new ReplyError(DATABASE_OUT_OF_RANGE);
  return number;
}

export function isInt(value: number): boolean {
  return value >= INT_MIN && value <= INT_MAX;
}
