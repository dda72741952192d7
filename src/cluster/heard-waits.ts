/**
 * Clients that wait for their answer until the nodes that can be reached have heard what they want (of messages, of keys that change): so nothing that they
 * want passes them by once they have it. What is wanted has a number that rises. None waits for long: a node that seems to live may say nothing.
 */
import type { Cancel, Timers } from "../host/timers.js";

/** A client is answered after this at the latest. */
const HEARD_MS_MAX = 500;

export interface HeardWaitsOptions {
  readonly timers: Timers;
  /** The number up to which all nodes have heard that can be reached. */
  readonly heardByAll: () => number;
}

interface Waiter {
  readonly needed: number;
  readonly resolve: () => void;
  readonly cancel: Cancel;
}

export class HeardWaits {
  readonly #options: HeardWaitsOptions;
  #waiters: Waiter[] = [];
  /** The highest number that somebody has not waited for any longer; 0 if all of these are heard by now. */
  #unheard = 0;
  #isClosed = false;

  constructor(options: HeardWaitsOptions) {
    this.#options = options;
  }

  /** Resolves when all have heard up to a number, or that takes too long; null if they have. */
  until(needed: number): Promise<void> | null {
    const { timers, heardByAll } = this.#options;
    if (this.#isClosed || heardByAll() >= needed) return null;
    return new Promise((resolve) => {
      const cancel = timers.after(HEARD_MS_MAX, () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        this.#unheard = Math.max(this.#unheard, needed);
        resolve();
      });
      const waiter = { needed, resolve, cancel };
      this.#waiters.push(waiter);
    });
  }

  /** To be called when a node has heard something, or cannot be reached any more. True if all have heard by now what somebody has not waited for. */
  settle(): boolean {
    if (this.#waiters.length === 0 && this.#unheard === 0) return false;
    const heard = this.#options.heardByAll();
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.needed > heard) waiting.push(waiter);
      else answer(waiter);
    }
    this.#waiters = waiting;
    const isLate = this.#unheard > 0 && this.#unheard <= heard;
    if (isLate) this.#unheard = 0;
    return isLate;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters.splice(0)) answer(waiter);
  }
}

function answer({ cancel, resolve }: Waiter): void {
  cancel();
  resolve();
}
