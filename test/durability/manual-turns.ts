import type { Cancel, Timers } from "#torus/host/timers.js";

/** Timers of which only `afterTurn` ever fires, when a test says that the turn is over. */
export class ManualTurns implements Timers {
  #due: (() => void)[] = [];

  get dueCount(): number {
    return this.#due.length;
  }

  after(): Cancel {
    return () => {};
  }

  every(): Cancel {
    return () => {};
  }

  afterTurn(fire: () => void): void {
    this.#due.push(fire);
  }

  endTurn(): void {
    const due = this.#due;
    this.#due = [];
    for (const fire of due) fire();
  }
}
