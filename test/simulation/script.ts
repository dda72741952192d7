import type { Prng } from "#torus/base/prng.js";
import { notate } from "../support/notation.js";
import { type Argument, encodeCommand } from "../support/request.js";

/** Commands with the replies that they must get, in notation. */
export interface Scene {
  readonly request: Buffer;
  readonly replies: readonly string[];
}

const KEYS = 5;

/**
 * What one client does: random commands on keys of its own, beside a model of what they do, so that each reply is known
 * before it comes, whatever other clients do.
 */
export class Script {
  /** How often the counter was incremented. */
  increments = 0;
  private readonly texts = new Map<string, string>();

  constructor(
    readonly prefix: string,
    private readonly prng: Prng,
  ) {}

  get counter(): string {
    return `${this.prefix}:counter`;
  }

  next(): Scene {
    const { prng } = this;
    const key = `${this.prefix}:${prng.below(KEYS)}`;
    const text = this.texts.get(key);
    switch (prng.below(10)) {
      case 0:
        return scene(["PING"], "PONG");
      case 1:
        return this.set(key);
      case 2:
        this.texts.delete(key);
        return scene(["DEL", key], text === undefined ? "0" : "1");
      case 3:
        return this.append(key);
      case 4:
        return this.transaction();
      case 5:
        return this.unknown();
      case 6:
        return this.inline(key);
      case 7:
        return this.getMany();
      case 8:
        return scene(["INCR", this.counter], String(++this.increments));
      default:
        return scene(["GET", key], bulkOf(text));
    }
  }

  private set(key: string): Scene {
    const value = this.randomText();
    this.texts.set(key, value);
    // An expiry that is never reached: it takes another path, to the same end.
    const expiry = this.prng.chance(0.5) ? ["EX", 86_400] : [];
    return scene(["SET", key, value, ...expiry], "OK");
  }

  private append(key: string): Scene {
    const more = this.randomText();
    const text = (this.texts.get(key) ?? "") + more;
    this.texts.set(key, text);
    return scene(["APPEND", key, more], String(text.length));
  }

  private transaction(): Scene {
    const [one, two] = [this.next(), this.plainGet()];
    // A transaction within one is an error of its own; scripts do without.
    if (one.replies.length !== 1 || one.replies[0]!.startsWith("-")) return one;
    return {
      request: Buffer.concat([encodeCommand(["MULTI"]), one.request, two.request, encodeCommand(["EXEC"])]),
      replies: ["OK", "QUEUED", "QUEUED", `[${one.replies[0]} ${two.replies[0]}]`],
    };
  }

  private plainGet(): Scene {
    const key = `${this.prefix}:${this.prng.below(KEYS)}`;
    return scene(["GET", key], bulkOf(this.texts.get(key)));
  }

  private getMany(): Scene {
    const keys = Array.from(
      { length: 1 + this.prng.below(20) },
      () => `${this.prefix}:${this.prng.below(KEYS)}`,
    );
    return scene(["MGET", ...keys], `[${keys.map((key) => bulkOf(this.texts.get(key))).join(" ")}]`);
  }

  private inline(key: string): Scene {
    const request = this.prng.chance(0.5) ? `GET ${key}\r\n` : `get "${key}"\n`;
    return { request: Buffer.from(request), replies: [bulkOf(this.texts.get(key))] };
  }

  private unknown(): Scene {
    return scene(
      ["NOSUCH", this.prefix],
      `-"ERR unknown command 'NOSUCH', with args beginning with: '${this.prefix}' "`,
    );
  }

  private randomText(): string {
    const length = this.prng.chance(0.05) ? this.prng.below(30_000) : this.prng.below(30);
    return String.fromCharCode(97 + this.prng.below(26)).repeat(length);
  }
}

function scene(args: Argument[], reply: string): Scene {
  return { request: encodeCommand(args), replies: [reply] };
}

function bulkOf(text: string | undefined): string {
  return text === undefined ? "nil" : notate({ kind: "bulk", bytes: Buffer.from(text) });
}
