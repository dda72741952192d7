/**
 * Reads RESP2 replies as values, for callers inside the process (the library API). Speed matters little here, so
 * the bytes are the business of the package redis-parser.
 */
import Parser from "redis-parser";
import { ReplyError } from "./reply-error.js";

/**
 * Strings are text where the bytes are UTF-8, a Buffer where they are not. Integers are a `bigint` where a
 * number would not be exact. Errors are values: one within an array is no failure of its neighbours.
 */
export type ReplyValue = string | number | bigint | Buffer | null | ReplyError | readonly ReplyValue[];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ReplyDecoder {
  private readonly parser: { execute(bytes: Buffer): void };

  /** `receive` is called for each reply, errors included. */
  constructor(receive: (value: ReplyValue) => void) {
    this.parser = new Parser({
      returnBuffers: true,
      stringNumbers: true,
      returnReply: (reply) => receive(toValue(reply)),
      returnError: (error) => receive(toValue(error)),
      returnFatalError(error) {
        throw error;
      },
    });
  }

  /**
   * Takes the next bytes of the stream and may keep them. Throws where they are no RESP2. They may be cut anywhere, but
   * whole replies are better: for a bulk string in pieces, redis-parser pools memory under a timer of its own.
   */
  push(bytes: Buffer): void {
    this.parser.execute(bytes);
  }
}

/** `reply` as redis-parser gives it: strings as Buffers, integers as strings. */
function toValue(reply: unknown): ReplyValue {
  if (Buffer.isBuffer(reply)) return toText(reply);
  if (typeof reply === "string") return toInteger(reply);
  if (reply instanceof Error) return new ReplyError(reply.message);
  return Array.isArray(reply) ? reply.map(toValue) : null;
}

function toInteger(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** What is no text is copied, lest it hold all the bytes that it came with. */
function toText(bytes: Buffer): string | Buffer {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes);
  }
}
