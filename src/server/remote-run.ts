/**
 * A session in which runs of another node's commands are executed, one after the other: a client whose connection is the run
 * itself. What it replies is gathered, and told when the run is through or when it has become so much that the other side
 * must take it first.
 */
import { NO_TOUCH, RESP3, type RunHead } from "../cluster/peer-frames.js";
import type { PeerSession } from "../cluster/served-peer.js";
import type { Connection } from "../host/network.js";
import { countReplies } from "../protocol/reply-scanner.js";
import type { Client } from "./client.js";
import type { Server } from "./server.js";

/** Replies are told in parts of at least so many bytes. Less than what congests a client, so that one is told before it waits. */
const PART_BYTES = 256 * 1024;
const BUFFER_BYTES_MIN = 4 * 1024;
const BUFFER_BYTES_KEPT_MAX = 64 * 1024;

/** A run and when it must be begun. */
export interface RunOrder {
  readonly id: number;
  readonly head: RunHead;
  /** In monotonic milliseconds. */
  readonly deadlineMs: number;
}

export interface RemoteRunOptions {
  readonly server: Server;
  readonly session: PeerSession;
  /** Something got on. */
  readonly progressed: (run: RemoteRun) => void;
}

export class RemoteRun implements Connection {
  readonly remote: string;
  readonly local = "cluster:0";
  readonly isLoopback = false;
  readonly isUnix = false;
  /** Whether a run is being executed, or waits for its replies to leave. */
  isUnderWay = false;
  order!: RunOrder;
  readonly #client: Client;
  readonly #session: PeerSession;
  readonly #progressed: () => void;
  /** Replies gathered: `#buffer[0, #length)`. */
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  #length = 0;
  /** Commands whose replies were told. */
  #told = 0;
  /** Commands that will not be executed. */
  #returned = 0;
  /** A part is told and not taken yet. */
  #isPartOut = false;
  #isBeginning = false;
  #isClosed = false;

  constructor({ server, session, progressed }: RemoteRunOptions) {
    this.remote = session.remote;
    this.#session = session;
    this.#progressed = () => progressed(this);
    this.#client = server.admit(this);
    this.#client.runsErrands = true;
    this.#client.link = session;
    this.#client.progressed = () => this.#progress();
  }

  /** Whether all of the run that will be executed is. Its replies may wait. */
  get isThrough(): boolean {
    return !this.isUnderWay || this.#client.isThrough;
  }

  /** Executes a run: the requests are `bytes[start, end)`, valid during the call only. */
  begin(order: RunOrder, bytes: Buffer, start: number, end: number): void {
    const client = this.#client;
    const { database, flags, hops } = order.head;
    this.order = order;
    this.isUnderWay = true;
    this.#told = 0;
    this.#returned = 0;
    client.database = database;
    client.resp = (flags & RESP3) !== 0 ? 3 : 2;
    const noTouch = (flags & NO_TOUCH) !== 0;
    if (client.noTouch !== noTouch) client.noTouch = noTouch;
    client.hops = hops + 1;
    client.deadlineMs = order.deadlineMs;
    this.#isBeginning = true;
    client.receive(bytes, start, end);
    this.#isBeginning = false;
    this.#progress();
  }

  /** What was not executed by now will not be. */
  giveUp(): void {
    this.#returned += this.#client.takeBack();
    this.#progress();
  }

  /** The part that was told is taken. */
  goOn(): void {
    if (!this.#isPartOut) return;
    this.#isPartOut = false;
    this.#client.drained();
    this.#progress();
  }

  #progress(): void {
    if (!this.isUnderWay || this.#isBeginning || this.#isClosed) return;
    const client = this.#client;
    if (client.isTurnedBack) {
      client.isTurnedBack = false;
      this.#returned += client.takeBack();
    }
    if (client.isIdle && !this.#isPartOut) this.#finish();
    else if (this.#length > PART_BYTES && !this.#isPartOut) this.#tellPart();
    this.#progressed();
  }

  #finish(): void {
    this.isUnderWay = false;
    const executed = this.order.head.count - this.#told - this.#returned;
    this.#session.done(this.order.id, executed, this.#buffer.subarray(0, this.#length));
    this.#clear();
  }

  #tellPart(): void {
    const replies = this.#buffer.subarray(0, this.#length);
    const count = countReplies(replies);
    this.#told += count;
    this.#isPartOut = true;
    this.#session.part(this.order.id, count, replies);
    this.#clear();
  }

  #clear(): void {
    this.#length = 0;
    if (this.#buffer.length > BUFFER_BYTES_KEPT_MAX) this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  }

  // ---- As the connection of its client ----

  get pendingBytes(): number {
    return this.#isPartOut ? this.#length + 1 : this.#length;
  }

  write(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  pauseReading(): void {}

  resumeReading(): void {}

  setKeepAlive(): void {}

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.closed();
  }

  destroy(): void {
    this.close();
  }
}
