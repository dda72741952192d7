/**
 * What a client sends: requests are scanned and handed to the executor in order, for as long as the client must wait for nothing. What came and is
 * not executed yet is kept: bytes behind the last request, or one whole command that cannot be executed at present.
 */
import type { Run } from "../cluster/run.js";
import type { Connection } from "../host/network.js";
import type { PartialRequest } from "../protocol/partial-request.js";
import { buildRequest } from "../protocol/request-builder.js";
import { BROKEN, COMPLETE, type RequestScanner, type ScanResult } from "../protocol/request-scanner.js";
import { splitRequests } from "../protocol/request-splitter.js";
import type { Client } from "./client.js";
import { PUSHES_REPLY, WRITE } from "./command-index.js";
import type { QuorumQuestion } from "./quorum-guard.js";
import type { Server } from "./server.js";

/** A client that waits is read from until so many bytes wait with it: who is not read from could be gone without our noticing. */
const READ_AHEAD_BYTES = 16 * 1024;
/** How many requests of a pipeline are scanned ahead. */
const BATCH_REQUESTS = 16;
const NOTHING = Buffer.alloc(0);

export interface ClientInputOptions {
  readonly client: Client;
  readonly connection: Connection;
  readonly server: Server;
}

export class ClientInput {
  /** The reply of a command is still to come; what follows waits for it. */
  isPostponed = false;
  /** The run that the command at hand was added to, if it is executed elsewhere and the client wants the reply. */
  sent: Run | null = null;
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #server: Server;
  /** Bytes received and not yet executed; undefined in the common case that none are left. */
  #partial: PartialRequest | undefined;
  /** A command that was held back, as a request. */
  #held: Buffer | null = null;
  #heldQuestion: QuorumQuestion | null = null;

  constructor({ client, connection, server }: ClientInputOptions) {
    this.#client = client;
    this.#connection = connection;
    this.#server = server;
  }

  /** What waits to be scanned. */
  get byteLength(): number {
    return this.#partial === undefined ? 0 : this.#partial.byteLength;
  }

  /** What it takes to keep all that waits. */
  get memoryBytes(): number {
    const partialBytes = this.#partial === undefined ? 0 : this.#partial.memoryBytes;
    return partialBytes + (this.#held === null ? 0 : this.#held.length);
  }

  /** Whether all that was received was scanned. */
  get isEmpty(): boolean {
    return this.#partial === undefined;
  }

  /** Requests came: they lie at `bytes[start, end)`. */
  receive(bytes: Buffer, start: number, end: number): void {
    if (this.#client.isOver) return;
    const server = this.#server;
    server.state.stats.inputBytes += end - start;
    try {
      this.#client.beginTurn();
      this.#executeFrom(bytes, start, end);
    } catch (error) {
      server.stop(error);
    }
  }

  /** Goes on with what was received and not executed: the reason to wait is gone. */
  resume(): void {
    const client = this.#client;
    if (client.isOver || client.mustWait) return;
    try {
      client.beginTurn();
      this.#executeHeld();
      this.#executeFrom(NOTHING, 0, 0);
    } catch (error) {
      this.#server.stop(error);
    }
    if (!client.mustWait) this.#connection.resumeReading();
    client.progressed();
  }

  /** Makes the reply of the command being executed, and all that follows, wait for `later`. */
  postpone(later: Promise<() => void>): void {
    this.isPostponed = true;
    const { replyMode, lastEntry } = this.#client;
    const isSilent = replyMode !== "on" && (lastEntry!.bits & PUSHES_REPLY) === 0;
    void later.then(
      (write) => this.settle(write, isSilent),
      (error: unknown) => this.#server.stop(error),
    );
  }

  /** Writes the reply that was waited for, in a turn of the client's, and goes on. */
  settle(write: () => void, isSilent: boolean): void {
    this.isPostponed = false;
    const client = this.#client;
    if (client.isOver) return;
    const { reply } = this.#server;
    try {
      client.beginTurn();
      reply.resp = client.resp;
      const mark = reply.mark();
      client.isExecuting = true;
      write();
      if (isSilent) reply.rollback(mark);
      client.output.send();
      client.isExecuting = false;
      if (client.isOver) client.closeConnection();
    } catch (error) {
      this.#server.stop(error);
    }
    this.resume();
  }

  /** Keeps a command that CLIENT PAUSE holds back, for which the log has no room, or that must wait for those before it or for copies. */
  hold(request: Buffer): void {
    const client = this.#client;
    this.#held = request;
    this.#heldQuestion = client.question;
    client.question = null;
    if (client.elsewhere.runs?.isDraining === true) return;
    this.isPostponed = true;
    this.#server.holdBack(client, () => {
      this.isPostponed = false;
      this.resume();
    });
  }

  /** Keeps a command that this client will not execute: whoever sent it takes it back. */
  keep(request: Buffer): void {
    this.#held = request;
    this.isPostponed = true;
  }

  /** What was asked for a command is answered: goes on if it is the one that was held back. False if it is another one. */
  answered(question: QuorumQuestion): boolean {
    if (this.#heldQuestion !== question) return false;
    this.#server.holdBackNoLonger(this.#client);
    this.isPostponed = false;
    this.resume();
    return true;
  }

  /** Gives up what was received and not executed; answers how many commands that is. */
  takeBack(): number {
    let count = 0;
    if (this.#partial !== undefined) count += splitRequests(this.#partial.whole).length;
    this.#partial = undefined;
    if (this.#held !== null) {
      this.#held = null;
      this.#heldQuestion = null;
      this.isPostponed = false;
      this.#server.holdBackNoLonger(this.#client);
      count++;
    }
    return count;
  }

  /** Nothing more is executed. */
  drop(): void {
    this.#partial = undefined;
    this.#held = null;
  }

  /** Executes what was kept and what came, in order; keeps what cannot be executed yet. */
  #executeFrom(bytes: Buffer, start: number, end: number): void {
    const client = this.#client;
    const server = this.#server;
    const { scanner } = server;
    client.isExecuting = true;
    client.parking.beginTurn();
    // An errand carries whole requests of clients.
    const { protoMaxBulkLenBytes } = server.config.current;
    scanner.bulkLengthMax = client.runsErrands ? Number.MAX_SAFE_INTEGER : protoMaxBulkLenBytes;
    server.reply.resp = client.resp;
    if (this.#partial === undefined) {
      scanner.begin(bytes, start, end);
      this.#executePipeline(scanner, bytes, end);
    } else {
      scanner.resume(this.#partial, bytes, start, end);
      this.#executeEach(scanner);
    }
    // Before the rest is taken: what is sent on still lies where it was scanned.
    if (server.forwarder !== null) server.forwarder.endTurn();
    this.#partial = client.isOver ? undefined : scanner.takeRest();
    client.output.send();
    client.isExecuting = false;
    if (client.isOver) {
      client.closeConnection();
    } else if (
      !client.runsErrands &&
      this.#partial?.exceeds(server.config.current.clientQueryBufferLimitBytes)
    ) {
      server.log.warn("closing a client that exceeded client-query-buffer-limit", { client: client.remote });
      client.close(false);
    } else {
      if (client.mustWait && this.byteLength > READ_AHEAD_BYTES) this.#connection.pauseReading();
      if (server.eviction.isOn) server.eviction.note(client);
    }
  }

  /** The common case: all requests lie whole in the read buffer. They are scanned a batch ahead. */
  #executePipeline(scanner: RequestScanner, source: Buffer, end: number): void {
    const client = this.#client;
    const { batch, executor, keyspace } = this.#server;
    let result: ScanResult = COMPLETE;
    while (result === COMPLETE && !client.mustWait && !client.isOver) {
      scanner.authenticated = client.isLetIn;
      // Before AUTH other limits hold than after it: then no request is scanned ahead.
      batch.fill(scanner, scanner.authenticated ? BATCH_REQUESTS : 1);
      result = batch.result;
      const bySlot = executor.router === null ? null : executor.router.bySlot;
      batch.warm(keyspace, client.database, bySlot);
      for (let i = 0; i < batch.size; i++) {
        if (client.mustWait || client.isOver) {
          scanner.begin(source, batch.ends[i - 1]!, end);
          keyspace.hasher.forget();
          return;
        }
        batch.offer(i, keyspace.hasher);
        executor.isKeyHere = bySlot !== null && batch.isHere(i);
        this.sent = null;
        this.#execute(batch.bytes[i]!, batch.marks[i]!, batch.counts[i]!);
        if (this.sent !== null) i += this.#sendLike(this.sent, i);
      }
    }
    keyspace.hasher.forget();
    if (result !== BROKEN || client.isOver) return;
    if (!client.mustWait) this.#closeBroken(scanner.error);
    // Found again, and then answered, when the requests before it were.
    else scanner.begin(source, batch.size > 0 ? batch.ends[batch.size - 1]! : scanner.position, end);
  }

  /**
   * Sends the requests behind one of the batch that was sent, as long as they are its like: the same command, in the same form, with
   * its key in a slot of the same node. All that was asked about the one holds for them, since nothing happens in between. Answers how
   * many.
   */
  #sendLike(run: Run, first: number): number {
    const { elsewhere, hurdles, lastEntry, runsErrands, written } = this.#client;
    const { batch, executor, forwarder, keyspace, state } = this.#server;
    // An errand carries a command that is another one than the request.
    if (runsErrands || !lastEntry!.isFirstItsKey || (hurdles | state.hurdles) !== 0) return 0;
    const { bySlot } = executor.router!;
    const isWrite = (lastEntry!.bits & WRITE) !== 0;
    const place = isWrite && written !== null ? written.at(run.route) : null;
    let next = first + 1;
    for (; next < batch.size && batch.isLike(next, first); next++) {
      const bytes = batch.bytes[next]!;
      const marks = batch.marks[next]!;
      batch.offer(next, keyspace.hasher);
      const slot = keyspace.hasher.digestAhead(bytes, marks[2]!, marks[3]!);
      if (bySlot[slot] !== run.route || !forwarder!.extend(run, bytes, marks, batch.counts[next]!)) break;
      place?.note(slot);
    }
    const count = next - first - 1;
    if (count > 0) elsewhere.runs!.extended(run, count);
    return count;
  }

  /** The other case: the first request came in pieces. */
  #executeEach(scanner: RequestScanner): void {
    const client = this.#client;
    while (!client.mustWait && !client.isOver) {
      scanner.authenticated = client.isLetIn;
      const result = scanner.next();
      if (result === BROKEN) this.#closeBroken(scanner.error);
      if (result !== COMPLETE) return;
      this.#execute(scanner.bytes, scanner.marks, scanner.count);
      // The next request, or the next read, may come to lie where this one does.
      this.#server.keyspace.hasher.forget();
    }
  }

  #execute(bytes: Buffer, marks: Int32Array, count: number): void {
    const client = this.#client;
    const { output } = client;
    const isExecuted = this.#server.executor.execute(client, bytes, marks, count);
    // By its own command.
    if (output.hasHeard) output.replyHeard();
    if (!isExecuted) this.hold(buildRequest(bytes, marks, count));
    else output.sendMany();
    client.serveParked();
  }

  #executeHeld(): void {
    const held = this.#held;
    if (held === null) return;
    const client = this.#client;
    const { executor, reply } = this.#server;
    this.#held = null;
    client.question = this.#heldQuestion;
    client.isExecuting = true;
    reply.resp = client.resp;
    const isExecuted = executor.executeRequest(client, held);
    if (client.output.hasHeard) client.output.replyHeard();
    if (isExecuted) client.question = null;
    else this.hold(held);
    client.serveParked();
  }

  #closeBroken(error: string): void {
    const client = this.#client;
    const { reply, state } = this.#server;
    const line = `ERR ${error}`;
    state.countError(line);
    if (client.replyMode === "on") reply.error(line);
    client.close(true);
  }
}
