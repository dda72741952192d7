/** One timer for several reasons to come back: what is due earlier takes the place of what is due later. */
import type { Clock } from "../../host/clock.js";
import type { Cancel, Timers } from "../../host/timers.js";

export class EarliestTimer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #cancel: Cancel | undefined;
  /** When it fires. */
  #atMs = 0;

  constructor({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = clock;
    this.#timers = timers;
  }

  after(delayMs: number, fire: () => void): void {
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (this.#cancel !== undefined && this.#atMs <= atMs) return;
    this.#cancel?.();
    this.#atMs = atMs;
    this.#cancel = this.#timers.after(delayMs, () => {
      this.#cancel = undefined;
      fire();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
