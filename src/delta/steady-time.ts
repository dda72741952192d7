/**
 * The time of a wall clock that is set now and then, without its steps. Where it was set back, time goes on more slowly until the clock is
 * there again; where it is ahead of a limit that whoever knows other clocks has set, time goes on with that limit.
 *
 * It is asked whenever something is about to happen: while nothing is wrong that costs two comparisons.
 */

/** Time goes on so much of the way while the clock, or the limit, is behind it. */
const SLOWED = 0.5;

/** A time, which moves on with the monotonic clock, that must not be passed. */
export interface TimeLimit {
  /** In milliseconds since the epoch, when the monotonic clock showed `atMs`. */
  readonly wallMs: number;
  readonly atMs: number;
}

export class SteadyTime {
  readonly #monotonicMs: () => number;
  #lastMs = 0;
  /** Below this nothing has to be looked at: where the limit was when it was looked at last. */
  #limitMs = Number.POSITIVE_INFINITY;
  #limit: TimeLimit | null = null;
  /** From where on, and since when, time goes on more slowly. */
  #slowed: TimeLimit | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** What time it is when the clock shows `wallMs`, in whole milliseconds. Never goes back. */
  at(wallMs: number): number {
    const isRight = wallMs >= this.#lastMs && wallMs <= this.#limitMs && this.#slowed === null;
    return (this.#lastMs = isRight ? wallMs : this.#judged(wallMs));
  }

  /** Null for none. Time that has passed it already goes on more slowly. */
  set limit(limit: TimeLimit | null) {
    this.#limit = limit;
    this.#limitMs = limit === null ? Number.POSITIVE_INFINITY : limit.wallMs;
  }

  #judged(wallMs: number): number {
    const nowMs = this.#monotonicMs();
    if (this.#limit !== null) this.#limitMs = Math.floor(this.#limit.wallMs + nowMs - this.#limit.atMs);
    const timeMs = Math.min(wallMs, this.#limitMs);
    if (timeMs < this.#lastMs) this.#slowed ??= { wallMs: this.#lastMs, atMs: nowMs };
    if (this.#slowed === null) return timeMs;
    const slowedMs = Math.floor(this.#slowed.wallMs + (nowMs - this.#slowed.atMs) * SLOWED);
    if (timeMs < slowedMs) return slowedMs;
    this.#slowed = null;
    return timeMs;
  }
}
