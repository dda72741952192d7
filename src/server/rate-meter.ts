/** Commands and bytes a second, as INFO's `instantaneous_*` fields: the mean over the last samples. */
import type { NodeStats } from "../commands/session.js";

const SAMPLES = 16;
const MILLIS_PER_SECOND = 1000;

export class RateMeter {
  /** Rows of time in milliseconds, commands, bytes in, bytes out; the oldest is overwritten. */
  readonly #rows = Array.from({ length: SAMPLES }, () => new Float64Array(4));
  #next = 0;

  constructor(private readonly stats: NodeStats) {}

  sample(nowMs: number): void {
    const { stats } = this;
    const oldest = this.#rows[this.#next]!;
    const elapsedSeconds = (nowMs - oldest[0]!) / MILLIS_PER_SECOND;
    if (oldest[0]! > 0 && elapsedSeconds > 0) {
      stats.commandRate = Math.max(0, (stats.totalCommands - oldest[1]!) / elapsedSeconds);
      stats.inputRate = Math.max(0, (stats.inputBytes - oldest[2]!) / elapsedSeconds);
      stats.outputRate = Math.max(0, (stats.outputBytes - oldest[3]!) / elapsedSeconds);
    }
    oldest.set([nowMs, stats.totalCommands, stats.inputBytes, stats.outputBytes]);
    this.#next = (this.#next + 1) % SAMPLES;
  }
}
