/**
 * One question at a time: what the benchmark asks a server about itself. The load clients count or compare bytes
 * instead, see `clients/`.
 */
import { connect, type Socket } from "node:net";
import { ReplyDecoder, type ReplyValue } from "#torus/protocol/reply-decoder.js";
import { ReplyError } from "#torus/protocol/reply-error.js";

/** A reply later than this is an error: every question here is answered in one tick of an idle server. */
const replyMsMax = 30_000;

export class Connection {
  private readonly decoder = new ReplyDecoder((reply) => this.receive(reply));
  private settle: { resolve(reply: ReplyValue): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setTimeout(replyMsMax);
    socket.on("data", (bytes) => this.decoder.push(bytes));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("the server closed the connection")));
    socket.on("timeout", () => socket.destroy(new Error(`no reply within ${replyMsMax} ms`)));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Gives a status, number or bulk as text, empty for none; rejects on an error reply. One call at a time. */
  async call(...args: readonly string[]): Promise<string> {
    return String((await this.ask(...args)) ?? "");
  }

  /** The same for a reply of any shape. */
  ask(...args: readonly string[]): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.socket.write(encodeCommand(args), "latin1");
    });
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(reply: ReplyValue): void {
    const { settle } = this;
    this.settle = undefined;
    if (reply instanceof ReplyError) settle?.reject(new Error(reply.message));
    else settle?.resolve(reply);
  }

  private fail(error: Error): void {
    this.settle?.reject(error);
    this.settle = undefined;
  }
}

/** An array of bulk strings; `args` hold one character a byte. */
export function encodeCommand(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}
