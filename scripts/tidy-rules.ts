/**
 * The rules of the house, as functions from files to problems; the tidy test applies them to the whole repository. A
 * rule that cannot be told from the text of the files is not here but in CONTRIBUTING.md. There are no exemptions:
 * where a rule does not fit, change the rule and say why.
 */
import { importProblem } from "./layering.js";
import type { RepositoryFile } from "./repository-files.js";
import { importsOf } from "./source-imports.js";
import { codeOf, type Token, tokensOf } from "./source-tokens.js";

export interface Problem {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** A file, and its tokens if it is TypeScript. */
export interface Source extends RepositoryFile {
  readonly tokens: readonly Token[];
}

export interface Rule {
  /** What always holds; the name of its test. */
  readonly promise: string;
  readonly appliesTo: (path: string) => boolean;
  readonly check: (source: Source, context: Context) => readonly Finding[];
}

export interface Context {
  /** The packages that package.json lists as dependencies. */
  readonly dependencies: ReadonlySet<string>;
}

export type Finding = Pick<Problem, "line" | "message">;

const isTypeScript = (path: string) => path.endsWith(".ts");
const isProduct = (path: string) => isTypeScript(path) && path.startsWith("src/");
const isHostOfNode = (path: string) => path.startsWith("src/host/node/");

/** Longer files need a reason: one concept a file is the habit that keeps them short. */
const LINES_MAX = 400;

export const rules: readonly Rule[] = [
  {
    promise: "every import of src/ goes strictly down the layers",
    appliesTo: isProduct,
    check: checkLayering,
  },
  {
    promise: "time, randomness, the process and the system are touched in src/host/node/ alone",
    appliesTo: (path) => isProduct(path) && !isHostOfNode(path),
    check: checkGlobals,
  },
  {
    promise: "there is no any, no enum, no namespace, no default export and no muted compiler",
    appliesTo: isTypeScript,
    check: checkLanguage,
  },
  {
    promise: "no comment or page puts work off",
    // A checksum in the lock file may spell anything.
    appliesTo: (path) => path !== "package-lock.json",
    check: checkLeftovers,
  },
  {
    promise: "no test is switched off or runs alone",
    appliesTo: (path) => isTypeScript(path) && path.startsWith("test/"),
    check: checkTestSelection,
  },
  {
    promise: "a file is named by a noun of the field, in kebab-case",
    appliesTo: (path) => isTypeScript(path) && /^(src|test|bench|scripts)\//.test(path),
    check: checkFileName,
  },
  {
    promise: "every file of src/ says at its top, or above its first export, what it is for",
    appliesTo: isProduct,
    check: checkHeadComment,
  },
  {
    promise: `a file of more than ${LINES_MAX} lines says why`,
    appliesTo: isTypeScript,
    check: checkLength,
  },
  {
    promise: "no file knows a machine's folders or a package registry",
    appliesTo: () => true,
    check: checkPlaces,
  },
];

/** The problems that one rule sees in some files. */
export function problemsOf(rule: Rule, files: readonly RepositoryFile[], context: Context): Problem[] {
  return files
    .filter(({ path }) => rule.appliesTo(path))
    .flatMap((file) => {
      const tokens = isTypeScript(file.path) ? tokensOf(file.text) : [];
      return rule.check({ ...file, tokens }, context).map((finding) => ({ path: file.path, ...finding }));
    });
}

function checkLayering({ path, tokens }: Source, { dependencies }: Context): Finding[] {
  return importsOf(tokens).flatMap(({ specifier, line }) => {
    if (specifier === undefined) return [{ line, message: "the module imported is not a plain string" }];
    const message = importProblem({ from: path, specifier, dependencies });
    return message === undefined ? [] : [{ line, message }];
  });
}

/** Ways to the world that need no import. `Buffer` is allowed: it is only memory. */
const bannedGlobals = new Set(
  (
    "process Date performance setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate " +
    "queueMicrotask crypto console fetch require global globalThis eval Function NodeJS Worker MessageChannel " +
    "BroadcastChannel WebSocket navigator Temporal"
  ).split(" "),
);

function checkGlobals({ tokens }: Source): Finding[] {
  const code = codeOf(tokens);
  return code.flatMap(({ kind, text, line }, at) => {
    if (kind !== "word" || isMemberName(code, at)) return [];
    if (bannedGlobals.has(text)) return [{ line, message: `'${text}' belongs in src/host/node/ only` }];
    if (text !== "Math") return [];
    // Anything but a plain `Math.name` could be a way around the rule.
    const isPlain = code[at + 1]?.text === "." && code[at + 2]?.text !== "random";
    return isPlain ? [] : [{ line, message: "'Math.random' belongs in src/host/node/ only" }];
  });
}

/** Whether the word is the name of a property: behind a dot, or before the colon of an object or a type. */
function isMemberName(code: readonly Token[], at: number): boolean {
  const before = code[at - 1]?.text ?? "";
  if (before === "." || before === "?.") return true;
  const after = code[at + 1]?.text === "?" ? code[at + 2]?.text : code[at + 1]?.text;
  return after === ":" && ["{", "}", ",", ";", "readonly"].includes(before);
}

function checkLanguage({ tokens }: Source): Finding[] {
  const muted = tokens
    .filter(({ kind, text }) => kind === "comment" && /@ts-(ignore|nocheck|expect-error)/.test(text))
    .map(({ line }) => ({ line, message: "the compiler is muted" }));
  const code = codeOf(tokens);
  const findings = code.flatMap(({ kind, text, line }, at): Finding[] => {
    if (kind !== "word" || isMemberName(code, at)) return [];
    const [before, next, afterNext] = [code[at - 1]?.text, code[at + 1], code[at + 2]?.text];
    if (text === "any" && isType(code, at)) return [{ line, message: "'any' switches the types off" }];
    if (text === "enum" && next?.kind === "word")
      return [{ line, message: "'enum': a union of strings serves" }];
    if (
      (text === "namespace" || text === "module") &&
      next?.kind === "word" &&
      (afterNext === "{" || afterNext === ".")
    ) {
      return [{ line, message: `'${text}': a file is a module already` }];
    }
    if (
      (text === "default" && (before === "export" || before === "as")) ||
      (text === "export" && next?.text === "=")
    ) {
      return [{ line, message: "a default export has no name of its own" }];
    }
    return [];
  });
  return [...muted, ...findings];
}

/** Whether the word `any` stands where types stand. A value of that name is not our business, though `= any` looks like a type. */
function isType(code: readonly Token[], at: number): boolean {
  const [before = "", after = ""] = [code[at - 1]?.text, code[at + 1]?.text];
  if ([":", "<", "|", "&", "=", "=>", "as", "is", "extends", "satisfies"].includes(before)) return true;
  return [">", "["].includes(after) || (before === "," && after === "]");
}

/** Spelled in pieces, for this file is checked too. */
const leftover = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X".repeat(3), "HA" + "CK"].join("|")})\\b`);

function checkLeftovers({ path, text, tokens }: Source): Finding[] {
  // In code only comments are read: a string may hold any word.
  const parts = isTypeScript(path) ? tokens.filter(({ kind }) => kind === "comment") : [{ text, line: 1 }];
  return parts.flatMap(({ text: part, line: start }) => matchingLines(part, start, leftover));
}

const testFunctions = new Set(["it", "describe", "context", "specify", "scenario"]);

function checkTestSelection({ tokens }: Source): Finding[] {
  const code = codeOf(tokens);
  return code.flatMap(({ kind, text, line }, at) => {
    if (kind !== "word" || isMemberName(code, at)) return [];
    const [next, member] = [code[at + 1]?.text, code[at + 2]?.text ?? ""];
    const isSelection = testFunctions.has(text) && next === "." && ["only", "skip"].includes(member);
    const isSwitchedOff = /^x(it|describe|context|specify)$/.test(text) && next === "(";
    return isSelection || isSwitchedOff ? [{ line, message: "every test runs, always" }] : [];
  });
}

const vagueWords = new Set("util utils helper helpers common misc manager managers".split(" "));

function checkFileName({ path }: Source): Finding[] {
  const names = path.split("/");
  const stem = names.at(-1)!.replace(/(\.test|\.d)?\.ts$/, "");
  return [...names.slice(0, -1), stem].flatMap((name) => {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
      return [{ line: 1, message: `'${name}' is not in kebab-case` }];
    const vague = name.split("-").find((word) => vagueWords.has(word));
    return vague === undefined ? [] : [{ line: 1, message: `'${vague}' says nothing about what is inside` }];
  });
}

function checkHeadComment({ tokens }: Source): Finding[] {
  const isDocumentation = (token: Token | undefined) =>
    token?.kind === "comment" && token.text.startsWith("/**");
  const firstExport = tokens.findIndex(({ kind, text }) => kind === "word" && text === "export");
  if (isDocumentation(tokens[0]) || isDocumentation(tokens[firstExport - 1])) return [];
  return [{ line: 1, message: "there is no documentation comment at the top or above the first export" }];
}

function checkLength({ text, tokens }: Source): Finding[] {
  const lines = text.split("\n").length - 1;
  const head = tokens.find(({ kind }) => kind === "comment")?.text ?? "";
  if (lines <= LINES_MAX || /\bLong because\s+\w/.test(head)) return [];
  return [{ line: 1, message: `${lines} lines, and the head comment does not say "Long because ..."` }];
}

/** Home folders of people and workplaces, and what npm would write of the registry in use. No pattern covers itself. */
const machinePath = /(^|[^\w./-])(\/(work|root|home|Users)\/\w|[A-Z]:\\Users\\)/;
const registryHost =
  /\/\/([\w-]+\.)*(registry|artifactory|nexus|verdaccio)\.\w|^registry\s*=|"resolved"\s*:|_auth[T]oken/;

function checkPlaces({ text }: Source): Finding[] {
  return [machinePath, registryHost].flatMap((pattern) => matchingLines(text, 1, pattern));
}

function matchingLines(text: string, firstLine: number, pattern: RegExp): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const match = pattern.exec(line);
    return match
      ? [{ line: firstLine + index, message: `'${match[0].trim()}' in: ${line.trim().slice(0, 100)}` }]
      : [];
  });
}
