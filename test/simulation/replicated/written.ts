/** What one connection was acknowledged, and what WAIT then told it of the replicas that have all of that. */
import { Violation } from "../cluster/violation.js";
import type { Leaf } from "./leaf.js";

export class Written {
  #leaves: Leaf[] = [];
  #promises: (() => void)[] = [];

  /** `promise` is called once a replica has it too, if there is one to make. */
  add(leaf: Leaf | undefined, promise: (() => void) | undefined): void {
    if (leaf !== undefined) this.#leaves.push(leaf);
    if (promise !== undefined) this.#promises.push(promise);
  }

  /**
   * So many replicas have all, by the answer. `holdersOf` tells how many nodes hold a leaf, where that can be looked at. Where another node executes
   * by now it is 0 once, and what comes later is not of what was written before (docs/consistency.md).
   */
  waited(replicas: number, holdersOf: ((leaf: Leaf) => number) | undefined): void {
    if (replicas === 0) {
      this.#leaves = [];
      this.#promises = [];
      return;
    }
    for (const promise of this.#promises.splice(0)) promise();
    if (holdersOf === undefined) return;
    for (const leaf of this.#leaves) {
      // Where it was ended nothing need be left of it.
      if (!leaf.isEndable) continue;
      const holders = holdersOf(leaf);
      if (holders > replicas) continue;
      throw new Violation(
        `${replicas} replicas have it, as WAIT told, but ${holders} nodes hold it`,
        leaf.name,
      );
    }
  }
}
