/** One link from the end that answers: greeting, requests in, answers out. What is answered in a turn leaves with one write. */
import type { Connection, ConnectionEvents } from "../host/network.js";
import type { Cancel } from "../host/timers.js";
import { OutgoingFrames } from "./outgoing-frames.js";
import { PeerChannel } from "./peer-channel.js";
import {
  ANSWER,
  ANSWERED,
  ASK,
  DONE,
  DONE_HEAD_BYTES,
  FAILED,
  GO_ON,
  MARK,
  PARKED,
  PARKED_ENDS,
  PARKED_HEAD_BYTES,
  PART,
  RUN,
  RUN_HEAD_BYTES,
  readNamed,
  readRunHead,
  TELL,
  UNKNOWN_SERVICE,
  UNPARK,
} from "./peer-frames.js";
import {
  HELLO_BYTES,
  judge,
  PEER_VERSION,
  type PeerIdentity,
  readHello,
  SALT_BYTES,
  writeWelcome,
} from "./peer-hello.js";
import type { PeerServerCounters, PeerServerOptions, RunServer } from "./peer-server.js";
import type { ParkedRequest } from "./run.js";
import { ServiceRefusal } from "./service-refusal.js";
import { type StreamMark, writeMark } from "./stream-mark.js";

/** From connect to greeting, or to the proof if there is a secret. */
const GREETING_MS_MAX = 3000;

export type RefusalKind = keyof PeerServerCounters["refused"];

/** Where the answers to the runs of a link go. */
export interface PeerSession {
  readonly peer: PeerIdentity;
  /** Where the link comes from, for people. */
  readonly remote: string;
  /** Bytes of answers that the link has not taken yet. */
  readonly pendingBytes: number;
  /** Answers a run whose first `executed` commands were executed. The bytes may be used again. */
  done(id: number, executed: number, replies: Buffer): void;
  /** What the run's next replies tell of lies before this mark. */
  mark(id: number, mark: StreamMark): void;
  /** Tells replies of so many more commands; others are to be executed once `goOn` comes. */
  part(id: number, executed: number, replies: Buffer): void;
  /** Tells that the last command of a run waits for a key. */
  parked(id: number, parked: ParkedRequest): void;
}

export interface ServedPeerEvents {
  greeted(): void;
  /** Its first request is about to be served. */
  spoke(): void;
  refused(kind: RefusalKind): void;
  closed(wasGreeted: boolean): void;
}

export class ServedPeer implements ConnectionEvents, PeerSession {
  peer: PeerIdentity = { cluster: "", nodeId: "", boot: 0 };
  readonly remote: string;
  readonly #connection: Connection;
  readonly #options: PeerServerOptions;
  readonly #events: ServedPeerEvents;
  #hello = Buffer.alloc(0);
  #channel: PeerChannel | undefined;
  #runs: RunServer | undefined;
  /** Nothing more is heard or said. */
  #isOver = false;
  #hasSpoken = false;
  /** Those who executed its runs know that too. */
  #isEnded = false;
  /** Answers that leave when the turn is over. */
  readonly #frames = new OutgoingFrames();
  #isFlushDue = false;
  #cancelGreeting: Cancel;

  constructor(connection: Connection, options: PeerServerOptions, events: ServedPeerEvents) {
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
    this.remote = connection.remote;
    this.#cancelGreeting = options.host.timers.after(GREETING_MS_MAX, () => this.refuse("stranger"));
  }

  /** Whether the caller is known to be `peer`. */
  get isGreeted(): boolean {
    return this.#runs !== undefined;
  }

  /** Whether it waits for the answer to a run. */
  get isServing(): boolean {
    return !this.#isOver && this.#runs?.isServing === true;
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes + this.#frames.byteLength;
  }

  received(bytes: Buffer, length: number): void {
    if (this.#isOver) return;
    if (this.#channel !== undefined) {
      this.#channel.received(bytes, 0, length);
      return;
    }
    const taken = Math.min(length, HELLO_BYTES - this.#hello.length);
    this.#hello = Buffer.concat([this.#hello, bytes.subarray(0, taken)]);
    if (this.#hello.length < HELLO_BYTES) return;
    const channel = this.#greet();
    if (taken < length) channel?.received(bytes, taken, length);
  }

  drained(): void {
    this.#runs?.drained();
  }

  closed(): void {
    this.#end();
    this.#events.closed(this.isGreeted);
  }

  refuse(kind: RefusalKind): void {
    if (this.#isOver) return;
    this.#events.refused(kind);
    this.close();
  }

  /** From here on nothing is executed any more, and nothing answered. */
  close(): void {
    this.#end();
    this.#connection.destroy();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isOver = this.#isEnded = true;
    this.#cancelGreeting();
    this.#channel?.stop();
    this.#runs?.closed();
  }

  // ---- Answers ----

  done(id: number, executed: number, replies: Buffer): void {
    this.#reply(DONE, id, executed, replies);
  }

  part(id: number, executed: number, replies: Buffer): void {
    this.#reply(PART, id, executed, replies);
  }

  parked(id: number, { timeoutMs, request = NOTHING }: ParkedRequest): void {
    const head = Buffer.alloc(PARKED_HEAD_BYTES);
    head.writeDoubleLE(timeoutMs);
    this.#send(PARKED, id, head, request);
  }

  mark(id: number, mark: StreamMark): void {
    this.#send(MARK, id, writeMark(mark));
  }

  #reply(kind: number, id: number, executed: number, replies: Buffer): void {
    if (this.#isOver) return;
    const frames = this.#frames;
    const at = frames.begin({ kind, id, payloadBytes: DONE_HEAD_BYTES + replies.length });
    frames.bytes.writeUInt32LE(executed, at);
    replies.copy(frames.bytes, at + DONE_HEAD_BYTES);
    this.#flushSoon();
  }

  #answer(id: number, outcome: number, body: Uint8Array): void {
    this.#send(ANSWER, id, Uint8Array.of(outcome), body);
  }

  #send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    if (this.#isOver) return;
    this.#frames.add(kind, id, ...parts);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.host.timers.afterTurn(() => {
      this.#isFlushDue = false;
      if (!this.#isOver) this.#frames.sendBy((frames) => this.#channel?.send(frames) ?? true);
    });
  }

  // ---- Greeting ----

  /** The channel, if the caller is welcome. */
  #greet(): PeerChannel | undefined {
    const { self, secrecy, host } = this.#options;
    const hello = readHello(this.#hello);
    if (hello === undefined) {
      this.refuse("stranger");
      return undefined;
    }
    const isSealed = secrecy !== null;
    const verdict = judge(hello, { ...self, isSealed });
    const salt = Uint8Array.from(host.random.bytes(SALT_BYTES));
    const welcome = writeWelcome({ ...self, verdict, version: PEER_VERSION, isSealed, salt });
    this.#connection.write(welcome);
    if (verdict !== "welcome") {
      // Closed so that the verdict arrives.
      this.#isOver = true;
      this.#events.refused(verdict);
      this.#connection.close();
      return undefined;
    }
    this.peer = { cluster: hello.cluster, nodeId: hello.nodeId, boot: hello.boot };
    this.#channel = new PeerChannel({
      connection: this.#connection,
      secrecy,
      own: welcome,
      peers: this.#hello,
      events: {
        proven: () => this.#greeted(),
        frame: (kind, id, bytes, start, end) => this.#frame(kind, id, bytes, start, end),
        damaged: (isUnproven) => this.refuse(isUnproven ? "secret" : "damaged"),
      },
    });
    if (!this.#channel.proves) this.#greeted();
    return this.#channel;
  }

  #greeted(): void {
    this.#cancelGreeting();
    this.#runs = this.#options.serve(this);
    this.#events.greeted();
  }

  // ---- Requests ----

  #frame(kind: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (!this.#hasSpoken) {
      this.#hasSpoken = true;
      this.#events.spoke();
    }
    if (!this.#take(kind, id, bytes, start, end)) this.refuse("damaged");
  }

  /** False if it makes no sense. */
  #take(kind: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const runs = this.#runs!;
    if (kind === RUN) {
      const head = readRunHead(bytes, start, end);
      if (head === undefined) return false;
      return runs.run(id, head, bytes, start + RUN_HEAD_BYTES, end);
    } else if (kind === GO_ON) {
      runs.goOn(id);
    } else if (kind === UNPARK) {
      const parkedEnd = end - start === 1 ? PARKED_ENDS[bytes[start]!] : undefined;
      if (parkedEnd === undefined) return false;
      runs.unpark(id, parkedEnd);
    } else if (kind === ASK || kind === TELL) {
      const named = readNamed(bytes, start, end);
      if (named === undefined) return false;
      void this.#serve(kind === ASK ? id : undefined, named.name, named.body);
    } else {
      return false;
    }
    return true;
  }

  /** Never rejects. */
  async #serve(id: number | undefined, name: string, body: Buffer): Promise<void> {
    const service = this.#options.services.get(name);
    if (service === undefined) {
      if (id !== undefined) this.#answer(id, UNKNOWN_SERVICE, NOTHING);
      return;
    }
    try {
      const answer = await service(body, this.peer);
      if (id !== undefined) this.#answer(id, ANSWERED, answer);
    } catch (error) {
      if (!(error instanceof ServiceRefusal)) {
        this.#options.host.log.error("a service for other nodes failed", {
          service: name,
          error: String(error),
        });
      }
      if (id !== undefined) this.#answer(id, FAILED, NOTHING);
    }
  }
}

const NOTHING = Buffer.alloc(0);
