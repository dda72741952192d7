/**
 * Whether a simulated process still runs. The code of one that crashed may have promise continuations left: what they ask
 * of its host is not done, and never answered.
 */
export class Life {
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Asks something of the host for the process: never once that is over, and no answer comes then either. */
  ask<Value>(what: () => Promise<Value>): Promise<Value> {
    if (this.#isOver) return noAnswer();
    return new Promise((resolve, reject) => {
      what().then(
        (value) => this.guard(() => resolve(value))(),
        (error: Error) => this.guard(() => reject(error))(),
      );
    });
  }

  /** What is done only while the process runs. */
  guard(act: () => void): () => void {
    return () => {
      if (!this.#isOver) act();
    };
  }
}

/** What a process that is no more hears of what it asked for. */
export function noAnswer<Value>(): Promise<Value> {
  return new Promise(() => {});
}
