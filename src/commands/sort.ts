/** SORT and SORT_RO: https://redis.io/docs/latest/commands/sort/ */
import { NOWHERE } from "../keyspace/arena.js";
import { walkOf } from "../keyspace/collection-walk.js";
import type { RecordType } from "../keyspace/record.js";
import { ReplyError, WRONG_TYPE } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, type Declaration, data, type KeyPositions } from "./command.js";
import { deleteOpen } from "./open-key.js";
import { sortedOrder, Texts } from "./sort-order.js";
import { lookUp, type SortPattern } from "./sort-pattern.js";
import { patternOption, readSortRequest, type SortRequest, storePosition } from "./sort-request.js";

const KEY: KeyPositions = { first: 1, last: 1, step: 1, access: ["RO", "access"] };
/** What BY and GET read follows from the elements. */
const BY_PATTERN: KeyPositions = {
  first: 0,
  last: 0,
  step: 1,
  locate: () => undefined,
  access: ["RO", "access"],
};
const STORED: KeyPositions = { first: 0, last: 0, step: 1, locate: storePosition, access: ["OW", "update"] };

const sorting = {
  arity: -2,
  group: "generic",
  categories: ["set", "sortedset", "list", "dangerous"],
  optionForAnyKey: patternOption,
  complexity: "O(N + M*log(M)) in elements and in those that are sorted",
  differs:
    "Texts are compared byte by byte in any locale. On a cluster of several nodes the patterns of BY and GET must have a hash tag before the star that " +
    "puts them in the slot of the key, where Redis denies them all; the key of STORE must be in that slot.",
} as const satisfies Partial<Declaration>;

const SYNTAX =
  "key [BY pattern:pattern#1] [LIMIT (offset:integer count:integer)] [GET pattern:pattern#1]... [order=(ASC|DESC)] [sorting=ALPHA]";

export const sortCommands: readonly Command[] = [
  data({
    name: "sort",
    ...sorting,
    flags: ["write", "denyoom", "movablekeys"],
    keys: [KEY, BY_PATTERN, STORED],
    syntax: `${SYNTAX} [STORE destination#2]`,
    since: "1.0.0",
    summary:
      "Sorts the elements of a list or a set, by themselves or by other keys, and answers or keeps them, or other keys.",
    run: (call) => sort(call, true),
  }),
  data({
    name: "sort_ro",
    ...sorting,
    flags: ["readonly", "movablekeys"],
    keys: [KEY, BY_PATTERN],
    syntax: SYNTAX,
    since: "7.0.0",
    summary:
      "Sorts the elements of a list or a set, by themselves or by other keys, and answers them, or other keys.",
    run: (call) => sort(call, false),
  }),
];

function sort(call: Call, mayStore: boolean): void {
  const request = readSortRequest(call, mayStore);
  const { elements, isOrdered } = readElements(call);
  const order = orderOf(call, request, elements, isOrdered);
  const chosen = order.subarray(...limits(request, order.length));
  if (request.storeAt === undefined) reply(call, request, elements, chosen);
  else store(call, request.storeAt, results(call, request, elements, chosen));
}

/** None of an absent key. */
function readElements(call: Call): { elements: Texts; isOrdered: boolean } {
  const { keyspace } = call;
  const elements = new Texts();
  const at = call.read(1);
  if (at === NOWHERE) return { elements, isOrdered: true };
  const walk = walkOf(keyspace.records.type(at) as RecordType);
  if (walk === undefined) throw new ReplyError(WRONG_TYPE);
  walk.forEach(keyspace, at, (element) => elements.add(element));
  return { elements, isOrdered: walk.isOrdered };
}

function orderOf(
  call: Call,
  { by, isUnsorted, isAlpha, isDescending, storeAt }: SortRequest,
  elements: Texts,
  isOrdered: boolean,
): Uint32Array {
  // What is kept must not depend on an order that means nothing.
  if (isUnsorted && !isOrdered && storeAt !== undefined) {
    return sortedOrder({ elements, keys: elements, isAlpha: true, isDescending });
  }
  if (isUnsorted) {
    const order = Uint32Array.from({ length: elements.length }, (_, i) => i);
    return isOrdered && isDescending ? order.reverse() : order;
  }
  const keys = by === null ? elements : lookUpAll(call, by, elements);
  return sortedOrder({ elements, keys, isAlpha, isDescending });
}

function lookUpAll(call: Call, pattern: SortPattern, elements: Texts): Texts {
  const found = new Texts();
  for (let i = 0; i < elements.length; i++) found.add(lookUp(call, pattern, elements.get(i)));
  return found;
}

/** Where LIMIT begins and ends, the end not included. */
function limits({ first, count }: SortRequest, length: number): [number, number] {
  const start = Math.min(Math.max(first, 0), length);
  return [start, count < 0 ? length : Math.min(start + count, length)];
}

function reply(call: Call, { gets }: SortRequest, elements: Texts, chosen: Uint32Array): void {
  const { reply: writer } = call;
  writer.array(chosen.length * Math.max(gets.length, 1));
  for (const i of chosen) {
    const element = elements.get(i);
    if (gets.length === 0) writer.bulk(element.bytes, element.start, element.end);
    for (const pattern of gets) {
      const found = lookUp(call, pattern, element);
      if (found === undefined) writer.null();
      else writer.bulk(found.bytes as Buffer, found.start, found.end);
    }
  }
}

const EMPTY = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** What is to be kept: nothing is empty there. */
function results(call: Call, { gets }: SortRequest, elements: Texts, chosen: Uint32Array): Texts {
  const texts = new Texts();
  for (const i of chosen) {
    if (gets.length === 0) texts.add(elements.get(i));
    for (const pattern of gets) texts.add(lookUp(call, pattern, elements.get(i)) ?? EMPTY);
  }
  return texts;
}

/** As a list of a new life. */
function store(call: Call, key: number, texts: Texts): void {
  const { keyspace } = call;
  const at = call.open(key);
  if (texts.length === 0) {
    if (at !== NOWHERE) deleteOpen(keyspace);
    call.reply.integer(0);
    return;
  }
  const { openList, events } = keyspace;
  // Redis puts the list in the place of what was there, and tells of no new key.
  if (at !== NOWHERE) keyspace.events = null;
  try {
    if (at !== NOWHERE) keyspace.remove(0);
    openList.begin(call.config.current);
    for (let i = 0; i < texts.length; i++) openList.push("right", texts.get(i), i, texts.length);
    openList.finish();
  } finally {
    keyspace.events = events;
  }
  keyspace.happened("list", "sortstore");
  call.reply.integer(texts.length);
}
