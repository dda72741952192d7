/**
 * A list to which any number of clients push elements of their own, and from which they pop whatever they get: nothing acknowledged is
 * lost unless somebody may have popped it, and what somebody popped does not come back.
 */
import { Violation } from "../cluster/violation.js";
import type { Outcome } from "./leaf.js";

const UNDER_WAY: Outcome = { fate: "sent", isConfirmed: false };

export class Queue {
  readonly #pushes = new Map<string, Outcome>();
  readonly #pops = new Map<string, Outcome>();
  /** So many elements may have been popped and told to nobody. */
  #doubtful = 0;

  /** `isOnce`: no two are told, each by a majority, that they popped the same. */
  constructor(
    readonly key: string,
    private readonly isOnce: boolean,
  ) {}

  pushing(element: string): void {
    this.#pushes.set(element, UNDER_WAY);
  }

  pushed(element: string, outcome: Outcome): void {
    this.#pushes.set(element, outcome);
    if (outcome.fate === "refused" && this.#pops.has(element))
      throw this.#violation(element, "was refused, and popped");
  }

  popped(element: string, outcome: Outcome): void {
    this.#expectPushed(element, "popped");
    const before = this.#pops.get(element);
    if (this.isOnce && before?.isConfirmed && outcome.isConfirmed)
      throw this.#violation(element, "was popped twice");
    // Who is sure of it knows best.
    if (before === undefined || outcome.fate === "done") this.#pops.set(element, outcome);
  }

  /** Nobody knows whether so many were popped, nor which. */
  doubted(count: number): void {
    this.#doubtful += count;
  }

  /** All is mended and still: these are the elements. */
  judge(elements: readonly string[]): void {
    if (new Set(elements).size < elements.length) throw new Violation("has an element twice", this.key);
    for (const element of elements) {
      this.#expectPushed(element, "there");
      if (this.#pops.get(element)?.fate === "done")
        throw this.#violation(element, "was popped, and is there");
    }
    const there = new Set(elements);
    const missing = [...this.#pushes].filter(
      ([element, { fate }]) => fate === "done" && !there.has(element) && !this.#pops.has(element),
    );
    if (missing.length > this.#doubtful) {
      const names = missing.map(([element]) => element).join(" ");
      throw new Violation(
        `lacks ${names}, and no more than ${this.#doubtful} may have been popped`,
        this.key,
      );
    }
  }

  #expectPushed(element: string, what: string): void {
    const fate = this.#pushes.get(element)?.fate;
    if (fate === undefined) throw this.#violation(element, `is ${what}, and nobody pushed it`);
    if (fate === "refused") throw this.#violation(element, `was refused, and is ${what}`);
  }

  #violation(element: string, what: string): Violation {
    return new Violation(`its element ${element} ${what}`, this.key);
  }
}
