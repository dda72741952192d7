/**
 * Virtual time: events in the order of their times and, at equal times, in the order in which they were planned. Time
 * stands still while an event runs and jumps to the next one after it.
 */
import { assert } from "../../base/assert.js";
import { Heap } from "../../base/heap.js";
import type { Trace } from "./trace.js";

/** What is planned, for the trace: `kind` says what, `place` where. */
export interface Plan {
  /** In the world's time; now, if it is already past. */
  readonly atMs: number;
  readonly kind: string;
  readonly place: string;
  /** Timers lie in wait; everything else is under way. */
  readonly isTimer?: boolean;
}

export interface PlannedEvent {
  readonly atMs: number;
  readonly sequence: number;
  readonly kind: string;
  readonly place: string;
  readonly isTimer: boolean;
  /** Undefined once it ran or was cancelled. */
  run: (() => void) | undefined;
}

/** Cancelled events stay in the heap until they are at least so many and more than half of it. */
const CANCELLED_MIN = 1024;

export class Timeline {
  private time = 0;
  private sequence = 0;
  private cancelled = 0;
  private underWay = 0;
  private readonly events = new Heap<PlannedEvent>(
    (one, other) => one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence),
  );

  constructor(private readonly trace: Trace) {}

  /** Milliseconds since the world began, with a fraction. */
  get nowMs(): number {
    return this.time;
  }

  /** Events planned that are no timers: messages that travel, calls that are due. */
  get eventsUnderWay(): number {
    return this.underWay;
  }

  plan({ atMs, kind, place, isTimer = false }: Plan, run: () => void): PlannedEvent {
    const event: PlannedEvent = {
      atMs: Math.max(this.time, atMs),
      sequence: this.sequence++,
      kind,
      place,
      isTimer,
      run,
    };
    this.events.push(event);
    if (!isTimer) this.underWay++;
    return event;
  }

  cancel(event: PlannedEvent): void {
    if (event.run === undefined) return;
    event.run = undefined;
    if (!event.isTimer) this.underWay--;
    this.cancelled++;
    if (this.cancelled < CANCELLED_MIN || this.cancelled * 2 < this.events.size) return;
    this.events.retain(({ run }) => run !== undefined);
    this.cancelled = 0;
  }

  /** When the next event is due, or Infinity if nothing is planned. */
  nextMs(): number {
    for (let event = this.events.peek(); event !== undefined; event = this.events.peek()) {
      if (event.run !== undefined) return event.atMs;
      this.events.pop();
      this.cancelled--;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Moves time to the next event and runs it. */
  step(): void {
    this.advanceTo(this.nextMs());
    const event = this.events.pop();
    assert(event?.run !== undefined, "there is a next event");
    const { run } = event;
    event.run = undefined;
    if (!event.isTimer) this.underWay--;
    this.trace.event(event);
    run();
  }

  /** Moves time, which no event may be due before. */
  advanceTo(atMs: number): void {
    assert(atMs >= this.time && atMs <= this.nextMs() && atMs < Number.POSITIVE_INFINITY, "time goes on");
    this.time = atMs;
  }
}
