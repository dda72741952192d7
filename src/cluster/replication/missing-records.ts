/**
 * Records that a batch of another node builds on, and that this node does not have: each is fetched by itself, from who told the batch, and
 * merged. So a record that was let go too early costs a question, and not the comparison of all slots that the two nodes share.
 *
 * What is fetched has to be whole (docs/decisions/0005). Whoever builds on a text has all of it. Of anything else he may lack a part that
 * this node was told by another owner, and has dropped: so all owners are asked, and who is not there brings it when it is back.
 */
import { addToGroup } from "../../base/groups.js";
import { compareVersions } from "../../delta/version.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import { pause, type Timers } from "../../host/timers.js";
import { NOWHERE } from "../../keyspace/arena.js";
import type { MissingRecord } from "../../keyspace/batch-application.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import { type KeyLocator, locate } from "../../keyspace/long-digest.js";
import { hasFields, TYPE_COUNTER } from "../../keyspace/record.js";
import type { ValueWant } from "../repair/shipment.js";
import { awaitsBody } from "./key-state.js";
import { doneWithin } from "./within.js";

/** So many at a time, of all nodes: where more is missing something else is wrong, and to compare is cheaper. */
const RECORDS_MAX = 1024;
/** Acknowledgements of the node that told the batch wait for so long at most. */
const TIME_MS_MAX = 1000;
/** What a flush or a deadline has made void meanwhile is so here soon, too. */
const PAUSE_MS = 50;

export interface MissingRecordsOptions {
  readonly host: { readonly clock: Clock; readonly timers: Timers; readonly log: Log };
  readonly keyspace: Keyspace;
  /** Lets another node tell records, and merges them: `Repairs.pullRecords`. */
  readonly pull: (nodeId: string, wants: readonly ValueWant[], timeoutMs: number) => Promise<boolean>;
  /** Other owners of a slot that are alive. */
  readonly othersOf: (slot: number) => readonly string[];
}

export class MissingRecords {
  readonly #options: MissingRecordsOptions;
  #count = 0;

  constructor(options: MissingRecordsOptions) {
    this.#options = options;
  }

  /** Answers whether these records are here, once they are or it has taken too long. Never rejects. */
  async bring(nodeId: string, records: readonly MissingRecord[]): Promise<boolean> {
    const { host } = this.#options;
    if (this.#count + records.length > RECORDS_MAX) return false;
    this.#count += records.length;
    const patience = { timers: host.timers, timeoutMs: TIME_MS_MAX };
    const untilMs = host.clock.monotonicMs() + TIME_MS_MAX;
    try {
      return await doneWithin(patience, this.#bring(nodeId, records, untilMs));
    } catch (error) {
      host.log.error("records that are missing could not be fetched", {
        node: nodeId,
        reason: String(error),
      });
      return false;
    } finally {
      this.#count -= records.length;
    }
  }

  async #bring(nodeId: string, records: readonly MissingRecord[], untilMs: number): Promise<boolean> {
    const { host } = this.#options;
    for (let missing = records; ; ) {
      await this.#fetch(nodeId, missing, untilMs);
      missing = missing.filter((record) => !this.#isHere(record));
      if (missing.length === 0) return this.#complete(nodeId, records, untilMs);
      if (host.clock.monotonicMs() + PAUSE_MS >= untilMs) return false;
      await pause(host.timers, PAUSE_MS);
    }
  }

  /** Gets what other owners may have of those that are no texts. */
  async #complete(nodeId: string, records: readonly MissingRecord[], untilMs: number): Promise<boolean> {
    const byOwner = new Map<string, MissingRecord[]>();
    for (const record of records.filter((record) => this.#mayBeInParts(record))) {
      for (const id of this.#options.othersOf(record.slot)) {
        if (id !== nodeId) addToGroup(byOwner, id, record);
      }
    }
    const fetched = await Promise.all([...byOwner].map(([id, parts]) => this.#fetch(id, parts, untilMs)));
    return !fetched.includes(false);
  }

  #fetch(nodeId: string, records: readonly MissingRecord[], untilMs: number): Promise<boolean> {
    const wants = records.map(({ slot, db, key }): ValueWant => {
      return { kind: "value", slot, db, key: Buffer.from(key), field: null };
    });
    return this.#options.pull(nodeId, wants, Math.max(1, untilMs - this.#options.host.clock.monotonicMs()));
  }

  // ---- This node's keyspace ----

  #isHere(record: MissingRecord): boolean {
    const place = this.#locatorOf(record);
    const { database, slot } = place;
    const { records } = database;
    const { birth, flush } = database.floorsOf(slot);
    const { life } = record;
    if (compareVersions(life, flush) < 0) return true;
    const at = locate(place);
    // What no owner has any more has been collected.
    if (at === NOWHERE) return compareVersions(life, birth) <= 0;
    const there = { clock: records.lifeClock(at), origin: records.lifeOrigin(at) };
    return compareVersions(there, life) >= 0 && !awaitsBody(place, this.#options.keyspace.nowMs);
  }

  #mayBeInParts(record: MissingRecord): boolean {
    const place = this.#locatorOf(record);
    const at = locate(place);
    if (at === NOWHERE) return false;
    const type = place.database.records.type(at);
    return type === TYPE_COUNTER || hasFields(type);
  }

  #locatorOf({ db, slot, key }: MissingRecord): KeyLocator {
    const { hasher, databases } = this.#options.keyspace;
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
    hasher.digest(bytes, 0, bytes.length);
    return { database: databases[db]!, slot, hash: hasher.hash, key: bytes };
  }
}
