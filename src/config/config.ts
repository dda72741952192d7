/**
 * One consistent set of values of all options: an immutable snapshot with a plain, typed field for each.
 * Field names are the keys of the options table: `config.maxmemoryBytes`.
 */
import { ConfigError } from "./config-error.js";
import { namesOf, type Option } from "./option.js";
import { options } from "./options.js";

export type Field = keyof typeof options;
export type ValueOf<O> = O extends Option<infer T> ? T : never;
export type Config = { readonly [F in Field]: ValueOf<(typeof options)[F]> };

/** The table as a list, for code that treats all options alike: the types of the values are erased. */
export const declarations: readonly (readonly [Field, Option<unknown>])[] = Object.entries(options) as [
  Field,
  Option<unknown>,
][];

const fieldByName: ReadonlyMap<string, Field> = new Map(
  declarations.flatMap(([field, option]) => namesOf(option).map((name) => [name, field] as const)),
);

/** The field of an option by its name or alias, in either case; undefined if there is no such option. */
export function fieldOf(name: string): Field | undefined {
  return fieldByName.get(name.toLowerCase());
}

export const defaultConfig: Config = Object.freeze(
  Object.fromEntries(declarations.map(([field, option]) => [field, option.default])),
) as Config;

/**
 * The defaults with some values changed. Throws a `ConfigError` for a value that the option would not take as text, for a
 * field that does not exist, or if the values contradict one another.
 */
export function makeConfig(values: Partial<Config> = {}): Config {
  for (const [field, value] of Object.entries(values) as [Field, unknown][]) {
    const declared: Option<unknown> | undefined = Object.hasOwn(options, field) ? options[field] : undefined;
    if (!declared) throw new ConfigError(`there is no option ${field}`);
    const parsed = declared.type.parse(declared.type.format(value), declared.default);
    if (!parsed.ok) throw new ConfigError(`${field} ${JSON.stringify(value)}: ${parsed.problem}`);
  }
  const config = withValues(defaultConfig, values);
  const problem = contradiction(config);
  if (problem !== undefined) throw new ConfigError(problem);
  return config;
}

/** A new snapshot that differs in the given fields. The values are trusted: they come from an option's `parse`. */
export function withValues(config: Config, values: Partial<Config>): Config {
  return Object.freeze({ ...config, ...values });
}

/** What single values cannot tell: that together they make no sense. */
export function contradiction({ bind, unixsocket }: Config): string | undefined {
  if (bind.length === 0 && unixsocket === "") {
    return "nothing to listen on: 'bind' has no address and 'unixsocket' is not set";
  }
  return undefined;
}
