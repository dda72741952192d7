/** A client inside the process: requests go to the server's executor, replies come back as values, no socket between. */
import type { ReplyValue } from "../protocol/reply-decoder.js";
import { ReplyError } from "../protocol/reply-error.js";
import { type Argument, closedError, LocalSession } from "./local-session.js";
import type { Server } from "./server.js";

export class LocalClient {
  readonly #server: Server;
  /** The session that calls go to. One that has ended, as by QUIT, is followed by a new one. */
  #session: LocalSession | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Executes one command. Text comes back as a string, a reply that is not valid UTF-8 as a Buffer, nil as null.
   * Rejects with a `ReplyError` where Redis would answer an error, and with an `Error` once the node is closed.
   */
  async call(...args: readonly Argument[]): Promise<ReplyValue> {
    if (this.#server.isClosed) throw closedError(this.#server, "the node is closed");
    const refusal = this.#refusalOf(args);
    if (refusal !== undefined) throw new ReplyError(refusal);
    if (this.#session === undefined || this.#session.isOver) this.#session = new LocalSession(this.#server);
    return this.#session.call(args);
  }

  /** Why a request cannot be executed for a caller to whom each must bring one reply in RESP2. */
  #refusalOf(args: readonly Argument[]): string | undefined {
    if (args.length === 0) return "ERR no command given";
    const words = args.slice(0, 3).map((arg) => textOf(arg).toLowerCase());
    if (words[0] === "hello" && words[1] === "3") return "NOPROTO callers inside the process speak RESP2";
    const isClientReply = words[0] === "client" && words[1] === "reply";
    if (isClientReply && (words[2] === "off" || words[2] === "skip")) {
      return "ERR callers inside the process are always replied to";
    }
    const { protoMaxBulkLenBytes } = this.#server.config.current;
    const isTooLong = args.some((arg) => byteLengthOf(arg) > protoMaxBulkLenBytes);
    // It would end the session.
    return isTooLong ? "ERR Protocol error: invalid bulk length" : undefined;
  }
}

function textOf(arg: Argument): string {
  return arg instanceof Uint8Array ? Buffer.from(arg).toString("latin1") : String(arg);
}

function byteLengthOf(arg: Argument): number {
  return arg instanceof Uint8Array ? arg.length : Buffer.byteLength(String(arg));
}
