/** Commands that take elements from one of several lists, or move them between two: https://redis.io/docs/latest/commands/?group=list */
import { copyBytes } from "../base/bytes.js";
import { NOWHERE } from "../keyspace/arena.js";
import type { ListEnd } from "../keyspace/open-list.js";
import type { Call } from "./call.js";
import { type Command, countedKeys, data } from "./command.js";
import { readEnd, replyElement } from "./element.js";
import { openForWriting, popSeveral, tellPopped } from "./list-writes.js";
import { type MultiPop, popFirst, readMultiPop } from "./multi-pop.js";

export const source = { first: 1, last: 1, step: 1, access: ["RW", "access", "delete"] } as const;
export const destination = { first: 2, last: 2, step: 1, access: ["RW", "insert"] } as const;

export const listMoves: readonly Command[] = [
  data({
    name: "lmove",
    arity: 5,
    group: "list",
    flags: ["write", "denyoom"],
    keys: [source, destination],
    syntax: "source#0 destination#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT)",
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Moves an element from an end of a list to an end of another, and answers it.",
    run: (call) => {
      const ends = { from: readEnd(call, 3), to: readEnd(call, 4) };
      if (!moveElement(call, ends)) call.reply.null();
    },
  }),
  data({
    name: "rpoplpush",
    arity: 3,
    group: "list",
    flags: ["write", "denyoom"],
    keys: [source, destination],
    syntax: "source#0 destination#1",
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Moves the last element of a list before the first of another, and answers it.",
    deprecatedSince: "6.2.0",
    replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    run: (call) => {
      if (!moveElement(call, { from: "right", to: "left" })) call.reply.null();
    },
  }),
  data({
    name: "lmpop",
    arity: -4,
    group: "list",
    flags: ["write", "movablekeys"],
    keys: [countedKeys(1, "RW", "access", "delete")],
    syntax: "numkeys:integer key... where=(LEFT|RIGHT) [COUNT count:integer]",
    since: "7.0.0",
    complexity: "O(N+M) in keys and in elements answered",
    summary: "Removes elements from the first list that is there, and answers its key and them.",
    run: (call) => {
      if (!popFirst(call, readMultiPop(call, 1, readEnd), popNamed)) call.reply.nullArray();
    },
  }),
];

/** The element that is moved: its own bytes may be gone before it is in its place. A longer one gets a buffer of its own. */
const MOVED = Buffer.alloc(1024);
const moved = { bytes: MOVED, start: 0, end: 0 };

export interface MoveEnds {
  readonly from: ListEnd;
  readonly to: ListEnd;
}

/**
 * Moves an element between the lists in the first two arguments and answers it; false if there is none. It is pushed first, so that it is in one
 * of the lists at least should there be no memory for that.
 */
export function moveElement(call: Call, { from, to }: MoveEnds): boolean {
  const { keyspace, reply } = call;
  const { openList } = keyspace;
  const limits = call.config.current;
  if (openForWriting(call, 1) === NOWHERE) return false;
  const isSame = isSameKey(call);
  if (isSame && from === to) {
    openList.begin(limits);
    replyElement(reply, openList.show(from));
    keyspace.changed(1);
    keyspace.happened("list", to === "left" ? "lpush" : "rpush");
    tellPopped(keyspace, from);
    return true;
  }
  openForWriting(call, 2);
  call.peek(1);
  openList.begin(limits);
  takeShown(call, from);
  // It may be refused, so it comes before anything is changed.
  reply.bulk(moved.bytes, 0, moved.end);
  if (isSame) {
    try {
      openList.push(to, moved, 0, 1);
      openList.show(from);
      openList.removeShown();
    } finally {
      openList.finish(1);
    }
    keyspace.happened("list", to === "left" ? "lpush" : "rpush");
  } else {
    call.peek(2);
    openList.begin(limits);
    try {
      openList.push(to, moved, 0, 1);
    } finally {
      openList.finish();
    }
    keyspace.happened("list", to === "left" ? "lpush" : "rpush");
    call.peek(1);
    openList.begin(limits);
    openList.show(from);
    openList.removeShown();
    openList.finish(0);
  }
  tellPopped(keyspace, from);
  moved.bytes = MOVED;
  return true;
}

function takeShown({ keyspace }: Call, from: ListEnd): void {
  const view = { bytes: MOVED, start: 0, end: 0 };
  keyspace.openList.show(from).value(view);
  const length = view.end - view.start;
  moved.bytes = length > MOVED.length ? Buffer.allocUnsafe(length) : MOVED;
  copyBytes(view.bytes, view.start, view.end, moved.bytes, 0);
  moved.end = length;
}

function isSameKey(call: Call): boolean {
  return call.bytes.compare(call.bytes, call.start(1), call.end(1), call.start(2), call.end(2)) === 0;
}

/** Pops from the list whose key is in an argument and answers it with its key; false if there is none. */
export function popNamed(call: Call, key: number, { from, count }: MultiPop<ListEnd>): boolean {
  const { keyspace, reply } = call;
  if (openForWriting(call, key) === NOWHERE) return false;
  reply.array(2);
  reply.bulk(call.bytes, call.start(key), call.end(key));
  popSeveral(keyspace, call, from, count);
  return true;
}
