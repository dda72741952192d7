/** Replies given as plain values: for reports, whose writing need not be fast. */
import type { ReplyWriter } from "../protocol/reply-writer.js";

/** Text, an integer or a fraction, a truth (1 or 0 to RESP2), nothing, a list, or fields in order: a map (to RESP2 a flat array). */
export type ReplyTree =
  | string
  | number
  | boolean
  | null
  | readonly ReplyTree[]
  | { readonly [field: string]: ReplyTree };

export type ReplyFields = Readonly<Record<string, ReplyTree>>;

export function writeTree(reply: ReplyWriter, tree: ReplyTree): void {
  if (tree === null) reply.null();
  else if (typeof tree === "string") reply.bulkText(tree);
  else if (typeof tree === "boolean") reply.boolean(tree);
  else if (typeof tree === "number") writeNumber(reply, tree);
  else if (isList(tree)) writeList(reply, tree);
  else writeFields(reply, tree);
}

function writeNumber(reply: ReplyWriter, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value);
  else reply.double(value);
}

function writeList(reply: ReplyWriter, list: readonly ReplyTree[]): void {
  reply.array(list.length);
  for (const item of list) writeTree(reply, item);
}

function writeFields(reply: ReplyWriter, fields: ReplyFields): void {
  const entries = Object.entries(fields);
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.bulkText(name);
    writeTree(reply, value);
  }
}

/** `Array.isArray` does not tell a readonly list from fields. */
function isList(tree: readonly ReplyTree[] | ReplyFields): tree is readonly ReplyTree[] {
  return Array.isArray(tree);
}
