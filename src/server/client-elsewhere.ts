/**
 * How one client's commands come to be executed elsewhere: they are sent there, or a reply is gathered of which others execute parts; and
 * those that strayed (client-runs.ts) are offered again, as if they had come when they did.
 */
import { HOPS_MAX } from "../cluster/forwarder.js";
import { NO_TOUCH, QUORUM, RESP3, TRACKED } from "../cluster/peer-frames.js";
import type { Route } from "../cluster/slot-routes.js";
import type { Stray } from "./awaited-replies.js";
import type { Client } from "./client.js";
import { ClientRuns } from "./client-runs.js";
import type { ParkedCommand } from "./parked-command.js";
import type { Server } from "./server.js";

export class ClientElsewhere {
  /** Commands that other nodes execute; null as long as there were none. */
  runs: ClientRuns | null = null;
  /** Whether what the stray at hand reads is tracked. */
  isStrayTracked = false;
  readonly #client: Client;
  readonly #server: Server;

  constructor(client: Client, server: Server) {
    this.#client = client;
    this.#server = server;
  }

  /** Whether another node may be executing something. */
  get isBusy(): boolean {
    return this.runs?.isIdle === false;
  }

  /** Whether other nodes have done all that was asked of them; if not, the client goes on when they have. */
  settles(): boolean {
    return this.runs === null || this.runs.settles();
  }

  /**
   * Sends the command at hand to where it is executed. False if it was passed on too often already: nothing happened, and
   * nothing more of this client is executed. One that may wait is not passed on at all: it would do so for long behind a node that has
   * nothing to do with it, and be in doubt when that one goes.
   */
  forward(route: Route, isSilent: boolean, mayWait = false): boolean {
    const client = this.#client;
    if (client.hops >= HOPS_MAX || (mayWait && client.link !== null)) {
      client.isTurnedBack = true;
      return false;
    }
    this.runs ??= this.#newRuns();
    client.output.sendAhead();
    // Who closes softly gets the replies to what came before.
    if (client.isGone) return true;
    const run = this.runs.forward(route, this.#server.executor.call, isSilent);
    if (run !== null && mayWait) this.runs.waitFor(run);
    else if (!isSilent) client.input.sent = run;
    return true;
  }

  /**
   * Gathers the reply of a command of which others, here and elsewhere, execute parts. False if it must wait, or was passed on too
   * often already: nothing happened.
   */
  gather(begin: (deadlineMs: number) => Promise<Buffer>, isSilent: boolean): boolean {
    const client = this.#client;
    if (client.hops >= HOPS_MAX) {
      client.isTurnedBack = true;
      return false;
    }
    client.output.send();
    this.runs ??= this.#newRuns();
    return this.runs.gather(begin, isSilent);
  }

  /** Offers a command that waited here to whoever executes for its keys now. */
  askAgain(parked: ParkedCommand): void {
    this.runs ??= this.#newRuns();
    this.runs.askAgain(parked);
  }

  /** A turn in which `offer` offers commands again that could not be executed. */
  offerAgain(offer: () => void): void {
    const client = this.#client;
    const server = this.#server;
    try {
      client.output.deliver();
      client.isExecuting = true;
      server.beginTurn();
      offer();
      server.forwarder?.endTurn();
      client.output.send();
      client.isExecuting = false;
      client.output.release();
    } catch (error) {
      server.stop(error);
    }
  }

  /** Executes, or forwards, a command as if it had come when it did. False if it must wait on. */
  executeStray(stray: Stray): boolean {
    const { request, database, flags, isSilent } = stray;
    const client = this.#client;
    const { database: laterDatabase, resp, noTouch, consistency, transaction, replyMode } = client;
    const { executor, reply } = this.#server;
    client.database = database;
    reply.resp = client.resp = (flags & RESP3) !== 0 ? 3 : 2;
    client.noTouch = (flags & NO_TOUCH) !== 0;
    this.isStrayTracked = (flags & TRACKED) !== 0;
    client.consistency = (flags & QUORUM) !== 0 ? "quorum" : "one";
    client.transaction = null;
    client.replyMode = isSilent ? "off" : "on";
    client.isOfferingAgain = true;
    client.question = stray.question;
    const isExecuted = executor.executeRequest(client, request);
    stray.question = client.question;
    client.question = null;
    client.isOfferingAgain = false;
    if (client.output.hasHeard) client.output.replyHeard();
    client.serveParked();
    client.database = laterDatabase;
    client.resp = resp;
    client.noTouch = noTouch;
    client.consistency = consistency;
    client.transaction = transaction;
    client.replyMode = replyMode;
    return isExecuted;
  }

  /** Replies an error to a command in its place behind those before it. */
  replyInPlace({ isSilent }: Pick<Stray, "isSilent">, line: string): void {
    const { state, reply } = this.#server;
    state.countError(line);
    if (!isSilent) reply.error(line);
  }

  #newRuns(): ClientRuns {
    const client = this.#client;
    const { executor, forwarder } = this.#server;
    const isWrite = (request: Buffer) => executor.isWrite(request);
    return new ClientRuns({ client, forwarder: forwarder!, replies: client.output.held, isWrite });
  }
}
