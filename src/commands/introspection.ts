/** COMMAND: the table of commands as clients see it. Everything here is read off the declarations. */
import { compileGlob, globMatches } from "../base/glob.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, type KeyPositions, session } from "./command.js";
import { writeCommandDocs } from "./command-docs.js";
import {
  acceptsCount,
  allCommands,
  categoriesOf,
  findCommand,
  type KeyPosition,
  keyPositions,
  type NamedCommand,
} from "./command-facts.js";
import { writeCommandInfo } from "./command-info.js";
import { withHelp } from "./help.js";
import type { SessionCall } from "./session.js";

/** Redis's own of all subcommands; that they belong to the connection is said in the declaration, not by the group. */
const COMMON = {
  group: "server",
  flags: ["loading", "stale"],
  categories: ["connection"],
} as const;

export const commandCommand: Command = session({
  ...COMMON,
  name: "command",
  arity: -1,
  tips: ["nondeterministic_output_order"],
  since: "2.8.13",
  complexity: "O(N) in commands",
  summary: "Describes all commands.",
  run: (call) => info(call, [...call.node.commands.keys()]),
  subcommands: withHelp({ of: "command", since: "5.0.0", categories: COMMON.categories }, [
    session({
      ...COMMON,
      name: "count",
      arity: 2,
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Counts the commands.",
      run: ({ reply, node }) => reply.integer(node.commands.size),
    }),
    session({
      ...COMMON,
      name: "list",
      arity: -2,
      tips: ["nondeterministic_output_order"],
      syntax: "[FILTERBY filterby=(MODULE module-name|ACLCAT category|PATTERN pattern:pattern)]",
      since: "7.0.0",
      complexity: "O(N) in commands",
      summary: "Lists the names of commands, of a module, a category or a pattern if asked.",
      run: list,
    }),
    session({
      ...COMMON,
      name: "info",
      arity: -2,
      tips: ["nondeterministic_output_order"],
      syntax: "[command-name...]",
      since: "2.8.13",
      complexity: "O(N) in commands described",
      summary: "Describes the commands named, or all of them.",
      history: [["7.0.0", "No name stands for all commands"]],
      run: (call) => info(call, namesGiven(call)),
    }),
    session({
      ...COMMON,
      name: "docs",
      arity: -2,
      tips: ["nondeterministic_output_order"],
      syntax: "[command-name...]",
      since: "7.0.0",
      complexity: "O(N) in commands documented",
      summary: "Documents the commands named, or all of them.",
      differs: "Summaries, complexities and what changed when are in words of our own.",
      run: docs,
    }),
    session({
      ...COMMON,
      name: "getkeys",
      arity: -4,
      since: "2.8.13",
      complexity: "O(N) in arguments",
      summary: "Finds the keys in a whole command.",
      run: getKeys,
    }),
    session({
      ...COMMON,
      name: "getkeysandflags",
      arity: -4,
      since: "7.0.0",
      complexity: "O(N) in arguments",
      summary: "Finds the keys in a whole command, and what it does to each.",
      run: getKeysAndFlags,
    }),
  ]),
});

/** The names behind `COMMAND INFO` or `COMMAND DOCS`; without any, those of all commands. */
function namesGiven(call: SessionCall): string[] {
  if (call.count === 2) return [...call.node.commands.keys()];
  return call.texts(2);
}

function info({ reply, node }: SessionCall, names: readonly string[]): void {
  reply.array(names.length);
  for (const name of names) {
    const found = findCommand(node.commands, name);
    if (found === undefined) reply.null();
    else writeCommandInfo(reply, found);
  }
}

function docs(call: SessionCall): void {
  const { reply, node } = call;
  const found = namesGiven(call).flatMap((name) => findCommand(node.commands, name) ?? []);
  reply.map(found.length);
  for (const command of found) writeCommandDocs(reply, command);
}

// ---- LIST ----

function list(call: SessionCall): void {
  const { reply, node } = call;
  const isWanted = call.count === 2 ? () => true : readFilter(call);
  const names = Array.from(allCommands(node.commands.values()))
    .filter(isWanted)
    .map(({ name }) => name);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function readFilter(call: Call): (candidate: NamedCommand) => boolean {
  if (call.count !== 5 || !call.is(2, "filterby")) throw new ReplyError(SYNTAX_ERROR);
  // There are no modules, so none has commands.
  if (call.is(3, "module")) return () => false;
  if (call.is(3, "aclcat")) {
    const category = call.text(4).toLowerCase();
    return ({ command }) => categoriesOf(command).includes(category);
  }
  if (call.is(3, "pattern")) {
    const glob = compileGlob(call.copy(4), { ignoreCase: true });
    return ({ name }) => globMatches(glob, Buffer.from(name));
  }
  throw new ReplyError(SYNTAX_ERROR);
}

// ---- GETKEYS ----

/** Where the command that is asked about begins. */
const ASKED = 2;

function getKeys(call: SessionCall): void {
  const { reply } = call;
  const found = keysOf(call, askedCommand(call));
  reply.array(found.length);
  for (const { at } of found) writeArgument(call, at);
}

function getKeysAndFlags(call: SessionCall): void {
  const { reply } = call;
  const command = askedCommand(call);
  const found = keysOf(call, command);
  reply.array(found.length);
  for (const { at, spec } of found) {
    const access = command.keyAccess?.(call, ASKED) ?? spec.access;
    reply.array(2);
    writeArgument(call, at);
    reply.set(access.length);
    for (const word of access) reply.simple(word);
  }
}

/** The keys of the command asked about. A number of keys that cannot be right is refused; the command itself would say more. */
function keysOf(call: SessionCall, command: Command): readonly KeyPosition[] {
  const found = keyPositions(command, call, ASKED);
  const isCounted = command.keys?.some(({ countedAt }) => countedAt !== undefined);
  if (found.length === 0 && isCounted) throw new ReplyError("ERR Invalid arguments specified for command");
  return found;
}

/** The command asked about; the judgements come in Redis's order. */
function askedCommand(call: SessionCall): Command {
  const command = resolve(call);
  if (command === undefined) throw new ReplyError("ERR Invalid command specified");
  if (command.keys?.some(isOfKeys) !== true) throw new ReplyError("ERR The command has no key arguments");
  if (!acceptsCount(command, call.count - ASKED)) {
    throw new ReplyError("ERR Invalid number of arguments specified for command");
  }
  return command;
}

/** Names of shard channels have slots, and are no keys. */
function isOfKeys({ access }: KeyPositions): boolean {
  return !access.includes("not_key");
}

function resolve(call: SessionCall): Command | undefined {
  const command = call.node.commands.get(call.text(ASKED).toLowerCase());
  if (command?.subcommands === undefined) return command;
  const name = call.text(ASKED + 1).toLowerCase();
  return command.subcommands.find((child) => child.name === name);
}

function writeArgument(call: Call, index: number): void {
  call.reply.bulk(call.bytes, call.start(index), call.end(index));
}
