/** A client that keeps what it has read until it is told that it has changed, as client-side caching asks it to. */
import type { SimCaller } from "./sim-caller.js";

const INVALIDATED = /^ ?>\s*\["invalidate" (.*)\]$/;

type Asked = { readonly kind: "anything" } | { readonly kind: "transaction" | "value"; readonly key: string };

export class CachingClient {
  /** What it would answer without asking: by key, in the notation of transcripts. */
  readonly cache = new Map<string, string>();
  /** Keys of which it was told. */
  toldCount = 0;
  readonly #caller: SimCaller;
  /** What the replies that are to come are of. */
  readonly #asked: Asked[] = [];
  #seen: number;

  private constructor(caller: SimCaller) {
    this.#caller = caller;
    this.#seen = caller.replies.length;
  }

  static async of(caller: SimCaller, ...options: string[]): Promise<CachingClient> {
    await caller.ask("HELLO", "3");
    const client = new CachingClient(caller);
    client.send("CLIENT", "TRACKING", "ON", ...options);
    await caller.read(1);
    return client;
  }

  get isClosed(): boolean {
    return this.#caller.isClosed;
  }

  get pending(): number {
    return this.#asked.length;
  }

  /** A command whose reply is of no interest. */
  send(...args: string[]): void {
    this.#asked.push({ kind: "anything" });
    this.#caller.send(...args);
  }

  /** Reads keys one by one, in one write. */
  read(...keys: string[]): void {
    for (const key of keys) {
      this.#asked.push({ kind: "value", key });
      this.#caller.send("GET", key);
    }
  }

  /** Reads a key within a transaction. */
  readInTransaction(key: string): void {
    this.send("MULTI");
    this.send("GET", key);
    this.#asked.push({ kind: "transaction", key });
    this.#caller.send("EXEC");
  }

  /** Takes in what has come. */
  take(): void {
    const { replies } = this.#caller;
    for (; this.#seen < replies.length; this.#seen++) this.#takeOne(replies[this.#seen]!);
  }

  #takeOne(reply: string): void {
    const told = INVALIDATED.exec(reply);
    if (told !== null) {
      this.#forget(told[1]!);
      return;
    }
    const asked = this.#asked.shift();
    if (asked === undefined || asked.kind === "anything") return;
    const value = asked.kind === "value" ? reply : (/^\[(.*)\]$/.exec(reply)?.[1] ?? "-");
    if (value.startsWith("-")) this.cache.delete(asked.key);
    else this.cache.set(asked.key, value);
  }

  #forget(what: string): void {
    if (what === "_") {
      this.toldCount++;
      this.cache.clear();
      return;
    }
    for (const [, key] of what.matchAll(/"([^"]*)"/g)) {
      this.toldCount++;
      this.cache.delete(key!);
    }
  }
}
