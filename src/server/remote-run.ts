/**
 * A session in which runs of another node's commands are executed, one after the other: a client whose connection is the run
 * itself. What it replies is gathered, and told when the run is through or when it has become so much that the other side
 * must take it first.
 */
import {
  FRAME_BYTES_MAX,
  MARKED,
  NO_TOUCH,
  QUORUM,
  RESP3,
  type RunHead,
  TRACKED,
} from "../cluster/peer-frames.js";
import type { PeerSession } from "../cluster/served-peer.js";
import { SeenMarks } from "../cluster/stream-mark.js";
import type { WaitEnd } from "../commands/blocking.js";
import type { Connection } from "../host/network.js";
import { DATABASE_OUT_OF_RANGE, REPLY_TOO_LARGE } from "../protocol/reply-error.js";
import { countReplies } from "../protocol/reply-scanner.js";
import type { Tracker } from "../tracking/tracker.js";
import type { Client } from "./client.js";
import type { Server } from "./server.js";

/** Replies are told in parts of at least so many bytes. Less than what congests a client, so that one is told before it waits. */
const PART_BYTES = 256 * 1024;
const BUFFER_BYTES_MIN = 4 * 1024;
const BUFFER_BYTES_KEPT_MAX = 64 * 1024;
/** What a frame has room for, its head left out. */
const REPLIES_BYTES_MAX = FRAME_BYTES_MAX - 64;

/** A run and when it must be begun. */
export interface RunOrder {
  readonly id: number;
  readonly head: RunHead;
  /** In monotonic milliseconds. Put off while whoever sent it does not take replies. */
  deadlineMs: number;
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
  readonly #server: Server;
  readonly #client: Client;
  readonly #session: PeerSession;
  /** The calling node as one who tracks keys; null if none can. */
  readonly #tracker: Tracker | null;
  /** For whom the run is executed. */
  readonly #sender: { readonly node: number; session: number };
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
  /** The other side knows that the last command waits. */
  #isParkedTold = false;
  /** It is to wait no longer, should it begin to do so once more. */
  #calledOff: WaitEnd | null = null;
  #isClosed = false;

  constructor({ server, session, progressed }: RemoteRunOptions) {
    this.remote = session.remote;
    this.#server = server;
    this.#session = session;
    this.#progressed = () => progressed(this);
    this.#client = server.admit(this);
    this.#client.runsErrands = true;
    this.#client.link = session;
    const { relay } = server.state.tracking;
    const node = relay?.numberOf(session.peer.nodeId) ?? 0;
    this.#tracker = relay?.trackerOf(node) ?? null;
    this.#client.sender = this.#sender = { node, session: 0 };
    this.#client.progressed = () => this.#progress();
  }

  /** Whether all of the run that will be executed is. Its replies may wait. */
  get isThrough(): boolean {
    return !this.isUnderWay || this.#client.isThrough;
  }

  /** Whether its last command waits for a key, and the other side knows. */
  get isParked(): boolean {
    return this.isUnderWay && this.#isParkedTold && this.#client.isParked;
  }

  /** Whether it can go on only when the other side has taken what it was told. */
  get isHeldUp(): boolean {
    return this.#isPartOut;
  }

  /** Executes a run: the requests are `bytes[start, end)`, valid during the call only. */
  begin(order: RunOrder, bytes: Buffer, start: number, end: number): void {
    const client = this.#client;
    const { count, database, flags, hops } = order.head;
    if (database >= this.#server.keyspace.databases.length) {
      this.#session.done(order.id, count, errors(DATABASE_OUT_OF_RANGE, count));
      return;
    }
    this.order = order;
    this.isUnderWay = true;
    this.#told = 0;
    this.#returned = 0;
    this.#isParkedTold = false;
    this.#calledOff = null;
    client.database = database;
    client.resp = (flags & RESP3) !== 0 ? 3 : 2;
    const noTouch = (flags & NO_TOUCH) !== 0;
    if (client.noTouch !== noTouch) client.noTouch = noTouch;
    const consistency = (flags & QUORUM) !== 0 ? "quorum" : "one";
    if (client.consistency !== consistency) client.consistency = consistency;
    const tracker = (flags & TRACKED) !== 0 ? this.#tracker : null;
    if (client.standIn !== tracker) client.standIn = tracker;
    this.#sender.session = order.head.session;
    client.marks = (flags & MARKED) !== 0 ? new SeenMarks(true) : null;
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

  /** Its last command is to wait no longer. */
  unpark(end: WaitEnd): void {
    this.#calledOff = end;
    this.#client.unpark(end);
  }

  /** The part that was told is taken. */
  goOn(): void {
    if (!this.#isPartOut) return;
    this.#isPartOut = false;
    this.#client.deadlineMs = this.order.deadlineMs;
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
    else if (client.isParked) this.#tellParked();
    this.#progressed();
  }

  /** The replies to what came before it do not wait with it. */
  #tellParked(): void {
    if (this.#calledOff !== null) {
      this.#client.unpark(this.#calledOff);
      return;
    }
    if (this.#length > 0 && !this.#isPartOut) this.#tellPart();
    if (this.#isParkedTold) return;
    this.#isParkedTold = true;
    this.#session.parked(this.order.id, this.#client.parking.wait!);
    // Many may wait, and for long.
    if (this.#length === 0) this.#buffer = NO_BUFFER;
  }

  #finish(): void {
    this.isUnderWay = false;
    const executed = this.order.head.count - this.#told - this.#returned;
    this.#tellMarks();
    this.#session.done(this.order.id, executed, this.#replies(executed));
    this.#clear();
  }

  #tellPart(): void {
    const count = countReplies(this.#buffer.subarray(0, this.#length));
    this.#told += count;
    this.#isPartOut = true;
    this.#tellMarks();
    this.#session.part(this.order.id, count, this.#replies(count));
    this.#clear();
  }

  /** How far this node is, and those that it has passed something on to. */
  #tellMarks(): void {
    const { marks } = this.#client;
    if (marks === null) return;
    const own = this.#server.state.replicaReads.mark(this.#session.peer.nodeId);
    if (own !== undefined) this.#session.mark(this.order.id, own);
    for (const mark of marks.all) this.#session.mark(this.order.id, mark);
  }

  #replies(count: number): Buffer {
    if (this.#length > REPLIES_BYTES_MAX) return errors(REPLY_TOO_LARGE, count);
    return this.#buffer.subarray(0, this.#length);
  }

  #clear(): void {
    this.#length = 0;
    const { length } = this.#buffer;
    if (length > BUFFER_BYTES_KEPT_MAX || length < BUFFER_BYTES_MIN)
      this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  }

  // ---- As the connection of its client ----

  /** What is less than a part is as good as taken: nobody would ask for it. */
  get pendingBytes(): number {
    return this.#isPartOut || this.#length > PART_BYTES ? this.#length + 1 : 0;
  }

  write(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.length, BUFFER_BYTES_MIN));
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

  /** The server closes, and all replies have left: what was not executed will not be. */
  close(): void {
    if (this.isUnderWay && !this.#isPartOut && !this.#isClosed) {
      const replies = this.#buffer.subarray(0, this.#length);
      this.#tellMarks();
      this.#session.done(this.order.id, countReplies(replies), replies);
    }
    this.destroy();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.closed();
  }
}

const NO_BUFFER = Buffer.alloc(0);

function errors(line: string, count: number): Buffer {
  return Buffer.from(`-${line}\r\n`.repeat(count));
}
