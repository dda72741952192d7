/** A key to which one client appends entries: none may be missing that was acknowledged, none be there twice, and all in their order. */
import type { Fate } from "./register.js";
import { Violation } from "./violation.js";

const END = ";";

export class Diary {
  readonly #fates: Fate[] = [];
  readonly #seen = new Set<number>();
  /** What was acknowledged, in bytes; unless something is in doubt, that is all there is. */
  #byteLength = 0;
  #isExact = true;

  constructor(readonly key: string) {}

  /** The number and the text of the next entry. */
  next(): { readonly entry: number; readonly text: string } {
    const entry = this.#fates.push("sent") - 1;
    return { entry, text: textOf(entry) };
  }

  /** Entries settle in their order. `byteLength` is what the key was replied to have, if the entry is done. */
  settle(entry: number, fate: Fate, byteLength = 0): void {
    this.#fates[entry] = fate;
    if (fate === "doubtful") this.#isExact = false;
    if (fate === "refused" && this.#seen.has(entry)) {
      throw this.#violation(`entry ${entry} is refused, but it was seen`);
    }
    if (fate !== "done") return;
    this.#byteLength += textOf(entry).length;
    const isRight = this.#isExact ? byteLength === this.#byteLength : byteLength >= this.#byteLength;
    if (!isRight) {
      throw this.#violation(`behind entry ${entry} it has ${byteLength} bytes, not ${this.#byteLength}`);
    }
  }

  /** The entries that are acknowledged: who begins to read now must see them. */
  get acknowledged(): readonly number[] {
    return [...this.#fates.keys()].filter((entry) => this.#fates[entry] === "done");
  }

  /** This was shown to somebody who began when those entries were acknowledged. */
  shown(text: string, acknowledged: readonly number[]): void {
    const there = new Set<number>();
    let last = -1;
    for (const entry of entriesOf(text)) {
      const fate = this.#fates[entry];
      if (fate === undefined) throw this.#violation(`entry ${entry} is there, which nobody wrote`);
      if (fate === "refused") throw this.#violation(`entry ${entry} is there, which was refused`);
      if (there.has(entry)) throw this.#violation(`entry ${entry} is there twice`);
      there.add(entry);
      this.#seen.add(entry);
      if (fate !== "done") continue;
      if (entry < last) throw this.#violation(`entry ${entry} stands behind ${last}`);
      last = entry;
    }
    const missing = acknowledged.filter((entry) => !there.has(entry));
    if (missing.length > 0) throw this.#violation(`acknowledged entries are gone: ${missing.join(", ")}`);
  }

  #violation(what: string): Violation {
    return new Violation(what, this.key);
  }
}

function textOf(entry: number): string {
  return `${entry}${END}`;
}

function entriesOf(text: string): number[] {
  return text === "" ? [] : text.slice(0, -END.length).split(END).map(Number);
}
