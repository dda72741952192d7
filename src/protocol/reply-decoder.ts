/**
 * Reads RESP2 replies as values, for callers inside the process (the library API). Speed matters little here, so
 * the bytes are the business of the package redis-parser.
 */
import Parser from "redis-parser";
import { ReplyError } from "./reply-error.js";

/** Text where the bytes are UTF-8, a Buffer where they are not. */
export type ReplyValue = string | number | Buffer | null | ReplyError | readonly ReplyValue[];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ReplyDecoder {
  readonly #parser: { execute(bytes: Buffer): void };

  /** `receive` is called for each reply, errors included. */
  constructor(receive: (value: ReplyValue) => void) {
    this.#parser = new Parser({
      returnBuffers: true,
      returnReply: (reply) => receive(toValue(reply)),
      returnError: (error) => receive(toValue(error)),
      returnFatalError(error) {
        throw error;
      },
    });
  }

  /** Takes the next bytes of the stream, cut anywhere. They may be kept. */
  push(bytes: Buffer): void {
    this.#parser.execute(bytes);
  }
}

function toValue(reply: unknown): ReplyValue {
  if (reply instanceof Error) return new ReplyError(reply.message);
  if (Buffer.isBuffer(reply)) return toText(reply);
  if (Array.isArray(reply)) return reply.map(toValue);
  return reply as string | number | null;
}

function toText(bytes: Buffer): string | Buffer {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes);
  }
}
