/** Commands that change single members of sets: https://redis.io/docs/latest/commands/?group=set */
import { copyBytes } from "../base/bytes.js";
import { parseInt64 } from "../base/int64.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { drawDistinctFields, drawFields } from "../keyspace/entry-sample.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { packingLimit } from "../keyspace/packing-limits.js";
import { TYPE_SET } from "../keyspace/record.js";
import { NOT_POSITIVE, REPLY_TOO_LARGE, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { gatherMembers } from "./gathered-members.js";
import { isMember, replyMember } from "./set-reads.js";

/** Sizes and age of a short entry, to guess the size of a new set. */
const ENTRY_OVERHEAD_BYTES = 3;

export const setWrites: readonly Command[] = [
  data({
    name: "sadd",
    arity: -3,
    group: "set",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "insert"),
    syntax: "key member...",
    since: "1.0.0",
    complexity: "O(N) in members named",
    summary: "Adds members to a set and answers how many are new.",
    history: [["2.4.0", "More than one member"]],
    run: sadd,
  }),
  data({
    name: "srem",
    arity: -3,
    group: "set",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "delete"),
    syntax: "key member...",
    since: "1.0.0",
    complexity: "O(N) in members named",
    summary: "Removes members from a set and answers how many there were.",
    history: [["2.4.0", "More than one member"]],
    run: srem,
  }),
  data({
    name: "spop",
    arity: -2,
    group: "set",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "access", "delete"),
    tips: ["nondeterministic_output"],
    syntax: "key [count:integer@3.2.0]",
    since: "1.0.0",
    complexity: "O(1), with a count O(N) in members answered",
    summary: "Removes members of a set picked at random, and answers them.",
    history: [["3.2.0", "A count"]],
    run: spop,
  }),
  data({
    name: "smove",
    arity: 4,
    group: "set",
    flags: ["write", "fast"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["RW", "access", "delete"] },
      { first: 2, last: 2, step: 1, access: ["RW", "insert"] },
    ],
    syntax: "source#0 destination#1 member",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Moves a member from one set to another.",
    run: smove,
  }),
];

function sadd(call: Call): void {
  const { bytes, count, keyspace } = call;
  const isNew = openForWriting(call, 1) === NOWHERE;
  const { openEntries } = keyspace;
  openEntries.begin(TYPE_SET, call.config.current, isNew ? expectedBytes(call) : 0);
  let added = 0;
  for (let i = 2; i < count; i++) if (openEntries.add(bytes, call.start(i), call.end(i))) added++;
  openEntries.finish();
  if (added > 0) keyspace.happened("set", "sadd");
  call.reply.integer(added);
}

/** About what the entries of a new set take, or 0 if it will not stay packed. */
function expectedBytes(call: Call): number {
  const members = call.count - 2;
  let [bytes, longest] = [members * ENTRY_OVERHEAD_BYTES, 0];
  let areIntegers = true;
  for (let i = 2; i < call.count; i++) {
    const length = call.length(i);
    bytes += length;
    longest = Math.max(longest, length);
    areIntegers &&= parseInt64(call.bytes, call.start(i), call.end(i)) !== undefined;
  }
  const limit = packingLimit(call.config.current, TYPE_SET, areIntegers);
  return members > limit.entries || longest > limit.bytes ? 0 : bytes;
}

function srem(call: Call): void {
  const { bytes, count, reply, keyspace } = call;
  if (openForWriting(call, 1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const { openEntries } = keyspace;
  openEntries.begin(TYPE_SET, call.config.current);
  let removed = 0;
  for (let i = 2; i < count; i++) if (openEntries.remove(bytes, call.start(i), call.end(i))) removed++;
  openEntries.finish();
  if (removed > 0) tellRemoved(keyspace, "srem");
  reply.integer(removed);
}

function spop(call: Call): void {
  const { keyspace, random, reply } = call;
  if (call.count > 3) throw new ReplyError(SYNTAX_ERROR);
  if (call.count === 2) {
    if (openForWriting(call, 1) === NOWHERE) reply.null();
    else popOne(call);
    return;
  }
  const count = readCount(call);
  if (openForWriting(call, 1) === NOWHERE || count === 0) {
    reply.set(0);
    return;
  }
  const { openEntries } = keyspace;
  if (count >= openEntries.length && !keyspace.keepTombstones) {
    popAll(call);
    return;
  }
  const limits = call.config.current;
  const popped = gatherMembers({ bytesMax: reply.bytesMax, refusal: REPLY_TOO_LARGE }, (into) => {
    drawDistinctFields(keyspace, Math.min(count, openEntries.length), random, ({ field }) => into.add(field));
  });
  // A reply may be refused, so all of it comes before the first removal.
  reply.set(popped.length);
  popped.forEach(limits, (member) => replyMember(call, member));
  openEntries.begin(TYPE_SET, limits);
  popped.forEach(limits, ({ bytes, start, end }) => openEntries.remove(bytes, start, end));
  openEntries.finish();
  tellRemoved(keyspace, "spop");
}

/** Where nobody else can add to the set meanwhile it is deleted as a whole, and a large one given back to memory in slices. */
function popAll(call: Call): void {
  const { keyspace, reply } = call;
  const { length } = keyspace.openEntries;
  reply.set(length);
  const reader = keyspace.openEntries.entries();
  while (reader.nextLive()) replyMember(call, reader.field);
  keyspace.remove(length);
  tellRemoved(keyspace, "spop");
}

/** A member that is to be removed: its own bytes may be gone before it is. Longer ones get a buffer of theirs. */
const POPPED = Buffer.alloc(1024);

function popOne(call: Call): void {
  const { keyspace, random, reply } = call;
  const { openEntries } = keyspace;
  let bytes = POPPED;
  let length = 0;
  drawFields(keyspace, 1, random, ({ field }) => {
    length = field.end - field.start;
    if (length > POPPED.length) bytes = Buffer.allocUnsafe(length);
    copyBytes(field.bytes, field.start, field.end, bytes, 0);
  });
  reply.bulk(bytes, 0, length);
  openEntries.begin(TYPE_SET, call.config.current);
  openEntries.remove(bytes, 0, length);
  openEntries.finish();
  tellRemoved(keyspace, "spop");
}

/** Members of the open set are gone, and the set with the last of them. */
function tellRemoved(keyspace: Keyspace, event: string): void {
  keyspace.happened("set", event);
  if (keyspace.at === NOWHERE) keyspace.happened("generic", "del");
}

function readCount(call: Call): number {
  const count = call.integer(2, NOT_POSITIVE);
  if (count < 0) throw new ReplyError(NOT_POSITIVE);
  return count;
}

/** Adds the member first, so that it is in one of the sets at least should there be no memory for that. */
function smove(call: Call): void {
  const { bytes, reply, keyspace } = call;
  const { openEntries } = keyspace;
  const limits = call.config.current;
  const [start, end] = [call.start(3), call.end(3)];
  if (openForWriting(call, 1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const isThere = isMember(call, 3);
  openForWriting(call, 2);
  if (!isThere || isSameKey(call)) {
    reply.integer(isThere ? 1 : 0);
    return;
  }
  const isNew = keyspace.at === NOWHERE;
  const isAdded = untold(keyspace, () => {
    openEntries.begin(TYPE_SET, limits, end - start + ENTRY_OVERHEAD_BYTES);
    const isAdded = openEntries.add(bytes, start, end);
    openEntries.finish();
    return isAdded;
  });
  call.peek(1);
  openEntries.begin(TYPE_SET, limits);
  openEntries.remove(bytes, start, end);
  openEntries.finish();
  tellRemoved(keyspace, "srem");
  if (isAdded && keyspace.events !== null) {
    call.peek(2);
    if (isNew) keyspace.happened("new", "new");
    keyspace.happened("set", "sadd");
  }
  reply.integer(1);
}

/** Does something of which subscribers are told later: Redis tells first what was removed. */
function untold<T>(keyspace: Keyspace, act: () => T): T {
  const { events } = keyspace;
  keyspace.events = null;
  try {
    return act();
  } finally {
    keyspace.events = events;
  }
}

function isSameKey(call: Call): boolean {
  return call.bytes.compare(call.bytes, call.start(1), call.end(1), call.start(2), call.end(2)) === 0;
}

/** Opens the key in an argument; refuses what is no set. */
function openForWriting(call: Call, index: number): Location {
  const at = call.open(index);
  call.expectType(at, TYPE_SET);
  return at;
}
