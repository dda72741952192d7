/** docs/configuration.md: every option, from the one table. */
import { flagOf, type Option, variableOf } from "#torus/config/option.js";
import { sections } from "#torus/config/options.js";

const introduction = `# Configuration

<!-- Generated from src/config/options.ts by \`npm run docs\`. Do not edit. -->

An option can be given in three ways. A flag wins over the environment, the environment over the file, the file over
the default.

| where | form | example |
|---|---|---|
| flag | \`--name value\` | \`torus server --maxmemory 100mb\` |
| environment | \`TORUS_NAME=value\` | \`TORUS_MAXMEMORY=100mb\` |
| file | \`name value\`, a line each | \`maxmemory 100mb\` |

The file is the first argument (\`torus server redis.conf\`), \`--config FILE\` or \`TORUS_CONFIG\`. Its syntax is that of redis.conf:
lines that begin with \`#\` are comments; a word with spaces stands in quotes, where \`"..."\` knows the escapes
\`\\n \\r \\t \\b \\a \\xHH\` and \`'...'\` only \`\\'\`; of two lines for one option the later wins. \`include\` is not supported.

What is unknown, malformed or contradictory stops the start with one line that names the option, the value and where it was found. That
holds for every variable that begins with \`TORUS_\` (on Kubernetes, a service called \`torus\` makes such variables in every pod;
\`enableServiceLinks: false\` turns that off), and for a flag given twice, unless its value is a list: those add up.

While the node runs, \`CONFIG GET\` shows all options, \`CONFIG SET\` changes those marked *at run time*, all of its pairs or none,
and \`CONFIG REWRITE\` writes the values into the file, keeping its comments and order.

Amounts of memory: \`k\`, \`m\`, \`g\` are powers of 1000, \`kb\`, \`mb\`, \`gb\` powers of 1024, in either case.
`;

export function configurationPage(): string {
  const parts = sections.flatMap(({ title, options }) => [
    `## ${title}`,
    ...Object.values(options).map(describeOption),
  ]);
  return `${[introduction.trimEnd(), ...parts].join("\n\n")}\n`;
}

function describeOption(option: Option<unknown>): string {
  const { name, aliases = [], type, doc, differs, mutable } = option;
  const facts = [
    `default ${shownValue(option, option.default)}`,
    ...(option.serverDefault === undefined
      ? []
      : [`for \`torus server\` ${shownValue(option, option.serverDefault)}`]),
    ...(type.range === "" ? [] : [type.range]),
    ...(type.placeholder in unitsWorthSaying ? [`in ${type.placeholder}`] : []),
    mutable ? "at run time" : "at start only",
    `\`${flagOf(name)}\``,
    `\`${variableOf(name)}\``,
    ...aliases.map((alias) => `also \`${alias}\``),
  ];
  const difference = differs === undefined ? [] : [`*Redis:* ${differs}`];
  return [`### ${name}`, facts.join(" · "), doc, ...difference].join("\n\n");
}

function shownValue({ type }: Option<unknown>, value: unknown): string {
  const shown = type.formatLines?.(value).join(" ") ?? type.format(value);
  return shown === "" ? "empty" : `\`${shown}\``;
}

const unitsWorthSaying = { seconds: true, minutes: true, milliseconds: true, microseconds: true };
