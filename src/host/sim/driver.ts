/**
 * Lets a world run: one event, then every promise continuation that it caused, then the next event. Several scripts
 * may wait for the world at once; it runs as long as one of them does, and stands still as soon as all were answered,
 * so that what a script does next happens at the time at which it was answered.
 */
import { assert } from "../../base/assert.js";
import type { AfterPromises } from "../after-promises.js";
import { Agenda, type Due } from "./agenda.js";
import type { Timeline } from "./timeline.js";

/** What a script waits for, and for how long in virtual milliseconds. */
export interface Wish {
  /** Said if it does not come in time. */
  readonly what: string;
  readonly withinMs: number;
}

/** Something in the world threw, or a script waited in vain. The message says how to see it again. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/** Due at its deadline. */
interface Demand extends Due {
  /** What it means that the deadline came first: undefined if that is what the script waits for. */
  readonly what: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Driver {
  private readonly demands = new Agenda<Demand>();
  private open = 0;
  private sequence = 0;
  /** Met since the last turn. */
  private met: Demand[] = [];
  private isRunning = false;

  private readonly timeline: Timeline;
  private readonly afterPromises: AfterPromises;
  private readonly seed: string | number;

  constructor({
    timeline,
    afterPromises,
    seed,
  }: {
    timeline: Timeline;
    afterPromises: AfterPromises;
    seed: string | number;
  }) {
    this.timeline = timeline;
    this.afterPromises = afterPromises;
    this.seed = seed;
  }

  /** Runs until the given time, with all that is due by then. */
  runUntil(atMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.demand({ atMs, what: undefined, resolve, reject });
    });
  }

  /** Runs until the function that `arm` is given is called. Rejects if that does not happen in time. */
  runUntilCalled({ what, withinMs }: Wish, arm: (call: () => void) => void): Promise<void> {
    const atMs = this.timeline.nowMs + withinMs;
    return new Promise((resolve, reject) => {
      const demand = this.demand({ atMs, what, resolve, reject });
      arm(() => this.met.push(demand));
    });
  }

  /** Runs until the promise settles, and answers as it does. Rejects if that does not happen in time. */
  async complete<Value>(promise: Promise<Value>, wish: Wish): Promise<Value> {
    await this.runUntilCalled(wish, (call) => promise.then(call, call));
    return promise;
  }

  private demand(wanted: Omit<Demand, "sequence" | "isOver">): Demand {
    const demand = { ...wanted, sequence: this.sequence++, isOver: false };
    this.demands.add(demand);
    this.open++;
    if (!this.isRunning) {
      this.isRunning = true;
      this.afterPromises(this.turn);
    }
    return demand;
  }

  /** Called when no promise continuation is left. */
  private readonly turn = (): void => {
    // Scripts that are answered get their say before the next event.
    if (this.met.length > 0) this.answerMet();
    else this.proceed();
    if (this.open > 0) this.afterPromises(this.turn);
    else this.isRunning = false;
  };

  private answerMet(): void {
    const { met } = this;
    this.met = [];
    for (const demand of met) {
      if (demand.isOver) continue;
      this.demands.cancel(demand);
      this.open--;
      demand.resolve();
    }
  }

  /** The next event or, if none is due before it, the next deadline. */
  private proceed(): void {
    const deadlineMs = this.demands.nextMs();
    if (this.timeline.nextMs() <= deadlineMs) {
      this.step();
      return;
    }
    this.timeline.advanceTo(Math.max(this.timeline.nowMs, deadlineMs));
    const { what, resolve, reject } = this.popDemand();
    if (what === undefined) resolve();
    else reject(this.failure(`waited in vain for ${what}`));
  }

  private step(): void {
    try {
      this.timeline.step();
    } catch (cause) {
      const failure = this.failure(cause instanceof Error ? cause.message : String(cause), { cause });
      while (this.open > 0) this.popDemand().reject(failure);
    }
  }

  private popDemand(): Demand {
    const demand = this.demands.pop();
    assert(demand !== undefined, "the world runs only on demand");
    this.open--;
    return demand;
  }

  private failure(message: string, options?: { cause: unknown }): SimulationError {
    const where = `seed ${this.seed}, at ${this.timeline.nowMs} ms`;
    return new SimulationError(`${message} (${where})`, options);
  }
}
