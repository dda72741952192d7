/** Lets so much be done at a time, the rest in the order in which it came. Whoever comes sees to it that not too much waits. */
import Denque from "denque";

export class Turns {
  readonly #max: number;
  readonly #waiting = new Denque<() => void>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async take(work: () => Promise<void>): Promise<void> {
    if (this.#count === this.#max) await new Promise<void>((begin) => this.#waiting.push(begin));
    else this.#count++;
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn passes to the next one as it is.
      if (next === undefined) this.#count--;
      else next();
    }
  }
}
