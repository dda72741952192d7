/**
 * The turns that repair takes: all that it does on a node is done in steps, for a millisecond at a time, and then others have theirs. What is
 * to be done at the same time gets slices in turn.
 */
import Denque from "denque";
import type { Clock } from "../../host/clock.js";
import type { Timers } from "../../host/timers.js";

const SLICE_MS = 1;
/** In a slice, whatever the clock says: steps take some 10 us each. */
const STEPS_MAX = 512;

export interface PaceOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Between two slices. With 0 all else that waits has its turn, and no more: for who serves nobody yet. */
  readonly pauseMs: () => number;
}

interface Work {
  /** False if there is nothing left to do. */
  readonly step: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Pace {
  readonly #options: PaceOptions;
  readonly #works = new Denque<Work>();
  #isDue = false;
  /** When the next slice may begin. */
  #nextMs = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Takes steps until one answers that none is left. Rejects with what a step throws. */
  run(step: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#works.push({ step, resolve, reject });
      this.#sliceLater();
    });
  }

  #sliceLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const { clock, timers } = this.#options;
    const delayMs = this.#nextMs - clock.monotonicMs();
    if (delayMs <= 0) timers.afterTurn(this.#slice);
    else timers.after(delayMs, this.#slice);
  }

  readonly #slice = (): void => {
    const { clock, pauseMs } = this.#options;
    this.#isDue = false;
    const endMs = clock.monotonicMs() + SLICE_MS;
    let stepsLeft = STEPS_MAX;
    while (stepsLeft > 0 && clock.monotonicMs() < endMs) {
      const work = this.#works.shift();
      if (work === undefined) break;
      while (this.#step(work)) {
        if (--stepsLeft > 0 && clock.monotonicMs() < endMs) continue;
        this.#works.push(work);
        break;
      }
      stepsLeft--;
    }
    this.#nextMs = clock.monotonicMs() + pauseMs();
    if (this.#works.length > 0) this.#sliceLater();
  };

  #step({ step, resolve, reject }: Work): boolean {
    try {
      if (step()) return true;
      resolve();
    } catch (error) {
      reject(error);
    }
    return false;
  }
}
