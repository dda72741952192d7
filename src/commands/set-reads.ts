/** Commands that read one set: https://redis.io/docs/latest/commands/?group=set */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { TYPE_SET } from "../keyspace/record.js";
import type { ByteView } from "../keyspace/records.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { replyDrawn, replyScanned } from "./entry-replies.js";

export const setReads: readonly Command[] = [
  data({
    name: "scard",
    arity: 2,
    group: "set",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Counts the members of a set.",
    run: scard,
  }),
  data({
    name: "sismember",
    arity: 3,
    group: "set",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key member",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Tells whether something is a member of a set.",
    run: sismember,
  }),
  data({
    name: "smismember",
    arity: -3,
    group: "set",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key member...",
    since: "6.2.0",
    complexity: "O(N) in members asked about",
    summary: "Tells of several things whether they are members of a set.",
    run: smismember,
  }),
  data({
    name: "smembers",
    arity: 2,
    group: "set",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output_order"],
    syntax: "key",
    since: "1.0.0",
    complexity: "O(N) in members of the set",
    summary: "Lists the members of a set.",
    differs:
      "Where others have copies, a set that held more than integers, or too many, is not in their order again once it was emptied and refilled, until what is left of the removed is collected.",
    run: smembers,
  }),
  data({
    name: "srandmember",
    arity: -2,
    group: "set",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key [count:integer@2.6.0]",
    since: "1.0.0",
    complexity: "O(N) in members answered",
    summary: "Answers members of a set picked at random, and leaves them there.",
    history: [["2.6.0", "A count"]],
    differs: "A reply of more than 1 GiB, which a large negative count may ask for, is refused.",
    run: srandmember,
  }),
  data({
    name: "sscan",
    arity: -3,
    group: "set",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
    since: "2.8.0",
    complexity: "O(1) a call, O(N) in members for a whole pass",
    summary: "Lists the members of a set a few at a time, from a cursor to the next.",
    run: (call) => replyScanned(call, openForReading, 1, ({ field }) => replyMember(call, field)),
  }),
];

function scard(call: Call): void {
  const isThere = openForReading(call) !== NOWHERE;
  call.reply.integer(isThere ? call.keyspace.openEntries.length : 0);
}

function sismember(call: Call): void {
  const at = openForReading(call);
  call.reply.integer(at !== NOWHERE && isMember(call, 2) ? 1 : 0);
}

function smismember(call: Call): void {
  const { count, reply } = call;
  const at = openForReading(call);
  reply.array(count - 2);
  for (let i = 2; i < count; i++) reply.integer(at !== NOWHERE && isMember(call, i) ? 1 : 0);
}

function smembers(call: Call): void {
  const { reply, keyspace } = call;
  if (openForReading(call) === NOWHERE) {
    reply.set(0);
    return;
  }
  reply.set(keyspace.openEntries.length);
  const reader = keyspace.openEntries.entries();
  while (reader.nextLive()) replyMember(call, reader.field);
}

function srandmember(call: Call): void {
  if (call.count > 3) throw new ReplyError(SYNTAX_ERROR);
  replyDrawn(call, openForReading, ({ field }) => replyMember(call, field));
}

/** Opens the key, which counts as a hit or a miss; refuses what is no set. */
function openForReading(call: Call): Location {
  const at = call.read(1);
  call.expectType(at, TYPE_SET);
  return at;
}

/** Whether the open set has the member named by an argument. */
export function isMember(call: Call, index: number): boolean {
  return call.keyspace.openEntries.find(call.bytes, call.start(index), call.end(index)) !== undefined;
}

export function replyMember({ reply }: Call, { bytes, start, end }: ByteView): void {
  reply.bulk(bytes, start, end);
}
