/**
 * Commands that wait until a key has what they want: BLPOP and its like, and readers of streams with BLOCK. A handler tries first. If there is
 * nothing to reply it calls `SessionCall.park`, as its last act and without having changed or replied anything:
 *
 *     if (!popFirst(call, keys)) call.park(POP_LEFT, { ...keys, timeoutMs });
 *
 * From then on the command belongs to the server (server/parked-clients.ts). Whenever one of its keys has changed, by whatever cause, and is of
 * the type that it waits for, `serve` is tried, right after the command or the transaction that changed it and in the order in which clients
 * came. What is executed by another node is parked there, and its client notices nothing: no handler knows of nodes.
 *
 * A command that waits is declared with the flag `blocking`, by which links know that it may take long, and as a `session` command. In a
 * transaction it does not wait: `park` answers at once as if its time were over.
 */
import { type ExtendedFloat, extendedFromText, multiplyExtended } from "../base/extended-float.js";
import { readNumberText } from "../base/number-text.js";
import type { RecordType } from "../keyspace/record.js";
import { ReplyError, TIMEOUT_NEGATIVE } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { Call } from "./call.js";

const TIMEOUT_NOT_A_FLOAT = "ERR timeout is not a float or out of range";
/** Redis's bound: what is more is no 64-bit integer of milliseconds. */
const TIMEOUT_MS_MAX = 2n ** 63n - 1n;
const MILLIS_PER_SECOND = 1000n;

/** What differs from Redis where a client waits for what it is to take. */
export function waitsElsewhere(awaited: string): string {
  return (
    "On a cluster the keys must be in one slot. The client waits at the node that executes for it, whichever node it is connected to. If that node or the " +
    `link to it is lost, it is not known whether ${awaited} was popped last, and the reply is -INDOUBT.`
  );
}

/** What a command waits for, and what it does then: one for each command, whoever calls it. */
export interface WaitKind {
  /** Of keys that are of another type nothing is tried: whoever waits for a list is not disturbed by a string. */
  readonly type: RecordType;
  /** Whoever is served takes what it is served with: if one finds nothing left, those behind it who wait for the same type are not asked. */
  readonly takes: boolean;
  /** `serve` is tried as well when the key is gone, or is of another type: as readers of consumer groups are told of. */
  readonly hearsOfLoss?: true;
  /**
   * Tries to reply, now that the key in an argument has changed. The call is as the handler had it (the arguments in `Wait.request`, if that
   * was given). False if there is nothing yet: then nothing is changed or replied. A thrown `ReplyError` ends the wait and is the reply.
   */
  readonly serve: (call: Call, key: number) => boolean;
  /** Replies that the time is over, or, before any time has passed, that nobody waits in a transaction: some commands tell the two apart. */
  readonly writeNothing: (reply: ReplyWriter, hasWaited: boolean) => void;
}

/** A command that is to wait. */
export interface Wait {
  /** Its keys are the arguments from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** From when the command came, however often it is parked anew. Infinity: for ever. */
  readonly timeoutMs: number;
  /**
   * What is executed from now on instead of the request, with its keys and as many of them in the same places: a whole request, where words such as
   * `$` have been replaced by what they meant when the command came.
   */
  readonly request?: Buffer;
}

/** Why a client waits no longer: its time is over, as CLIENT UNBLOCK TIMEOUT pretends, or CLIENT UNBLOCK ERROR. */
export type WaitEnd = "error" | "timeout";

/** Seconds, in any form that C's `strtold` reads, as milliseconds: rounded up, for less than one is not for ever. Infinity if they are 0. */
export function readTimeout(call: Call, index: number): number {
  const text = readNumberText(call.text(index));
  if (text === undefined) throw new ReplyError(TIMEOUT_NOT_A_FLOAT);
  if (text.kind === "infinity") throw new ReplyError(TIMEOUT_NEGATIVE);
  const seconds = extendedFromText(text);
  if (seconds === undefined) throw new ReplyError(TIMEOUT_NOT_A_FLOAT);
  const millis = multiplyExtended(seconds, MILLIS_PER_SECOND);
  if (millis === undefined) throw new ReplyError(TIMEOUT_NEGATIVE);
  const timeoutMs = ceiling(millis);
  // Redis counts on beyond the largest integer from the smallest.
  if (timeoutMs < 0n || timeoutMs > TIMEOUT_MS_MAX) throw new ReplyError(TIMEOUT_NEGATIVE);
  return timeoutMs === 0n ? Number.POSITIVE_INFINITY : Number(timeoutMs);
}

function ceiling({ mantissa, exponent }: ExtendedFloat): bigint {
  if (exponent >= 0) return mantissa << BigInt(exponent);
  // A shift rounds down, also what is negative.
  return -(-mantissa >> BigInt(-exponent));
}
