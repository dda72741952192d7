/** A key, a field of a hash, or the score of a member, to which any number of clients add: each addition counts once if it was acknowledged, and else at most once. */
import type { Fate } from "../cluster/register.js";
import { Violation } from "../cluster/violation.js";

export class Tally {
  #acknowledged = 0;
  #doubtful = 0;

  constructor(
    readonly key: string,
    readonly field?: string,
    private readonly isScore = false,
  ) {}

  get name(): string {
    return this.field === undefined ? this.key : `${this.key} ${this.field}`;
  }

  add(by: number): readonly (string | number)[] {
    if (this.field === undefined) return ["INCRBY", this.key, by];
    return this.isScore ? ["ZINCRBY", this.key, by, this.field] : ["HINCRBY", this.key, this.field, by];
  }

  get read(): readonly string[] {
    return this.field === undefined
      ? ["GET", this.key]
      : [this.isScore ? "ZSCORE" : "HGET", this.key, this.field];
  }

  settle(by: number, fate: Fate): void {
    if (fate === "done") this.#acknowledged += by;
    if (fate === "doubtful") this.#doubtful += by;
  }

  /** What was in doubt will be there after all. */
  promised(by: number): void {
    this.#doubtful -= by;
    this.#acknowledged += by;
  }

  /** All is mended and still: this is what is there. `addsUp`: what was done on two sides of a partition counts. */
  judge(value: number, { addsUp }: { readonly addsUp: boolean }): void {
    const most = this.#acknowledged + this.#doubtful;
    if ((value >= this.#acknowledged || !addsUp) && value <= most) return;
    const sum = `not from ${this.#acknowledged} acknowledged to ${most} with those in doubt`;
    throw new Violation(`${value} is there: ${sum}`, this.name);
  }
}
