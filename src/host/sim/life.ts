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
