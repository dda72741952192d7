/**
 * A run: commands of one client, in order, that another node is to execute, as the node sees it that the client is connected
 * to. Replies come as raw bytes, for the first commands or for all; of the others it is known that they were not executed, or
 * nothing is known.
 */
import { skipReplies } from "../protocol/reply-scanner.js";
import type { Route } from "./slot-routes.js";
import type { StreamMark } from "./stream-mark.js";

/**
 * - `open`: commands are being added; `waiting`: the link has not sent it yet; `sent`.
 * - `done`: all that will be executed was, and is answered: `answered` commands. The others were not executed.
 * - `in-doubt`: nothing more will be heard. Commands that are not answered may have been executed, or may still be.
 */
export type RunState = "open" | "waiting" | "sent" | "done" | "in-doubt";

/** What a run's commands are executed with. */
export interface RunContext {
  readonly database: number;
  /** Bits of `peer-frames.ts`. */
  readonly flags: number;
}

/** Memory of a run, and of those beside it. */
export class RunBlock {
  readonly bytes: Buffer;
  /** Runs in it whose requests may still be asked for. */
  held = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** Why a command is to wait no longer at another node: `recall`, for nobody wants its reply. */
export type ParkedEnd = "error" | "recall" | "timeout";

/** What the other node says of the last command of a run that waits for a key there. */
export interface ParkedRequest {
  /** How long it may wait in all. */
  readonly timeoutMs: number;
  /** What is to be executed instead of it, should another node have to. */
  readonly request?: Buffer;
}

/** Whose commands they are. */
export interface RunOwner extends RunContext {
  /** Tells it apart from the other clients of this node. */
  readonly id: number;
  /** How often its commands have been passed on before. */
  readonly hops: number;
  /** By when, in monotonic milliseconds, what it sends now must be executed. */
  readonly deadlineMs: number;
  /** What the replies that come next tell of lies before this mark. Only of a run that asks for it. */
  runMarked(run: Run, mark: StreamMark): void;
  /** The last command of the run waits: `run.parked` says how long it may. It may do so for as long as it pleases: the run has no deadline. */
  runParked(run: Run): void;
  /** Replies to `count` more commands came, `bytes[start, end)`, valid during the call only. The state says whether more will. */
  runAnswered(run: Run, count: number, bytes: Buffer, start: number, end: number): void;
  /** Nothing more will come: the state says what that means. */
  runEnded(run: Run): void;
}

/** What takes a run to the other node. */
export interface RunCarrier {
  /** Adds a scanned request to an open run if it stands behind the last one in the same buffer; false if it does not. */
  extend(run: Run, bytes: Buffer, marks: Int32Array, count: number): boolean;
  /** The run is complete: it leaves when the turn is over. */
  end(run: Run): void;
  /** The replies that came in parts are taken: more may be made. */
  goOn(run: Run): void;
  /** What waits there waits no longer: it is answered soon. After `recall` nothing more is heard of the run. */
  unpark(run: Run, end: ParkedEnd): void;
}

export class Run implements RunContext {
  state: RunState = "open";
  readonly owner: RunOwner;
  readonly route: Route;
  readonly carrier: RunCarrier;
  readonly database: number;
  readonly flags: number;
  readonly hops: number;
  /** While its owner does not take what came it is put off. */
  deadlineMs: number;
  /** What was left until then when it was complete. */
  remainingMs = 0;
  /** A part of its replies came, and more are to be made only when its owner has taken that. */
  isParted = false;
  /** Its last command waits for a key; null if nothing was heard of that. */
  parked: ParkedRequest | null = null;
  /** Whether it counts among what is in flight by its link. */
  isCounted = false;
  /** Commands in it, and how many of them are answered, the first ones. */
  count = 0;
  answered = 0;
  /** The number of its frame. */
  id = 0;
  /** Its frame lies at `block.bytes[start, end)`; the requests begin at `requestsAt`. They stay there until all are answered. */
  block: RunBlock = NO_BLOCK;
  start = 0;
  requestsAt = 0;
  end = 0;
  /** What its owner has counted of its bytes. */
  chargedBytes = 0;
  /** Its owner's number of the turn in which it was begun. */
  turn = 0;
  /** Replies that came and whose turn it is not yet: those to the next `keptCount` commands. */
  keptCount = 0;
  #kept = NOTHING;

  constructor(owner: RunOwner, route: Route, carrier: RunCarrier) {
    this.owner = owner;
    this.route = route;
    this.carrier = carrier;
    this.database = owner.database;
    this.flags = owner.flags;
    this.hops = owner.hops;
    this.deadlineMs = owner.deadlineMs;
  }

  get byteLength(): number {
    return this.end - this.start;
  }

  get isOver(): boolean {
    return this.state === "done" || this.state === "in-doubt";
  }

  /** The requests, one behind the other, as long as not all are answered. */
  get requests(): Buffer {
    return this.block.bytes.subarray(this.requestsAt, this.end);
  }

  /** Lets its requests lie in memory of their own, and leaves the block that they lay in. */
  leaveBlock(): void {
    const requests = Buffer.allocUnsafeSlow(this.end - this.requestsAt);
    this.requests.copy(requests);
    this.block = new RunBlock(requests);
    this.start = this.requestsAt = 0;
    this.end = requests.length;
  }

  /** Keeps replies to `count` more commands, which it copies. */
  keep(count: number, bytes: Buffer, start: number, end: number): void {
    const came = bytes.subarray(start, end);
    this.#kept = this.#kept.length === 0 ? Buffer.from(came) : Buffer.concat([this.#kept, came]);
    this.keptCount += count;
  }

  /** Takes the replies to the next `count` commands, or as many as are there. */
  take(count: number): Buffer {
    const kept = this.#kept;
    if (count >= this.keptCount) {
      this.#kept = NOTHING;
      this.keptCount = 0;
      return kept;
    }
    const end = skipReplies(kept, 0, count);
    this.#kept = kept.subarray(end);
    this.keptCount -= count;
    return kept.subarray(0, end);
  }
}

const NOTHING = Buffer.alloc(0);
const NO_BLOCK = new RunBlock(NOTHING);
