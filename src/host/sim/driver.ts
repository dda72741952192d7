/**
 * Lets a world run: one event, then every promise continuation that it caused, then the next event. Several scripts
 * may wait for the world at once; it runs as long as one of them does, and stands still as soon as all were answered,
 * so that what a script does next happens at the time at which it was answered.
 */
import type { AfterPromises } from "../after-promises.js";
import type { Timeline } from "./timeline.js";

/** What a script waits for. */
interface Demand {
  readonly isMet: () => boolean;
  readonly deadlineMs: number;
  /** What it means that the deadline came first: undefined if that is what the script waits for. */
  readonly tooLate: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Something in the world threw. The cause is what it threw; the message says how to see it again. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

export class Driver {
  private demands: Demand[] = [];
  private isRunning = false;

  private readonly timeline: Timeline;
  private readonly afterPromises: AfterPromises;
  private readonly seed: string | number;

  constructor({
    timeline,
    afterPromises,
    seed,
  }: { timeline: Timeline; afterPromises: AfterPromises; seed: string | number }) {
    this.timeline = timeline;
    this.afterPromises = afterPromises;
    this.seed = seed;
  }

  /** Runs until the given time. */
  runUntil(untilMs: number): Promise<void> {
    return this.demand({ isMet: () => false, deadlineMs: untilMs, tooLate: undefined });
  }

  /** Runs until `isMet`, at most for `withinMs`: then, or if nothing is left to happen, rejects and says `what` is missing. */
  runWhile(what: string, { isMet, withinMs }: { isMet: () => boolean; withinMs: number }): Promise<void> {
    return this.demand({ isMet, deadlineMs: this.timeline.nowMs + withinMs, tooLate: what });
  }

  private demand(demand: Pick<Demand, "isMet" | "deadlineMs" | "tooLate">): Promise<void> {
    return new Promise((resolve, reject) => {
      this.demands.push({ ...demand, resolve, reject });
      if (this.isRunning) return;
      this.isRunning = true;
      this.afterPromises(this.turn);
    });
  }

  /** Called when no promise continuation is left. */
  private readonly turn = (): void => {
    // Scripts that are answered get their say before the next event.
    if (!this.answer(({ isMet }) => isMet())) {
      const deadlineMs = Math.min(...this.demands.map((demand) => demand.deadlineMs));
      if (deadlineMs < this.timeline.nextMs()) {
        if (this.timeline.nowMs < deadlineMs) this.timeline.advanceTo(deadlineMs);
        this.answer((demand) => demand.deadlineMs <= deadlineMs);
      } else {
        this.step();
      }
    }
    if (this.demands.length > 0) this.afterPromises(this.turn);
    else this.isRunning = false;
  };

  /** Answers the demands that `isDue` selects and says whether there were any. */
  private answer(isDue: (demand: Demand) => boolean): boolean {
    const due = this.demands.filter(isDue);
    if (due.length === 0) return false;
    this.demands = this.demands.filter((demand) => !due.includes(demand));
    for (const { isMet, tooLate, resolve, reject } of due) {
      if (tooLate === undefined || isMet()) resolve();
      else reject(this.failure(`waited in vain for ${tooLate}`));
    }
    return true;
  }

  private step(): void {
    try {
      this.timeline.step();
    } catch (cause) {
      const failure = this.failure(cause instanceof Error ? cause.message : String(cause), cause);
      for (const { reject } of this.demands.splice(0)) reject(failure);
    }
  }

  private failure(message: string, cause?: unknown): SimulationError {
    const where = `seed ${this.seed}, at ${this.timeline.nowMs} ms`;
    return new SimulationError(`${message} (${where})`, cause === undefined ? {} : { cause });
  }
}
