/**
 * Keeps what this node and the others have of the slots that they share alike: repairs with each of them what it is asked to, one repair
 * of a pair at a time, and answers those that repair with it. What other nodes tell goes into this node's own log as what was
 * received, and is never shipped on.
 */
import type { Checksum } from "../../base/crc32.js";
import { Lasting, type LogProgress } from "../../durability/lasting.js";
import type { PersistenceView } from "../../durability/persistence-view.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Random } from "../../host/random.js";
import type { Timers } from "../../host/timers.js";
import { BatchApplication } from "../../keyspace/batch-application.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { PackingLimits } from "../../keyspace/packing-limits.js";
import { LogRoom } from "../log-room.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import type { SlotSet } from "../slot-set.js";
import { Pace } from "./pace.js";
import { PairRepair } from "./pair-repair.js";
import { addRepairWork, noRepairWork, type RepairCounters, type RepairProgress } from "./repair-counters.js";
import { RepairLink, Stopped } from "./repair-link.js";
import { REPAIR_SERVICE } from "./repair-messages.js";
import { type LeftOut, NOBODY_LEFT_OUT, type RepairNode } from "./repair-node.js";
import { RepairService } from "./repair-service.js";
import type { ValueWant } from "./shipment.js";
import { SlotTurns } from "./slot-turns.js";

/** Between two slices of a millisecond, where clients wait: repair takes half of the time at most. */
const PAUSE_MS = 1;

export interface RepairsOptions {
  readonly host: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly checksum: Checksum;
    readonly log: Log;
  };
  readonly selfId: string;
  readonly peers: Peers;
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly persistence: LogProgress & Pick<PersistenceView, "loading" | "hasRoomFor">;
  /** Whether another node and this one both own a slot at present, or are to: nothing else is told to it, or by it. */
  readonly isShared: (nodeId: string, slot: number) => boolean;
  /** Who of this node and another was left out of what; nobody if absent. */
  readonly leftOut?: (nodeId: string) => LeftOut;
  /** Whether anything that repairs may pass between this node and another one; always if absent. */
  readonly mayRepairWith?: (nodeId: string) => boolean;
  /** Another node, which this one had left out, has what this one has of slots. */
  readonly renewed?: (nodeId: string, slots: SlotSet) => Promise<void>;
  /** `RepairNode.isWhole`. */
  readonly isWhole: (slot: number) => boolean;
  /** Whether clients wait for this node: else repair takes all time that is left. */
  readonly isServing: () => boolean;
  /** What another node has changed something here. */
  readonly changed?: () => void;
}

export interface RepairUnderWay {
  readonly nodeId: string;
  readonly progress: Readonly<RepairProgress>;
}

export class Repairs {
  readonly services: ReadonlyMap<string, Service>;
  readonly #options: RepairsOptions;
  readonly #application: BatchApplication;
  readonly #node: RepairNode;
  readonly #service: RepairService;
  readonly #pairs = new Map<string, PairRepair>();
  readonly #lasting: Lasting;
  readonly #room: LogRoom;
  readonly #ends: readonly (() => void)[];
  /** Of what is over. */
  readonly #done: Omit<RepairCounters, "recordsTold" | "batchesMerged"> = {
    repairs: 0,
    stops: 0,
    ...noRepairWork(),
  };
  #isClosed = false;

  constructor(options: RepairsOptions) {
    const { host, keyspace, limits, persistence, peers, isShared, isWhole, isServing } = options;
    const { clock, timers, checksum } = host;
    this.#options = options;
    this.#application = new BatchApplication({
      keyspace,
      limits,
      checksum,
      // What is told is whole records. What lacks something is so on the side that tells it, and is fetched or repaired there; this
      // side finds it missing by itself when the stream tells it what was built on that, as it does every owner.
      incomplete() {},
      ...(options.changed === undefined ? {} : { changed: options.changed }),
    });
    this.#lasting = new Lasting(persistence);
    this.#room = new LogRoom(persistence, timers);
    const pace = new Pace({ clock, timers, pauseMs: () => (isServing() ? PAUSE_MS : 0) });
    this.#node = {
      keyspace,
      timers,
      pace,
      checksum,
      apply: (batches, mayTouch) => this.#apply(batches, mayTouch),
      lasts: () => this.#lasting.reach(),
      isWhole,
      renewals: new SlotTurns(),
    };
    this.#service = new RepairService({
      ...this.#node,
      isShared,
      isOpen: (nodeId) => this.#isOpen(nodeId),
      isReady: () => this.#isReady,
      partners: {
        begin: (nodeId, request) => this.#mayRepairWith(nodeId) && this.#pair(nodeId).begin(request),
        heard: (nodeId) => this.#pairs.get(nodeId)?.heard(),
        end: (nodeId, session) => this.#end(nodeId, session),
      },
    });
    this.services = new Map([[REPAIR_SERVICE, (body, { nodeId }) => this.#service.answer(body, nodeId)]]);
    this.#ends = [
      peers.subscribe({
        up: ({ nodeId }) => this.#pairs.get(nodeId)?.up(),
        down: ({ nodeId }) => this.#pairs.get(nodeId)?.down(),
        unreachable() {},
      }),
    ];
  }

  /**
   * Repairs slots with another node. Calls `done` when all that either has now of those that both own is merged on both, and lasts there as
   * its `appendfsync` promises; tries until then, as long as it may take, or until the node is forgotten.
   */
  request(nodeId: string, slots: readonly number[], done: () => void): void {
    if (!this.#isClosed) this.#pair(nodeId).request(slots, done);
  }

  /**
   * Lets another node tell some records of slots that both own, as a whole, and merges them. Answers whether it has, within about this time. Rejects
   * if something is wrong with this node.
   */
  async pullRecords(nodeId: string, wants: readonly ValueWant[], timeoutMs: number): Promise<boolean> {
    const { host, peers, isShared } = this.#options;
    if (!this.#isOpen(nodeId)) return false;
    const link = new RepairLink({
      node: this.#node,
      ask: (body) =>
        peers.linkTo(nodeId)?.ask(REPAIR_SERVICE, body, timeoutMs) ?? Promise.resolve({ kind: "unsent" }),
      mayTouch: (slot) => isShared(nodeId, slot),
      counters: this.#done,
    });
    const cancel = host.timers.after(timeoutMs, () =>
      link.stop(new Stopped("interrupted", "it takes too long")),
    );
    try {
      await link.pull(wants);
      return true;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      return false;
    } finally {
      cancel();
    }
  }

  /** A node is gone for good, or shares no slots any more: what was asked for is not done. */
  forget(nodeId: string): void {
    this.#pairs.get(nodeId)?.close();
    this.#pairs.delete(nodeId);
  }

  /** Repairs of this node that are under way, or stopped for now. */
  get underWay(): readonly RepairUnderWay[] {
    return [...this.#pairs].flatMap(([nodeId, { progress }]) =>
      progress === undefined ? [] : [{ nodeId, progress }],
    );
  }

  get counters(): RepairCounters {
    const { recordsTold } = this.#service.counters;
    const counters = { ...this.#done, recordsTold, batchesMerged: this.#application.batches };
    for (const { progress } of this.underWay) addRepairWork(progress, counters);
    return counters;
  }

  close(): void {
    this.#isClosed = true;
    for (const nodeId of [...this.#pairs.keys()]) this.forget(nodeId);
    for (const end of this.#ends) end();
    this.#room.close();
    this.#service.close();
    this.#lasting.close();
    this.#lasting.release();
  }

  /** Without tombstones nothing can be merged, and while the log is read there is nothing to merge with. */
  get #isReady(): boolean {
    const { persistence, keyspace } = this.#options;
    return !this.#isClosed && persistence.loading === null && keyspace.keepTombstones;
  }

  #mayRepairWith(nodeId: string): boolean {
    return this.#options.mayRepairWith?.(nodeId) ?? true;
  }

  #isOpen(nodeId: string): boolean {
    return this.#mayRepairWith(nodeId) && this.#pair(nodeId).isOpen;
  }

  #pair(nodeId: string): PairRepair {
    const known = this.#pairs.get(nodeId);
    if (known !== undefined) return known;
    const { host, selfId, peers, isShared, leftOut } = this.#options;
    const pair = new PairRepair({
      host,
      selfId,
      nodeId,
      node: this.#node,
      link: () => peers.linkTo(nodeId),
      isReady: () => this.#isReady && this.#mayRepairWith(nodeId),
      isShared: (slot) => isShared(nodeId, slot),
      leftOut: () => leftOut?.(nodeId) ?? NOBODY_LEFT_OUT,
      ended: (end) => {
        if (end.kind === "done") this.#done.repairs++;
        else this.#done.stops++;
        if (end.kind === "stopped" && end.stop === "failed")
          host.log.warn("a repair with another node failed", { node: nodeId, reason: end.reason });
      },
      retired: (did) => addRepairWork(did, this.#done),
    });
    this.#pairs.set(nodeId, pair);
    return pair;
  }

  async #end(nodeId: string, session: number): Promise<boolean> {
    const renewed = this.#pairs.get(nodeId)?.end(session);
    if (renewed) await this.#options.renewed?.(nodeId, renewed);
    return renewed !== undefined;
  }

  async #apply(batches: Buffer, mayTouch: (slot: number) => boolean): Promise<string | undefined> {
    const { keyspace, host } = this.#options;
    let problem: string | undefined;
    const merge = () => {
      if (!this.#isReady) {
        problem = "this node cannot merge anything at present";
        return;
      }
      keyspace.tick(host.clock.wallMs());
      problem = this.#application.apply(batches, mayTouch);
    };
    // Each in a slice of its own, so that clients have their turns between.
    while (await this.#room.waitFor(batches.length)) {
      let isTaken = false;
      await this.#node.pace.run(() => {
        isTaken = this.#room.hasRoomFor(batches.length);
        if (isTaken) merge();
        return false;
      });
      if (isTaken) return problem;
    }
    return "the log has no room for it";
  }
}
