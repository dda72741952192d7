/**
 * Replies to what a client sent at once leave with one write if they are there at nearly the same time, whoever executes the commands:
 * a write costs as much as ten commands do. Those that are there first wait for the others, but only so long; who waits for replies
 * can do little with the first of them.
 */
import type { Cancel, Timers } from "../host/timers.js";

/** What waits is sent after one to two of these: a busy node's answer takes one, and one of a node that syncs its log several. */
const PERIOD_MS = 4;

/** What is told to let go what waits. */
export interface Corked {
  /** Whether it is on the list. */
  isCorked: boolean;
  uncork(): void;
}

export class ReplyCork {
  readonly #timers: Timers;
  /** Who was added in this period, and in the one before. */
  #recent: Corked[] = [];
  #older: Corked[] = [];
  #cancel: Cancel | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Sees to it that what waits now leaves in time. What it waits for may come before. */
  add(client: Corked): void {
    if (client.isCorked) return;
    client.isCorked = true;
    this.#recent.push(client);
    this.#cancel ??= this.#timers.after(PERIOD_MS, () => this.#turn());
  }

  close(): void {
    this.#cancel?.();
  }

  #turn(): void {
    this.#cancel = undefined;
    const due = this.#older;
    this.#older = this.#recent;
    this.#recent = [];
    for (const client of due) {
      client.isCorked = false;
      client.uncork();
    }
    if (this.#older.length > 0) this.#cancel ??= this.#timers.after(PERIOD_MS, () => this.#turn());
  }
}
