/**
 * The lines `user name rule rule...` of the configuration file. What the rules mean is known where commands are; here they are words,
 * as byte strings (one character a byte), since that is what names and patterns are.
 */
import { quoteWord, splitWords } from "../base/quoted-words.js";
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

export interface UserDeclaration {
  readonly name: string;
  readonly rules: readonly string[];
}

/** A line each; words are quoted as in the configuration file. */
export function userDeclarations(): OptionType<readonly UserDeclaration[]> {
  return {
    placeholder: "name rules",
    range: "a name and its rules",
    isList: true,
    quotesWords: true,
    // Whoever names users means these; that there are several lines adds them up.
    empty: [],
    parse(text, current) {
      if (text === "") return { ok: true, value: [] };
      const users = [...current];
      for (const line of text.split("\n")) {
        const words = splitWords(Buffer.from(line).toString("latin1"));
        if (words === undefined) return bad("unbalanced quotes");
        const [name, ...rules] = words;
        if (name === undefined) return bad("a user has a name");
        if (users.some((other) => other.name === name)) return bad(DUPLICATE);
        users.push({ name, rules });
      }
      return { ok: true, value: users };
    },
    format: (users) => users.map(formatUser).join("\n"),
    formatLines: (users) => users.map(formatUser),
  };
}

const DUPLICATE = "Duplicate user found. A user can only be defined once in config files";

function formatUser({ name, rules }: UserDeclaration): string {
  return [name, ...rules].map(quoteWord).join(" ");
}
