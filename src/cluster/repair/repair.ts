/**
 * Repairs slots between this node and another that owns them too, while both go on: what either had when the repair began is merged on both
 * when it is done. What is written meanwhile reaches the other side as always.
 *
 * Slots are taken in groups, of which a few are under way at a time: while one waits for the other node, this node digests the next. What was
 * stopped can be taken up again with the slots that are left.
 */
import { assert } from "../../base/assert.js";
import type { Outcome } from "../peer-link.js";
import { SlotSet } from "../slot-set.js";
import { GroupRepair } from "./group-repair.js";
import { noRepairWork, type RepairProgress } from "./repair-counters.js";
import { RepairLink, type RepairStop, Stopped } from "./repair-link.js";
import type { LeftOut, RepairNode } from "./repair-node.js";

/** Groups under way: messages in flight, and memory for them, at most. */
const LANES = 4;
/** Of a group: slots, and about how many records of this node. */
const GROUP_SLOTS_MAX = 256;
const GROUP_RECORDS = 8192;

export interface RepairOptions {
  readonly node: RepairNode;
  /** Slots that both nodes own. */
  readonly slots: readonly number[];
  /** As it is when asked. */
  readonly leftOut: () => LeftOut;
  /** Asks the service `REPAIR_SERVICE` of the other node. */
  readonly ask: (body: Uint8Array, timeoutMs: number) => Promise<Outcome>;
  /** A number that this node's repairs with the other one never had. */
  readonly newSession: () => number;
  /** Whether most of the slots may be expected to differ. */
  readonly mostDiffer?: boolean;
}

export type RepairEnd =
  | { readonly kind: "done" }
  | { readonly kind: "stopped"; readonly stop: RepairStop; readonly reason: string };

export class Repair {
  readonly progress: RepairProgress;
  /** Whether the other node knows of it. */
  isBegun = false;
  readonly #options: RepairOptions;
  readonly #slots: SlotSet;
  #link: RepairLink | undefined;
  #isAborted = false;
  #wasBegun = false;
  #pending: number[];
  /** Of the group that was done last, and so perhaps of the next. */
  #mostDiffer: boolean;

  constructor(options: RepairOptions) {
    const { slots, mostDiffer = false } = options;
    this.#mostDiffer = mostDiffer;
    this.#options = options;
    this.#pending = [...slots].reverse();
    this.#slots = new SlotSet(slots);
    this.progress = { slots: slots.length, ...noRepairWork() };
  }

  /**
   * Begins, or goes on where it was stopped. When it is done all that either side was told lasts there, as its `appendfsync` promises.
   * Rejects if something is wrong with this node.
   */
  async run(): Promise<RepairEnd> {
    assert(this.#link === undefined, "a repair is run once at a time");
    const { node, ask, newSession } = this.#options;
    const mayTouch = (slot: number) => this.#slots.has(slot);
    const link = (this.#link = new RepairLink({ node, ask, mayTouch, counters: this.progress }));
    if (this.#isAborted) this.abort();
    const session = newSession();
    try {
      await this.#begin(link, session);
      await this.#runLanes(link);
      await node.lasts();
      await link.end(session);
      return { kind: "done" };
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      return { kind: "stopped", stop: error.stop, reason: error.message };
    } finally {
      this.#link = undefined;
      this.isBegun = false;
    }
  }

  /** Ends it soon; nothing that was merged is undone. */
  abort(): void {
    this.#isAborted = true;
    this.#link?.stop(new Stopped("aborted", "it was called off"));
  }

  async #begin(link: RepairLink, session: number): Promise<void> {
    const { node, slots } = this.#options;
    const isWhole = slots.every((slot) => node.isWhole(slot));
    const isRenewing = this.#options.leftOut().mine !== null;
    await link.begin({ session, isWhole, isResumed: this.#wasBegun, isRenewing, slots: this.#slots });
    this.isBegun = this.#wasBegun = true;
  }

  /** Throws what stopped it first, when all that was under way has ended. */
  async #runLanes(link: RepairLink): Promise<void> {
    const lanes = Array.from({ length: LANES }, () => this.#runLane(link));
    const ends = await Promise.allSettled(lanes);
    for (const end of ends) {
      if (end.status === "rejected" && !(end.reason instanceof Stopped)) throw end.reason;
    }
    link.check();
  }

  async #runLane(link: RepairLink): Promise<void> {
    const { node } = this.#options;
    const { progress } = this;
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      try {
        const of = { mostDiffer: this.#mostDiffer, leftOut: this.#options.leftOut() };
        const differing = await new GroupRepair({ node, link, counters: progress, ...of }).run(group);
        this.#mostDiffer = 2 * differing > group.length;
        progress.slotsCompared += group.length;
        progress.slotsDiffering += differing;
      } catch (error) {
        this.#pending.push(...group.reverse());
        link.stop(error instanceof Stopped ? error : new Stopped("failed", String(error)));
        throw error;
      }
    }
  }

  #takeGroup(): number[] {
    const { databases } = this.#options.node.keyspace;
    const group: number[] = [];
    for (let records = 0; group.length < GROUP_SLOTS_MAX && records < GROUP_RECORDS; ) {
      const slot = this.#pending.pop();
      if (slot === undefined) break;
      group.push(slot);
      for (const { index } of databases) records += index.count(slot);
    }
    return group;
  }
}
