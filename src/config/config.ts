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

/** What `torus server` begins with. */
export const serverDefaultConfig: Config = Object.freeze(
  Object.fromEntries(declarations.map(([field, option]) => [field, option.serverDefault ?? option.default])),
) as Config;

/** Values by field, each as itself or as the text that a configuration file would have: `{ maxmemoryBytes: "100mb" }`. */
export type ConfigValues = { readonly [F in Field]?: Config[F] | string };

/**
 * The defaults with some values changed. Throws a `ConfigError` for a value that the option does not take, for a
 * field that does not exist, or if the values contradict one another.
 */
export function makeConfig(values: ConfigValues = {}): Config {
  const parsed = Object.entries(values).map(([field, value]) => [field, checkedValue(field, value)]);
  const config = withValues(defaultConfig, Object.fromEntries(parsed));
  const problem = contradiction(config);
  if (problem !== undefined) throw new ConfigError(problem);
  return config;
}

/** The value as the option's own parser makes it, for that is where the rules are. */
function checkedValue(field: string, value: unknown): unknown {
  const option: Option<unknown> | undefined = Object.hasOwn(options, field)
    ? options[field as Field]
    : undefined;
  if (!option) throw new ConfigError(`there is no option ${field}`);
  const refuse = (problem: string) => new ConfigError(`${field} ${JSON.stringify(value)}: ${problem}`);
  if (typeof value !== "string" && typeof value !== typeof option.default) {
    throw refuse(`it is neither text nor like ${JSON.stringify(option.default)}`);
  }
  const parsed = option.type.parse(
    typeof value === "string" ? value : option.type.format(value),
    option.default,
  );
  if (!parsed.ok) throw refuse(parsed.problem);
  return parsed.value;
}

/** A new snapshot that differs in the given fields. The values are trusted: they come from an option's `parse`. */
export function withValues(config: Config, values: Partial<Config>): Config {
  return Object.freeze({ ...config, ...values });
}

/** What single values cannot tell: that together they make no sense. */
export function contradiction({ bind, unixsocket, aclfile, users }: Config): string | undefined {
  if (bind.length === 0 && unixsocket === "") {
    return "nothing to listen on: 'bind' has no address and 'unixsocket' is not set";
  }
  if (aclfile !== "" && users.length > 0) {
    return "users stand in 'aclfile' or in lines that begin with 'user', not in both";
  }
  return undefined;
}
