/** CLIENT: what the node knows of its connections, and what an operator may do with them. */
import {
  ReplyError,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_AN_INTEGER,
  unknownSubcommandOrArity,
} from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { clientLine } from "./client-line.js";
import { NAMES_ARE_BOUNDED, setClientName, visibleText } from "./client-name.js";
import { trackingCommands } from "./client-tracking.js";
import { clientUnblock } from "./client-unblock.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import type { Session, SessionCall } from "./session.js";

const ANYONE = ["noscript", "loading", "stale"] as const;
const OPERATOR = ["admin", ...ANYONE] as const;
/** No client is a replica or a primary: these types are known, and empty. */
const CLIENT_TYPES = ["normal", "master", "replica", "slave", "pubsub"] as const;

export const clientCommand: Command = container({
  name: "client",
  arity: -2,
  group: "connection",
  flags: [],
  since: "2.4.0",
  complexity: "By subcommand",
  summary: "Looks at connections and steers them.",
  subcommands: withHelp({ of: "client", since: "5.0.0" }, [
    session({
      name: "id",
      arity: 2,
      group: "connection",
      flags: ANYONE,
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Answers the number of the connection, which is never used again.",
      concernsNode: true,
      run: ({ reply, session }) => reply.integer(session.id),
    }),
    session({
      name: "getname",
      arity: 2,
      group: "connection",
      flags: ANYONE,
      since: "2.6.9",
      complexity: "O(1)",
      summary: "Answers the name of the connection.",
      concernsNode: true,
      run: getName,
    }),
    session({
      name: "setname",
      arity: 3,
      group: "connection",
      flags: ANYONE,
      syntax: "connection-name",
      since: "2.6.9",
      complexity: "O(1)",
      summary: "Names the connection.",
      differs: NAMES_ARE_BOUNDED,
      changesConnection: true,
      run: setName,
    }),
    session({
      name: "setinfo",
      arity: 4,
      group: "connection",
      flags: ANYONE,
      syntax: 'attr=("lib-name" libname|"lib-ver" libver)',
      since: "7.2.0",
      complexity: "O(1)",
      summary: "Tells the server the name or the version of the client's library.",
      differs: NAMES_ARE_BOUNDED,
      changesConnection: true,
      run: setInfo,
    }),
    session({
      name: "info",
      arity: 2,
      group: "connection",
      flags: ANYONE,
      tips: ["nondeterministic_output"],
      since: "6.2.0",
      complexity: "O(1)",
      summary: "Describes the connection in a line as CLIENT LIST does.",
      concernsNode: true,
      run: info,
    }),
    session({
      name: "kill",
      arity: -3,
      group: "connection",
      flags: OPERATOR,
      syntax: `filter=(ip:port!2.8.12|new-format=([ID client-id:integer@2.8.12]|[TYPE
        normal_master_slave_pubsub=(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|[USER
        username]|[ADDR ip:port]|[LADDR ip:port@6.2.0]|[SKIPME yes/no])...)`,
      since: "2.4.0",
      complexity: "O(N) in connections",
      summary: "Closes the connection at an address, or all that pass the filters.",
      history: [
        ["2.8.12", "Filters, among them ID"],
        ["3.2.0", "TYPE MASTER"],
        ["5.0.0", "TYPE REPLICA, with SLAVE as its other name"],
        ["6.2.0", "LADDR"],
      ],
      differs:
        "A transaction that kills its own connection gets all its replies first; Redis breaks off behind the kill's.",
      run: kill,
    }),
    session({
      name: "list",
      arity: -2,
      group: "connection",
      flags: OPERATOR,
      tips: ["nondeterministic_output"],
      syntax: "[TYPE (NORMAL|MASTER|REPLICA|PUBSUB)@5.0.0] [ID id=(client-id:integer...)@6.2.0]",
      since: "2.4.0",
      complexity: "O(N) in connections",
      summary: "Lists the connections, one a line, all or those asked for.",
      history: [
        ["2.8.12", "Field id"],
        ["5.0.0", "TYPE"],
        ["6.0.0", "Field user"],
        ["6.2.0", "Fields argv-mem, tot-mem, laddr and redir, and ID"],
        ["7.0.0", "Fields resp, multi-mem, rbs and rbp"],
        ["7.0.3", "Field ssub"],
      ],
      differs:
        "Node does not tell descriptors, so `fd` is -1. Connections share the memory for reading and replying, so `qbuf-free`, " +
        "`argv-mem`, `rbs`, `rbp` and `obl` are 0. The fields lib-name and lib-ver are those of Redis 7.2. Of a user's name the first 4,096 bytes are shown.",
      run: list,
    }),
    session({
      name: "reply",
      arity: 3,
      group: "connection",
      flags: ANYONE,
      syntax: "(ON|OFF|SKIP)",
      since: "3.2.0",
      complexity: "O(1)",
      summary: "Chooses whether the server replies to the connection.",
      changesConnection: true,
      run: reply,
    }),
    session({
      name: "pause",
      arity: -3,
      group: "connection",
      flags: OPERATOR,
      syntax: "timeout:integer [mode=(WRITE|ALL)@6.2.0]",
      since: "2.9.50",
      complexity: "O(1)",
      summary: "Lets the commands of clients wait for a while, all or those that write.",
      history: [["6.2.0", "WRITE and ALL"]],
      run: pause,
    }),
    session({
      name: "unpause",
      arity: 2,
      group: "connection",
      flags: OPERATOR,
      since: "6.2.0",
      complexity: "O(N) in paused clients",
      summary: "Ends the wait that CLIENT PAUSE began.",
      run: unpause,
    }),
    clientUnblock,
    session({
      name: "no-evict",
      arity: 3,
      group: "connection",
      flags: OPERATOR,
      syntax: "enabled=(ON|OFF)",
      since: "7.0.0",
      complexity: "O(1)",
      summary: "Exempts the connection from being closed when clients take too much memory.",
      changesConnection: true,
      run: noEvict,
    }),
    session({
      name: "no-touch",
      arity: 3,
      group: "connection",
      flags: ANYONE,
      syntax: "enabled=(ON|OFF)",
      since: "7.2.0",
      complexity: "O(1)",
      summary: "Lets the commands of the connection leave the age of keys alone.",
      changesConnection: true,
      run: noTouch,
    }),
    ...trackingCommands,
  ]),
});

function getName({ reply, session }: SessionCall): void {
  if (session.name === "") reply.null();
  else reply.bulkText(session.name);
}

function setName(call: SessionCall): void {
  setClientName(call, 2);
  call.reply.ok();
}

function setInfo(call: SessionCall): void {
  const { session, reply } = call;
  if (call.is(2, "lib-name")) session.libraryName = visibleText(call, 3, "lib-name");
  else if (call.is(2, "lib-ver")) session.libraryVersion = visibleText(call, 3, "lib-ver");
  else throw new ReplyError(`ERR Unrecognized option '${call.text(2)}'`);
  reply.ok();
}

// ---- LIST and INFO ----

function list(call: SessionCall): void {
  if (call.count === 2) writeLines(call, call.node.sessions());
  else if (call.count === 4 && call.is(2, "type"))
    writeLines(call, ofType(call.node.sessions(), readType(call, 3)));
  else if (call.count > 3 && call.is(2, "id")) writeLines(call, withIds(call));
  else throw new ReplyError(SYNTAX_ERROR);
}

function readType(call: Call, index: number): (typeof CLIENT_TYPES)[number] {
  const type = CLIENT_TYPES.find((candidate) => call.is(index, candidate));
  if (type === undefined) throw new ReplyError(`ERR Unknown client type '${call.text(index)}'`);
  return type;
}

function ofType(sessions: Iterable<Session>, type: (typeof CLIENT_TYPES)[number]): Iterable<Session> {
  return [...sessions].filter(typeFilter(type));
}

function typeFilter(type: (typeof CLIENT_TYPES)[number]): Filter {
  if (type === "normal") return ({ isSubscriber }) => !isSubscriber;
  return ({ isSubscriber }) => type === "pubsub" && isSubscriber;
}

/** Those whose ids were given, in that order. */
function withIds(call: SessionCall): Session[] {
  const sessionById = new Map(Array.from(call.node.sessions(), (session) => [session.id, session]));
  const ids = Array.from({ length: call.count - 3 }, (_, i) => call.integer(3 + i, "ERR Invalid client ID"));
  return ids.flatMap((id) => sessionById.get(id) ?? []);
}

function info(call: SessionCall): void {
  writeLines(call, [call.session]);
}

function writeLines({ reply, node }: SessionCall, sessions: Iterable<Session>): void {
  const nowMs = node.clock.monotonicMs();
  const lines = Array.from(sessions, (session) => `${clientLine(session, nowMs)}\n`);
  reply.verbatim(lines.join(""), "txt", "latin1");
}

// ---- KILL ----

type Filter = (session: Session) => boolean;

function kill(call: SessionCall): void {
  const { session, reply, node } = call;
  const isByAddress = call.count === 3;
  const filters = isByAddress ? [addressFilter(call, 2)] : readFilters(call);
  const victims = [...node.sessions()].filter((candidate) => filters.every((passes) => passes(candidate)));
  for (const victim of victims) if (victim !== session) victim.close(false);
  if (!isByAddress) reply.integer(victims.length);
  else if (victims.length > 0) reply.ok();
  else throw new ReplyError("ERR No such client");
  // Last, since this sends the replies so far and no others.
  if (victims.includes(session)) session.close(true);
}

function readFilters(call: SessionCall): Filter[] {
  const filters: Filter[] = [];
  let skipsCaller = true;
  for (let i = 2; i < call.count; i += 2) {
    if (i + 1 === call.count) throw new ReplyError(SYNTAX_ERROR);
    if (call.is(i, "skipme")) skipsCaller = readYesNo(call, i + 1);
    else filters.push(readFilter(call, i));
  }
  if (skipsCaller) filters.push((session) => session !== call.session);
  return filters;
}

function readFilter(call: SessionCall, index: number): Filter {
  const value = index + 1;
  if (call.is(index, "id")) return idFilter(call, value);
  if (call.is(index, "type")) return typeFilter(readType(call, value));
  if (call.is(index, "user")) return userFilter(call, value);
  if (call.is(index, "addr")) return addressFilter(call, value);
  if (call.is(index, "laddr")) return localAddressFilter(call, value);
  throw new ReplyError(SYNTAX_ERROR);
}

function addressFilter(call: Call, index: number): Filter {
  const address = call.text(index);
  return ({ remote }) => remote === address;
}

function localAddressFilter(call: Call, index: number): Filter {
  const address = call.text(index);
  return ({ local }) => local === address;
}

function idFilter(call: Call, index: number): Filter {
  const error = "ERR client-id should be greater than 0";
  const wanted = call.integer(index, error);
  if (wanted < 1) throw new ReplyError(error);
  return ({ id }) => id === wanted;
}

function userFilter(call: SessionCall, index: number): Filter {
  const name = call.text(index);
  const wanted = call.node.access.find(name);
  if (wanted === undefined) throw new ReplyError(`ERR No such user '${name}'`);
  return ({ user }) => user === wanted;
}

function readYesNo(call: Call, index: number): boolean {
  if (call.is(index, "yes")) return true;
  if (call.is(index, "no")) return false;
  throw new ReplyError(SYNTAX_ERROR);
}

// ---- REPLY, PAUSE, NO-EVICT, NO-TOUCH ----

function reply(call: SessionCall): void {
  const { session } = call;
  if (call.is(2, "on")) {
    session.replyMode = "on";
    call.reply.ok();
  } else if (call.is(2, "off")) {
    session.replyMode = "off";
  } else if (call.is(2, "skip")) {
    if (session.replyMode !== "off") session.replyMode = "skip-next";
  } else {
    throw new ReplyError(SYNTAX_ERROR);
  }
}

function pause(call: SessionCall): void {
  if (call.count > 4) throw new ReplyError(unknownSubcommandOrArity("client", call.text(1)));
  const writesOnly = call.count === 4 && call.is(3, "write");
  if (call.count === 4 && !writesOnly && !call.is(3, "all")) {
    throw new ReplyError("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const durationMs = call.integer(2, TIMEOUT_NOT_AN_INTEGER);
  if (durationMs < 0) throw new ReplyError(TIMEOUT_NEGATIVE);
  call.node.pause(call.node.clock.monotonicMs() + durationMs, writesOnly);
  call.reply.ok();
}

function unpause({ node, reply }: SessionCall): void {
  node.unpause();
  reply.ok();
}

function noEvict(call: SessionCall): void {
  call.session.noEvict = readOnOff(call, 2);
  call.reply.ok();
}

function noTouch(call: SessionCall): void {
  call.session.noTouch = readOnOff(call, 2);
  call.reply.ok();
}

function readOnOff(call: Call, index: number): boolean {
  if (call.is(index, "on")) return true;
  if (call.is(index, "off")) return false;
  throw new ReplyError(SYNTAX_ERROR);
}
