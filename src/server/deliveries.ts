/** Clients that heard messages in this turn of the loop: each is told all of them with one write, when it is over. */
import type { Timers } from "../host/timers.js";

interface Listener {
  deliver(): void;
}

export class Deliveries {
  readonly #timers: Timers;
  #due: Listener[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  add(listener: Listener): void {
    if (this.#due.length === 0) this.#timers.afterTurn(() => this.#deliver());
    this.#due.push(listener);
  }

  #deliver(): void {
    const due = this.#due;
    this.#due = [];
    for (const listener of due) listener.deliver();
  }
}
