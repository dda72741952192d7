import type { Clock } from "../clock.js";
import type { Timeline } from "./timeline.js";

/** When every world begins: 2026-01-01T00:00:00Z. */
const WORLD_EPOCH_MS = 1_767_225_600_000;

const MILLION = 1e6;

/**
 * The clocks of one host. Both run at its crystal's rate, which may differ from the world's (`driftPpm`); the wall clock
 * may be stepped besides, as an operator or a time service does.
 */
export class SimClock implements Clock {
  private rate = 1;
  /** A machine that comes into being late is told the time by the world: it shows what the others do. */
  private wallOffsetMs: number;
  /** Since when the present rate holds, in the world's time and in ours. */
  private anchorMs: number;
  private anchorMonotonicMs = 0;

  constructor(private readonly timeline: Timeline) {
    this.anchorMs = timeline.nowMs;
    this.wallOffsetMs = WORLD_EPOCH_MS + timeline.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.wallOffsetMs + this.monotonicMs());
  }

  monotonicMs(): number {
    return this.anchorMonotonicMs + (this.timeline.nowMs - this.anchorMs) * this.rate;
  }

  /** Sets the wall clock forward, or back if negative. */
  step(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** Moves both clocks on at once: to the process it is as if it had stood still for so long, and its timers are late. */
  jump(ms: number): void {
    this.anchorMonotonicMs += ms;
  }

  /** Lets both clocks gain so many millionths from now on, or lose if negative. Timers already set keep their time. */
  drift(driftPpm: number): void {
    this.anchorMonotonicMs = this.monotonicMs();
    this.anchorMs = this.timeline.nowMs;
    this.rate = 1 + driftPpm / MILLION;
  }

  /** How long the world takes for so many milliseconds on this host's monotonic clock. */
  worldMs(ownMs: number): number {
    return ownMs / this.rate;
  }
}
