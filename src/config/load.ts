/** Makes one configuration of all that was asked for. A flag wins over the environment, that over the file, that over the default. */
import {
  type Config,
  contradiction,
  declarations,
  defaultConfig,
  type Field,
  fieldOf,
  withValues,
} from "./config.js";
import { ConfigError } from "./config-error.js";
import { nearestOf } from "./nearest-name.js";
import { namesOf, type Option, textOf } from "./option.js";
import { options } from "./options.js";
import type { Setting } from "./setting.js";

export interface Sources {
  readonly file: readonly Setting[];
  readonly environment: readonly Setting[];
  readonly flags: readonly Setting[];
}

/** Throws a `ConfigError` for the first setting that is unknown, malformed or contradictory. */
export function combineSettings({ file, environment, flags }: Sources, defaults = defaultConfig): Config {
  refuseRepetition(environment);
  refuseRepetition(flags);
  let config = defaults;
  for (const source of [file, environment, flags]) {
    const fieldsSet = new Set<Field>();
    for (const setting of source) config = apply(config, setting, fieldsSet);
  }
  const problem = contradiction(config);
  if (problem !== undefined) throw new ConfigError(problem);
  return config;
}

/** `fieldsSet` are those that the same source has set before: only its own lines add up. */
function apply(config: Config, { name, words, isText, source }: Setting, fieldsSet: Set<Field>): Config {
  const field = knownField({ name, words, source });
  const option: Option<unknown> = options[field];
  if (words.length === 0 || (words.length > 1 && !option.type.isList)) {
    throw new ConfigError(
      `${source}: ${name} takes one value, not ${words.length === 0 ? "none" : `'${words.join(" ")}'`}`,
    );
  }
  const text = isText ? words.join(" ") : textOf(words, option.type);
  const before = fieldsSet.has(field) ? config[field] : (option.type.empty ?? config[field]);
  fieldsSet.add(field);
  const parsed = option.type.parse(text, before);
  if (!parsed.ok) throw new ConfigError(`${source}: ${name} '${text}': ${parsed.problem}`);
  return withValues(config, { [field]: parsed.value });
}

/** On a command line or in an environment nobody repeats an option on purpose, unless it is a list. */
function refuseRepetition(settings: readonly Setting[]): void {
  const firstByField = new Map<Field, Setting>();
  for (const setting of settings) {
    const field = knownField(setting);
    const first = firstByField.get(field);
    if (first && !options[field].type.isList) {
      const [one, other] = [first, setting].map(({ source, words }) => `'${words.join(" ")}' by ${source}`);
      throw new ConfigError(`${options[field].name} is set twice: ${one} and ${other}`);
    }
    firstByField.set(field, setting);
  }
}

function knownField({ name, words, source }: Setting): Field {
  const field = fieldOf(name);
  if (field) return field;
  const nearest = nearestOf(
    name.toLowerCase(),
    declarations.flatMap(([, option]) => namesOf(option)),
  );
  const hint = nearest === undefined ? "" : `; did you mean '${nearest}'?`;
  throw new ConfigError(`${source}: unknown option '${name}' (value '${words.join(" ")}')${hint}`);
}
