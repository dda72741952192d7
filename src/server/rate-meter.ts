/** Commands and bytes a second, as INFO's `instantaneous_*` fields: the mean over the last samples. */
import type { NodeStats } from "../commands/session.js";

const SAMPLES = 16;
/** Samples closer together, as a high `hz` would take them, say less. */
const PERIOD_MS_MIN = 100;
const MILLIS_PER_SECOND = 1000;

export class RateMeter {
  /** Rows of time in milliseconds, commands, bytes in, bytes out; the oldest is overwritten. */
  readonly #rows = Array.from({ length: SAMPLES }, () => new Float64Array(4));
  #taken = 0;

  constructor(private readonly stats: NodeStats) {}

  sample(nowMs: number): void {
    const { stats } = this;
    const last = this.#rows[(this.#taken + SAMPLES - 1) % SAMPLES]!;
    if (this.#taken > 0 && nowMs < last[0]! + PERIOD_MS_MIN) return;
    // CONFIG RESETSTAT began anew.
    if (this.#taken > 0 && stats.totalCommands < last[1]!) this.#taken = 0;
    if (this.#taken > 0) {
      const oldest = this.#rows[this.#taken < SAMPLES ? 0 : this.#taken % SAMPLES]!;
      const elapsedSeconds = (nowMs - oldest[0]!) / MILLIS_PER_SECOND;
      stats.commandRate = (stats.totalCommands - oldest[1]!) / elapsedSeconds;
      stats.inputRate = (stats.inputBytes - oldest[2]!) / elapsedSeconds;
      stats.outputRate = (stats.outputBytes - oldest[3]!) / elapsedSeconds;
    }
    const { totalCommands, inputBytes, outputBytes } = stats;
    this.#rows[this.#taken++ % SAMPLES]!.set([nowMs, totalCommands, inputBytes, outputBytes]);
  }
}
