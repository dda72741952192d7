/**
 * Keeps one pair of nodes repaired: what was asked for is repaired as soon as the other node can be reached, and tried again until it is
 * done. Only one of the two repairs at a time; what the other one had been asked for is done with it. A side that is not whole goes
 * first, for what it lacks it has to ask for itself (floor-exchange.ts).
 */
import type { Log } from "../../host/log.js";
import type { Random } from "../../host/random.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { Outcome, PeerLink } from "../peer-link.js";
import type { SlotSet } from "../slot-set.js";
import { Repair, type RepairEnd } from "./repair.js";
import type { RepairProgress } from "./repair-counters.js";
import { REPAIR_SERVICE } from "./repair-messages.js";
import type { LeftOut, RepairNode } from "./repair-node.js";
import type { BeginRequest } from "./repair-requests.js";

/** Before the next try, on average, and as it grows with each that fails. */
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 3200;
/** A node that repairs with this one, and from which nothing came for so long, is thought to have given up: a step takes less. */
const SILENCE_MAX_MS = 10_000;

export interface PairRepairOptions {
  readonly host: { readonly timers: Timers; readonly random: Random; readonly log: Log };
  readonly selfId: string;
  readonly nodeId: string;
  readonly node: RepairNode;
  readonly link: () => PeerLink | undefined;
  /** Whether this node can repair anything at present, and whether a slot is the other node's too. */
  readonly isReady: () => boolean;
  readonly isShared: (slot: number) => boolean;
  /** Who of the two was left out of what. Nothing but the repair of who was left out may pass between them. */
  readonly leftOut: () => LeftOut;
  /** A repair of this side ended for good, or for now. */
  readonly ended: (end: RepairEnd) => void;
  /** It will not go on: this is all that it did. */
  readonly retired: (did: RepairProgress) => void;
}

interface Request {
  readonly slots: readonly number[];
  readonly done: () => void;
}

/** A repair of this side, and what it is for. */
interface Attempt {
  readonly repair: Repair;
  requests: readonly Request[];
}

/** A repair of the other side: what of this side's requests it does, too. */
interface Visit {
  readonly session: number;
  readonly covered: ReadonlySet<Request>;
  /** What is renewed by it, if that is done in one go; null if nothing is. */
  readonly renewed: SlotSet | null;
  isHeard: boolean;
  cancel: Cancel;
}

export class PairRepair {
  readonly #options: PairRepairOptions;
  /** Not begun. */
  #waiting: readonly Request[] = [];
  #attempt: Attempt | undefined;
  #isRunning = false;
  #visit: Visit | undefined;
  #failures = 0;
  #cancelPause: Cancel | undefined;
  #isClosed = false;

  constructor(options: PairRepairOptions) {
    this.#options = options;
  }

  /** Of the repair that is under way, or stopped for now. */
  get progress(): RepairProgress | undefined {
    return this.#attempt?.repair.progress;
  }

  /**
   * Calls `done` when all that either node has now of these slots is merged on both, and lasts there. What both do not own any more when
   * its turn comes is left out.
   */
  request(slots: readonly number[], done: () => void): void {
    this.#waiting = [...this.#waiting, { slots, done }];
    this.#goOn();
  }

  /** The link has come up. */
  up(): void {
    this.#failures = 0;
    this.#goOnNow();
  }

  /** The link is gone: whatever the other side began, nothing is heard of it for a while, or for ever. */
  down(): void {
    this.#leave();
  }

  /** What was asked for is not done any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#attempt?.repair.abort();
    this.#retire();
    this.#cancelPause?.();
    this.#leave();
  }

  // ---- What this side begins ----

  #goOnNow(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isClosed || this.#isRunning || this.#visit !== undefined || this.#cancelPause !== undefined)
      return;
    if (this.#attempt === undefined && this.#waiting.length === 0) return;
    const { link, isReady, leftOut } = this.#options;
    if (!link()?.isUp) return;
    const { mine, theirs } = leftOut();
    if (!isReady() || (theirs !== null && mine === null)) {
      this.#pause();
      return;
    }
    // A rejection says that something is wrong with this node, and ends it as every fault of its own does.
    void this.#run((this.#attempt ??= this.#newAttempt()));
  }

  #newAttempt(): Attempt {
    const { node, isShared, link, host } = this.#options;
    const requests = this.#waiting;
    this.#waiting = [];
    const slots = [...new Set(requests.flatMap((request) => request.slots))].filter(isShared);
    const ask = async (body: Uint8Array, timeoutMs: number): Promise<Outcome> =>
      (await link()?.ask(REPAIR_SERVICE, body, timeoutMs)) ?? { kind: "unsent" };
    const newSession = () => host.random.uint32();
    const repair = new Repair({ node, slots, leftOut: this.#options.leftOut, ask, newSession });
    return { repair, requests };
  }

  async #run(attempt: Attempt): Promise<void> {
    this.#isRunning = true;
    const end = await attempt.repair.run();
    this.#isRunning = false;
    if (this.#isClosed) return;
    this.#options.ended(end);
    const { requests } = attempt;
    if (end.kind === "done") {
      this.#retire();
      this.#failures = 0;
      for (const { done } of requests) done();
      this.#goOn();
      return;
    }
    if (end.stop === "unshared" || requests.length === 0) {
      // It is begun anew, by then perhaps with other slots.
      this.#waiting = [...requests, ...this.#waiting];
      this.#retire();
    }
    if (end.stop !== "busy") this.#failures++;
    this.#pause();
  }

  #retire(): void {
    if (this.#attempt !== undefined) this.#options.retired(this.#attempt.repair.progress);
    this.#attempt = undefined;
  }

  #pause(): void {
    const { timers, random } = this.#options.host;
    const meanMs = Math.min(PAUSE_MS * 2 ** this.#failures, PAUSE_MAX_MS);
    // At random times: both sides would meet again and again, and so would all that lost the same node.
    const delayMs = meanMs * (0.5 + random.uint32() / 2 ** 32);
    this.#cancelPause?.();
    this.#cancelPause = timers.after(delayMs, () => this.#goOnNow());
  }

  // ---- What the other side begins ----

  /** Whether the other side may begin. */
  begin(request: BeginRequest): boolean {
    if (this.#visit?.session === request.session) return true;
    // What it began before is over.
    this.#leave();
    if (this.#isClosed || this.#attempt?.repair.isBegun || this.#goesFirst(request)) return false;
    const isRenewal = this.#options.leftOut().theirs !== null;
    if (isRenewal && !request.isRenewing) return false;
    const isWhole = this.#isWhole(request);
    const renewed = isRenewal && !request.isResumed ? request.slots : null;
    // What this side has to renew the other one leaves to it.
    const mayCover = isWhole && !request.isResumed && this.#options.leftOut().mine === null;
    const covered = new Set(mayCover ? this.#requests.filter(({ slots }) => isWithin(slots, request)) : []);
    const cancel = this.#watchSilence();
    this.#visit = { session: request.session, covered, renewed, isHeard: false, cancel };
    return true;
  }

  /** Whether the other side may ask what belongs to no repair of its own, or to the one that is under way. */
  get isOpen(): boolean {
    return this.#visit !== undefined || this.#options.leftOut().theirs === null;
  }

  heard(): void {
    if (this.#visit !== undefined) this.#visit.isHeard = true;
  }

  /** The other side is done. Answers what it renewed by that, null for nothing; undefined if this side does not know of it. */
  end(session: number): SlotSet | null | undefined {
    const visit = this.#visit;
    if (visit?.session !== session) return undefined;
    this.#leave();
    const { covered } = visit;
    const isLeft = (request: Request) => !covered.has(request);
    this.#waiting = this.#waiting.filter(isLeft);
    const attempt = this.#attempt;
    if (attempt !== undefined) {
      attempt.requests = attempt.requests.filter(isLeft);
      if (attempt.requests.length === 0 && !this.#isRunning) this.#retire();
    }
    for (const { done } of covered) done();
    this.#goOnNow();
    return visit.renewed;
  }

  get #requests(): readonly Request[] {
    return [...(this.#attempt?.requests ?? []), ...this.#waiting];
  }

  /** Whether this side has what to begin itself, can, and comes before the other one. */
  #goesFirst(request: BeginRequest): boolean {
    const { link, selfId, nodeId } = this.#options;
    if (this.#requests.length === 0 || !link()?.isUp) return false;
    const isWhole = this.#isWhole(request);
    if (isWhole !== request.isWhole) {
      if (!isWhole) this.#goOnNow();
      return !isWhole;
    }
    // Both are on their way to each other: any rule does that both know.
    return this.#isRunning && selfId < nodeId;
  }

  #isWhole({ slots }: BeginRequest): boolean {
    const { isWhole } = this.#options.node;
    for (const slot of slots) if (!isWhole(slot)) return false;
    return true;
  }

  #watchSilence(): Cancel {
    return this.#options.host.timers.after(SILENCE_MAX_MS, () => {
      const visit = this.#visit!;
      if (visit.isHeard) {
        visit.isHeard = false;
        visit.cancel = this.#watchSilence();
      } else {
        this.#visit = undefined;
        this.#goOnNow();
      }
    });
  }

  #leave(): void {
    this.#visit?.cancel();
    this.#visit = undefined;
  }
}

function isWithin(slots: readonly number[], request: BeginRequest): boolean {
  return slots.every((slot) => request.slots.has(slot));
}
