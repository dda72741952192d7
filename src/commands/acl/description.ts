/**
 * The rules that a user has, as text that makes the same user again. Redis 7.0 does not keep what was said of commands but what came of
 * it, and words that anew: by the categories that cover most, then by single commands.
 */
import { quoteWord } from "../../base/quoted-words.js";
import { CATEGORIES } from "../command-facts.js";
import { READ, Selector, WRITE } from "./selector.js";
import type { UserRules } from "./user.js";

export interface DescriptionOptions {
  /**
   * What would be read otherwise is worded so that it is not: words in parentheses stand in quotes where they need them, and a pattern
   * that is `*` is not that of all keys, behind which there is no other. ACL LIST has neither, as Redis has it nowhere, which cannot
   * read all of its own files back.
   */
  readonly isForFile: boolean;
}

/** What stands in ACL LIST, and in files, behind the name. */
export function describeUser(
  rules: UserRules,
  { isForFile }: DescriptionOptions = { isForFile: false },
): string {
  const [root, ...others] = rules.selectors;
  const quoted = (word: string) => (isForFile ? quoteInParentheses(word) : word);
  return [
    ...flagsOf(rules),
    ...rules.passwords.map((hash) => `#${hash}`),
    ...selectorWords(root, isForFile),
    ...others.map((selector) => `(${selectorWords(selector, isForFile).map(quoted).join(" ")})`),
  ].join(" ");
}

/** A parenthesis of its own would end those around it. */
function quoteInParentheses(word: string): string {
  const quoted = quoteWord(word);
  if (!word.includes(")")) return quoted;
  return (quoted.startsWith('"') ? quoted : `"${quoted}"`).replaceAll(")", "\\x29");
}

/** Words that say how the user logs in, in the order of Redis. */
export function flagsOf({ isOn, needsNoPassword, sanitizing }: UserRules): string[] {
  return [
    isOn ? "on" : "off",
    ...(needsNoPassword ? ["nopass"] : []),
    ...(sanitizing === undefined ? [] : [sanitizing]),
  ];
}

function selectorWords(selector: Selector, isForFile: boolean): string[] {
  const { allowsAllChannels, channels } = selector;
  const channelWords = channels.map(({ text }) => `&${text}`);
  return [
    ...keyWords(selector, isForFile),
    ...(allowsAllChannels ? ["&*"] : ["resetchannels", ...channelWords]),
    ...commandWords(selector),
  ];
}

export function describeKeys(selector: Selector): string {
  return keyWords(selector, false).join(" ");
}

export function describeChannels({ allowsAllChannels, channels }: Selector): string {
  return allowsAllChannels ? "&*" : channels.map(({ text }) => `&${text}`).join(" ");
}

export function describeCommands(selector: Selector): string {
  return commandWords(selector).join(" ");
}

function keyWords({ allowsAllKeys, keys }: Selector, isForFile: boolean): string[] {
  if (allowsAllKeys) return ["~*"];
  const words = keys.map(({ text, permissions }) => `${signOf(permissions)}${text}`);
  return isForFile ? words.map((word) => (word === "~*" ? "%RW~*" : word)) : words;
}

function signOf(permissions: number): string {
  if (permissions === (READ | WRITE)) return "~";
  return permissions === READ ? "%R~" : "%W~";
}

/** Starts with all commands or none, comes near with categories, and ends with the commands that are still wrong. */
function commandWords(selector: Selector): string[] {
  const { catalog, allowsNewCommands } = selector;
  const isAdding = !allowsNewCommands;
  const words = [isAdding ? "-@all" : "+@all"];
  /** What the words so far make. */
  const said = new Selector(catalog);
  said.apply(words[0]!);
  /** What is left to be said: a category that was said is turned round in it. */
  const left = selector.copy();
  for (let best = bestCategory(left, isAdding); best !== undefined; best = bestCategory(left, isAdding)) {
    words.push(`${isAdding ? "+" : "-"}@${best}`);
    said.apply(words.at(-1)!);
    left.apply(`${isAdding ? "-" : "+"}@${best}`);
  }
  for (const entry of catalog.entries) {
    const { id, name } = entry;
    if (selector.allows(id) !== said.allows(id)) {
      words.push(`${selector.allows(id) ? "+" : "-"}${name}`);
      said.set(entry, selector.allows(id));
    }
    if (!selector.allows(id)) words.push(...selector.firstArguments(id).map((word) => `+${name}|${word}`));
  }
  return words;
}

/** The category that says most and is wrong least: right for more commands than it is wrong for, if there is one. */
function bestCategory(left: Selector, isAdding: boolean): string | undefined {
  let best: string | undefined;
  let fewestWrong = Number.POSITIVE_INFINITY;
  let mostRight = 0;
  for (const category of CATEGORIES) {
    const entries = left.catalog.ofCategory(category);
    const right = entries.filter(({ id }) => left.allows(id) === isAdding).length;
    const wrong = entries.length - right;
    if (right <= wrong) continue;
    if (wrong < fewestWrong || (wrong === fewestWrong && right > mostRight)) {
      best = category;
      fewestWrong = wrong;
      mostRight = right;
    }
  }
  return best;
}
