/**
 * Sessions by which the node executes commands for one of its clients beside the client's own order: parts of a command that
 * concerns several nodes. Each is a client in all respects but that nobody sees it: what is not executed here it sends on.
 */
import { HOPS_MAX } from "../cluster/forwarder.js";
import type { SeenMarks } from "../cluster/stream-mark.js";
import type { Consistency } from "../commands/session.js";
import type { Connection } from "../host/network.js";
import { TRY_AGAIN } from "../protocol/reply-error.js";
import { NOBODY } from "../tracking/tracker.js";
import type { Client } from "./client.js";
import { errorReply } from "./gathered-reply.js";
import type { Server } from "./server.js";

/** Sessions that are kept for commands to come. */
const STOCK_MAX = 256;

/** What a command is executed with: as its client's are. */
export interface InnerContext {
  readonly database: number;
  readonly resp: 2 | 3;
  readonly noTouch: boolean;
  readonly consistency: Consistency;
  /** The client is told when what is read changes, and has been entered for it. */
  readonly isTracked: boolean;
  /** Where it is noted what other nodes show. */
  readonly marks: SeenMarks | null;
  /** How often it has been passed on already, at most `HOPS_MAX`. */
  readonly hops: number;
  /** By when, in monotonic milliseconds, it is to be executed elsewhere. */
  readonly deadlineMs: number;
}

/** Of what this node asks for itself, and no client hears of. */
export const OWN_CONTEXT = {
  database: 0,
  resp: 2,
  noTouch: false,
  consistency: "one",
  isTracked: false,
  marks: null,
  hops: 0,
} as const satisfies Omit<InnerContext, "deadlineMs">;

export class InnerSessions {
  readonly #server: Server;
  readonly #stock: InnerSession[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  /** Executes a request; resolves with its raw reply, which may be an error. Not to be called in the turn of a client. */
  async call(request: Buffer, context: InnerContext): Promise<Buffer> {
    const server = this.#server;
    // The sessions in stock are closed, and nobody would close another one.
    if (server.isClosed) return errorReply(TRY_AGAIN);
    const session = this.#stock.pop() ?? new InnerSession(server);
    const reply = await session.call(request, context);
    if (this.#stock.length < STOCK_MAX && !session.isClosed && !server.isClosed) this.#stock.push(session);
    else session.close();
    return reply;
  }
}

class InnerSession implements Connection {
  readonly remote = "inner:0";
  readonly local = "inner:0";
  readonly isLoopback = true;
  readonly isUnix = false;
  readonly pendingBytes = 0;
  isClosed = false;
  readonly #client: Client;
  #written: Buffer[] = [];
  /** Takes the reply of the command under way. */
  #settle: ((reply: Buffer) => void) | undefined;

  constructor(server: Server) {
    this.#client = server.admit(this);
    this.#client.runsErrands = true;
    this.#client.progressed = () => this.#progress();
  }

  call(request: Buffer, context: InnerContext): Promise<Buffer> {
    const { database, resp, noTouch, consistency, isTracked, marks, hops, deadlineMs } = context;
    const client = this.#client;
    client.database = database;
    client.resp = resp;
    client.noTouch = noTouch;
    client.consistency = consistency;
    client.standIn = isTracked ? NOBODY : null;
    client.marks = marks;
    client.hops = Math.min(hops, HOPS_MAX);
    client.deadlineMs = deadlineMs;
    client.receive(request, 0, request.length);
    return new Promise((settle) => {
      this.#settle = settle;
      this.#progress();
    });
  }

  #progress(): void {
    if (this.#settle === undefined) return;
    const client = this.#client;
    if (client.isTurnedBack) {
      client.isTurnedBack = false;
      client.takeBack();
      this.#written.push(errorReply(TRY_AGAIN));
    }
    if (!client.isIdle) return;
    const written = this.#written;
    const settle = this.#settle;
    this.#written = [];
    this.#settle = undefined;
    settle(written.length === 1 ? written[0]! : Buffer.concat(written));
  }

  // ---- As the connection of its client ----

  write(bytes: Uint8Array): boolean {
    this.#written.push(Buffer.from(bytes));
    return true;
  }

  pauseReading(): void {}

  resumeReading(): void {}

  setKeepAlive(): void {}

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#client.closed();
  }

  destroy(): void {
    this.close();
  }
}
