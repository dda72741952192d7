/**
 * One session of a caller inside the process: what the client of a connection is, without the connection. It speaks
 * RESP2, and each call has one reply.
 */
import Denque from "denque";
import { commandByName } from "../commands/table.js";
import type { Connection } from "../host/network.js";
import { ReplyDecoder, type ReplyValue } from "../protocol/reply-decoder.js";
import { ReplyError } from "../protocol/reply-error.js";
import { requestOf } from "../protocol/request-builder.js";
import type { Client } from "./client.js";
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
  readonly #client: Client;
  readonly #calls = new Denque<Call>();
  readonly #decoder = new ReplyDecoder((value: ReplyValue) => this.#settle(value));
  /** Written and not decoded. */
  #written: Buffer[] = [];

  /** `written` is what it has written already, as far as WAIT is concerned. */
  constructor(server: Server, written = server.newWrittenSlots()) {
    this.#server = server;
    this.#client = server.admit(this);
    this.#client.consistency = server.config.current.consistency;
    this.#client.written = written;
  }

  /** A session to which what this one writes counts as its own. */
  beside(): LocalSession {
    return new LocalSession(this.#server, this.#client.written);
  }

  /** Executes one command: see `LocalClient.call`. */
  async call(args: readonly Argument[]): Promise<ReplyValue> {
    if (this.isOver || this.#server.isClosed)
      throw this.#endError("the node is closed", "the session is closed");
    const parts = args.map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg))));
    const refusal = this.#refusalOf(parts);
    if (refusal !== undefined) throw new ReplyError(refusal);
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject });
      const request = requestOf(parts);
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

  /** Ends the session: its transaction is dropped, calls without a reply are rejected. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#decode();
    let call = this.#calls.shift();
    while (call !== undefined) {
      call.reject(
        this.#endError("the node was closed before it replied", "the session was closed before it replied"),
      );
      call = this.#calls.shift();
    }
    this.#client.closed();
  }

  destroy(): void {
    this.close();
  }

  /** Why a request cannot be executed for a caller to whom each must bring one reply in RESP2. */
  #refusalOf(parts: readonly Uint8Array[]): string | undefined {
    if (parts.length === 0) return "ERR no command given";
    const [name, first, second] = parts.slice(0, 3).map(wordOf);
    if (name === "hello" && first === "3") return "NOPROTO callers inside the process speak RESP2";
    const isSilencing = name === "client" && first === "reply" && (second === "off" || second === "skip");
    if (isSilencing) return "ERR callers inside the process are always replied to";
    if (name === "monitor") return "ERR callers inside the process cannot monitor: each call has one reply";
    if (commandByName.get(name!)?.pushesReply) {
      return "ERR callers inside the process cannot subscribe: each call has one reply";
    }
    const { protoMaxBulkLenBytes } = this.#server.config.current;
    // It would end the session.
    const isTooLong = parts.some(({ length }) => length > protoMaxBulkLenBytes);
    return isTooLong ? "ERR Protocol error: invalid bulk length" : undefined;
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

  #endError(ofNode: string, ofSession: string): Error {
    return this.#server.isClosed ? closedError(this.#server, ofNode) : new Error(ofSession);
  }
}

/** An error that says why the node is closed, if it closed by itself. */
export function closedError({ fault }: Server, message: string): Error {
  return new Error(message, fault === undefined ? {} : { cause: fault });
}

/** Words of commands are short. */
const WORD_BYTES_MAX = 16;

function wordOf(part: Uint8Array): string {
  return part.length > WORD_BYTES_MAX ? "" : Buffer.from(part).toString("latin1").toLowerCase();
}
