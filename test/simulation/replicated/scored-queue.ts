/** A sorted set from which members are popped, each of which is written once: what is gone in the end somebody was answered, or may have been. */
import { Violation } from "../cluster/violation.js";
import { type Clocks, Leaf } from "./leaf.js";

export class ScoredQueue {
  readonly leaves: Leaf[] = [];
  /** Nobody knows what these took, if anything: one member each at most. */
  popsInDoubt = 0;

  constructor(
    readonly key: string,
    private readonly clocks: Clocks,
  ) {}

  newLeaf(): Leaf {
    const number = this.leaves.length;
    const part = `${number % 7} of ${this.key}, ${number}`;
    const leaf = new Leaf({ kind: "scored", key: this.key, part }, this.clocks);
    this.leaves.push(leaf);
    return leaf;
  }

  leafOf(member: string): Leaf {
    const leaf = this.leaves.find(({ place }) => place.part === member);
    if (leaf === undefined) throw new Violation(`${member} was popped, which nobody wrote`, this.key);
    return leaf;
  }

  /** All is mended and still: these are the scores of the leaves. */
  judge(scores: readonly (string | undefined)[], nowMs: number): void {
    let missing = 0;
    for (const [i, leaf] of this.leaves.entries()) {
      const isMissing = scores[i] === undefined && leaf.isEndable;
      if (isMissing && ++missing > this.popsInDoubt)
        throw new Violation(
          `${missing} members are gone that nobody was answered, of ${this.popsInDoubt} in doubt`,
          leaf.name,
        );
      if (!isMissing) leaf.judge(scores[i], nowMs);
    }
  }
}
