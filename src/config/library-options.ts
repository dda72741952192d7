/** Options as a JavaScript object gives them, under their own names. */
import type { Config } from "./config.js";
import { combineSettings } from "./load.js";

/** Throws a `ConfigError` for an option that is unknown, malformed or contradictory. Booleans stand for yes and no. */
export function parseOptions(options: Readonly<Record<string, string | number | boolean>>): Config {
  const settings = Object.entries(options).map(([name, value]) => ({
    name,
    words: typeof value === "boolean" ? [value ? "yes" : "no"] : String(value).split(" "),
    isText: true as const,
    source: `option ${name}`,
  }));
  return combineSettings({ file: [], environment: [], flags: settings });
}
