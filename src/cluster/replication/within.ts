/** Waiting for what another node is to bring about, and for no longer than there is time. */
import type { Timers } from "../../host/timers.js";

export interface Patience {
  readonly timers: Timers;
  readonly timeoutMs: number;
}

export interface Condition {
  /** Asked at once, and then whenever something has changed. */
  readonly isMet: () => boolean;
  /** Calls back whenever it may have come to be met, until the function is called that it answers. */
  readonly subscribe: (changed: () => void) => () => void;
}

/** Whether something comes to be so in time: true as soon as it is, false when the time is over. */
export function metWithin(
  { timers, timeoutMs }: Patience,
  { isMet, subscribe }: Condition,
): Promise<boolean> {
  if (isMet()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (outcome: boolean) => {
      unsubscribe();
      cancel();
      resolve(outcome);
    };
    const unsubscribe = subscribe(() => {
      if (isMet()) end(true);
    });
    const cancel = timers.after(timeoutMs, () => end(false));
  });
}

/** What work comes to, or false when the time is over, though it goes on then. Rejects if it does so in time. */
export function doneWithin({ timers, timeoutMs }: Patience, work: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(timeoutMs, () => resolve(false));
    void work.then(resolve, reject).finally(cancel);
  });
}
