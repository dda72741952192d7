/** Commands on lists that wait until there is an element: https://redis.io/docs/latest/commands/?group=list */
import { NOWHERE } from "../keyspace/arena.js";
import type { ListEnd } from "../keyspace/open-list.js";
import { TYPE_LIST } from "../keyspace/record.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { readTimeout, type WaitKind, waitsElsewhere } from "./blocking.js";
import type { Call } from "./call.js";
import { type Command, countedKeys, type Declaration, session } from "./command.js";
import { readEnd } from "./element.js";
import { destination, moveElement, popNamed, source } from "./list-moves.js";
import { openForWriting, popOne } from "./list-writes.js";
import { popFirst, readMultiPop } from "./multi-pop.js";
import type { SessionCall } from "./session.js";

/** What BLPOP and BRPOP have in common. */
const popping = {
  arity: -3,
  group: "list",
  flags: ["write", "noscript", "blocking"],
  keys: [{ first: 1, last: -2, step: 1, access: ["RW", "access", "delete"] }],
  syntax: "key... timeout:double",
  since: "2.0.0",
  complexity: "O(N) in keys",
  history: [["6.0.0", "Timeouts of fractions of a second"]],
} as const satisfies Partial<Declaration>;

const WAITS_ELSEWHERE = waitsElsewhere("an element");

export const listWaits: readonly Command[] = [
  session({
    name: "blpop",
    ...popping,
    summary:
      "Removes the first element of the first list that is there, or waits for one, and answers its key and it.",
    differs: WAITS_ELSEWHERE,
    run: (call) => popOrWait(call, "left"),
  }),
  session({
    name: "brpop",
    ...popping,
    summary:
      "Removes the last element of the first list that is there, or waits for one, and answers its key and it.",
    differs: WAITS_ELSEWHERE,
    run: (call) => popOrWait(call, "right"),
  }),
  session({
    name: "blmove",
    arity: 6,
    group: "list",
    flags: ["write", "denyoom", "noscript", "blocking"],
    keys: [source, destination],
    syntax: "source#0 destination#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT) timeout:double",
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Moves an element from an end of a list to an end of another, or waits for one, and answers it.",
    differs: WAITS_ELSEWHERE,
    run: moveAsAsked,
  }),
  session({
    name: "brpoplpush",
    arity: 4,
    group: "list",
    flags: ["write", "denyoom", "noscript", "blocking"],
    keys: [source, destination],
    syntax: "source#0 destination#1 timeout:double",
    since: "2.2.0",
    complexity: "O(1)",
    summary:
      "Moves the last element of a list before the first of another, or waits for one, and answers it.",
    deprecatedSince: "6.2.0",
    replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    history: [["6.0.0", "Timeouts of fractions of a second"]],
    differs: WAITS_ELSEWHERE,
    run: moveLastFirst,
  }),
  session({
    name: "blmpop",
    arity: -5,
    group: "list",
    flags: ["write", "blocking", "movablekeys"],
    keys: [countedKeys(2, "RW", "access", "delete")],
    syntax: "timeout:double numkeys:integer key... where=(LEFT|RIGHT) [COUNT count:integer]",
    since: "7.0.0",
    complexity: "O(N+M) in keys and in elements answered",
    summary:
      "Removes elements from the first list that is there, or waits for one, and answers its key and them.",
    differs: WAITS_ELSEWHERE,
    run: popSeveralOrWait,
  }),
];

/** Whoever is served takes an element. */
const ofLists = { type: TYPE_LIST, takes: true } as const;

const POPS: Readonly<Record<ListEnd, WaitKind>> = { left: popOf("left"), right: popOf("right") };

const MOVE: WaitKind = {
  ...ofLists,
  serve: (call) => moveElement(call, { from: readEnd(call, 3), to: readEnd(call, 4) }),
  writeNothing: writeNotMoved,
};

const MOVE_LAST_FIRST: WaitKind = {
  ...ofLists,
  serve: (call) => moveElement(call, { from: "right", to: "left" }),
  writeNothing: writeNotMoved,
};

const POP_SEVERAL: WaitKind = {
  ...ofLists,
  serve: (call, key) => popNamed(call, key, readMultiPop(call, 2, readEnd)),
  writeNothing: (reply) => reply.nullArray(),
};

function writeNotMoved(reply: ReplyWriter, hasWaited: boolean): void {
  if (hasWaited) reply.nullArray();
  else reply.null();
}

function popOf(end: ListEnd): WaitKind {
  return {
    ...ofLists,
    serve: (call, key) => popWithKey(call, key, end),
    writeNothing: (reply) => reply.nullArray(),
  };
}

function popOrWait(call: SessionCall, from: ListEnd): void {
  const end = call.count - 1;
  const timeoutMs = readTimeout(call, end);
  for (let key = 1; key < end; key++) if (popWithKey(call, key, from)) return;
  call.park(POPS[from], { first: 1, end, timeoutMs });
}

function popWithKey(call: Call, key: number, end: ListEnd): boolean {
  const { reply } = call;
  if (openForWriting(call, key) === NOWHERE) return false;
  reply.array(2);
  reply.bulk(call.bytes, call.start(key), call.end(key));
  popOne(call, end);
  return true;
}

function moveAsAsked(call: SessionCall): void {
  const ends = { from: readEnd(call, 3), to: readEnd(call, 4) };
  const timeoutMs = readTimeout(call, 5);
  if (!moveElement(call, ends)) call.park(MOVE, { first: 1, end: 2, timeoutMs });
}

function moveLastFirst(call: SessionCall): void {
  const timeoutMs = readTimeout(call, 3);
  if (!moveElement(call, { from: "right", to: "left" })) {
    call.park(MOVE_LAST_FIRST, { first: 1, end: 2, timeoutMs });
  }
}

function popSeveralOrWait(call: SessionCall): void {
  const pop = readMultiPop(call, 2, readEnd);
  const timeoutMs = readTimeout(call, 1);
  if (!popFirst(call, pop, popNamed)) call.park(POP_SEVERAL, { first: pop.first, end: pop.end, timeoutMs });
}
