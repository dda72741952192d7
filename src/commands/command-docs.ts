/** One command as COMMAND DOCS documents it: https://redis.io/docs/latest/commands/command-docs/ */
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { type NamedCommand, subcommandsOf } from "./command-facts.js";
import { writeWords } from "./command-info.js";
import { type Argument, parseSyntax } from "./syntax.js";

/** A field of a map; the value is written when its turn comes. */
type Field = readonly [name: string, write: () => void];

/** The name and, as its value, the documentation. */
export function writeCommandDocs(reply: ReplyWriter, named: NamedCommand): void {
  const { name, command } = named;
  const { deprecatedSince, replacedBy, history = [], syntax = "" } = command;
  const flags = [...(deprecatedSince === undefined ? [] : ["deprecated"]), ...(command.docFlags ?? [])];
  const parameters = parseSyntax(syntax);
  const subcommands = subcommandsOf(named);
  reply.bulkText(name);
  writeFields(reply, [
    ["summary", () => reply.bulkText(command.summary)],
    ["since", () => reply.bulkText(command.since)],
    ["group", () => reply.bulkText(command.group)],
    ["complexity", () => reply.bulkText(command.complexity)],
    flags.length > 0 && ["doc_flags", () => writeWords(reply, flags)],
    textField(reply, "deprecated_since", deprecatedSince),
    textField(reply, "replaced_by", replacedBy),
    history.length > 0 && ["history", () => writeHistory(reply, history)],
    parameters.length > 0 && ["arguments", () => writeArguments(reply, parameters)],
    subcommands.length > 0 && ["subcommands", () => writeSubcommands(reply, subcommands)],
  ]);
}

function writeSubcommands(reply: ReplyWriter, subcommands: readonly NamedCommand[]): void {
  reply.map(subcommands.length);
  for (const subcommand of subcommands) writeCommandDocs(reply, subcommand);
}

function writeHistory(reply: ReplyWriter, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length);
  for (const [version, change] of history) {
    reply.array(2);
    reply.bulkText(version);
    reply.bulkText(change);
  }
}

function writeArguments(reply: ReplyWriter, parameters: readonly Argument[]): void {
  reply.array(parameters.length);
  for (const argument of parameters) writeArgument(reply, argument);
}

function writeArgument(reply: ReplyWriter, argument: Argument): void {
  const { keySpecIndex, arguments: parts } = argument;
  const flags = [
    ...(argument.optional ? ["optional"] : []),
    ...(argument.multiple ? ["multiple"] : []),
    ...(argument.multipleToken ? ["multiple_token"] : []),
  ];
  writeFields(reply, [
    ["name", () => reply.bulkText(argument.name)],
    ["type", () => reply.bulkText(argument.type)],
    keySpecIndex !== undefined && ["key_spec_index", () => reply.integer(keySpecIndex)],
    textField(reply, "token", argument.token),
    textField(reply, "since", argument.since),
    textField(reply, "deprecated_since", argument.deprecatedSince),
    flags.length > 0 && ["flags", () => writeWords(reply, flags)],
    parts !== undefined && ["arguments", () => writeArguments(reply, parts)],
  ]);
}

function textField(reply: ReplyWriter, name: string, text: string | undefined): Field | false {
  return text !== undefined && [name, () => reply.bulkText(text)];
}

function writeFields(reply: ReplyWriter, candidates: readonly (Field | false)[]): void {
  const fields = candidates.filter((field) => field !== false);
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulkText(name);
    write();
  }
}
