import { notate, unquote } from "../support/notation.js";
import type { Reply } from "../support/reply.js";
import { textOf } from "../support/reply.js";
import { utf8AsLatin1 } from "./words.js";

/**
 * What a transcript says about a reply: the exact reply in the notation of support/notation.ts, or, where
 * time or chance have a say,
 *
 *   90..100          an integer within these bounds
 *   ~/"\d+"/         a reply whose whole notation matches; named groups are captured
 *   *                any reply
 *   $name            captures the reply's text; equal to it when captured before
 *   bag["a" "b"]     an array with these items in any order; so too bag~[...] and bag{...}
 *   -ERR rest        at the start of a line: an error, unquoted to the end of the line
 *   (closed)         not a reply: the server closes the connection
 *   (nothing)        not a reply: none has come by now
 */
export type Expectation =
  | { readonly kind: "closed" }
  | { readonly kind: "nothing" }
  | { readonly kind: "any" }
  | { readonly kind: "exact"; readonly notation: string }
  | { readonly kind: "between"; readonly low: bigint; readonly high: bigint }
  | { readonly kind: "pattern"; readonly regex: RegExp }
  | { readonly kind: "captured"; readonly name: string }
  | {
      readonly kind: "items";
      readonly of: Aggregate;
      readonly ordered: boolean;
      readonly items: readonly Expectation[];
    };

/** A map's items are its keys and values in turn. */
type Aggregate = "array" | "set" | "push" | "map";

const TOKEN =
  /\s*(?:(bag)?(~\[|>\[|\[|\{)|(\]|\})|(:)|(\((?:closed|nothing)\))|(\d+)\.\.(\d+)|~\/((?:[^/\\]|\\.)*)\/|(\*)|\$([a-z]+)|([+-]?|=[a-z]{3})"((?:[^"\\]|\\.)*)"|(nil(?:\[\]|\b)|_|#[tf]|,[^\s\]}:]+|\(?-?\d+|[A-Za-z][\w-]*))/y;

/** The expectations stated by consecutive reply lines; brackets may span lines. */
export function parseExpectations(lines: readonly string[]): Expectation[] {
  const found: Expectation[] = [];
  let open: string | undefined;
  for (const line of lines.map(utf8AsLatin1)) {
    const unquoted = open === undefined ? unquotedError(line) : undefined;
    if (unquoted !== undefined) {
      found.push(unquoted);
      continue;
    }
    open = open === undefined ? line : `${open}\n${line}`;
    const parsed = parseWhole(open);
    if (parsed === "unfinished") continue;
    found.push(...parsed);
    open = undefined;
  }
  if (open !== undefined) throw new Error(`a bracket is never closed: ${open}`);
  return found;
}

function unquotedError(line: string): Expectation | undefined {
  if (!/^-[A-Z]/.test(line)) return undefined;
  return {
    kind: "exact",
    notation: notate({ kind: "error", text: line.slice(1) }),
  };
}

interface Frame {
  readonly of: Aggregate;
  readonly ordered: boolean;
  readonly items: Expectation[];
}

function parseWhole(text: string): Expectation[] | "unfinished" {
  const top: Expectation[] = [];
  const frames: Frame[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`not in the notation of replies: ${text.slice(at)}`);
    const [, bag, opening, closing, colon] = match;
    if (opening !== undefined) {
      frames.push({ of: AGGREGATES.get(opening)!, ordered: bag === undefined, items: [] });
    } else if (colon === undefined) {
      const value = closing === undefined ? scalar(match) : closeFrame(frames);
      (frames.at(-1)?.items ?? top).push(value);
    }
  }
  return frames.length > 0 ? "unfinished" : top;
}

const AGGREGATES: ReadonlyMap<string, Aggregate> = new Map([
  ["[", "array"],
  ["~[", "set"],
  [">[", "push"],
  ["{", "map"],
]);

function closeFrame(frames: Frame[]): Expectation {
  const frame = frames.pop();
  if (frame === undefined) throw new Error("a bracket is closed that was not open");
  return { kind: "items", ...frame };
}

function scalar(match: RegExpExecArray): Expectation {
  const [, , , , , event, low, high, regex, any, name, sigil, quoted, bare] = match;
  if (event !== undefined) return { kind: event === "(closed)" ? "closed" : "nothing" };
  if (low !== undefined) return { kind: "between", low: BigInt(low), high: BigInt(high!) };
  if (regex !== undefined) return { kind: "pattern", regex: new RegExp(`^(?:${regex})$`, "s") };
  if (any !== undefined) return { kind: "any" };
  if (name !== undefined) return { kind: "captured", name };
  return { kind: "exact", notation: quoted === undefined ? bare! : canonical(sigil!, unquote(quoted)) };
}

/** Quoting may be written in more than one way; what is compared is the one that `notate` writes. */
function canonical(sigil: string, text: string): string {
  const latin1 = Buffer.from(text, "latin1");
  if (sigil === "+") return notate({ kind: "status", text });
  if (sigil === "-") return notate({ kind: "error", text });
  if (sigil.startsWith("=")) return notate({ kind: "verbatim", format: sigil.slice(1), bytes: latin1 });
  return notate({ kind: "bulk", bytes: latin1 });
}

/** Values that replies of a case gave, by name. */
export type Captured = Map<string, string>;

/** True if the reply is as expected. Captures values into `captured` along the way. */
export function meets(reply: Reply, expected: Expectation, captured: Captured): boolean {
  switch (expected.kind) {
    case "any":
      return true;
    case "exact":
      return notate(reply) === expected.notation;
    case "between":
      return reply.kind === "integer" && reply.value >= expected.low && reply.value <= expected.high;
    case "pattern":
      return matches(reply, expected.regex, captured);
    case "captured":
      return sameAsCaptured(reply, expected.name, captured);
    case "items":
      return hasItems(reply, expected, captured);
    case "closed":
    case "nothing":
      return false;
  }
}

function matches(reply: Reply, regex: RegExp, captured: Captured): boolean {
  const match = regex.exec(notate(reply));
  if (match === null) return false;
  for (const [name, value] of Object.entries(match.groups ?? {})) captured.set(name, value);
  return true;
}

function sameAsCaptured(reply: Reply, name: string, captured: Captured): boolean {
  const text = textOf(reply);
  if (text === undefined) return false;
  const before = captured.get(name);
  captured.set(name, before ?? text);
  return before === undefined || before === text;
}

function hasItems(reply: Reply, expected: Expectation & { kind: "items" }, captured: Captured): boolean {
  if (reply.kind !== expected.of) return false;
  const actual =
    reply.kind === "map" ? reply.entries.flat() : (reply as Reply & { items: readonly Reply[] }).items;
  if (actual.length !== expected.items.length) return false;
  if (expected.ordered) return expected.items.every((item, i) => meets(actual[i]!, item, captured));
  const width = expected.of === "map" ? 2 : 1;
  return hasGroupsInAnyOrder(groups(actual, width), groups(expected.items, width), captured);
}

function groups<T>(items: readonly T[], width: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += width) result.push(items.slice(i, i + width));
  return result;
}

function hasGroupsInAnyOrder(actual: Reply[][], expected: Expectation[][], captured: Captured): boolean {
  const left = [...actual];
  return expected.every((group) => {
    const at = left.findIndex((replies) => group.every((item, i) => meets(replies[i]!, item, captured)));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}
