/**
 * How late the event loop comes to its timers: what everything else that the node does had to wait, clients included. Looked at a few
 * times a second, so that a stall of any length is seen once.
 */
import { DurationHistogram } from "../base/duration-histogram.js";
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";

const PERIOD_MS = 100;
const MICROS_PER_MS = 1000;

export class LoopLag {
  readonly histogram = new DurationHistogram();
  readonly #timers: Timers;
  readonly #clock: Clock;
  #cancel: Cancel = () => {};

  constructor({ timers, clock }: { readonly timers: Timers; readonly clock: Clock }) {
    this.#timers = timers;
    this.#clock = clock;
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + PERIOD_MS;
    this.#cancel = this.#timers.after(PERIOD_MS, () => {
      this.histogram.note(Math.max(0, this.#clock.monotonicMs() - dueMs) * MICROS_PER_MS);
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }
}
