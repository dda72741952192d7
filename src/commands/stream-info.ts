/** XINFO: what streams, groups and consumers are, https://redis.io/docs/latest/commands/xinfo-stream/ and its neighbours */
import { StreamId } from "../delta/stream-id.js";
import { groupState, READ_UNKNOWN } from "../keyspace/open-stream.js";
import type { SideItem, StreamBody } from "../keyspace/stream-body.js";
import type { Consumer, GroupLife } from "../keyspace/stream-group.js";
import { NO_SUCH_KEY, ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { writeByteString } from "./byte-string.js";
import type { Call } from "./call.js";
import { type Command, container, data } from "./command.js";
import { withHelp } from "./help.js";
import { noGroupForKey, openToRead } from "./stream-arguments.js";
import { lagOf, lifeOf } from "./stream-group-state.js";
import { forEachBackwards, forEachIn, replyEntry, replyId } from "./stream-replies.js";

const key2 = [{ first: 2, last: 2, step: 1, access: ["RO", "access"] }] as const;
const COUNT_USUAL = 10;
const ALL = { start: new StreamId(), end: new StreamId().setMax() };

export const streamInfo: readonly Command[] = [
  container({
    name: "xinfo",
    arity: -2,
    group: "stream",
    flags: [],
    since: "5.0.0",
    complexity: "By subcommand",
    summary: "Tells about streams, their groups and consumers.",
    subcommands: withHelp({ of: "xinfo", since: "5.0.0" }, [
      data({
        name: "stream",
        arity: -3,
        group: "stream",
        flags: ["readonly"],
        keys: key2,
        syntax: "key [FULL full=([COUNT count:integer])]",
        since: "5.0.0",
        complexity: "O(1), and O(N) in what is told of entries, pending messages and consumers",
        summary: "Tells about a stream.",
        history: [
          ["6.0.0", "FULL"],
          [
            "7.0.0",
            "The highest id deleted, the entries added, the first id, the entries that groups have read, and their lag",
          ],
        ],
        differs:
          "There is no radix tree: `radix-tree-keys` counts blocks of entries, and `radix-tree-nodes` is one more.",
        run: stream,
      }),
      data({
        name: "groups",
        arity: 3,
        group: "stream",
        flags: ["readonly"],
        keys: key2,
        syntax: "key",
        since: "5.0.0",
        complexity: "O(N) in groups",
        summary: "Tells about the groups of a stream.",
        history: [["7.0.0", "The entries that groups have read, and their lag"]],
        run: groups,
      }),
      data({
        name: "consumers",
        arity: 4,
        group: "stream",
        flags: ["readonly"],
        keys: key2,
        tips: ["nondeterministic_output"],
        syntax: "key groupname",
        since: "5.0.0",
        complexity: "O(N) in consumers",
        summary: "Tells about the consumers of a group.",
        differs: "When a consumer that got nothing was here last only the node knows that executed for it.",
        run: consumers,
      }),
    ]),
  }),
];

function existing(call: Call): StreamBody {
  const found = openToRead(call, 2);
  if (found === null) throw new ReplyError(NO_SUCH_KEY);
  return found;
}

function stream(call: Call): void {
  const body = existing(call);
  const count = readFull(call);
  const { reply } = call;
  reply.map(count === undefined ? 10 : 9);
  replySummary(reply, body);
  if (count !== undefined) {
    replyFull(reply, body, count === 0 ? Number.POSITIVE_INFINITY : count);
    return;
  }
  reply.bulkText("groups");
  reply.integer(body.groups().length);
  replyEdge(reply, "first-entry", body, forEachIn);
  replyEdge(reply, "last-entry", body, forEachBackwards);
}

/** How many of each to tell, 0 for all; undefined if it is not to be told in full. */
function readFull(call: Call): number | undefined {
  const options = call.count - 3;
  if (options === 0) return undefined;
  const refused = new ReplyError(unknownSubcommandOrArity("xinfo", call.text(1)));
  if ((options !== 1 && options !== 3) || !call.is(3, "full")) throw refused;
  if (options === 1) return COUNT_USUAL;
  if (!call.is(4, "count")) throw refused;
  const count = call.integer(5);
  return count < 0 ? COUNT_USUAL : count;
}

function replySummary(reply: ReplyWriter, body: StreamBody): void {
  replyNumber(reply, "length", body.entries.live);
  replyNumber(reply, "radix-tree-keys", body.entries.length);
  replyNumber(reply, "radix-tree-nodes", body.entries.length + 1);
  replyNamedId(reply, "last-generated-id", body.last);
  replyNamedId(reply, "max-deleted-entry-id", body.maxDeleted);
  replyNumber(reply, "entries-added", body.added);
  replyNamedId(reply, "recorded-first-entry-id", body.firstId(new StreamId()));
}

function replyNumber(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}

function replyNamedId(reply: ReplyWriter, name: string, id: StreamId): void {
  reply.bulkText(name);
  replyId(reply, id);
}

function replyEdge(reply: ReplyWriter, name: string, body: StreamBody, walk: typeof forEachIn): void {
  reply.bulkText(name);
  if (body.entries.live === 0) reply.null();
  else walk(body.entries, ALL, 1, (item) => replyEntry(reply, item));
}

function replyFull(reply: ReplyWriter, body: StreamBody, count: number): void {
  reply.bulkText("entries");
  const entries = reply.reserveArray();
  reply.fillArray(
    entries,
    forEachIn(body.entries, ALL, count, (item) => replyEntry(reply, item)),
  );
  reply.bulkText("groups");
  const groupsFound = body.groups();
  reply.array(groupsFound.length);
  for (const { name, item, life } of groupsFound) replyFullGroup(reply, body, { name, item, life }, count);
}

interface Group {
  readonly name: string;
  readonly item: SideItem;
  readonly life: GroupLife;
}

function replyFullGroup(
  reply: ReplyWriter,
  body: StreamBody,
  { name, item, life }: Group,
  count: number,
): void {
  reply.map(7);
  replyName(reply, "name", name);
  replyProgress(reply, body, item);
  replyNumber(reply, "pel-count", life.pending.live);
  reply.bulkText("pending");
  const pel = reply.reserveArray();
  reply.fillArray(
    pel,
    forEachIn(life.pending, ALL, count, (pending) => {
      const { consumer, deliveredMs, count: times } = life.delivery(pending);
      reply.array(4);
      replyId(reply, pending.id);
      writeByteString(reply, consumer.name);
      reply.integer(deliveredMs);
      reply.integer(times);
    }),
  );
  reply.bulkText("consumers");
  const seen = life.visible();
  const owned = pendingByConsumer(life, seen, count);
  reply.array(seen.length);
  for (const consumer of seen) replyFullConsumer(reply, consumer, owned.get(consumer)!);
}

interface Owned {
  readonly id: StreamId;
  readonly deliveredMs: number;
  readonly times: number;
}

/** What is pending for each of some consumers, up to `count`: what is pending in the group is walked once for all of them. */
function pendingByConsumer(
  life: GroupLife,
  consumers: readonly Consumer[],
  count: number,
): ReadonlyMap<Consumer, readonly Owned[]> {
  const owned = new Map<Consumer, Owned[]>(consumers.map((consumer) => [consumer, []]));
  let left = consumers.reduce((sum, { pending }) => sum + Math.min(count, pending), 0);
  const pending = life.pending.iterate(ALL.start);
  while (left > 0 && pending.next()) {
    const { consumer, deliveredMs, count: times } = life.delivery(pending.item);
    const found = owned.get(consumer);
    if (found === undefined || found.length >= count) continue;
    found.push({ id: new StreamId().copyFrom(pending.item.id), deliveredMs, times });
    left--;
  }
  return owned;
}

function replyFullConsumer(reply: ReplyWriter, consumer: Consumer, owned: readonly Owned[]): void {
  reply.map(4);
  replyName(reply, "name", consumer.name);
  replyNumber(reply, "seen-time", consumer.seenMs);
  replyNumber(reply, "pel-count", consumer.pending);
  reply.bulkText("pending");
  reply.array(owned.length);
  for (const { id, deliveredMs, times } of owned) {
    reply.array(3);
    replyId(reply, id);
    reply.integer(deliveredMs);
    reply.integer(times);
  }
}

function replyProgress(reply: ReplyWriter, body: StreamBody, item: SideItem): void {
  const { last, read } = groupState(item);
  replyNamedId(reply, "last-delivered-id", last);
  reply.bulkText("entries-read");
  if (read === READ_UNKNOWN) reply.null();
  else reply.integer(read);
  reply.bulkText("lag");
  const lag = lagOf(body, item);
  if (lag === undefined) reply.null();
  else reply.integer(lag);
}

function groups(call: Call): void {
  const body = existing(call);
  const { reply } = call;
  const found = body.groups();
  reply.array(found.length);
  for (const { name, item, life } of found) {
    reply.map(6);
    replyName(reply, "name", name);
    replyNumber(reply, "consumers", life.visible().length);
    replyNumber(reply, "pending", life.pending.live);
    replyProgress(reply, body, item);
  }
}

function consumers(call: Call): void {
  const { keyspace, reply } = call;
  const body = existing(call);
  const name = call.text(3);
  const group = body.group(name);
  if (group === undefined) throw noGroupForKey(call);
  const seen = lifeOf(body, name, group).visible();
  reply.array(seen.length);
  for (const consumer of seen) {
    reply.map(3);
    replyName(reply, "name", consumer.name);
    replyNumber(reply, "pending", consumer.pending);
    replyNumber(reply, "idle", Math.max(0, keyspace.nowMs - consumer.seenMs));
  }
}

function replyName(reply: ReplyWriter, label: string, name: string): void {
  reply.bulkText(label);
  writeByteString(reply, name);
}
