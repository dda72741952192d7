/** XPENDING, XCLAIM and XAUTOCLAIM: what was delivered and not acknowledged, https://redis.io/docs/latest/commands/xpending/ */
import { StreamId } from "../delta/stream-id.js";
import { oneMore } from "../delta/stream-items.js";
import { groupState } from "../keyspace/open-stream.js";
import { ItemCursor } from "../keyspace/stream-block.js";
import type { SideItem, StreamBody } from "../keyspace/stream-body.js";
import type { Delivery, GroupLife } from "../keyspace/stream-group.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { writeByteString } from "./byte-string.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import {
  isStrictId,
  noGroup,
  openToRead,
  openToWrite,
  readCount,
  readRange,
  readStart,
  readStrictId,
} from "./stream-arguments.js";
import { lifeOf } from "./stream-group-state.js";
import { forEachBackwards, forEachIn, replyEntry, replyId } from "./stream-replies.js";

const COUNT_NOT_POSITIVE = "ERR COUNT must be > 0";
const COUNT_USUAL = 100;
/** XAUTOCLAIM looks at so many messages for each that it may claim. */
const LOOKS_PER_CLAIM = 10;
/** Below this, as Redis bounds it by the memory that so many ids take. */
const COUNT_END = 2 ** 63 / 16;
const ALL = { start: new StreamId(), end: new StreamId().setMax() };

export const streamClaims: readonly Command[] = [
  data({
    name: "xpending",
    arity: -3,
    group: "stream",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key group [filters=([IDLE min-idle-time:integer@6.2.0] start end count:integer [consumer])]",
    since: "5.0.0",
    complexity: "O(N) in consumers, or in messages looked at",
    summary: "Tells what is pending in a group.",
    history: [["6.2.0", "IDLE, and ids that are excluded"]],
    run: xpending,
  }),
  data({
    name: "xclaim",
    arity: -6,
    group: "stream",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    tips: ["nondeterministic_output"],
    syntax:
      "key group consumer min-idle-time id... [IDLE ms:integer] [TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] [FORCE] [JUSTID] [LASTID id]",
    since: "5.0.0",
    complexity: "O(log N) in what is pending, for each id",
    summary: "Lets messages that have been pending for long be those of another consumer.",
    run: xclaim,
  }),
  data({
    name: "xautoclaim",
    arity: -6,
    group: "stream",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "delete"),
    tips: ["nondeterministic_output"],
    syntax: "key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
    since: "6.2.0",
    complexity: "O(1) if COUNT is small",
    summary: "Lets messages from an id on that have been pending for long be those of another consumer.",
    history: [["7.0.0", "Ids of entries that are deleted, which are pending no more"]],
    run: xautoclaim,
  }),
];

interface OpenGroup {
  readonly stream: StreamBody;
  readonly group: SideItem;
  readonly life: GroupLife;
}

/** The group that arguments 1 and 2 name, which there must be. */
function groupOf(call: Call, stream: StreamBody | null): OpenGroup {
  const name = call.text(2);
  const group = stream?.group(name);
  if (stream === null || group === undefined) throw noGroup(call, { key: 1, group: name });
  return { stream, group, life: lifeOf(stream, name, group) };
}

// ---- Looking ----

function xpending(call: Call): void {
  const { count, reply, keyspace } = call;
  if (count !== 3 && (count < 6 || count > 9)) throw new ReplyError(SYNTAX_ERROR);
  if (count === 3) {
    replySummary(reply, groupOf(call, openToRead(call)).life);
    return;
  }
  let at = 3;
  let idleMin = 0;
  if (call.is(3, "idle")) {
    idleMin = call.integer(4);
    if (count < 8) throw new ReplyError(SYNTAX_ERROR);
    at = 5;
  }
  const max = readCount(call, at + 2);
  const range = readRange(call, at, at + 1);
  const { life } = groupOf(call, openToRead(call));
  const consumer = at + 3 < count ? life.seen(call.text(at + 3)) : null;
  if (consumer === undefined) {
    reply.emptyArray();
    return;
  }
  const array = reply.reserveArray();
  let told = 0;
  const pending = life.pending.iterate(range.start);
  while (told < max && pending.next() && pending.item.id.compare(range.end) <= 0) {
    const delivery = life.delivery(pending.item);
    const idleMs = keyspace.nowMs - delivery.deliveredMs;
    if ((consumer !== null && delivery.consumer !== consumer) || (idleMin > 0 && idleMs < idleMin)) continue;
    reply.array(4);
    replyId(reply, pending.item.id);
    writeByteString(reply, delivery.consumer.name);
    reply.integer(Math.max(0, idleMs));
    reply.integer(delivery.count);
    told++;
  }
  reply.fillArray(array, told);
}

function replySummary(reply: ReplyWriter, life: GroupLife): void {
  const { pending } = life;
  reply.array(4);
  reply.integer(pending.live);
  if (pending.live === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  forEachIn(pending, ALL, 1, (item) => replyId(reply, item.id));
  forEachBackwards(pending, ALL, 1, (item) => replyId(reply, item.id));
  const busy = life.visible().filter((consumer) => consumer.pending > 0);
  reply.array(busy.length);
  for (const { name, pending: count } of busy) {
    reply.array(2);
    writeByteString(reply, name);
    reply.bulkText(String(count));
  }
}

// ---- Claiming ----

interface Claiming {
  readonly idleMin: number;
  readonly deliveredMs: number;
  /** How often the message was delivered; negative if once more than before. */
  readonly times: number;
  /** Also what is not pending. */
  readonly isForced: boolean;
  readonly isJustId: boolean;
}

/** What is to be claimed is answered first, message by message, and then changed together: an answer that is too long changes nothing. */
class Claim {
  /** How many were answered. */
  claimed = 0;
  /** How often each message, by its id, is delivered after this. */
  readonly #planned = new Map<
    string,
    { readonly id: StreamId; readonly deliveredMs: number; readonly count: number }
  >();
  /** Without entries: they are pending no more. */
  readonly #lost: StreamId[] = [];
  readonly #entry = new ItemCursor();
  readonly #pending = new ItemCursor();

  constructor(
    private readonly call: Call,
    private readonly open: OpenGroup,
    private readonly claiming: Claiming,
  ) {}

  /** Answers a message if it can be claimed. */
  answer(id: StreamId): void {
    const { keyspace, reply } = this.call;
    const { stream } = this.open;
    const { idleMin, deliveredMs, times, isForced, isJustId } = this.claiming;
    if (stream.entries.find(id, this.#entry) < 0 || this.#entry.isMark) {
      this.#lost.push(new StreamId().copyFrom(id));
      return;
    }
    // An id may come twice.
    const before = this.#planned.get(id.toString()) ?? this.#deliveryOf(id);
    if (before === undefined && !isForced) return;
    if (before !== undefined && idleMin > 0 && keyspace.nowMs - before.deliveredMs < idleMin) return;
    if (isJustId) replyId(reply, id);
    else replyEntry(reply, this.#entry);
    const last = before?.count ?? 1;
    const count = times >= 0 ? times : isJustId ? last : oneMore(last);
    this.#planned.set(id.toString(), { id: new StreamId().copyFrom(id), deliveredMs, count });
    this.claimed++;
  }

  #deliveryOf(id: StreamId): Delivery | undefined {
    const { life } = this.open;
    const isPending = life.pending.find(id, this.#pending) >= 0 && !this.#pending.isMark;
    return isPending ? life.delivery(this.#pending) : undefined;
  }

  /** Does what was answered. `last` is the id up to which the group has read, if it is to be more than it was. */
  finish(last: StreamId | null = null): void {
    const { keyspace, config } = this.call;
    const { openStream, nowMs } = keyspace;
    const { life, group } = this.open;
    const lost = this.#lost.filter((id) => life.isPending(id));
    if (last === null && lost.length === 0 && this.#planned.size === 0) return;
    openStream.begin(config.current);
    if (last !== null) openStream.advanceGroup(life.name, group, { last, read: groupState(group).read });
    openStream.settle(life, lost);
    const name = this.call.text(3);
    const isNew = this.#planned.size > 0 && life.seen(name) === undefined;
    if (this.#planned.size > 0) {
      const consumer = openStream.touchConsumer(life, name, nowMs);
      const planned = [...this.#planned.values()].sort((a, b) => a.id.compare(b.id));
      const ids = planned.map(({ id }) => id);
      openStream.deliver(life, ids, (k) => ({ consumer, ...planned[k]! }));
    }
    openStream.finish(lost.length + this.claimed + (last === null ? 0 : 1));
    if (isNew) keyspace.happened("stream", "xgroup-createconsumer");
  }
}

function xclaim(call: Call): void {
  const { count, reply } = call;
  const open = groupOf(call, openToWrite(call));
  const idleMin = Math.max(0, call.integer(4, "ERR Invalid min-idle-time argument for XCLAIM"));
  const id = new StreamId();
  let optionsAt = 5;
  while (optionsAt < count && isStrictId(call, optionsAt, id)) optionsAt++;
  const { last, ...claiming } = readClaimOptions(call, optionsAt);
  const claim = new Claim(call, open, { idleMin, ...claiming });
  const array = reply.reserveArray();
  for (let i = 5; i < optionsAt; i++) {
    readStrictId(call, i, id);
    claim.answer(id);
  }
  reply.fillArray(array, claim.claimed);
  claim.finish(last.compare(groupState(open.group).last) > 0 ? last : null);
}

function readClaimOptions(call: Call, from: number): Omit<Claiming, "idleMin"> & { readonly last: StreamId } {
  const { nowMs } = call.keyspace;
  const last = new StreamId();
  let deliveredMs = -1;
  let times = -1;
  let isForced = false;
  let isJustId = false;
  for (let i = from; i < call.count; i++) {
    const hasMore = i + 1 < call.count;
    if (call.is(i, "force")) {
      isForced = true;
    } else if (call.is(i, "justid")) {
      isJustId = true;
    } else if (call.is(i, "idle") && hasMore) {
      deliveredMs = nowMs - call.integer(++i, "ERR Invalid IDLE option argument for XCLAIM");
    } else if (call.is(i, "time") && hasMore) {
      deliveredMs = call.integer(++i, "ERR Invalid TIME option argument for XCLAIM");
    } else if (call.is(i, "retrycount") && hasMore) {
      times = call.integer(++i, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
    } else if (call.is(i, "lastid") && hasMore) {
      readStrictId(call, ++i, last);
    } else {
      throw new ReplyError(`ERR Unrecognized XCLAIM option '${call.head(i, 128)}'`);
    }
  }
  if (deliveredMs < 0 || deliveredMs > nowMs) deliveredMs = nowMs;
  return { deliveredMs, times: Math.min(times, Number.MAX_SAFE_INTEGER), isForced, isJustId, last };
}

function xautoclaim(call: Call): void {
  const { keyspace, reply } = call;
  const idleMin = Math.max(0, call.integer(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM"));
  const start = readStart(call, 5);
  let max = COUNT_USUAL;
  let isJustId = false;
  for (let i = 6; i < call.count; i++) {
    if (call.is(i, "count") && i + 1 < call.count) {
      max = call.integer(++i, COUNT_NOT_POSITIVE);
      if (max < 1 || max >= COUNT_END) throw new ReplyError(COUNT_NOT_POSITIVE);
    } else if (call.is(i, "justid")) {
      isJustId = true;
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  const open = groupOf(call, openToWrite(call));
  const claiming = { idleMin, deliveredMs: keyspace.nowMs, times: -1, isForced: false, isJustId };
  const claim = new Claim(call, open, claiming);
  const { ids, next } = looked(open.life, start, max);
  const deleted: StreamId[] = [];
  let stopped: StreamId | null = null;
  // What is claimed is decided before anything is answered: how far it goes decides on the cursor, which stands first.
  let left = max;
  const chosen: StreamId[] = [];
  for (const id of ids) {
    if (left === 0) {
      stopped = id;
      break;
    }
    const verdict = judge(keyspace.nowMs, open, id, idleMin);
    if (verdict === "wait") continue;
    (verdict === "deleted" ? deleted : chosen).push(id);
    left--;
  }
  reply.array(3);
  replyId(reply, stopped ?? next);
  reply.array(chosen.length);
  for (const id of chosen) claim.answer(id);
  reply.array(deleted.length);
  for (const id of deleted) {
    claim.answer(id);
    replyId(reply, id);
  }
  claim.finish();
}

/** The messages that are looked at from an id on, and the one that would be next, 0 if there is none. */
function looked(life: GroupLife, start: StreamId, max: number): { ids: StreamId[]; next: StreamId } {
  const ids: StreamId[] = [];
  const pending = life.pending.iterate(start);
  for (let attempts = max * LOOKS_PER_CLAIM; attempts > 0; attempts--) {
    if (!pending.next()) return { ids, next: new StreamId() };
    ids.push(new StreamId().copyFrom(pending.item.id));
  }
  return { ids, next: pending.next() ? new StreamId().copyFrom(pending.item.id) : new StreamId() };
}

const judged = new ItemCursor();

function judge(
  nowMs: number,
  { stream, life }: OpenGroup,
  id: StreamId,
  idleMin: number,
): "wait" | "deleted" | "claim" {
  if (stream.entries.find(id, judged) < 0 || judged.isMark) return "deleted";
  life.pending.find(id, judged);
  return idleMin > 0 && nowMs - life.delivery(judged).deliveredMs < idleMin ? "wait" : "claim";
}
