/** A key that any number of clients increment by one: each increment is executed once if it was acknowledged, and else at most once. */
import { Violation } from "./violation.js";

export class Counter {
  readonly #replies = new Set<number>();
  #sent = 0;
  #acknowledged = 0;
  #doubtful = 0;
  #highest = 0;

  constructor(readonly key: string) {}

  /** The highest value that anybody was replied: an increment that begins now must reply a higher one. */
  get floor(): number {
    return this.#highest;
  }

  send(): void {
    this.#sent++;
  }

  acknowledge(value: number, floor: number): void {
    this.#acknowledged++;
    if (this.#replies.has(value)) throw this.#violation(`two increments were both replied ${value}`);
    this.#replies.add(value);
    if (value <= floor) throw this.#violation(`${value} was replied to who began after ${floor} was replied`);
    if (value > this.#sent) throw this.#violation(`${value} was replied, but only ${this.#sent} were sent`);
    this.#highest = Math.max(this.#highest, value);
  }

  doubt(): void {
    this.#doubtful++;
  }

  /** All have ended, and this is what is there. */
  judge(value: number): void {
    const most = this.#acknowledged + this.#doubtful;
    if (value < this.#acknowledged || value > most) {
      throw this.#violation(
        `${value} is there: not from ${this.#acknowledged} acknowledged to ${most} with those in doubt`,
      );
    }
  }

  #violation(what: string): Violation {
    return new Violation(what, this.key);
  }
}
