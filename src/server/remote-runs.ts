/**
 * Executes runs of commands that another node sends for its clients. Each run has a session of its own while it is executed, out
 * of a stock of them; sessions are clients in all respects but that nobody sees them. Runs of one of the sender's clients are
 * executed in the order in which they came.
 */
import Denque from "denque";
import { HOPS_MAX } from "../cluster/forwarder.js";
import { FLAGS, type RunHead } from "../cluster/peer-frames.js";
import type { RunServer } from "../cluster/peer-server.js";
import type { ParkedEnd } from "../cluster/run.js";
import type { PeerSession } from "../cluster/served-peer.js";
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";
import { RequestCounter } from "../protocol/request-splitter.js";
import { RemoteRun, type RunOrder } from "./remote-run.js";
import type { Server } from "./server.js";

/** Sessions that are kept for runs to come. */
const STOCK_MAX = 1024;
/** Runs wait while the link has not taken so many bytes of answers. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024;
const SWEEP_MS = 100;

export interface RemoteRunsOptions {
  readonly server: Server;
  readonly session: PeerSession;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A run that came and is not begun yet. */
interface Waiting {
  readonly order: RunOrder;
  readonly requests: Buffer;
}

/** Runs of one client of the sender, of which the one in front is not executed to its end. */
interface Line {
  front: RemoteRun;
  readonly waiting: Denque<Waiting>;
}

export class RemoteRuns implements RunServer {
  readonly #options: RemoteRunsOptions;
  readonly #counter = new RequestCounter();
  readonly #stock: RemoteRun[] = [];
  /** By id: those that could not be answered at once. */
  readonly #underWay = new Map<number, RemoteRun>();
  /** The same of those whose last command waits for a key, for as long as it pleases. */
  readonly #parked = new Map<number, RemoteRun>();
  /** By client of the sender. */
  readonly #lines = new Map<number, Line>();
  /** Runs that wait until the link has taken answers. */
  readonly #queue = new Denque<Waiting>();
  #cancelSweep: Cancel | undefined;
  #isClosed = false;

  constructor(options: RemoteRunsOptions) {
    this.#options = options;
  }

  get isServing(): boolean {
    return this.#underWay.size > 0 || this.#queue.length > 0;
  }

  run(id: number, head: RunHead, bytes: Buffer, start: number, end: number): boolean {
    const { server, clock, session } = this.#options;
    const isRun = (head.flags & ~FLAGS) === 0 && head.hops < HOPS_MAX;
    const isKnown = this.#underWay.has(id) || this.#parked.has(id);
    if (!isRun || isKnown || !this.#counter.are(head.count, bytes, start, end)) return false;
    if (server.isClosed) {
      session.done(id, 0, NOTHING);
      return true;
    }
    const order: RunOrder = { id, head, deadlineMs: clock.monotonicMs() + head.remainingMs };
    if (this.#queue.length > 0 || session.pendingBytes > PENDING_BYTES_MAX) {
      this.#queue.push({ order, requests: Buffer.from(bytes.subarray(start, end)) });
      this.#sweepLater();
    } else {
      this.#accept(order, bytes, start, end);
    }
    return true;
  }

  goOn(id: number): void {
    const run = this.#underWay.get(id) ?? this.#parked.get(id);
    if (run === undefined) return;
    const { order } = run;
    this.#renew(order);
    const line = this.#lines.get(order.head.session);
    for (let i = 0; i < (line?.waiting.length ?? 0); i++) this.#renew(line!.waiting.peekAt(i)!.order);
    run.goOn();
  }

  unpark(id: number, end: ParkedEnd): void {
    const run = this.#parked.get(id) ?? this.#underWay.get(id);
    if (run === undefined) return;
    if (end !== "recall") {
      run.unpark(end);
      return;
    }
    this.#parked.delete(id);
    this.#underWay.delete(id);
    const { session } = run.order.head;
    const line = this.#lines.get(session);
    this.#options.session.done(id, 0, NOTHING);
    run.destroy();
    if (line?.front === run) this.#beginNext(session);
  }

  drained(): void {
    const { session } = this.#options;
    while (session.pendingBytes <= PENDING_BYTES_MAX) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#accept(waiting.order, waiting.requests, 0, waiting.requests.length);
    }
  }

  closed(): void {
    this.#isClosed = true;
    this.#cancelSweep?.();
    this.#queue.clear();
    this.#lines.clear();
    this.#options.server.watches.releaseAll(this.#options.session);
    for (const run of [...this.#underWay.values(), ...this.#parked.values(), ...this.#stock]) run.destroy();
    this.#underWay.clear();
    this.#parked.clear();
    this.#stock.length = 0;
  }

  #accept(order: RunOrder, bytes: Buffer, start: number, end: number): void {
    const line = this.#lines.get(order.head.session);
    if (line === undefined) this.#begin(order, bytes, start, end);
    else line.waiting.push({ order, requests: Buffer.from(bytes.subarray(start, end)) });
  }

  #begin(order: RunOrder, bytes: Buffer, start: number, end: number): void {
    const run = this.#stock.pop() ?? this.#newRun();
    run.begin(order, bytes, start, end);
    if (!run.isUnderWay) {
      this.#stock.push(run);
      return;
    }
    if (run.isParked) {
      this.#parked.set(order.id, run);
      // Its sender has nothing behind it.
      return;
    }
    this.#underWay.set(order.id, run);
    const { session } = order.head;
    if (!run.isThrough) {
      const line = this.#lines.get(session);
      if (line === undefined) this.#lines.set(session, { front: run, waiting: new Denque() });
      else line.front = run;
    }
    this.#sweepLater();
  }

  #newRun(): RemoteRun {
    const { server, session } = this.#options;
    return new RemoteRun({ server, session, progressed: (run) => this.#progressed(run) });
  }

  /** A run that is under way got on. */
  #progressed(run: RemoteRun): void {
    const { id, head } = run.order;
    // While it is being begun it is not counted as under way yet.
    if (this.#isClosed || (this.#underWay.get(id) ?? this.#parked.get(id)) !== run) return;
    if (run.isParked !== this.#parked.has(id)) this.#moved(id, run);
    if (!run.isUnderWay) {
      this.#underWay.delete(id);
      if (this.#stock.length < STOCK_MAX) this.#stock.push(run);
      else run.destroy();
    }
    if (this.#lines.get(head.session)?.front === run) this.#beginNext(head.session);
  }

  /** A run has begun to wait for a key, or waits no longer. */
  #moved(id: number, run: RemoteRun): void {
    const [from, to] = run.isParked ? [this.#underWay, this.#parked] : [this.#parked, this.#underWay];
    from.delete(id);
    to.set(id, run);
    this.#sweepLater();
  }

  /** Begins what waits behind a run that is through, until one is not. */
  #beginNext(session: number): void {
    const line = this.#lines.get(session);
    while (line?.front.isThrough) {
      const next = line.waiting.shift();
      if (next === undefined) {
        this.#lines.delete(session);
        return;
      }
      this.#begin(next.order, next.requests, 0, next.requests.length);
    }
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.timers.after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
    });
  }

  /** What could not be begun by its deadline is not executed any more: its sender gives it up too. */
  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const run of [...this.#underWay.values()]) {
      if (run.order.deadlineMs <= nowMs && !run.isHeldUp && !run.isThrough) run.giveUp();
    }
    for (const [session, { front, waiting }] of this.#lines) {
      if (!front.isHeldUp) this.#giveUpLate(waiting, nowMs);
      this.#beginNext(session);
    }
    this.#giveUpLate(this.#queue, nowMs);
    this.drained();
    if (this.#underWay.size + this.#lines.size + this.#queue.length > 0) this.#sweepLater();
  }

  #giveUpLate(waiting: Denque<Waiting>, nowMs: number): void {
    for (let next = waiting.peekFront(); next !== undefined; next = waiting.peekFront()) {
      if (next.order.deadlineMs > nowMs) return;
      waiting.shift();
      this.#options.session.done(next.order.id, 0, NOTHING);
    }
  }

  /** Whoever sent it was not taking replies: that is not to cost it its time. */
  #renew(order: RunOrder): void {
    const nowMs = this.#options.clock.monotonicMs();
    order.deadlineMs = Math.max(order.deadlineMs, nowMs + order.head.remainingMs);
  }
}

const NOTHING = Buffer.alloc(0);
