/**
 * Load client `pour`: SETs at a steady rate, whether they are answered or not as far as memory allows, until it is stopped. What is refused is
 * counted: nodes come and go meanwhile.
 */
import { connect, type Socket } from "node:net";
import { keyFor, permutation, valueFor } from "./keys.js";
import { serve } from "./serve.js";

export type PourRequest =
  | {
      readonly kind: "start";
      /** Each gets as many. */
      readonly ports: readonly number[];
      readonly perSecond: number;
      /** Distinct keys, which are written in turn: `key:` and twelve digits. */
      readonly keys: number;
      readonly valueBytes: number;
    }
  | { readonly kind: "lap" };

/** The answer to `lap`: what was answered since the lap before. */
export interface Poured {
  readonly written: number;
  readonly refused: number;
  readonly seconds: number;
}

const tickMs = 10;
const seed = 1;
/** Unanswered on one connection. Some seconds of the rate: who is not answered for longer has fallen behind it, and shows so. */
const unansweredMax = 50_000;
const newline = 10;
const minus = 45;

let written = 0;
let refused = 0;
let lapMs = performance.now();

serve(async (request: PourRequest): Promise<Poured | { readonly kind: "started" }> => {
  if (request.kind === "lap") return lap();
  const spouts = await Promise.all(request.ports.map((port) => Spout.open(port)));
  pour(spouts, request);
  return { kind: "started" };
});

function lap(): Poured {
  const nowMs = performance.now();
  const poured = { written, refused, seconds: (nowMs - lapMs) / 1000 };
  written = refused = 0;
  lapMs = nowMs;
  return poured;
}

function pour(
  spouts: readonly Spout[],
  { perSecond, keys, valueBytes }: Extract<PourRequest, { kind: "start" }>,
): void {
  const visit = permutation(keys, seed);
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const startedMs = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond) - sent;
    const each = Math.floor(due / spouts.length);
    for (const spout of spouts) {
      let commands = "";
      for (let i = 0; i < each; i++, sent++) {
        // Every round through the keys changes all values.
        const value = valueFor(sent, valueBytes);
        commands += `*3\r\n$3\r\nSET\r\n${bulk(keyFor("key:", visit(sent % keys)))}${bulk(value)}`;
      }
      spout.send(commands, each);
    }
  }, tickMs);
}

/** A connection, which counts lines: every reply is one. */
class Spout {
  private unanswered = 0;
  private isAtLineStart = true;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (bytes) => this.count(bytes));
    const fail = (): void => {
      console.error("pour: the server closed a connection");
      process.exit(1);
    };
    socket.on("error", fail).on("close", fail);
  }

  static async open(port: number): Promise<Spout> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Spout(socket);
  }

  send(commands: string, count: number): void {
    if (this.unanswered + count > unansweredMax) return;
    this.unanswered += count;
    this.socket.write(commands, "latin1");
  }

  private count(bytes: Buffer): void {
    for (const byte of bytes) {
      if (this.isAtLineStart && byte === minus) {
        refused += 1;
        written -= 1;
      }
      this.isAtLineStart = byte === newline;
      if (!this.isAtLineStart) continue;
      written += 1;
      this.unanswered -= 1;
    }
  }
}
