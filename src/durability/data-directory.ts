/** The directory that a node's data lives in: held by one process at a time, with the node's identity in it. */

import type { DiskLock } from "../host/disk.js";
import type { Host } from "../host/host.js";
import { HostError } from "../host/host-error.js";
import {
  drawNodeFacts,
  type NodeFacts,
  readNodeFile,
  UnusableDirectory,
  writeNodeFile,
} from "./node-file.js";

export class DataDirectory {
  readonly path: string;
  readonly #host: Host;
  readonly #lock: DiskLock;
  #facts: NodeFacts;
  /** The file is written by one at a time, in the order in which it was asked for. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(host: Host, { path, lock, facts }: { path: string; lock: DiskLock; facts: NodeFacts }) {
    this.#host = host;
    this.path = path;
    this.#lock = lock;
    this.#facts = facts;
  }

  /**
   * Takes the directory, making it if it is not there, and counts this start in it. Rejects with `UnusableDirectory` if
   * another process holds it or a newer release wrote it, with a `HostError` if the disk refuses. A node that runs already, and
   * now wants to keep something, says who it is (`own`): the directory must then be nobody else's.
   */
  static async open(host: Host, path: string, own?: NodeFacts): Promise<DataDirectory> {
    await host.disk.createDirectory(path);
    const lock = await takeLock(host, path);
    try {
      const found = await readNodeFile(host.files, path);
      if (found !== undefined && own !== undefined) {
        throw new UnusableDirectory(
          `the data directory ${path} holds another node's data: start with it, or name another one`,
        );
      }
      const facts = found ?? own ?? drawNodeFacts(host.random);
      const directory = new DataDirectory(host, { path, lock, facts });
      await directory.update({ boot: facts.boot + 1 });
      return directory;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What is on disk, or about to be. */
  get facts(): NodeFacts {
    return this.#facts;
  }

  /** Resolves when the change is on disk. */
  update(change: Partial<NodeFacts>): Promise<void> {
    const written = this.#writing.then(async () => {
      const facts = { ...this.#facts, ...change };
      await writeNodeFile(this.#host.files, this.path, facts);
      this.#facts = facts;
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Gives the directory free for other processes. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#lock.release();
  }
}

async function takeLock({ disk }: Host, path: string): Promise<DiskLock> {
  try {
    return await disk.lock(path);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== "EWOULDBLOCK") throw error;
    throw new UnusableDirectory(`the data directory ${path} is in use: ${error.message}`);
  }
}
