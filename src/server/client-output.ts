/**
 * What a client is told: replies in the order of its commands, and messages between them. The replies of one turn leave with one write; those
 * that must wait are held, and what stands behind them too. A client that does not take what it is told is congested: then no
 * further command of its is executed, and beyond the output limits it is closed.
 */
import type { Connection } from "../host/network.js";
import { Notice } from "./awaited-replies.js";
import { HeldReplies } from "./held-replies.js";
import type { Corked } from "./reply-cork.js";
import type { Holder } from "./reply-gate.js";
import type { Server } from "./server.js";

/** While replies that are not yet taken need so many bytes, no further command of the client is executed. */
const PENDING_REPLY_BYTES_MAX = 1024 * 1024;
/** So many bytes of replies leave though others that were asked for with them are still to come. */
const CORKED_BYTES_MAX = 16 * 1024;
/** Replies are sent on when so many have gathered within one read. */
const REPLY_CHUNK_BYTES = 256 * 1024;
const MILLIS_PER_SECOND = 1000;

/** Whose output it is. */
export interface OutputOwner {
  readonly remote: string;
  /** It is no user: no limit closes it while it executes. */
  readonly isInsider: boolean;
  /** Nothing more of it is executed. */
  readonly isOver: boolean;
  /** It is told what it did not ask for. */
  readonly isSubscriber: boolean;
  readonly isMonitor: boolean;
  /** A command of it is at hand. */
  readonly isExecuting: boolean;
  /** Its last command waits for as long as it pleases, at another node or for others. */
  readonly waitsAway: boolean;
  close(soft: boolean): void;
  /** The last reply has left. */
  closeConnection(): void;
  /** What was sent is taken: others may send more, or, without room, what those before it wait for. */
  relieved(hasRoom: boolean): void;
  /** It is congested no longer. */
  resume(): void;
  /** Something that had to wait got on. */
  progressed(): void;
}

export interface ClientOutputOptions {
  readonly owner: OutputOwner;
  readonly connection: Connection;
  readonly server: Server;
}

export class ClientOutput implements Corked, Holder {
  /** Whether `ReplyCork` has it on its list. */
  isCorked = false;
  /** More replies wait to be sent than the client may have. */
  isCongested = false;
  readonly #owner: OutputOwner;
  readonly #connection: Connection;
  readonly #server: Server;
  /** Replies that wait; null as long as none ever did. */
  #held: HeldReplies | null = null;
  /** Messages that it is still to be told, behind the reply of the command at hand if it has one. */
  #heard: Buffer[] = [];
  #heardBytes = 0;
  /** What waited to be sent when that was asked last. */
  #bytesBefore = 0;
  /** Since when the soft limit has been exceeded, in monotonic milliseconds. */
  #overSoftSinceMs = 0;

  constructor({ owner, connection, server }: ClientOutputOptions) {
    this.#owner = owner;
    this.#connection = connection;
    this.#server = server;
  }

  /** What waits to be sent. */
  get byteLength(): number {
    const held = this.#held === null ? 0 : this.#held.byteLength;
    return this.#connection.pendingBytes + this.#heardBytes + held;
  }

  /** The same with what it takes to keep it. */
  get memoryBytes(): number {
    return this.#waitingBytes + this.#heardBytes;
  }

  /** Replies that wait: a short one may take many times its bytes. */
  get #waitingBytes(): number {
    return this.#connection.pendingBytes + (this.#held === null ? 0 : this.#held.memoryBytes);
  }

  /** Whether there are replies that wait for something. */
  get isHolding(): boolean {
    return this.#held !== null && !this.#held.isEmpty;
  }

  /** Whether there are messages that it is still to be told. */
  get hasHeard(): boolean {
    return this.#heard.length > 0;
  }

  /** Whether what waits to be sent has become more, or less, since this was asked last. */
  get hasMoved(): boolean {
    const before = this.#bytesBefore;
    this.#bytesBefore = this.byteLength;
    return this.#bytesBefore !== before;
  }

  /** Where replies are held. */
  get held(): HeldReplies {
    this.#held ??= new HeldReplies();
    return this.#held;
  }

  /** Nobody takes anything any more. */
  drop(): void {
    this.#held = null;
  }

  // ---- Replies ----

  /** Hands the replies gathered so far to the connection, or keeps them as long as they must wait. */
  send(): void {
    const server = this.#server;
    const { byteLength } = server.reply;
    if (byteLength === 0) return;
    if (server.gate.isHolding || this.isHolding) {
      this.#hold();
      return;
    }
    const connection = this.#connection;
    server.state.stats.outputBytes += byteLength;
    server.reply.sendTo(connection);
    if (connection.pendingBytes > 0) this.#limit();
  }

  /** The same if they are many. */
  sendMany(): void {
    if (this.#server.reply.byteLength > REPLY_CHUNK_BYTES) this.send();
  }

  /** The same if they are not so few that they may leave with those of the command at hand, which is executed elsewhere. */
  sendAhead(): void {
    const { reply, cork } = this.#server;
    const { byteLength } = reply;
    if (byteLength > 0 && byteLength <= CORKED_BYTES_MAX) {
      this.#hold();
      cork.add(this);
    } else {
      this.send();
    }
  }

  /** Sends replies that came from another node, and behind which nothing waits. */
  sendRaw(bytes: Buffer, start: number, end: number): void {
    this.#server.reply.raw(bytes, start, end);
    this.send();
    if (this.#owner.isOver) this.#owner.closeConnection();
  }

  /** Replies that could leave wait, for a moment, for others that were asked for together with them. */
  cork(): void {
    if (this.byteLength > CORKED_BYTES_MAX) this.release();
    else this.#server.cork.add(this);
  }

  /** The moment is over. */
  uncork(): void {
    try {
      this.release();
    } catch (error) {
      this.#server.stop(error);
    }
  }

  /** What replies wait for has got on, or has failed: sends those that no longer have to wait. */
  release(): void {
    const held = this.#held;
    if (held === null) return;
    const { gate, state } = this.#server;
    const connection = this.#connection;
    const released = held.release(gate, (line) => state.countError(line));
    if (held.isEmpty) gate.forget(this);
    else gate.expect(held.deadlineMs(gate.nowMs));
    for (const bytes of released) {
      state.stats.outputBytes += bytes.length;
      connection.write(bytes);
    }
    this.passMessages();
    if (connection.pendingBytes > 0) this.#limit();
    if (this.#owner.isOver) this.#owner.closeConnection();
    else this.relieve();
    this.#owner.progressed();
  }

  /** Does something when all replies so far have left, which may be at once. */
  afterReplies(act: () => void): void {
    // What it is replied now leaves, or is held, when its turn is over.
    if (this.#owner.isExecuting) this.#server.parking.afterTurn(() => this.afterReplies(act));
    else if (this.isHolding && !this.#isWaitingOnly) this.#held!.pushNotice(new Notice(act));
    else act();
  }

  /** No reply is to come but that of a command which waits for as long as it pleases: no message waits with it. */
  get #isWaitingOnly(): boolean {
    return this.#owner.waitsAway && this.#held!.isLastAwaited;
  }

  /** Lets messages pass that came before it was known that it does. */
  passMessages(): void {
    if (this.#held === null || this.#owner.isOver || !this.#isWaitingOnly) return;
    for (const held of this.#held.takeMessages()) {
      if (held instanceof Notice) held.act();
      else for (const bytes of held.parts) this.tell(bytes);
    }
  }

  /** Keeps the replies gathered so far: they leave with those that follow, or in a moment. */
  #hold(): void {
    this.held.push(this.#server.gate.hold(this));
    this.#limit();
  }

  // ---- Messages ----

  /** Gets a message: behind the reply of the command at hand, or with all that comes in this turn of the loop. */
  hear(message: Buffer): void {
    if (this.#owner.isOver) return;
    if (this.#heard.length === 0) this.#server.deliveries.add(this);
    this.#heard.push(message);
    this.#heardBytes += message.length;
    this.#limit();
  }

  /** Is told what it heard. */
  deliver(): void {
    const heard = this.#takeHeard();
    if (heard.length === 0) return;
    try {
      if (heard.length === 1) this.tell(heard[0]!);
      else this.tell(Buffer.concat(heard));
    } catch (error) {
      this.#server.stop(error);
    }
  }

  /** Writes what it heard into the reply at hand. */
  replyHeard(): void {
    const { reply } = this.#server;
    for (const message of this.#takeHeard()) reply.raw(message, 0, message.length);
  }

  /** Sends what is no reply, behind the replies so far. */
  tell(bytes: Buffer): void {
    if (this.#owner.isOver) return;
    if (this.isHolding && !this.#isWaitingOnly) {
      this.#held!.pushPlain(bytes);
    } else {
      this.#server.state.stats.outputBytes += bytes.length;
      this.#connection.write(bytes);
    }
    this.#limit();
  }

  #takeHeard(): readonly Buffer[] {
    const heard = this.#heard;
    if (heard.length === 0) return NO_MESSAGES;
    this.#heard = [];
    this.#heardBytes = 0;
    return heard;
  }

  // ---- Limits ----

  /** Goes on once what was replied has left, or nearly all of what waits for the log. */
  relieve(): void {
    const { pendingBytes } = this.#connection;
    const hasRoom = this.#waitingBytes <= PENDING_REPLY_BYTES_MAX;
    if (pendingBytes <= PENDING_REPLY_BYTES_MAX) this.#owner.relieved(hasRoom);
    if (!this.isCongested || this.#connection.pendingBytes > 0) return;
    if (this.#waitingBytes > PENDING_REPLY_BYTES_MAX) return;
    this.isCongested = false;
    this.#owner.resume();
  }

  /** A few times a second: the limits that hold over a time, and those that something else has changed. */
  check(nowMs: number): void {
    const { byteLength } = this;
    const { hardBytes, softBytes, softSeconds } = this.#limits;
    if (hardBytes > 0 && byteLength > hardBytes) this.#closeOver("hard");
    else if (softBytes === 0 || byteLength <= softBytes) this.#overSoftSinceMs = 0;
    else if (this.#overSoftSinceMs === 0) this.#overSoftSinceMs = nowMs;
    else if (nowMs - this.#overSoftSinceMs > softSeconds * MILLIS_PER_SECOND) this.#closeOver("soft");
  }

  #limit(): void {
    const { byteLength } = this;
    const { hardBytes } = this.#limits;
    if (hardBytes > 0 && byteLength > hardBytes && !this.#owner.isInsider) this.#closeOver("hard");
    else if (this.#waitingBytes > PENDING_REPLY_BYTES_MAX && !this.isCongested) {
      this.isCongested = true;
      this.#connection.pauseReading();
    }
  }

  /** Who monitors is told what it did not ask for, as subscribers are. */
  get #limits() {
    const { normal, pubsub } = this.#server.config.current.clientOutputBufferLimits;
    return this.#owner.isSubscriber || this.#owner.isMonitor ? pubsub : normal;
  }

  #closeOver(which: "hard" | "soft"): void {
    const owner = this.#owner;
    if (owner.isOver) return;
    this.#server.log.warn(`closing a client that exceeded the ${which} client-output-buffer-limit`, {
      client: owner.remote,
      bytes: this.byteLength,
    });
    owner.close(false);
  }
}

const NO_MESSAGES: readonly Buffer[] = [];
