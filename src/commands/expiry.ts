/** Commands on the deadlines of keys: https://redis.io/docs/latest/commands/expire/ and its kin */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { anyDeadline, EX, EXAT, PX, PXAT, type TimeForm } from "./expiry-time.js";
import { deleteOpen, setDeadline } from "./open-key.js";

const NO_KEY = -2;
const NO_DEADLINE = -1;
const MILLIS_PER_SECOND = 1000;

const UNSUPPORTED = "ERR Unsupported option ";
const NX_AND_OTHERS = "ERR NX and XX, GT or LT options at the same time are not compatible";
const GT_AND_LT = "ERR GT and LT options at the same time are not compatible";

export const expiryCommands: readonly Command[] = [
  data({
    name: "expire",
    arity: -3,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key seconds:integer [condition=(NX|XX|GT|LT)@7.0.0]",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Lets a key expire after some seconds, under a condition if asked.",
    history: [["7.0.0", "NX, XX, GT and LT"]],
    run: (call) => expire(call, EX, "expire"),
  }),
  data({
    name: "pexpire",
    arity: -3,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key milliseconds:integer [condition=(NX|XX|GT|LT)@7.0.0]",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Lets a key expire after some milliseconds, under a condition if asked.",
    history: [["7.0.0", "NX, XX, GT and LT"]],
    run: (call) => expire(call, PX, "pexpire"),
  }),
  data({
    name: "expireat",
    arity: -3,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key unix-time-seconds:unix-time [condition=(NX|XX|GT|LT)@7.0.0]",
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Lets a key expire at a Unix time in seconds, under a condition if asked.",
    history: [["7.0.0", "NX, XX, GT and LT"]],
    run: (call) => expire(call, EXAT, "expireat"),
  }),
  data({
    name: "pexpireat",
    arity: -3,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key unix-time-milliseconds:unix-time [condition=(NX|XX|GT|LT)@7.0.0]",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Lets a key expire at a Unix time in milliseconds, under a condition if asked.",
    history: [["7.0.0", "NX, XX, GT and LT"]],
    differs: "Deadlines after 2^53 - 1 (in the year 287396), however they are set, are kept as that.",
    run: (call) => expire(call, PXAT, "pexpireat"),
  }),
  data({
    name: "ttl",
    arity: 2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers the seconds a key still has; -1 without an expiry, -2 without a key.",
    history: [["2.8.0", "-2 for a missing key"]],
    run: (call) => left(call, MILLIS_PER_SECOND),
  }),
  data({
    name: "pttl",
    arity: 2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Answers the milliseconds a key still has; -1 without an expiry, -2 without a key.",
    history: [["2.8.0", "-2 for a missing key"]],
    run: (call) => left(call, 1),
  }),
  data({
    name: "expiretime",
    arity: 2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key",
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Answers when a key expires, as a Unix time in seconds.",
    run: (call) => deadline(call, MILLIS_PER_SECOND),
  }),
  data({
    name: "pexpiretime",
    arity: 2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key",
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Answers when a key expires, as a Unix time in milliseconds.",
    run: (call) => deadline(call, 1),
  }),
  data({
    name: "persist",
    arity: 2,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key",
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Takes the expiry from a key, so that it stays.",
    run: persist,
  }),
];

function expire(call: Call, form: TimeForm, command: string): void {
  const { keyspace, reply } = call;
  const conditions = readConditions(call);
  const deadlineMs = anyDeadline(call, 2, form, command);
  const at = call.open(1);
  if (at === NOWHERE || !conditions.every((holds) => holds(deadlineMs, keyspace.records.deadline(at)))) {
    reply.integer(0);
    return;
  }
  // What would be over at once is a deletion.
  if (deadlineMs <= keyspace.nowMs) deleteOpen(keyspace);
  else setDeadline(keyspace, deadlineMs);
  reply.integer(1);
}

/** Whether a deadline may take the place of another; 0 is no deadline, later than any. */
type Condition = (deadlineMs: number, before: number) => boolean;

const CONDITIONS: ReadonlyMap<string, Condition> = new Map<string, Condition>([
  ["nx", (_, before) => before === 0],
  ["xx", (_, before) => before !== 0],
  ["gt", (deadlineMs, before) => before !== 0 && deadlineMs > before],
  ["lt", (deadlineMs, before) => before === 0 || deadlineMs < before],
]);

function readConditions(call: Call): Condition[] {
  const words = new Set<string>();
  for (let i = 3; i < call.count; i++) {
    const word = call.text(i).toLowerCase();
    if (!CONDITIONS.has(word)) throw new ReplyError(UNSUPPORTED + call.text(i));
    words.add(word);
  }
  if (words.has("nx") && words.size > 1) throw new ReplyError(NX_AND_OTHERS);
  if (words.has("gt") && words.has("lt")) throw new ReplyError(GT_AND_LT);
  return [...words].map((word) => CONDITIONS.get(word)!);
}

/** The deadline of a record in milliseconds, or why there is none. */
function deadlineOf({ keyspace }: Call, at: Location): number {
  if (at === NOWHERE) return NO_KEY;
  const found = keyspace.records.deadline(at);
  return found === 0 ? NO_DEADLINE : found;
}

function left(call: Call, unitMs: number): void {
  const found = deadlineOf(call, call.look(1));
  if (found < 0) call.reply.integer(found);
  else replyInUnits(call, Math.max(0, found - call.keyspace.nowMs), unitMs);
}

function deadline(call: Call, unitMs: number): void {
  const found = deadlineOf(call, call.look(1));
  if (found < 0) call.reply.integer(found);
  else replyInUnits(call, found, unitMs);
}

/** Rounded, as Redis does. */
function replyInUnits({ reply }: Call, ms: number, unitMs: number): void {
  reply.integer(Math.round(ms / unitMs));
}

function persist(call: Call): void {
  const { keyspace } = call;
  const at = call.open(1);
  const isSet = at !== NOWHERE && keyspace.records.deadline(at) !== 0;
  if (isSet) setDeadline(keyspace, 0);
  call.reply.integer(isSet ? 1 : 0);
}
