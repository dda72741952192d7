/** Keeps the keyspace within `maxmemory`. */
import type { Clock } from "../host/clock.js";
import type { Random } from "../host/random.js";
import type { Keyspace } from "./keyspace.js";

export class Evictor {
  readonly #keyspace: Keyspace;
  #maxmemoryBytes = 0;

  constructor(keyspace: Keyspace, _random: Random, _clock: Clock) {
    this.#keyspace = keyspace;
  }

  configure(maxmemoryBytes: number, _policy: string, _samples: number): void {
    this.#maxmemoryBytes = maxmemoryBytes;
  }

  isOverLimit(): boolean {
    return this.#maxmemoryBytes > 0 && this.#keyspace.usedBytes > this.#maxmemoryBytes;
  }

  makeRoom(): boolean {
    return !this.isOverLimit();
  }
}
