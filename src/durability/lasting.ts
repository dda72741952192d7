/**
 * For whoever tells other nodes what this one has: with `appendfsync always` that is told once this node's log lasts as far, as it is to its
 * own clients. Else nothing waits.
 */
import { DurableWaiters } from "./durable-waiters.js";
import type { PersistenceView } from "./persistence-view.js";

export type LogProgress = Pick<PersistenceView, "gates" | "position" | "durablePosition" | "subscribe">;

export class Lasting {
  readonly #progress: LogProgress;
  readonly #waiters = new DurableWaiters();
  readonly #unsubscribe: () => void;

  constructor(progress: LogProgress) {
    this.#progress = progress;
    this.#unsubscribe = progress.subscribe(() => {
      const { gates, durablePosition } = progress;
      this.#waiters.reached(gates ? durablePosition : Number.POSITIVE_INFINITY);
    });
  }

  /** Whether what lies below a position may be told now. */
  isReached(position: number): boolean {
    const { gates, durablePosition } = this.#progress;
    return !gates || position <= durablePosition;
  }

  /** Resolves when it may be: what this node has by now, unless a position is given. Never if this is closed before. */
  async reach(position = this.#progress.position): Promise<void> {
    if (!this.isReached(position)) await this.#waiters.wait(position);
  }

  /** Lets all go that wait, whatever lasts. */
  release(): void {
    this.#waiters.reached(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#unsubscribe();
  }
}
