/** Keys of a database that is flushed now and then. Each is written once: what was there before a flush goes, what comes behind stays. */
import type { Fate } from "../cluster/register.js";
import { Violation } from "../cluster/violation.js";

/** Something that was asked for. */
export interface Deed {
  fate: Fate;
  /** A majority has it, if it is done. */
  isConfirmed: boolean;
  readonly calledAt: number;
  /** Infinity as long as its outcome is not known. */
  settledAt: number;
}

export class FlushedKeys {
  readonly #writes = new Map<string, Deed>();
  readonly #flushes: Deed[] = [];
  readonly #clock: () => number;

  /** `clock` answers a greater number each time. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get keys(): readonly string[] {
    return [...this.#writes.keys()];
  }

  write(key: string): Deed {
    const deed = this.#begin();
    this.#writes.set(key, deed);
    return deed;
  }

  flush(): Deed {
    const deed = this.#begin();
    this.#flushes.push(deed);
    return deed;
  }

  settle(deed: Deed, { fate, isConfirmed }: Pick<Deed, "fate" | "isConfirmed">): void {
    Object.assign(deed, { fate, isConfirmed });
    // What is in doubt may be executed at any later time.
    if (fate !== "doubtful") deed.settledAt = this.#clock();
  }

  /** All is mended and still: these are the keys that are there. */
  judge(there: ReadonlySet<string>): void {
    for (const key of there) if (!this.#writes.has(key)) throw new Violation("nobody wrote it", key);
    for (const [key, write] of this.#writes) {
      if (there.has(key)) this.#judgePresent(key, write);
      else this.#judgeMissing(key, write);
    }
  }

  #judgePresent(key: string, write: Deed): void {
    if (write.fate === "refused") throw new Violation("was refused, and is there", key);
    if (write.fate !== "done" || !write.isConfirmed) return;
    const isFlushed = this.#flushes.some(
      ({ fate, isConfirmed, calledAt }) => fate === "done" && isConfirmed && calledAt > write.settledAt,
    );
    if (isFlushed) throw new Violation("is there, though its database was flushed after it was written", key);
  }

  #judgeMissing(key: string, write: Deed): void {
    if (write.fate !== "done") return;
    const mayBeFlushed = this.#flushes.some(
      ({ fate, settledAt }) => fate !== "refused" && settledAt > write.calledAt,
    );
    if (!mayBeFlushed) throw new Violation("was acknowledged behind all flushes, and is gone", key);
  }

  #begin(): Deed {
    return { fate: "sent", isConfirmed: false, calledAt: this.#clock(), settledAt: Infinity };
  }
}
