/**
 * A client that walks over all keys by SCAN, again and again and from node to node, and asks for all of them by KEYS: whatever
 * happens meanwhile, it finds each key that is always there.
 */
import { type Reply, textOf } from "../../support/reply.js";
import { encodeCommand } from "../../support/request.js";
import type { Errands } from "./client.js";
import { contentOf, itemsOf, type Step, unexpected } from "./script.js";
import { Violation } from "./violation.js";

const BATCH = 40;
/** Every so many walks it asks in another way. */
const OTHER_EVERY = 4;

export interface WalkerOptions {
  readonly prefix: string;
  readonly keys: readonly string[];
  readonly database: number;
}

export class Walker implements Errands {
  readonly #options: WalkerOptions;
  #cursor = "0";
  #found = new Set<string>();
  #isGreeted = false;
  /** Walks that came to their end. */
  walks = 0;

  constructor(options: WalkerOptions) {
    this.#options = options;
  }

  next(): Step {
    if (!this.#isGreeted) return this.#greet();
    const isBetween = this.#cursor === "0" && this.#found.size === 0;
    if (isBetween && this.walks % OTHER_EVERY === OTHER_EVERY - 1) return this.#askForAll();
    return this.#walkOn();
  }

  /** A cursor means the same to every node. */
  reconnected(): void {
    this.#isGreeted = false;
  }

  #greet(): Step {
    this.#isGreeted = true;
    return this.#step(["SELECT", this.#options.database], (reply) => {
      if (textOf(reply) !== "OK") throw unexpected(reply, "OK");
    });
  }

  #walkOn(): Step {
    const { prefix } = this.#options;
    const args = ["SCAN", this.#cursor, "COUNT", BATCH, "MATCH", `${prefix}*`];
    return this.#step(args, (reply) => {
      const [cursor, keys] = itemsOf(reply, 2);
      if (keys!.kind !== "array") throw unexpected(reply);
      for (const key of keys!.items) this.#found.add(contentOf(key)!);
      this.#cursor = contentOf(cursor!)!;
      if (this.#cursor === "0") this.#judge("SCAN");
    });
  }

  #askForAll(): Step {
    return this.#step(["KEYS", `${this.#options.prefix}*`], (reply) => {
      if (reply.kind !== "array") throw unexpected(reply);
      for (const key of reply.items) this.#found.add(contentOf(key)!);
      this.#judge("KEYS");
    });
  }

  #judge(how: string): void {
    const { keys } = this.#options;
    const missing = keys.filter((key) => !this.#found.has(key));
    if (missing.length > 0)
      throw new Violation(`${how} left out ${missing.length} keys: ${missing.slice(0, 5)}`);
    if (this.#found.size > keys.length) throw new Violation(`${how} found keys that nobody wrote`);
    this.#found = new Set();
    this.walks++;
  }

  /** What is refused is asked again, at another node maybe. */
  #step(args: readonly (string | number)[], settle: (reply: Reply) => void): Step {
    return {
      text: args.join(" "),
      request: encodeCommand([...args]),
      count: 1,
      settle: (replies, mayFail) => {
        const reply = replies?.[0];
        if (reply === undefined) return;
        if (reply.kind !== "error") settle(reply);
        else if (!mayFail || !/^(TRYAGAIN|CLUSTERDOWN|LOADING) /.test(textOf(reply)!))
          throw unexpected(reply);
      },
    };
  }
}
