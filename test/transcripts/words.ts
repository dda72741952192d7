import { unquote } from "../support/notation.js";

/** An argument as written: fixed bytes (one character each), or the name of a value captured from a reply. */
export type Word =
  | { readonly kind: "bytes"; readonly latin1: string }
  | { readonly kind: "captured"; readonly name: string };

const WORD = /\s*(?:"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|\$([a-z]+)|([^\s"]+))(?=\s|$)/y;

/**
 * Splits a command line: words stand for themselves (as UTF-8), `"quoted\r\n"` ones may hold any byte and
 * may be repeated (`"x"*1000`), `$name` is a captured value.
 */
export function parseArguments(line: string): Word[] {
  const text = utf8AsLatin1(line);
  const words: Word[] = [];
  WORD.lastIndex = 0;
  while (WORD.lastIndex < text.trimEnd().length) {
    const at = WORD.lastIndex;
    const match = WORD.exec(text);
    if (match === null) throw new Error(`cannot split from here on: ${text.slice(at)}`);
    const [, quoted, times, name, bare] = match;
    if (name !== undefined) words.push({ kind: "captured", name });
    else if (quoted !== undefined)
      words.push({ kind: "bytes", latin1: unquote(quoted).repeat(Number(times ?? 1)) });
    else words.push({ kind: "bytes", latin1: bare! });
  }
  return words;
}

/** The bytes of a line of a transcript, one character each. */
export function utf8AsLatin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The bytes of a word, given what earlier replies of the case said. */
export function wordBytes(word: Word, captured: ReadonlyMap<string, string>): Buffer {
  if (word.kind === "bytes") return Buffer.from(word.latin1, "latin1");
  const value = captured.get(word.name);
  if (value === undefined) throw new Error(`$${word.name} has not been captured yet`);
  return Buffer.from(value, "latin1");
}
