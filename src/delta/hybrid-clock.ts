/**
 * The hybrid clock (Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed
 * Databases", 2014) in one float64-safe integer: 42 bits of milliseconds since the epoch, which last until 2109,
 * and 11 bits of counter. A counter that is full carries into the milliseconds, so a node that writes more than
 * two million times a second, on and on, runs ahead of its wall clock rather than stop.
 */
import type { SteadyTime } from "./steady-time.js";

/** Ticks of the counter in a millisecond. */
export const CLOCK_UNITS_PER_MS = 2048;

/** The first clock of a millisecond. */
export function clockOfMs(ms: number): number {
  return ms * CLOCK_UNITS_PER_MS;
}

/** The millisecond that a clock falls into. */
export function msOfClock(clock: number): number {
  return Math.floor(clock / CLOCK_UNITS_PER_MS);
}

/** Strictly increasing, whatever the wall clock does; it costs an addition. */
export class HybridClock {
  /** [latest clock issued, observed or reached]. A typed array, so that no write allocates a boxed double. */
  readonly #latest = new Float64Array(1);
  #timeMs = 0;

  /** `steady` makes time of what the wall clock shows: without it that is taken as it is. */
  constructor(readonly steady: SteadyTime | null = null) {}

  /** Takes note of the wall clock: once per tick of the event loop, not per write. */
  tick(wallMs: number): void {
    this.#timeMs = this.steady === null ? wallMs : this.steady.at(wallMs);
    this.observe(clockOfMs(this.#timeMs));
  }

  /** What time it was in the last tick, in milliseconds, whatever versions say: what is issued may be ahead of it. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** A clock above every other that was issued or observed here. */
  next(): number {
    return ++this.#latest[0]!;
  }

  /** The latest clock issued, observed or reached. */
  get latest(): number {
    return this.#latest[0]!;
  }

  /** Lifts the clock to one that another node issued: what is written here from now on is later than that. */
  observe(clock: number): void {
    if (clock > this.#latest[0]!) this.#latest[0] = clock;
  }

  /** The hybrid now in milliseconds: what deadlines are compared with. Never goes back. */
  nowMs(): number {
    return msOfClock(this.#latest[0]!);
  }
}
