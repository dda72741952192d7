/**
 * Options from the command line: one flag for each entry of the table, and the configuration file as the first argument,
 * as redis-server takes it. Only the command line imports this file, for only it needs the library.
 */
import { type Command, Option as Flag } from "commander";
import { declarations } from "./config.js";
import { ConfigError } from "./config-error.js";
import { nearestOf } from "./nearest-name.js";
import { flagOf, namesOf, type Option } from "./option.js";
import { sections } from "./options.js";
import type { Setting } from "./setting.js";

export interface FlagSettings {
  /** Path of the configuration file. */
  readonly configFile?: string;
  readonly settings: readonly Setting[];
}

const flagNames = ["--config", ...declarations.flatMap(([, option]) => namesOf(option).map(flagOf))];

/** Teaches a command the flags of all options. Call once, before it parses. Returns what reads them afterwards. */
export function declareFlags(command: Command): () => FlagSettings {
  const settings: Setting[] = [];
  command
    .argument("[config-file]", "configuration file in the syntax of redis.conf")
    .option("--config <file>", "the same as a flag; also the variable TORUS_CONFIG", onlyOnce)
    // Unknown flags and surplus arguments get a message of ours, which names their values and the nearest flag.
    .allowUnknownOption()
    .allowExcessArguments();
  for (const { title, options } of sections) {
    for (const option of Object.values(options)) declareFlag(command, { option, title, settings });
  }
  command.addHelpText("after", HELP_EPILOGUE);
  return () => readFlags(command, settings);
}

const HELP_EPILOGUE = `
Every flag is also an environment variable (--maxmemory is TORUS_MAXMEMORY) and a directive of the configuration
file. A flag wins over the environment, the environment over the file. docs/configuration.md tells more.`;

interface FlagDeclaration {
  readonly option: Option<unknown>;
  readonly title: string;
  /** Where the flag's values go, in the order of the command line. */
  readonly settings: Setting[];
}

function declareFlag(command: Command, { option, title, settings }: FlagDeclaration): void {
  for (const name of namesOf(option)) {
    const flag = new Flag(`${flagOf(name)} <${option.type.placeholder}>`, helpFor(option)).helpGroup(
      `${title}:`,
    );
    flag.argParser((value: string) => {
      settings.push({ name, words: [value], isText: true, source: `flag ${flagOf(name)}` });
      return value;
    });
    command.addOption(name === option.name ? flag : flag.hideHelp());
  }
}

/** The first sentence of the option's documentation, its choices if it has a few, and its default. */
function helpFor({ doc, type, ...option }: Option<unknown>): string {
  const value = option.serverDefault ?? option.default;
  const sentence = /^.*?(?=[.:] |\.$)/s.exec(doc)?.[0] ?? doc;
  const choices = type.isChoice ? `: ${type.range}` : "";
  const shown = type.formatLines?.(value).join(" ") ?? type.format(value);
  return `${sentence.replaceAll("`", "")}${choices}${shown === "" ? "" : ` (default ${shown})`}`;
}

function readFlags(command: Command, settings: readonly Setting[]): FlagSettings {
  const unknown = command.args.findIndex((argument) => argument.startsWith("-"));
  if (unknown >= 0) throw new ConfigError(unknownFlag(command.args[unknown]!, command.args[unknown + 1]));
  const [positional, surplus] = command.args;
  if (surplus !== undefined)
    throw new ConfigError(`argument '${surplus}': only one configuration file is taken`);
  const named: string | undefined = command.opts<{ config?: string }>().config;
  if (positional !== undefined && named !== undefined) {
    throw new ConfigError(
      `flag --config '${named}': '${positional}' is already given as the configuration file`,
    );
  }
  const configFile = positional ?? named;
  return configFile === undefined ? { settings } : { configFile, settings };
}

function onlyOnce(file: string, before: string | undefined): string {
  if (before !== undefined) throw new ConfigError(`flag --config is given twice: '${before}' and '${file}'`);
  return file;
}

function unknownFlag(argument: string, next: string | undefined): string {
  const [flag = "", ...rest] = argument.split("=");
  const value = rest.length > 0 ? rest.join("=") : next;
  const nearest = nearestOf(flag, flagNames);
  const shown = value === undefined ? "" : ` (value '${value}')`;
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `unknown flag ${flag}${shown}${hint}`;
}
