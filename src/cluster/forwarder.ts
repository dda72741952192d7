/**
 * Sends commands of clients to the nodes that execute them: what one client has for one node in one turn is one run. What
 * cannot be sent now it says, and tells when to try again.
 */
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { PeerLink } from "./peer-link.js";
import type { Peers } from "./peers.js";
import { Run, type RunOwner } from "./run.js";
import type { Route, SlotRoutes } from "./slot-routes.js";

/** A command may come to a node that passes it on, and no further: this one sends it, that one sends it on. */
export const HOPS_MAX = 2;
/** By default a command that another node executes fails after so long. */
export const REQUEST_TIMEOUT_MS = 5000;
/** A run is no longer than that if it has more than one command: so much is held by both sides. */
const RUN_BYTES_MAX = 256 * 1024;
/** What cannot be sent is tried again whenever something changes, and after so long. */
const RETRY_MS = 25;

/** Somebody who has commands that could not be sent. */
export interface Waiter {
  retry(): void;
}

export interface ForwarderOptions {
  readonly routes: SlotRoutes;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether nobody is to be expected at a route soon, for the node there is taken for dead. */
  readonly isLost?: (route: Route) => boolean;
  /** How long a command may take from when it came. */
  readonly timeoutMs?: number;
}

export class Forwarder {
  readonly routes: SlotRoutes;
  /** Whether it is no use to wait until something can be sent there. */
  readonly isLost: (route: Route) => boolean;
  readonly #peers: Peers;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #timeoutMs: number;
  /** The runs that commands are added to in this turn, by route and one behind the other. */
  readonly #openByRoute: (Run | undefined)[] = [];
  readonly #open: Run[] = [];
  #waiters = new Set<Waiter>();
  #cancelRetry: Cancel | undefined;
  readonly #cancels: Cancel[];

  constructor(options: ForwarderOptions) {
    const { routes, peers, clock, timers, isLost = () => false, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    this.routes = routes;
    this.isLost = isLost;
    this.#peers = peers;
    this.#clock = clock;
    this.#timers = timers;
    this.#timeoutMs = timeoutMs;
    const retrySoon = () => this.#retryAfter(0);
    this.#cancels = [
      routes.subscribe(retrySoon),
      peers.subscribe({ up: retrySoon, down() {}, unreachable() {} }),
    ];
  }

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** A node by its route, for people. */
  describe(route: Route): string {
    const peer = this.#peers.link(route)?.peer;
    return peer === undefined ? "unknown" : `${peer.nodeId} (${peer.host}:${peer.port})`;
  }

  /** Changes when the link to a node has come up anew: what is known of the node may be true no more. */
  contactOf(route: Route): number {
    return this.#peers.link(route)?.counters.ups ?? 0;
  }

  /** Whether runs have been begun in this turn that are not complete. */
  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  /** By when a command that came now is to be executed. */
  newDeadlineMs(): number {
    return this.deadlineMs(this.#clock.monotonicMs());
  }

  /** The same of one that came then. */
  deadlineMs(cameAtMs: number): number {
    return cameAtMs + this.#timeoutMs;
  }

  /** Adds a scanned request to the run of its owner for a peer; undefined if nothing can be sent there now. */
  send(owner: RunOwner, route: Route, bytes: Buffer, marks: Int32Array, count: number): Run | undefined {
    const link = this.#linkTo(route);
    if (link === undefined) return undefined;
    const run = this.#runFor(owner, route, link);
    link.add(run, bytes, marks, count);
    return run;
  }

  /**
   * Adds a scanned request to the run of the command before it, which was sent by the same route and under the same conditions. False
   * if it is to be sent like any other: nothing happened.
   */
  extend(run: Run, bytes: Buffer, marks: Int32Array, count: number): boolean {
    return run.byteLength < RUN_BYTES_MAX && run.carrier.extend(run, bytes, marks, count);
  }

  /** The turn of a client is over: its runs are complete. */
  endTurn(): void {
    // One after the other, for an array that is emptied at once gives its memory back.
    for (let run = this.#open.pop(); run !== undefined; run = this.#open.pop()) {
      this.#openByRoute[run.route] = undefined;
      run.carrier.end(run);
    }
  }

  /** Calls `retry` once, soon: things may have changed. */
  wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#retryAfter(RETRY_MS);
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancelRetry?.();
    this.#waiters.clear();
  }

  #linkTo(route: Route): PeerLink | undefined {
    const link = this.#peers.link(route);
    return link?.isUp ? link : undefined;
  }

  #runFor(owner: RunOwner, route: Route, link: PeerLink): Run {
    const open = this.#openByRoute[route];
    if (open !== undefined) {
      // The link may be another by now, in the midst of a turn: the client itself may have told this node to forget the other.
      const fits = open.database === owner.database && open.flags === owner.flags;
      const isShort = open.byteLength < RUN_BYTES_MAX;
      if (fits && isShort && open.carrier === link && open.deadlineMs === owner.deadlineMs) return open;
      this.#open.splice(this.#open.indexOf(open), 1);
      open.carrier.end(open);
    }
    const run = new Run(owner, route, link);
    link.begin(run);
    this.#openByRoute[route] = run;
    this.#open.push(run);
    return run;
  }

  #retryAfter(delayMs: number): void {
    if (this.#waiters.size === 0 || (this.#cancelRetry !== undefined && delayMs > 0)) return;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#timers.after(delayMs, () => {
      this.#cancelRetry = undefined;
      const waiters = this.#waiters;
      this.#waiters = new Set();
      for (const waiter of waiters) waiter.retry();
    });
  }
}
