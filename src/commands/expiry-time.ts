/** Times of expiry among the arguments of commands, by Redis's rules. */
import { parseInteger } from "../base/integer-text.js";
import { invalidExpireTime, NOT_AN_INTEGER, ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const MILLIS_PER_SECOND = 1000;
const INT64_END = 2 ** 63;
/** So many seconds are more than 64 bits of milliseconds. */
const SECONDS_MAX = Math.floor(INT64_END / MILLIS_PER_SECOND);

/** What the number of an expiry means. */
export interface TimeForm {
  readonly unitMs: 1 | 1000;
  /** From now on; else since the Unix epoch. */
  readonly isRelative: boolean;
}

/** By the option's name in lower case, as SET and GETEX have them. */
export const TIME_FORMS: ReadonlyMap<string, TimeForm> = new Map([
  ["ex", { unitMs: MILLIS_PER_SECOND, isRelative: true }],
  ["px", { unitMs: 1, isRelative: true }],
  ["exat", { unitMs: MILLIS_PER_SECOND, isRelative: false }],
  ["pxat", { unitMs: 1, isRelative: false }],
] as const);

/** The deadline that an argument asks for, in milliseconds since the epoch. Refuses what is not positive or too large. */
export function positiveDeadline(call: Call, index: number, form: TimeForm, command: string): number {
  const time = call.integer(index);
  if (time <= 0) throw new ReplyError(invalidExpireTime(command));
  return toDeadline(call, time, form, command);
}

/** The same where a time in the past is allowed, as EXPIRE has it. */
export function anyDeadline(call: Call, index: number, form: TimeForm, command: string): number {
  const time = parseInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(time)) throw new ReplyError(NOT_AN_INTEGER);
  return toDeadline(call, time, form, command);
}

function toDeadline(call: Call, time: number, { unitMs, isRelative }: TimeForm, command: string): number {
  const deadline = time * unitMs + (isRelative ? call.keyspace.nowMs : 0);
  const isTooLarge = unitMs > 1 && Math.abs(time) >= SECONDS_MAX;
  if (isTooLarge || (isRelative && deadline >= INT64_END)) throw new ReplyError(invalidExpireTime(command));
  return deadline;
}
