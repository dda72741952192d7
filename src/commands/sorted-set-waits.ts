/** Commands on sorted sets that wait until there is a member: https://redis.io/docs/latest/commands/?group=sorted-set */
import { TYPE_ZSET } from "../keyspace/record.js";
import { readTimeout, type WaitKind, waitsElsewhere } from "./blocking.js";
import { type Command, countedKeys, type Declaration, session } from "./command.js";
import { popFirst, readMultiPop } from "./multi-pop.js";
import type { SessionCall } from "./session.js";
import { type End, popSeveral, popWithKey, readEnd } from "./sorted-set-removals.js";

const WAITS_ELSEWHERE = waitsElsewhere("a member");

/** What BZPOPMIN and BZPOPMAX have in common. */
const popping = {
  arity: -3,
  group: "sorted-set",
  flags: ["write", "noscript", "blocking", "fast"],
  keys: [{ first: 1, last: -2, step: 1, access: ["RW", "access", "delete"] }],
  syntax: "key... timeout:double",
  since: "5.0.0",
  complexity: "O(log N) in members of the set",
  history: [["6.0.0", "Timeouts of fractions of a second"]],
  differs: WAITS_ELSEWHERE,
} as const satisfies Partial<Declaration>;

export const sortedSetWaits: readonly Command[] = [
  session({
    name: "bzpopmin",
    ...popping,
    summary:
      "Removes the member with the lowest score from the first sorted set that is there, or waits for one, and answers key, member and score.",
    run: (call) => popOrWait(call, "lowest"),
  }),
  session({
    name: "bzpopmax",
    ...popping,
    summary:
      "Removes the member with the highest score from the first sorted set that is there, or waits for one, and answers key, member and score.",
    run: (call) => popOrWait(call, "highest"),
  }),
  session({
    name: "bzmpop",
    arity: -5,
    group: "sorted-set",
    flags: ["write", "blocking", "movablekeys"],
    keys: [countedKeys(2, "RW", "access", "delete")],
    syntax: "timeout:double numkeys:integer key... where=(MIN|MAX) [COUNT count:integer]",
    since: "7.0.0",
    complexity: "O(K + M log N) in keys, in members answered and in members of the set",
    summary:
      "Removes the members with the lowest or the highest scores from the first sorted set that is there, or waits for one, and answers its key and them.",
    differs: WAITS_ELSEWHERE,
    run: popSeveralOrWait,
  }),
];

/** Whoever is served takes a member. */
const ofSortedSets = { type: TYPE_ZSET, takes: true } as const;

const POPS: Readonly<Record<End, WaitKind>> = { lowest: popOf("lowest"), highest: popOf("highest") };

const POP_SEVERAL: WaitKind = {
  ...ofSortedSets,
  serve: (call, key) => popSeveral(call, key, readMultiPop(call, 2, readEnd)),
  writeNothing: (reply) => reply.nullArray(),
};

function popOf(end: End): WaitKind {
  return {
    ...ofSortedSets,
    serve: (call, key) => popWithKey(call, key, end),
    writeNothing: (reply) => reply.nullArray(),
  };
}

function popOrWait(call: SessionCall, which: End): void {
  const end = call.count - 1;
  const timeoutMs = readTimeout(call, end);
  for (let key = 1; key < end; key++) if (popWithKey(call, key, which)) return;
  call.park(POPS[which], { first: 1, end, timeoutMs });
}

function popSeveralOrWait(call: SessionCall): void {
  const pop = readMultiPop(call, 2, readEnd);
  const timeoutMs = readTimeout(call, 1);
  if (!popFirst(call, pop, popSeveral)) call.park(POP_SEVERAL, { first: pop.first, end: pop.end, timeoutMs });
}
