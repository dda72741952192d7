/** The subcommands of ACL about users and the file that they are kept in. */
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { DEFAULT_USER } from "./acl/access-control.js";
import {
  describeChannels,
  describeCommands,
  describeKeys,
  describeUser,
  flagsOf,
} from "./acl/description.js";
import { hasSpaces, type Selector } from "./acl/selector.js";
import { joinSelectors } from "./acl/user.js";
import { shownText, writeByteString } from "./byte-string.js";
import type { Call } from "./call.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

const ANYONE = ["noscript", "loading", "stale"] as const;
const OPERATOR = ["admin", ...ANYONE] as const;
const NO_FILE =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then " +
  "issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.";
const NOT_SAVED =
  "ERR There was an error trying to save the ACLs. Please check the server logs for more information";
/** For the reference page. */
const REFUSED_IN_TRANSACTION =
  "Refused in a transaction: the disk is waited for without stopping others, and a transaction cannot wait.";

export const aclUserCommands: readonly Command[] = [
  session({
    name: "setuser",
    arity: -3,
    group: "server",
    flags: OPERATOR,
    syntax: "username [rule...]",
    since: "6.0.0",
    complexity: "O(N) in rules given",
    summary: "Makes a user, or changes one, by rules that are applied all or none.",
    history: [
      ["6.2.0", "Patterns of channels"],
      ["7.0.0", "Selectors, and keys for reading or writing alone"],
    ],
    differs:
      "A first argument with white space in it, as in `+select|a b`, is a syntax error: no file could hold it. Who takes from itself " +
      "a channel that it listens to is replied to before it is disconnected: Redis 7.0 crashes.",
    secrets: allBehindSubcommand,
    run: setUser,
  }),
  session({
    name: "getuser",
    arity: 3,
    group: "server",
    flags: OPERATOR,
    syntax: "username",
    since: "6.0.0",
    complexity: "O(N) in rules of the user",
    summary: "Tells the rules of a user.",
    history: [
      ["6.2.0", "Patterns of channels"],
      ["7.0.0", "Selectors; keys and channels are worded as rules"],
    ],
    secrets: allBehindSubcommand,
    run: getUser,
  }),
  session({
    name: "deluser",
    arity: -3,
    group: "server",
    flags: OPERATOR,
    syntax: "username...",
    since: "6.0.0",
    complexity: "O(N) in connections",
    summary: "Forgets users and closes their connections.",
    secrets: allBehindSubcommand,
    run: deleteUsers,
  }),
  session({
    name: "list",
    arity: 2,
    group: "server",
    flags: OPERATOR,
    since: "6.0.0",
    complexity: "O(N) in users",
    summary: "Lists the users with their rules, as lines of a file of users.",
    run: listUsers,
  }),
  session({
    name: "users",
    arity: 2,
    group: "server",
    flags: OPERATOR,
    since: "6.0.0",
    complexity: "O(N) in users",
    summary: "Lists the names of the users.",
    run: listNames,
  }),
  session({
    name: "whoami",
    arity: 2,
    group: "server",
    flags: ANYONE,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Answers the name of the connection's user.",
    differs: "Callers inside the process are no user, and answered nil, until they log in as one.",
    concernsNode: true,
    run: whoAmI,
  }),
  session({
    name: "load",
    arity: 2,
    group: "server",
    flags: OPERATOR,
    since: "6.0.0",
    complexity: "O(N) in users",
    summary: "Takes all users anew from their file, or none if there is a mistake in it.",
    differs: `${REFUSED_IN_TRANSACTION} Connections of \`default\` that listen to channels which it loses are closed, as by ACL SETUSER; Redis 7.0 leaves them.`,
    run: load,
  }),
  session({
    name: "save",
    arity: 2,
    group: "server",
    flags: OPERATOR,
    since: "6.0.0",
    complexity: "O(N) in users",
    summary: "Writes the users into their file, named by `aclfile`, for the next start or ACL LOAD.",
    differs: REFUSED_IN_TRANSACTION,
    run: save,
  }),
];

function allBehindSubcommand({ count }: Call): readonly number[] {
  return Array.from({ length: count - 2 }, (_, i) => i + 2);
}

function setUser(call: SessionCall): void {
  const name = call.text(2);
  if (hasSpaces(name)) throw new ReplyError("ERR Usernames can't contain spaces or null characters");
  const joined = joinSelectors(call.texts(3));
  if ("unmatched" in joined) {
    throw new ReplyError(
      `ERR Unmatched parenthesis in acl selector starting at '${shownText(joined.unmatched)}'.`,
    );
  }
  const failure = call.node.access.set(name, joined.rules);
  if (failure !== undefined) {
    const { rule, problem } = failure;
    throw new ReplyError(`ERR Error in ACL SETUSER modifier '${shownText(rule)}': ${problem}`);
  }
  call.reply.ok();
}

function deleteUsers(call: SessionCall): void {
  const { node, reply, session } = call;
  const names = call.texts(2);
  if (names.includes(DEFAULT_USER)) throw new ReplyError("ERR The 'default' user cannot be removed");
  const deleted = node.access.delete(names);
  const isOver = node.endSessionsOf(deleted, session);
  reply.integer(deleted.length);
  if (isOver) session.close(true);
}

function getUser(call: SessionCall): void {
  const { reply, node } = call;
  const user = node.access.find(call.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  const { rules } = user;
  const [root, ...others] = rules.selectors;
  reply.map(6);
  reply.bulkText("flags");
  const flags = flagsOf(rules);
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText("passwords");
  reply.array(rules.passwords.length);
  for (const hash of rules.passwords) reply.bulkText(hash);
  writeSelector(reply, root);
  reply.bulkText("selectors");
  reply.array(others.length);
  for (const selector of others) {
    reply.map(3);
    writeSelector(reply, selector);
  }
}

/** Three pairs of a map. */
function writeSelector(reply: ReplyWriter, selector: Selector): void {
  reply.bulkText("commands");
  writeByteString(reply, describeCommands(selector));
  reply.bulkText("keys");
  writeByteString(reply, describeKeys(selector));
  reply.bulkText("channels");
  writeByteString(reply, describeChannels(selector));
}

function listUsers({ reply, node }: SessionCall): void {
  const { users } = node.access;
  reply.array(users.length);
  for (const { name, rules } of users) writeByteString(reply, `user ${name} ${describeUser(rules)}`);
}

function listNames({ reply, node }: SessionCall): void {
  const { users } = node.access;
  reply.array(users.length);
  for (const { name } of users) writeByteString(reply, name);
}

function whoAmI({ reply, session }: SessionCall): void {
  if (session.user === null) reply.null();
  else writeByteString(reply, session.user.name);
}

// ---- The file ----

/** Refuses what has to wait for the file where it cannot. */
function expectFile({ session, config }: SessionCall, name: string): void {
  if (session.transaction !== null) throw new ReplyError(`ERR ACL ${name} is not allowed in a transaction`);
  if (config.current.aclfile === "") throw new ReplyError(NO_FILE);
}

function load(call: SessionCall): void {
  const { node, reply, session, postpone } = call;
  expectFile(call, "LOAD");
  postpone(
    node.access.load().then((outcome) => {
      if (typeof outcome === "string") return () => reply.error(`ERR ${outcome}`);
      // As Redis does on each LOAD, of all users but the default one: also of those that are the same as before. At once: whether or not
      // the caller waits for its reply.
      const isOver = node.endSessionsOf(outcome, session);
      return () => {
        reply.ok();
        if (isOver) session.close(true);
      };
    }),
  );
}

function save(call: SessionCall): void {
  const { node, reply, postpone } = call;
  expectFile(call, "SAVE");
  postpone(
    node.access.save().then((isSaved) => () => {
      if (isSaved) reply.ok();
      else reply.error(NOT_SAVED);
    }),
  );
}
