/** A client inside the process: requests go to the server's executor, replies come back as values, no socket between. */
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

export class LocalClient {
  readonly #events: ConnectionEvents;
  readonly #calls = new Denque<Call>();
  readonly #decoder = new ReplyDecoder((value: ReplyValue) => this.#settle(value));
  /** Parts of replies, held while a request is executed: a large value comes in three of them. */
  #written: Buffer[] = [];
  #isExecuting = false;
  #isOpen = true;

  constructor(server: Server) {
    const close = () => this.#close();
    const connection: Connection = {
      remote: "local:0",
      local: "local:0",
      isLoopback: true,
      isUnix: false,
      pendingBytes: 0,
      write: (bytes) => {
        this.#written.push(Buffer.from(bytes));
        if (!this.#isExecuting) this.#decode();
        return true;
      },
      pauseReading() {},
      resumeReading() {},
      setKeepAlive() {},
      close,
      destroy: close,
    };
    this.#events = server.admit(connection);
  }

  /**
   * Executes one command. Text comes back as a string, a reply that is not valid UTF-8 as a Buffer, nil as null.
   * Rejects with a `ReplyError` where Redis would answer an error.
   */
  call(...args: readonly Argument[]): Promise<ReplyValue> {
    if (!this.#isOpen) return Promise.reject(new Error("the node is closed"));
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject });
      const request = requestOf(args);
      this.#isExecuting = true;
      this.#events.received(request, request.length);
      this.#isExecuting = false;
      this.#decode();
    });
  }

  #decode(): void {
    const written = this.#written;
    if (written.length === 0) return;
    this.#written = [];
    this.#decoder.push(written.length === 1 ? written[0]! : Buffer.concat(written));
  }

  #settle(value: ReplyValue): void {
    const call = this.#calls.shift();
    if (value instanceof Error) call?.reject(value);
    else call?.resolve(value);
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#decode();
    let call = this.#calls.shift();
    while (call !== undefined) {
      call.reject(new Error("the node was closed before it replied"));
      call = this.#calls.shift();
    }
    this.#events.closed();
  }
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
