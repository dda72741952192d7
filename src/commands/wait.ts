/** WAIT: until other nodes have what the connection has written. */
import { TYPE_NONE } from "../keyspace/record.js";
import { ReplyError, TIMEOUT_NEGATIVE, TIMEOUT_NOT_AN_INTEGER } from "../protocol/reply-error.js";
import type { WaitKind } from "./blocking.js";
import type { Call } from "./call.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

export const waitCommand: Command = session({
  name: "wait",
  arity: 3,
  group: "generic",
  flags: ["noscript"],
  categories: ["connection"],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  across: "acknowledged",
  syntax: "numreplicas:integer timeout:integer",
  since: "3.0.0",
  complexity: "O(1)",
  summary:
    "Waits until so many other owners have what this connection has written, and tells how many there are.",
  differs:
    "The reply is the least number of other owners over all slots that the connection has written in, whichever nodes execute them. It is 0, and comes at once, " +
    "if one of these slots, or the link to its node, has changed since: whether the new node's copies have the write is not known. In a transaction it is 0. " +
    "An owner acknowledges by the rule of its own `appendfsync`.",
  run: wait,
});

export interface WaitArguments {
  /** Other owners that are to have it. */
  readonly needed: number;
  /** Infinity: as long as it takes. */
  readonly timeoutMs: number;
}

/** More owners than anything has. Nodes tell each other how many as an integer, and the largest ones of 64 bits are none any more as doubles. */
const NEEDED_MAX = 2 ** 31 - 1;

/** Those of WAIT. Throws a `ReplyError`. */
export function waitArguments(call: Call): WaitArguments {
  const needed = Math.min(call.integer(1), NEEDED_MAX);
  const timeoutMs = call.integer(2, TIMEOUT_NOT_AN_INTEGER);
  if (timeoutMs < 0) throw new ReplyError(TIMEOUT_NEGATIVE);
  return { needed, timeoutMs: timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs };
}

/** For nobody, until the time is over. */
const NOBODY: WaitKind = {
  type: TYPE_NONE,
  takes: false,
  serve: () => false,
  writeNothing: (reply) => reply.integer(0),
};

/** Without a cluster nobody else has anything. */
function wait(call: SessionCall): void {
  const { needed, timeoutMs } = waitArguments(call);
  if (needed <= 0) call.reply.integer(0);
  else call.park(NOBODY, { first: 0, end: 0, timeoutMs });
}
