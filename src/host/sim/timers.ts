import type { Cancel, Timers } from "../timers.js";
import type { SimClock } from "./clock.js";
import type { Life } from "./life.js";
import type { PlannedEvent, Timeline } from "./timeline.js";

/**
 * A shorter delay is what rounding leaves when a clock drifts: whoever waits for the rest of it would wait again and again, and time would
 * not go on.
 */
const DELAY_MS_MIN = 2 ** -10;

/** Timers that fire exactly when they are due by the clock of their host. */
export class SimTimers implements Timers {
  constructor(
    private readonly timeline: Timeline,
    private readonly clock: SimClock,
    private readonly life: Life,
    private readonly place: string,
  ) {}

  after(delayMs: number, fire: () => void): Cancel {
    const event = this.plan(delayMs, fire);
    return () => this.timeline.cancel(event);
  }

  /** An event of its own, behind those of this very moment that are planned already. */
  afterTurn(fire: () => void): void {
    const atMs = this.timeline.nowMs;
    this.timeline.plan({ atMs, kind: "turn", place: this.place }, this.life.guard(fire));
  }

  every(periodMs: number, fire: () => void): Cancel {
    const again = () => {
      // Planned first, so that `fire` may cancel.
      event = this.plan(periodMs, again);
      fire();
    };
    let event = this.plan(periodMs, again);
    return () => this.timeline.cancel(event);
  }

  private plan(delayMs: number, run: () => void): PlannedEvent {
    const ownMs = delayMs > 0 ? Math.max(delayMs, DELAY_MS_MIN) : 0;
    const atMs = this.timeline.nowMs + this.clock.worldMs(ownMs);
    return this.timeline.plan(
      { atMs, kind: "timer", place: this.place, isTimer: true },
      this.life.guard(run),
    );
  }
}
