/** Keeps what a node knows of its cluster written down (cluster-file.ts), a moment behind what it knows. */
import type { Files } from "../host/files.js";
import type { Log } from "../host/log.js";
import type { Cancel, Timers } from "../host/timers.js";
import { type ClusterFacts, clearClusterFile, readClusterFile, writeClusterFile } from "./cluster-file.js";

/** Changes come in swarms: those of so long are one. */
const DELAY_MS = 500;

export interface ClusterMemoryOptions {
  readonly host: { readonly files: Files; readonly timers: Timers; readonly log: Log };
  /** Undefined for a node that keeps nothing. */
  readonly directory: string | undefined;
  /** What is known now; undefined while the node belongs to no cluster. */
  readonly facts: () => ClusterFacts | undefined;
}

export class ClusterMemory {
  readonly #options: ClusterMemoryOptions;
  #cancel: Cancel | undefined;
  /** The file is written by one at a time. */
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ClusterMemoryOptions) {
    this.#options = options;
  }

  /** What an earlier life wrote; undefined if it belonged to no cluster. */
  async recall(): Promise<ClusterFacts | undefined> {
    const { host, directory } = this.#options;
    return directory === undefined ? undefined : readClusterFile(host.files, directory);
  }

  /** Writes soon what is known. */
  changed(): void {
    const { host, directory } = this.#options;
    if (directory === undefined || this.#cancel !== undefined || this.#isClosed) return;
    this.#cancel = host.timers.after(DELAY_MS, () => {
      this.#cancel = undefined;
      const facts = this.#options.facts();
      if (facts === undefined) return;
      void this.write(facts).catch((error: unknown) => {
        host.log.warn("could not write down who is in the cluster", { error: String(error) });
        this.changed();
      });
    });
  }

  /** Resolves when this is written down. Rejects if the disk does. */
  async write(facts: ClusterFacts): Promise<void> {
    const { host, directory } = this.#options;
    if (directory === undefined) return;
    await this.#exclusively(() => writeClusterFile(host.files, directory, facts));
  }

  /** The node belongs to no cluster any more. Resolves when that is written down. */
  async clear(): Promise<void> {
    const { host, directory } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    if (directory !== undefined) await this.#exclusively(() => clearClusterFile(host.files, directory));
  }

  /** Resolves when nothing is being written. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    return this.#writing;
  }

  #exclusively(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }
}
