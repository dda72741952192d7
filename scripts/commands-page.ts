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
  const groups = (Object.entries(titles) as [CommandGroup, string][]).flatMap(([group, title]) => [
    `## ${title}`,
    ...entriesOf(group).map(describe),
  ]);
  return `${[introduction.trimEnd(), matrix(), contents(), ...groups, ...missing()].join("\n\n")}\n`;
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

/** How much of each group is there, and which commands differ. */
function matrix(): string {
  const known = new Set([...redisCommands.values()].flat());
  const groups = new Set([...Object.keys(titles), ...redisCommands.keys()]) as ReadonlySet<RedisGroup>;
  const rows = [...groups].map((group) => {
    const entries = entriesOf(group);
    const ofRedis = entries.filter(({ name }) => known.has(name));
    const differing = entries.filter(({ command }) => command.differs !== undefined);
    const same = ofRedis.filter(({ command }) => command.differs === undefined);
    const own = entries.length - ofRedis.length;
    const words = [
      titlesOfMissing[group],
      same.length,
      differing.map(link).join(", "),
      own,
      absentOf(group).length,
    ];
    return `| ${words.map((word) => word || "").join(" | ")} |`;
  });
  return [
    "| group | as in Redis 7.0 | differ, as said with each | not in Redis 7.0 | [not there](#not-there-yet) |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** The commands of each group on a line, as links. */
function contents(): string {
  const lines = (Object.entries(titles) as [CommandGroup, string][]).map(
    ([group, title]) => `- **${title}:** ${entriesOf(group).map(link).join(", ")}`,
  );
  return lines.join("\n");
}

function entriesOf(group: RedisGroup): readonly NamedCommand[] {
  return all.filter((entry) => entry.command.group === group && isWorthAnEntry(entry)).sort(byName);
}

function link({ name }: NamedCommand): string {
  return `[${shown(name)}](#${shown(name).toLowerCase().replace(" ", "-")})`;
}

function missing(): string[] {
  const lines = [...redisCommands.keys()].flatMap((group) => {
    const absent = absentOf(group);
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

/** The commands of Redis's group that are not here. */
function absentOf(group: RedisGroup): readonly string[] {
  const ours = new Set(all.map(({ name }) => name));
  const names = redisCommands.get(group) ?? [];
  return names.filter((name) => !ours.has(name) && !isBelowAnAbsentOne(name, ours));
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
