/**
 * Takes what the acting primaries of this node's slots ship to it: merges it, lets it go into this node's own log, and says how far it
 * is. Of each of them it keeps the last part in memory, so that after the death of one the owners that are left can tell each other
 * what some of them have not received any more.
 *
 * Messages of a link come in order and each is applied in the call that brings it; only its answer may wait, for the log.
 */
import type { Checksum } from "../../base/crc32.js";
import { Lasting } from "../../durability/lasting.js";
import type { PersistenceView } from "../../durability/persistence-view.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Timers } from "../../host/timers.js";
import { BatchApplication, type MissingRecord } from "../../keyspace/batch-application.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { PackingLimits } from "../../keyspace/packing-limits.js";
import { LogRoom } from "../log-room.js";
import type { PeerIdentity } from "../peer-hello.js";
import type { Service } from "../peer-server.js";
import type { SlotSet } from "../slot-set.js";
import { mergeOwn } from "./own-batches.js";
import type { StreamPosition } from "./positions.js";
import type { Ask, Pull, PullOutcome } from "./pull.js";
import { noReceipts, type ReceiverCounters } from "./receipt-counters.js";
import { told } from "./received-batches.js";
import { type Arrival, ReceivedStream } from "./received-stream.js";
import {
  type BatchesRequest,
  type OpenRequest,
  RECEIVED_SERVICE,
  REPLICATE_SERVICE,
  type Reach,
  readPulled,
  readQuestion,
  readRequest,
  readTold,
  type Verdict,
  writeAnswer,
  writeHowFar,
  writePull,
  writeTold,
} from "./replication-messages.js";

/** For all streams together. */
const BACKLOG_BYTES_MAX = 64 * 2 ** 20;
const PULL_TIMEOUT_MS = 5000;
const HOW_FAR_TIMEOUT_MS = 1000;
/** Of a stream that this node knows nothing of. */
const NO_REACH: Reach = { applied: undefined, isWhole: false, durable: undefined, isDurablyWhole: false };

export interface ReceiverOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly checksum: Checksum;
  /** Of this node. */
  readonly boot: number;
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly persistence: PersistenceView;
  /**
   * Gets records that are missing though nothing should be, and that batches build on, from who told those batches. Answers whether they
   * are here; if not, that node is told and has to repair what is missing. Never rejects.
   */
  readonly bring: (nodeId: string, records: readonly MissingRecord[]) => Promise<boolean>;
  /** How often this node took its word from another one, for whose slots that one executed (`Words`). */
  readonly takenFrom: (nodeId: string) => number;
  /** What a node executed changed something in these slots, as `BatchApplicationOptions.changed` tells. */
  readonly changed?: (nodeId: string, slots: Int32Array, count: number) => void;
  readonly backlogBytesMax?: number;
  /** The slots that this node owns, or is to own; undefined if it does not know yet. If left out, it owns all. */
  readonly own?: () => SlotSet | undefined;
}

/** How far this node is with the stream of a life of another. */
export interface ReceivedPosition extends StreamPosition {
  /** From here on it can be pulled. */
  readonly first: number;
}

export class Receiver {
  readonly services: ReadonlyMap<string, Service>;
  readonly counters: ReceiverCounters = noReceipts();
  readonly #options: ReceiverOptions;
  readonly #application: BatchApplication;
  readonly #streams = new Map<string, ReceivedStream>();
  readonly #lasting: Lasting;
  readonly #room: LogRoom;
  readonly #listeners = new Set<() => void>();
  #isChangeDue = false;
  /** Whose batches are being applied, and the records that were missing for that, and should not be. */
  #source: Source = { nodeId: "", newSlots: null };
  #missing: MissingRecord[] = [];

  constructor(options: ReceiverOptions) {
    const { keyspace, limits, checksum, persistence } = options;
    this.#options = options;
    this.#application = new BatchApplication({
      keyspace,
      limits,
      checksum,
      incomplete: (record) => {
        if (this.#source.newSlots?.has(record.slot) !== true) this.#missing.push(record);
      },
      changed: (slots, count) => options.changed?.(this.#source.nodeId, slots, count),
    });
    this.services = new Map<string, Service>([
      [REPLICATE_SERVICE, (body, from) => this.#replicate(body, from)],
      [RECEIVED_SERVICE, (body) => this.#tell(body)],
    ]);
    this.#lasting = new Lasting(persistence);
    this.#room = new LogRoom(persistence, options.timers);
  }

  close(): void {
    this.#lasting.close();
    this.#room.close();
    this.#listeners.clear();
    this.#streams.clear();
  }

  /**
   * Whether this node lacks nothing that a life of another had executed when it found this node, or found it again; but for slots that
   * are new here.
   */
  isInSync(nodeId: string, boot: number): boolean {
    return this.stream(nodeId, boot)?.isInSync === true;
  }

  /** Calls back after a turn in which this node got further with a stream, or came to be in sync or out of it. Answers how to end that. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** How far this node is with each stream that has started for it. */
  positions(): readonly ReceivedPosition[] {
    const started: ReceivedPosition[] = [];
    for (const { nodeId, boot, applied, isWhole, newSlots, backlog } of this.#streams.values()) {
      if (applied === undefined) continue;
      started.push({ nodeId, boot, applied, isWhole: isWhole && newSlots === null, first: backlog.first });
    }
    return started;
  }

  stream(nodeId: string, boot: number): ReceivedStream | undefined {
    return this.#streams.get(nameOf(nodeId, boot));
  }

  /** The same of one; undefined if it has not started. */
  position(nodeId: string, boot: number): ReceivedPosition | undefined {
    return this.positions().find((stream) => stream.nodeId === nodeId && stream.boot === boot);
  }

  get streams(): Iterable<ReceivedStream> {
    return this.#streams.values();
  }

  /** Bytes that all backlogs take. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const { backlog } of this.#streams.values()) bytes += backlog.usedBytes;
    return bytes;
  }

  /**
   * This node came to own more. What it received before and keeps for others may be of these slots, and was not merged: whoever got it from here
   * would have more than this node, and nobody would compare the two.
   */
  owned(): void {
    for (const { backlog } of this.#streams.values()) backlog.restart(backlog.end);
  }

  /** A node is gone for good. */
  forget(nodeId: string): void {
    for (const [name, stream] of this.#streams) if (stream.nodeId === nodeId) this.#streams.delete(name);
    this.#changed();
  }

  #changed(): void {
    if (this.#isChangeDue || this.#listeners.size === 0) return;
    this.#isChangeDue = true;
    this.#options.timers.afterTurn(() => {
      this.#isChangeDue = false;
      for (const changed of this.#listeners) changed();
    });
  }

  // ---- From who executes ----

  async #replicate(body: Buffer, from: PeerIdentity): Promise<Uint8Array> {
    const { boot, checksum, takenFrom } = this.#options;
    const request = readRequest(body, checksum);
    const stream = this.#streamOf(from);
    const taken = takenFrom(from.nodeId);
    if (stream === undefined) return writeAnswer({ verdict: "reopen", boot, taken, ...NO_REACH });
    const verdict = request === undefined ? "refused" : this.#verdict(stream, request);
    // While it waits for records and the log more may come, which this answer does not tell of.
    const { applied, isToldWhole } = stream;
    if (verdict === "accepted") {
      if (stream.fetching > 0) await stream.fetched;
      await this.#lasting.reach();
    }
    stream.durable.reached(this.#options.persistence.durablePosition);
    const reach = { ...stream.reach, applied, isWhole: isToldWhole && !stream.isLacking };
    return writeAnswer({ verdict, boot, taken, ...reach });
  }

  /**
   * Undefined for what an earlier life of the node has sent: a later one is there, which has learnt from this node what it had lost, and
   * would learn of nothing that comes after that.
   */
  #streamOf({ nodeId, boot }: PeerIdentity): ReceivedStream | undefined {
    const lives = this.#livesOf(nodeId);
    const newest = lives.at(-1);
    if (newest !== undefined && newest.boot >= boot) return newest.boot === boot ? newest : undefined;
    // What the last life had shipped may still be missing elsewhere.
    for (const life of lives.slice(0, -1)) this.#streams.delete(nameOf(nodeId, life.boot));
    const stream = new ReceivedStream({ nodeId, boot });
    this.#streams.set(nameOf(nodeId, boot), stream);
    return stream;
  }

  #livesOf(nodeId: string): ReceivedStream[] {
    return [...this.#streams.values()].filter((stream) => stream.nodeId === nodeId);
  }

  #verdict(stream: ReceivedStream, request: OpenRequest | BatchesRequest): Verdict {
    if (!request.isSound) this.counters.damaged++;
    if (!request.isSound) return "reopen";
    if (request.kind === "batches") return this.#take(stream, request);
    if (request.session <= stream.session) return "reopen";
    if (!this.#canTake(NOTHING)) return "later";
    stream.opened(request);
    if (stream.applied === undefined && this.#hasBefore(stream, request)) stream.begin();
    this.counters.sessions++;
    this.#changed();
    return "accepted";
  }

  /** Whether this node lacks nothing of what earlier lives of a node executed, as far as that one knows itself. */
  #hasBefore({ nodeId, boot }: ReceivedStream, { continues, owned, newSlots }: OpenRequest): boolean {
    if (continues === undefined || newSlots.length > 0) return false;
    const last = this.#livesOf(nodeId).findLast((life) => life.boot < boot);
    // Of one in between, which it has forgotten, nobody knows.
    return last?.boot === continues.boot && last.hasAll({ position: continues.position, owned });
  }

  #take(stream: ReceivedStream, request: BatchesRequest): Verdict {
    const { session, starts, isWhole, from, to, batches } = request;
    if (session !== stream.session || (!starts && from !== stream.applied)) return "reopen";
    if (!this.#canTake(batches)) return "later";
    const count = this.#apply(batches, stream);
    if (typeof count === "string") {
      this.#refuse(stream, count);
      return "refused";
    }
    stream.isToldWhole = isWhole;
    if (!isWhole) stream.isLacking = false;
    else if (this.#missing.length > 0 && !stream.isLacking) this.#bring(stream, this.#missing);
    this.#took(stream, { batches, count, from, to });
    return "accepted";
  }

  /** Nothing counts as acknowledged that builds on these records, or comes after, until they are here. */
  #bring(stream: ReceivedStream, records: readonly MissingRecord[]): void {
    const { bring, persistence, clock } = this.#options;
    stream.fetching++;
    const brought = bring(stream.nodeId, records).then((areHere) => {
      stream.fetching--;
      if (areHere) this.counters.fetchedRecords += records.length;
      else stream.isLacking = true;
      const { applied, isWhole, newSlots } = stream;
      if (applied !== undefined && persistence.log !== null) {
        const { position: logPosition } = persistence;
        const nowMs = clock.monotonicMs();
        const note = { position: applied, isWhole: isWhole && newSlots === null, logPosition, nowMs };
        stream.durable.note(note);
      }
      this.#changed();
    });
    stream.fetched = Promise.all([stream.fetched, brought]);
  }

  /** Without tombstones nothing can be merged, while the log is read there is nothing to merge with, and what it has no room for must wait. */
  #canTake(batches: Buffer): boolean {
    const { persistence, keyspace } = this.#options;
    if (persistence.loading !== null || !keyspace.keepTombstones) return false;
    return batches.length === 0 || persistence.hasRoomFor(batches.length);
  }

  /** Answers how many there were, or why none was applied. */
  #apply(batches: Buffer, source: Source): number | string {
    this.#missing = [];
    if (batches.length === 0) return 0;
    const { keyspace, clock } = this.#options;
    const before = this.#application.batches;
    this.#source = source;
    keyspace.tick(clock.wallMs());
    return mergeOwn(this.#application, batches, this.#options.own?.()) ?? this.#application.batches - before;
  }

  #took(stream: ReceivedStream, arrival: Omit<Arrival, "nowMs">): void {
    const { persistence, clock } = this.#options;
    const isWhole = stream.isWhole && stream.newSlots === null;
    const nowMs = clock.monotonicMs();
    stream.took({ ...arrival, nowMs });
    this.counters.messages++;
    this.counters.batches += arrival.count;
    this.counters.bytes += arrival.batches.length;
    this.#boundBacklogs();
    this.#changed();
    if (persistence.log === null) stream.durable.lose();
    else stream.durable.note({ position: arrival.to, isWhole, logPosition: persistence.position, nowMs });
  }

  #refuse({ nodeId, boot }: ReceivedStream, reason: string): void {
    this.counters.refused++;
    this.#options.log.error("another node ships what makes no sense here", { node: nodeId, boot, reason });
  }

  #boundBacklogs(): void {
    const { backlogBytesMax = BACKLOG_BYTES_MAX } = this.#options;
    while (this.backlogBytes > backlogBytesMax) {
      let oldest: ReceivedStream | undefined;
      for (const stream of this.#streams.values()) {
        const { firstMs } = stream.backlog;
        if (firstMs !== undefined && firstMs < (oldest?.backlog.firstMs ?? Infinity)) oldest = stream;
      }
      oldest?.backlog.dropFirst();
    }
  }

  // ---- From and to other owners ----

  /** Tells another owner what was received of a third node, or how far this one is with all of them. */
  #tell(body: Buffer): Uint8Array {
    const question = readQuestion(body);
    if (question === undefined) throw new Error("a question about what was received is malformed");
    const { checksum } = this.#options;
    if (question.kind === "how far") return writeTold(this.positions(), checksum);
    return told(this.stream(question.nodeId, question.boot)?.backlog, question, checksum);
  }

  /** Asks another owner how far it is with all streams; undefined if it does not say. */
  async howFar(ask: Ask): Promise<readonly StreamPosition[] | undefined> {
    const outcome = await ask(RECEIVED_SERVICE, writeHowFar(), HOW_FAR_TIMEOUT_MS);
    return outcome.kind === "answered" ? readTold(outcome.body, this.#options.checksum) : undefined;
  }

  /**
   * Applies what another owner has received of a node beyond a position. This node's own position in that stream stays as it was: what the
   * other one has is only what concerned that one, and a third may have been told of more slots.
   */
  async pull(pull: Pull): Promise<PullOutcome> {
    const { nodeId, owner, ask } = pull;
    let at = pull.from;
    let isWhole = true;
    for (;;) {
      const outcome = await ask(RECEIVED_SERVICE, writePull({ ...pull, from: at }), PULL_TIMEOUT_MS);
      if (outcome.kind !== "answered") return { kind: "failed", reason: outcome.kind };
      const pulled = readPulled(outcome.body, this.#options.checksum);
      if (pulled === undefined) return { kind: "failed", reason: "damaged" };
      if (!pulled.isFound) return { kind: "gap" };
      const { batches, from, to, end } = pulled;
      if (from > at || (to <= at && end > at)) return { kind: "failed", reason: "not what was asked for" };
      // What is told comes as fast as it is asked for, which may be faster than the disk takes it.
      const hasRoom = await this.#room.waitFor(batches.length);
      if (!hasRoom || !this.#canTake(batches))
        return { kind: "failed", reason: "nothing can be taken at present" };
      const count = this.#apply(batches, { nodeId, newSlots: null });
      if (typeof count === "string") return { kind: "failed", reason: count };
      this.counters.pulledBatches += count;
      const missing = this.#missing;
      if (missing.length > 0 && isWhole) {
        isWhole = await this.#options.bring(owner, missing);
        if (isWhole) this.counters.fetchedRecords += missing.length;
      }
      at = to;
      if (at >= end) return { kind: "pulled", to: at, isWhole };
    }
  }
}

/** Of batches. */
type Source = Pick<ReceivedStream, "nodeId" | "newSlots">;

const NOTHING = Buffer.alloc(0);

function nameOf(nodeId: string, boot: number): string {
  return `${nodeId} ${boot}`;
}
