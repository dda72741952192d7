/**
 * The wires between the hosts: how long a message takes, and which ways are cut or slow. A way is directed, so that a partition
 * may be asymmetric. What a stream sends on a cut way waits and arrives when the way is mended, as TCP would send it again.
 */
import type { Prng } from "../../base/prng.js";
import type { Timeline } from "./timeline.js";

/** Of a message between two hosts: at least `latencyMs`, and up to `jitterMs` more. */
export interface WireSpeed {
  readonly latencyMs: number;
  readonly jitterMs: number;
}

/** Within one host. */
const LOOPBACK: WireSpeed = { latencyMs: 0.02, jitterMs: 0.03 };

export class Links {
  private readonly cuts = new Set<string>();
  private readonly delayMsByWay = new Map<string, number>();
  private readonly waiting = new Set<Lane>();

  constructor(
    readonly timeline: Timeline,
    private readonly prng: Prng,
    private readonly speed: WireSpeed,
  ) {}

  lane(from: string, to: string): Lane {
    return new Lane(this, { from, to });
  }

  /** Cuts the way from each of one side to each of the other. A host's way to itself cannot be cut. */
  cut(from: readonly string[], to: readonly string[]): void {
    for (const start of from) {
      for (const end of to) if (start !== end) this.cuts.add(wayOf(start, end));
    }
  }

  /** From now on messages take so much longer from each of one side to each of the other. */
  slow(from: readonly string[], to: readonly string[], delayMs: number): void {
    for (const start of from) {
      for (const end of to) if (start !== end) this.delayMsByWay.set(wayOf(start, end), delayMs);
    }
  }

  /** Mends every way, slow ones too; what waited sets out again. */
  mend(): void {
    this.cuts.clear();
    this.delayMsByWay.clear();
    for (const lane of this.waiting) lane.resend();
    this.waiting.clear();
  }

  isCut(way: string): boolean {
    return this.cuts.has(way);
  }

  isCutBetween({ from, to }: { readonly from: string; readonly to: string }): boolean {
    return this.cuts.size > 0 && this.cuts.has(wayOf(from, to));
  }

  /** Remembers a lane on which something waits. */
  wait(lane: Lane): void {
    this.waiting.add(lane);
  }

  travelMs({ from, to }: { from: string; to: string }): number {
    const { latencyMs, jitterMs } = from === to ? LOOPBACK : this.speed;
    const delayMs = this.delayMsByWay.size > 0 ? (this.delayMsByWay.get(wayOf(from, to)) ?? 0) : 0;
    return latencyMs + this.prng.float() * jitterMs + delayMs;
  }
}

/** One direction of one stream: what is sent arrives, in order. */
export class Lane {
  private readonly way: string;
  private lastArrivalMs = 0;
  /** What is on its way, the oldest first. Whenever a message is due, the oldest arrives: this keeps the order. */
  private readonly messages: (() => void)[] = [];
  /** How many were due while the way was cut. */
  private overdue = 0;

  constructor(
    private readonly links: Links,
    private readonly ends: { readonly from: string; readonly to: string },
  ) {
    this.way = wayOf(ends.from, ends.to);
  }

  get isCut(): boolean {
    return this.links.isCut(this.way);
  }

  send(arrive: () => void): void {
    this.messages.push(arrive);
    this.planArrival();
  }

  /** What was due during the cut sets out again. */
  resend(): void {
    const { overdue } = this;
    this.overdue = 0;
    for (let count = 0; count < overdue; count++) this.planArrival();
  }

  private planArrival(): void {
    const { timeline } = this.links;
    const atMs = Math.max(timeline.nowMs + this.links.travelMs(this.ends), this.lastArrivalMs);
    this.lastArrivalMs = atMs;
    timeline.plan({ atMs, kind: "arrival", place: this.way }, () => {
      if (!this.isCut) {
        this.messages.shift()?.();
        return;
      }
      this.overdue++;
      this.links.wait(this);
    });
  }
}

function wayOf(from: string, to: string): string {
  return `${from}>${to}`;
}
