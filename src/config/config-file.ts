/**
 * The configuration file, in the syntax of redis.conf: a directive a line, a name (letters in either case) followed by words, which
 * may be quoted (see base/quoted-words); empty lines and lines that begin with `#` are for people. A later line
 * wins over an earlier one. `include` is refused: a node's options stand in one file.
 */
import { quoteWord, splitWords } from "../base/quoted-words.js";
import { ConfigError } from "./config-error.js";
import type { Setting } from "./setting.js";

/** A line as it stands, and what it says: a directive, something unreadable, or (both absent) nothing. */
export interface ConfigLine {
  readonly raw: string;
  readonly directive?: { readonly name: string; readonly words: readonly string[] };
  readonly isUnbalanced?: true;
}

export function readConfigLines(text: string): ConfigLine[] {
  return text.split("\n").map((raw) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return { raw };
    const words = splitWords(toByteString(line))?.map(fromByteString);
    if (!words) return { raw, isUnbalanced: true };
    return { raw, directive: { name: words[0]!.toLowerCase(), words: words.slice(1) } };
  });
}

/** The settings of a file; `path` serves the messages. Throws a `ConfigError` for a line that cannot be read. */
export function readConfigFile(text: string, path: string): Setting[] {
  return readConfigLines(text).flatMap(({ raw, directive, isUnbalanced }, index) => {
    const source = `${path}:${index + 1}`;
    if (isUnbalanced) throw new ConfigError(`${source}: unbalanced quotes in '${raw.trim()}'`);
    if (!directive) return [];
    if (directive.name === "include")
      throw new ConfigError(`${source}: 'include' is not supported: '${raw.trim()}'`);
    return [{ ...directive, source }];
  });
}

/** A word for the file, in quotes where it needs them. */
export function quoteConfigWord(word: string): string {
  return quoteWord(toByteString(word));
}

function toByteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function fromByteString(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
