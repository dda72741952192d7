/**
 * Another owner that outlived nodes which shipped to it and to this one. It is asked how far it is with their streams, and what this node
 * lacks of that is pulled. Where positions do not tell what is lacking, or it is not there any more, the two have to compare copies.
 *
 * It is asked again and again while anybody is dead: it may hear longer of a node than this one does.
 */
import type { Cancel, Timers } from "../../host/timers.js";
import type { StreamPosition } from "./positions.js";
import type { Ask } from "./pull.js";
import type { Receiver } from "./receiver.js";

/** After trouble; and after none, as long as the other may hear of nodes that are dead for this one. */
const RETRY_MS = 200;
const AGAIN_MS = 5000;

export interface SurvivorOptions {
  readonly nodeId: string;
  readonly receiver: Pick<Receiver, "howFar" | "positions" | "position" | "pull">;
  readonly timers: Timers;
  readonly ask: Ask;
  /** Those of this node, of which it keeps what it pulls; null for all. */
  readonly slots: () => readonly number[] | null;
  readonly isAlive: (nodeId: string) => boolean;
  /** Whether a node will execute no more in a life: it is dead, or has begun another one. */
  readonly isOver: (life: { readonly nodeId: string; readonly boot: number }) => boolean;
  /** Compares all that this node and the other share, and copies what differs both ways; answers whether that is done. */
  readonly repair: (nodeId: string) => Promise<boolean>;
  /** This node has all that the other had of dead nodes when it was asked. */
  readonly settled: () => void;
}

/** Of a dead node. */
interface Estate {
  /** This node has what the other had of it. */
  isSettled: boolean;
  /** Copies were compared since it died. */
  isCompared: boolean;
  /** They are to be compared, whatever positions say. */
  mustCompare: boolean;
}

export class Survivor {
  readonly nodeId: string;
  readonly #options: SurvivorOptions;
  readonly #estates = new Map<string, Estate>();
  #dead: ReadonlySet<string> = new Set();
  /** By life: up to here this node has what the other has of its stream. */
  readonly #reached = new Map<string, number>();
  /** One exchange after the other. */
  #last: Promise<boolean> = Promise.resolve(true);
  #rounds = 0;
  #cancelRound: Cancel | undefined;
  #isClosed = false;

  constructor(options: SurvivorOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
  }

  /** Dead nodes of which this node does not have yet what the other has, by id. */
  get unsettled(): readonly string[] {
    return [...this.#estates].flatMap(([id, { isSettled }]) => (isSettled ? [] : [id]));
  }

  /** Nodes that are dead now, or have started again since they were looked at last. What is not settled of one that came back is still to be. */
  setDead(nodeIds: ReadonlySet<string>): void {
    this.#dead = nodeIds;
    for (const [id, { isSettled }] of this.#estates) if (isSettled && !nodeIds.has(id)) this.#forget(id);
    const added = [...nodeIds].filter((id) => !this.#estates.has(id));
    for (const id of added)
      this.#estates.set(id, { isSettled: false, isCompared: false, mustCompare: false });
    if (added.length > 0) this.#begin();
  }

  /** Another owner ended before it told all that it had of a dead node, and may have told this one: copies are to be compared. */
  doubt(nodeId: string): void {
    if (!this.#estates.has(nodeId)) return;
    this.#mustCompare(nodeId);
    this.#begin();
  }

  /** Gets what the other says that it has of dead nodes; answers whether it is all here. */
  catchUp(told: readonly StreamPosition[]): Promise<boolean> {
    return this.#next(() => this.#settle([...this.#estates.keys()], told));
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRound?.();
  }

  // ---- Rounds ----

  #next(exchange: () => Promise<boolean>): Promise<boolean> {
    this.#last = this.#last.then(() => !this.#isClosed && exchange());
    return this.#last;
  }

  #begin(): void {
    this.#cancelRound?.();
    this.#cancelRound = undefined;
    const round = ++this.#rounds;
    void this.#next(() => this.#askAndSettle()).then((isSettled) => {
      const isOver = this.#isClosed || round !== this.#rounds || this.#estates.size === 0;
      if (!isOver) this.#beginAfter(isSettled ? AGAIN_MS : RETRY_MS);
    });
  }

  #beginAfter(delayMs: number): void {
    this.#cancelRound = this.#options.timers.after(delayMs, () => this.#begin());
  }

  async #askAndSettle(): Promise<boolean> {
    // Who dies while the other answers is asked about in the next round.
    const nodeIds = [...this.#estates.keys()];
    const told = await this.#options.receiver.howFar(this.#options.ask);
    return told !== undefined && (await this.#settle(nodeIds, told));
  }

  async #settle(nodeIds: readonly string[], told: readonly StreamPosition[]): Promise<boolean> {
    for (const nodeId of nodeIds) {
      const lives = told.filter((life) => life.nodeId === nodeId && this.#options.isOver(life));
      if (!this.#areComparable(nodeId, lives)) this.#mustCompare(nodeId);
      for (const life of lives) {
        const outcome = await this.#reach(life);
        if (outcome === "failed" || this.#isClosed) return false;
        if (outcome === "unknown") this.#mustCompare(nodeId);
      }
    }
    const isDoubtful = nodeIds.some((nodeId) => this.#estates.get(nodeId)?.mustCompare);
    if (isDoubtful && !(await this.#compare(nodeIds, told))) return false;
    const before = this.unsettled.length;
    for (const nodeId of nodeIds) {
      const estate = this.#estates.get(nodeId);
      if (estate !== undefined && !estate.mustCompare) estate.isSettled = true;
    }
    if (this.unsettled.length < before) this.#options.settled();
    for (const [id, { isSettled }] of this.#estates) if (isSettled && !this.#dead.has(id)) this.#forget(id);
    return true;
  }

  // ---- One dead node ----

  /** Not if one of the two started since, and knows nothing of a life by which the other could tell what it lacks. */
  #areComparable(nodeId: string, theirs: readonly StreamPosition[]): boolean {
    if (this.#estates.get(nodeId)?.isCompared) return true;
    const { receiver, isOver, isAlive } = this.#options;
    const ours = receiver.positions().filter((life) => life.nodeId === nodeId && isOver(life));
    // Who is back has compared copies with each of the two, or goes on where they are.
    if (isAlive(nodeId) && ours.length === 0 && theirs.length === 0) return true;
    return ours.length > 0 && ours.every(({ boot }) => theirs.some((life) => life.boot === boot));
  }

  async #reach(life: StreamPosition): Promise<"reached" | "unknown" | "failed"> {
    const { receiver, slots, ask } = this.#options;
    const { nodeId, boot, applied } = life;
    const from = this.#reachedOf(life);
    if (from === undefined) return "unknown";
    if (from >= applied) return "reached";
    const outcome = await receiver.pull({ nodeId, boot, owner: this.nodeId, from, slots: slots(), ask });
    if (outcome.kind === "failed") return "failed";
    if (outcome.kind === "gap" || !outcome.isWhole) return "unknown";
    this.#reached.set(nameOf(life), outcome.to);
    return "reached";
  }

  /** Up to there this node lacks nothing that the other can have. */
  #reachedOf(life: StreamPosition): number | undefined {
    const ours = this.#options.receiver.position(life.nodeId, life.boot);
    const reached = this.#reached.get(nameOf(life));
    if (ours === undefined || !ours.isWhole) return reached;
    return Math.max(ours.applied, reached ?? 0);
  }

  #mustCompare(nodeId: string): void {
    const estate = this.#estates.get(nodeId);
    if (estate === undefined) return;
    estate.mustCompare = true;
    estate.isSettled = false;
  }

  /** Whatever the other had when it was asked is here, once copies are compared. */
  async #compare(nodeIds: readonly string[], told: readonly StreamPosition[]): Promise<boolean> {
    const estates = nodeIds.flatMap((nodeId) => this.#estates.get(nodeId) ?? []);
    // A doubt that comes up meanwhile is another one.
    for (const estate of estates) estate.mustCompare = false;
    const isDone = await this.#options.repair(this.nodeId);
    for (const estate of estates) {
      if (isDone) estate.isCompared = true;
      else estate.mustCompare = true;
    }
    if (!isDone || this.#isClosed) return false;
    for (const life of told) {
      if (nodeIds.includes(life.nodeId)) this.#reached.set(nameOf(life), life.applied);
    }
    return true;
  }

  #forget(nodeId: string): void {
    this.#estates.delete(nodeId);
    for (const name of this.#reached.keys()) if (name.startsWith(nodeId)) this.#reached.delete(name);
  }
}

function nameOf({ nodeId, boot }: StreamPosition): string {
  return `${nodeId} ${boot}`;
}
