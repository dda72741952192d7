/**
 * One client: who it is, what it has chosen, and what guards and commands may know of it. Its parts do the rest: `input` has executed what it sends,
 * `output` tells it what is replied, `parking` is how it waits for keys, and `elsewhere` what other nodes execute for it. They reach each other through it.
 *
 * Long because it is all that is asked of a session, one thing after the other.
 */

import { SeenMarks } from "../cluster/stream-mark.js";
import type { User } from "../commands/acl/access-control.js";
import type { WaitEnd } from "../commands/blocking.js";
import type { Consistency, Session, Transaction } from "../commands/session.js";
import type { Connection, ConnectionEvents } from "../host/network.js";
import type { Protocol, SubscriptionCounts } from "../pubsub/subscriber.js";
import type { Sender, Tracker, Writer } from "../tracking/tracker.js";
import type { AcknowledgementWait } from "./acknowledgements.js";
import { ClientElsewhere } from "./client-elsewhere.js";
import { ClientInput } from "./client-input.js";
import { ClientOutput, type OutputOwner } from "./client-output.js";
import { ClientParking } from "./client-parking.js";
import type { ClientTracking } from "./client-tracking.js";
import { type Entry, WRITE } from "./command-index.js";
import type { WatchElsewhere } from "./gatherer.js";
import type { QuorumQuestion } from "./quorum-guard.js";
import { NO_SLOT, sameSlot } from "./router.js";
import type { Server } from "./server.js";
import type { WrittenSlots } from "./written-slots.js";

/** Bits of `hurdles`. */
const UNAUTHENTICATED = 1;
const IN_TRANSACTION = 2;
const NOT_REPLYING = 4;
const NOT_TOUCHING = 8;
const AT_QUORUM = 16;
const READING_REPLICAS = 32;
/** There is something that its user may not do. */
const RESTRICTED = 64;
const SUBSCRIBED = 128;
/** What it reads is tracked, or may be. */
const TRACKING = 256;

export class Client implements ConnectionEvents, OutputOwner, Session, Writer {
  readonly input: ClientInput;
  readonly output: ClientOutput;
  readonly parking: ClientParking;
  readonly elsewhere: ClientElsewhere;
  /** The replies in the writer that all clients share are this client's: what is replied now leaves when its turn is over. */
  isExecuting = false;
  /** Not zero if a guard must look at each command of this client. */
  hurdles = 0;
  keysChanged = false;
  readonly createdMs: number;
  readonly remote: string;
  readonly local: string;
  readonly isUnix: boolean;
  readonly isLoopback: boolean;
  name = "";
  libraryName = "";
  libraryVersion = "";
  database = 0;
  resp: Protocol = 2;
  noEvict = false;
  lastCommandMs: number;
  lastEntry: Entry | null = null;
  /** What `ClientEviction` has counted of this client's memory. */
  countedBytes = 0;
  /** How often what this client sends has been passed on before it came here; by when it must be executed, if that was said. */
  hops = 0;
  deadlineMs: number | undefined;
  /** A session that other nodes, or this one itself, send errands to (errands.ts). */
  runsErrands = false;
  /** Executes a part of what was asked elsewhere: it speaks for the slots of this node alone. */
  isPart = false;
  /** The link by which its commands come, if another node sends them. */
  link: object | null = null;
  sender: Sender | null = null;
  /** The slot of the keys that it watches: see `sameSlot`. */
  watchedSlot = NO_SLOT;
  watchedElsewhere: WatchElsewhere | null = null;
  /** The command at hand was executed, or sent, before as far as anybody can see. */
  isOfferingAgain = false;
  /** A command of it would have to be passed on once too often. */
  isTurnedBack = false;
  /** Where it has written, for WAIT; null while nobody else has copies, and for sessions that execute what others were sent. */
  written: WrittenSlots | null = null;
  /** What other nodes have shown it, if it reads at replicas or stands for a client that does. */
  marks: SeenMarks | null = null;
  /** What was asked of copies for the command at hand, if it was offered before. Null between commands. */
  question: QuorumQuestion | null = null;
  /** Set while it waits for other nodes to have what it wrote: WAIT. */
  acknowledgements: AcknowledgementWait | null = null;
  /** Hears whenever something that had to wait got on. */
  progressed: () => void = () => {};
  #authenticated = false;
  #user: User | null = null;
  #noTouch = false;
  #tracking: ClientTracking | null = null;
  #standIn: Tracker | null = null;
  #consistency: Consistency = "one";
  #replyMode: Session["replyMode"] = "on";
  #transaction: Transaction | null = null;
  /** No command of this client is executed any more. */
  #isClosing = false;
  /** Nobody takes replies any more. */
  #isGone = false;

  /** An insider calls from within the process, or stands for another node: it is no user, unless it logs in as one. */
  constructor(
    readonly id: number,
    private readonly connection: Connection,
    private readonly server: Server,
    readonly isInsider = false,
  ) {
    this.remote = connection.remote;
    this.local = connection.local;
    this.isUnix = connection.isUnix;
    this.isLoopback = connection.isLoopback;
    this.createdMs = this.lastCommandMs = server.nowMs;
    this.input = new ClientInput({ client: this, connection, server });
    this.elsewhere = new ClientElsewhere(this, server);
    this.parking = new ClientParking(this, server);
    this.output = new ClientOutput({ owner: this, connection, server });
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  get user(): User | null {
    return this.#user;
  }

  logIn(user: User): void {
    this.#become(user, true);
  }

  logOut(): void {
    const { access } = this.server.state;
    if (this.isInsider) this.#become(null, true);
    else this.#become(access.defaultUser, !access.asksForPassword);
  }

  /** Its user is no more. As in Redis it is who has not logged in, by whose rules is judged what may still be executed. */
  disown(): void {
    this.#become(this.server.state.access.defaultUser, false);
  }

  /** Whether it need not log in, or has. */
  get isLetIn(): boolean {
    return this.#authenticated || !this.server.state.access.asksForPassword;
  }

  /** Whether its user may not do everything. */
  get isRestricted(): boolean {
    return (this.hurdles & RESTRICTED) !== 0;
  }

  /** What its user may do has changed, perhaps. */
  reviewUser(): void {
    this.#setHurdle(RESTRICTED, this.#user?.rules.isUnlimited === false);
  }

  #become(user: User | null, isAuthenticated: boolean): void {
    this.#user = user;
    this.#authenticated = isAuthenticated;
    this.#setHurdle(UNAUTHENTICATED, !isAuthenticated);
    this.reviewUser();
  }

  get transaction(): Transaction | null {
    return this.#transaction;
  }

  set transaction(transaction: Transaction | null) {
    this.#transaction = transaction;
    this.#setHurdle(IN_TRANSACTION, transaction !== null);
  }

  get replyMode(): Session["replyMode"] {
    return this.#replyMode;
  }

  set replyMode(mode: Session["replyMode"]) {
    this.#replyMode = mode;
    this.#setHurdle(NOT_REPLYING, mode !== "on");
  }

  get noTouch(): boolean {
    return this.#noTouch;
  }

  set noTouch(on: boolean) {
    this.#noTouch = on;
    this.#setHurdle(NOT_TOUCHING, on);
  }

  get tracking(): ClientTracking | null {
    return this.#tracking;
  }

  set tracking(tracking: ClientTracking | null) {
    this.#tracking = tracking;
    this.#setHurdle(TRACKING, tracking !== null || this.#standIn !== null);
  }

  /** Who is told of what it reads, if it stands for somebody else; null if nobody is. */
  get standIn(): Tracker | null {
    return this.#standIn;
  }

  set standIn(tracker: Tracker | null) {
    this.#standIn = tracker;
    this.#setHurdle(TRACKING, tracker !== null || this.#tracking !== null);
  }

  /** Who is told when that changes which the command at hand reads; null if nobody is. */
  get tracker(): Tracker | null {
    const tracking = this.#tracking;
    if (tracking === null) return this.#standIn;
    return (this.isOfferingAgain ? this.elsewhere.isStrayTracked : tracking.remembers) ? tracking : null;
  }

  get consistency(): Consistency {
    return this.#consistency;
  }

  set consistency(level: Consistency) {
    this.#consistency = level;
    this.#setHurdle(AT_QUORUM, level === "quorum");
  }

  get readsReplicas(): boolean {
    return (this.hurdles & READING_REPLICAS) !== 0;
  }

  set readsReplicas(on: boolean) {
    if (on === this.readsReplicas) return;
    this.#setHurdle(READING_REPLICAS, on);
    this.marks = on ? new SeenMarks(this.elsewhere.runs === null) : null;
  }

  get isSubscriber(): boolean {
    return (this.hurdles & SUBSCRIBED) !== 0;
  }

  set isSubscriber(on: boolean) {
    this.#setHurdle(SUBSCRIBED, on);
  }

  get subscriptions(): SubscriptionCounts {
    return this.server.state.broker.local.countsOf(this);
  }

  get isMonitor(): boolean {
    return this.server.state.monitors.has(this);
  }

  set isMonitor(on: boolean) {
    this.server.state.setMonitor(this, on);
  }

  get lastCommand(): string {
    return this.lastEntry === null ? "NULL" : this.lastEntry.name;
  }

  /** Nothing more of it is executed. */
  get isOver(): boolean {
    return this.#isClosing;
  }

  /** Nobody takes its replies any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get queryBytes(): number {
    return this.input.byteLength;
  }

  get outputBytes(): number {
    return this.output.byteLength;
  }

  get memoryBytes(): number {
    const { transaction } = this;
    let bytes = OBJECT_BYTES + this.input.memoryBytes + this.output.memoryBytes + this.parking.memoryBytes;
    bytes += this.elsewhere.runs?.bytesInFlight ?? 0;
    if (transaction !== null) bytes += transaction.queuedBytes;
    if (this.isSubscriber) bytes += this.server.state.broker.local.bytesOf(this);
    return bytes;
  }

  watched(slot: number): void {
    this.watchedSlot = sameSlot(this.watchedSlot, slot);
  }

  unwatch(): void {
    const { watchedElsewhere } = this;
    this.forgetWatches();
    if (watchedElsewhere !== null) this.server.executor.elsewhere?.gatherer.release(watchedElsewhere);
  }

  /** The same where what it watches elsewhere is ended there. */
  forgetWatches(): void {
    this.server.keyspace.watchers.unwatch(this);
    this.watchedSlot = NO_SLOT;
    this.watchedElsewhere = null;
  }

  // ---- Its turns, and its end ----

  received(bytes: Buffer, length: number): void {
    this.input.receive(bytes, 0, length);
  }

  /** The same for requests that lie at `bytes[start, end)`. */
  receive(bytes: Buffer, start: number, end: number): void {
    this.input.receive(bytes, start, end);
  }

  /** A turn of it begins: sets the clocks. */
  beginTurn(): void {
    if (this.output.hasHeard) this.output.deliver();
    this.server.beginTurn();
    this.lastCommandMs = this.server.nowMs;
  }

  /** Whether nothing of it may be executed now. */
  get mustWait(): boolean {
    return (
      this.input.isPostponed ||
      this.parking.isHere ||
      this.output.isCongested ||
      this.elsewhere.runs?.blocks === true
    );
  }

  /** Goes on with what it has sent, as far as it must not wait. */
  resume(): void {
    this.input.resume();
  }

  drained(): void {
    this.output.relieve();
  }

  relieved(hasRoom: boolean): void {
    this.elsewhere.runs?.relieved(hasRoom);
  }

  closed(): void {
    this.#isClosing = true;
    this.#isGone = true;
    this.output.drop();
    this.elsewhere.runs?.drop();
    this.input.drop();
    this.server.removeClient(this);
    this.server.released(this);
  }

  get isParked(): boolean {
    return (
      this.parking.isHere || this.elsewhere.runs?.isParked === true || this.acknowledgements?.end === null
    );
  }

  get waitsAway(): boolean {
    return this.elsewhere.runs?.isParked === true || this.acknowledgements !== null;
  }

  unpark(end: WaitEnd): void {
    if (this.acknowledgements === null) this.parking.end(end);
    else this.acknowledgements.call(end);
  }

  /** Its command has waited, and its reply has left, or stands in the queue. */
  waited(): void {
    if (this.#tracking !== null && (this.lastEntry!.bits & WRITE) === 0) this.#tracking.waited();
  }

  /** Others are served whose keys the command at hand has changed. */
  serveParked(): void {
    const { parking, reply } = this.server;
    if (!parking.hasReady) return;
    this.output.send();
    parking.serve();
    reply.resp = this.resp;
  }

  close(soft: boolean): void {
    if (soft && this.#isClosing) return;
    this.#isClosing = true;
    // At once, so that CLIENT LIST and KILL in the same turn no longer see it.
    this.server.removeClient(this);
    if (!soft) {
      this.#isGone = true;
      this.output.drop();
      this.elsewhere.runs?.drop();
      this.server.gate.forget(this.output);
      this.connection.destroy();
      return;
    }
    // No reply is to be waited for that may take for ever.
    this.elsewhere.runs?.abandonParked();
    if (!this.isExecuting) {
      // The replies of a turn under way are sent at its end, and only then it closes.
      this.closeConnection();
    }
  }

  /** Closes once the last reply has left. */
  closeConnection(): void {
    if (!this.output.isHolding) this.connection.close();
  }

  /** Whether other nodes have done all that it asked of them; if not, it goes on when they have. */
  settles(): boolean {
    return this.elsewhere.settles();
  }

  /** What was asked for a command is answered: it is offered again, if it still waits. */
  answered(question: QuorumQuestion): void {
    // A command that strayed may have asked; if not, nothing comes of it.
    if (!this.input.answered(question)) this.elsewhere.runs?.retry();
  }

  /** A promise of ours is broken. */
  fail(error: unknown): void {
    this.server.stop(error);
  }

  hear(message: Buffer): void {
    this.output.hear(message);
  }

  replyHeard(): void {
    this.output.replyHeard();
  }

  // ---- For whoever executes runs of commands for another node ----

  /** Whether all that was received is executed. Replies may wait. */
  get isThrough(): boolean {
    return !this.mustWait && this.input.isEmpty && !this.elsewhere.isBusy;
  }

  /** Whether all that was received is executed, and its replies have left. */
  get isIdle(): boolean {
    return this.isThrough && !this.output.isHolding;
  }

  /** Gives up what was received and not executed; answers how many commands that is. */
  takeBack(): number {
    let count = this.input.takeBack();
    if (this.parking.isHere) {
      this.parking.leave();
      count++;
    }
    return count;
  }

  /** Closes a new connection with an error. */
  turnAway(line: string): void {
    this.server.reply.error(line);
    this.output.send();
    this.close(true);
  }

  setKeepAlive(seconds: number): void {
    this.connection.setKeepAlive(seconds);
  }

  /** A few times a second: idle and output limits. */
  check(nowMs: number): void {
    const { timeoutSeconds } = this.server.config.current;
    // Who takes replies is not idle.
    if (this.output.hasMoved) this.lastCommandMs = nowMs;
    const idleMs = nowMs - this.lastCommandMs;
    const isIdle = timeoutSeconds > 0 && idleMs > timeoutSeconds * MILLIS_PER_SECOND;
    if (
      isIdle &&
      !this.input.isPostponed &&
      !this.parking.isHere &&
      !this.output.isHolding &&
      !this.isSubscriber
    ) {
      this.close(false);
      return;
    }
    this.output.check(nowMs);
  }

  #setHurdle(bit: number, on: boolean): void {
    this.hurdles = on ? this.hurdles | bit : this.hurdles & ~bit;
  }
}

const MILLIS_PER_SECOND = 1000;
/** What a client costs besides its buffers, roughly. */
const OBJECT_BYTES = 1024;
