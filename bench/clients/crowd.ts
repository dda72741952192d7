/**
 * Load client `crowd`: thousands of clients connected at once. When all are, each writes and reads back
 * keys of its own, the next operation as soon as the last was answered, and checks every answer.
 */
import { connect, type Socket } from "node:net";
import { encodeCommand } from "../resp.js";
import { percentile } from "../statistics.js";
import { valueFor } from "./keys.js";
import { serve } from "./serve.js";

export type CrowdRequest =
  | { readonly kind: "connect"; readonly port: number; readonly clients: number }
  | { readonly kind: "work"; readonly turns: number };

export interface CrowdAnswer {
  /** Operations with the right answer, of `expected`. */
  readonly served: number;
  readonly expected: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Below the usual length of the queue of connections that wait to be accepted (511). */
const connectingMax = 256;
/** A client that has not finished by then is lost. */
const workMsMax = 60_000;
const valueBytes = 32;

/** One buffer for the answers to all: each is read before the next arrives. */
const received = Buffer.allocUnsafe(64 * 1024);
const crowd: Client[] = [];

serve(async (request: CrowdRequest): Promise<CrowdAnswer | { readonly kind: "connected" }> => {
  if (request.kind === "work") return work(request.turns);
  await gather(request.port, request.clients);
  return { kind: "connected" };
});

async function gather(port: number, clients: number): Promise<void> {
  while (crowd.length < clients) {
    const some = Array.from({ length: Math.min(connectingMax, clients - crowd.length) }, (_, index) =>
      Client.open(port, crowd.length + index),
    );
    crowd.push(...(await Promise.all(some)));
  }
}

async function work(turns: number): Promise<CrowdAnswer> {
  const roundTripsMs: number[] = [];
  const startedMs = performance.now();
  const all = Promise.all(crowd.map((client) => client.work(turns, roundTripsMs)));
  await Promise.race([all, new Promise((resolve) => setTimeout(resolve, workMsMax).unref())]);
  const seconds = (performance.now() - startedMs) / 1000;
  const seen = Float64Array.from(roundTripsMs).sort();
  const rank = (percent: number): number => (seen.length === 0 ? Number.NaN : percentile(seen, percent));
  return {
    served: seen.length,
    expected: crowd.length * turns * 2,
    seconds,
    p50Ms: rank(50),
    p99Ms: rank(99),
  };
}

/** One of the crowd: a connection that knows which answer it waits for. */
class Client {
  private expected = "";
  private heard = "";
  private askedMs = 0;
  private answered: (right: boolean) => void = () => {};

  private constructor(
    private readonly socket: Socket,
    private readonly number: number,
  ) {}

  static open(port: number, number: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const callback = (length: number): boolean => client.receive(received.toString("latin1", 0, length));
      const onread = { buffer: received, callback };
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
      const client = new Client(socket, number);
      socket.on("error", reject);
      socket.on("close", () => client.answered(false));
      socket.on("connect", () => resolve(client));
    });
  }

  /** Writes and reads `turns` values; a wrong answer or a lost connection ends it. Adds a time for each right answer. */
  async work(turns: number, roundTripsMs: number[]): Promise<void> {
    const key = `crowd:${this.number}`;
    for (let turn = 0; turn < turns; turn++) {
      const value = valueFor(this.number * turns + turn, valueBytes);
      const right =
        (await this.ask(["SET", key, value], "+OK\r\n", roundTripsMs)) &&
        (await this.ask(["GET", key], `$${valueBytes}\r\n${value}\r\n`, roundTripsMs));
      if (!right) return;
    }
  }

  private async ask(args: readonly string[], expected: string, roundTripsMs: number[]): Promise<boolean> {
    if (this.socket.destroyed) return false;
    this.expected = expected;
    this.heard = "";
    const answered = new Promise<boolean>((resolve) => (this.answered = resolve));
    this.askedMs = performance.now();
    this.socket.write(encodeCommand(args), "latin1");
    const right = await answered;
    if (right) roundTripsMs.push(performance.now() - this.askedMs);
    return right;
  }

  private receive(text: string): boolean {
    this.heard += text;
    if (this.heard.length >= this.expected.length) this.answered(this.heard === this.expected);
    return true;
  }
}
