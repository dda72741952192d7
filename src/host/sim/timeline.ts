/**
 * Virtual time: events in the order of their times and, at equal times, in the order in which they were planned. Time
 * stands still while an event runs and jumps to the next one after it.
 */
import { assert } from "../../base/assert.js";
import { Agenda, type Due } from "./agenda.js";
import type { Trace } from "./trace.js";

/** What is to happen when. `kind` says what, `place` where: the trace takes them down. */
export interface Plan {
  /** In the world's time; now, if it is already past. */
  readonly atMs: number;
  readonly kind: string;
  readonly place: string;
  /** Timers lie in wait; everything else is under way. */
  readonly isTimer?: boolean;
}

export interface PlannedEvent extends Due {
  readonly kind: string;
  readonly place: string;
  readonly isTimer: boolean;
  readonly run: () => void;
}

export class Timeline {
  private time = 0;
  private sequence = 0;
  private underWay = 0;
  private readonly agenda = new Agenda<PlannedEvent>();
  /** By place that is frozen: what was due there meanwhile, in order. */
  private readonly heldByPlace = new Map<string, Set<PlannedEvent>>();

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
    const dueMs = Math.max(this.time, atMs);
    const event = { atMs: dueMs, sequence: this.sequence++, kind, place, isTimer, run, isOver: false };
    this.agenda.add(event);
    if (!isTimer) this.underWay++;
    return event;
  }

  cancel(event: PlannedEvent): void {
    if (event.isOver) return;
    if (!event.isTimer) this.underWay--;
    if (this.heldByPlace.get(event.place)?.delete(event)) event.isOver = true;
    else this.agenda.cancel(event);
  }

  /** From now on nothing happens at a place; what is due there waits. */
  freeze(place: string): void {
    if (!this.heldByPlace.has(place)) this.heldByPlace.set(place, new Set());
  }

  /** All that waited happens at once, in the order in which it was due, before anything else. */
  thaw(place: string): void {
    const held = this.heldByPlace.get(place) ?? [];
    this.heldByPlace.delete(place);
    for (const event of held) this.agenda.add(event);
  }

  /** Does something at a place at once, or, if it is frozen, in its turn. */
  whenAwake(place: string, run: () => void): void {
    if (this.heldByPlace.has(place)) this.plan({ atMs: this.time, kind: "late", place }, run);
    else run();
  }

  /** When the next event is due, or Infinity if nothing is planned. */
  nextMs(): number {
    return this.agenda.nextMs();
  }

  /** Moves time to the next event and runs it. */
  step(): void {
    const event = this.agenda.pop();
    assert(event !== undefined, "there is a next event");
    // What was held is overdue.
    this.time = Math.max(this.time, event.atMs);
    const held = this.heldByPlace.get(event.place);
    if (held !== undefined) {
      event.isOver = false;
      held.add(event);
      return;
    }
    if (!event.isTimer) this.underWay--;
    this.trace.event(event);
    event.run();
  }

  /** Moves time, which no event may be due before. */
  advanceTo(atMs: number): void {
    assert(atMs >= this.time && atMs <= this.nextMs(), "time goes on, and passes no event by");
    this.time = atMs;
  }
}
