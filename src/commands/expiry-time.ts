/** Times of expiry among the arguments of commands, by Redis's rules. */
import { type Int64, toInt64 } from "../base/int64.js";
import { invalidExpireTime, ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const MILLIS_PER_SECOND = 1000;
/** Redis takes 64 bits. Ours are safe integers, in memory as in deltas: what is later, after the year 287396, is kept as this. */
const DEADLINE_MAX_MS = Number.MAX_SAFE_INTEGER;

/** What the number of an expiry means. */
export interface TimeForm {
  /** The option of SET and GETEX, in lower case. */
  readonly name: string;
  readonly unitMs: 1 | 1000;
  /** From now on; else since the Unix epoch. */
  readonly isRelative: boolean;
}

export const EX: TimeForm = { name: "ex", unitMs: MILLIS_PER_SECOND, isRelative: true };
export const PX: TimeForm = { name: "px", unitMs: 1, isRelative: true };
export const EXAT: TimeForm = { name: "exat", unitMs: MILLIS_PER_SECOND, isRelative: false };
export const PXAT: TimeForm = { name: "pxat", unitMs: 1, isRelative: false };

export const TIME_FORMS: readonly TimeForm[] = [EX, PX, EXAT, PXAT];

/**
 * The deadline that an argument asks for, in milliseconds since the epoch, or the last possible one. Refuses what is
 * not positive or leaves 64 bits, in the name of the command.
 */
export function positiveDeadline(call: Call, index: number, form: TimeForm, command: string): number {
  const time = call.int64(index);
  if (time <= 0) throw new ReplyError(invalidExpireTime(command));
  return toDeadline(call, time, form, command);
}

/** The same where a time in the past is allowed, as EXPIRE has it. */
export function anyDeadline(call: Call, index: number, form: TimeForm, command: string): number {
  return toDeadline(call, call.int64(index), form, command);
}

function toDeadline(call: Call, time: Int64, { unitMs, isRelative }: TimeForm, command: string): number {
  const nowMs = isRelative ? call.keyspace.nowMs : 0;
  if (typeof time === "number" && Number.isSafeInteger(time * unitMs + nowMs)) return time * unitMs + nowMs;
  const sinceNow = BigInt(time) * BigInt(unitMs);
  const deadline = toInt64(sinceNow + BigInt(nowMs));
  if (toInt64(sinceNow) === undefined || deadline === undefined)
    throw new ReplyError(invalidExpireTime(command));
  return Math.min(Number(deadline), DEADLINE_MAX_MS);
}
