/**
 * For how long other owners have been away from this one, and which of them are left out: remains were collected without them, so they may
 * have what was deleted, and nothing is to know of it any more. Who is left out is treated as one that is cut off until it has been renewed
 * (renewal.ts), by this node and by its next lives.
 *
 * An absence is measured by each pair of nodes for itself, from when both had last all that the other had; time in which this node did not run
 * is no absence of the others. So neither a clock that jumps nor a whole cluster that was shut down makes anybody late.
 */
import type { Clock } from "../../host/clock.js";
import type { Files } from "../../host/files.js";
import type { Log } from "../../host/log.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import type { SlotSet } from "../slot-set.js";
import { type Absence, AbsenceStore } from "./absence-store.js";

const LOOK_PERIOD_MS = 1000;
/**
 * After so long nothing that a node had told any owner before it was left out is unknown to the others: they ask each other every 5 s what they
 * have of it (survivor.ts).
 */
const SETTLING_MS = 10_000;
/** It is written down each time that so great a part of the grace is over, so a restart forgets no more than that. */
const PARTS_OF_GRACE = 16;

export interface AbsencesOptions {
  readonly host: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly files: Files;
    readonly log: Log;
  };
  /** Undefined for a node that keeps nothing. */
  readonly directory: string | undefined;
  /** Option `tombstone-grace`, as it is at present; 0 if nobody is ever left out. */
  readonly graceMs: () => number;
  /** Other owners of this node's slots. */
  readonly coOwners: () => Iterable<NodeId>;
  readonly isAlive: (id: NodeId) => boolean;
  /** Whether each of the two has all that the other one has executed. */
  readonly isInSync: (id: NodeId) => boolean;
  /** What a node that is left out had told anybody is known to all, each time that somebody asks to leave it out. */
  readonly settled: (id: NodeId) => void;
  /** Another node has come to be left out, or has been renewed: `isLeftOut` says which. */
  readonly changed: (id: NodeId) => void;
}

export class Absences {
  readonly #options: AbsencesOptions;
  #store: AbsenceStore | undefined;
  readonly #absences = new Map<NodeId, Absence>();
  /** Since when nodes are left out, as far as this life of this node knows. */
  readonly #leftOutMs = new Map<NodeId, number>();
  #lookedMs: number;
  /** Away time that is not written down. */
  #unwrittenMs = 0;
  readonly #cancel: Cancel;

  constructor(options: AbsencesOptions) {
    this.#options = options;
    const { clock, timers } = options.host;
    this.#lookedMs = clock.monotonicMs();
    this.#cancel = timers.every(LOOK_PERIOD_MS, () => this.#look());
  }

  /** Reads what earlier lives of this node knew. Rejects with `UnusableDirectory` if it makes no sense. */
  async recall(): Promise<void> {
    const { host, directory } = this.#options;
    const { store, kept } = await AbsenceStore.open(host.files, directory);
    this.#store = store;
    for (const [id, absence] of kept) this.#absences.set(id, absence);
  }

  close(): void {
    this.#cancel();
  }

  /** Whether it is dead, and has been away for so long that nobody waits for it before remains are collected. */
  isAbsent(id: NodeId): boolean {
    const { graceMs, isAlive } = this.#options;
    const { awayMs = 0 } = this.#absences.get(id) ?? {};
    const isOverdue = graceMs() > 0 && awayMs >= graceMs();
    return (isOverdue || this.isLeftOut(id)) && !isAlive(id);
  }

  isLeftOut(id: NodeId): boolean {
    return this.leftOutOf(id) !== null;
  }

  /** The slots in which it may have been left out; null if it was not. */
  leftOutOf(id: NodeId): SlotSet | null {
    return this.#absences.get(id)?.leftOut ?? null;
  }

  /** All that are left out. */
  get leftOut(): readonly NodeId[] {
    return [...this.#absences.keys()].filter((id) => this.isLeftOut(id));
  }

  /**
   * Leaves nodes out of slots. Resolves when that lasts, with whether it has been so for long enough that what they had told anybody is known to
   * all.
   */
  async leaveOut(slotsById: ReadonlyMap<NodeId, SlotSet>): Promise<boolean> {
    const nowMs = this.#options.host.clock.monotonicMs();
    let areMore = false;
    let areSettled = true;
    for (const [id, slots] of slotsById) {
      const { awayMs, leftOut } = this.#absences.get(id) ?? { awayMs: 0, leftOut: null };
      const sinceMs = this.#leftOutMs.get(id) ?? nowMs;
      this.#leftOutMs.set(id, sinceMs);
      const isSettled = nowMs - sinceMs >= SETTLING_MS;
      if (isSettled) this.#options.settled(id);
      areSettled &&= isSettled;
      if (leftOut !== null && slots.shared(leftOut).length === slots.size) continue;
      areMore = true;
      this.#absences.set(id, { awayMs, leftOut: leftOut?.with(slots) ?? slots });
      if (leftOut !== null) continue;
      this.#options.host.log.warn(
        "what remains of what was deleted is collected without a node that has been away for long: it takes what the others have when it is back",
        { node: id, awayMs: Math.floor(awayMs) },
      );
      this.#options.changed(id);
    }
    const doLast = !areMore || (await this.#write());
    return doLast && areSettled;
  }

  /** Another node has what this one has, and nothing that was collected without it. Resolves when that lasts. */
  async renewed(id: NodeId): Promise<void> {
    const absence = this.#absences.get(id);
    if (absence === undefined || absence.leftOut === null) return;
    this.#absences.delete(id);
    this.#leftOutMs.delete(id);
    if (!(await this.#write())) {
      // The next life would take it for left out: so does this one.
      this.#absences.set(id, absence);
      return;
    }
    this.#options.host.log.info("a node that was away for long has what the others have", { node: id });
    this.#options.changed(id);
  }

  /** These are members; what is known of others says nothing any more. */
  keepOnly(isMember: (id: NodeId) => boolean): void {
    const gone = [...this.#absences.keys()].filter((id) => !isMember(id));
    for (const id of gone) this.#absences.delete(id);
    if (gone.length > 0) void this.#write();
  }

  #look(): void {
    const { host, coOwners, isInSync, graceMs } = this.#options;
    const nowMs = host.clock.monotonicMs();
    // A node that stood still saw nobody.
    const passedMs = Math.min(nowMs - this.#lookedMs, 2 * LOOK_PERIOD_MS);
    this.#lookedMs = nowMs;
    if (this.#store === undefined) return;
    let isAnyAway = false;
    let isAnyBack = false;
    for (const id of coOwners()) {
      const absence = this.#absences.get(id);
      if (absence?.leftOut == null && isInSync(id)) {
        isAnyBack = this.#absences.delete(id) || isAnyBack;
      } else {
        isAnyAway = true;
        const { awayMs, leftOut } = absence ?? { awayMs: 0, leftOut: null };
        this.#absences.set(id, { awayMs: awayMs + passedMs, leftOut });
      }
    }
    if (isAnyAway) this.#unwrittenMs += passedMs;
    const isDue = this.#unwrittenMs >= Math.max(LOOK_PERIOD_MS, graceMs() / PARTS_OF_GRACE);
    if (isAnyBack || isDue) void this.#write();
  }

  /** Answers whether it lasts. */
  async #write(): Promise<boolean> {
    this.#unwrittenMs = 0;
    try {
      await this.#store?.write(this.#absences);
      return this.#store !== undefined;
    } catch (error) {
      this.#options.host.log.error("could not write down who is away", { error: String(error) });
      return false;
    }
  }
}
