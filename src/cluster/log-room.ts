/** Lets what no client asked for wait until the log has room for it, and the clock may issue versions: copies may come faster than a disk takes them. */
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Timers } from "../host/timers.js";

/** Who waits longer is told so: a disk that is full may stay so, and what waits takes memory. */
const WAIT_MAX_MS = 10_000;

interface Waiter {
  readonly bytes: number;
  readonly settle: (hasRoom: boolean) => void;
}

export class LogRoom {
  readonly #persistence: Pick<PersistenceView, "hasRoomFor">;
  readonly #timers: Timers;
  readonly #waiters = new Set<Waiter>();
  readonly #unsubscribe: () => void;

  constructor(persistence: Pick<PersistenceView, "hasRoomFor" | "subscribe">, timers: Timers) {
    this.#persistence = persistence;
    this.#timers = timers;
    this.#unsubscribe = persistence.subscribe(() => this.#look());
  }

  hasRoomFor(bytes: number): boolean {
    return this.#persistence.hasRoomFor(bytes);
  }

  /** Resolves when there seems to be room; with false if that takes too long. */
  waitFor(bytes: number): Promise<boolean> {
    if (this.hasRoomFor(bytes)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.#timers.after(WAIT_MAX_MS, () => waiter.settle(false));
      const waiter: Waiter = {
        bytes,
        settle: (hasRoom) => {
          cancel();
          this.#waiters.delete(waiter);
          resolve(hasRoom);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    this.#unsubscribe();
    for (const waiter of [...this.#waiters]) waiter.settle(false);
  }

  #look(): void {
    for (const waiter of [...this.#waiters]) if (this.hasRoomFor(waiter.bytes)) waiter.settle(true);
  }
}
