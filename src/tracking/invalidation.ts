/**
 * What is told of keys that have changed, in the forms in which clients get it. Each form is made once, however many get it:
 *
 *     push ["invalidate" [key...]]                                  in RESP3
 *     ["message" "__redis__:invalidate" [key...]]                   in RESP2, to who is told in another one's place
 *
 * Null stands in the place of the keys if all of them may have changed: that of the protocol of whoever tracks them, as Redis has it, though another one
 * be told.
 */
import type { Protocol } from "../pubsub/subscriber.js";

const CHANNEL = "__redis__:invalidate";

export class Invalidation {
  readonly #keys: readonly string[] | null;
  readonly #forms = new Map<string, Buffer>();

  /** Null: all keys. */
  constructor(keys: readonly string[] | null) {
    this.#keys = keys;
  }

  /** For who is told; `ofTracker` is the protocol of who tracks. The bytes never change. */
  form(resp: Protocol, ofTracker: Protocol = resp): Buffer {
    const name = `${resp}${ofTracker}`;
    let form = this.#forms.get(name);
    if (form === undefined) this.#forms.set(name, (form = this.#encode(resp, ofTracker)));
    return form;
  }

  #encode(resp: Protocol, ofTracker: Protocol): Buffer {
    const head = resp === 3 ? `>2\r\n${bulk("invalidate")}` : `*3\r\n${bulk("message")}${bulk(CHANNEL)}`;
    const keys = this.#keys;
    if (keys === null) return Buffer.from(`${head}${ofTracker === 3 ? "_" : "$-1"}\r\n`, "latin1");
    return Buffer.from(`${head}*${keys.length}\r\n${keys.map(bulk).join("")}`, "latin1");
  }
}

/** To who tracks keys, and has another client told that is gone. */
export function brokenRedirection(id: number): Buffer {
  return Buffer.from(`>2\r\n${bulk("tracking-redir-broken")}:${id}\r\n`, "latin1");
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
