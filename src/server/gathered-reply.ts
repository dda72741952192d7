/** One reply made of the replies of several nodes, as raw bytes. */
import { assert, unreachable } from "../base/assert.js";
import type { Across } from "../commands/command.js";
import { ASTERISK, LF, MINUS } from "../protocol/ascii.js";
import { REPLY_TOO_LARGE, type ReplyError } from "../protocol/reply-error.js";
import { skipReplies } from "../protocol/reply-scanner.js";
import type { Part } from "./scatter.js";

/** Codes of commands that were executed, or may have been. */
const DOUBTFUL_CODES = ["-INDOUBT ", "-NOQUORUM "];
const REPLY_BYTES_MAX = 2 ** 30;

export type Gather = Exclude<Across, "acknowledged" | "draw" | "refused" | "walk">;

/** Whether a reply is an error. */
export function isError(reply: Buffer): boolean {
  return reply[0] === MINUS;
}

export function errorReply(line: string): Buffer {
  return Buffer.from(`-${line}\r\n`, "latin1");
}

/** The first error; but what nobody knows the outcome of, or what was done though not surely for good, comes before what surely failed. */
export function firstError(replies: readonly Buffer[]): Buffer | undefined {
  const errors = replies.filter(isError);
  const hasCode = (code: string) => (reply: Buffer) => reply.toString("latin1", 0, code.length) === code;
  for (const code of DOUBTFUL_CODES) {
    const doubtful = errors.find(hasCode(code));
    if (doubtful !== undefined) return doubtful;
  }
  return errors[0];
}

/** An array, with errors put in at places of what it becomes. Whatever is no array stays as it is. */
export function withErrors(reply: Buffer, errors: ReadonlyMap<number, ReplyError>): Buffer {
  if (reply[0] !== ASTERISK || numberOf(reply) < 0) return reply;
  const count = numberOf(reply) + errors.size;
  const elements: Buffer[] = [];
  let at = lineEnd(reply);
  for (let place = 0; place < count; place++) {
    const error = errors.get(place);
    const end = error === undefined ? skipReplies(reply, at, 1) : at;
    elements.push(error === undefined ? reply.subarray(at, end) : errorReply(error.line));
    at = end;
  }
  return Buffer.concat([arrayHead(count), ...elements]);
}

/** `parts` are those that the replies are of, for a command with keys. */
export function gatherReply(how: Gather, replies: readonly Buffer[], parts: readonly Part[] = []): Buffer {
  const error = firstError(replies);
  if (error !== undefined) return error;
  const byteLength = replies.reduce((sum, { length }) => sum + length, 0);
  if (byteLength > REPLY_BYTES_MAX) return errorReply(REPLY_TOO_LARGE);
  switch (how) {
    case "ok":
      return replies[0]!;
    case "sum":
      return Buffer.from(`:${replies.reduce((sum, reply) => sum + numberOf(reply), 0)}\r\n`);
    case "lists": {
      const count = replies.reduce((sum, reply) => sum + numberOf(reply), 0);
      return Buffer.concat([arrayHead(count), ...replies.map((reply) => reply.subarray(lineEnd(reply)))]);
    }
    case "elements":
      return Buffer.concat(elementsInOrder(replies, parts));
    default:
      return unreachable(how);
  }
}

function elementsInOrder(replies: readonly Buffer[], parts: readonly Part[]): Buffer[] {
  const elements: Buffer[] = [];
  for (const [i, { keys }] of parts.entries()) {
    const reply = replies[i]!;
    assert(numberOf(reply) === keys.length, "there is an element for each key");
    let at = lineEnd(reply);
    for (const key of keys) {
      const end = skipReplies(reply, at, 1);
      elements[key] = reply.subarray(at, end);
      at = end;
    }
  }
  return [arrayHead(elements.length), ...elements];
}

function arrayHead(count: number): Buffer {
  return Buffer.from(`*${count}\r\n`);
}

/** The number on the first line: an integer, or the length of an array. */
export function numberOf(reply: Buffer): number {
  return Number(reply.toString("latin1", 1, lineEnd(reply) - 2));
}

function lineEnd(reply: Buffer): number {
  return reply.indexOf(LF) + 1;
}
