import type { Delta } from "#torus/delta/delta.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { CommandRunner } from "./command-runner.js";
import { DeltaTap } from "./delta-tap.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { smallKeyspace } from "./small-keyspace.js";

export interface SideOptions {
  readonly limits?: PackingLimits;
  readonly keepTombstones?: boolean;
}

/** A node that executes and hears of others, which must not be taken for its own doing. */
export class Side {
  readonly keyspace: Keyspace;
  readonly limits: PackingLimits;
  /** What it executed. */
  readonly deltas: Delta[] = [];
  protected readonly commands: CommandRunner;
  readonly #tap: DeltaTap;

  constructor(origin: number, { limits = SMALL_LIMITS, keepTombstones = true }: SideOptions = {}) {
    this.limits = limits;
    this.keyspace = smallKeyspace({ origin, keepTombstones });
    this.commands = new CommandRunner(this.keyspace, limits);
    this.#tap = new DeltaTap(this.keyspace);
  }

  run(...words: readonly string[]): string {
    const reply = this.commands.run(...words);
    this.deltas.push(...this.#tap.take());
    return reply;
  }

  hear(delta: Delta): void {
    applyDelta(this.keyspace, this.limits, delta);
    this.#tap.take();
  }

  hearAllOf(other: Side): void {
    for (const delta of other.deltas) this.hear(delta);
  }
}
