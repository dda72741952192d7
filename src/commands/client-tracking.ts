/** Subcommands of CLIENT by which clients are told what of their caches is stale: https://redis.io/docs/latest/develop/reference/client-side-caching/ */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { TrackingMode, TrackingState } from "../tracking/tracker.js";
import { writeByteString } from "./byte-string.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

const ANYONE = ["noscript", "loading", "stale"] as const;

const ONE_REDIRECTION = "ERR A client can only redirect to a single other client";
const NO_SUCH_CLIENT = "ERR The client ID you want redirect to does not exist";
const PREFIX_WITHOUT_BCAST = "ERR PREFIX option requires BCAST mode to be enabled";
const OTHER_BCAST =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
const BCAST_WITH_OPTIONS = "ERR OPTIN and OPTOUT are not compatible with BCAST";
const BOTH_OPTIONS = "ERR You can't specify both OPTIN mode and OPTOUT mode";
const OTHER_OPTION =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
const CACHING_WITHOUT_TRACKING =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
const YES_WITHOUT_OPTIN = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
const NO_WITHOUT_OPTOUT = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";

export const trackingCommands: readonly Command[] = [
  session({
    name: "tracking",
    arity: -3,
    group: "connection",
    flags: ANYONE,
    syntax: `status=(ON|OFF) [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`,
    since: "6.0.0",
    complexity: "O(1)",
    summary:
      "Chooses whether the connection is told of changes of keys that it has read, or of keys with a prefix.",
    changesConnection: true,
    differs:
      "On a cluster of several nodes the client is told of changes at all of them, whichever it is connected to; REDIRECT is to clients of the same " +
      "node. What was read from a node that cannot be reached any more, or of slots that another one executes now, counts as changed. While it tracks, a " +
      "client reads at primaries, READONLY or not. A client with NOLOOP may be told of what it has changed itself by commands of several nodes.",
    run: tracking,
  }),
  session({
    name: "caching",
    arity: 3,
    group: "connection",
    flags: ANYONE,
    syntax: "mode=(YES|NO)",
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Says whether what the next command reads is tracked, where that is chosen for each command.",
    changesConnection: true,
    run: caching,
  }),
  session({
    name: "getredir",
    arity: 2,
    group: "connection",
    flags: ANYONE,
    since: "6.0.0",
    complexity: "O(1)",
    summary:
      "Answers the number of the client that is told in place of this one, 0 if there is none, -1 if nothing is tracked.",
    concernsNode: true,
    run: ({ reply, session }) => reply.integer(session.tracking?.redirect ?? -1),
  }),
  session({
    name: "trackinginfo",
    arity: 2,
    group: "connection",
    flags: ANYONE,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Tells how the connection tracks keys.",
    concernsNode: true,
    run: trackingInfo,
  }),
];

function tracking(call: SessionCall): void {
  const { node, session, reply } = call;
  const mode = readMode(call);
  if (call.is(2, "off")) {
    node.untrack(session);
    reply.ok();
    return;
  }
  if (!call.is(2, "on")) throw new ReplyError(SYNTAX_ERROR);
  check(session.tracking, mode);
  const isWhole = mode.broadcasts && mode.prefixes.length === 0;
  const told = node.track(session, isWhole ? { ...mode, prefixes: [""] } : mode);
  // As SUBSCRIBE: who has the answer is told of what changes anywhere from then on.
  if (told === null || session.transaction !== null) reply.ok();
  else call.postpone(told.then(() => () => reply.ok()));
}

function readMode(call: SessionCall): TrackingMode {
  let [redirect, broadcasts, optIn, optOut, noLoop] = [0, false, false, false, false];
  const prefixes: string[] = [];
  for (let i = 3; i < call.count; i++) {
    const hasValue = i + 1 < call.count;
    if (call.is(i, "redirect") && hasValue) {
      if (redirect !== 0) throw new ReplyError(ONE_REDIRECTION);
      redirect = call.integer(++i);
      if (call.node.session(redirect) === undefined) throw new ReplyError(NO_SUCH_CLIENT);
    } else if (call.is(i, "bcast")) broadcasts = true;
    else if (call.is(i, "optin")) optIn = true;
    else if (call.is(i, "optout")) optOut = true;
    else if (call.is(i, "noloop")) noLoop = true;
    else if (call.is(i, "prefix") && hasValue) prefixes.push(call.text(++i));
    else throw new ReplyError(SYNTAX_ERROR);
  }
  return { redirect, broadcasts, prefixes, optIn, optOut, noLoop };
}

/** Refuses what contradicts itself, or what the client has asked for before. */
function check(before: TrackingState | null, mode: TrackingMode): void {
  const { broadcasts, prefixes, optIn, optOut } = mode;
  if (!broadcasts && prefixes.length > 0) throw new ReplyError(PREFIX_WITHOUT_BCAST);
  if (before !== null && before.broadcasts !== broadcasts) throw new ReplyError(OTHER_BCAST);
  if (broadcasts && (optIn || optOut)) throw new ReplyError(BCAST_WITH_OPTIONS);
  if (optIn && optOut) throw new ReplyError(BOTH_OPTIONS);
  if ((optIn && before?.optOut) || (optOut && before?.optIn)) throw new ReplyError(OTHER_OPTION);
  for (const [i, prefix] of prefixes.entries()) {
    for (const other of before?.prefixes ?? []) {
      if (overlap(prefix, other)) throw overlapping(prefix, "an existing prefix", other);
    }
    for (const other of prefixes.slice(i + 1)) {
      if (overlap(prefix, other)) throw overlapping(prefix, "another provided prefix", other);
    }
  }
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function overlapping(prefix: string, what: string, other: string): ReplyError {
  return new ReplyError(
    `ERR Prefix '${prefix}' overlaps with ${what} '${other}'. Prefixes for a single client must not overlap.`,
  );
}

function caching(call: SessionCall): void {
  const { tracking } = call.session;
  if (tracking === null) throw new ReplyError(CACHING_WITHOUT_TRACKING);
  if (call.is(2, "yes")) {
    if (!tracking.optIn) throw new ReplyError(YES_WITHOUT_OPTIN);
  } else if (call.is(2, "no")) {
    if (!tracking.optOut) throw new ReplyError(NO_WITHOUT_OPTOUT);
  } else {
    throw new ReplyError(SYNTAX_ERROR);
  }
  tracking.isCaching = true;
  call.reply.ok();
}

function trackingInfo({ reply, session }: SessionCall): void {
  const { tracking } = session;
  const flags = tracking === null ? ["off"] : flagsOf(tracking);
  reply.map(3);
  reply.bulkText("flags");
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText("redirect");
  reply.integer(tracking?.redirect ?? -1);
  reply.bulkText("prefixes");
  // In the order of their bytes.
  const prefixes = [...(tracking?.prefixes ?? [])].sort((a, b) => (a < b ? -1 : 1));
  reply.array(prefixes.length);
  for (const prefix of prefixes) writeByteString(reply, prefix);
}

function flagsOf({ broadcasts, optIn, optOut, noLoop, isCaching, isBroken }: TrackingState): string[] {
  const flags = ["on"];
  if (broadcasts) flags.push("bcast");
  if (optIn) flags.push("optin");
  if (optIn && isCaching) flags.push("caching-yes");
  if (optOut) flags.push("optout");
  if (optOut && isCaching) flags.push("caching-no");
  if (noLoop) flags.push("noloop");
  if (isBroken) flags.push("broken_redirect");
  return flags;
}
