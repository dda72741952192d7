/**
 * What a client's commands that other nodes execute need beside its own state: runs on their way, and commands that strayed
 * because a link broke or a slot went elsewhere. Keeps the promise that a client's commands for one slot are executed in the
 * order in which they came, each at most once.
 *
 * Long because the order of a client's replies and the fate of its runs are one matter.
 */

import { assert } from "../base/assert.js";
import type { Forwarder, Waiter } from "../cluster/forwarder.js";
import { MARKED, NO_TOUCH, QUORUM, RESP3, TRACKED } from "../cluster/peer-frames.js";
import type { Run, RunCarrier, RunOwner } from "../cluster/run.js";
import type { Route } from "../cluster/slot-routes.js";
import type { StreamMark } from "../cluster/stream-mark.js";
import type { WaitEnd } from "../commands/blocking.js";
import type { Call } from "../commands/call.js";
import { IN_DOUBT_ELSEWHERE, OVERTAKEN, SLOT_NOT_SERVED, TRY_AGAIN } from "../protocol/reply-error.js";
import { buildRequest } from "../protocol/request-builder.js";
import { splitRequests } from "../protocol/request-splitter.js";
import { Gathering, Notice, RunPart, Stray } from "./awaited-replies.js";
import type { Client } from "./client.js";
import type { Held, HeldReplies, HeldTurn } from "./held-replies.js";
import type { ParkedCommand } from "./parked-command.js";

/** With so much on its way a client's further commands wait. */
const BYTES_IN_FLIGHT_MAX = 1024 * 1024;
const RUNS_IN_FLIGHT_MAX = 256;

/** What has waited for as long as a command may, behind others of its client, gets so long where it could be executed. */
const LATE_MS = 1000;

export interface ClientRunsOptions {
  readonly client: Client;
  readonly forwarder: Forwarder;
  readonly replies: HeldReplies;
  readonly isWrite: (request: Buffer) => boolean;
}

export class ClientRuns implements RunOwner, Waiter {
  readonly id: number;
  deadlineMs = 0;
  readonly #client: Client;
  readonly #forwarder: Forwarder;
  readonly #replies: HeldReplies;
  readonly #isWrite: (request: Buffer) => boolean;
  #inFlight = 0;
  #bytesInFlight = 0;
  /** The routes by which what is in flight was sent. */
  #version = 0;
  /** Some commands in the queue are to be offered again, once nothing is in flight. */
  #isStraying = false;
  /** By when what is offered again must be executed. */
  #offeredDeadlineMs: number | undefined;
  /** A command waits until nothing is in flight. */
  #isDraining = false;
  /** A reply is being gathered; it counts as in flight. */
  #isGathering = false;
  /** The run whose last command may wait for a key: what comes after that one waits for it, whichever node would execute it. */
  #waiting: Run | null = null;
  /** That it is to wait no longer was said already: it is answered soon. */
  #isCalledOff = false;
  /** Numbers the turns in which commands were sent; how many runs of the last one are under way. */
  #turn = 0;
  #underWayOfTurn = 0;
  /** Runs of which a part was answered, and the rest is not asked for yet. */
  readonly #parted = new Set<Run>();
  /** The client could not go on because of its runs. */
  #hasBlocked = false;
  /** Since when; what was received is older, and nothing more is until all of it is executed. Undefined if it does not wait. */
  #waitingSinceMs: number | undefined;
  #isDropped = false;

  constructor({ client, forwarder, replies, isWrite }: ClientRunsOptions) {
    this.id = client.id;
    this.#client = client;
    this.#forwarder = forwarder;
    this.#replies = replies;
    this.#isWrite = isWrite;
  }

  get database(): number {
    return this.#client.database;
  }

  get flags(): number {
    const { resp, noTouch, consistency, marks, tracker } = this.#client;
    return (
      (resp === 3 ? RESP3 : 0) |
      (noTouch ? NO_TOUCH : 0) |
      (consistency === "quorum" ? QUORUM : 0) |
      (marks === null ? 0 : MARKED) |
      (tracker === null ? 0 : TRACKED)
    );
  }

  get hops(): number {
    return this.#client.hops;
  }

  /** Whether the client must not execute anything now. Its `resume` is called when that ends. */
  get blocks(): boolean {
    const isBlocking =
      this.#isStraying ||
      (this.#inFlight > 0 &&
        (this.#isGathering ||
          this.#isDraining ||
          this.#waiting !== null ||
          this.#version !== this.#forwarder.routes.version ||
          this.#bytesInFlight > BYTES_IN_FLIGHT_MAX ||
          this.#inFlight > RUNS_IN_FLIGHT_MAX));
    if (isBlocking) {
      this.#hasBlocked = true;
      this.#waitingSinceMs ??= this.#forwarder.nowMs;
    }
    return isBlocking;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.#isStraying;
  }

  /** Whether a command waits until nothing is in flight. It is to be offered again when the client resumes. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether nothing is in flight. If something is, the client goes on when nothing is any more. */
  settles(): boolean {
    if (this.#inFlight > 0) this.#isDraining = true;
    return this.#inFlight === 0;
  }

  /** Sends the command at hand to where it is executed, or keeps it until that is possible: then the answer is null. */
  forward(route: Route, { bytes, marks, count }: Call, isSilent: boolean): Run | null {
    const forwarder = this.#forwarder;
    const isFirst = !forwarder.hasOpen;
    if (isFirst) this.#beginTurn();
    if (this.#offeredDeadlineMs !== undefined || isFirst) this.deadlineMs = this.#nextDeadlineMs;
    const run = forwarder.send(this, route, bytes, marks, count);
    if (run === undefined && !this.#isStraying) {
      const refusal = forwarder.isLost(route) ? SLOT_NOT_SERVED : this.#isLate ? TRY_AGAIN : undefined;
      if (refusal !== undefined) {
        this.#client.elsewhere.replyInPlace({ isSilent }, refusal);
        return null;
      }
    }
    if (run === undefined) {
      const { database, flags, deadlineMs } = this;
      const request = buildRequest(bytes, marks, count);
      const fate = { isDoubtful: false, isOvertaken: false };
      this.#stray(new Stray({ request, database, flags, isSilent, deadlineMs, ...fate }));
      return null;
    }
    if (run.count === 1) {
      if (this.#inFlight === 0) this.#version = forwarder.routes.version;
      this.#inFlight++;
      this.#underWayOfTurn++;
      run.turn = this.#turn;
    }
    this.#charge(run);
    this.#replies.pushRemote(run, isSilent);
    return run;
  }

  /** The command that was added last to a run may wait for a key. */
  waitFor(run: Run): void {
    this.#waiting = run;
    this.#isCalledOff = false;
  }

  /** Whether the other node has said that a command waits, and nobody that it is not to. */
  get isParked(): boolean {
    return this.#waiting?.parked != null && !this.#isCalledOff;
  }

  /** Ends the wait of a command at another node, which answers it. */
  unpark(end: WaitEnd): void {
    if (!this.isParked) return;
    this.#isCalledOff = true;
    this.#waiting!.carrier.unpark(this.#waiting!, end);
  }

  /** The client closes: nobody is to wait for what waits at another node. */
  abandonParked(): void {
    const run = this.#waiting;
    if (run === null || run.parked === null) return;
    this.#replies.giveUpLast(run);
    run.carrier.unpark(run, "recall");
  }

  /** Offers a command that waited here to whoever executes for its keys now. */
  askAgain({ request, database, isSilent }: ParkedCommand): void {
    const deadlineMs = this.#forwarder.newDeadlineMs();
    const fate = { isDoubtful: false, isOvertaken: false };
    this.#stray(new Stray({ request, database, flags: this.flags, isSilent, deadlineMs, ...fate }));
  }

  /** So many commands were added to the run of the one sent last, to be replied as it is. */
  extended(run: Run, count: number): void {
    this.#charge(run);
    this.#replies.extendRemote(count);
  }

  #charge(run: Run): void {
    this.#bytesInFlight += run.byteLength - run.chargedBytes;
    run.chargedBytes = run.byteLength;
  }

  /**
   * Begins to gather the reply of a command. What the client sent before is settled first, and what comes after waits: it could
   * overtake a part. False if the command has to wait: nothing happened.
   */
  gather(begin: (deadlineMs: number) => Promise<Buffer>, isSilent: boolean): boolean {
    if (!this.settles()) return false;
    const gathering = new Gathering(isSilent);
    const deadlineMs = this.#nextDeadlineMs;
    this.#replies.pushGathering(gathering);
    this.#version = this.#forwarder.routes.version;
    this.#inFlight = 1;
    this.#isGathering = true;
    // Later, since this client's turn is under way.
    const gathered = Promise.resolve().then(() => (this.#isDropped ? NOTHING : begin(deadlineMs)));
    gathered.then(
      (reply) => this.#gathered(gathering, reply),
      (error: unknown) => this.#client.fail(error),
    );
    return true;
  }

  #beginTurn(): void {
    this.#turn++;
    this.#underWayOfTurn = 0;
  }

  /** By when the command at hand is to be executed, which came before the client began to wait, if it did. */
  get #nextDeadlineMs(): number {
    const forwarder = this.#forwarder;
    const givenMs = this.#offeredDeadlineMs ?? this.#client.deadlineMs;
    if (givenMs !== undefined) return givenMs;
    const sinceMs = this.#waitingSinceMs;
    if (sinceMs === undefined) return forwarder.newDeadlineMs();
    return Math.max(forwarder.deadlineMs(sinceMs), forwarder.nowMs + LATE_MS);
  }

  /** Whether the command at hand has waited behind others for its whole time. */
  get #isLate(): boolean {
    const sinceMs = this.#waitingSinceMs;
    const isGiven = this.#offeredDeadlineMs !== undefined || this.#client.deadlineMs !== undefined;
    return !isGiven && sinceMs !== undefined && this.#forwarder.deadlineMs(sinceMs) <= this.#forwarder.nowMs;
  }

  /** The client is gone. */
  drop(): void {
    this.#isDropped = true;
    for (const run of this.#parted) run.carrier.goOn(run);
    this.#parted.clear();
    if (this.isParked) this.#waiting!.carrier.unpark(this.#waiting!, "recall");
  }

  /** Bytes of requests that other nodes have not answered. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  // ---- What becomes of runs ----

  runMarked(_run: Run, mark: StreamMark): void {
    this.#client.marks?.note(mark);
  }

  runParked(run: Run): void {
    if (this.#isDropped) run.carrier.unpark(run, "recall");
    else if (run === this.#waiting) this.#waitsThere(run);
  }

  #waitsThere({ parked }: Run): void {
    const client = this.#client;
    if (!client.isOver) {
      client.parking.beginElsewhere(parked!);
      return;
    }
    this.abandonParked();
    client.closeConnection();
  }

  runAnswered(run: Run, count: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isDropped) {
      run.carrier.goOn(run);
      return;
    }
    if (count === run.count && this.#replies.takeOnly(run)) {
      this.#client.output.sendRaw(bytes, start, end);
      return;
    }
    this.#replies.came(run, count, { bytes, start, end });
    if (!run.isOver) this.#parted.add(run);
    if (this.#isAlone(run)) this.#client.output.release();
    else this.#client.output.cork();
  }

  /** Whether nothing is expected, of what was sent with a run, that could leave together with its replies. */
  #isAlone(run: Run): boolean {
    return run.turn !== this.#turn || this.#underWayOfTurn === 1 || !run.isOver;
  }

  /**
   * The client has taken replies that were sent to it: more may come. If there still are many that wait for others, then only of the
   * one that those wait for.
   */
  relieved(hasRoom: boolean): void {
    for (const run of this.#parted) {
      if (!hasRoom && !this.#replies.isNext(run)) continue;
      this.#parted.delete(run);
      run.carrier.goOn(run);
    }
  }

  runEnded(run: Run): void {
    if (this.#isDropped) return;
    this.#bytesInFlight -= run.chargedBytes;
    if (run.turn === this.#turn) this.#underWayOfTurn--;
    if (run.answered < run.count) this.#isStraying = true;
    if (run === this.#waiting) this.#waitedFor(run);
    this.#settled();
  }

  #waitedFor({ parked }: Run): void {
    this.#waiting = null;
    if (parked === null) return;
    this.#client.parking.leave();
    this.#client.waited();
    // What came behind it has not waited for a node, and has its whole time from now on.
    if (this.#waitingSinceMs !== undefined) this.#waitingSinceMs = this.#forwarder.nowMs;
  }

  #gathered(gathering: Gathering, reply: Buffer): void {
    if (this.#isDropped) return;
    this.#replies.gathered(gathering, reply);
    this.#client.output.release();
    this.#isGathering = false;
    this.#settled();
  }

  /** Nothing more will be heard of one that was in flight. */
  #settled(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#isDraining = false;
    if (this.#inFlight > 0) {
      if (this.#hasBlocked && !this.blocks) this.#unblock();
    } else if (!this.#isStraying) {
      if (this.#hasBlocked) this.#unblock();
    } else if (this.#version !== this.#forwarder.routes.version) {
      this.retry();
    } else {
      this.#forwarder.wait(this);
    }
    this.#client.progressed();
  }

  /** Offers what strayed again, in order. */
  retry(): void {
    if (this.#isDropped || !this.#isStraying || this.#inFlight > 0) return;
    this.#isStraying = false;
    this.#client.elsewhere.offerAgain(() => this.#replay());
    if (this.#isStraying) this.#forwarder.wait(this);
    else this.#unblock();
    this.#client.progressed();
  }

  #unblock(): void {
    this.#hasBlocked = false;
    this.#client.resume();
    if (!this.#hasBlocked) this.#waitingSinceMs = undefined;
  }

  #stray(stray: Stray): void {
    this.#replies.pushStray(stray);
    if (this.#isStraying) return;
    this.#isStraying = true;
    if (this.#inFlight === 0) this.#forwarder.wait(this);
  }

  /** Goes through the queue: replies that are there stay, commands that strayed are offered again in their place. */
  #replay(): void {
    const unexecuted = new Map<Run, Buffer[]>();
    const queue = this.#replies.takeAll();
    const overtaken = overtakenOf(queue);
    for (const held of queue) {
      if (held instanceof Stray) this.#offer(held);
      else if (held instanceof RunPart) this.#replayPart(held, unexecuted, overtaken.has(held.run));
      else if (held instanceof Gathering) this.#replayGathering(held);
      else if (held instanceof Notice) this.#replayNotice(held);
      else this.#replayTurn(held);
    }
  }

  #replayPart(part: RunPart, unexecuted: Map<Run, Buffer[]>, isOvertaken: boolean): void {
    const { run, isSilent } = part;
    const bytes = part.take();
    this.#client.output.send();
    if (!isSilent) this.#replies.pushPlain(bytes);
    if (part.count === 0) return;
    let requests = unexecuted.get(run);
    if (requests === undefined) unexecuted.set(run, (requests = unexecutedOf(run)));
    const { database, flags, deadlineMs } = run;
    const fate = { isDoubtful: run.state === "in-doubt", isOvertaken };
    for (const request of requests.splice(0, part.count)) {
      this.#offer(new Stray({ request, database, flags, isSilent, deadlineMs, ...fate }));
    }
  }

  #replayTurn(turn: HeldTurn): void {
    // Behind what was executed just now.
    this.#client.output.send();
    this.#replies.push(turn);
  }

  #replayNotice(notice: Notice): void {
    this.#client.output.send();
    this.#replies.pushNotice(notice);
  }

  #replayGathering({ reply, isSilent }: Gathering): void {
    assert(reply !== undefined, "nothing is in flight");
    this.#client.output.send();
    if (!isSilent) this.#replies.pushPlain(reply);
  }

  #offer(stray: Stray): void {
    const client = this.#client;
    if (this.#isStraying || this.#isGathering || this.#waiting !== null || client.isParked) {
      // Behind one that still waits. What is known of it is said in its turn.
      client.output.send();
      this.#replies.pushStray(stray);
      this.#isStraying = true;
    } else if (stray.isDoubtful && this.#isWrite(stray.request)) {
      client.elsewhere.replyInPlace(stray, IN_DOUBT_ELSEWHERE);
    } else if (stray.isOvertaken) {
      client.elsewhere.replyInPlace(stray, OVERTAKEN);
    } else if (stray.deadlineMs <= this.#forwarder.nowMs) {
      client.elsewhere.replyInPlace(stray, TRY_AGAIN);
    } else {
      this.#offeredDeadlineMs = stray.deadlineMs;
      const isExecuted = client.elsewhere.executeStray(stray);
      this.#offeredDeadlineMs = undefined;
      if (isExecuted) return;
      client.output.send();
      this.#stray(stray);
    }
  }
}

function unexecutedOf(run: Run): Buffer[] {
  const requests = splitRequests(run.requests).slice(run.answered);
  // It has waited with words in it that mean something else by now.
  if (run.parked?.request !== undefined) requests[requests.length - 1] = run.parked.request;
  return requests;
}

/** Runs of which nobody knows how far they were executed, while replies have come to what took the same way after them. */
function overtakenOf(queue: readonly Held[]): ReadonlySet<Run> {
  const overtaken = new Set<Run>();
  const replied = new Map<RunCarrier, Run>();
  for (const held of [...queue].reverse()) {
    if (!(held instanceof RunPart)) continue;
    const { run } = held;
    const later = replied.get(run.carrier);
    if (run.state === "in-doubt" && later !== undefined && later !== run) overtaken.add(run);
    if (run.answered > 0 && later === undefined) replied.set(run.carrier, run);
  }
  return overtaken;
}

const NOTHING = Buffer.alloc(0);
