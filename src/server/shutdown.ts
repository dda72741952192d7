/** The end of a node by SHUTDOWN: with a snapshot first if one is wanted, and as long as that takes it may be called off. */
import type { ShutdownOptions } from "../commands/session.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Log } from "../host/log.js";

export interface ShutdownSetup {
  readonly persistence: PersistenceView;
  readonly log: Log;
  /** Tells the node's owner to close it. */
  readonly stop: () => void;
}

export class Shutdown {
  readonly #setup: ShutdownSetup;
  /** Those that wait for a snapshot. */
  readonly #pending = new Set<{ isAborted: boolean }>();

  constructor(setup: ShutdownSetup) {
    this.#setup = setup;
  }

  async begin({ saves, isForced }: ShutdownOptions): Promise<string | undefined> {
    const { persistence, log, stop } = this.#setup;
    if (saves) {
      const round = { isAborted: false };
      this.#pending.add(round);
      const problem = await persistence.snapshot("save");
      this.#pending.delete(round);
      if (round.isAborted) return "the shutdown was called off";
      if (problem !== undefined && !isForced) {
        log.error("not shutting down, since the snapshot failed", { problem });
        return problem;
      }
    }
    stop();
    return undefined;
  }

  abort(): boolean {
    const isAnyPending = this.#pending.size > 0;
    for (const round of this.#pending) round.isAborted = true;
    this.#pending.clear();
    return isAnyPending;
  }
}
