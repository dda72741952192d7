/** Commands on single keys, whatever is in them: https://redis.io/docs/latest/commands/?group=generic */
import { NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { ACCESS } from "../keyspace/record.js";
import { abandon, copy, graft, isTellable, take } from "../keyspace/transplant.js";
import {
  NO_SUCH_KEY,
  OUT_OF_MEMORY,
  ReplyError,
  SAME_OBJECT,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { allKeys, type Command, data, keyAt1 } from "./command.js";
import { databaseNumber } from "./database-number.js";
import { deleteOpen } from "./open-key.js";
import { typeName } from "./type-names.js";

const TOLD_WHOLE =
  "Where there is a log, or another node, the value is told as a whole: a collection of more than 2 GiB is refused.";

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
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "sum",
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
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "sum",
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
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "sum",
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
    alwaysTouches: true,
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "sum",
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
    complexity: "O(1); O(N) in elements where changes are told",
    summary: "Gives a key another name, replacing what had that name.",
    differs: `On a cluster of several nodes its keys must be in one slot. ${TOLD_WHOLE}`,
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
    complexity: "O(1); O(N) in elements where changes are told",
    summary: "Gives a key another name unless that name is taken.",
    history: [["3.2.0", "The same name twice is no error"]],
    differs: `On a cluster of several nodes its keys must be in one slot. ${TOLD_WHOLE}`,
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
    differs: `On a cluster of several nodes its keys must be in one slot. ${TOLD_WHOLE}`,
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
    complexity: "O(1); O(N) in fields of a large hash",
    summary: "Moves a key to another database unless it exists there.",
    differs:
      "A large hash is copied, as by COPY, for databases share no memory: a million fields take about as long as in Redis's COPY, " +
      `some tenths of a second in which nobody else is served. Redis hands the value over. ${TOLD_WHOLE}`,
    run: move,
  }),
];

function del(call: Call): void {
  let removed = 0;
  for (let i = 1; i < call.count; i++) {
    if (call.peek(i) === NOWHERE) continue;
    deleteOpen(call.keyspace);
    removed++;
  }
  call.reply.integer(removed);
}

function exists(call: Call): void {
  let found = 0;
  for (let i = 1; i < call.count; i++) if (call.look(i) !== NOWHERE) found++;
  call.reply.integer(found);
}

function touch(call: Call): void {
  let found = 0;
  for (let i = 1; i < call.count; i++) if (call.read(i) !== NOWHERE) found++;
  call.reply.integer(found);
}

function type(call: Call): void {
  const at = call.look(1);
  call.reply.simple(at === NOWHERE ? "none" : typeName(call.keyspace.records.type(at)));
}

function rename(call: Call): void {
  if (call.open(1) === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  if (!isSameKey(call, 1, 2)) giveName(call);
  call.reply.ok();
}

function renamenx(call: Call): void {
  const { reply } = call;
  if (call.open(1) === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  if (isSameKey(call, 1, 2) || call.open(2) !== NOWHERE) {
    reply.integer(0);
    return;
  }
  call.peek(1);
  giveName(call);
  reply.integer(1);
}

/** Gives the value of the open key to the key in argument 2. */
function giveName(call: Call): void {
  const { keyspace } = call;
  mustBeTellable(keyspace);
  const value = take(keyspace);
  call.peek(2);
  graft(keyspace, value);
  call.peek(1);
  abandon(keyspace);
  if (keyspace.events === null) return;
  keyspace.happened("generic", "rename_from");
  call.peek(2);
  keyspace.happened("generic", "rename_to");
}

function mustBeTellable(keyspace: Keyspace): void {
  if (!isTellable(keyspace)) throw new ReplyError(OUT_OF_MEMORY);
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
  if (call.read(1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  keyspace.select(target);
  const isBlocked = call.open(2) !== NOWHERE && !replaces;
  keyspace.select(source);
  if (!isBlocked) {
    call.peek(1);
    mustBeTellable(keyspace);
    const value = copy(keyspace, keyspace.databases[target]!);
    keyspace.select(target);
    call.peek(2);
    graft(keyspace, value);
    keyspace.happened("generic", "copy_to");
  }
  reply.integer(isBlocked ? 0 : 1);
}

function move(call: Call): void {
  const { keyspace, reply } = call;
  const source = keyspace.database.number;
  const target = databaseNumber(call, 2);
  if (target === source) throw new ReplyError(SAME_OBJECT);
  if (call.open(1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  keyspace.select(target);
  const isTaken = call.open(1) !== NOWHERE;
  keyspace.select(source);
  if (isTaken) {
    reply.integer(0);
    return;
  }
  const access = keyspace.records.word(call.peek(1), ACCESS);
  mustBeTellable(keyspace);
  const value = { ...copy(keyspace, keyspace.databases[target]!), access };
  keyspace.select(target);
  call.peek(1);
  graft(keyspace, value);
  keyspace.select(source);
  call.peek(1);
  keyspace.remove(0);
  if (keyspace.events !== null) tellMoved(call, source, target);
  reply.integer(1);
}

function tellMoved(call: Call, source: number, target: number): void {
  const { keyspace } = call;
  keyspace.happened("generic", "move_from");
  keyspace.select(target);
  call.peek(1);
  keyspace.happened("generic", "move_to");
  keyspace.select(source);
}

function isSameKey(call: Call, one: number, other: number): boolean {
  return (
    call.bytes.compare(call.bytes, call.start(one), call.end(one), call.start(other), call.end(other)) === 0
  );
}
