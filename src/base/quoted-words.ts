/**
 * Words on a line, as redis.conf and inline commands write them. Words are parted by white space; parts of a word may be quoted:
 *
 *     "..."    with the escapes \n \r \t \b \a, \xHH for a byte, and \c for any other character c itself
 *     '...'    with \' as the only escape
 *
 * A closing quote must end its word. Lines and words are *byte strings* (one character a byte, latin1), so
 * that nothing is lost whatever the encoding; the caller decodes what it knows to be UTF-8.
 */

const characterByEscape: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["b", "\b"],
  ["a", "\x07"],
]);

/** The words of a line, or undefined if a quote stays open or something follows a closing one. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(line[at])) at++;
    if (at >= line.length) return words;
    let word = "";
    while (at < line.length && !endsBareWord(line[at]!)) {
      const character = line[at]!;
      if (character !== '"' && character !== "'") {
        word += character;
        at++;
        continue;
      }
      const quoted = character === '"' ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1);
      if (!quoted || (quoted.next < line.length && !isSpace(line[quoted.next]))) return undefined;
      word += quoted.text;
      at = quoted.next;
      break;
    }
    words.push(word);
  }
}

/** A part of a word and the offset behind its closing quote. */
interface Quoted {
  readonly text: string;
  readonly next: number;
}

function readDoubleQuoted(line: string, start: number): Quoted | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const character = line[at]!;
    if (character === '"') return { text, next: at + 1 };
    if (character !== "\\" || at + 1 >= line.length) {
      text += character;
      continue;
    }
    const hex = /^x([0-9a-f]{2})/i.exec(line.slice(at + 1, at + 4));
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      at += 3;
    } else {
      const escaped = line[++at]!;
      text += characterByEscape.get(escaped) ?? escaped;
    }
  }
  return undefined;
}

function readSingleQuoted(line: string, start: number): Quoted | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    if (line[at] === "'") return { text, next: at + 1 };
    if (line[at] === "\\" && line[at + 1] === "'") at++;
    text += line[at];
  }
  return undefined;
}

/** A word that `splitWords` reads back as it was: bare where that is safe, else in double quotes. */
export function quoteWord(word: string): string {
  if (/^[!#-&(-[\]-~]+$/.test(word)) return word;
  const escaped = word.replace(/["\\]/g, "\\$&").replace(/[^ -~]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

/** Vertical tab and form feed stand between words, but within a bare word they belong to it (so Redis's `sdssplitargs`). */
function endsBareWord(character: string): boolean {
  return " \t\n\r".includes(character);
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && " \t\n\r\v\f".includes(character);
}
