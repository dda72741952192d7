/** Commands that read hashes: https://redis.io/docs/latest/commands/?group=hash */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { LiveField } from "../keyspace/open-entries.js";
import { TYPE_HASH } from "../keyspace/record.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { replyDrawn, replyScanned } from "./entry-replies.js";

/** Larger values are sent from where they lie. */
const COPIED_BYTES_MAX = 64 * 1024;
export const hashReads: readonly Command[] = [
  data({
    name: "hget",
    arity: 3,
    group: "hash",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key field",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Answers the value of one field of a hash.",
    run: hget,
  }),
  data({
    name: "hmget",
    arity: -3,
    group: "hash",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key field...",
    since: "2.0.0",
    complexity: "O(N) in fields",
    summary: "Answers the values of several fields of a hash, nil where there is none.",
    run: hmget,
  }),
  data({
    name: "hgetall",
    arity: 2,
    group: "hash",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output_order"],
    syntax: "key",
    since: "2.0.0",
    complexity: "O(N) in fields of the hash",
    summary: "Answers all fields of a hash with their values.",
    run: hgetall,
  }),
  data({
    name: "hkeys",
    arity: 2,
    group: "hash",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output_order"],
    syntax: "key",
    since: "2.0.0",
    complexity: "O(N) in fields of the hash",
    summary: "Lists the fields of a hash.",
    run: hkeys,
  }),
  data({
    name: "hvals",
    arity: 2,
    group: "hash",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output_order"],
    syntax: "key",
    since: "2.0.0",
    complexity: "O(N) in fields of the hash",
    summary: "Lists the values of a hash.",
    run: hvals,
  }),
  data({
    name: "hlen",
    arity: 2,
    group: "hash",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Counts the fields of a hash.",
    run: hlen,
  }),
  data({
    name: "hstrlen",
    arity: 3,
    group: "hash",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key field",
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Answers the length of a field's value in bytes.",
    run: hstrlen,
  }),
  data({
    name: "hexists",
    arity: 3,
    group: "hash",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key field",
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Tells whether a hash has a field.",
    run: hexists,
  }),
  data({
    name: "hrandfield",
    arity: -2,
    group: "hash",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key [options=(count:integer [WITHVALUES])]",
    since: "6.2.0",
    complexity: "O(N) in fields answered",
    summary: "Answers fields of a hash picked at random, with their values if asked.",
    differs: "A reply of more than 1 GiB, which a large negative count may ask for, is refused.",
    run: (call) =>
      replyDrawn(call, openForReading, (field, isPair) => replyDrawnField(call, field, isPair), "withvalues"),
  }),
  data({
    name: "hscan",
    arity: -3,
    group: "hash",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
    since: "2.8.0",
    complexity: "O(1) a call, O(N) in fields for a whole pass",
    summary: "Lists the fields of a hash a few at a time, from a cursor to the next.",
    run: (call) => replyScanned(call, openForReading, 2, (field) => replyPair(call, field)),
  }),
];

function hget(call: Call): void {
  if (openForReading(call) === NOWHERE) call.reply.null();
  else replyValue(call, fieldAt(call, 2));
}

function hmget(call: Call): void {
  const { count, reply } = call;
  const at = openForReading(call);
  reply.array(count - 2);
  for (let i = 2; i < count; i++) {
    if (at === NOWHERE) reply.null();
    else replyValue(call, fieldAt(call, i));
  }
}

function hgetall(call: Call): void {
  if (openForReading(call) === NOWHERE) {
    call.reply.map(0);
    return;
  }
  const { openEntries } = call.keyspace;
  call.reply.map(openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) {
    replyPair(call, reader as LiveField);
  }
}

function hkeys(call: Call): void {
  if (openForReading(call) === NOWHERE) {
    call.reply.emptyArray();
    return;
  }
  const { openEntries } = call.keyspace;
  call.reply.array(openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) replyField(call, reader as LiveField);
}

function hvals(call: Call): void {
  if (openForReading(call) === NOWHERE) {
    call.reply.emptyArray();
    return;
  }
  const { openEntries } = call.keyspace;
  call.reply.array(openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) replyValue(call, reader as LiveField);
}

function hlen(call: Call): void {
  const isThere = openForReading(call) !== NOWHERE;
  call.reply.integer(isThere ? call.keyspace.openEntries.length : 0);
}

function hstrlen(call: Call): void {
  const value = openForReading(call) === NOWHERE ? undefined : fieldAt(call, 2)?.value;
  call.reply.integer(value === undefined ? 0 : value.end - value.start);
}

function hexists(call: Call): void {
  const isThere = openForReading(call) !== NOWHERE && fieldAt(call, 2) !== undefined;
  call.reply.integer(isThere ? 1 : 0);
}

function replyDrawnField(call: Call, field: LiveField, withValue: boolean): void {
  if (withValue && call.reply.resp === 3) call.reply.array(2);
  replyField(call, field);
  if (withValue) replyValue(call, field);
}

function replyPair(call: Call, field: LiveField): void {
  replyField(call, field);
  replyValue(call, field);
}

/** Opens the key, which counts as a hit or a miss; refuses what is no hash. */
function openForReading(call: Call): Location {
  const at = call.read(1);
  call.expectType(at, TYPE_HASH);
  return at;
}

/** The field named by an argument in the open hash. */
export function fieldAt(call: Call, index: number): LiveField | undefined {
  return call.keyspace.openEntries.find(call.bytes, call.start(index), call.end(index));
}

function replyField({ reply }: Call, { field }: LiveField): void {
  reply.bulk(field.bytes, field.start, field.end);
}

function replyValue({ reply, keyspace }: Call, field: LiveField | undefined): void {
  if (field === undefined) {
    reply.null();
    return;
  }
  const { value, at } = field;
  if (value.end - value.start > COPIED_BYTES_MAX && at !== NOWHERE)
    reply.largeBulk(keyspace.records.lend(at)!);
  else reply.bulk(value.bytes, value.start, value.end);
}
