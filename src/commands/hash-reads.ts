/** Commands that read hashes: https://redis.io/docs/latest/commands/?group=hash */
import { globMatches } from "../base/glob.js";
import { INT64_MIN, parseInt64 } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { drawDistinctFields, drawFields } from "../keyspace/entry-sample.js";
import type { LiveField } from "../keyspace/open-entries.js";
import { TYPE_HASH } from "../keyspace/record.js";
import {
  COUNT_OUT_OF_RANGE,
  NOT_AN_INTEGER,
  OUT_OF_RANGE,
  REPLY_TOO_LARGE,
  ReplyError,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { readCursor, readScanOptions } from "./scan-arguments.js";

/** Larger values are sent from where they lie. */
const COPIED_BYTES_MAX = 64 * 1024;
/** HRANDFIELD refuses a number of pairs that has twice as many elements as 64 bits can count. */
const PAIRS_MAX = 2n ** 62n - 1n;
/** So many empty strings are a reply of 1 GiB: more need not be tried. */
const ANSWERED_MAX = 2 ** 30 / 6;

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
    run: hrandfield,
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
    run: hscan,
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
    replyField(call, reader as LiveField);
    replyValue(call, reader as LiveField);
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

function hrandfield(call: Call): void {
  const { keyspace, random, reply } = call;
  if (call.count > 2) {
    hrandfieldCount(call);
    return;
  }
  if (openForReading(call) === NOWHERE) reply.null();
  else drawFields(keyspace, 1, random, (field) => replyField(call, field));
}

/** A negative count lets a field come again; a positive one ends with the hash. */
function hrandfieldCount(call: Call): void {
  const { keyspace, random, reply } = call;
  const asked = parseInt64(call.bytes, call.start(2), call.end(2));
  if (asked === undefined) throw new ReplyError(NOT_AN_INTEGER);
  if (asked === INT64_MIN) throw new ReplyError(COUNT_OUT_OF_RANGE);
  const withValues = call.count === 4 && call.is(3, "withvalues");
  if (call.count > 3 && !withValues) throw new ReplyError(SYNTAX_ERROR);
  if (withValues && (asked > PAIRS_MAX || asked < -PAIRS_MAX)) throw new ReplyError(OUT_OF_RANGE);
  const count = Number(asked);
  if (openForReading(call) === NOWHERE || count === 0) {
    reply.emptyArray();
    return;
  }
  const answered = count < 0 ? -count : Math.min(count, keyspace.openEntries.length);
  if (answered > ANSWERED_MAX) throw new ReplyError(REPLY_TOO_LARGE);
  reply.array(withValues && reply.resp === 2 ? answered * 2 : answered);
  const visit = (field: LiveField) => {
    if (withValues && reply.resp === 3) reply.array(2);
    replyField(call, field);
    if (withValues) replyValue(call, field);
  };
  if (count < 0) drawFields(keyspace, answered, random, visit);
  else drawDistinctFields(keyspace, answered, random, visit);
}

function hscan(call: Call): void {
  const { keyspace, reply } = call;
  const cursor = readCursor(call, 2);
  if (openForReading(call) === NOWHERE) {
    // As Redis, which does not look at the options of what is not there.
    reply.array(2);
    reply.bulkInteger(0);
    reply.emptyArray();
    return;
  }
  const { match, count } = readScanOptions(call, 3);
  reply.array(2);
  const positions: number[] = [];
  const reader = keyspace.openEntries.entries();
  reply.bulkInteger(reader.scan(cursor, count, positions));
  const mark = reply.reserveArray();
  let elements = 0;
  for (const position of positions) {
    reader.goTo(position);
    const { field, value } = reader;
    if (value === null || (match && !globMatches(match, field.bytes, field.start, field.end))) continue;
    replyField(call, reader as LiveField);
    replyValue(call, reader as LiveField);
    elements += 2;
  }
  reply.fillArray(mark, elements);
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
