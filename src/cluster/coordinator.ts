/**
 * Drives changes of owners, one at a time. Every member runs one of these; that of the oldest member alive acts, from nothing but what
 * all say that they have, so that whoever takes its place goes on where it was.
 *
 * A round asks everybody, and goes on only if all have the same placement: then that is agreed, since each step needs the word of all.
 * Who lags is told; who is ahead is followed.
 */
import type { Log } from "../host/log.js";
import type { Cancel, Timers } from "../host/timers.js";
import { slotsLostWith } from "./lost-slots.js";
import {
  canGiveUp,
  comparePlacements,
  done,
  forgetting,
  formatPlacement,
  givingUp,
  isJoining,
  isMember,
  joining,
  leaving,
  type Placement,
  parsePlacement,
  participants,
  rolledBack,
  switching,
  voters,
} from "./placement.js";
import {
  nameOf,
  type PlacementAnswer,
  type PlacementRequest,
  pollOf,
  type Wish,
} from "./placement-messages.js";
import { SlotSet } from "./slot-set.js";

const PERIOD_MS = 200;
/** How often those are told that all agree who have not heard, once nothing else is to be done. */
const IDLE_PERIOD_MS = 5000;
const ASK_TIMEOUT_MS = 5000;
/** A node that joins and is dead for so long joins in vain: it will ask anew. */
const JOINER_PATIENCE_MS = 30_000;
/** Who wants something asks again and again; what was not asked for so long is not wanted any more. */
const WISH_MS = 10_000;
/** Nodes that want something at once. */
const WISHES_MAX = 1024;
/** Letters of a list of slots that people are shown. */
const RANGES_SHOWN = 120;

export interface CoordinatorOptions {
  readonly selfId: string;
  readonly timers: Timers;
  readonly clock: { monotonicMs(): number };
  readonly log: Log;
  readonly isAlive: (id: string) => boolean;
  /** This node's own. */
  readonly placement: () => Placement | undefined;
  /** Takes a placement that somebody has, if it is newer. */
  readonly follow: (placement: Placement) => Promise<void>;
  /** Asks a node, this one included; undefined if no answer came. */
  readonly ask: (
    id: string,
    request: PlacementRequest,
    timeoutMs: number,
  ) => Promise<PlacementAnswer | undefined>;
}

interface Round {
  /** Those that have the placement. */
  readonly agreeing: ReadonlySet<string>;
  readonly isCopied: boolean;
  readonly isHandedOver: boolean;
  readonly isCertain: boolean;
  readonly newer: Placement | undefined;
}

export class Coordinator {
  readonly #options: CoordinatorOptions;
  /** By node that it is about, what is wanted, and when somebody last said so; the oldest wish first. */
  readonly #wishes = new Map<string, { readonly wish: Wish; readonly atMs: number }>();
  /** The name of the newest placement that all have. */
  #agreed = "";
  /** By node, the name of the placement that it said it has. */
  readonly #has = new Map<string, string>();
  /** Those who have heard that all have it. */
  #heard = new Set<string>();
  #idleUntilMs = 0;
  #joinerDeadSinceMs: number | undefined;
  #isRunning = false;
  #isClosed = false;
  readonly #cancel: Cancel;
  /** What was last said in the log of what a change waits for. */
  #said = "";

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#cancel = options.timers.every(PERIOD_MS, () => this.wake());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** The oldest member that is alive: whom others tell what they want. */
  static of({ members, gone }: Placement, isAlive: (id: string) => boolean): string | undefined {
    return members.find(({ id }) => !gone.includes(id) && isAlive(id))?.id;
  }

  /** Notes what a node wants. Answers why it cannot be, as an error line, or null. */
  note(wish: Wish): string | null {
    const placement = this.#options.placement();
    if (placement === undefined) return "ERR this node does not know who owns which slots yet";
    const refusal = refusalOf(placement, wish, this.#options.isAlive) ?? this.#lossOf(placement, wish);
    if (refusal !== null) return refusal;
    for (const id of subjectsOf(wish)) {
      if (this.#wishes.size >= WISHES_MAX && !this.#wishes.has(id))
        return "TRYAGAIN too many nodes want to join or leave";
      this.#wishes.set(id, { wish, atMs: this.#nowMs });
    }
    this.wake();
    return null;
  }

  /** What would be lost by a wish though nobody said that it may be, as an error line; null if nothing is. */
  #lossOf(placement: Placement, wish: Wish): string | null {
    if (wish.kind !== "forget" || wish.isForced) return null;
    const before = this.#toForget;
    if (wish.ids.every((id) => before.includes(id))) return null;
    const after = slotsLostWith(placement, [...before, ...wish.ids]);
    const lost = new SlotSet(after);
    lost.deleteAll(slotsLostWith(placement, before));
    if (lost.size === 0) return null;
    const ranges = lost.toString();
    const shown =
      ranges.length > RANGES_SHOWN ? `${ranges.slice(0, ranges.lastIndexOf(",", RANGES_SHOWN))},...` : ranges;
    return `ERR of ${lost.size} slots (${shown}) no node that is left has a copy: all their keys would be lost. Bring back one that has them, or say FORCE`;
  }

  /** Goes on if it is this node's turn and there is something to do. */
  wake(): void {
    if (this.#isRunning || this.#isClosed) return;
    const { placement, isAlive, selfId } = this.#options;
    const current = placement();
    if (current === undefined || Coordinator.of(current, isAlive) !== selfId) return;
    this.#forgetOldWishes();
    if (current.change === null && current.gone.length === 0 && this.#wishes.size === 0) {
      if (this.#isHeardByAll(current) || this.#nowMs < this.#idleUntilMs) return;
      this.#idleUntilMs = this.#nowMs + IDLE_PERIOD_MS;
    }
    this.#isRunning = true;
    void this.#round(current).finally(() => {
      this.#isRunning = false;
    });
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Never rejects: `ask` does not. */
  async #round(current: Placement): Promise<void> {
    const round = await this.#poll(current);
    if (this.#isClosed) return;
    if (round.newer !== undefined) return this.#options.follow(round.newer);
    const next = this.#nextStep(current, round);
    if (next !== undefined) return this.#propose(current, next);
    if (this.#agreed === nameOf(current)) return;
    if (!participants(current).every((id) => round.agreeing.has(id))) return;
    // Those that agree are told at once that all do.
    this.#agree(current);
    await this.#poll(current);
  }

  #agree(placement: Placement): void {
    this.#agreed = nameOf(placement);
    this.#heard = new Set();
  }

  #isHeardByAll(current: Placement): boolean {
    return this.#agreed === nameOf(current) && participants(current).every((id) => this.#heard.has(id));
  }

  async #poll(current: Placement): Promise<Round> {
    const name = nameOf(current);
    const isAgreed = this.#agreed === name;
    const agreeing = new Set<string>();
    let isCopied = true;
    let isHandedOver = true;
    let isCertain = true;
    let newer: Placement | undefined;
    // Who is to join takes the step from the same placement as all others.
    const joiners = [...this.#wishes].filter(([, { wish }]) => wish.kind === "join").map(([id]) => id);
    const ids = new Set([...participants(current), ...current.members.map(({ id }) => id), ...joiners]);
    await Promise.all(
      [...ids].map(async (id) => {
        // Its text, which may be long, is for those who may not have it.
        const request = pollOf(current, { isAgreed, isText: this.#has.get(id) !== name });
        const answer = await this.#options.ask(id, request, ASK_TIMEOUT_MS);
        this.#has.delete(id);
        if (answer?.kind !== "has") return;
        const has = answer.placement === null ? current : parsePlacement(answer.placement);
        if (has === undefined) return;
        const order = comparePlacements(has, current);
        if (order > 0) newer = has;
        if (order !== 0) return;
        agreeing.add(id);
        this.#has.set(id, name);
        if (isAgreed) this.#heard.add(id);
        if (current.gone.includes(id)) return;
        isCopied &&= answer.isCopied;
        isHandedOver &&= answer.isHandedOver;
        isCertain &&= answer.isCertain;
      }),
    );
    return { agreeing, isCopied, isHandedOver, isCertain, newer };
  }

  /** Undefined if there is nothing to do but wait. */
  #nextStep(current: Placement, round: Round): Placement | undefined {
    const next = this.#wantedStep(current, round);
    if (next === undefined) return undefined;
    const missing = voters(current, next).filter((id) => !round.agreeing.has(id));
    if (missing.length === 0) {
      this.#said = "";
      return next;
    }
    this.#say("a change of owners waits for nodes", { nodes: missing.join(" ") });
    return undefined;
  }

  #wantedStep(current: Placement, round: Round): Placement | undefined {
    const { selfId, isAlive } = this.#options;
    const { isCopied, isHandedOver, agreeing } = round;
    const { change } = current;
    const given = this.#givenUp(current);
    if (given.length > 0) return givingUp(current, given, selfId);
    if (change === null) return round.isCertain ? this.#wantedChange(current) : undefined;
    const isWhole = participants(current).every((id) => agreeing.has(id));
    if (change.phase === "switch") return isWhole && isHandedOver ? done(current, selfId) : undefined;
    if (isWhole) {
      this.#joinerDeadSinceMs = undefined;
      return isCopied ? switching(current, selfId) : undefined;
    }
    if (change.kind !== "join" || isAlive(change.node.id)) {
      this.#joinerDeadSinceMs = undefined;
      return undefined;
    }
    this.#joinerDeadSinceMs ??= this.#nowMs;
    const isInVain = this.#nowMs - this.#joinerDeadSinceMs >= JOINER_PATIENCE_MS;
    return isInVain ? rolledBack(current, selfId) : undefined;
  }

  /** Those that are to be forgotten and can be, all at once: what takes one out must not wait for another. */
  #givenUp(current: Placement): readonly string[] {
    const isKnown = (id: string) => isMember(current, id) || isJoining(current, id);
    const ids = this.#toForget.filter((id) => isKnown(id) && !current.gone.includes(id));
    if (ids.length === 0 || canGiveUp(current, ids)) return ids;
    return ids.filter((id) => canGiveUp(current, [id])).slice(0, 1);
  }

  /** Nodes that somebody wants to be forgotten, and that are dead. */
  get #toForget(): readonly string[] {
    const { isAlive } = this.#options;
    return [...this.#wishes].flatMap(([id, { wish }]) =>
      wish.kind === "forget" && !isAlive(id) ? [id] : [],
    );
  }

  #wantedChange(current: Placement): Placement | undefined {
    const { selfId, isAlive } = this.#options;
    if (current.gone.length > 0) return forgetting(current, selfId);
    for (const [id, { wish }] of this.#wishes) {
      const isPossible = refusalOf(current, wish, isAlive) === null;
      const isDue = wish.kind === "join" ? !isMember(current, id) : isMember(current, id);
      if (!isPossible || !isDue) {
        this.#wishes.delete(id);
        continue;
      }
      if (!isAlive(id)) continue;
      if (wish.kind === "join") return joining(current, wish.node, selfId);
      if (wish.kind === "leave") return leaving(current, id, selfId);
    }
    return undefined;
  }

  /** Who proposes takes the step first, so that two who propose at once are not both taken by all. */
  async #propose(base: Placement, next: Placement): Promise<void> {
    const { selfId, ask, log } = this.#options;
    const request = {
      kind: "propose",
      base: formatPlacement(base),
      placement: formatPlacement(next),
    } as const;
    const own = await ask(selfId, request, ASK_TIMEOUT_MS);
    if (own?.kind !== "taken" || !own.isTaken || this.#isClosed) return;
    log.info("owners change", describe(base, next));
    const others = voters(base, next).filter((id) => id !== selfId);
    const answers = await Promise.all(others.map((id) => ask(id, request, ASK_TIMEOUT_MS)));
    const isTakenByAll = answers.every((answer) => answer?.kind === "taken" && answer.isTaken);
    if (!isTakenByAll || this.#isClosed) return;
    this.#agree(next);
    await this.#poll(next);
  }

  #forgetOldWishes(): void {
    const nowMs = this.#nowMs;
    for (const [id, { atMs }] of this.#wishes) if (nowMs - atMs > WISH_MS) this.#wishes.delete(id);
  }

  #say(message: string, fields: Record<string, string>): void {
    const said = `${message} ${JSON.stringify(fields)}`;
    if (said === this.#said) return;
    this.#said = said;
    this.#options.log.warn(message, fields);
  }
}

/** Why a wish cannot be granted, as an error line; null if it can, now or later. */
export function refusalOf(placement: Placement, wish: Wish, isAlive: (id: string) => boolean): string | null {
  const { members } = placement;
  switch (wish.kind) {
    case "join":
      return null;
    case "leave":
      return members.length === 1 && isMember(placement, wish.id)
        ? "ERR the last member of a cluster cannot leave: who would take its slots?"
        : null;
    case "forget":
      return refusalToForget(placement, wish.ids, isAlive);
  }
}

function refusalToForget(
  placement: Placement,
  ids: readonly string[],
  isAlive: (id: string) => boolean,
): string | null {
  const alive = ids.find(isAlive);
  if (alive !== undefined) return `ERR the node ${alive} is alive: it can only leave by itself`;
  const { members, gone } = placement;
  // Of others nothing is left to be taken out.
  const known = ids.filter((id) => isMember(placement, id) || isJoining(placement, id));
  if (members.every(({ id }) => gone.includes(id) || known.includes(id)))
    return "ERR the last members of a cluster cannot be forgotten: nobody would be left";
  const isOver = known.every((id) => gone.includes(id));
  if (isOver || placement.change?.phase !== "switch" || canGiveUp(placement, known)) return null;
  return "TRYAGAIN slots are being handed over, and the node has a part in it";
}

/** The nodes that a wish is about. */
function subjectsOf(wish: Wish): readonly string[] {
  if (wish.kind === "forget") return wish.ids;
  return [wish.kind === "join" ? wish.node.id : wish.id];
}

function describe(base: Placement, next: Placement): Record<string, string | number> {
  const change = next.change ?? base.change;
  const isEnd = next.change === null;
  const isRollback = isEnd && base.change?.phase === "transfer";
  return {
    epoch: next.epoch,
    members: next.members.length,
    change: change?.kind ?? "none",
    node: [change?.node.id ?? "", ...(change?.others ?? [])].join(" "),
    phase: isRollback ? "given up" : isEnd ? "done" : (next.change?.phase ?? ""),
  };
}
