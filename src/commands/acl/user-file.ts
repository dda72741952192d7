/**
 * The file of users (`aclfile`): a user a line, in no order.
 *
 *     user name rule rule...
 *
 * Words are separated by single spaces, without quotes outside parentheses; white space around a line, and lines of nothing else, mean
 * nothing. There are no comments: a line that begins with another word is a mistake. All text is a byte string.
 */
import { describeUser } from "./description.js";
import { hasSpaces, UNKNOWN_COMMAND } from "./selector.js";
import { joinSelectors, type RuleContext, UserRules } from "./user.js";

export interface UsersRead {
  readonly rulesByName: ReadonlyMap<string, UserRules>;
  /** What is wrong, in the words of Redis's ACL LOAD; empty if all is well. */
  readonly problems: readonly string[];
}

/** Reads all lines, whatever is wrong with some: who made the mistakes learns of all of them at once. */
export function readUsers(text: string, path: string, context: RuleContext): UsersRead {
  const rulesByName = new Map<string, UserRules>();
  const problems: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = trim(raw);
    if (line === "") continue;
    const source = `${path}:${index + 1}`;
    const [word, name, ...words] = line.split(" ");
    if (word !== "user" || name === undefined) {
      problems.push(`${source} should start with user keyword followed by the username. `);
    } else if (hasSpaces(name)) {
      problems.push(`'${source}: username '${name}' contains invalid characters. `);
    } else if (rulesByName.has(name)) {
      problems.push(`WARNING: Duplicate user '${name}' found on line ${index + 1}. `);
    } else {
      const rules = UserRules.none(context);
      rulesByName.set(name, rules);
      problems.push(...problemsOf(words, rules).map((problem) => `${source}: ${problem}`));
    }
  }
  return { rulesByName, problems };
}

/** Applies the words of a line; answers what is wrong with them. */
function problemsOf(words: readonly string[], rules: UserRules): string[] {
  const joined = joinSelectors(words);
  if ("unmatched" in joined) return ["Unmatched parenthesis in selector definition."];
  return joined.rules.flatMap((raw) => {
    const rule = trim(raw);
    const problem = rules.apply(rule);
    if (problem === undefined) return [];
    // Other rules may hold secrets.
    return problem === UNKNOWN_COMMAND
      ? [`Error in applying operation '${rule}': ${problem}. `]
      : [`${problem}. `];
  });
}

export function writeUsers(rulesByName: Iterable<readonly [string, UserRules]>): string {
  const lines = Array.from(rulesByName, ([name, rules]) => {
    return `user ${name} ${describeUser(rules, { isForFile: true })}\n`;
  });
  return lines.join("");
}

/** Of those bytes that Redis trims. */
function trim(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}
