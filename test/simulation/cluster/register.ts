/**
 * A key with one writer and any number of readers, and all that its clients know of it: enough to tell whether what a reader
 * sees can be. Writes of the one client are executed in their order, each at most once; one that is in doubt may be executed
 * at any later time, which nobody can rule out who lost the connection to whom it was sent.
 */
import { Violation } from "./violation.js";

/** What became of a write: no reply yet, acknowledged, surely not executed, or nobody knows. */
export type Fate = "sent" | "done" | "refused" | "doubtful";

export interface Write {
  /** Counts the writes of the key. */
  readonly index: number;
  /** What the key holds behind it; undefined if it was deleted. */
  readonly value: string | undefined;
  fate: Fate;
  /** What of it was seen that only one of its fates explains. */
  excuse: { readonly why: string; readonly fates: readonly Fate[] } | undefined;
}

/** Of a write's history a failure prints so many. */
const SHOWN_MAX = 12;

export class Register {
  readonly #writes: Write[] = [{ index: 0, value: undefined, fate: "done", excuse: undefined }];
  readonly #byValue = new Map<string, Write>();
  #floor = 0;

  constructor(readonly key: string) {}

  /** What a read that begins now must show at least. */
  get floor(): number {
    return this.#floor;
  }

  /** The last write that was sent. */
  get last(): number {
    return this.#writes.length - 1;
  }

  /** Values are never the same twice. */
  write(value: string | undefined): Write {
    const write: Write = { index: this.#writes.length, value, fate: "sent", excuse: undefined };
    this.#writes.push(write);
    if (value !== undefined) this.#byValue.set(value, write);
    return write;
  }

  settle(write: Write, fate: Fate): void {
    write.fate = fate;
    const { excuse } = write;
    if (excuse !== undefined && !excuse.fates.includes(fate)) {
      throw this.#violation(`write ${write.index} is ${fate}, but ${excuse.why}`);
    }
    if (fate === "done") this.#floor = Math.max(this.#floor, write.index);
  }

  /** The last write up to that one which is acknowledged: what its own writer must see behind them. */
  doneUpTo(index: number): number {
    for (let i = index; i > 0; i--) if (this.#writes[i]!.fate === "done") return i;
    return 0;
  }

  /** Somebody was shown a value by a read that began when `floor` was known. */
  shown(value: string | undefined, floor: number): void {
    if (value === undefined) {
      const isPossible = this.#writes.some(
        (write) => write.value === undefined && (write.fate === "doubtful" || isLate(write, floor)),
      );
      if (!isPossible) throw this.#violation(`nothing is there, where write ${floor} or a later one must be`);
      return;
    }
    const write = this.#byValue.get(value);
    if (write === undefined) throw this.#violation(`${JSON.stringify(value)} is there, which nobody wrote`);
    const { index, fate } = write;
    if (fate === "doubtful") return;
    if (fate === "refused") throw this.#violation(`write ${index} is there, which was refused`);
    if (index < floor) {
      const why = `it was seen after write ${floor}`;
      if (fate === "done") throw this.#violation(`write ${index} is done, but ${why}`);
      write.excuse = { why, fates: ["doubtful"] };
      return;
    }
    if (fate === "sent") write.excuse ??= { why: "it was seen", fates: ["done", "doubtful"] };
    this.#floor = Math.max(this.#floor, index);
  }

  #violation(what: string): Violation {
    const history = this.#writes
      .slice(-SHOWN_MAX)
      .map(({ index, value, fate }) => `${index} ${value === undefined ? "DEL" : "SET"} ${fate}`);
    return new Violation(`${what}\nits last writes: ${history.join(", ")}`, this.key);
  }
}

function isLate({ index, fate }: Write, floor: number): boolean {
  return index >= floor && fate !== "refused";
}
