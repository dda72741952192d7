/** The subcommands of ACL about what commands there are to be allowed, what would be, and what was not. */
import { ReplyError, unknownSubcommandOrArity, wrongNumberOfArguments } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { AccessLogEntry } from "./acl/access-log.js";
import { denialOf } from "./acl/permission.js";
import { shownText, writeByteString } from "./byte-string.js";
import type { Call } from "./call.js";
import { type Command, session } from "./command.js";
import {
  acceptsCount,
  allCommands,
  CATEGORIES,
  categoriesOf,
  type NamedCommand,
  subcommandsOf,
} from "./command-facts.js";
import type { SessionCall } from "./session.js";

const ANYONE = ["noscript", "loading", "stale"] as const;
const OPERATOR = ["admin", ...ANYONE] as const;
const ENTRIES_BY_DEFAULT = 10;
const PASSWORD_BITS_BY_DEFAULT = 256;
const PASSWORD_BITS_MAX = 4096;
const MILLIS_PER_SECOND = 1000;
const NOT_A_PASSWORD_LENGTH =
  "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096";

export const aclPermissionCommands: readonly Command[] = [
  session({
    name: "cat",
    arity: -2,
    group: "server",
    flags: ANYONE,
    syntax: "[categoryname]",
    since: "6.0.0",
    complexity: "O(N) in commands",
    summary: "Lists the categories of commands, or the commands of one.",
    run: listCategories,
  }),
  session({
    name: "dryrun",
    arity: -4,
    group: "server",
    flags: OPERATOR,
    syntax: "username command [arg...]",
    since: "7.0.0",
    complexity: "O(N) in arguments and in rules of the user",
    summary: "Answers whether a user may execute a command, without executing it.",
    run: dryRun,
  }),
  session({
    name: "genpass",
    arity: -2,
    group: "server",
    flags: ANYONE,
    syntax: "[bits:integer]",
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Draws a password that nobody guesses.",
    run: generatePassword,
  }),
  session({
    name: "log",
    arity: -2,
    group: "server",
    flags: OPERATOR,
    syntax: "[operation=(count:integer|RESET)]",
    since: "6.0.0",
    complexity: "O(N) in entries answered",
    summary: "Tells what users were denied, latest first, or forgets it.",
    differs: "Of names, keys and descriptions of clients of more than a kilobyte the beginning is told.",
    run: log,
  }),
];

function refuseMoreThan(call: Call, count: number): void {
  if (call.count > count) throw new ReplyError(unknownSubcommandOrArity("acl", call.text(1)));
}

function listCategories(call: SessionCall): void {
  refuseMoreThan(call, 3);
  const { reply, node } = call;
  let words: readonly string[] = CATEGORIES;
  if (call.count === 3) {
    const category = CATEGORIES.find((candidate) => call.is(2, candidate));
    if (category === undefined) throw new ReplyError(`ERR Unknown category '${shownText(call.text(2))}'`);
    words = Array.from(allCommands(node.commands.values()))
      .filter(({ command }) => categoriesOf(command).includes(category))
      .map(({ name }) => name);
  }
  reply.array(words.length);
  for (const word of words) reply.bulkText(word);
}

/** Where the command that is asked about begins. */
const ASKED = 3;

function dryRun(call: SessionCall): void {
  const { reply, node } = call;
  const user = node.access.find(call.text(2));
  if (user === undefined) throw new ReplyError(`ERR User '${shownText(call.text(2))}' not found`);
  const asked = askedCommand(call);
  if (asked === undefined) throw new ReplyError(`ERR Command '${shownText(call.text(ASKED))}' not found`);
  if (!acceptsCount(asked.command, call.count - ASKED)) {
    throw new ReplyError(wrongNumberOfArguments(asked.name));
  }
  const denial = denialOf(user.rules, asked, call, ASKED);
  if (denial === undefined) reply.ok();
  else if (denial.kind === "command") {
    reply.bulkText(`This user has no permissions to run the '${asked.name}' command`);
  } else {
    const argument = shownText(call.text(denial.argument));
    writeByteString(reply, `This user has no permissions to access the '${argument}' ${denial.kind}`);
  }
}

function askedCommand(call: SessionCall): NamedCommand | undefined {
  const name = call.text(ASKED).toLowerCase();
  const command = call.node.commands.get(name);
  if (command === undefined) return undefined;
  if (command.subcommands === undefined || call.count === ASKED + 1) return { name, command };
  const child = `${name}|${call.text(ASKED + 1).toLowerCase()}`;
  return subcommandsOf({ name, command }).find((candidate) => candidate.name === child);
}

function generatePassword(call: SessionCall): void {
  refuseMoreThan(call, 3);
  const bits = call.count === 3 ? call.integer(2) : PASSWORD_BITS_BY_DEFAULT;
  if (bits < 1 || bits > PASSWORD_BITS_MAX) throw new ReplyError(NOT_A_PASSWORD_LENGTH);
  call.reply.bulkText(call.node.access.newPassword(bits));
}

// ---- LOG ----

function log(call: SessionCall): void {
  refuseMoreThan(call, 3);
  const { reply, node } = call;
  const { log } = node.access;
  if (call.count === 3 && call.is(2, "reset")) {
    log.clear();
    reply.ok();
    return;
  }
  const count = call.count === 3 ? call.integer(2) : ENTRIES_BY_DEFAULT;
  const entries = log.latest(Math.max(count, 0));
  const nowMs = node.clock.wallMs();
  reply.array(entries.length);
  for (const entry of entries) writeEntry(reply, entry, nowMs);
}

function writeEntry(reply: ReplyWriter, entry: AccessLogEntry, nowMs: number): void {
  reply.map(7);
  reply.bulkText("count");
  reply.integer(entry.count);
  for (const field of ["reason", "context", "object", "username"] as const) {
    reply.bulkText(field);
    writeByteString(reply, entry[field]);
  }
  reply.bulkText("age-seconds");
  reply.double((nowMs - entry.atMs) / MILLIS_PER_SECOND);
  reply.bulkText("client-info");
  writeByteString(reply, entry.client);
}
