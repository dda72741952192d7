import type { Clock } from "../clock.js";
import type { Log, LogValues } from "../log.js";

/** One call of a host's log. */
export interface SimLogLine {
  readonly wallMs: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly values: LogValues;
}

/** The most recent lines of a host: enough to see what led to a failure, whatever a long run says. */
const LINES_MAX = 10_000;

/** A log that a test can read. */
export class SimLog implements Log {
  private recent: SimLogLine[] = [];

  constructor(private readonly clock: Clock) {}

  /** The oldest first. */
  get lines(): readonly SimLogLine[] {
    return this.recent;
  }

  debug(message: string, values: LogValues = {}): void {
    this.add({ level: "debug", message, values });
  }
  info(message: string, values: LogValues = {}): void {
    this.add({ level: "info", message, values });
  }
  warn(message: string, values: LogValues = {}): void {
    this.add({ level: "warn", message, values });
  }
  error(message: string, values: LogValues = {}): void {
    this.add({ level: "error", message, values });
  }

  private add(line: Omit<SimLogLine, "wallMs">): void {
    // Halved now and then rather than shifted each time, which would copy all.
    if (this.recent.length >= LINES_MAX) this.recent = this.recent.slice(LINES_MAX / 2);
    this.recent.push({ wallMs: this.clock.wallMs(), ...line });
  }
}
