/** XGROUP and XACK: groups of consumers, https://redis.io/docs/latest/commands/xgroup-create/ and its neighbours */
import { StreamId } from "../delta/stream-id.js";
import { READ_UNKNOWN } from "../keyspace/open-stream.js";
import type { SideItem, StreamBody } from "../keyspace/stream-body.js";
import { ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, container, data, keyAt1 } from "./command.js";
import { withHelp } from "./help.js";
import { noGroupForKey, openToWrite, readId, readStrictId } from "./stream-arguments.js";
import { lifeOf } from "./stream-group-state.js";

const NO_KEY =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.";
const GROUP_EXISTS = "BUSYGROUP Consumer Group name already exists";
const READ_NEGATIVE = "ERR value for ENTRIESREAD must be positive or -1";
const DOLLAR = 0x24;

function key2(access: string) {
  return [{ first: 2, last: 2, step: 1, access: ["RW", access] }] as const;
}

export const streamGroups: readonly Command[] = [
  data({
    name: "xack",
    arity: -4,
    group: "stream",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "update"),
    syntax: "key group id...",
    since: "5.0.0",
    complexity: "O(log N) in what is pending, for each id",
    summary: "Acknowledges messages: they are pending no more.",
    run: xack,
  }),
  container({
    name: "xgroup",
    arity: -2,
    group: "stream",
    flags: [],
    since: "5.0.0",
    complexity: "By subcommand",
    summary: "Makes and removes groups of consumers of a stream.",
    subcommands: withHelp({ of: "xgroup", since: "5.0.0" }, [
      data({
        name: "create",
        arity: -5,
        group: "stream",
        flags: ["write", "denyoom"],
        keys: key2("insert"),
        syntax: 'key groupname id=(id|new_id="$") [MKSTREAM] [ENTRIESREAD entries_read:integer]',
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Makes a group that reads what follows an id.",
        history: [["7.0.0", "ENTRIESREAD"]],
        run: create,
      }),
      data({
        name: "setid",
        arity: -5,
        group: "stream",
        flags: ["write"],
        keys: key2("update"),
        syntax: 'key groupname id=(id|new_id="$") [ENTRIESREAD entries_read:integer]',
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Sets the id behind which a group reads on.",
        history: [["7.0.0", "ENTRIESREAD"]],
        run: setId,
      }),
      data({
        name: "destroy",
        arity: 4,
        group: "stream",
        flags: ["write"],
        keys: key2("delete"),
        syntax: "key groupname",
        since: "5.0.0",
        complexity: "O(N) in consumers; what is pending is freed in slices",
        summary: "Removes a group with all that is pending in it.",
        run: destroy,
      }),
      data({
        name: "createconsumer",
        arity: 5,
        group: "stream",
        flags: ["write", "denyoom"],
        keys: key2("insert"),
        syntax: "key groupname consumername",
        since: "6.2.0",
        complexity: "O(1)",
        summary: "Makes a consumer of a group.",
        run: createConsumer,
      }),
      data({
        name: "delconsumer",
        arity: 5,
        group: "stream",
        flags: ["write"],
        keys: key2("delete"),
        syntax: "key groupname consumername",
        since: "5.0.0",
        complexity: "O(N) in what is pending for all consumers of the group",
        summary: "Removes a consumer with what is pending for it.",
        run: deleteConsumer,
      }),
    ]),
  }),
];

interface CreateOptions {
  readonly mayCreate: boolean;
  readonly read: number;
}

function readOptions(call: Call, isCreate: boolean): CreateOptions {
  let mayCreate = false;
  let read = READ_UNKNOWN;
  for (let i = 5; i < call.count; i++) {
    if (isCreate && call.is(i, "mkstream")) {
      mayCreate = true;
    } else if (call.is(i, "entriesread") && i + 1 < call.count) {
      read = call.integer(++i);
      if (read < 0 && read !== READ_UNKNOWN) throw new ReplyError(READ_NEGATIVE);
    } else {
      throw new ReplyError(unknownSubcommandOrArity("xgroup", call.text(1)));
    }
  }
  return { mayCreate, read: Math.min(read, Number.MAX_SAFE_INTEGER - 1) };
}

/** Options may come twice, but no more arguments than if each comes once. */
function refuseBeyond(call: Call, countMax: number): void {
  if (call.count > countMax) throw new ReplyError(unknownSubcommandOrArity("xgroup", call.text(1)));
}

/** The stream, which there must be. */
function existing(call: Call): StreamBody {
  const stream = openToWrite(call, 2);
  if (stream === null) throw new ReplyError(NO_KEY);
  return stream;
}

/** The group of an argument, which there must be. */
function existingGroup(call: Call, stream: StreamBody): SideItem {
  const group = stream.group(call.text(3));
  if (group !== undefined) return group;
  throw noGroupForKey(call);
}

/** The id behind which a group reads: that of the last entry, if asked. */
function readLast(call: Call, stream: StreamBody | null, isStrict: boolean): StreamId {
  const last = new StreamId();
  if (call.length(4) === 1 && call.bytes[call.start(4)] === DOLLAR) {
    if (stream !== null) last.copyFrom(stream.last);
  } else if (isStrict) {
    readStrictId(call, 4, last);
  } else {
    readId(call, 4, last, "lowest");
  }
  return last;
}

function create(call: Call): void {
  const { mayCreate, read } = readOptions(call, true);
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const stream = openToWrite(call, 2);
  if (stream === null && !mayCreate) throw new ReplyError(NO_KEY);
  refuseBeyond(call, 8);
  const name = call.text(3);
  const last = readLast(call, stream, true);
  if (stream?.group(name) !== undefined) throw new ReplyError(GROUP_EXISTS);
  openStream.begin(call.config.current);
  if (stream === null) openStream.found();
  openStream.createGroup(name, { last, read });
  openStream.finish();
  keyspace.happened("stream", "xgroup-create");
  reply.ok();
}

function setId(call: Call): void {
  const { read } = readOptions(call, false);
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const stream = existing(call);
  const group = existingGroup(call, stream);
  refuseBeyond(call, 7);
  const last = readLast(call, stream, false);
  openStream.begin(call.config.current);
  openStream.resetGroup(call.text(3), group, { last, read });
  openStream.finish();
  keyspace.happened("stream", "xgroup-setid");
  reply.ok();
}

function destroy(call: Call): void {
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const group = existing(call).group(call.text(3));
  if (group === undefined) {
    reply.integer(0);
    return;
  }
  openStream.begin(call.config.current);
  openStream.destroyGroup(group);
  openStream.finish();
  keyspace.happened("stream", "xgroup-destroy");
  reply.integer(1);
}

function createConsumer(call: Call): void {
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const stream = existing(call);
  const life = lifeOf(stream, call.text(3), existingGroup(call, stream));
  const name = call.text(4);
  if (life.seen(name) !== undefined) {
    reply.integer(0);
    return;
  }
  openStream.begin(call.config.current);
  openStream.touchConsumer(life, name, keyspace.nowMs);
  openStream.finish();
  keyspace.happened("stream", "xgroup-createconsumer");
  reply.integer(1);
}

function deleteConsumer(call: Call): void {
  const { keyspace, reply } = call;
  const { openStream } = keyspace;
  const stream = existing(call);
  const life = lifeOf(stream, call.text(3), existingGroup(call, stream));
  const consumer = life.seen(call.text(4));
  if (consumer === undefined) {
    reply.integer(0);
    return;
  }
  const { pending } = consumer;
  openStream.begin(call.config.current);
  openStream.settleAll(life, consumer);
  openStream.removeConsumer(consumer);
  openStream.finish();
  keyspace.happened("stream", "xgroup-delconsumer");
  reply.integer(pending);
}

function xack(call: Call): void {
  const { keyspace, count, reply } = call;
  const { openStream } = keyspace;
  const stream = openToWrite(call);
  const name = call.text(2);
  const group = stream?.group(name);
  if (stream === null || group === undefined) {
    reply.integer(0);
    return;
  }
  const ids = Array.from({ length: count - 3 }, (_, i) => {
    const id = new StreamId();
    readStrictId(call, i + 3, id);
    return id;
  });
  const life = lifeOf(stream, name, group);
  openStream.begin(call.config.current);
  const settled = openStream.settle(life, ids);
  if (settled > 0) openStream.finish(settled);
  reply.integer(settled);
}
