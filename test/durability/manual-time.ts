import type { Clock } from "#torus/host/clock.js";
import type { Cancel, Timers } from "#torus/host/timers.js";

interface Due {
  atMs: number;
  readonly periodMs?: number;
  readonly fire: () => void;
}

/** Timers and clock of a test, which says when a turn of the loop ends and how time goes on. */
export class ManualTime implements Timers, Clock {
  #nowMs = 0;
  #turn: (() => void)[] = [];
  #due: Due[] = [];

  /** Calls that wait for the end of the turn. */
  get turnCount(): number {
    return this.#turn.length;
  }

  /** Timers that are set. */
  get dueCount(): number {
    return this.#due.length;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fire: () => void): Cancel {
    return this.#plan({ atMs: this.#nowMs + delayMs, fire });
  }

  every(periodMs: number, fire: () => void): Cancel {
    return this.#plan({ atMs: this.#nowMs + periodMs, periodMs, fire });
  }

  afterTurn(fire: () => void): void {
    this.#turn.push(fire);
  }

  endTurn(): void {
    const turn = this.#turn;
    this.#turn = [];
    for (const fire of turn) fire();
  }

  /** Lets time pass, timer by timer, and what each of them sets off come to rest. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let due = this.#nextUntil(untilMs); due !== undefined; due = this.#nextUntil(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      if (due.periodMs === undefined) this.#due = this.#due.filter((other) => other !== due);
      else due.atMs += due.periodMs;
      due.fire();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #nextUntil(untilMs: number): Due | undefined {
    const [first] = this.#due
      .filter(({ atMs }) => atMs <= untilMs)
      .sort((one, other) => one.atMs - other.atMs);
    return first;
  }

  #plan(due: Due): Cancel {
    this.#due.push(due);
    return () => {
      this.#due = this.#due.filter((other) => other !== due);
    };
  }
}

/** Resolves when all promises that can be settled without the outside world are. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
