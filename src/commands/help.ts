/** The HELP subcommand: what it answers follows from the declarations beside it. */
import { type Command, data } from "./command.js";
import { synopsis } from "./synopsis.js";

export interface HelpFacts {
  /** The container, in lower case. */
  readonly of: string;
  readonly since: string;
  readonly categories?: readonly string[];
}

/** The subcommands of a container with a HELP that lists them. */
export function withHelp(facts: HelpFacts, subcommands: readonly Command[]): readonly Command[] {
  const { of, since, categories } = facts;
  const help = data({
    name: "help",
    arity: 2,
    group: subcommands[0]!.group,
    flags: ["loading", "stale"],
    ...(categories && { categories }),
    since,
    complexity: "O(1)",
    summary: `Lists the subcommands of ${of.toUpperCase()}.`,
    run(call) {
      const lines = helpLines(of, [...subcommands, help]);
      call.reply.array(lines.length);
      for (const line of lines) call.reply.simple(line);
    },
  });
  return [...subcommands, help];
}

/** As Redis lays it out: a title, then for each subcommand its usage and, indented, what it does. */
export function helpLines(
  of: string,
  entries: readonly { readonly name: string; readonly syntax?: string; readonly summary: string }[],
): string[] {
  const usages = entries.flatMap(({ name, syntax, summary }) => [
    `${name.toUpperCase()} ${synopsis(syntax, (value) => `<${value}>`)}`.trimEnd(),
    `    ${summary}`,
  ]);
  return [`${of.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`, ...usages];
}
