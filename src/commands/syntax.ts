/**
 * The notation in which a command declares its arguments, and the tree that it stands for: what COMMAND DOCS
 * answers under "arguments". It reads like the synopsis on a command's reference page:
 *
 *     key value [condition=(NX|XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds:integer|KEEPTTL)]
 *
 * - `name` is an argument, a string unless `:type` follows. `key` alone is the key that key spec 0 finds;
 *   `name#1` is a key of key spec 1.
 * - `TOKEN` is a pure token, or the token of the value right behind it. One that is not spelled in capitals
 *   stands in quotes: `"*"`.
 * - `[...]` is optional, and dots repeat the argument before them: `[KEYS key...]` after one token,
 *   `[GET pattern]...` with the token each time.
 * - `(a b)` is a block, `(A|B)` a choice; brackets around several arguments are one or the other as well.
 *   Both are named after their parts, joined by underscores, unless `name=` stands before the parenthesis. A
 *   pure token is named by its small letters, unless `name=` stands before it: `change=CH`.
 * - `@version` says since when, `!version` since when deprecated.
 */
import { assert } from "../base/assert.js";

const VALUE_TYPES = ["string", "integer", "double", "pattern", "unix-time", "key"] as const;

export interface Argument {
  readonly name: string;
  readonly type: (typeof VALUE_TYPES)[number] | "pure-token" | "oneof" | "block";
  readonly token?: string;
  /** Which of the command's key specs finds this key. */
  readonly keySpecIndex?: number;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly optional?: true;
  readonly multiple?: true;
  /** Each repetition has the token before it. */
  readonly multipleToken?: true;
  /** The parts of a block, or the alternatives of a choice. */
  readonly arguments?: readonly Argument[];
}

const TOKEN = /[A-Z][A-Z0-9-]*|"[^"]*"/y;
/** A name may hold a colon, as `ip:port` does; only one before a type's name says something. */
const VALUE = /[a-z][\w:/-]*(?:#\d+)?/y;
const LABEL = /[a-z][\w-]*(?==)/y;
const VERSION = /\d+(?:\.\d+)*/y;

/** A syntax is ours: one that cannot be read is a broken assertion, which shows the place. */
export function parseSyntax(text: string): readonly Argument[] {
  const cursor: Cursor = { text: text.trim(), at: 0 };
  if (cursor.text === "") return [];
  const parts = readSequence(cursor);
  assert(cursor.at === cursor.text.length, complaint(cursor, "an end without a beginning"));
  return parts;
}

/** Arguments side by side, up to what ends or divides the group around them. */
function readSequence(cursor: Cursor): readonly Argument[] {
  const parts: Argument[] = [];
  do parts.push(sees(cursor, /\[/y) ? readOptional(cursor) : readArgument(cursor));
  while (!sees(cursor, /[\])|]|$/y));
  return parts;
}

function readOptional(cursor: Cursor): Argument {
  const alternatives = readAlternatives(cursor, "[", "]");
  const parts = alternatives[0]!;
  const inner = alternatives.length === 1 && parts.length === 1 ? parts[0]! : group(alternatives);
  const optional: Argument = { ...inner, optional: true };
  return take(cursor, "...") ? { ...optional, multiple: true, multipleToken: true } : optional;
}

function readArgument(cursor: Cursor): Argument {
  const argument = readUnmarked(cursor);
  return {
    ...argument,
    ...(take(cursor, "@") && { since: read(cursor, VERSION, "version") }),
    ...(take(cursor, "!") && { deprecatedSince: read(cursor, VERSION, "version") }),
    ...(take(cursor, "...") && { multiple: true as const }),
  };
}

function readUnmarked(cursor: Cursor): Argument {
  const label = readLabel(cursor);
  if (!sees(cursor, TOKEN)) return readValue(cursor, label);
  const token = read(cursor, TOKEN, "token").replaceAll('"', "");
  // A token with a name of its own has no value: so a label also parts a pure token from an argument behind it.
  if (label === undefined && sees(cursor, /[a-z(]/y))
    return { ...readValue(cursor, readLabel(cursor)), token };
  return { name: label ?? token.toLowerCase(), type: "pure-token", token };
}

function readValue(cursor: Cursor, label: string | undefined): Argument {
  if (sees(cursor, /\(/y)) return group(readAlternatives(cursor, "(", ")"), label);
  assert(label === undefined, complaint(cursor, "a label before a plain value"));
  return value(read(cursor, VALUE, "argument"));
}

function readLabel(cursor: Cursor): string | undefined {
  if (!sees(cursor, LABEL)) return undefined;
  const label = read(cursor, LABEL, "label");
  take(cursor, "=");
  return label;
}

function readAlternatives(cursor: Cursor, open: string, close: string): readonly (readonly Argument[])[] {
  assert(take(cursor, open), complaint(cursor, `no ${open}`));
  const alternatives = [readSequence(cursor)];
  while (take(cursor, "|")) alternatives.push(readSequence(cursor));
  assert(take(cursor, close), complaint(cursor, `no ${close}`));
  return alternatives;
}

function group(alternatives: readonly (readonly Argument[])[], label?: string): Argument {
  const isChoice = alternatives.length > 1;
  const parts = isChoice ? alternatives.map(asOne) : alternatives[0]!;
  const name = label ?? parts.map((part) => part.name).join("_");
  return { name, type: isChoice ? "oneof" : "block", arguments: parts };
}

function asOne(parts: readonly Argument[]): Argument {
  return parts.length === 1 ? parts[0]! : group([parts]);
}

function value(text: string): Argument {
  const [named, keySpec] = text.split("#") as [string, string?];
  const keySpecIndex = keySpec === undefined ? {} : { keySpecIndex: Number(keySpec) };
  const type = VALUE_TYPES.find((candidate) => named.endsWith(`:${candidate}`));
  if (type !== undefined) return { name: named.slice(0, -type.length - 1), type, ...keySpecIndex };
  if (keySpec !== undefined) return { name: named, type: "key", ...keySpecIndex };
  return named === "key" ? { name: "key", type: "key", keySpecIndex: 0 } : { name: named, type: "string" };
}

interface Cursor {
  readonly text: string;
  /** Behind what was read and the space after it. */
  at: number;
}

function sees({ text, at }: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

function read(cursor: Cursor, pattern: RegExp, expected: string): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  assert(found !== undefined, complaint(cursor, `no ${expected}`));
  advance(cursor, found.length);
  return found;
}

function take(cursor: Cursor, literal: string): boolean {
  if (!cursor.text.startsWith(literal, cursor.at)) return false;
  advance(cursor, literal.length);
  return true;
}

function advance(cursor: Cursor, length: number): void {
  const rest = cursor.text.slice(cursor.at + length);
  cursor.at = cursor.text.length - rest.trimStart().length;
}

function complaint({ text, at }: Cursor, problem: string): string {
  return `syntax of a command: ${problem} here: ${text.slice(0, at)}>>>${text.slice(at)}`;
}
