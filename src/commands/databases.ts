/** Commands on whole databases: their size, emptying and exchanging them. */
import { flushDatabase } from "../keyspace/slot-flush.js";
import { DATABASE_OUT_OF_RANGE, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { isInt } from "./database-number.js";
import { countOwnKeys } from "./own-slots.js";

export const databaseCommands: readonly Command[] = [
  data({
    name: "dbsize",
    arity: 1,
    group: "server",
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    tips: ["request_policy:all_shards", "response_policy:agg_sum"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Counts the keys of the open database.",
    seesAll: true,
    differs:
      "On a cluster it is about the keys of all nodes, each asked at its own time; if one cannot be reached, it fails.",
    across: "sum",
    run: dbsize,
  }),
  data({
    name: "flushdb",
    arity: -1,
    group: "server",
    flags: ["write"],
    categories: ["dangerous", "keyspace"],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax: "[async=(ASYNC@4.0.0|SYNC@6.2.0)]",
    since: "1.0.0",
    complexity: "O(N) in keys of the database",
    summary: "Deletes all keys of the open database.",
    history: [
      ["4.0.0", "ASYNC"],
      ["6.2.0", "SYNC"],
    ],
    differs:
      "On a cluster it is about the keys of all nodes, each asked at its own time; if one cannot be reached, it fails.",
    across: "ok",
    run: flushdb,
  }),
  data({
    name: "flushall",
    arity: -1,
    group: "server",
    flags: ["write"],
    categories: ["dangerous", "keyspace"],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax: "[async=(ASYNC@4.0.0|SYNC@6.2.0)]",
    since: "1.0.0",
    complexity: "O(N) in all keys",
    summary: "Deletes all keys of all databases.",
    history: [
      ["4.0.0", "ASYNC"],
      ["6.2.0", "SYNC"],
    ],
    differs:
      "On a cluster it is about the keys of all nodes, each asked at its own time; if one cannot be reached, it fails.",
    across: "ok",
    run: flushall,
  }),
  data({
    name: "swapdb",
    arity: 3,
    group: "server",
    flags: ["write", "fast"],
    categories: ["dangerous", "keyspace"],
    syntax: "index1:integer index2:integer",
    since: "4.0.0",
    complexity: "O(N) in clients that watch or wait in either",
    summary: "Exchanges the contents of two databases.",
    differs: "Is refused on a cluster of several nodes.",
    across: "refused",
    run: swapdb,
  }),
];

function dbsize(call: Call): void {
  call.reply.integer(countOwnKeys(call));
}

function flushdb(call: Call): void {
  readFlushMode(call);
  flushDatabase(call.keyspace, call.keyspace.database.number);
  call.reply.ok();
}

function flushall(call: Call): void {
  readFlushMode(call);
  for (const { number } of call.keyspace.databases) flushDatabase(call.keyspace, number);
  call.reply.ok();
}

function readFlushMode(call: Call): void {
  const isMode = call.count === 2 && (call.is(1, "async") || call.is(1, "sync"));
  if (call.count > 1 && !isMode) throw new ReplyError(SYNTAX_ERROR);
}

function swapdb(call: Call): void {
  const one = swappedNumber(call, 1, "ERR invalid first DB index");
  const other = swappedNumber(call, 2, "ERR invalid second DB index");
  const { length } = call.keyspace.databases;
  if (one < 0 || other < 0 || one >= length || other >= length) throw new ReplyError(DATABASE_OUT_OF_RANGE);
  if (one !== other) call.keyspace.swap(one, other);
  // Nothing has changed, but Redis counts it.
  else call.keyspace.dirty++;
  call.reply.ok();
}

function swappedNumber(call: Call, index: number, error: string): number {
  const number = call.integer(index, error);
  if (!isInt(number)) throw new ReplyError(error);
  return number;
}
