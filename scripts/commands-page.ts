/** docs/commands.md: every command, from the one table. */
import type { CommandGroup } from "#torus/commands/command.js";
import { allCommands, type NamedCommand } from "#torus/commands/command-facts.js";
import { synopsis } from "#torus/commands/synopsis.js";
import { commands } from "#torus/commands/table.js";
import { type RedisGroup, redisCommands } from "./redis-commands.js";

const introduction = `# Commands

<!-- Generated from the declarations in src/commands/ by \`npm run docs\`. Do not edit. -->

Every command behaves as in Redis 7.0: the same arguments, replies and errors, unless *Redis:* says what differs and why.
Anything else is answered as Redis answers a command that it does not know.

How to read a synopsis: CAPITALS are typed as they are (in either case), \`[ ]\` may be left out, \`( | )\` is a choice, and dots repeat
what stands before them. *Since* is the release of Redis that brought the command.
`;

const titles: Readonly<Record<CommandGroup, string>> = {
  string: "Strings and counters",
  bitmap: "Bits",
  list: "Lists",
  hash: "Hashes",
  set: "Sets",
  "sorted-set": "Sorted sets",
  geo: "Places",
  hyperloglog: "HyperLogLog",
  stream: "Streams",
  generic: "Keys",
  pubsub: "Publish and subscribe",
  transactions: "Transactions",
  connection: "Connections",
  server: "The server",
  cluster: "Cluster",
};

const titlesOfMissing: Readonly<Record<RedisGroup, string>> = {
  ...titles,
  scripting: "Scripts",
};

const all = [...allCommands(commands)];

export function commandsPage(): string {
  const groups = Object.entries(titles).flatMap(([group, title]) => [
    `## ${title}`,
    ...all
      .filter(({ command }) => command.group === group)
      .sort(byName)
      .filter(isWorthAnEntry)
      .map(describe),
  ]);
  return `${[introduction.trimEnd(), contents(), ...groups, ...missing()].join("\n\n")}\n`;
}

function byName(a: NamedCommand, b: NamedCommand): number {
  return a.name < b.name ? -1 : 1;
}

/** A HELP says what every HELP says, and a container does nothing itself. */
function isWorthAnEntry({ name, command }: NamedCommand): boolean {
  return command.kind !== "container" && !name.endsWith("|help");
}

function describe({ name, command }: NamedCommand): string {
  const { syntax, summary, since, complexity, deprecatedSince, replacedBy, differs } = command;
  const facts = [
    `since ${since}`,
    complexity,
    ...(deprecatedSince === undefined ? [] : [`deprecated since ${deprecatedSince}: use ${replacedBy}`]),
  ];
  const difference = differs === undefined ? [] : [`*Redis:* ${differs}`];
  return [
    `### ${shown(name)}`,
    `\`\`\`\n${`${shown(name)} ${synopsis(syntax)}`.trimEnd()}\n\`\`\``,
    summary,
    facts.join(" · "),
    ...difference,
  ].join("\n\n");
}

/** The commands of each group on a line, as links. */
function contents(): string {
  const lines = Object.entries(titles).map(([group, title]) => {
    const links = all
      .filter((entry) => entry.command.group === group && isWorthAnEntry(entry))
      .sort(byName)
      .map(({ name }) => `[${shown(name)}](#${shown(name).toLowerCase().replace(" ", "-")})`);
    return `- **${title}:** ${links.join(", ")}`;
  });
  return lines.join("\n");
}

function missing(): string[] {
  const ours = new Set(all.map(({ name }) => name));
  const lines = [...redisCommands].flatMap(([group, names]) => {
    const absent = names.filter((name) => !ours.has(name) && !isBelowAnAbsentOne(name, ours));
    return absent.length === 0
      ? []
      : [`- **${titlesOfMissing[group]}:** ${absent.map((name) => `\`${shown(name)}\``).join(", ")}`];
  });
  return [
    "## Not there yet",
    "Commands of Redis 7.0 that are answered as unknown in this release.",
    lines.join("\n"),
  ];
}

/** Where a container is absent, so are its subcommands. */
function isBelowAnAbsentOne(name: string, ours: ReadonlySet<string>): boolean {
  const [container, subcommand] = name.split("|");
  return subcommand !== undefined && !ours.has(container!);
}

/** `client|list` as people type it. */
function shown(name: string): string {
  return name.toUpperCase().replace("|", " ");
}
