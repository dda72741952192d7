/** XREAD and XREADGROUP: https://redis.io/docs/latest/commands/xread/ and https://redis.io/docs/latest/commands/xreadgroup/ */
import { StreamId } from "../delta/stream-id.js";
import { oneMore } from "../delta/stream-items.js";
import { NOWHERE } from "../keyspace/arena.js";
import { groupState } from "../keyspace/open-stream.js";
import { TYPE_STREAM } from "../keyspace/record.js";
import { ItemCursor } from "../keyspace/stream-block.js";
import type { SideItem, StreamBody } from "../keyspace/stream-body.js";
import type { GroupLife } from "../keyspace/stream-group.js";
import {
  ReplyError,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_AN_INTEGER,
} from "../protocol/reply-error.js";
import { requestOf } from "../protocol/request-builder.js";
import type { WaitKind } from "./blocking.js";
import type { Call } from "./call.js";
import { type Command, keysBehind, session } from "./command.js";
import type { SessionCall } from "./session.js";
import { noGroup, readCount, readStrictId } from "./stream-arguments.js";
import { lifeOf, readBy } from "./stream-group-state.js";
import { forEachIn, replyEntry, replyId } from "./stream-replies.js";

const GROUP_IN_XREAD = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
const NOACK_IN_XREAD = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
/** Redis says so of XREADGROUP, too. */
const UNBALANCED =
  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
const STREAM_GONE = "UNBLOCKED the stream key no longer exists";
const GROUP_GONE = "NOGROUP the consumer group this client was blocked on no longer exists";
const NO_GROUP = "ERR Missing GROUP option for XREADGROUP";
const NEW_IN_XREAD =
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
const TOP_IN_GROUP =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";

const DOLLAR = 0x24;
const GREATER = 0x3e;

export const streamDeliveries: readonly Command[] = [
  session({
    name: "xread",
    arity: -4,
    group: "stream",
    flags: ["readonly", "blocking", "movablekeys"],
    keys: [keysBehind("STREAMS", 1, "RO", "access")],
    syntax: "[COUNT count:integer] [BLOCK milliseconds:integer] STREAMS streams=(key... id...)",
    since: "5.0.0",
    complexity: "O(log N) in blocks of entries for each stream, and O(M) in entries answered",
    summary: "Answers the entries of streams that follow an id.",
    run: (call) => read(call, false),
  }),
  session({
    name: "xreadgroup",
    arity: -7,
    group: "stream",
    flags: ["write", "blocking", "movablekeys"],
    // A group and a consumer may have any name, that word too.
    keys: [{ ...keysBehind("STREAMS", 4, "RO", "access"), passing: { GROUP: 2, COUNT: 1, BLOCK: 1 } }],
    differs:
      "A group or a consumer called STREAMS is not taken for the word before the keys: Redis then judges permissions by other keys than it reads.",
    syntax:
      "GROUP group_consumer=(group consumer) [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] STREAMS streams=(key... id...)",
    since: "5.0.0",
    complexity:
      "O(M) in entries answered; for entries that were delivered before also O(N) in those pending for all consumers of the group",
    summary:
      "Delivers entries of streams to a consumer of a group, new ones or those that it has not acknowledged.",
    run: (call) => read(call, true),
  }),
];

interface Reading {
  /** 0 for no limit. */
  readonly count: number;
  /** How long to wait if there is nothing, 0 for ever; null for not at all. */
  readonly blockMs: number | null;
  readonly isNoted: boolean;
  /** The arguments: the first key, and how many there are. */
  readonly keysAt: number;
  readonly keys: number;
  readonly group: string | null;
  readonly consumer: string;
}

/** Where to begin in a stream: behind an id; null is what is new to the group. */
type From = StreamId | null;

const NEWS: WaitKind = {
  type: TYPE_STREAM,
  takes: false,
  serve: (call, key) => serveNews(call, key, readOptions(call, false)),
  writeNothing: (reply) => reply.nullArray(),
};

const NEWS_OF_GROUP: WaitKind = {
  ...NEWS,
  hearsOfLoss: true,
  serve: (call, key) => serveNewsOfGroup(call, key, readOptions(call, true)),
};

/** Replies what one stream has got for which a client waits. */
function serveNews(call: Call, key: number, reading: Reading): boolean {
  const from = readFrom(call, reading, key - reading.keysAt);
  const { reply } = call;
  const mark = reply.mark();
  if (reply.resp === 3) reply.map(1);
  else reply.array(1);
  if (serve(call, reading, key - reading.keysAt, from)) return true;
  reply.rollback(mark);
  return false;
}

function serveNewsOfGroup(call: Call, key: number, reading: Reading): boolean {
  const { keyspace } = call;
  const at = call.peek(key);
  if (at === NOWHERE || keyspace.records.type(at) !== TYPE_STREAM) throw new ReplyError(STREAM_GONE);
  if (keyspace.openStream.body.group(reading.group!) === undefined) throw new ReplyError(GROUP_GONE);
  return serveNews(call, key, reading);
}

/** The request with what `$` means now, and all else as it came. */
function settledRequest(call: Call, { keysAt, keys }: Reading, from: readonly From[]): Buffer {
  const args = Array.from({ length: call.count }, (_, i) => {
    const id = from[i - keysAt - keys];
    return id === undefined || id === null ? call.copy(i) : Buffer.from(id.toString(), "latin1");
  });
  return requestOf(args);
}

function read(call: SessionCall, isOfGroup: boolean): void {
  const reading = readOptions(call, isOfGroup);
  const from = Array.from({ length: reading.keys }, (_, i) => readFrom(call, reading, i));
  const { reply } = call;
  const mark = reply.mark();
  const array = reply.reserveArray();
  let answered = 0;
  for (let i = 0; i < reading.keys; i++) if (serve(call, reading, i, from[i]!)) answered++;
  if (answered === 0) {
    reply.rollback(mark);
    if (reading.blockMs === null) reply.nullArray();
    else park(call, reading, from);
  } else if (reply.resp === 3) {
    reply.fillMap(array, answered);
  } else {
    reply.fillArray(array, answered);
  }
}

function park(call: SessionCall, reading: Reading, from: readonly From[]): void {
  const { keysAt, keys, blockMs, group } = reading;
  call.park(group === null ? NEWS : NEWS_OF_GROUP, {
    first: keysAt,
    end: keysAt + keys,
    timeoutMs: blockMs === 0 ? Number.POSITIVE_INFINITY : blockMs!,
    request: settledRequest(call, reading, from),
  });
}

function readOptions(call: Call, isOfGroup: boolean): Reading {
  let count = 0;
  let blockMs: number | null = null;
  let isNoted = true;
  let keysAt = 0;
  let group: string | null = null;
  let consumer = "";
  for (let i = 1; i < call.count && keysAt === 0; i++) {
    const following = call.count - i - 1;
    if (call.is(i, "block") && following > 0) {
      blockMs = call.integer(++i, TIMEOUT_NOT_AN_INTEGER);
      if (blockMs < 0) throw new ReplyError(TIMEOUT_NEGATIVE);
    } else if (call.is(i, "count") && following > 0) {
      count = readCount(call, ++i);
    } else if (call.is(i, "streams") && following > 0) {
      if (following % 2 !== 0) throw new ReplyError(UNBALANCED);
      keysAt = i + 1;
    } else if (call.is(i, "group") && following >= 2) {
      if (!isOfGroup) throw new ReplyError(GROUP_IN_XREAD);
      group = call.text(i + 1);
      consumer = call.text(i + 2);
      i += 2;
    } else if (call.is(i, "noack")) {
      if (!isOfGroup) throw new ReplyError(NOACK_IN_XREAD);
      isNoted = false;
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  if (keysAt === 0) throw new ReplyError(SYNTAX_ERROR);
  if (isOfGroup && group === null) throw new ReplyError(NO_GROUP);
  return { count, blockMs, isNoted, keysAt, keys: (call.count - keysAt) >>> 1, group, consumer };
}

function readFrom(call: Call, { keysAt, keys, group }: Reading, i: number): From {
  const stream = openStream(call, keysAt + i);
  const index = keysAt + keys + i;
  if (group !== null && stream?.group(group) === undefined) {
    throw noGroup(call, { key: keysAt + i, group, where: " in XREADGROUP with GROUP option" });
  }
  const byte = call.length(index) === 1 ? call.bytes[call.start(index)] : 0;
  if (byte === DOLLAR) {
    if (group !== null) throw new ReplyError(TOP_IN_GROUP);
    return stream === null ? new StreamId() : new StreamId().copyFrom(stream.last);
  }
  if (byte === GREATER) {
    if (group === null) throw new ReplyError(NEW_IN_XREAD);
    return null;
  }
  const id = new StreamId();
  readStrictId(call, index, id);
  // To Redis they are the same.
  return group !== null && id.compare(highest) === 0 ? null : id;
}

function openStream(call: Call, index: number): StreamBody | null {
  const at = call.read(index);
  call.expectType(at, TYPE_STREAM);
  return at === NOWHERE ? null : call.keyspace.openStream.body;
}

/** Answers whether there was anything to answer of one stream. */
function serve(call: Call, reading: Reading, i: number, from: From): boolean {
  const index = reading.keysAt + i;
  const stream = openStream(call, index);
  if (stream === null) return false;
  if (reading.group !== null) return deliver(call, reading, index, stream, from);
  const start = new StreamId().copyFrom(from!);
  if (stream.entries.live === 0 || stream.topId(top).compare(start) <= 0) return false;
  start.increment();
  replyKey(call, index);
  replyFrom(call, stream, start, reading.count);
  return true;
}

const top = new StreamId();
const highest = new StreamId().setMax();

function replyKey(call: Call, index: number): void {
  if (call.reply.resp === 2) call.reply.array(2);
  call.reply.bulk(call.bytes, call.start(index), call.end(index));
}

function replyFrom({ reply }: Call, stream: StreamBody, start: StreamId, count: number): void {
  const array = reply.reserveArray();
  const max = count === 0 ? Number.POSITIVE_INFINITY : count;
  const range = { start, end: highest };
  reply.fillArray(
    array,
    forEachIn(stream.entries, range, max, (item) => replyEntry(reply, item)),
  );
}

function deliver(call: Call, reading: Reading, index: number, stream: StreamBody, from: From): boolean {
  const name = reading.group!;
  const group = stream.group(name)!;
  const life = lifeOf(stream, name, group);
  if (from !== null) {
    replyKey(call, index);
    replyHistory(call, reading, life, stream, from);
    return true;
  }
  const { last } = groupState(group);
  if (stream.entries.live === 0 || stream.topId(top).compare(last) <= 0) return false;
  replyKey(call, index);
  deliverNew(call, reading, life, stream, group);
  return true;
}

/** Entries that the group has not seen: they are pending for the consumer from now on. */
function deliverNew(
  call: Call,
  reading: Reading,
  life: GroupLife,
  stream: StreamBody,
  group: SideItem,
): void {
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const state = groupState(group);
  const start = new StreamId().copyFrom(state.last);
  start.increment();
  const array = reply.reserveArray();
  const max = reading.count === 0 ? Number.POSITIVE_INFINITY : reading.count;
  const ids: StreamId[] = [];
  let { read } = state;
  // Answered first: an answer that is too long changes nothing.
  const delivered = forEachIn(stream.entries, { start, end: highest }, max, (item) => {
    replyEntry(reply, item);
    read = readBy(stream, item.id, read);
    ids.push(new StreamId().copyFrom(item.id));
  });
  reply.fillArray(array, delivered);
  const isNew = life.seen(reading.consumer) === undefined;
  openStream.begin(call.config.current);
  const consumer = openStream.touchConsumer(life, reading.consumer, keyspace.nowMs);
  if (reading.isNoted) {
    const delivery = { consumer, deliveredMs: keyspace.nowMs, count: 1 };
    openStream.deliver(life, ids, () => delivery);
  }
  openStream.advanceGroup(reading.group!, group, { last: ids.at(-1)!, read });
  openStream.finish();
  if (isNew) noteNewConsumer(call);
}

function noteNewConsumer({ keyspace }: Call): void {
  keyspace.happened("stream", "xgroup-createconsumer");
}

/** What is pending for the consumer behind an id, each of which is delivered once more. */
function replyHistory(
  call: Call,
  { consumer: name, count }: Reading,
  life: GroupLife,
  stream: StreamBody,
  from: StreamId,
): void {
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const start = new StreamId().copyFrom(from);
  const isPast = !start.increment();
  const isNew = life.seen(name) === undefined;
  // One that clients do not see may have messages: another owner delivered them while this one deleted it.
  const known = life.consumers.get(name);
  const max = count === 0 ? Number.POSITIVE_INFINITY : count;
  const ids: StreamId[] = [];
  if (!isPast && known !== undefined && known.pending > 0) {
    const cursor = life.pending.iterate(start);
    for (let seen = 0; ids.length < max && seen < known.pending && cursor.next(); ) {
      if (life.consumerAt(cursor.item) !== known) continue;
      seen++;
      ids.push(new StreamId().copyFrom(cursor.item.id));
    }
  }
  if (known !== undefined) known.seenMs = keyspace.nowMs;
  const item = new ItemCursor();
  const found: StreamId[] = [];
  reply.array(ids.length);
  for (const id of ids) {
    if (stream.entries.find(id, item) >= 0 && !item.isMark) {
      replyEntry(reply, item);
      found.push(id);
    } else {
      reply.array(2);
      replyId(reply, id);
      reply.nullArray();
    }
  }
  if (!isNew && found.length === 0) return;
  openStream.begin(call.config.current);
  const consumer = isNew ? openStream.touchConsumer(life, name, keyspace.nowMs) : known!;
  openStream.deliver(life, found, (_, before) => ({
    consumer,
    deliveredMs: keyspace.nowMs,
    count: oneMore(before!.count),
  }));
  openStream.finish();
  if (isNew) noteNewConsumer(call);
}
