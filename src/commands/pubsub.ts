/** Messages to whoever is subscribed: https://redis.io/docs/latest/develop/interact/pubsub/ */
import { compileGlob } from "../base/glob.js";
import { ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { ChannelKind } from "../pubsub/message.js";
import type { SubscriptionKind } from "../pubsub/subscriber.js";
import { writeByteString } from "./byte-string.js";
import { type Command, container, type KeyPositions, session } from "./command.js";
import { withHelp } from "./help.js";
import type { Session, SessionCall } from "./session.js";

const COUNTS_OF_ALL =
  "On a cluster it is about the subscribers of all nodes, as these last told this one, but for those of nodes that have more than 65,536 names to tell. " +
  "Redis Cluster counts those of one node.";
const STAYS =
  "On a cluster any node takes it, for channels of any slots. A slot that changes its owner ends no subscription.";

/** Shard channels have slots as keys have. */
const CHANNEL_AT_1: readonly KeyPositions[] = [{ first: 1, last: 1, step: 1, access: ["not_key"] }];
const ALL_CHANNELS: readonly KeyPositions[] = [{ first: 1, last: -1, step: 1, access: ["not_key"] }];

/** How many subscriptions SUBSCRIBE and its like reply: Redis counts shard channels by themselves. */
const KINDS_COUNTED: Readonly<Record<SubscriptionKind, readonly SubscriptionKind[]>> = {
  channel: ["channel", "pattern"],
  pattern: ["channel", "pattern"],
  shard: ["shard"],
};

const LISTENER = {
  group: "pubsub",
  flags: ["pubsub", "noscript", "loading", "stale"],
  changesConnection: true,
  whileSubscribed: true,
  pushesReply: true,
} as const;

export const pubsubCommands: readonly Command[] = [
  session({
    ...LISTENER,
    name: "subscribe",
    arity: -2,
    channels: { first: 1, last: -1 },
    syntax: "channel:string...",
    since: "2.0.0",
    complexity: "O(N) in channels",
    summary: "Listens for what is published to channels.",
    run: (call) => subscribe(call, "channel"),
  }),
  session({
    ...LISTENER,
    name: "unsubscribe",
    arity: -1,
    syntax: "[channel:string...]",
    since: "2.0.0",
    complexity: "O(N) in channels",
    summary: "Listens no longer for what is published to the channels given, or to all channels.",
    run: (call) => unsubscribe(call, "channel"),
  }),
  session({
    ...LISTENER,
    name: "psubscribe",
    arity: -2,
    channels: { first: 1, last: -1, arePatterns: true },
    syntax: "(pattern:pattern)...",
    since: "2.0.0",
    complexity: "O(N) in patterns",
    summary: "Listens for what is published to channels whose names match patterns.",
    run: (call) => subscribe(call, "pattern"),
  }),
  session({
    ...LISTENER,
    name: "punsubscribe",
    arity: -1,
    syntax: "[pattern:pattern...]",
    since: "2.0.0",
    complexity: "O(N) in patterns",
    summary: "Listens no longer by the patterns given, or by any.",
    run: (call) => unsubscribe(call, "pattern"),
  }),
  session({
    ...LISTENER,
    name: "ssubscribe",
    arity: -2,
    keys: ALL_CHANNELS,
    staysHere: true,
    channels: { first: 1, last: -1 },
    syntax: "shardchannel:string...",
    since: "7.0.0",
    complexity: "O(N) in channels",
    summary: "Listens for what is published to shard channels.",
    differs: STAYS,
    run: (call) => subscribe(call, "shard"),
  }),
  session({
    ...LISTENER,
    name: "sunsubscribe",
    arity: -1,
    keys: ALL_CHANNELS,
    staysHere: true,
    syntax: "[shardchannel:string...]",
    since: "7.0.0",
    complexity: "O(N) in channels",
    summary: "Listens no longer for what is published to the shard channels given, or to all of them.",
    differs: STAYS,
    run: (call) => unsubscribe(call, "shard"),
  }),
  session({
    name: "publish",
    arity: 3,
    group: "pubsub",
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    channels: { first: 1, last: 1 },
    syntax: "channel:string message",
    since: "2.0.0",
    complexity: "O(N+M) in subscribers of the channel and in patterns that anybody is subscribed to",
    summary: "Sends a message to all who listen to a channel, and answers how many those are.",
    differs: `${COUNTS_OF_ALL} What a transaction publishes to its own connection comes behind the replies of EXEC.`,
    settlesFirst: true,
    run: (call) => publish(call, "channel"),
  }),
  session({
    name: "spublish",
    arity: 3,
    group: "pubsub",
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    keys: CHANNEL_AT_1,
    channels: { first: 1, last: 1 },
    syntax: "shardchannel:string message",
    since: "7.0.0",
    complexity: "O(N) in subscribers of the channel",
    summary: "Sends a message to all who listen to a shard channel, and answers how many those are.",
    differs: `${COUNTS_OF_ALL} The node that executes the channel's slot sends it.`,
    run: (call) => publish(call, "shard"),
  }),
  container({
    name: "pubsub",
    arity: -2,
    group: "pubsub",
    flags: [],
    since: "2.8.0",
    complexity: "By subcommand",
    summary: "Tells what is subscribed to.",
    subcommands: withHelp({ of: "pubsub", since: "6.2.0" }, [
      session({
        name: "channels",
        arity: -2,
        group: "pubsub",
        flags: ["pubsub", "loading", "stale"],
        syntax: "[pattern:pattern]",
        since: "2.8.0",
        complexity: "O(N) in channels",
        summary: "Lists the channels that anybody is subscribed to, or those that match a pattern.",
        differs: COUNTS_OF_ALL,
        run: (call) => listNames(call, "channel"),
      }),
      session({
        name: "numpat",
        arity: 2,
        group: "pubsub",
        flags: ["pubsub", "loading", "stale"],
        since: "2.8.0",
        complexity: "O(1); O(N) in patterns on a cluster of several nodes",
        summary: "Counts the patterns that anybody is subscribed to.",
        differs: COUNTS_OF_ALL,
        run: countPatterns,
      }),
      session({
        name: "numsub",
        arity: -2,
        group: "pubsub",
        flags: ["pubsub", "loading", "stale"],
        syntax: "[channel:string...]",
        since: "2.8.0",
        complexity: "O(N) in channels",
        summary: "Counts the subscribers of channels, those by patterns left out.",
        differs: COUNTS_OF_ALL,
        run: (call) => countSubscribers(call, "channel"),
      }),
      session({
        name: "shardchannels",
        arity: -2,
        group: "pubsub",
        flags: ["pubsub", "loading", "stale"],
        syntax: "[pattern:pattern]",
        since: "7.0.0",
        complexity: "O(N) in shard channels",
        summary: "Lists the shard channels that anybody is subscribed to, or those that match a pattern.",
        differs: COUNTS_OF_ALL,
        run: (call) => listNames(call, "shard"),
      }),
      session({
        name: "shardnumsub",
        arity: -2,
        group: "pubsub",
        flags: ["pubsub", "loading", "stale"],
        syntax: "[shardchannel:string...]",
        since: "7.0.0",
        complexity: "O(N) in shard channels",
        summary: "Counts the subscribers of shard channels.",
        differs: COUNTS_OF_ALL,
        run: (call) => countSubscribers(call, "shard"),
      }),
    ]),
  }),
];

const SUBSCRIBED = { channel: "subscribe", pattern: "psubscribe", shard: "ssubscribe" } as const;
const UNSUBSCRIBED = { channel: "unsubscribe", pattern: "punsubscribe", shard: "sunsubscribe" } as const;

/**
 * On a cluster the reply waits until other nodes know: who has it hears of what is published anywhere from then on. It does not
 * within a transaction, whose replies leave together.
 */
function subscribe(call: SessionCall, kind: SubscriptionKind): void {
  const { session, node } = call;
  const names = call.texts(1);
  const heard = session.transaction === null ? node.broker.announce(session, kind, names) : null;
  if (heard === null) subscribeNow(call, session, kind, names);
  else call.postpone(heard.then(() => () => subscribeNow(call, session, kind, names)));
}

function subscribeNow(
  { node, reply }: SessionCall,
  session: Session,
  kind: SubscriptionKind,
  names: readonly string[],
): void {
  for (const name of names) {
    node.broker.local.add(session, kind, name);
    writeChange(reply, session, { word: SUBSCRIBED[kind], kind, name });
  }
}

function unsubscribe(call: SessionCall, kind: SubscriptionKind): void {
  const { session, node, reply } = call;
  const { local } = node.broker;
  const names = call.count > 1 ? call.texts(1) : local.namesOf(session, kind);
  const word = UNSUBSCRIBED[kind];
  for (const name of names) {
    local.remove(session, kind, name);
    writeChange(reply, session, { word, kind, name });
  }
  // One reply at least.
  if (names.length === 0) writeChange(reply, session, { word, kind, name: null });
}

interface Change {
  readonly word: string;
  readonly kind: SubscriptionKind;
  readonly name: string | null;
}

/** What a client has now, in the form of a message. */
function writeChange(reply: ReplyWriter, { subscriptions }: Session, { word, kind, name }: Change): void {
  reply.push(3);
  reply.bulkText(word);
  if (name === null) reply.null();
  else writeByteString(reply, name);
  reply.integer(KINDS_COUNTED[kind].reduce((sum, counted) => sum + subscriptions[counted], 0));
}

function publish(call: SessionCall, kind: ChannelKind): void {
  const { node, session, reply } = call;
  const { broker } = node;
  const receivers = broker.isSilent(kind)
    ? 0
    : broker.publish(kind, call.text(1), call.bytes.subarray(call.start(2), call.end(2)));
  // As in Redis; but no message stands among the replies of a transaction, where no client looks for one.
  if (session.isSubscriber && session.transaction === null) session.replyHeard();
  reply.integer(receivers);
}

function listNames(call: SessionCall, kind: ChannelKind): void {
  if (call.count > 3) throw new ReplyError(unknownSubcommandOrArity("pubsub", call.text(1)));
  const glob = call.count === 3 ? compileGlob(call.copy(2)) : null;
  const names = call.node.broker.names(kind, glob);
  call.reply.array(names.length);
  for (const name of names) writeByteString(call.reply, name);
}

function countPatterns({ node, reply }: SessionCall): void {
  const { broker } = node;
  const isAlone = broker.relay === null;
  reply.integer(isAlone ? broker.local.count("pattern") : broker.names("pattern", null).length);
}

function countSubscribers(call: SessionCall, kind: ChannelKind): void {
  const { node, reply } = call;
  const names = call.texts(2);
  reply.array(2 * names.length);
  for (const name of names) {
    writeByteString(reply, name);
    reply.integer(node.broker.count(kind, name));
  }
}
