/**
 * The link by which this node asks one other: runs of commands for its clients, services for itself. What was gathered in a
 * turn leaves with one write.
 *
 * Every request has a deadline, and what is in flight is bounded; what comes is always read. When the link breaks, what was
 * sent and not answered is in doubt, and what was not sent was not executed. An owner that does not take replies holds up its
 * own runs: they have no deadline meanwhile, and leave the room in flight to others.
 *
 * Long because runs, requests and deadlines share what is in flight.
 */
import Denque from "denque";
import type { Cancel } from "../host/timers.js";
import { endOfReplies } from "../protocol/reply-scanner.js";
import { RequestCounter } from "../protocol/request-splitter.js";
import { OutgoingFrames } from "./outgoing-frames.js";
import type { Secrecy } from "./peer-channel.js";
import { type DialerHost, type PeerAddress, PeerDialer, type Trouble } from "./peer-dialer.js";
import {
  ANSWER,
  ANSWERED,
  ASK,
  DONE,
  DONE_HEAD_BYTES,
  GO_ON,
  MARK,
  MARKED,
  PARKED,
  PARKED_ENDS,
  PARKED_HEAD_BYTES,
  PART,
  TELL,
  UNKNOWN_SERVICE,
  UNPARK,
  writeName,
} from "./peer-frames.js";
import type { PeerIdentity } from "./peer-hello.js";
import type { ParkedEnd, Run, RunBlock, RunCarrier, RunOwner } from "./run.js";
import { RunWriter } from "./run-writer.js";
import { readMark } from "./stream-mark.js";

/** Requests, and bytes of them, that may be in flight: enough for a busy network's delay, and what the other side may have to hold. */
export const IN_FLIGHT_MAX = 8192;
export const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;
/** The other side puts nothing off beyond a deadline; its answer has so long to arrive. */
const GRACE_MS = 1000;
const SWEEP_MS = 100;
/** Who waits there sends nothing, and would not hear of an end: after so long without a word the other side is asked whether it is there. */
const SILENT_MS_MAX = 5000;
/** A service that no node has. */
const ARE_YOU_THERE = "there";
/** What the other side is to wait with no longer it answers in so long. */
const UNPARKING_MS = 5000;

/** What became of a request to a service. */
export type Outcome =
  | { readonly kind: "answered"; readonly body: Buffer }
  /** `unknown`: there is no such service; `failed`: it could not serve; `unsent`: the link is down or full; `lost`: nobody knows. */
  | { readonly kind: "unknown" | "failed" | "unsent" | "lost" };

export interface LinkEvents {
  up(link: PeerLink): void;
  down(link: PeerLink): void;
  /** Nobody listens there. */
  unreachable(link: PeerLink): void;
  /** Somebody is there who is not to be linked with. It is tried again all the same. */
  refused(link: PeerLink, trouble: Trouble): void;
}

export interface LinkCounters {
  /** Times the link came up. */
  ups: number;
  runsSent: number;
  commandsSent: number;
  bytesSent: number;
  bytesReceived: number;
  /** Requests whose deadline passed without an answer. */
  overdue: number;
}

export interface LinkOptions {
  readonly host: DialerHost;
  readonly peer: PeerAddress;
  readonly self: PeerIdentity;
  readonly secrecy: Secrecy | null;
  readonly events: LinkEvents;
}

const NOTHING = Buffer.alloc(0);

/** A request to a service. */
interface Ask {
  readonly deadlineMs: number;
  readonly byteLength: number;
  readonly settle: (outcome: Outcome) => void;
}

export class PeerLink implements RunCarrier {
  readonly peer: PeerAddress;
  readonly counters: LinkCounters = {
    ups: 0,
    runsSent: 0,
    commandsSent: 0,
    bytesSent: 0,
    bytesReceived: 0,
    overdue: 0,
  };
  readonly #host: DialerHost;
  readonly #dialer: PeerDialer;
  readonly #writer = new RunWriter();
  /** Complete and not sent. */
  readonly #waiting = new Denque<Run>();
  readonly #runs = new Map<number, Run>();
  /** Runs whose last command waits for a key at the other node, for as long as it pleases: they are not in flight, and have no deadline. */
  readonly #parked = new Map<number, Run>();
  readonly #requests = new RequestCounter();
  readonly #asks = new Map<number, Ask>();
  /** Bytes by id of runs that nobody waits for any more: the other side may still hold them. */
  readonly #abandoned = new Map<number, number>();
  #bytesInFlight = 0;
  #nextAsk = 1;
  /** Frames that are no runs, and leave before those. */
  readonly #urgent = new OutgoingFrames();
  #isFlushDue = false;
  /** The link broke, and those are still to hear of it who had something in flight. */
  #isLost = false;
  #lastHeardMs = 0;
  #cancelSweep: Cancel | undefined;
  #cancelWatch: Cancel | undefined;

  constructor({ host, peer, self, secrecy, events }: LinkOptions) {
    this.#host = host;
    this.peer = peer;
    this.#dialer = new PeerDialer({
      host,
      peer,
      self,
      secrecy,
      events: {
        up: () => {
          this.counters.ups++;
          this.#lastHeardMs = this.#nowMs;
          events.up(this);
        },
        down: () => {
          // When the turn is over, for it may be that of a client, which runs must not end within.
          this.#isLost = true;
          this.#flushSoon();
          events.down(this);
        },
        frame: (kind, id, bytes, start, end) => this.#frame(kind, id, bytes, start, end),
        unreachable: () => events.unreachable(this),
        refused: (trouble) => events.refused(this, trouble),
      },
    });
    this.#dialer.start();
  }

  /** Whether something can be sent now. */
  get isUp(): boolean {
    return this.#dialer.isUp;
  }

  get inFlight(): number {
    return this.#runs.size + this.#asks.size + this.#abandoned.size;
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  /** Bytes that are sent and that the network has not taken yet. */
  get pendingBytes(): number {
    return this.#urgent.byteLength + this.#dialer.pendingBytes;
  }

  /** Gives up all that is on its way, and links anew: whoever answers nothing may be gone, though nothing is heard of an end. */
  reset(): void {
    if (this.isUp) this.#dialer.reset();
  }

  close(): void {
    this.#dialer.close();
    this.#cancelSweep?.();
    this.#cancelWatch?.();
  }

  // ---- Runs ----

  /** Begins a run. Only while the link is up; `end` comes before the next `begin`, and in the same turn. */
  begin(run: Run): void {
    this.#writer.begin(run);
  }

  add(run: Run, bytes: Buffer, marks: Int32Array, count: number): void {
    this.#writer.add(run, bytes, marks, count);
  }

  extend(run: Run, bytes: Buffer, marks: Int32Array, count: number): boolean {
    return this.#writer.extend(run, bytes, marks, count);
  }

  /** Adds a whole request. */
  addRequest(run: Run, request: Buffer): void {
    this.#writer.addRequest(run, request);
  }

  /** The run is complete: it leaves when the turn is over. */
  end(run: Run): void {
    run.remainingMs = Math.max(0, Math.ceil(run.deadlineMs - this.#nowMs));
    this.#writer.end(run, run.remainingMs);
    run.state = "waiting";
    if (!this.isUp) this.#isLost = true;
    this.#waiting.push(run);
    this.#flushSoon();
  }

  goOn(run: Run): void {
    if (run.state !== "sent") return;
    run.isParted = false;
    this.#sendUrgent(GO_ON, run.id);
    const nowMs = this.#nowMs;
    for (const held of this.#runs.values()) {
      if (held.owner === run.owner) held.deadlineMs = Math.max(held.deadlineMs, nowMs + held.remainingMs);
    }
  }

  unpark(run: Run, end: ParkedEnd): void {
    if (!this.#parked.delete(run.id)) return;
    this.#sendUrgent(UNPARK, run.id, Uint8Array.of(PARKED_ENDS.indexOf(end)));
    if (end === "recall") {
      this.#abandoned.set(run.id, 0);
      return;
    }
    run.deadlineMs = this.#nowMs + UNPARKING_MS;
    this.#runs.set(run.id, run);
    this.#sweepLater();
  }

  // ---- Services ----

  /** Of a body that is given in parts the parts are copied, and may change at once. */
  ask(service: string, body: Uint8Array | readonly Uint8Array[], timeoutMs: number): Promise<Outcome> {
    return new Promise((settle) => {
      if (!this.isUp || this.inFlight >= IN_FLIGHT_MAX) {
        settle({ kind: "unsent" });
        return;
      }
      const id = this.#nextAsk;
      this.#nextAsk = (this.#nextAsk + 1) >>> 0;
      const parts = body instanceof Uint8Array ? [body] : body;
      const byteLength = this.#sendUrgent(ASK, id, writeName(service), ...parts);
      this.#asks.set(id, { deadlineMs: this.#nowMs + timeoutMs, byteLength, settle });
      this.#bytesInFlight += byteLength;
      this.#sweepLater();
    });
  }

  /** The same without an answer: it arrives unless the link is down or breaks. */
  tell(service: string, body: Uint8Array): void {
    this.#sendUrgent(TELL, 0, writeName(service), body);
  }

  // ---- Sending ----

  get #nowMs(): number {
    return this.#host.clock.monotonicMs();
  }

  /** Answers how many bytes it takes. */
  #sendUrgent(kind: number, id: number, ...parts: readonly Uint8Array[]): number {
    if (!this.isUp) return 0;
    this.#flushSoon();
    return this.#urgent.add(kind, id, ...parts);
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#host.timers.afterTurn(() => {
      this.#isFlushDue = false;
      if (this.#isLost) this.#lose();
      if (this.isUp) this.#flush();
    });
  }

  /** Sends what services were asked and told in this turn, for whoever does not want to wait for its end. */
  flushNow(): void {
    if (this.#urgent.byteLength === 0 || !this.isUp || this.#isLost) return;
    this.#urgent.sendBy((frames) => this.#send(frames));
  }

  #flush(): void {
    this.flushNow();
    const waiting = this.#waiting;
    // Runs lie one behind the other in their block: what leaves together is one piece of it.
    let block: RunBlock | undefined;
    let start = 0;
    let end = 0;
    for (
      let run = waiting.peekFront();
      run !== undefined && this.#hasCredit(run);
      run = waiting.peekFront()
    ) {
      waiting.shift();
      this.#sent(run);
      if (run.block !== block || run.start !== end) {
        if (block !== undefined) this.#send(block.bytes.subarray(start, end));
        block = run.block;
        start = run.start;
      }
      end = run.end;
    }
    if (block !== undefined) this.#send(block.bytes.subarray(start, end));
    if (this.#runs.size > 0 || waiting.length > 0) this.#sweepLater();
  }

  #hasCredit({ byteLength }: Run): boolean {
    const { inFlight } = this;
    if (inFlight === 0) return true;
    return inFlight < IN_FLIGHT_MAX && this.#bytesInFlight + byteLength <= IN_FLIGHT_BYTES_MAX;
  }

  #sent(run: Run): void {
    run.state = "sent";
    run.isCounted = true;
    this.#runs.set(run.id, run);
    this.#bytesInFlight += run.byteLength;
    this.counters.runsSent++;
    this.counters.commandsSent += run.count;
  }

  /** As `PeerDialer.send`. */
  #send(frames: Buffer): boolean {
    this.counters.bytesSent += frames.length;
    return this.#dialer.send(frames);
  }

  // ---- Answers ----

  #frame(kind: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.#lastHeardMs = this.#nowMs;
    this.counters.bytesReceived += end - start;
    if (!this.#take(kind, id, bytes, start, end)) this.#dialer.reset();
  }

  /** False if it makes no sense. */
  #take(kind: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    switch (kind) {
      case DONE:
      case PART:
        return this.#replied(kind, id, bytes, start, end);
      case PARKED:
        return this.#isParked(id, bytes, start, end);
      case MARK:
        return this.#marked(id, bytes, start, end);
      case ANSWER:
        return this.#answered(id, bytes, start, end);
      default:
        return false;
    }
  }

  #isParked(id: number, bytes: Buffer, start: number, end: number): boolean {
    const requestAt = start + PARKED_HEAD_BYTES;
    if (end < requestAt || (end > requestAt && !this.#requests.are(1, bytes, requestAt, end))) return false;
    const timeoutMs = bytes.readDoubleLE(start);
    const run = this.#runs.get(id);
    if (run === undefined) {
      // Nobody waits for it any more.
      if (this.#abandoned.has(id)) this.#sendUrgent(UNPARK, id, Uint8Array.of(PARKED_ENDS.indexOf("recall")));
      return this.#abandoned.has(id);
    }
    if (!(timeoutMs >= 0) || run.parked !== null || run.answered === run.count) return false;
    const request = end > requestAt ? Buffer.from(bytes.subarray(requestAt, end)) : undefined;
    run.parked = request === undefined ? { timeoutMs } : { timeoutMs, request };
    this.#uncount(run);
    this.#writer.release(run);
    run.leaveBlock();
    this.#runs.delete(id);
    this.#parked.set(id, run);
    this.#watchLater();
    run.owner.runParked(run);
    return true;
  }

  #watchLater(): void {
    this.#cancelWatch ??= this.#host.timers.after(SILENT_MS_MAX, () => {
      this.#cancelWatch = undefined;
      if (this.#parked.size === 0) return;
      this.#watchLater();
      if (this.#nowMs - this.#lastHeardMs >= SILENT_MS_MAX) void this.#lookWhetherThere();
    });
  }

  async #lookWhetherThere(): Promise<void> {
    const { ups } = this.counters;
    const outcome = await this.ask(ARE_YOU_THERE, NOTHING, SILENT_MS_MAX);
    const isSilent = this.#nowMs - this.#lastHeardMs >= SILENT_MS_MAX;
    if (outcome.kind === "lost" && isSilent && this.counters.ups === ups) this.reset();
  }

  #marked(id: number, bytes: Buffer, start: number, end: number): boolean {
    const mark = readMark(bytes, start, end);
    const run = this.#sentRun(id);
    if (mark === undefined || run === undefined) return mark !== undefined && this.#abandoned.has(id);
    if ((run.flags & MARKED) === 0) return false;
    run.owner.runMarked(run, mark);
    return true;
  }

  /** False if it makes no sense. */
  #replied(kind: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const isDone = kind === DONE;
    const run = this.#sentRun(id);
    if (run === undefined) {
      const abandonedBytes = this.#abandoned.get(id);
      // Whoever waited for more of it does not any more: the other side is to get it over with.
      if (!isDone) this.#sendUrgent(GO_ON, id);
      else if (this.#abandoned.delete(id)) this.#settled(abandonedBytes ?? 0);
      return abandonedBytes !== undefined;
    }
    const repliesAt = start + DONE_HEAD_BYTES;
    if (end < repliesAt || run.isParted) return false;
    const executed = bytes.readUInt32LE(start);
    if (executed > run.count - run.answered) return false;
    // They go to the client as they are: one too many or too few, and all that it is told from there on is wrong.
    if (endOfReplies(bytes, repliesAt, end, executed) !== end) return false;
    run.answered += executed;
    if (isDone) {
      this.#runs.delete(id);
      this.#parked.delete(id);
      run.state = "done";
      this.#uncount(run);
      this.#renewParked(run);
    } else {
      run.isParted = true;
      this.#holdUp(run.owner);
    }
    if (executed > 0) run.owner.runAnswered(run, executed, bytes, repliesAt, end);
    if (isDone) run.owner.runEnded(run);
    if (isDone && run.answered === run.count && run.parked === null) this.#writer.release(run);
    return true;
  }

  /** One that was sent and is not over. */
  #sentRun(id: number): Run | undefined {
    return this.#runs.get(id) ?? this.#parked.get(id);
  }

  /** The time that a command waited for a key is not to cost it that which it has to be executed elsewhere. */
  #renewParked(run: Run): void {
    if (run.parked !== null) run.deadlineMs = Math.max(run.deadlineMs, this.#nowMs + run.remainingMs);
  }

  /** Runs behind one that waits for their owner wait too: they do not count for as long as it may please. */
  #holdUp(owner: RunOwner): void {
    for (const run of this.#runs.values()) if (run.owner === owner) this.#uncount(run);
  }

  #uncount(run: Run): void {
    if (!run.isCounted) return;
    run.isCounted = false;
    this.#settled(run.byteLength);
  }

  #answered(id: number, bytes: Buffer, start: number, end: number): boolean {
    const ask = this.#asks.get(id);
    // Its deadline may have passed.
    if (ask === undefined || start === end) return start < end;
    this.#asks.delete(id);
    this.#settled(ask.byteLength);
    const outcome = bytes[start]!;
    if (outcome === ANSWERED)
      ask.settle({ kind: "answered", body: Buffer.from(bytes.subarray(start + 1, end)) });
    else ask.settle({ kind: outcome === UNKNOWN_SERVICE ? "unknown" : "failed" });
    return true;
  }

  #settled(byteLength: number): void {
    this.#bytesInFlight -= byteLength;
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  // ---- What goes wrong ----

  /** The link broke, or was down already. */
  #lose(): void {
    this.#isLost = false;
    const sent = [...this.#runs.values(), ...this.#parked.values()];
    const unsent = this.#waiting.toArray();
    const asks = [...this.#asks.values()];
    this.#runs.clear();
    this.#parked.clear();
    this.#waiting.clear();
    this.#asks.clear();
    this.#abandoned.clear();
    this.#urgent.clear();
    this.#bytesInFlight = 0;
    for (const run of sent) {
      run.state = "in-doubt";
      this.#renewParked(run);
    }
    for (const run of unsent) run.state = "done";
    for (const run of [...sent, ...unsent]) run.owner.runEnded(run);
    for (const ask of asks) ask.settle({ kind: "lost" });
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#host.timers.after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
    });
  }

  /** Ends what has waited beyond its deadline. */
  #sweep(): void {
    const nowMs = this.#nowMs;
    const runs = [...this.#runs.values()];
    const heldUp = new Set(runs.filter(({ isParted }) => isParted).map(({ owner }) => owner));
    const late = runs.filter(({ deadlineMs, owner }) => deadlineMs + GRACE_MS <= nowMs && !heldUp.has(owner));
    const asks = [...this.#asks].filter(([, { deadlineMs }]) => deadlineMs <= nowMs);
    this.counters.overdue += late.length + asks.length;
    for (const run of late) {
      this.#runs.delete(run.id);
      this.#abandoned.set(run.id, run.isCounted ? run.byteLength : 0);
      run.state = "in-doubt";
    }
    for (const [id, { byteLength }] of asks) {
      this.#asks.delete(id);
      this.#settled(byteLength);
    }
    const unsent = this.#unsentBeyond(nowMs, heldUp);
    for (const run of [...late, ...unsent]) run.owner.runEnded(run);
    for (const [, ask] of asks) ask.settle({ kind: "lost" });
    // Nothing at all came for so long that a request missed its deadline: the stream may be dead without our hearing of it.
    const isSilent = late.some(({ deadlineMs }) => this.#lastHeardMs < deadlineMs - GRACE_MS);
    if (isSilent && this.isUp) this.#dialer.reset();
    if (this.#runs.size + this.#asks.size + this.#waiting.length > 0) this.#sweepLater();
  }

  /** Takes out those that were not sent by their deadline: the link is full. */
  #unsentBeyond(nowMs: number, heldUp: ReadonlySet<RunOwner>): Run[] {
    const unsent: Run[] = [];
    const kept = this.#waiting.toArray().filter((run) => {
      if (run.deadlineMs > nowMs || heldUp.has(run.owner)) return true;
      run.state = "done";
      unsent.push(run);
      return false;
    });
    if (unsent.length === 0) return unsent;
    this.#waiting.clear();
    for (const run of kept) this.#waiting.push(run);
    return unsent;
  }
}
