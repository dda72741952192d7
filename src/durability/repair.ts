/**
 * Makes a directory from which a node refuses to start into one from which it starts: all that can be read becomes a new
 * snapshot, and every file of before is moved aside as it is. So nothing is lost that was not lost already.
 */
import { readBatch } from "../delta/batch.js";
import { HybridClock } from "../delta/hybrid-clock.js";
import type { Host } from "../host/host.js";
import { AccessClock } from "../keyspace/access-clock.js";
import { Keyspace } from "../keyspace/keyspace.js";
import { Replay } from "../keyspace/replay.js";
import { ChangeStream } from "./change-stream.js";
import { NODE_FILE, readNodeFile, UnusableDirectory } from "./node-file.js";
import { salvageLog } from "./salvage.js";
import { listSegments } from "./segment-files.js";
import { SnapshotFileWriter } from "./snapshot-file.js";
import { listSnapshots, type SnapshotFile } from "./snapshot-files.js";
import { readSnapshot, UnusableSnapshot } from "./snapshot-reader.js";

const BATCH_BYTES_MAX = 2 ** 32 - 1;
/** As many as deltas can name: the option may be any. */
const DATABASES = 255;
/** Values stay in the form that they are read in. */
const LIMITS = { hashMaxListpackEntries: 128, hashMaxListpackValueBytes: 64 };
const SLICE_MS = 100;

/** Answers what was done, in lines for an operator. Rejects with a `HostError`; it may then be tried again. */
export async function repair(host: Host, directory: string): Promise<readonly string[]> {
  return new Repair(host, directory).run();
}

class Repair {
  readonly #host: Host;
  readonly #directory: string;
  readonly #keyspace: Keyspace;
  #replay: Replay;
  #skippedBatches = 0;

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
    this.#keyspace = new Keyspace({
      databases: DATABASES,
      origin: 1,
      clock: new HybridClock(),
      access: new AccessClock(() => host.random.uint32()),
      seedWord: () => host.random.uint32(),
    });
    this.#replay = this.#begin();
  }

  async run(): Promise<readonly string[]> {
    const { disk, clock, timers, checksum, random } = this.#host;
    const directory = this.#directory;
    const snapshots = await listSnapshots(disk, directory);
    const found = [...snapshots, ...(await listSegments(disk, directory))];
    const snapshot = await this.#loadSnapshot(snapshots);
    const salvage = await salvageLog({
      disk,
      checksum,
      directory,
      take: (bytes) => this.#takeBatches(bytes),
    });
    while (!this.#replay.finish(SLICE_MS));
    const stream = new ChangeStream({
      ...{ keyspace: this.#keyspace, timers },
      position: Math.max(snapshot?.position ?? 0, salvage.end),
    });
    const written = await new SnapshotFileWriter({
      ...{ disk, random, clock, timers, checksum, keyspace: this.#keyspace, stream, directory },
      sequence: 1 + (snapshots.at(-1)?.sequence ?? 0),
    }).write();
    const aside = await this.#setAside(found);
    return [
      `${written.path}: ${written.keys} keys, from ${snapshot?.path ?? "no snapshot"} and the log`,
      `the log had ${salvage.gaps} damaged places, ${salvage.lostBytes} bytes of it could not be read, nor ${this.#skippedBatches} batches`,
      `the files of before are in ${aside}`,
    ];
  }

  #begin(): Replay {
    return new Replay({
      keyspace: this.#keyspace,
      limits: LIMITS,
      clock: this.#host.clock,
      checksum: null,
      batchBytesMax: BATCH_BYTES_MAX,
    });
  }

  /** The newest that is whole. */
  async #loadSnapshot(
    found: readonly SnapshotFile[],
  ): Promise<{ path: string; position: number } | undefined> {
    const { disk, clock, timers, checksum } = this.#host;
    for (const { path, isPart } of found.toReversed()) {
      if (isPart) continue;
      try {
        const { position } = await readSnapshot({
          disk,
          clock,
          timers,
          checksum,
          path,
          target: this.#replay,
        });
        return { path, position };
      } catch (error) {
        if (!(error instanceof UnusableSnapshot)) throw error;
        this.#replay.abandon();
        this.#replay = this.#begin();
      }
    }
    return undefined;
  }

  /** Behind a gap what is taken for batches may be the middle of one: only what its own checksum vouches for is. */
  #takeBatches(bytes: Buffer): void {
    const { checksum } = this.#host;
    for (let at = 0; at < bytes.length; ) {
      const range = { bytes, start: at, end: bytes.length };
      const reading = readBatch(range, { checksum, batchBytesMax: BATCH_BYTES_MAX });
      if (reading.kind !== "batch") {
        this.#skippedBatches++;
        return;
      }
      this.#replay.apply(bytes, at, reading.end);
      at = reading.end;
    }
  }

  /** Moves files into a new directory beside those that stay. */
  async #setAside(found: readonly { readonly path: string }[]): Promise<string> {
    const { disk } = this.#host;
    const taken = new Set(await disk.list(this.#directory));
    let number = 1;
    while (taken.has(`set-aside-${number}`)) number++;
    const aside = `${this.#directory}/set-aside-${number}`;
    await disk.createDirectory(aside);
    for (const { path } of found)
      await disk.rename(path, `${aside}/${path.slice(path.lastIndexOf("/") + 1)}`);
    if (!(await this.#isNodeFileSound()))
      await disk.rename(`${this.#directory}/${NODE_FILE}`, `${aside}/${NODE_FILE}`);
    await disk.syncDirectory(aside);
    await disk.syncDirectory(this.#directory);
    return aside;
  }

  async #isNodeFileSound(): Promise<boolean> {
    try {
      await readNodeFile(this.#host.files, this.#directory);
      return true;
    } catch (error) {
      if (error instanceof UnusableDirectory) return false;
      throw error;
    }
  }
}
