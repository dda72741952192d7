import { expect } from "chai";
import { textOf } from "./reply.js";
import { encodeCommand } from "./request.js";
import type { WireClient } from "./wire-client.js";

const KEYS = 61;
const LONGEST_VALUE = 700;
/** Every so many writes one sets two keys at once. */
const PAIR_EVERY = 4;

/**
 * Writes rising numbers to keys of its own, so that what a node may hold of them is known exactly: the state behind some
 * number that is not below the last one acknowledged. Write `n` sets one key of a small ring, or, every so often, a pair of keys.
 */
export class NumberedWriter {
  /** The numbers of the last write that was sent and of the last one that was acknowledged. */
  sent = 0;
  acknowledged = 0;

  constructor(
    readonly name: string,
    /** Writes that are sent at once. */
    readonly depth: number,
  ) {}

  /** Writes until the connection closes, or until it is told to stop. Calls back at every acknowledgement. */
  async write(
    client: WireClient,
    { acknowledged = () => {}, stop = () => false }: { acknowledged?: () => void; stop?: () => boolean } = {},
  ): Promise<void> {
    while (!stop()) {
      const from = this.sent + 1;
      this.sent += this.depth;
      client.send(Buffer.concat(Array.from({ length: this.depth }, (_, i) => this.#command(from + i))));
      for (let n = from; n <= this.sent; n++) {
        const reply = await client.replyOrClose();
        if (reply === "closed") return;
        expect(textOf(reply), `the reply to write ${n} of ${this.name}`).to.equal("OK");
        this.acknowledged = n;
        acknowledged();
      }
    }
  }

  /** Fails unless the node holds the state behind one write, and that is not before the last acknowledged one. Goes on from there. */
  async verify(client: WireClient): Promise<void> {
    const keys = this.#keys();
    const reply = await client.call("MGET", ...keys);
    expect(reply.kind).to.equal("array");
    const values = reply.kind === "array" ? reply.items.map((item) => textOf(item)) : [];
    const reached = Math.max(0, ...values.map((value) => Number.parseInt(value ?? "0", 10)));
    expect(reached, `the last write of ${this.name} that is there`).to.be.within(
      this.acknowledged,
      this.sent,
    );
    const expected = new Map<string, string>();
    for (let n = Math.max(1, reached - PAIR_EVERY * KEYS); n <= reached; n++) {
      for (const key of this.#keysOf(n)) expected.set(key, textOfWrite(n));
    }
    expect(Object.fromEntries(keys.map((key, i) => [key, values[i]]))).to.deep.equal(
      Object.fromEntries(keys.map((key) => [key, expected.get(key)])),
    );
    this.sent = this.acknowledged = reached;
  }

  #command(n: number): Buffer {
    const keys = this.#keysOf(n);
    return encodeCommand([
      keys.length === 1 ? "SET" : "MSET",
      ...keys.flatMap((key) => [key, textOfWrite(n)]),
    ]);
  }

  #keysOf(n: number): string[] {
    if (n % PAIR_EVERY === 0) return [`${this.name}:left`, `${this.name}:right`];
    return [`${this.name}:${n % KEYS}`];
  }

  #keys(): string[] {
    const single = Array.from({ length: KEYS }, (_, i) => `${this.name}:${i}`);
    return [...single, `${this.name}:left`, `${this.name}:right`];
  }
}

/** Begins with the number; of many lengths, so that frames end anywhere in a page. */
function textOfWrite(n: number): string {
  return `${n}${".".repeat((n * 37) % LONGEST_VALUE)}`;
}
