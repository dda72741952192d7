/**
 * What one node asks another to repair slots (repair-messages.ts): each thing until it is answered, or there is no hope that it will be.
 * Whatever is asked may be asked again. One serves all that goes on in a repair at the same time, and stops all of it.
 */
import type { ByteReader } from "../../base/byte-reader.js";
import { beginBatch, endBatch } from "../../delta/batch.js";
import { pause } from "../../host/timers.js";
import { isSound, seal } from "../checked-message.js";
import type { Outcome } from "../peer-link.js";
import type { ListedItems } from "./listed-items.js";
import { ParcelAssembly, partOf } from "./parcels.js";
import {
  type ListAnswer,
  type PulledContent,
  type RangeDifference,
  readCompareAnswer,
  readDeliverAnswer,
  readListAnswers,
  readPullAnswer,
} from "./repair-answers.js";
import type { RepairWork } from "./repair-counters.js";
import { beginRequest, MESSAGE_BYTES, PUSH, readVerdict, type Verdict } from "./repair-messages.js";
import { type RepairNode, seedCheck } from "./repair-node.js";
import {
  type BeginRequest,
  type CompareRequest,
  type ListedRange,
  writeBegin,
  writeCompare,
  writeDeliver,
  writeEnd,
  writeFetch,
  writeList,
  writePull,
} from "./repair-requests.js";
import { type Parcel, parcelBytes, Shipment, type Want } from "./shipment.js";

/** What one step takes on the other side, in slices: a slot of millions of keys is a second's work, and others may wait there too. */
const ASK_TIMEOUT_MS = 30_000;
const TRIES_MAX = 3;
const PAUSE_MS = 100;
/** Wants in a request, and bytes of keys in it. */
const WANTS_MAX = 1024;
const WANTED_BYTES_MAX = 64 * 1024;

/**
 * `interrupted`: the link is down, or slow beyond patience. `unshared`: the other node does not own all of the slots, as it sees it.
 * `busy`: it repairs with this one, or cannot yet.
 */
export type RepairStop = "interrupted" | "unshared" | "busy" | "failed" | "aborted";

export class Stopped extends Error {
  override readonly name = "Stopped";

  constructor(
    readonly stop: RepairStop,
    reason: string,
  ) {
    super(reason);
  }
}

export interface RepairLinkOptions {
  readonly node: RepairNode;
  readonly ask: (body: Uint8Array, timeoutMs: number) => Promise<Outcome>;
  /** What the other side may tell of. */
  readonly mayTouch: (slot: number) => boolean;
  /** Counts what is asked and answered, and the records in it. */
  readonly counters: Pick<RepairWork, "bytesSent" | "bytesReceived" | "recordsPushed" | "recordsPulled">;
}

interface Answer {
  readonly verdict: Verdict;
  readonly bytes: Buffer;
  /** Behind the verdict. */
  readonly reader: ByteReader;
}

export class RepairLink {
  readonly #options: RepairLinkOptions;
  readonly #seed: number;
  #stopped: Stopped | undefined;
  /** What time it was on the other side. */
  #theirMs = 0;

  constructor(options: RepairLinkOptions) {
    this.#options = options;
    this.#seed = seedCheck(options.node.keyspace);
  }

  /** The time to compare at: what has expired on either side has. */
  get atMs(): number {
    return Math.max(this.#options.node.keyspace.nowMs, this.#theirMs);
  }

  /** Whatever goes on throws this as soon as it can. */
  stop(stopped: Stopped): void {
    this.#stopped ??= stopped;
  }

  /** Throws if it is stopped. */
  check(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Does something on this node in steps. */
  async work(step: () => boolean): Promise<void> {
    await this.#options.node.pace.run(() => {
      this.check();
      return step();
    });
    this.check();
  }

  /** What is known of each range that is not the same on the other side. */
  async compare(request: CompareRequest): Promise<readonly (RangeDifference<ListedItems> | undefined)[]> {
    const answer = await this.#accepted(writeCompare(this.#seed, request));
    const asked = request.ranges.map(({ range }) => range);
    const comparison = readCompareAnswer(answer.reader, asked, this.#databases);
    if (comparison === undefined) throw malformed();
    this.#theirMs = Math.max(this.#theirMs, comparison.atMs);
    return comparison.differences;
  }

  async list(ranges: readonly ListedRange[], atMs: number): Promise<readonly ListAnswer[]> {
    const answer = await this.#accepted(writeList(this.#seed, { atMs, ranges }));
    const counts = ranges.map(({ digests }) => digests.length);
    const lists = readListAnswers(answer.reader, counts, this.#databases);
    if (lists === undefined) throw malformed();
    return lists;
  }

  // ---- Beginning and ending ----

  /** Both sides are to know that this one repairs with the other. */
  async begin(request: BeginRequest): Promise<void> {
    const { verdict } = await this.#ask(writeBegin(this.#seed, request));
    if (verdict === "later") throw new Stopped("busy", "the other node repairs with this one, or cannot yet");
    if (verdict !== "accepted") throw malformed();
  }

  /** All is merged, and lasts here: answers when it lasts there. */
  async end(session: number): Promise<void> {
    const { verdict } = await this.#ask(writeEnd(this.#seed, session));
    // A side that knows of no such session any more has what it was told all the same, and asks for itself.
    if (verdict !== "accepted" && verdict !== "lost") throw malformed();
  }

  // ---- Telling ----

  /** Tells the other side what is wanted. */
  async push(wants: readonly Want[]): Promise<void> {
    const { node, counters } = this.#options;
    const shipment = new Shipment(node.keyspace, wants);
    while (!shipment.isDone) {
      const writer = beginRequest(PUSH, this.#seed);
      const start = beginBatch(writer);
      const empty = writer.length;
      let parcel: Parcel | undefined;
      await this.work(() => {
        parcel = shipment.fill(writer, MESSAGE_BYTES);
        return false;
      });
      if (parcel !== undefined) {
        await this.#deliver(parcel);
      } else if (writer.length > empty) {
        endBatch(writer, start);
        await this.#accepted(writer.written());
      }
      counters.recordsPushed += shipment.records;
      shipment.records = 0;
    }
  }

  /** Tells batches, some for a message. */
  async tell(batches: readonly Buffer[]): Promise<void> {
    for (let next = 0; next < batches.length; ) {
      const writer = beginRequest(PUSH, this.#seed);
      do {
        const batch = batches[next++]!;
        writer.range({ bytes: batch, start: 0, end: batch.length });
      } while (next < batches.length && writer.length < MESSAGE_BYTES);
      await this.#accepted(writer.written());
    }
  }

  async #deliver(parcel: Parcel): Promise<void> {
    const total = parcelBytes(parcel);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      let offset = 0;
      for (let number = 0; offset < total; ) {
        const bytes = partOf(parcel, offset, MESSAGE_BYTES);
        const answer = await this.#ask(writeDeliver(this.#seed, { parcel: number, total, offset, bytes }));
        if (answer.verdict === "lost") break;
        const taken = readDeliverAnswer(answer.reader);
        if (taken === undefined) throw malformed();
        number = taken;
        offset += bytes.length;
      }
      if (offset >= total) return;
    }
    throw new Stopped("interrupted", "the other node loses what is delivered in parts");
  }

  // ---- Being told ----

  /** Lets the other side tell what is wanted, and merges it. */
  async pull(wants: readonly Want[]): Promise<void> {
    const pending = [...wants];
    while (pending.length > 0) {
      const asked = pending.splice(0, countOfRequest(pending));
      const { bytes, reader } = await this.#accepted(writePull(this.#seed, asked));
      const counts = { count: asked.length, databases: this.#databases };
      const answer = readPullAnswer(bytes, reader, counts);
      if (answer === undefined) throw malformed();
      const batch = await this.#receive(answer.content);
      if (batch === undefined) {
        pending.unshift(...asked);
        continue;
      }
      if (batch.length > 0) await this.merge(batch);
      this.#options.counters.recordsPulled += answer.records;
      pending.unshift(...answer.ahead, ...asked.slice(answer.taken));
    }
  }

  /** Merges batches into this node's keyspace. */
  async merge(batches: Buffer): Promise<void> {
    const { node, mayTouch } = this.#options;
    this.check();
    const problem = await node.apply(batches, mayTouch);
    if (problem !== undefined)
      throw new Stopped("failed", `what the other node tells is refused: ${problem}`);
    this.check();
  }

  /** Undefined if it was lost on the way. */
  async #receive(content: PulledContent): Promise<Buffer | undefined> {
    if (content.kind === "batch") return content.bytes;
    const { parcel, total } = content;
    const assembly = new ParcelAssembly(total);
    for (let { bytes } = content; ; ) {
      if (bytes.length === 0 || !assembly.add(assembly.length, bytes)) throw malformed();
      if (assembly.isWhole) return assembly.bytes;
      const answer = await this.#ask(writeFetch(this.#seed, { parcel, offset: assembly.length }));
      if (answer.verdict === "lost") return undefined;
      bytes = answer.bytes.subarray(answer.reader.at);
    }
  }

  // ---- Asking ----

  get #databases(): number {
    return this.#options.node.keyspace.databases.length;
  }

  async #accepted(body: Uint8Array): Promise<Answer> {
    const answer = await this.#ask(body);
    if (answer.verdict === "later") throw new Stopped("interrupted", "the other node cannot do it now");
    if (answer.verdict !== "accepted") throw malformed();
    return answer;
  }

  async #ask(body: Uint8Array): Promise<Answer> {
    const { ask, node } = this.#options;
    const message = seal(body, node.checksum);
    for (let tries = 1; ; tries++) {
      this.check();
      const outcome = await ask(message, ASK_TIMEOUT_MS);
      this.check();
      if (outcome.kind === "answered" && isSound(outcome.body, node.checksum))
        return this.#read(message, outcome.body);
      if (outcome.kind === "failed" || outcome.kind === "unknown") {
        throw new Stopped("failed", "the other node cannot answer");
      }
      if (tries === TRIES_MAX) throw new Stopped("interrupted", "the other node cannot be reached");
      await this.#pause();
    }
  }

  #read(body: Uint8Array, bytes: Buffer): Answer {
    const { counters } = this.#options;
    counters.bytesSent += body.length;
    counters.bytesReceived += bytes.length;
    const answer = readVerdict(bytes);
    if (answer === undefined) throw malformed();
    if (answer.verdict === "unshared")
      throw new Stopped("unshared", "the other node does not own all of the slots");
    return { ...answer, bytes };
  }

  #pause(): Promise<void> {
    return pause(this.#options.node.timers, PAUSE_MS);
  }
}

/** How many of these wants are asked for at once. */
function countOfRequest(wants: readonly Want[]): number {
  let bytes = 0;
  let count = 0;
  while (count < wants.length && count < WANTS_MAX && bytes < WANTED_BYTES_MAX) {
    const want = wants[count++]!;
    bytes += "key" in want ? want.key.length : 0;
  }
  return count;
}

function malformed(): Stopped {
  return new Stopped("failed", "the answer is malformed");
}
