/** Commands on the connection itself: https://redis.io/docs/latest/commands/?group=connection */
import { redisVersion } from "../base/version.js";
import {
  NOT_A_PROTOCOL_VERSION,
  ReplyError,
  SYNTAX_ERROR,
  UNSUPPORTED_PROTOCOL,
  wrongNumberOfArguments,
} from "../protocol/reply-error.js";
import { authenticate, authenticateDefaultUser } from "./authentication.js";
import type { Call } from "./call.js";
import { NAMES_ARE_BOUNDED, setClientName } from "./client-name.js";
import { clientCommand } from "./clients.js";
import { type Command, data, session } from "./command.js";
import { databaseNumber } from "./database-number.js";
import { modeOf } from "./mode.js";
import type { SessionCall } from "./session.js";
import { discardTransaction } from "./transactions.js";

const NOT_YET_AUTHENTICATED =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option " +
  "can be used to authenticate the client and select the RESP protocol version at the same time";

export const connectionCommands: readonly Command[] = [
  session({
    name: "ping",
    arity: -1,
    group: "connection",
    flags: ["fast"],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax: "[message]",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers PONG, or the message it was given.",
    tellsTrouble: true,
    whileSubscribed: true,
    run: ping,
  }),
  data({
    name: "echo",
    arity: 2,
    group: "connection",
    flags: ["loading", "stale", "fast"],
    syntax: "message",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers the message it was given.",
    run: (call) => call.reply.bulk(call.bytes, call.start(1), call.end(1)),
  }),
  session({
    name: "hello",
    arity: -1,
    group: "connection",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    syntax: "[arguments=(protover:integer [AUTH (username password)] [SETNAME clientname])]",
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Chooses the version of the protocol, and may log in and name the connection with it.",
    history: [["6.2.0", "The version may be left out, to read the connection's state"]],
    differs: NAMES_ARE_BOUNDED,
    secrets: helloSecrets,
    changesConnection: true,
    run: hello,
  }),
  session({
    name: "auth",
    arity: -2,
    group: "connection",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    syntax: "[username@6.0.0] password",
    since: "1.0.0",
    complexity: "O(N) in passwords of the user",
    summary: "Logs the connection in.",
    history: [["6.0.0", "User names"]],
    differs: "Users are those of the node that the client is connected to: see docs/decisions/0026-acl.md.",
    secrets: (call) => Array.from({ length: call.count - 1 }, (_, i) => i + 1),
    changesConnection: true,
    run: auth,
  }),
  session({
    name: "select",
    arity: 2,
    group: "connection",
    flags: ["loading", "stale", "fast"],
    syntax: "index:integer",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Opens another database for the connection.",
    changesConnection: true,
    run: select,
  }),
  session({
    name: "quit",
    arity: -1,
    group: "connection",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    unqueued: true,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Closes the connection after its replies.",
    changesConnection: true,
    whileSubscribed: true,
    run: quit,
  }),
  session({
    name: "reset",
    arity: 1,
    group: "connection",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    unqueued: true,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Puts the connection into the state of a new one.",
    changesConnection: true,
    whileSubscribed: true,
    run: reset,
  }),
  clientCommand,
];

function ping(call: SessionCall): void {
  if (call.count > 2) throw new ReplyError(wrongNumberOfArguments("ping"));
  if (call.session.isSubscriber && call.session.resp === 2) pingSubscribed(call);
  else if (call.count === 1) call.reply.simple("PONG");
  else call.reply.bulk(call.bytes, call.start(1), call.end(1));
}

/** Who waits for messages gets an answer of their form. */
function pingSubscribed(call: SessionCall): void {
  const { reply } = call;
  reply.array(2);
  reply.bulkText("pong");
  if (call.count === 1) reply.bulkText("");
  else reply.bulk(call.bytes, call.start(1), call.end(1));
}

/** What stands before a mistake in the options has happened, as in Redis. */
function hello(call: SessionCall): void {
  const { session, reply } = call;
  const version = call.count > 1 ? protocolVersion(call) : session.resp;
  for (let i = 2; i < call.count; i++) {
    const following = call.count - 1 - i;
    if (call.is(i, "auth") && following >= 2) {
      authenticate(call, i + 1, i + 2);
      i += 2;
    } else if (call.is(i, "setname") && following >= 1) {
      setClientName(call, i + 1);
      i += 1;
    } else {
      throw new ReplyError(`ERR Syntax error in HELLO option '${call.text(i)}'`);
    }
  }
  if (!session.authenticated) throw new ReplyError(NOT_YET_AUTHENTICATED);
  session.resp = version;
  reply.resp = version;
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText("redis");
  reply.bulkText("version");
  reply.bulkText(redisVersion);
  reply.bulkText("proto");
  reply.integer(version);
  reply.bulkText("id");
  reply.integer(session.id);
  reply.bulkText("mode");
  reply.bulkText(modeOf(call));
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.emptyArray();
}

/** Names and passwords behind each AUTH, also of one that is not complete; options are stepped over as `hello` does it. */
function helloSecrets(call: Call): readonly number[] {
  const secrets: number[] = [];
  for (let i = 2; i < call.count; i++) {
    if (call.is(i, "auth")) secrets.push(++i, ++i);
    else if (call.is(i, "setname")) i++;
  }
  return secrets;
}

function protocolVersion(call: Call): 2 | 3 {
  const version = call.integer(1, NOT_A_PROTOCOL_VERSION);
  if (version === 2 || version === 3) return version;
  throw new ReplyError(UNSUPPORTED_PROTOCOL);
}

function auth(call: SessionCall): void {
  if (call.count > 3) throw new ReplyError(SYNTAX_ERROR);
  if (call.count === 3) authenticate(call, 1, 2);
  else authenticateDefaultUser(call, 1);
  call.reply.ok();
}

function select(call: SessionCall): void {
  call.session.database = databaseNumber(call, 1);
  call.reply.ok();
}

function quit(call: SessionCall): void {
  call.reply.ok();
  call.session.close(true);
}

function reset(call: SessionCall): void {
  const { session, config, reply, node } = call;
  discardTransaction(call);
  node.broker.local.forget(session);
  node.untrack(session);
  session.database = 0;
  session.resp = 2;
  reply.resp = 2;
  session.logOut();
  session.name = "";
  session.replyMode = "on";
  session.noTouch = false;
  session.readsReplicas = false;
  session.consistency = config.current.consistency;
  session.isMonitor = false;
  reply.simple("RESET");
}
