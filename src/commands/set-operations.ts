/** Commands that make one set of several: https://redis.io/docs/latest/commands/?group=set */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { GatheredSet } from "../keyspace/gathered-set.js";
import { TYPE_SET } from "../keyspace/record.js";
import { difference, intersection, type SetOperation, union } from "../keyspace/set-operations.js";
import { REPLY_TOO_LARGE, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { allKeys, type Command, countedKeys, type Declaration, data } from "./command.js";
import { gatherMembers } from "./gathered-members.js";
import { deleteOpen } from "./open-key.js";
import { ROOM_OF_STORED, type Room } from "./room.js";
import { replyMember } from "./set-reads.js";

const COUNT_NOT_POSITIVE = "ERR numkeys should be greater than 0";
const COUNT_TOO_LARGE = "ERR Number of keys can't be greater than number of args";
const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

/** What SINTER, SUNION and SDIFF have in common. */
const answering = {
  arity: -2,
  group: "set",
  flags: ["readonly"],
  keys: allKeys("RO", "access"),
  tips: ["nondeterministic_output_order"],
  syntax: "key...",
  since: "1.0.0",
} as const satisfies Partial<Declaration>;

/** What their STORE forms have in common; `access` is to the destination. */
function storing(...access: readonly string[]) {
  return {
    arity: -3,
    group: "set",
    flags: ["write", "denyoom"],
    keys: [
      { first: 1, last: 1, step: 1, access },
      { first: 2, last: -1, step: 1, access: ["RO", "access"] },
    ],
    syntax: "destination#0 key#1...",
    since: "1.0.0",
  } as const satisfies Partial<Declaration>;
}

export const setOperations: readonly Command[] = [
  data({
    name: "sinter",
    ...answering,
    complexity: "O(N*M) in members of the smallest set and in sets",
    summary: "Lists the members that several sets have in common.",
    run: (call) => answer(call, intersection),
  }),
  data({
    name: "sunion",
    ...answering,
    complexity: "O(N) in members of all sets",
    summary: "Lists the members of several sets together.",
    run: (call) => answer(call, union),
  }),
  data({
    name: "sdiff",
    ...answering,
    complexity: "O(N*M) in members of the first set and in sets",
    summary: "Lists the members of a set that none of the others has.",
    run: (call) => answer(call, difference),
  }),
  data({
    name: "sinterstore",
    ...storing("RW", "update"),
    complexity: "O(N*M) in members of the smallest set and in sets",
    summary: "Keeps the members that several sets have in common as a set, and answers how many there are.",
    run: (call) => store(call, intersection, "sinterstore"),
  }),
  data({
    name: "sunionstore",
    ...storing("OW", "update"),
    complexity: "O(N) in members of all sets",
    summary: "Keeps the members of several sets together as a set, and answers how many there are.",
    run: (call) => store(call, union, "sunionstore"),
  }),
  data({
    name: "sdiffstore",
    ...storing("OW", "update"),
    complexity: "O(N*M) in members of the first set and in sets",
    summary:
      "Keeps the members of a set that none of the others has as a set, and answers how many there are.",
    run: (call) => store(call, difference, "sdiffstore"),
  }),
  data({
    name: "sintercard",
    arity: -3,
    group: "set",
    flags: ["readonly", "movablekeys"],
    keys: [countedKeys(1, "RO", "access")],
    syntax: "numkeys:integer key... [LIMIT limit:integer]",
    since: "7.0.0",
    complexity: "O(N*M) in members of the smallest set and in sets",
    summary: "Counts the members that several sets have in common, up to a limit if one is given.",
    run: sintercard,
  }),
];

function answer(call: Call, operation: SetOperation): void {
  const { bytesMax } = call.reply;
  const sets = openSets(call, 1, call.count);
  const result = gather(call, operation, sets, { bytesMax, refusal: REPLY_TOO_LARGE });
  call.reply.set(result.length);
  result.forEach(call.config.current, (member) => replyMember(call, member));
}

/** `event` is what subscribers are told of a set that was kept. */
function store(call: Call, operation: SetOperation, event: string): void {
  const { keyspace, reply } = call;
  const result = gather(call, operation, openSets(call, 2, call.count), ROOM_OF_STORED);
  call.open(1);
  if (result.length > 0) {
    result.store(keyspace, call.config.current);
    keyspace.happened("set", event);
  } else if (keyspace.at !== NOWHERE) {
    deleteOpen(keyspace);
  }
  reply.integer(result.length);
}

function sintercard(call: Call): void {
  const { keyspace } = call;
  const count = readKeyCount(call);
  const limit = readLimit(call, 2 + count);
  const sets = openSets(call, 2, 2 + count);
  let members = 0;
  intersection(keyspace, sets, () => ++members < limit);
  call.reply.integer(members);
}

function readKeyCount(call: Call): number {
  const count = call.integer(1, COUNT_NOT_POSITIVE);
  if (count < 1) throw new ReplyError(COUNT_NOT_POSITIVE);
  if (count > call.count - 2) throw new ReplyError(COUNT_TOO_LARGE);
  return count;
}

/** From argument `first` on, the last one counts; 0, which is none at all, is told as infinite. */
function readLimit(call: Call, first: number): number {
  let limit = 0;
  for (let i = first; i < call.count; i += 2) {
    if (!call.is(i, "limit") || i + 1 === call.count) throw new ReplyError(SYNTAX_ERROR);
    limit = call.integer(i + 1, LIMIT_NEGATIVE);
    if (limit < 0) throw new ReplyError(LIMIT_NEGATIVE);
  }
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

/**
 * Opens the keys of some arguments, each of which counts as a hit or a miss; refuses what is no set. A record that expires on the
 * way is dropped, and moves none of the others.
 */
function openSets(call: Call, first: number, end: number): Location[] {
  const sets: Location[] = [];
  for (let i = first; i < end; i++) {
    const at = call.read(i);
    call.expectType(at, TYPE_SET);
    sets.push(at);
  }
  return sets;
}

function gather(
  { keyspace }: Call,
  operation: SetOperation,
  sets: readonly Location[],
  room: Room,
): GatheredSet {
  return gatherMembers(room, (result) => {
    operation(keyspace, sets, (member) => {
      result.add(member);
      return true;
    });
  });
}
