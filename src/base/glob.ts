/**
 * Glob patterns over bytes, as KEYS, SCAN MATCH and CONFIG GET take them. The grammar is that of Redis, with
 * its corner cases:
 *
 *     *        any run of bytes, also none
 *     ?        one byte
 *     [abc]    one byte of these; ranges `a-z` in either direction; `[^abc]` one byte of the others.
 *              A class without its `]` extends to the end of the pattern. `[]` matches nothing, `[^]` anything.
 *     \x       the byte x itself, in and out of classes; a backslash at the very end stands for itself
 *
 * A pattern is compiled once and then matched against many keys where they lie. A failed match goes back only
 * to the latest `*`, never to earlier ones (an earlier `*` that took more could not help: what follows it has
 * matched already), so the cost is bounded by pattern times text, where Redis's recursion is exponential.
 * Two departures: `**` matches an empty text as `*` does, and an escaped letter obeys `ignoreCase` too.
 */

const SPACE_OF_BYTES = 256;
const ANY_BYTE = 256;
const ANY_RUN = 257;
const FIRST_CLASS = 258;

export interface Glob {
  /** One number a token: a byte's value, `ANY_BYTE`, `ANY_RUN`, or `FIRST_CLASS` plus an index of `classes`. */
  readonly tokens: Int32Array;
  /** A byte is in the class if its cell is 1. */
  readonly classes: readonly Uint8Array[];
  readonly ignoreCase: boolean;
}

export interface GlobOptions {
  /** Treat the ASCII letters A-Z and a-z as equal. */
  readonly ignoreCase?: boolean;
}

const LESS = 0x2d; // -
const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;

export function compileGlob(pattern: Uint8Array, { ignoreCase = false }: GlobOptions = {}): Glob {
  const tokens: number[] = [];
  const classes: Uint8Array[] = [];
  const fold = ignoreCase ? toLower : same;
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern[at]!;
    if (byte === STAR) {
      if (tokens.at(-1) !== ANY_RUN) tokens.push(ANY_RUN);
      at++;
    } else if (byte === QUESTION) {
      tokens.push(ANY_BYTE);
      at++;
    } else if (byte === OPEN) {
      const { members, next } = readClass(pattern, at + 1, fold);
      tokens.push(FIRST_CLASS + classes.length);
      classes.push(members);
      at = next;
    } else {
      if (byte === BACKSLASH && at + 1 < pattern.length) at++;
      tokens.push(fold(pattern[at]!));
      at++;
    }
  }
  return { tokens: Int32Array.from(tokens), classes, ignoreCase };
}

/** Reads a class from behind its `[`. `next` is the offset behind its `]`, or the pattern's end. */
function readClass(pattern: Uint8Array, start: number, fold: (byte: number) => number) {
  const members = new Uint8Array(SPACE_OF_BYTES);
  let at = start;
  const negated = pattern[at] === CARET;
  if (negated) at++;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      members[fold(pattern[++at]!)] = 1;
    } else if (pattern[at + 1] === LESS && at + 2 < pattern.length) {
      // Redis takes whatever follows the dash for the range's other end, even a `]`.
      const ends = [pattern[at]!, pattern[at + 2]!];
      for (let b = fold(Math.min(...ends)); b <= fold(Math.max(...ends)); b++) members[b] = 1;
      at += 2;
    } else {
      members[fold(pattern[at]!)] = 1;
    }
  }
  if (negated) for (let b = 0; b < SPACE_OF_BYTES; b++) members[b] = members[b] === 1 ? 0 : 1;
  return { members, next: Math.min(at + 1, pattern.length) };
}

/** Whether the pattern covers `bytes[start, end)` wholly. Allocates nothing. */
export function globMatches(glob: Glob, bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  const { tokens, classes, ignoreCase } = glob;
  const count = tokens.length;
  let token = 0;
  let at = start;
  /** The token behind the latest `*`, and the first byte that this `*` has not taken. */
  let retryToken = -1;
  let retryAt = start;
  while (at < end) {
    const wanted = token < count ? tokens[token]! : -1;
    if (wanted === ANY_RUN) {
      retryToken = ++token;
      retryAt = at;
      if (token === count) return true;
      continue;
    }
    const byte = ignoreCase ? toLower(bytes[at]!) : bytes[at]!;
    if (
      wanted === byte ||
      wanted === ANY_BYTE ||
      (wanted >= FIRST_CLASS && classes[wanted - FIRST_CLASS]![byte] === 1)
    ) {
      token++;
      at++;
    } else if (retryToken >= 0) {
      token = retryToken;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (token < count && tokens[token] === ANY_RUN) token++;
  return token === count;
}

/** Whether the pattern covers a name of channels or keys, as Redis has it there: an empty one is covered by the empty pattern alone, and not by `*`. */
export function globCovers(glob: Glob, name: Uint8Array): boolean {
  return name.length === 0 ? glob.tokens.length === 0 : globMatches(glob, name);
}

function same(byte: number): number {
  return byte;
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
