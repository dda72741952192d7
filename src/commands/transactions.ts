/** Commands that run together, and only if nobody interfered: https://redis.io/docs/latest/commands/?group=transactions */
import {
  DISCARD_WITHOUT_MULTI,
  EXEC_ABORTED,
  EXEC_WITHOUT_MULTI,
  NESTED_MULTI,
  ReplyError,
  WATCH_INSIDE_MULTI,
} from "../protocol/reply-error.js";
import { allKeys, type Command, session } from "./command.js";
import type { SessionCall, Transaction } from "./session.js";

export const transactionCommands: readonly Command[] = [
  session({
    name: "multi",
    arity: 1,
    group: "transactions",
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    unqueued: true,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Opens a transaction: the commands that follow wait for EXEC.",
    changesConnection: true,
    run: multi,
  }),
  session({
    name: "exec",
    arity: 1,
    group: "transactions",
    flags: ["noscript", "loading", "stale", "skip_slowlog"],
    unqueued: true,
    executes: true,
    since: "1.2.0",
    complexity: "By the commands in the transaction",
    summary: "Runs the waiting commands as one, unless a watched key has changed.",
    changesConnection: true,
    differs:
      "On a cluster of several nodes all keys, those that are watched too, must be in one slot; SELECT and its like are only for slots of the client's own node. " +
      "Once its commands have changed more than 1 GiB, those that follow and would write are refused, each with an error of its own.",
    run: exec,
  }),
  session({
    name: "discard",
    arity: 1,
    group: "transactions",
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    unqueued: true,
    since: "2.0.0",
    complexity: "O(N) in waiting commands",
    summary: "Drops the transaction and the keys watched for it.",
    changesConnection: true,
    run: discard,
  }),
  session({
    name: "watch",
    arity: -2,
    group: "transactions",
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    keys: allKeys("RO"),
    unqueued: true,
    syntax: "key...",
    since: "2.2.0",
    complexity: "O(N) in keys",
    summary: "Watches keys, so that EXEC runs only if nobody has changed them.",
    changesConnection: true,
    watches: true,
    differs:
      "On a cluster also a lost link to the node that executes the key's slot, or another one that does so now, counts as a change.",
    run: watch,
  }),
  session({
    name: "unwatch",
    arity: 1,
    group: "transactions",
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Stops watching all keys.",
    changesConnection: true,
    run: unwatch,
  }),
];

function multi(call: SessionCall): void {
  const { session } = call;
  if (session.transaction !== null) throw new ReplyError(NESTED_MULTI);
  session.transaction = newTransaction();
  call.reply.ok();
}

export function newTransaction(): Transaction {
  return {
    queue: [],
    queuedBytes: 0,
    aborted: false,
    writes: false,
    needsMemory: false,
    needsData: false,
    slot: -1,
    bound: "",
  };
}

function exec(call: SessionCall): void {
  const { session, keyspace } = call;
  const { transaction } = session;
  if (transaction === null) throw new ReplyError(EXEC_WITHOUT_MULTI);
  // A watched key whose time has come has changed, whether or not anyone has looked at it since.
  keyspace.watchers.expire(keyspace, session);
  const { keysChanged } = session;
  if (transaction.aborted || keysChanged) {
    discardTransaction(call);
    if (transaction.aborted) throw new ReplyError(EXEC_ABORTED);
    call.reply.nullArray();
    return;
  }
  session.unwatch();
  call.node.executeTransaction(session);
  session.transaction = null;
}

function discard(call: SessionCall): void {
  if (call.session.transaction === null) throw new ReplyError(DISCARD_WITHOUT_MULTI);
  discardTransaction(call);
  call.reply.ok();
}

/** Ends the connection's transaction, if there is one, and all its watching. */
export function discardTransaction({ session }: SessionCall): void {
  session.transaction = null;
  session.unwatch();
}

function watch(call: SessionCall): void {
  const { session, keyspace } = call;
  if (session.transaction !== null) throw new ReplyError(WATCH_INSIDE_MULTI);
  for (let i = 1; i < call.count; i++) {
    // What has expired goes now: its removal later must not count as a change.
    call.peek(i);
    keyspace.watchers.watch(session, session.database, call.copy(i));
    session.watched(keyspace.slot);
  }
  call.reply.ok();
}

function unwatch({ session, reply }: SessionCall): void {
  session.unwatch();
  reply.ok();
}
