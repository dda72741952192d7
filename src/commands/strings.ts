/** Commands that set and get whole values: https://redis.io/docs/latest/commands/?group=string */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { setText } from "../keyspace/text.js";
import { ReplyError, wrongNumberOfArguments } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { allKeys, type Command, data, everyOtherKey, keyAt1 } from "./command.js";
import { EX, PX, positiveDeadline, type TimeForm } from "./expiry-time.js";
import { deleteOpen, setDeadline } from "./open-key.js";
import { readStringOptions } from "./string-options.js";
import { replyText } from "./string-replies.js";

export const stringCommands: readonly Command[] = [
  data({
    name: "set",
    arity: -3,
    group: "string",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "access", "update", "variable_flags"),
    syntax: `key value [condition=(NX|XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds:integer@2.6.12|PX
      milliseconds:integer@2.6.12|EXAT unix-time-seconds:unix-time@6.2.0|PXAT
      unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0)]`,
    since: "1.0.0",
    complexity: "O(1)",
    summary:
      "Sets the value of a key, with an expiry and a condition if asked, and may answer the value before.",
    history: [
      ["2.6.12", "EX, PX, NX and XX"],
      ["6.0.0", "KEEPTTL"],
      ["6.2.0", "GET, EXAT and PXAT"],
      ["7.0.0", "NX and GET may stand together"],
    ],
    keyAccess: setAccess,
    run: set,
  }),
  data({
    name: "get",
    arity: 2,
    group: "string",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers the value of a key.",
    run: get,
  }),
  data({
    name: "setnx",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("OW", "insert"),
    syntax: "key value",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Sets the value of a key that does not exist yet.",
    run: setnx,
  }),
  data({
    name: "setex",
    arity: 4,
    group: "string",
    flags: ["write", "denyoom"],
    keys: keyAt1("OW", "update"),
    syntax: "key seconds:integer value",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Sets the value of a key with an expiry in seconds.",
    run: (call) => setWithTime(call, EX, "setex"),
  }),
  data({
    name: "psetex",
    arity: 4,
    group: "string",
    flags: ["write", "denyoom"],
    keys: keyAt1("OW", "update"),
    syntax: "key milliseconds:integer value",
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Sets the value of a key with an expiry in milliseconds.",
    run: (call) => setWithTime(call, PX, "psetex"),
  }),
  data({
    name: "getset",
    arity: 3,
    group: "string",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: "key value",
    since: "1.0.0",
    deprecatedSince: "6.2.0",
    replacedBy: "`SET` with `GET`",
    complexity: "O(1)",
    summary: "Sets the value of a key and answers the one before.",
    run: getset,
  }),
  data({
    name: "getdel",
    arity: 2,
    group: "string",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "access", "delete"),
    syntax: "key",
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Answers the value of a key and deletes it.",
    run: getdel,
  }),
  data({
    name: "getex",
    arity: -2,
    group: "string",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "access", "update"),
    syntax: `key [expiration=(EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|
      PXAT unix-time-milliseconds:unix-time|PERSIST)]`,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Answers the value of a key and changes or removes its expiry.",
    run: getex,
  }),
  data({
    name: "mget",
    arity: -2,
    group: "string",
    flags: ["readonly", "fast"],
    keys: allKeys("RO", "access"),
    tips: ["request_policy:multi_shard"],
    syntax: "key...",
    since: "1.0.0",
    complexity: "O(N) in keys",
    summary: "Answers the values of several keys, nil where there is none.",
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "elements",
    run: mget,
  }),
  data({
    name: "mset",
    arity: -3,
    group: "string",
    flags: ["write", "denyoom"],
    keys: everyOtherKey("OW", "update"),
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    syntax: "(key value)...",
    since: "1.0.1",
    complexity: "O(N) in keys",
    summary: "Sets the values of several keys at once.",
    differs:
      "On a cluster the nodes of its keys do their parts at different times, and one may fail without the others.",
    across: "ok",
    run: mset,
  }),
  data({
    name: "msetnx",
    arity: -3,
    group: "string",
    flags: ["write", "denyoom"],
    keys: everyOtherKey("OW", "insert"),
    tips: ["request_policy:multi_shard", "response_policy:agg_min"],
    syntax: "(key value)...",
    since: "1.0.1",
    complexity: "O(N) in keys",
    summary: "Sets the values of several keys, all of them or, if any exists, none.",
    differs: "On a cluster of several nodes its keys must be in one slot.",
    run: msetnx,
  }),
];

/** Whether the old value is asked for. */
function setAccess(call: Call, name: number): readonly string[] {
  for (let i = name + 3; i < call.count; i++) if (call.is(i, "get")) return ["RW", "access", "update"];
  return ["OW", "update"];
}

function set(call: Call): void {
  if (call.count > 3) {
    setWithOptions(call);
    return;
  }
  call.open(1);
  setString(call, 2, 0);
  call.reply.ok();
}

/** Gives the open key the value in an argument. `deadlineMs` 0 means no expiry. */
function setString(call: Call, index: number, deadlineMs: number): void {
  const { keyspace } = call;
  setText(keyspace, call.bytes, call.start(index), call.end(index), deadlineMs);
  keyspace.happened("string", "set");
}

function setWithOptions(call: Call): void {
  const { keyspace, reply } = call;
  const { condition, get: answersOld, keepTtl, time, timeIndex } = readStringOptions(call, 3, "set");
  let deadline = time === undefined ? 0 : positiveDeadline(call, timeIndex, time, "set");
  const at = answersOld ? call.read(1) : call.open(1);
  if (answersOld) replyValue(call, at);
  if (condition === "nx" ? at !== NOWHERE : condition === "xx" && at === NOWHERE) {
    if (!answersOld) reply.null();
    return;
  }
  if (keepTtl && at !== NOWHERE) deadline = keyspace.records.deadline(at);
  setString(call, 2, deadline);
  if (time !== undefined) keyspace.happened("generic", "expire");
  if (!answersOld) reply.ok();
}

function get(call: Call): void {
  replyValue(call, call.read(1));
}

/** Replies with a value, or nil if there is none. Refuses other types. */
function replyValue(call: Call, at: Location): void {
  if (at === NOWHERE) {
    call.reply.null();
    return;
  }
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  replyText(call, at);
}

function setnx(call: Call): void {
  const isAbsent = call.open(1) === NOWHERE;
  if (isAbsent) setString(call, 2, 0);
  call.reply.integer(isAbsent ? 1 : 0);
}

function setWithTime(call: Call, form: TimeForm, command: string): void {
  const deadline = positiveDeadline(call, 2, form, command);
  call.open(1);
  setString(call, 3, deadline);
  call.keyspace.happened("generic", "expire");
  call.reply.ok();
}

function getset(call: Call): void {
  replyValue(call, call.read(1));
  setString(call, 2, 0);
}

function getdel(call: Call): void {
  const at = call.read(1);
  replyValue(call, at);
  if (at !== NOWHERE) deleteOpen(call.keyspace);
}

function getex(call: Call): void {
  const { keyspace } = call;
  const { persist, time, timeIndex } = readStringOptions(call, 2, "getex");
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const isChange = at !== NOWHERE && time !== undefined;
  const deadline = isChange ? positiveDeadline(call, timeIndex, time, "getex") : 0;
  replyValue(call, at);
  if (isChange && deadline <= keyspace.nowMs) deleteOpen(keyspace);
  else if (isChange) setDeadline(keyspace, deadline);
  else if (persist && at !== NOWHERE && keyspace.records.deadline(at) !== 0) setDeadline(keyspace, 0);
}

function mget(call: Call): void {
  const { keyspace, reply } = call;
  reply.array(call.count - 1);
  for (let i = 1; i < call.count; i++) {
    const at = call.read(i);
    const type = at === NOWHERE ? undefined : keyspace.records.type(at);
    if (type === TYPE_TEXT || type === TYPE_COUNTER) replyValue(call, at);
    else reply.null();
  }
}

function mset(call: Call): void {
  expectPairs(call, "mset");
  setPairs(call);
  call.reply.ok();
}

function msetnx(call: Call): void {
  expectPairs(call, "msetnx");
  for (let i = 1; i < call.count; i += 2) {
    if (call.open(i) === NOWHERE) continue;
    call.reply.integer(0);
    return;
  }
  setPairs(call);
  call.reply.integer(1);
}

function expectPairs(call: Call, command: string): void {
  if (call.count % 2 === 0) throw new ReplyError(wrongNumberOfArguments(command));
}

function setPairs(call: Call): void {
  for (let i = 1; i < call.count; i += 2) {
    call.open(i);
    setString(call, i + 1, 0);
  }
}
