/** One session of a caller inside the process: what the client of a connection is, without the connection. */
import Denque from "denque";
import type { Connection, ConnectionEvents } from "../host/network.js";
import { ReplyDecoder, type ReplyValue } from "../protocol/reply-decoder.js";
import { buildRequest } from "../protocol/request-builder.js";
import type { Server } from "./server.js";

/** What a command takes: text is sent as UTF-8, numbers as Redis writes them. */
export type Argument = string | number | Uint8Array;

interface Call {
  readonly resolve: (value: ReplyValue) => void;
  readonly reject: (error: Error) => void;
}

export class LocalSession implements Connection {
  readonly remote = "local:0";
  readonly local = "local:0";
  readonly isLoopback = true;
  readonly isUnix = false;
  readonly pendingBytes = 0;
  isOver = false;
  readonly #server: Server;
  readonly #client: ConnectionEvents;
  readonly #calls = new Denque<Call>();
  readonly #decoder = new ReplyDecoder((value: ReplyValue) => this.#settle(value));
  /** Written and not decoded. */
  #written: Buffer[] = [];

  constructor(server: Server) {
    this.#server = server;
    this.#client = server.admit(this);
  }

  call(args: readonly Argument[]): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject });
      const request = requestOf(args);
      this.#client.received(request, request.length);
    });
  }

  /** Takes replies. They are decoded when the turn is over and they are whole: a large value comes in three parts. */
  write(bytes: Uint8Array): boolean {
    this.#written.push(Buffer.from(bytes));
    if (this.#written.length === 1) void Promise.resolve().then(() => this.#decode());
    return true;
  }

  pauseReading(): void {}

  resumeReading(): void {}

  setKeepAlive(): void {}

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#decode();
    let call = this.#calls.shift();
    while (call !== undefined) {
      call.reject(lossOf(this.#server));
      call = this.#calls.shift();
    }
    this.#client.closed();
  }

  destroy(): void {
    this.close();
  }

  #decode(): void {
    if (this.#written.length === 0) return;
    const bytes = this.#written.length === 1 ? this.#written[0]! : Buffer.concat(this.#written);
    this.#written = [];
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      this.#server.stop(error);
    }
  }

  #settle(value: ReplyValue): void {
    const call = this.#calls.shift();
    if (value instanceof Error) call?.reject(value);
    else call?.resolve(value);
  }
}

function lossOf(server: Server): Error {
  return server.isClosed
    ? closedError(server, "the node was closed before it replied")
    : new Error("the session was closed before it replied");
}

/** An error that says why the node is closed, if it closed by itself. */
export function closedError({ fault }: Server, message: string): Error {
  return new Error(message, fault === undefined ? {} : { cause: fault });
}

function requestOf(args: readonly Argument[]): Buffer {
  const parts = args.map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg))));
  const marks = new Int32Array(parts.length * 2);
  let end = 0;
  for (const [i, part] of parts.entries()) {
    marks[i * 2] = end;
    end += part.length;
    marks[i * 2 + 1] = end;
  }
  return buildRequest(Buffer.concat(parts), marks, parts.length);
}
