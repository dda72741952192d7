/** One command as COMMAND INFO describes it: https://redis.io/docs/latest/commands/command/ */
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { KeyPositions } from "./command.js";
import { categoriesOf, keyRangeOf, type NamedCommand, subcommandsOf } from "./command-facts.js";

export function writeCommandInfo(reply: ReplyWriter, named: NamedCommand): void {
  const { name, command } = named;
  const { first, last, step } = keyRangeOf(command);
  reply.array(10);
  reply.bulkText(name);
  reply.integer(command.arity);
  writeWords(
    reply,
    command.flags.filter((flag) => flag !== "may_replicate"),
  );
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  writeWords(
    reply,
    categoriesOf(command).map((category) => `@${category}`),
  );
  const { tips = [], keys = [] } = command;
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(keys.length);
  for (const spec of keys) writeKeySpec(reply, spec);
  const subcommands = subcommandsOf(named);
  if (subcommands.length === 0) reply.set(0);
  else reply.array(subcommands.length);
  for (const subcommand of subcommands) writeCommandInfo(reply, subcommand);
}

/**
 * Ours begin at a fixed place, and go on to one or for as many as an argument there says; or they are behind a word; or nobody can tell but the
 * command.
 */
function writeKeySpec(reply: ReplyWriter, spec: KeyPositions): void {
  const { first, last, step, countedAt, behind, locate, access } = spec;
  reply.map(3);
  reply.bulkText("flags");
  writeWords(reply, access);
  if (locate !== undefined) {
    for (const part of ["begin_search", "find_keys"]) {
      reply.bulkText(part);
      writeSearch(reply, "unknown", {});
    }
    return;
  }
  reply.bulkText("begin_search");
  if (behind === undefined) writeSearch(reply, "index", { index: countedAt ?? first });
  else writeSearch(reply, "keyword", { keyword: behind, startfrom: first });
  reply.bulkText("find_keys");
  if (countedAt !== undefined) {
    writeSearch(reply, "keynum", { keynumidx: 0, firstkey: first - countedAt, keystep: step });
    return;
  }
  const limit = behind !== undefined && last < 0 ? 2 : 0;
  writeSearch(reply, "range", { lastkey: last < 0 ? last : last - first, keystep: step, limit });
}

function writeSearch(
  reply: ReplyWriter,
  type: string,
  spec: Readonly<Record<string, number | string>>,
): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  const entries = Object.entries(spec);
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

/** A set of flags, each a simple string. */
export function writeWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}
