/** Commands on keys as such: https://redis.io/docs/latest/commands/?group=generic */

import { compileGlob, globMatches } from "../base/glob.js";
import { parseInteger } from "../base/integer-text.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { Database } from "../keyspace/database.js";
import { isGhost } from "../keyspace/ghost.js";
import { copy, cut, graft } from "../keyspace/transplant.js";
import {
  DATABASE_OUT_OF_RANGE,
  NO_SUCH_KEY,
  ReplyError,
  SAME_OBJECT,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { allKeys, type Command, data, keyAt1 } from "./command.js";
import { readCursor, readScanOptions } from "./scan-arguments.js";
import { typeName } from "./type-names.js";

/** Cells looked at in one step of a walk over all keys. */
const WALK_HOMES = 256;
const HASHES = 2 ** 32;
/** Keys drawn at random may be about to expire; so many draws find another one, or there is hardly any. */
const RANDOM_DRAWS_MAX = 100;

export const keyCommands: readonly Command[] = [
  data({
    name: "del",
    arity: -2,
    group: "generic",
    flags: ["write"],
    keys: allKeys("RM", "delete"),
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax: "key...",
    since: "1.0.0",
    complexity: "O(N) in keys, and in the elements of large ones",
    summary: "Deletes keys and answers how many there were.",
    run: del,
  }),
  data({
    name: "unlink",
    arity: -2,
    group: "generic",
    flags: ["write", "fast"],
    keys: allKeys("RM", "delete"),
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax: "key...",
    since: "4.0.0",
    complexity: "O(N) in keys",
    summary: "Deletes keys and gives large values back to memory later.",
    run: del,
  }),
  data({
    name: "exists",
    arity: -2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: allKeys("RO"),
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax: "key...",
    since: "1.0.0",
    complexity: "O(N) in keys",
    summary: "Counts how many of the keys named exist, each as often as it is named.",
    history: [["3.0.3", "More than one key"]],
    run: exists,
  }),
  data({
    name: "touch",
    arity: -2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: allKeys("RO"),
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax: "key...",
    since: "3.2.1",
    complexity: "O(N) in keys",
    summary: "Marks keys as just used and counts those that exist.",
    run: touch,
  }),
  data({
    name: "type",
    arity: 2,
    group: "generic",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers the type of the value at a key.",
    run: type,
  }),
  data({
    name: "rename",
    arity: 3,
    group: "generic",
    flags: ["write"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["RW", "access", "delete"] },
      { first: 2, last: 2, step: 1, access: ["OW", "update"] },
    ],
    syntax: "key newkey#1",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Gives a key another name, replacing what had that name.",
    run: rename,
  }),
  data({
    name: "renamenx",
    arity: 3,
    group: "generic",
    flags: ["write", "fast"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["RW", "access", "delete"] },
      { first: 2, last: 2, step: 1, access: ["OW", "insert"] },
    ],
    syntax: "key newkey#1",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Gives a key another name unless that name is taken.",
    history: [["3.2.0", "The same name twice is no error"]],
    run: renamenx,
  }),
  data({
    name: "copy",
    arity: -3,
    group: "generic",
    flags: ["write", "denyoom"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["RO", "access"] },
      { first: 2, last: 2, step: 1, access: ["OW", "update"] },
    ],
    syntax: "source#0 destination#1 [DB destination-db:integer] [REPLACE]",
    since: "6.2.0",
    complexity: "O(N) in elements; O(1) for strings",
    summary: "Copies a value to another key, in another database if asked.",
    run: copyKey,
  }),
  data({
    name: "move",
    arity: 3,
    group: "generic",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key db:integer",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Moves a key to another database unless it exists there.",
    run: move,
  }),
  data({
    name: "keys",
    arity: 2,
    group: "generic",
    flags: ["readonly"],
    categories: ["dangerous"],
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    syntax: "pattern:pattern",
    since: "1.0.0",
    complexity: "O(N) in keys of the database",
    summary: "Lists all keys that match a pattern.",
    run: keys,
  }),
  data({
    name: "scan",
    arity: -2,
    group: "generic",
    flags: ["readonly"],
    tips: ["nondeterministic_output", "request_policy:special"],
    syntax: "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type@6.0.0]",
    since: "2.8.0",
    complexity: "O(1) a call, O(N) in keys for a whole pass",
    summary: "Lists keys a few at a time, from a cursor to the next.",
    history: [["6.0.0", "TYPE"]],
    run: scan,
  }),
  data({
    name: "randomkey",
    arity: 1,
    group: "generic",
    flags: ["readonly"],
    tips: ["request_policy:all_shards", "nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers a key picked at random.",
    run: randomkey,
  }),
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
    run: swapdb,
  }),
];

function del(call: Call): void {
  let removed = 0;
  for (let i = 1; i < call.count; i++) {
    if (call.peek(i) === NOWHERE) continue;
    call.keyspace.remove();
    removed++;
  }
  call.reply.integer(removed);
}

function exists(call: Call): void {
  let found = 0;
  for (let i = 1; i < call.count; i++) if (call.read(i) !== NOWHERE) found++;
  call.reply.integer(found);
}

function touch(call: Call): void {
  exists(call);
}

function type(call: Call): void {
  const at = call.peek(1);
  call.reply.simple(at === NOWHERE ? "none" : typeName(call.keyspace.records.type(at)));
}

function rename(call: Call): void {
  if (call.peek(1) === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  if (!isSameKey(call, 1, 2)) {
    const value = cut(call.keyspace);
    call.peek(2);
    graft(call.keyspace, value);
  }
  call.reply.ok();
}

function renamenx(call: Call): void {
  const { keyspace, reply } = call;
  if (call.peek(1) === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  if (isSameKey(call, 1, 2) || call.peek(2) !== NOWHERE) {
    reply.integer(0);
    return;
  }
  call.peek(1);
  const value = cut(keyspace);
  call.peek(2);
  graft(keyspace, value);
  reply.integer(1);
}

function copyKey(call: Call): void {
  const { keyspace, reply } = call;
  const source = keyspace.database.number;
  let target = source;
  let replaces = false;
  for (let i = 3; i < call.count; i++) {
    if (call.is(i, "replace")) replaces = true;
    else if (call.is(i, "db") && i + 1 < call.count) target = databaseNumber(call, ++i);
    else throw new ReplyError(SYNTAX_ERROR);
  }
  if (target === source && isSameKey(call, 1, 2)) throw new ReplyError(SAME_OBJECT);
  if (call.peek(1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  keyspace.select(target);
  const isBlocked = call.peek(2) !== NOWHERE && !replaces;
  keyspace.select(source);
  if (!isBlocked) {
    call.peek(1);
    const value = copy(keyspace, keyspace.databases[target]!);
    keyspace.select(target);
    call.peek(2);
    graft(keyspace, value);
  }
  reply.integer(isBlocked ? 0 : 1);
}

function move(call: Call): void {
  const { keyspace, reply } = call;
  const source = keyspace.database.number;
  const target = databaseNumber(call, 2);
  if (target === source) throw new ReplyError(SAME_OBJECT);
  keyspace.select(target);
  const isTaken = call.peek(1) !== NOWHERE;
  keyspace.select(source);
  if (isTaken || call.peek(1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const value = copy(keyspace, keyspace.databases[target]!);
  keyspace.remove();
  keyspace.select(target);
  call.peek(1);
  graft(keyspace, value);
  reply.integer(1);
}

/** A key that clients see and that has not expired. */
function isVisible({ keyspace }: Call, database: Database, at: Location): boolean {
  const deadline = database.records.deadline(at);
  return !isGhost(database, at) && (deadline === 0 || deadline > keyspace.nowMs);
}

function keys(call: Call): void {
  const { keyspace, reply } = call;
  const { database } = keyspace;
  const glob = compileGlob(call.bytes.subarray(call.start(1), call.end(1)));
  const mark = reply.reserveArray();
  let count = 0;
  const found: Location[] = [];
  for (let slot = database.nextSlot(0); slot >= 0; slot = database.nextSlot(slot + 1)) {
    for (let from = 0; from < HASHES; found.length = 0) {
      from = database.index.collect(slot, from, WALK_HOMES, found);
      for (const at of found) {
        if (!isVisible(call, database, at)) continue;
        const { bytes, start, end } = database.records.key(at);
        if (!globMatches(glob, bytes, start, end)) continue;
        reply.bulk(bytes, start, end);
        count++;
      }
    }
  }
  reply.fillArray(mark, count);
}

/** A cursor is the slot and, below it, the hash from which on keys are still to come. */
function scan(call: Call): void {
  const { keyspace, reply } = call;
  const { database } = keyspace;
  const cursor = readCursor(call, 1);
  let wantedType: string | undefined;
  const { match, count } = readScanOptions(call, 2, (i) => {
    if (!call.is(i, "type")) return false;
    wantedType = call.text(i + 1).toLowerCase();
    return true;
  });
  const found: Location[] = [];
  let slot = Math.floor(cursor / HASHES);
  let from = cursor % HASHES;
  if (slot >= database.counts.length) slot = -1;
  while (slot >= 0 && found.length < count) {
    if (from >= HASHES || database.counts[slot] === 0) {
      slot = database.nextSlot(slot + 1);
      from = 0;
    } else {
      from = database.index.collect(slot, from, Math.max(1, count - found.length), found);
    }
  }
  if (slot >= 0 && from >= HASHES) {
    slot = database.nextSlot(slot + 1);
    from = 0;
  }
  reply.array(2);
  reply.bulkInteger(slot < 0 ? 0 : slot * HASHES + from);
  const mark = reply.reserveArray();
  let matches = 0;
  for (const at of found) {
    if (!isVisible(call, database, at)) continue;
    if (wantedType !== undefined && typeName(database.records.type(at)) !== wantedType) continue;
    const { bytes, start, end } = database.records.key(at);
    if (match && !globMatches(match, bytes, start, end)) continue;
    reply.bulk(bytes, start, end);
    matches++;
  }
  reply.fillArray(mark, matches);
}

function randomkey(call: Call): void {
  const { database } = call.keyspace;
  for (let draw = 0; draw < RANDOM_DRAWS_MAX && database.size > 0; draw++) {
    const slot = database.slotOfRank(call.random() % database.size);
    const at = database.near(slot, call.random() | 0);
    if (!isVisible(call, database, at)) continue;
    const { bytes, start, end } = database.records.key(at);
    call.reply.bulk(bytes, start, end);
    return;
  }
  call.reply.null();
}

function dbsize(call: Call): void {
  call.reply.integer(call.keyspace.database.size);
}

function flushdb(call: Call): void {
  readFlushMode(call);
  call.keyspace.flush(call.keyspace.database.number);
  call.reply.ok();
}

function flushall(call: Call): void {
  readFlushMode(call);
  for (const { number } of call.keyspace.databases) call.keyspace.flush(number);
  call.reply.ok();
}

/** Either way memory is given back at once: see `Database.clear`. */
function readFlushMode(call: Call): void {
  const isMode = call.count === 2 && (call.is(1, "async") || call.is(1, "sync"));
  if (call.count > 1 && !isMode) throw new ReplyError(SYNTAX_ERROR);
}

function swapdb(call: Call): void {
  const one = swappedNumber(call, 1, "ERR invalid first DB index");
  const other = swappedNumber(call, 2, "ERR invalid second DB index");
  const { length } = call.keyspace.databases;
  if (one < 0 || other < 0 || one >= length || other >= length) throw new ReplyError(DATABASE_OUT_OF_RANGE);
  call.keyspace.swap(one, other);
  call.reply.ok();
}

function swappedNumber(call: Call, index: number, error: string): number {
  const number = parseInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(number)) throw new ReplyError(error);
  return number;
}

function databaseNumber(call: Call, index: number): number {
  const number = call.integer(index);
  if (number < 0 || number >= call.keyspace.databases.length) throw new ReplyError(DATABASE_OUT_OF_RANGE);
  return number;
}

function isSameKey(call: Call, one: number, other: number): boolean {
  return (
    call.bytes.compare(call.bytes, call.start(one), call.end(one), call.start(other), call.end(other)) === 0
  );
}
