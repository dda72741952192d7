/**
 * One published message in the forms in which subscribers get it. Each form is made once, however many get it:
 *
 *     message channel payload             to who subscribed to the channel
 *     smessage channel payload            the same of a shard channel
 *     pmessage pattern channel payload    to who subscribed to a pattern that the channel matches
 *
 * RESP2 has an array, RESP3 a push: all that differs is the first byte.
 */
import type { Protocol } from "./subscriber.js";

/** What a message may be published to. */
export type ChannelKind = "channel" | "shard";

const ARRAY = 0x2a;
const PUSH = 0x3e;
const LINE_END = "\r\n";

export class Message {
  readonly channelBytes: Buffer;
  readonly #kind: ChannelKind;
  readonly #payload: Buffer;
  /** By what the form begins with. */
  readonly #forms = new Map<string, Buffer>();

  /** The channel is a byte string, one character a byte; the payload is read during the life of the message only. */
  constructor(kind: ChannelKind, channel: string, payload: Buffer) {
    this.#kind = kind;
    this.channelBytes = Buffer.from(channel, "latin1");
    this.#payload = payload;
  }

  /** As those get it who subscribed to the channel itself. The bytes never change. */
  direct(resp: Protocol): Buffer {
    return this.#form(resp, [this.#kind === "shard" ? "smessage" : "message"]);
  }

  /** As those get it who subscribed to a pattern. */
  matched(resp: Protocol, pattern: string): Buffer {
    return this.#form(resp, ["pmessage", pattern]);
  }

  #form(resp: Protocol, words: readonly string[]): Buffer {
    const key = `${resp}${words.join(" ")}`;
    let form = this.#forms.get(key);
    if (form === undefined) this.#forms.set(key, (form = this.#encode(resp, words)));
    return form;
  }

  #encode(resp: Protocol, words: readonly string[]): Buffer {
    const { channelBytes } = this;
    const payload = this.#payload;
    let head = `${String.fromCharCode(resp === 3 ? PUSH : ARRAY)}${words.length + 2}${LINE_END}`;
    for (const word of words) head += `$${word.length}${LINE_END}${word}${LINE_END}`;
    head += `$${channelBytes.length}${LINE_END}`;
    return Buffer.concat([
      Buffer.from(head, "latin1"),
      channelBytes,
      Buffer.from(`${LINE_END}$${payload.length}${LINE_END}`, "latin1"),
      payload,
      Buffer.from(LINE_END, "latin1"),
    ]);
  }
}
