/**
 * Two sets of one slot: members are added to the first, each once, and moved to the second, each once at most. A move is one change, and so whatever fails
 * each of them ends in one of the two: in neither only what nobody was acknowledged, and never in both.
 */
import { Violation } from "../cluster/violation.js";
import type { Outcome } from "./leaf.js";

const UNDER_WAY: Outcome = { fate: "sent", isConfirmed: false };

interface Member {
  added: Outcome;
  /** Undefined as long as nobody has tried. */
  moved: Outcome | undefined;
}

export class MovedMembers {
  readonly from: string;
  readonly to: string;
  readonly #members = new Map<string, Member>();

  constructor(key: string) {
    this.from = `{${key}}:from`;
    this.to = `{${key}}:to`;
  }

  adding(name: string): void {
    this.#members.set(name, { added: UNDER_WAY, moved: undefined });
  }

  added(name: string, outcome: Outcome): void {
    this.#members.get(name)!.added = outcome;
  }

  /** Members that somebody may move now: they are there, as far as who added them was told. */
  get movable(): readonly string[] {
    const members = [...this.#members];
    return members
      .filter(([, { added, moved }]) => added.fate === "done" && moved === undefined)
      .map(([name]) => name);
  }

  moving(name: string): void {
    this.#members.get(name)!.moved = UNDER_WAY;
  }

  moved(name: string, outcome: Outcome): void {
    this.#members.get(name)!.moved = outcome;
  }

  /** What was to be moved was not there. */
  missed(name: string, { isConfirmed }: { readonly isConfirmed: boolean }): void {
    const member = this.#members.get(name)!;
    member.moved = { fate: "refused", isConfirmed: false };
    if (isConfirmed && member.added.fate === "done" && member.added.isConfirmed)
      throw this.#violation(name, "was confirmed, and then a majority did not have it");
  }

  /** All is mended and still: these are the members of both. */
  judge(from: readonly string[], to: readonly string[]): void {
    const [first, second] = [new Set(from), new Set(to)];
    for (const name of [...from, ...to])
      if (!this.#members.has(name)) throw this.#violation(name, "is there, and nobody added it");
    for (const [name, { added, moved }] of this.#members) {
      const [isFirst, isSecond] = [first.has(name), second.has(name)];
      if (isFirst && isSecond) throw this.#violation(name, "is in both");
      if ((isFirst || isSecond) && added.fate === "refused")
        throw this.#violation(name, "was refused, and is there");
      if (!isFirst && !isSecond && (added.fate === "done" || moved?.fate === "done"))
        throw this.#violation(name, "was acknowledged, and is in neither");
      if (isFirst && moved?.fate === "done") throw this.#violation(name, "was moved, and is where it was");
      if (isSecond && (moved === undefined || moved.fate === "refused"))
        throw this.#violation(name, "is where nobody has moved it");
    }
  }

  #violation(name: string, what: string): Violation {
    return new Violation(`its member ${name} ${what}`, this.from);
  }
}
