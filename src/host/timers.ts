/** Stops a timer. Calling it again, or after the timer fired, does nothing. */
export type Cancel = () => void;

/** The only way to be called later. A node's timers never keep its process alive by themselves. */
export interface Timers {
  /** Calls `fire` once, not sooner than `delayMs` from now. */
  after(delayMs: number, fire: () => void): Cancel;
  /** Calls `fire` soon: when the events at hand have been dealt with, and before any that come later. */
  afterTurn(fire: () => void): void;
  /** Calls `fire` about every `periodMs`; a late call is not made up for by two. */
  every(periodMs: number, fire: () => void): Cancel;
}

/** Resolves not sooner than `delayMs` from now. */
export function pause(timers: Pick<Timers, "after">, delayMs: number): Promise<void> {
  return new Promise((resolve) => void timers.after(delayMs, resolve));
}
