/**
 * One end of a simulated stream, with the manners of a TCP socket under Node: a sender's window, half-close, lingering,
 * reset. How bytes leave and arrive is in `outflow.ts` and `inflow.ts`.
 */
import { HostError } from "../host-error.js";
import { type Connection, type ConnectionEvents, FLUSH_STALL_MS, LINGER_MS } from "../network.js";
import { Inflow } from "./inflow.js";
import type { Lane } from "./links.js";
import { Outflow } from "./outflow.js";
import type { PlannedEvent } from "./timeline.js";
import { WINDOW_BYTES, type Wires } from "./wires.js";

/** What an end is called, and which host holds it. */
export interface Naming {
  readonly place: string;
  readonly remote: string;
  readonly local: string;
  readonly isLoopback: boolean;
  readonly isUnix: boolean;
}

/** Less is not worth a message to a sender that waits (silly window avoidance, RFC 1122, section 4.2.3.3). */
const ANNOUNCED_BYTES_MIN = WINDOW_BYTES / 4;

const NOBODY: ConnectionEvents = { received() {}, drained() {}, closed() {} };

export class SimConnection implements Connection {
  readonly place: string;
  readonly remote: string;
  readonly local: string;
  readonly isLoopback: boolean;
  readonly isUnix: boolean;

  private readonly wires: Wires;
  /** Leads to the peer. */
  private readonly lane: Lane;
  private readonly outflow: Outflow;
  private readonly inflow: Inflow;
  private readonly onGone: (connection: SimConnection) => void;
  private peer: SimConnection | undefined;
  private events = NOBODY;

  private awaitsDrain = false;
  private closing = false;
  private finIsSent = false;
  private gone = false;
  private closingTimer: PlannedEvent | undefined;
  private progressAtMs = 0;
  /** Read, while the sender does not know. */
  private bytesUnannounced = 0;

  /** `onGone` is called once, when this end is no more. */
  constructor(
    { place, remote, local, isLoopback, isUnix }: Naming,
    { wires, lane, onGone }: { wires: Wires; lane: Lane; onGone: (connection: SimConnection) => void },
  ) {
    this.place = place;
    this.remote = remote;
    this.local = local;
    this.isLoopback = isLoopback;
    this.isUnix = isUnix;
    this.wires = wires;
    this.lane = lane;
    this.onGone = onGone;
    this.outflow = new Outflow((piece) => this.tell((peer) => peer.dataArrived(piece)));
    this.inflow = new Inflow(wires, place, {
      received: (buffer, length) => this.events.received(buffer, length),
      ended: () => this.close(),
      freed: (bytes) => this.freed(bytes),
    });
  }

  /** Joins the two ends of a stream. */
  static join(one: SimConnection, other: SimConnection): void {
    one.peer = other;
    other.peer = one;
  }

  attach(events: ConnectionEvents): void {
    this.events = events;
  }

  get peerPlace(): string | undefined {
    return this.peer?.place;
  }

  /** This end is no more: nothing will be heard but `closed`, if that is still due. */
  get isGone(): boolean {
    return this.gone;
  }

  get pendingBytes(): number {
    return this.outflow.pendingBytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.closing) return true;
    const isTaken = this.outflow.write(bytes);
    if (!isTaken) this.awaitsDrain = true;
    return isTaken;
  }

  pauseReading(): void {
    if (!this.closing) this.inflow.pause();
  }

  resumeReading(): void {
    if (!this.closing) this.inflow.resume();
  }

  /** Probes are not modelled: a stream outlives any partition that ends. */
  setKeepAlive(): void {}

  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.inflow.pause();
    this.progressAtMs = this.wires.timeline.nowMs;
    if (this.pendingBytes === 0) this.sendFin();
    else this.watchFlush();
  }

  destroy(): void {
    this.abandon();
  }

  /** The process that holds this end is no more: it hears of nothing, and the peer sees a reset. */
  crash(): void {
    if (this.gone) return;
    this.tell((peer) => peer.resetArrived());
    this.vanish();
  }

  /** The stream is broken: by the peer, or by a fault of the world. */
  resetArrived(): void {
    // Once all is sent, how the peer ends the stream is its own affair.
    this.vanish(this.finIsSent ? undefined : new HostError("ECONNRESET", "the stream was reset"));
  }

  private dataArrived(piece: Uint8Array): void {
    if (this.gone) this.tell((peer) => peer.resetArrived());
    else this.inflow.arrive(piece);
  }

  private finArrived(): void {
    this.inflow.arriveFin();
    if (this.finIsSent) this.vanish();
  }

  /** The peer read so many bytes. */
  private windowOpened(bytes: number): void {
    this.progressAtMs = this.wires.timeline.nowMs;
    const isLastTaken = this.outflow.open(bytes);
    if (!isLastTaken) return;
    if (this.closing) {
      this.sendFin();
    } else if (this.awaitsDrain) {
      this.awaitsDrain = false;
      this.events.drained();
    }
  }

  private sendFin(): void {
    this.finIsSent = true;
    this.tell((peer) => peer.finArrived());
    this.inflow.discard();
    if (this.inflow.finHasArrived) this.vanish();
    else this.planClosing(this.wires.timeline.nowMs + LINGER_MS, () => this.vanish());
  }

  private watchFlush(): void {
    this.planClosing(this.progressAtMs + FLUSH_STALL_MS, () => {
      if (this.progressAtMs + FLUSH_STALL_MS > this.wires.timeline.nowMs) this.watchFlush();
      else this.abandon(new HostError("ETIMEDOUT", "the peer took none of the last bytes"));
    });
  }

  private planClosing(atMs: number, run: () => void): void {
    const { timeline } = this.wires;
    if (this.closingTimer !== undefined) timeline.cancel(this.closingTimer);
    this.closingTimer = timeline.plan({ atMs, kind: "closing", place: this.place, isTimer: true }, run);
  }

  /** Ends the stream at once, as the system does for a socket that is closed. */
  private abandon(error?: HostError): void {
    if (this.gone) return;
    // Input that no one read makes it a reset, so that the peer learns that it was not heard.
    if (this.inflow.hasUnread) this.tell((peer) => peer.resetArrived());
    else if (!this.finIsSent) this.tell((peer) => peer.finArrived());
    this.vanish(error);
  }

  private vanish(error?: HostError): void {
    if (this.gone) return;
    const { timeline } = this.wires;
    this.gone = true;
    this.closing = true;
    this.outflow.drop();
    this.inflow.discard();
    if (this.closingTimer !== undefined) timeline.cancel(this.closingTimer);
    this.onGone(this);
    timeline.plan({ atMs: timeline.nowMs, kind: "closed", place: this.place }, () =>
      this.events.closed(error),
    );
  }

  /** So many more bytes are read, which the sender learns now or when it is worth a message. */
  private freed(bytes: number): void {
    const { peer } = this;
    if (peer === undefined) return;
    this.bytesUnannounced += bytes;
    // Only a sender that waits needs a message; the others find the room when they look.
    const isPeerWaiting = peer.pendingBytes > 0 || this.lane.isCut;
    if (isPeerWaiting && this.bytesUnannounced < ANNOUNCED_BYTES_MIN) return;
    const announced = this.bytesUnannounced;
    this.bytesUnannounced = 0;
    if (isPeerWaiting) this.tell((sender) => sender.windowOpened(announced));
    else peer.outflow.open(announced);
  }

  /** Lets the peer know of something as soon as a message takes to get there. */
  private tell(what: (peer: SimConnection) => void): void {
    this.lane.send(() => {
      if (this.peer !== undefined) what(this.peer);
    });
  }
}
