/** Commands that change one list: https://redis.io/docs/latest/commands/?group=list */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { ListReader } from "../keyspace/list-reader.js";
import type { ListEnd } from "../keyspace/open-list.js";
import { TYPE_LIST } from "../keyspace/record.js";
import type { ByteView } from "../keyspace/records.js";
import {
  INDEX_OUT_OF_RANGE,
  NO_SUCH_KEY,
  NOT_POSITIVE,
  ReplyError,
  SYNTAX_ERROR,
  wrongNumberOfArguments,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, type Declaration, data, keyAt1 } from "./command.js";
import { ElementMatcher, elementRange, replyElement } from "./element.js";

/** What the commands that push have in common. */
const pushing = {
  arity: -3,
  group: "list",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt1("RW", "insert"),
  syntax: "key element...",
  complexity: "O(1) for each element",
} as const satisfies Partial<Declaration>;

/** And those that pop. */
const popping = {
  arity: -2,
  group: "list",
  flags: ["write", "fast"],
  keys: keyAt1("RW", "access", "delete"),
  syntax: "key [count:integer@6.2.0]",
  since: "1.0.0",
  complexity: "O(N) in elements answered",
  history: [["6.2.0", "A count"]],
} as const satisfies Partial<Declaration>;

export const listWrites: readonly Command[] = [
  data({
    name: "lpush",
    ...pushing,
    since: "1.0.0",
    summary: "Adds elements before the first of a list, one after the other.",
    history: [["2.4.0", "More than one element"]],
    run: (call) => push(call, "left", false),
  }),
  data({
    name: "rpush",
    ...pushing,
    since: "1.0.0",
    summary: "Adds elements behind the last of a list.",
    history: [["2.4.0", "More than one element"]],
    run: (call) => push(call, "right", false),
  }),
  data({
    name: "lpushx",
    ...pushing,
    since: "2.2.0",
    summary: "Adds elements before the first of a list, if there is one.",
    history: [["4.0.0", "More than one element"]],
    run: (call) => push(call, "left", true),
  }),
  data({
    name: "rpushx",
    ...pushing,
    since: "2.2.0",
    summary: "Adds elements behind the last of a list, if there is one.",
    history: [["4.0.0", "More than one element"]],
    run: (call) => push(call, "right", true),
  }),
  data({
    name: "lpop",
    ...popping,
    summary: "Removes the first elements of a list, and answers them.",
    run: (call) => pop(call, "left"),
  }),
  data({
    name: "rpop",
    ...popping,
    summary: "Removes the last elements of a list, and answers them.",
    run: (call) => pop(call, "right"),
  }),
  data({
    name: "lset",
    arity: 4,
    group: "list",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "update"),
    syntax: "key index:integer element",
    since: "1.0.0",
    complexity: "O(1) at either end, else O(N) in blocks of elements up to the nearer one",
    summary: "Sets the element at an index, which counts from the end if it is negative.",
    run: lset,
  }),
  data({
    name: "linsert",
    arity: 5,
    group: "list",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "insert"),
    syntax: "key where=(BEFORE|AFTER) pivot element",
    since: "2.2.0",
    complexity: "O(N) in elements up to the pivot",
    summary: "Inserts an element before or behind the first that has a value.",
    run: linsert,
  }),
  data({
    name: "lrem",
    arity: 4,
    group: "list",
    flags: ["write"],
    keys: keyAt1("RW", "delete"),
    syntax: "key count:integer element",
    since: "1.0.0",
    complexity: "O(N) in elements",
    summary:
      "Removes the first elements with a value, the last if the count is negative, or all if it is zero.",
    run: lrem,
  }),
  data({
    name: "ltrim",
    arity: 4,
    group: "list",
    flags: ["write"],
    keys: keyAt1("RW", "delete"),
    syntax: "key start:integer stop:integer",
    since: "1.0.0",
    complexity: "O(N) in elements removed",
    summary: "Removes all elements that are not between two indexes.",
    run: ltrim,
  }),
];

/** The value in an argument. One object serves all. */
const value: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

export function valueAt(call: Call, index: number): ByteView {
  value.bytes = call.bytes;
  value.start = call.start(index);
  value.end = call.end(index);
  return value;
}

function push(call: Call, end: ListEnd, mustExist: boolean): void {
  const { keyspace, count, reply } = call;
  const { openList } = keyspace;
  if (openForWriting(call, 1) === NOWHERE && mustExist) {
    reply.integer(0);
    return;
  }
  openList.begin(call.config.current);
  try {
    for (let i = 2; i < count; i++) openList.push(end, valueAt(call, i), i - 2, count - 2);
  } finally {
    openList.finish();
  }
  keyspace.happened("list", end === "left" ? "lpush" : "rpush");
  reply.integer(openList.length);
}

function pop(call: Call, end: ListEnd): void {
  const { keyspace, reply, count } = call;
  if (count > 3) throw new ReplyError(wrongNumberOfArguments(end === "left" ? "lpop" : "rpop"));
  const wanted = count === 3 ? readCount(call) : undefined;
  if (openForWriting(call, 1) === NOWHERE) {
    if (wanted === undefined) reply.null();
    else reply.nullArray();
    return;
  }
  if (wanted === undefined) popOne(call, end);
  else if (wanted === 0) reply.emptyArray();
  else popSeveral(keyspace, call, end, wanted);
}

function readCount(call: Call): number {
  const count = call.integer(2, NOT_POSITIVE);
  if (count < 0) throw new ReplyError(NOT_POSITIVE);
  return count;
}

/** Removes an element of the open list, and answers it. */
export function popOne({ keyspace, reply, config }: Call, end: ListEnd): void {
  const { openList } = keyspace;
  openList.begin(config.current);
  replyElement(reply, openList.show(end));
  openList.removeShown();
  openList.finish();
  tellPopped(keyspace, end);
}

/** Removes up to so many elements of the open list, and answers them as an array. */
export function popSeveral(keyspace: Keyspace, { reply, config }: Call, end: ListEnd, wanted: number): void {
  const { openList } = keyspace;
  const { length } = openList;
  const count = Math.min(wanted, length);
  // A reply may be refused, so all of it comes before the first removal.
  reply.array(count);
  replyEnd(openList.open(), reply, end, count);
  // Where nobody else can push to the list meanwhile it is deleted as a whole, and a large one given back to memory in slices.
  if (count === length && !keyspace.keepTombstones) {
    keyspace.remove(length);
  } else {
    openList.begin(config.current);
    try {
      openList.removeEnd(end, count);
    } finally {
      openList.finish();
    }
  }
  tellPopped(keyspace, end);
}

/** Answers so many elements from an end on. */
function replyEnd(reader: ListReader, reply: Call["reply"], end: ListEnd, count: number): void {
  let left = count;
  if (end === "left") {
    for (; left > 0 && reader.nextLive(); left--) replyElement(reply, reader.cursor);
    return;
  }
  reader.forEachBackwards((cursor) => {
    replyElement(reply, cursor);
    return --left > 0;
  });
}

/** Elements of the open list are gone, and the list with the last of them. */
export function tellPopped(keyspace: Keyspace, end: ListEnd): void {
  tellRemoved(keyspace, end === "left" ? "lpop" : "rpop");
}

function tellRemoved(keyspace: Keyspace, event: string): void {
  keyspace.happened("list", event);
  if (keyspace.at === NOWHERE) keyspace.happened("generic", "del");
}

function lset(call: Call): void {
  const { keyspace, reply } = call;
  const { openList } = keyspace;
  if (openForWriting(call, 1) === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  const index = call.integer(2);
  const { length } = openList;
  const at = index < 0 ? length + index : index;
  if (at < 0 || at >= length) throw new ReplyError(INDEX_OUT_OF_RANGE);
  openList.begin(call.config.current);
  openList.set(at, valueAt(call, 3));
  openList.finish();
  keyspace.happened("list", "lset");
  reply.ok();
}

function linsert(call: Call): void {
  const { keyspace, reply } = call;
  const { openList } = keyspace;
  const isBefore = call.is(2, "before");
  if (!isBefore && !call.is(2, "after")) throw new ReplyError(SYNTAX_ERROR);
  if (openForWriting(call, 1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const matcher = new ElementMatcher(call.bytes, call.start(3), call.end(3));
  const reader = openList.open();
  let index = 0;
  while (reader.nextLive() && !matcher.matches(reader.cursor)) index++;
  if (index === openList.length) {
    reply.integer(-1);
    return;
  }
  openList.begin(call.config.current);
  openList.insert(index, isBefore, valueAt(call, 4));
  openList.finish();
  keyspace.happened("list", "linsert");
  reply.integer(openList.length);
}

function lrem(call: Call): void {
  const { keyspace, reply } = call;
  const { openList } = keyspace;
  const count = call.integer(2);
  if (openForWriting(call, 1) === NOWHERE) {
    reply.integer(0);
    return;
  }
  const matcher = new ElementMatcher(call.bytes, call.start(3), call.end(3));
  const removedMax = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
  openList.begin(call.config.current);
  let removed = 0;
  try {
    removed =
      count < 0
        ? removeBackwards(keyspace, matcher, removedMax)
        : removeForwards(keyspace, matcher, removedMax);
  } finally {
    openList.finish();
  }
  if (removed > 0) tellRemoved(keyspace, "lrem");
  reply.integer(removed);
}

function removeForwards({ openList }: Keyspace, matcher: ElementMatcher, removedMax: number): number {
  let removed = 0;
  openList.sift(0, (cursor) => {
    if (removed === removedMax) return "stop";
    if (!matcher.matches(cursor)) return "keep";
    removed++;
    return "remove";
  });
  return removed;
}

function removeBackwards({ openList }: Keyspace, matcher: ElementMatcher, removedMax: number): number {
  let removed = 0;
  const ordinalsByBlock = new Map<number, Set<number>>();
  openList.open().forEachBackwards((cursor, block, ordinal) => {
    if (!matcher.matches(cursor)) return true;
    const ordinals = ordinalsByBlock.get(block) ?? new Set();
    ordinalsByBlock.set(block, ordinals.add(ordinal));
    return ++removed < removedMax;
  });
  openList.removeMarked(ordinalsByBlock);
  return removed;
}

function ltrim(call: Call): void {
  const { keyspace, reply } = call;
  const { openList } = keyspace;
  const start = call.int64(2);
  const stop = call.int64(3);
  if (openForWriting(call, 1) === NOWHERE) {
    reply.ok();
    return;
  }
  const { length } = openList;
  const { first, last } = elementRange(start, stop, length);
  const kept = Math.max(0, last - first + 1);
  if (kept === 0 && !keyspace.keepTombstones) {
    keyspace.remove(length);
  } else if (kept === length) {
    // Redis marks its watchers all the same.
    keyspace.changed(0);
  } else {
    openList.begin(call.config.current);
    try {
      if (kept === 0) openList.sift(0, () => "remove");
      else {
        openList.removeEnd("right", length - first - kept);
        openList.removeEnd("left", first);
      }
    } finally {
      openList.finish();
    }
  }
  tellRemoved(keyspace, "ltrim");
  reply.ok();
}

/** Opens the key in an argument; refuses what is no list. */
export function openForWriting(call: Call, index: number): Location {
  const at = call.open(index);
  call.expectType(at, TYPE_LIST);
  return at;
}
