/**
 * Options from environment variables: `TORUS_MAXMEMORY=100mb` is `maxmemory 100mb`. The prefix is ours alone, so a
 * variable that has it and names no option is a mistake to be told, not to be passed over.
 */

import { declarations } from "./config.js";
import { ConfigError } from "./config-error.js";
import { nearestOf } from "./nearest-name.js";
import { namesOf, variableOf } from "./option.js";
import type { Setting } from "./setting.js";

const PREFIX = "TORUS_";
const CONFIG_FILE_VARIABLE = "TORUS_CONFIG";

const nameByVariable: ReadonlyMap<string, string> = new Map(
  declarations.flatMap(([, option]) => namesOf(option).map((name) => [variableOf(name), name] as const)),
);

export interface EnvironmentSettings {
  /** Path of the configuration file, from `TORUS_CONFIG`. */
  readonly configFile?: string;
  readonly settings: readonly Setting[];
}

/** Throws a `ConfigError` for a variable with our prefix that names no option. */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): EnvironmentSettings {
  const settings: Setting[] = [];
  let configFile: string | undefined;
  for (const [variable, value] of Object.entries(variables)) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    const name = nameByVariable.get(variable);
    if (variable === CONFIG_FILE_VARIABLE) {
      configFile = value;
    } else if (name === undefined) {
      throw new ConfigError(unknownVariable(variable, value));
    } else {
      settings.push({ name, words: [value], isText: true, source: `variable ${variable}` });
    }
  }
  return configFile === undefined ? { settings } : { configFile, settings };
}

function unknownVariable(variable: string, value: string): string {
  const nearest = nearestOf(variable, [...nameByVariable.keys(), CONFIG_FILE_VARIABLE]);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `variable ${variable}: no option has this name (value '${value}')${hint}`;
}
