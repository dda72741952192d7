import { connect, type Socket } from "node:net";
import Denque from "denque";
import { notate } from "./notation.js";
import type { Reply } from "./reply.js";
import { ReplyDecoder } from "./reply-decoder.js";
import { type Argument, encodeCommand } from "./request.js";

/** Where a server listens. */
export type Address = { readonly port: number; readonly host?: string } | { readonly path: string };

/** How long what is awaited may take before a test says that it never came, in milliseconds. */
export const PATIENCE_MS = 15_000;

/**
 * A connection that shows what really happens on the wire: bytes out exactly as given, replies in exactly
 * as they came, the end of the connection as an event. It sends nothing by itself.
 */
export class WireClient {
  private readonly decoder = new ReplyDecoder();
  private readonly arrived = new Denque<Reply>();
  private readonly waiting = new Denque<Waiter>();
  private end: "open" | "closed" = "open";
  private fault: Error | undefined;
  /** Bytes received so far. */
  bytesReceived = 0;

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.received(bytes));
    // A server that closes with our bytes unread resets the connection: for us that is a close like any other.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.end = "closed";
      this.wake();
    });
  }

  /** Rejects with the socket's error if nobody listens there. */
  static async connect(address: Address): Promise<WireClient> {
    const socket = connect("path" in address ? { ...address } : { host: "127.0.0.1", ...address });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return new WireClient(socket);
  }

  get isClosed(): boolean {
    return this.end === "closed";
  }

  /** Replies that came and were not asked for yet. */
  get unread(): readonly Reply[] {
    return this.arrived.toArray();
  }

  /** The replies that came and were not asked for; they are then read. */
  takeUnread(): Reply[] {
    const replies = this.arrived.toArray();
    this.arrived.clear();
    return replies;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** The next reply. Rejects if the connection closes first, if none comes in time, or if it is no RESP. */
  async reply(): Promise<Reply> {
    const reply = await this.replyOrClose();
    if (reply === "closed") throw new Error("the server closed the connection instead of replying");
    return reply;
  }

  /** The next reply, or `closed` once all were read and the connection has ended. */
  async replyOrClose(): Promise<Reply | "closed"> {
    const outcome = this.outcome();
    if (outcome !== undefined) return outcome;
    if (this.fault !== undefined) throw this.fault;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.removeOne(this.waiting.toArray().indexOf(waiter));
        reject(
          new Error(`no reply within ${PATIENCE_MS} ms (${this.decoder.pendingBytes} bytes of one came)`),
        );
      }, PATIENCE_MS);
      const waiter: Waiter = {
        settle: (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.waiting.push(waiter);
    });
  }

  /** Resolves when the server has closed; rejects if it replies instead. */
  async closed(): Promise<void> {
    const next = await this.replyOrClose();
    if (next !== "closed") throw new Error(`expected the connection to close, got ${notate(next)}`);
  }

  /** Resolves when nothing has arrived for some time, or when the connection has closed. */
  async quiet(forMs: number): Promise<void> {
    for (let before = -1; before < this.bytesReceived && !this.isClosed; ) {
      before = this.bytesReceived;
      await new Promise((resolve) => setTimeout(resolve, forMs));
    }
  }

  /** Sends one command and returns its reply. */
  async call(...args: Argument[]): Promise<Reply> {
    this.send(encodeCommand(args));
    return this.reply();
  }

  /** The same, in notation: the common case of an assertion. */
  async ask(...args: Argument[]): Promise<string> {
    return notate(await this.call(...args));
  }

  /** Closes at once from our side and waits until the socket is gone. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    const gone = new Promise<void>((resolve) => this.socket.once("close", () => resolve()));
    this.socket.destroy();
    await gone;
  }

  private received(bytes: Buffer): void {
    this.bytesReceived += bytes.length;
    try {
      for (const reply of this.decoder.push(bytes)) this.arrived.push(reply);
    } catch (error) {
      this.fault = error as Error;
      this.socket.destroy();
    }
    this.wake();
  }

  private outcome(): Reply | "closed" | undefined {
    return this.arrived.shift() ?? (this.end === "closed" && this.fault === undefined ? "closed" : undefined);
  }

  private wake(): void {
    while (this.waiting.length > 0) {
      const outcome = this.outcome();
      if (outcome !== undefined) this.waiting.shift()!.settle(outcome);
      else if (this.fault !== undefined) this.waiting.shift()!.fail(this.fault);
      else return;
    }
  }
}

interface Waiter {
  settle(result: Reply | "closed"): void;
  fail(error: Error): void;
}
