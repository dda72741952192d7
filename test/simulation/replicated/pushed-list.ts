/** A list to which elements of their own are pushed at either end, in which order they have to stand. That none is lost is for others to judge. */
import { Violation } from "../cluster/violation.js";
import type { Outcome } from "./leaf.js";

export type End = "head" | "tail";

/** An element that was sent. */
export interface Push {
  settled(outcome: Outcome): void;
}

interface Sent {
  readonly end: End;
  readonly element: string;
  readonly calledAt: number;
  /** When a majority was known to have it; Infinity as long as that is not so. */
  confirmedAt: number;
}

export class PushedList {
  readonly #sent = new Map<string, Sent>();

  /** `clock` answers a greater number each time. `isOrdered`: what a majority has before the next is sent stands before it. */
  constructor(
    readonly key: string,
    private readonly clock: () => number,
    private readonly isOrdered: boolean,
  ) {}

  push(end: End, element: string): Push {
    const sent: Sent = { end, element, calledAt: this.clock(), confirmedAt: Number.POSITIVE_INFINITY };
    this.#sent.set(element, sent);
    return {
      settled: ({ fate, isConfirmed }) => {
        if (fate === "done" && isConfirmed) sent.confirmedAt = this.clock();
      },
    };
  }

  /** All is mended and still: these are the elements. */
  judge(elements: readonly string[]): void {
    const pushes = elements.map((element) => {
      const sent = this.#sent.get(element);
      if (sent === undefined) throw new Violation(`nobody pushed ${element}`, this.key);
      return sent;
    });
    if (new Set(elements).size < elements.length) throw new Violation("has an element twice", this.key);
    const heads = pushes.findIndex(({ end }) => end === "tail");
    if (heads >= 0 && pushes.slice(heads).some(({ end }) => end === "head"))
      throw new Violation("has an element of its tail before one of its head", this.key);
    if (!this.isOrdered) return;
    expectInTime(
      this.key,
      pushes.filter(({ end }) => end === "tail"),
    );
    expectInTime(this.key, pushes.filter(({ end }) => end === "head").reverse());
  }
}

/** None comes before one that was confirmed before it was sent. Those that are not confirmed may stand anywhere. */
function expectInTime(key: string, pushes: readonly Sent[]): void {
  const confirmed = pushes.filter(({ confirmedAt }) => confirmedAt < Number.POSITIVE_INFINITY);
  let latest: Sent | undefined;
  for (const each of confirmed) {
    if (latest !== undefined && each.confirmedAt < latest.calledAt)
      throw new Violation(`has ${latest.element} before ${each.element}, which was pushed earlier`, key);
    if (latest === undefined || each.calledAt > latest.calledAt) latest = each;
  }
}
