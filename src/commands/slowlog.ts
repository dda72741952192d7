/** The last slow commands: https://redis.io/docs/latest/commands/slowlog-get/ */
import Denque from "denque";

export interface SlowlogEntry {
  readonly id: number;
  readonly wallSeconds: number;
  readonly microseconds: number;
  /** Shortened copies: at most 32 arguments of at most 128 bytes, as Redis keeps them. */
  readonly args: readonly Buffer[];
  readonly remote: string;
  readonly clientName: string;
}

export class Slowlog {
  readonly #entries = new Denque<SlowlogEntry>();
  #nextId = 0;

  /** `lengthMax` is read at each use, since CONFIG SET may change it. */
  constructor(private readonly lengthMax: () => number) {}

  get length(): number {
    return this.#entries.length;
  }

  add(entry: Omit<SlowlogEntry, "id">): void {
    this.#entries.unshift({ id: this.#nextId++, ...entry });
    while (this.#entries.length > this.lengthMax()) this.#entries.pop();
  }

  /** The newest entries, newest first. */
  newest(count: number): SlowlogEntry[] {
    return this.#entries.toArray().slice(0, count);
  }

  clear(): void {
    this.#entries.clear();
  }
}
