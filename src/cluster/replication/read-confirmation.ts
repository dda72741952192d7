/**
 * Sees to it, before a key is read at quorum, that what this node has of it is no older than what most of its owners have: asks all of
 * them that are alive for a digest of the record (key-state.ts), and has what differs made equal first (reading.ts). Answers others who
 * ask the same (read-messages.ts, docs/formats/reads.md).
 *
 * Keys that are asked for in one turn share requests. What this node has executed until then leaves before the question, on the same link:
 * so an owner that is only as far behind as the wire is long has it when it answers, and there is no difference.
 */
import type { Checksum } from "../../base/crc32.js";
import { Lasting } from "../../durability/lasting.js";
import type { PersistenceView } from "../../durability/persistence-view.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Timers } from "../../host/timers.js";
import { BatchApplication } from "../../keyspace/batch-application.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { KeyLocator } from "../../keyspace/long-digest.js";
import type { PackingLimits } from "../../keyspace/packing-limits.js";
import type { ReadOutcome } from "../copies.js";
import type { PeerIdentity } from "../peer-hello.js";
import type { Outcome } from "../peer-link.js";
import type { Service } from "../peer-server.js";
import type { NodeNumber, OwnerGroups } from "../primaries/owner-groups.js";
import { Pace } from "../repair/pace.js";
import { RepairService } from "../repair/repair-service.js";
import { SlotTurns } from "../repair/slot-turns.js";
import { digestAtOnce, digestInSteps, floorOf, type KeyDigest, type KeyState } from "./key-state.js";
import {
  PLACES_BYTES_MAX,
  PLACES_MAX,
  type Place,
  READ_REPAIR_SERVICE,
  READS_SERVICE,
  readStates,
  readStatesRequest,
  type StatesRequest,
  writeStates,
  writeStatesRequest,
} from "./read-messages.js";
import { Reading, type ReadingCounters, type ReadingHost } from "./reading.js";
import { Turns } from "./turns.js";

/** Reads under way: as many as requests that a link has in flight. */
const READS_MAX = 8192;
/** Keys of one other owner whose records travel at a time: each takes a message's memory on both sides. */
const TRAVELLING_MAX = 32;

/** What it takes of the links: peers.ts. */
export interface ReadPeers {
  linkTo(nodeId: string):
    | {
        ask(service: string, body: Uint8Array, timeoutMs: number): Promise<Outcome>;
      }
    | undefined;
}

export interface ReadConfirmationOptions {
  readonly peers: ReadPeers;
  /** Undefined as long as this node does not know who owns what: nothing can be confirmed. */
  readonly groups: () => OwnerGroups | undefined;
  readonly idOf: (node: NodeNumber) => string | undefined;
  readonly isAlive: (node: NodeNumber) => boolean;
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  readonly log: Log;
  readonly persistence: PersistenceView;
  /** Whether this node owns a slot, now or soon. */
  readonly mayTouch: (slot: number) => boolean;
  /** Hands what was executed so far to whoever ships it. */
  readonly flush: () => void;
  /** What another owner has changed something here. */
  readonly changed: () => void;
}

export interface ReadConfirmationCounters extends ReadingCounters {
  confirmed: number;
  failed: number;
  /** Requests for states of keys, and keys in them, that this node sent and answered. */
  requests: number;
  keysAsked: number;
  keysAnswered: number;
}

export class ReadConfirmation {
  readonly services: ReadonlyMap<string, Service>;
  readonly counters: ReadConfirmationCounters = {
    confirmed: 0,
    failed: 0,
    requests: 0,
    keysAsked: 0,
    keysAnswered: 0,
    differing: 0,
    recordsPushed: 0,
    recordsPulled: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
  readonly #options: ReadConfirmationOptions;
  readonly #host: ReadingHost;
  readonly #repairs: RepairService;
  readonly #application: BatchApplication;
  readonly #lasting: Lasting;
  readonly #turns = new Map<NodeNumber, Turns>();
  readonly #readings = new Map<Reading, number>();
  /** To be asked about when the turn is over. */
  #gathered: Reading[] = [];
  #isDue = false;

  constructor(options: ReadConfirmationOptions) {
    this.#options = options;
    const { keyspace, limits, checksum, timers, clock, changed, mayTouch, persistence, log } = options;
    this.#application = new BatchApplication({
      keyspace,
      limits,
      checksum,
      // An owner tells of a record whose body it does not have either. A reading is not confirmed before some owner had it, and the
      // stream of the node that built on it finds it missing by itself.
      incomplete() {},
      changed,
    });
    const node: ReadingHost["node"] = {
      keyspace,
      timers,
      // Somebody waits for a reply.
      pace: new Pace({ clock, timers, pauseMs: () => 0 }),
      checksum,
      lasts: () => this.#lasts(persistence.position),
      // What floors cover is for the repair of whole slots.
      isWhole: () => false,
      renewals: new SlotTurns(),
    };
    this.#host = {
      node,
      merge: (batches, mayTouchOf) => this.#merge(batches, mayTouchOf),
      counters: this.counters,
      ask: (to, body, timeoutMs) => this.#askOwner(to, READ_REPAIR_SERVICE, body, timeoutMs),
      takeTurn: (to, work) => this.#turnsOf(to).take(work),
      broken: (error) => log.error("a read at quorum failed", { reason: String(error) }),
    };
    this.#repairs = new RepairService({
      ...node,
      apply: (batches, mayTouchOf) => Promise.resolve(this.#merge(batches, mayTouchOf)),
      isShared: (_, slot) => mayTouch(slot),
      isOpen: () => true,
      isReady: () => this.#isMerging,
      // Here nobody repairs more than a record.
      partners: { begin: () => false, heard() {}, end: () => false },
    });
    this.services = new Map<string, Service>([
      [READS_SERVICE, (body) => this.#answerStates(body)],
      [READ_REPAIR_SERVICE, (body, from) => this.#answerRepair(body, from)],
    ]);
    this.#lasting = new Lasting(persistence);
  }

  /** Reads that are not decided yet. */
  get pending(): number {
    return this.#readings.size;
  }

  close(): void {
    this.#lasting.close();
    this.#repairs.close();
    for (const reading of [...this.#readings.keys()]) reading.end("failed");
  }

  /** See `Copies.confirmRead`. The key is kept, and must not change. */
  confirmRead(slot: number, database: number, key: Buffer, timeoutMs: number): Promise<ReadOutcome> {
    const { groups, isAlive, mayTouch, timers, clock } = this.#options;
    const group = groups()?.of(slot);
    if (group === undefined || !mayTouch(slot) || this.pending >= READS_MAX || !this.#isMerging) {
      this.counters.failed++;
      return Promise.resolve("failed");
    }
    return new Promise((resolve) => {
      const reading = new Reading({
        host: this.#host,
        place: this.#locatorOf({ slot, db: database, key }),
        group,
        living: group.others.filter(isAlive),
        ended: (outcome) => {
          cancel();
          this.#readings.delete(reading);
          this.counters[outcome]++;
          resolve(outcome);
        },
      });
      const cancel = timers.after(timeoutMs, () => reading.end("failed"));
      this.#readings.set(reading, clock.monotonicMs() + timeoutMs);
      reading.begin();
      if (!reading.isEnded) this.#gather(reading);
    });
  }

  // ---- Asking ----

  #gather(reading: Reading): void {
    this.#gathered.push(reading);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.timers.afterTurn(this.#askGathered);
  }

  readonly #askGathered = (): void => {
    const { flush, keyspace, clock } = this.#options;
    const readings = this.#gathered;
    this.#gathered = [];
    this.#isDue = false;
    flush();
    keyspace.tick(clock.wallMs());
    const atMs = keyspace.nowMs;
    const short = readings.filter((reading) => {
      if (reading.isEnded) return false;
      if (reading.digestAtOnce(atMs)) return true;
      // Nobody else is to wait for it.
      this.#own(reading.digest(atMs).then(() => this.#ask([reading], atMs)));
      return false;
    });
    this.#ask(short, atMs);
  };

  #ask(readings: readonly Reading[], atMs: number): void {
    const byOwner = new Map<NodeNumber, Reading[]>();
    for (const reading of readings) {
      if (reading.isEnded) continue;
      for (const owner of reading.owners) {
        const list = byOwner.get(owner);
        if (list === undefined) byOwner.set(owner, [reading]);
        else list.push(reading);
      }
    }
    for (const [owner, list] of byOwner) {
      for (let from = 0; from < list.length; ) {
        const part = list.slice(from, endOfRequest(list, from));
        this.#own(this.#askOf(owner, part, atMs));
        from += part.length;
      }
    }
  }

  async #askOf(owner: NodeNumber, readings: readonly Reading[], atMs: number): Promise<void> {
    const { checksum } = this.#options;
    this.counters.requests++;
    this.counters.keysAsked += readings.length;
    const places = readings.map(({ place: { slot, database, key } }) => ({ slot, db: database.number, key }));
    const timeoutMs = Math.max(...readings.map((reading) => this.#remainingMs(reading)));
    const request = writeStatesRequest({ atMs, places }, checksum);
    const outcome = await this.#askOwner(owner, READS_SERVICE, request, timeoutMs);
    const states =
      outcome.kind === "answered" ? readStates(outcome.body, readings.length, checksum) : undefined;
    for (const [i, reading] of readings.entries()) reading.answered(owner, states?.[i]);
  }

  async #askOwner(
    owner: NodeNumber,
    service: string,
    message: Uint8Array,
    timeoutMs: number,
  ): Promise<Outcome> {
    const { peers, idOf } = this.#options;
    const id = idOf(owner);
    const link = id === undefined ? undefined : peers.linkTo(id);
    return link === undefined ? { kind: "unsent" } : link.ask(service, message, timeoutMs);
  }

  #remainingMs(reading: Reading): number {
    const deadlineMs = this.#readings.get(reading) ?? 0;
    return Math.max(0, deadlineMs - this.#options.clock.monotonicMs());
  }

  #turnsOf(owner: NodeNumber): Turns {
    let turns = this.#turns.get(owner);
    if (turns === undefined) this.#turns.set(owner, (turns = new Turns(TRAVELLING_MAX)));
    return turns;
  }

  /** Whatever goes wrong in it, reads end by their timers. */
  #own(work: Promise<void>): void {
    work.catch(this.#host.broken);
  }

  // ---- Answering ----

  async #answerStates(message: Buffer): Promise<Uint8Array> {
    const { checksum, keyspace } = this.#options;
    const request = readStatesRequest(message, keyspace.databases.length, checksum);
    if (request === undefined) throw new Error("a question about keys that are read is malformed");
    if (!this.#isMerging) throw new Error("this node has nothing to compare at present");
    return writeStates(await this.#statesOf(request), checksum);
  }

  async #answerRepair(message: Buffer, { nodeId }: PeerIdentity): Promise<Uint8Array> {
    const { persistence } = this.#options;
    const { position } = persistence;
    const answer = await this.#repairs.answer(message, nodeId);
    if (persistence.position > position) await this.#lasts(persistence.position);
    return answer;
  }

  /** States that last as clients may expect. All but those that take steps are of the moment in which this is called. */
  async #statesOf({ atMs, places }: StatesRequest): Promise<(KeyState | undefined)[]> {
    const { mayTouch, persistence } = this.#options;
    this.counters.keysAnswered += places.length;
    const states: (KeyState | undefined)[] = [];
    const long: { readonly place: KeyLocator; readonly i: number }[] = [];
    let position = 0;
    for (const [i, asked] of places.entries()) {
      if (!mayTouch(asked.slot)) {
        states.push(undefined);
        continue;
      }
      const place = this.#locatorOf(asked);
      const digest = digestAtOnce(place, atMs);
      if (digest === undefined) long.push({ place, i });
      states.push(digest && stateOf(place, digest));
      position = Math.max(position, persistence.positionOf(asked.slot));
    }
    for (const { place, i } of long) {
      states[i] = stateOf(place, await digestInSteps(place, atMs, (step) => this.#host.node.pace.run(step)));
      position = Math.max(position, persistence.positionOf(place.slot));
    }
    await this.#lasts(position);
    return states;
  }

  async #lasts(position: number): Promise<void> {
    const isInDoubt = position > this.#options.persistence.inDoubtFrom;
    if (isInDoubt && !this.#lasting.isReached(position)) throw new Error("nobody knows what of it lasts");
    await this.#lasting.reach(position);
  }

  // ---- This node's keyspace ----

  /** While the log is read, or without tombstones, there is nothing to compare or to merge with. */
  get #isMerging(): boolean {
    const { persistence, keyspace } = this.#options;
    return persistence.loading === null && keyspace.keepTombstones;
  }

  #merge(batches: Buffer, mayTouchOf: (slot: number) => boolean): string | undefined {
    const { keyspace, clock, persistence, mayTouch } = this.#options;
    if (!this.#isMerging) return "nothing can be merged at present";
    if (!persistence.hasRoomFor(batches.length)) return "the log takes nothing at present";
    keyspace.tick(clock.wallMs());
    return this.#application.apply(batches, (slot) => mayTouch(slot) && mayTouchOf(slot));
  }

  #locatorOf({ slot, db, key }: Place): KeyLocator {
    const { hasher, databases } = this.#options.keyspace;
    hasher.digest(key, 0, key.length);
    return { database: databases[db]!, slot, hash: hasher.hash, key };
  }
}

function stateOf(place: KeyLocator, digest: KeyDigest): KeyState {
  return { ...digest, floor: floorOf(place) };
}

/** Behind the last of those that one request asks about. */
function endOfRequest(readings: readonly Reading[], from: number): number {
  let bytes = 0;
  let end = from;
  while (end < readings.length && end - from < PLACES_MAX) {
    bytes += readings[end]!.place.key.length;
    if (bytes > PLACES_BYTES_MAX && end > from) break;
    end++;
  }
  return end;
}
