/**
 * Keeps a promise about versions across crashes: none is issued above a ceiling that is on disk. A node that starts again
 * begins above it, so it never issues a version twice, whatever of its log and its wall clock were lost.
 */
import { clockOfMs, type HybridClock, msOfClock } from "../delta/hybrid-clock.js";
import type { Cancel, Timers } from "../host/timers.js";

/** How far ahead of time the ceiling is put: so far the clock of a node is ahead that starts again after a crash. */
const AHEAD_MS = 4000;
/**
 * And how far ahead of the clock at least, which may be ahead of time itself. It waits for time then, but for what is written, so that is
 * enough; with more, each of many crashes in a row would bring the clock further ahead of time.
 */
const AHEAD_OF_CLOCK_MS = 1100;
const PERIOD_MS = 1500;
/** With less than this left, writes wait: one turn of the loop cannot use so much up. */
const RESERVE_MS = 1000;

export interface ClockCeilingOptions {
  readonly clock: HybridClock;
  readonly timers: Timers;
  /** Puts a ceiling on disk, synced. */
  readonly persist: (ceiling: number) => Promise<void>;
  /** The ceiling could not be raised: it is tried again. */
  readonly failed: (error: unknown) => void;
}

export class ClockCeiling {
  readonly #options: ClockCeilingOptions;
  #ceiling = 0;
  #raising: Promise<void> | undefined;
  #cancel: Cancel = () => {};

  constructor(options: ClockCeilingOptions) {
    this.#options = options;
  }

  /** Resolves when the first ceiling is on disk; from then on it is raised ahead of the clock. */
  async start(): Promise<void> {
    await this.#put(this.#wanted());
    this.#cancel = this.#options.timers.every(PERIOD_MS, () => this.raise());
  }

  /** Whether versions may be issued in this turn. If not, the ceiling is already being raised. */
  get hasRoom(): boolean {
    const has = this.#ceiling - this.#options.clock.latest >= clockOfMs(RESERVE_MS);
    if (!has) this.raise();
    return has;
  }

  /** Raises the ceiling, unless that is under way. */
  raise(): void {
    this.#raising ??= this.#put(this.#wanted())
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#raising = undefined;
      });
  }

  /** After the last version was issued: says on disk where the clock stands. */
  async close(): Promise<void> {
    this.#cancel();
    await this.#raising;
    await this.#put(this.#options.clock.latest);
  }

  #wanted(): number {
    const { latest, timeMs } = this.#options.clock;
    return clockOfMs(Math.max(timeMs + AHEAD_MS, msOfClock(latest) + AHEAD_OF_CLOCK_MS));
  }

  async #put(ceiling: number): Promise<void> {
    await this.#options.persist(ceiling);
    this.#ceiling = ceiling;
  }
}
