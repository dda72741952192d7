/**
 * The command of one client that waits for keys, here (parked-clients.ts) or at another node (client-runs.ts): until when it may, and how the
 * client goes on when that is over. What the client sent behind it waits too.
 */
import type { WaitEnd } from "../commands/blocking.js";
import type { Cancel } from "../host/timers.js";
import { UNBLOCKED } from "../protocol/reply-error.js";
import type { Client } from "./client.js";
import type { ParkedOutcome } from "./executor.js";
import type { ParkedCommand } from "./parked-command.js";
import type { Server } from "./server.js";

/** What is known of a command that waits, wherever. */
export interface ParkedWait {
  readonly timeoutMs: number;
  /** What is executed instead of what was sent. */
  readonly request?: Buffer;
}

export class ClientParking {
  readonly #client: Client;
  readonly #server: Server;
  /** The command that waits, if one does and this node executes it. */
  #parked: ParkedCommand | null = null;
  /** Until when the client waits, in monotonic milliseconds, wherever its command is executed: once it was parked, and until what follows is executed. */
  #untilMs: number | undefined;
  /** Why the command is to wait no longer, if that was said while it was elsewhere: it may have been given back just then. */
  #calledOff: WaitEnd | null = null;
  #cancelDeadline = NOTHING_TO_CANCEL;

  constructor(client: Client, server: Server) {
    this.#client = client;
    this.#server = server;
  }

  /** Whether a command waits that this node executes. */
  get isHere(): boolean {
    return this.#parked !== null;
  }

  /** What that one waits for. */
  get wait(): ParkedWait | null {
    return this.#parked === null ? null : this.#parked.wait;
  }

  /** What it takes to keep it. */
  get memoryBytes(): number {
    return this.#parked === null ? 0 : this.#parked.request.length;
  }

  /** The client is about to execute, if it may: then nothing waits any more, and what waits next has its own time. */
  beginTurn(): void {
    if (this.#untilMs === undefined || this.#client.mustWait) return;
    this.#untilMs = undefined;
    this.#calledOff = null;
  }

  /** The command at hand waits from now on. Answers until when. */
  begin(parked: ParkedCommand): number {
    this.#parked = parked;
    const calledOff = this.#calledOff;
    if (calledOff !== null) this.#server.parking.afterTurn(() => this.end(calledOff));
    return this.#waitUntil(parked.wait);
  }

  /** The same of one that another node executes. */
  beginElsewhere(wait: ParkedWait): void {
    this.#cancelDeadline();
    const untilMs = this.#waitUntil(wait);
    if (this.#calledOff !== null) this.end(this.#calledOff);
    else this.#cancelDeadline = this.#server.parking.deadlines.at(untilMs, () => this.end("timeout"));
    this.#client.output.passMessages();
  }

  /** The node that the client is connected to tells the others when its time is over. */
  #waitUntil({ timeoutMs }: ParkedWait): number {
    if (this.#client.link !== null) return Number.POSITIVE_INFINITY;
    this.#untilMs ??= this.#server.state.clock.monotonicMs() + timeoutMs;
    return this.#untilMs;
  }

  /** Tries the command again, now that the key in one of its arguments has changed. In the turn of whoever changed it. */
  retry(argument: number): ParkedOutcome {
    const client = this.#client;
    const { executor, reply } = this.#server;
    const parked = this.#parked!;
    client.isExecuting = true;
    reply.resp = client.resp;
    const outcome = executor.retry(client, parked, argument);
    if (outcome === "served" || outcome === "again") this.leave();
    if (outcome === "served") {
      client.input.isPostponed = true;
      client.output.send();
      client.waited();
      this.#server.parking.afterTurn(() => this.#goOn());
    } else if (outcome === "again") {
      // Whoever wanted no reply to this one wants none.
      if (parked.isSilent && client.replyMode === "on") client.replyMode = "skip-next";
      client.input.hold(parked.request);
    }
    client.isExecuting = false;
    return outcome;
  }

  /** What was sent behind the command that waited has its turn. */
  #goOn(): void {
    const client = this.#client;
    client.input.isPostponed = false;
    if (client.isOver) {
      if (!client.isGone) client.closeConnection();
      return;
    }
    client.resume();
    client.progressed();
  }

  /** The command waits no longer, and is replied to: its time is over, or somebody says so. */
  end(end: WaitEnd): void {
    const parked = this.#parked;
    if (parked === null) {
      this.#callOff(end);
      return;
    }
    const { isSilent, kind } = parked;
    const server = this.#server;
    const client = this.#client;
    this.leave();
    client.input.isPostponed = true;
    const write = () => {
      if (end === "timeout") kind.writeNothing(server.reply, true);
      else refuse(server, UNBLOCKED);
    };
    server.parking.afterTurn(() => {
      client.input.settle(write, isSilent);
      client.waited();
    });
  }

  #callOff(end: WaitEnd): void {
    const { runs } = this.#client.elsewhere;
    if (runs?.isParked !== true) return;
    this.#calledOff = end;
    runs.unpark(end);
  }

  /** Another node executes for its keys now: the command is to be offered again. */
  askAgain(): void {
    const client = this.#client;
    const parked = this.#parked!;
    this.leave();
    if (client.link === null) {
      client.elsewhere.askAgain(parked);
      return;
    }
    // Whoever sent it asks there.
    client.input.keep(parked.request);
    client.isTurnedBack = true;
    this.#server.parking.afterTurn(() => client.progressed());
  }

  /** The command waits no longer, here or at another node, whatever comes of it. */
  leave(): void {
    this.#cancelDeadline();
    this.#cancelDeadline = NOTHING_TO_CANCEL;
    if (this.#parked === null) return;
    this.#server.parking.forget(this.#parked);
    this.#parked = null;
  }
}

const NOTHING_TO_CANCEL: Cancel = () => {};

function refuse({ state, reply }: Server, line: string): void {
  state.countError(line);
  reply.error(line);
}
