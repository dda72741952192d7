/** When whoever waits has waited for long enough: one timer for all of them, however many they are. */
import { Heap } from "../base/heap.js";
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";

/** As many that were called off may stay in the heap, beside one for each that was not. */
const SPENT_MAX = 64;

interface Deadline {
  readonly atMs: number;
  /** Of those at the same time the first one is due first. */
  readonly order: number;
  /** Null once it was called off. */
  due: (() => void) | null;
}

export interface WaitDeadlinesOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Runs what no client asked for. */
  readonly guard: (work: () => void) => void;
}

export class WaitDeadlines {
  readonly #options: WaitDeadlinesOptions;
  readonly #heap = new Heap<Deadline>(
    (one, other) => one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order),
  );
  #next = 0;
  #live = 0;
  /** When the timer fires; infinity if there is none. */
  #armedMs = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};

  constructor(options: WaitDeadlinesOptions) {
    this.#options = options;
  }

  /** Those that are neither due yet nor called off. */
  get size(): number {
    return this.#live;
  }

  /** Calls `due` at a time in monotonic milliseconds, never if that is infinity, until what is returned is called. */
  at(atMs: number, due: () => void): Cancel {
    if (atMs === Number.POSITIVE_INFINITY) return () => {};
    const deadline: Deadline = { atMs, order: this.#next++, due };
    this.#heap.push(deadline);
    this.#live++;
    if (atMs < this.#armedMs) this.#arm(atMs);
    return () => this.#callOff(deadline);
  }

  close(): void {
    this.#disarm();
  }

  #callOff(deadline: Deadline): void {
    if (deadline.due === null) return;
    deadline.due = null;
    this.#live--;
    if (this.#heap.size > 2 * this.#live + SPENT_MAX) this.#heap.retain(({ due }) => due !== null);
  }

  #arm(atMs: number): void {
    const { clock, timers, guard } = this.#options;
    this.#disarm();
    this.#armedMs = atMs;
    this.#disarm = timers.after(Math.max(0, atMs - clock.monotonicMs()), () => guard(() => this.#fire()));
  }

  #fire(): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#options.clock.monotonicMs();
    for (let next = this.#heap.peek(); next !== undefined && next.atMs <= nowMs; next = this.#heap.peek()) {
      this.#heap.pop();
      const { due } = next;
      if (due === null) continue;
      next.due = null;
      this.#live--;
      due();
    }
    const next = this.#heap.peek();
    if (next !== undefined && next.atMs < this.#armedMs) this.#arm(next.atMs);
  }
}
