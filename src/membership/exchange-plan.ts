/**
 * With whom to compare tables, and when: with seeds until they are members, for ever, backing off; with a random member now and then;
 * with one who knows more, soon. One exchange at a time, and a pause between any two, whatever anyone says.
 */
import type { Address } from "../host/datagrams.js";
import type { Random } from "../host/random.js";
import { jittered, shuffle } from "./draws.js";
import type { NodeId } from "./member.js";
import type { Timings } from "./presets.js";

export interface Partner {
  readonly address: Address;
  /** Its place in the list of seeds, if it was chosen as one: who is there is not known before it answers. */
  readonly seed?: number;
}

export type ExchangeOutcome =
  /** It is that member, and knows all that we know. */
  | { readonly kind: "met"; readonly id: NodeId }
  /** The seed is this node itself. */
  | { readonly kind: "self" }
  | { readonly kind: "failed" };

/** What the plan asks of the table. */
export interface PlanView {
  /** Whether this node belongs to a cluster yet. */
  hasCluster(): boolean;
  isPresent(id: NodeId): boolean;
  /** A random member that takes part; undefined if there is no other. */
  drawMember(): Address | undefined;
}

interface Seed {
  readonly address: Address;
  readonly index: number;
  member?: NodeId;
  isSelf?: boolean;
  wasTried?: boolean;
}

export class ExchangePlan {
  private readonly seeds: readonly Seed[];
  /** Seeds in the order in which they are tried. */
  private readonly order: Seed[];
  private orderAt = 0;
  private failures = 0;

  private isUnderWay = false;
  private pauseUntilMs: number;
  private seedAtMs: number;
  private routineAtMs: number;
  private wanted: (() => Address | undefined) | undefined;
  private wantedAtMs = Number.POSITIVE_INFINITY;

  private readonly timings: Timings;
  private readonly random: Random;

  constructor({
    seeds,
    timings,
    random,
    nowMs,
  }: { seeds: readonly Address[]; timings: Timings; random: Random; nowMs: number }) {
    this.timings = timings;
    this.random = random;
    this.seeds = seeds.map((address, index) => ({ address, index }));
    this.order = [...this.seeds];
    shuffle(random, this.order);
    this.pauseUntilMs = nowMs;
    this.seedAtMs = nowMs;
    // The first soon: much may have happened since the life before this.
    this.routineAtMs = nowMs + jittered(random, timings.gossipIntervalMs);
  }

  /**
   * Whether this node is to found a cluster: nobody told it to join another, or it is the first of the seeds itself
   * and has asked all others in vain (so that of nodes started with one list exactly one founds it).
   */
  get mayFound(): boolean {
    const [first] = this.seeds;
    if (first === undefined) return true;
    return first.isSelf === true && this.seeds.every(({ isSelf, wasTried }) => isSelf || wasTried);
  }

  /** Someone knows what we do not: `find` is asked for an address when the time has come. */
  want(find: () => Address | undefined, nowMs: number): void {
    if (this.wanted !== undefined) return;
    this.wanted = find;
    // Many may have heard of the same at once: they are not to ask all at once.
    this.wantedAtMs = nowMs + jittered(this.random, this.timings.gossipIntervalMs * 2);
  }

  nextMs(): number {
    if (this.isUnderWay) return Number.POSITIVE_INFINITY;
    return Math.max(Math.min(this.seedAtMs, this.routineAtMs, this.wantedAtMs), this.pauseUntilMs);
  }

  /** With whom to begin an exchange now, if with anyone; until `ended` it is under way. */
  due(nowMs: number, view: PlanView): Partner | undefined {
    if (this.isUnderWay || nowMs < this.pauseUntilMs) return undefined;
    const partner = this.dueSeed(nowMs, view) ?? this.dueWanted(nowMs) ?? this.dueRoutine(nowMs, view);
    if (partner !== undefined) this.isUnderWay = true;
    return partner;
  }

  ended({ seed: index }: Partner, outcome: ExchangeOutcome, nowMs: number): void {
    this.isUnderWay = false;
    this.pauseUntilMs = nowMs + this.timings.gossipIntervalMs;
    const seed = index === undefined ? undefined : this.seeds[index];
    if (seed === undefined) {
      // Another one is drawn before long: whoever was drawn may be dead, and we the last to know.
      const retryAtMs = nowMs + jittered(this.random, this.timings.probeIntervalMs * 2);
      if (outcome.kind === "failed") this.routineAtMs = Math.min(this.routineAtMs, retryAtMs);
      return;
    }
    seed.wasTried = true;
    if (outcome.kind === "self") {
      seed.isSelf = true;
      this.seedAtMs = nowMs;
    } else if (outcome.kind === "met") {
      seed.member = outcome.id;
      this.failures = 0;
    }
  }

  private dueSeed(nowMs: number, view: PlanView): Partner | undefined {
    if (nowMs < this.seedAtMs) return undefined;
    const { seedRetryMinMs, seedRetryMaxMs } = this.timings;
    const { order } = this;
    for (let looks = 0; looks < order.length; looks++) {
      const seed = order[this.orderAt++ % order.length]!;
      const isMet = seed.member !== undefined && view.isPresent(seed.member);
      if (seed.isSelf || (isMet && view.hasCluster())) continue;
      // A seed that is missing while we are among others is not urgent, but it may be the bridge to another part.
      const backOffMs = Math.min(seedRetryMinMs * 2 ** Math.min(this.failures++, 16), seedRetryMaxMs);
      this.seedAtMs = nowMs + jittered(this.random, backOffMs);
      return { address: seed.address, seed: seed.index };
    }
    this.seedAtMs = nowMs + jittered(this.random, seedRetryMaxMs);
    return undefined;
  }

  private dueWanted(nowMs: number): Partner | undefined {
    if (nowMs < this.wantedAtMs) return undefined;
    const address = this.wanted?.();
    this.wanted = undefined;
    this.wantedAtMs = Number.POSITIVE_INFINITY;
    return address && { address };
  }

  private dueRoutine(nowMs: number, view: PlanView): Partner | undefined {
    if (nowMs < this.routineAtMs) return undefined;
    this.routineAtMs = nowMs + jittered(this.random, this.timings.exchangeIntervalMs);
    const address = view.drawMember();
    return address && { address };
  }
}
