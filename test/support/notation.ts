import type { Reply } from "./reply.js";

/**
 * Replies as text on one line, the form in which transcripts state them and failures print them. Two
 * replies have the same notation exactly if they are the same reply: comparison relies on it.
 *
 *   OK  hash  +"two words"  status              "Roma\r\n"       string
 *   12                      integer             nil  nil[]       RESP2 null string, null array
 *   -"ERR no such key"      error               [1 "a" [nil]]    array
 *   _  #t  ,3.5  (123       RESP3 null, boolean, double, big number
 *   {"a": 1 "b": 2}  ~["a"]  >["b"]  =txt"c"    RESP3 map, set, push, verbatim text
 */
export function notate(reply: Reply): string {
  switch (reply.kind) {
    case "status":
      return isBareStatus(reply.text) ? reply.text : `+${quote(reply.text)}`;
    case "error":
      return `-${quote(reply.text)}`;
    case "integer":
      return reply.value.toString();
    case "bulk":
      return quote(reply.bytes.toString("latin1"));
    case "nil":
      return "nil";
    case "nil-array":
      return "nil[]";
    case "null":
      return "_";
    case "boolean":
      return reply.value ? "#t" : "#f";
    case "double":
      return `,${reply.text}`;
    case "big-number":
      return `(${reply.text}`;
    case "verbatim":
      return `=${reply.format}${quote(reply.bytes.toString("latin1"))}`;
    case "array":
    case "set":
    case "push":
      return `${OPENING[reply.kind]}${reply.items.map(notate).join(" ")}]`;
    case "map":
      return `{${reply.entries.map(([key, value]) => `${notate(key)}: ${notate(value)}`).join(" ")}}`;
  }
}

const OPENING = { array: "[", set: "~[", push: ">[" } as const;

/** One word, not to be mistaken for any other notation. */
export function isBareStatus(text: string): boolean {
  return /^[A-Za-z][\w-]*$/.test(text) && text !== "nil";
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** A string of bytes (one character each) in double quotes, escaped as redis-cli escapes it. */
export function quote(latin1: string): string {
  const body = latin1.replace(/["\\]|[^ -~]/g, (character) => {
    return ESCAPES.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${body}"`;
}

/** The bytes (one character each) that the inside of a quoted string stands for. */
export function unquote(body: string): string {
  return body.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_, hex: string | undefined, plain: string) => {
    return hex === undefined ? (CONTROL.get(plain) ?? plain) : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

const CONTROL: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
