/** What an operation of a simulated disk is called in the trace, and how long it takes. */
export interface Effort {
  readonly kind: string;
  /** It takes up to so long, */
  readonly maxMs: number;
  /** and so much longer. */
  readonly delayMs?: number;
}

export const NAMES: Effort = { kind: "disk names", maxMs: 0.2 };
export const READ: Effort = { kind: "disk read", maxMs: 0.2 };
export const WRITE: Effort = { kind: "disk write", maxMs: 0.3 };
export const SYNC: Effort = { kind: "disk sync", maxMs: 4 };
export const WRITE_THROUGH: Effort = { kind: "disk write-through", maxMs: 4 };
export const LOCK: Effort = { kind: "disk lock", maxMs: 0.2 };
