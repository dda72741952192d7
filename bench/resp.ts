/**
 * Just enough RESP for one question at a time: what the benchmark asks a server about itself. The load
 * clients count bytes instead, see `clients/`.
 */
import { connect, type Socket } from "node:net";

/** A reply later than this is an error: every question here is answered in one tick of an idle server. */
const replyMsMax = 30_000;

export class Connection {
  private received = "";
  private settle: { resolve(reply: string): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setEncoding("latin1").setTimeout(replyMsMax);
    socket.on("data", (text) => this.receive(String(text)));
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

  /** Gives a status, number or bulk as text; rejects on an error reply. One call at a time. */
  call(...args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.socket.write(encodeCommand(args), "latin1");
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    this.received += text;
    const reply = firstReplyOf(this.received);
    if (reply === undefined) return;
    this.received = "";
    const { settle } = this;
    this.settle = undefined;
    if (reply.error) settle?.reject(new Error(reply.text));
    else settle?.resolve(reply.text);
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

/** The reply at the start of `text`, or undefined if it is not all there yet. Knows no arrays. */
export function firstReplyOf(text: string): { readonly error: boolean; readonly text: string } | undefined {
  const lineEnd = text.indexOf("\r\n");
  if (lineEnd < 0) return undefined;
  const line = text.slice(1, lineEnd);
  if (text[0] !== "$") return { error: text[0] === "-", text: line };
  const bulkEnd = lineEnd + 2 + Math.max(0, Number(line));
  return text.length < bulkEnd + (line === "-1" ? 0 : 2)
    ? undefined
    : { error: false, text: text.slice(lineEnd + 2, bulkEnd) };
}
