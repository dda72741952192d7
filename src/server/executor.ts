/**
 * From a scanned request to its reply: finds the command, lets it pass the guards in Redis's order, runs it and keeps
 * its statistics. It knows sessions and the keyspace, and nothing of sockets.
 *
 * The common case is one comparison away from running: `session.hurdles` and `hurdles` are zero unless some guard has
 * to look closer.
 *
 * Long because the guards are one sequence, and each is known by what comes before it.
 */

import { assert } from "../base/assert.js";
import { DurationHistogram } from "../base/duration-histogram.js";
import { HERE, type Route } from "../cluster/slot-routes.js";
import { refusalAtExecution, refusalFor } from "../commands/acl/denials.js";
import type { Call } from "../commands/call.js";
import type { SessionCall, Transaction } from "../commands/session.js";
import { argumentsForLog } from "../commands/slowlog.js";
import { newTransaction } from "../commands/transactions.js";
import { ArenaFull } from "../keyspace/arena.js";
import {
  executionAborted,
  LOADING,
  MONITOR_ONLY,
  NO_AUTH as NOT_AUTHENTICATED,
  notWhileSubscribed,
  OUT_OF_MEMORY,
  ReplyError,
  TRANSACTION_TOO_LONG,
  wrongNumberOfArguments,
} from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { buildRequest } from "../protocol/request-builder.js";
import { RequestScanner } from "../protocol/request-scanner.js";
import type { Client } from "./client.js";
import {
  ALWAYS_TOUCHES,
  CHANGES_CONNECTION,
  CONCERNS_NODE,
  type CommandIndex,
  DENY_OOM,
  type Entry,
  EXECUTES,
  MAY_REPLICATE,
  NO_AUTH,
  NO_MULTI,
  PUSHES_REPLY,
  SEES_ALL,
  SETTLES_FIRST,
  TELLS_TROUBLE,
  UNQUEUED,
  UNSHOWN,
  USES_KEYS,
  WHILE_LOADING,
  WHILE_SUBSCRIBED,
  WRITE,
} from "./command-index.js";
import { CommandLookup } from "./command-lookup.js";
import type { ConfirmationScope } from "./confirmation.js";
import type { Elsewhere } from "./elsewhere.js";
import { EXEC_ERRAND, PART_ERRAND, PART_HEAD } from "./errands.js";
import type { NodeState } from "./node-state.js";
import type { ParkedCommand } from "./parked-command.js";
import { QuorumGuard } from "./quorum-guard.js";
import type { ReplicaGuard } from "./replica-guard.js";
import type { ReplyGate } from "./reply-gate.js";
import { type ACROSS, type Router, sameSlot } from "./router.js";
import type { WrittenSlots } from "./written-slots.js";

/** One in so many commands of constant time is timed, and stands for the others in the statistics: two looks at the clock cost a tenth of a GET. */
const SAMPLE_EVERY = 16;
/** A request of so many bytes is worth timing whatever its command. */
const LONG_REQUEST_BYTES = 1024;
const MICROS_PER_MS = 1000;
/** What a queued command takes besides its bytes, roughly: without it a gigabyte of tiny ones would be ten. */
const QUEUED_OBJECT_BYTES = 128;
/** What a transaction may have changed before its next command: a batch has room for 4 GiB, and that command may be a long one. */
const TRANSACTION_BYTES_MAX = 2 ** 30;

/**
 * What became of a command that waits: it is replied to; it waits on; it is to be executed from the beginning when a question is answered; or
 * nothing was tried, since nothing may be executed at present.
 */
export type ParkedOutcome = "again" | "held-back" | "served" | "waits";

export interface ExecutorOptions {
  readonly index: CommandIndex;
  readonly node: NodeState;
  readonly call: SessionCall;
  readonly gate: ReplyGate;
}

export class Executor {
  readonly call: SessionCall;
  /** Null unless other nodes execute commands too. */
  router: Router | null = null;
  /**
   * Whether the first argument of the request to come, if it is a key, is one that this node executes for: then its route is not
   * looked up again. Holds for one request.
   */
  isKeyHere = false;
  elsewhere: Elsewhere | null = null;
  replicas: ReplicaGuard | null = null;
  readonly lookup: CommandLookup;
  readonly #index: CommandIndex;
  readonly #node: NodeState;
  readonly #reply: ReplyWriter;
  readonly #gate: ReplyGate;
  readonly #quorum: QuorumGuard;
  readonly #queueScanner = new RequestScanner();
  readonly #parkedScanner = new RequestScanner();
  #untilSample = 1;

  constructor({ index, node, call, gate }: ExecutorOptions) {
    this.#index = index;
    this.#node = node;
    this.#gate = gate;
    this.call = call;
    this.lookup = new CommandLookup(index, call);
    this.#quorum = new QuorumGuard({ call, lookup: this.lookup, node });
    this.#reply = call.reply;
  }

  /**
   * Executes one scanned request and writes its reply. Returns false if the command must wait (CLIENT PAUSE, room in the log, or
   * copies of what it reads): nothing happened, and it is to be offered again.
   */
  execute(client: Client, bytes: Buffer, marks: Int32Array, count: number): boolean {
    const { call } = this;
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
    const node = this.#node;
    const { isKeyHere } = this;
    this.isKeyHere = false;
    node.stats.totalCommands++;
    const entry = this.#index.find(call.bytes, call.marks[0]!, call.marks[1]!);
    if (
      entry === undefined ||
      entry.subcommands !== null ||
      !entry.accepts(call.count) ||
      (client.hurdles | node.hurdles) !== 0
    ) {
      return this.#executeGuarded(client, entry);
    }
    if (this.router === null || (isKeyHere && entry.isFirstItsKey)) {
      // Executed here.
    } else if (entry.firstKey !== 0) {
      const route = this.router.routeOf(entry);
      if (route !== HERE) return this.elsewhere!.execute(client, entry, route);
    } else if (entry.across !== null && !client.isPart) {
      const route = this.router.routeOfAll(entry);
      if (route !== HERE) return this.elsewhere!.execute(client, entry, route);
    } else if ((entry.bits & SETTLES_FIRST) !== 0 && !client.settles()) {
      return this.#postpone();
    }
    if (call.keyspace.journal === null) {
      client.lastEntry = entry;
      this.#run(entry, client);
      return true;
    }
    if ((entry.bits & WRITE) !== 0 && !node.persistence.hasRoomFor(this.#requestBytes())) {
      return this.#executeGuarded(client, entry);
    }
    client.lastEntry = entry;
    this.#gate.begin();
    this.#run(entry, client);
    this.#conclude(entry);
    if ((entry.bits & WRITE) !== 0 && client.written !== null) this.#noteWrite(entry, client.written);
    return true;
  }

  /** The same for a request that was kept. */
  executeRequest(client: Client, request: Buffer): boolean {
    const { call, lookup } = this;
    lookup.take(request);
    return this.execute(client, call.bytes, call.marks, call.count);
  }

  /** Tries a command again that waits, now that the key in one of its arguments has changed. */
  retry(client: Client, parked: ParkedCommand, argument: number): ParkedOutcome {
    const { call } = this;
    const node = this.#node;
    const { entry, kind, request, database, isSilent } = parked;
    const isWrite = (entry.bits & WRITE) !== 0;
    this.lookup.take(request, this.#parkedScanner);
    call.session = client;
    if (isWrite && node.refusal !== null) return "held-back";
    if (node.holdsBack(entry.bits, null) || !this.#hasRoomFor(entry.bits, null)) return "held-back";
    call.keyspace.select(database);
    let scope: ConfirmationScope | null = null;
    if (client.consistency === "quorum") {
      const admission = this.#quorum.admit(client, entry);
      if (admission === null) return "again";
      if (admission instanceof ReplyError) {
        this.#refuseParked(entry, isSilent, admission);
        return "served";
      }
      scope = admission;
    }
    const { access } = node.keyspace;
    const wasHeld = access.isHeld;
    access.isHeld = client.noTouch;
    this.#gate.begin(scope !== null);
    const mark = this.#reply.mark();
    let isServed = true;
    try {
      isServed = kind.serve(call, argument);
    } catch (error) {
      this.#reply.rollback(mark);
      this.#fail(entry, error);
    }
    access.isHeld = wasHeld;
    if (isSilent || !isServed) this.#reply.rollback(mark);
    this.#conclude(entry, scope);
    if (!isServed) return "waits";
    if (isWrite && client.written !== null) this.#noteWrite(entry, client.written);
    return "served";
  }

  #refuseParked(entry: Entry, isSilent: boolean, error: ReplyError): void {
    const mark = this.#reply.mark();
    entry.failed++;
    this.#refuse(error);
    if (isSilent) this.#reply.rollback(mark);
  }

  /** EXEC: runs what was queued, replies and all. */
  executeTransaction(client: Client, { queue }: Transaction): void {
    this.#reply.array(queue.length);
    for (const request of queue) {
      this.lookup.take(request, this.#queueScanner);
      this.#node.stats.totalCommands++;
      const entry = this.lookup.find();
      assert(entry !== undefined, "what was queued can be executed");
      this.call.session = client;
      const refusal =
        this.#refusalOfLength(entry) ??
        (client.isRestricted ? refusalAtExecution(this.call, entry) : undefined);
      if (refusal === undefined) {
        this.#runGuarded(entry, client);
        this.#remember(entry, client);
      } else {
        this.#refuse(refusal);
      }
    }
  }

  /** Whether a transaction has no room for what a command may change: the commands before it are not undone, as by any other error. */
  #refusalOfLength({ bits }: Entry): ReplyError | undefined {
    const { journal } = this.call.keyspace;
    const isTooLong = journal !== null && journal.batchBytes > TRANSACTION_BYTES_MAX;
    return isTooLong && (bits & WRITE) !== 0 ? new ReplyError(TRANSACTION_TOO_LONG) : undefined;
  }

  /** What the queued commands of a transaction read that is executed elsewhere is tracked, if what its client reads is. */
  rememberQueued(client: Client, { queue }: Transaction): void {
    if (client.tracker === null) return;
    for (const request of queue) {
      this.lookup.take(request, this.#queueScanner);
      const entry = this.lookup.find();
      if (entry !== undefined) this.#remember(entry, client);
    }
  }

  /** What the command at hand has read, or will elsewhere, is tracked for whoever the client reads for. */
  #remember({ command }: Entry, { tracker }: Client): void {
    if (tracker !== null) this.#node.tracking.remember(this.call, command, tracker);
  }

  /** What another node queued for a client of its. A command that is unknown here, as to an older release, aborts it. */
  transactionOf(requests: readonly Buffer[]): Transaction {
    const transaction = newTransaction();
    for (const request of requests) {
      this.lookup.take(request, this.#queueScanner);
      const entry = this.lookup.find();
      if (entry?.accepts(this.call.count)) this.#queue(transaction, entry, request);
      else transaction.aborted = true;
    }
    return transaction;
  }

  /** By their places, the queued commands that the client's user may no longer execute. */
  refusalsOf(client: Client, { queue }: Transaction): ReadonlyMap<number, ReplyError> {
    const refusals = new Map<number, ReplyError>();
    if (!client.isRestricted) return refusals;
    const { call } = this;
    const { bytes, marks, count } = call;
    call.session = client;
    for (const [place, request] of queue.entries()) {
      this.lookup.take(request, this.#queueScanner);
      const entry = this.lookup.find();
      assert(entry !== undefined, "what was queued can be executed");
      const refusal = refusalAtExecution(call, entry);
      if (refusal === undefined) continue;
      refusals.set(place, refusal);
      this.#node.countError(refusal.line);
    }
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
    return refusals;
  }

  /** Whether a request that was kept changes anything. */
  isWrite(request: Buffer): boolean {
    const { call, lookup } = this;
    lookup.take(request);
    if (call.is(0, EXEC_ERRAND)) return true;
    const entry = lookup.find(call.is(0, PART_ERRAND) ? PART_HEAD : 0);
    return entry !== undefined && (entry.bits & (WRITE | MAY_REPLICATE)) !== 0;
  }

  /** All that a command, or a transaction, changed is one batch; its reply may have to wait until that lasts, and others have it. */
  #conclude(entry: Entry, scope: ConfirmationScope | null = null): void {
    this.call.keyspace.journal?.ended();
    this.#gate.end((entry.bits & SEES_ALL) !== 0, scope);
  }

  /** Notes for WAIT what was executed here just now. */
  #noteWrite(entry: Entry, written: WrittenSlots): void {
    const { here } = written;
    if (here.isAny) return;
    if (entry.firstKey !== 0 && entry.hasOneKey) here.note(this.call.keyspace.slot);
    else if (this.router !== null) written.noteCommand(entry, this.call, this.router);
  }

  #requestBytes(): number {
    const { marks, count } = this.call;
    return marks[(count << 1) - 1]! - marks[0]!;
  }

  #run(entry: Entry, client: Client): void {
    const timed =
      this.call.count > entry.constantUpTo ||
      --this.#untilSample === 0 ||
      this.#node.timesAll ||
      this.#requestBytes() > LONG_REQUEST_BYTES;
    if (timed) {
      this.#runTimed(entry, client);
      return;
    }
    this.#perform(entry, client);
    entry.calls++;
  }

  #runTimed(entry: Entry, client: Client): void {
    const isSample = this.#untilSample <= 0;
    if (isSample) this.#untilSample = SAMPLE_EVERY;
    const { call } = this;
    const { bytes, marks, count } = call;
    const startMs = this.#node.clock.monotonicMs();
    this.#perform(entry, client);
    const micros = (this.#node.clock.monotonicMs() - startMs) * MICROS_PER_MS;
    entry.calls++;
    const standsForOthers = isSample && !this.#node.timesAll && count <= entry.constantUpTo;
    const weight = standsForOthers ? SAMPLE_EVERY : 1;
    entry.microseconds += micros * weight;
    this.#node.durations.note(micros, weight);
    if (call.config.current.latencyTracking) {
      entry.durations ??= new DurationHistogram();
      entry.durations.note(micros, weight);
    }
    if (micros < this.#node.slowMicros) return;
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
    const { command } = entry;
    const args = argumentsForLog(call, command);
    this.#node.noteSlow({ command, args, session: client, microseconds: micros });
  }

  #perform(entry: Entry, client: Client): void {
    const { call } = this;
    const reply = this.#reply;
    const mark = reply.mark();
    call.session = client;
    call.keyspace.select(client.database);
    try {
      (entry.run as (call: Call) => void)(call);
    } catch (error) {
      reply.rollback(mark);
      this.#fail(entry, error);
    }
  }

  #fail(entry: Entry, error: unknown): void {
    if (error instanceof ReplyError) {
      entry.failed++;
      this.#refuse(error);
    } else if (error instanceof ArenaFull) {
      entry.failed++;
      this.#refuse(new ReplyError(OUT_OF_MEMORY));
    } else {
      // A broken promise of ours: going on could serve what is wrong.
      throw error;
    }
  }

  #refuse(error: ReplyError): void {
    this.#node.countError(error.line);
    this.#reply.error(error.line);
  }

  #executeGuarded(client: Client, found: Entry | undefined): boolean {
    const isExecuted = this.#executeOrRefuse(client, found);
    // What came between MULTI and EXEC, or was sent before, is not the command that CLIENT CACHING was about.
    if (isExecuted && client.tracking !== null && !client.isOfferingAgain) {
      this.#node.tracking.executed(client.tracking, found?.command.name === "client");
    }
    return isExecuted;
  }

  #executeOrRefuse(client: Client, found: Entry | undefined): boolean {
    const { call } = this;
    const node = this.#node;
    if (found === undefined && (call.is(0, "post") || call.is(0, "host:"))) {
      // A browser that a malicious page has sent here: nothing more of its request is executed.
      client.close(false);
      return true;
    }
    if (found === undefined && client.runsErrands) {
      const isExecuted = this.elsewhere?.errands.run(client);
      if (isExecuted !== undefined) {
        // What it carries is counted by itself.
        node.stats.totalCommands--;
        return isExecuted;
      }
    }
    const entry = this.lookup.resolve(found);
    client.lastEntry = entry ?? null;
    if (entry === undefined) return this.reject(client, undefined, this.lookup.unknown(found));
    if (entry.run === null || !entry.accepts(call.count)) {
      return this.reject(client, entry, new ReplyError(wrongNumberOfArguments(entry.name)));
    }
    const { bits } = entry;
    // What is offered again was judged when it came, and by who the client was then.
    const isJudged = client.isOfferingAgain;
    if (!isJudged && !client.isLetIn && (bits & NO_AUTH) === 0)
      return this.reject(client, entry, new ReplyError(NOT_AUTHENTICATED));
    const { transaction } = client;
    if (transaction !== null && (bits & NO_MULTI) !== 0) {
      return this.reject(client, entry, new ReplyError("ERR Command not allowed inside a transaction"));
    }
    if (client.isRestricted && !isJudged) {
      call.session = client;
      const refusal = refusalFor(call, entry);
      if (refusal !== undefined) return this.reject(client, entry, refusal);
    }
    if (client.isMonitor && (bits & USES_KEYS) !== 0) {
      return this.reject(client, entry, new ReplyError(MONITOR_ONLY));
    }
    if (client.isSubscriber && client.resp === 2 && (bits & WHILE_SUBSCRIBED) === 0) {
      return this.reject(client, entry, new ReplyError(notWhileSubscribed(entry.name)));
    }
    let isAtReplica = false;
    // Where it is executed it is judged whether it may be: memory, disk and pause are those of that node.
    if (this.router !== null && transaction === null) {
      const route = this.#routeOf(this.router, entry, client);
      if (route !== HERE) {
        // Nobody tells of what changes in a copy by the time alone.
        const mayStay = client.readsReplicas && client.tracking === null;
        const admission = mayStay ? this.replicas!.admit(client, entry) : "elsewhere";
        if (admission === "elsewhere") {
          this.#remember(entry, client);
          return this.elsewhere!.execute(client, entry, route);
        }
        if (admission === "wait") return this.#postpone();
        isAtReplica = true;
      } else if ((bits & SETTLES_FIRST) !== 0 && !client.settles()) {
        return this.#postpone();
      }
    } else if (transaction !== null && this.elsewhere !== null && !client.runsErrands) {
      const isDone = this.elsewhere.executeInTransaction(client, entry, transaction);
      if (isDone !== undefined) return isDone;
    }
    if (node.mustMakeRoom && needsMemory(bits, transaction) && !node.makeRoom()) {
      return this.reject(client, entry, new ReplyError(OUT_OF_MEMORY));
    }
    const { refusal } = node;
    if (refusal !== null && ((bits & TELLS_TROUBLE) !== 0 || writes(bits, transaction))) {
      return this.reject(client, entry, new ReplyError(refusal));
    }
    if (node.isLoading && needsData(bits, transaction)) {
      return this.reject(client, entry, new ReplyError(LOADING));
    }
    if (node.holdsBack(bits, transaction) || !this.#hasRoomFor(bits, transaction)) return this.#postpone();
    call.session = client;
    if (transaction !== null && (bits & UNQUEUED) === 0) {
      this.#enqueue(client, transaction, entry);
      return true;
    }
    let scope: ConfirmationScope | null = null;
    if (client.consistency === "quorum") {
      const admission = this.#quorum.admit(client, entry);
      if (admission instanceof ReplyError) return this.reject(client, entry, admission);
      if (admission === null) return this.#postpone();
      scope = admission;
    }
    const { written } = client;
    if (written !== null && (bits & EXECUTES) !== 0 && transaction?.writes === true) {
      written.noteTransaction(transaction, written.here);
    }
    this.#gate.begin(scope !== null);
    call.keyspace.leavesExpired = isAtReplica;
    if (client.replyMode === "on") this.#runGuarded(entry, client);
    else this.#runSilently(entry, client);
    call.keyspace.leavesExpired = false;
    this.#remember(entry, client);
    this.#conclude(entry, scope);
    if (written !== null && (bits & WRITE) !== 0) this.#noteWrite(entry, written);
    return true;
  }

  /** The command is offered again, and counted then. */
  #postpone(): false {
    this.#node.stats.totalCommands--;
    return false;
  }

  /** Whether the log has room for what the command will change; what is only queued changes nothing yet. */
  #hasRoomFor(bits: number, transaction: Transaction | null): boolean {
    const { persistence } = this.#node;
    if (transaction === null) return (bits & WRITE) === 0 || persistence.hasRoomFor(this.#requestBytes());
    const isExecuted = (bits & EXECUTES) !== 0 && transaction.writes;
    return !isExecuted || persistence.hasRoomFor(transaction.queuedBytes);
  }

  /** CLIENT REPLY OFF and SKIP. */
  #runSilently(entry: Entry, client: Client): void {
    const mark = this.#reply.mark();
    const before = client.replyMode;
    if (before === "skip-next") client.replyMode = "skip";
    this.#runGuarded(entry, client);
    if (client.replyMode !== "on" && (entry.bits & PUSHES_REPLY) === 0) this.#reply.rollback(mark);
    if (client.replyMode === "skip") client.replyMode = "on";
  }

  /** CLIENT NO-TOUCH: holds the access clock meanwhile. */
  #runGuarded(entry: Entry, client: Client): void {
    const { access } = this.#node.keyspace;
    const wasHeld = access.isHeld;
    access.isHeld = client.noTouch && (entry.bits & ALWAYS_TOUCHES) === 0;
    const { call } = this;
    const { bytes, marks, count } = call;
    this.#run(entry, client);
    access.isHeld = wasHeld;
    if (this.#node.monitors.isEmpty) return;
    // EXEC has made others the command at hand.
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
    this.show(client, entry);
  }

  /** Shows the command at hand to those who monitor, if it is a client of this node that sent it, and for the first time. */
  show(client: Client, entry: Entry): void {
    const { monitors } = this.#node;
    const isSeen = client.runsErrands || client.isOfferingAgain || (entry.bits & UNSHOWN) !== 0;
    if (!monitors.isEmpty && !isSeen) monitors.show(client, entry.command, this.call);
  }

  #enqueue(client: Client, transaction: Transaction, entry: Entry): void {
    const { call } = this;
    this.#queue(transaction, entry, buildRequest(call.bytes, call.marks, call.count));
    // Counted when it is executed.
    this.#node.stats.totalCommands--;
    if (transaction.queuedBytes > call.config.current.clientQueryBufferLimitBytes) {
      client.close(false);
      return;
    }
    const mark = this.#reply.mark();
    this.#reply.simple("QUEUED");
    if (client.replyMode !== "on") this.#reply.rollback(mark);
  }

  /** Adds the command at hand to a transaction. */
  #queue(transaction: Transaction, entry: Entry, request: Buffer): void {
    const { bits } = entry;
    transaction.queue.push(request);
    transaction.queuedBytes += request.length + QUEUED_OBJECT_BYTES;
    if (bits & (WRITE | MAY_REPLICATE)) transaction.writes = true;
    if (bits & DENY_OOM) transaction.needsMemory = true;
    if ((bits & WHILE_LOADING) === 0) transaction.needsData = true;
    if (this.router === null) return;
    if (bits & (CHANGES_CONNECTION | CONCERNS_NODE))
      transaction.bound = entry.name.toUpperCase().replace("|", " ");
    if (entry.firstKey !== 0) transaction.slot = sameSlot(transaction.slot, this.router.slotOf(entry));
  }

  #routeOf(router: Router, entry: Entry, client: Client): Route | typeof ACROSS {
    if (entry.firstKey !== 0) return router.routeOf(entry);
    return entry.across === null || client.isPart ? HERE : router.routeOfAll(entry);
  }

  /** Answers a command with the reason why it is not executed. */
  reject(client: Client, entry: Entry | undefined, error: ReplyError): boolean {
    if (entry) entry.rejected++;
    this.#node.stats.totalCommands--;
    const mark = this.#reply.mark();
    if (entry !== undefined && (entry.bits & EXECUTES) !== 0) {
      client.transaction = null;
      client.unwatch();
      this.#refuse(executionAborted(error));
    } else {
      if (client.transaction !== null) client.transaction.aborted = true;
      this.#refuse(error);
    }
    if (client.replyMode !== "on") this.#reply.rollback(mark);
    if (client.replyMode === "skip-next") client.replyMode = "on";
    return true;
  }
}

/** Whether a command is refused while memory is short. Queueing takes memory too, whatever is queued. */
function needsMemory(bits: number, transaction: Transaction | null): boolean {
  if ((bits & DENY_OOM) !== 0) return true;
  if (transaction === null) return false;
  return (bits & EXECUTES) !== 0 ? transaction.needsMemory : (bits & UNQUEUED) === 0;
}

function writes(bits: number, transaction: Transaction | null): boolean {
  return (bits & WRITE) !== 0 || ((bits & EXECUTES) !== 0 && transaction?.writes === true);
}

/** Whether a command is refused until what was kept has been read. */
function needsData(bits: number, transaction: Transaction | null): boolean {
  if ((bits & WHILE_LOADING) === 0) return true;
  return (bits & EXECUTES) !== 0 && transaction?.needsData === true;
}
