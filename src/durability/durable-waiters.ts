/** Those who wait until the log lasts up to some position. */
import type { HostError } from "../host/host-error.js";

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: HostError) => void;
}

export class DurableWaiters {
  /** A few at a time: a snapshot, a test. Replies wait elsewhere. */
  #waiters: readonly Waiter[] = [];

  get count(): number {
    return this.#waiters.length;
  }

  wait(position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters = [...this.#waiters, { position, resolve, reject }];
    });
  }

  reached(durable: number): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ position }) => position > durable);
    for (const { position, resolve } of waiters) if (position <= durable) resolve();
  }

  fail(error: HostError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
  }
}
