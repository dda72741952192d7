/** Makes a snapshot a file: whole and lasting under its name, or not there. */
import type { Disk, DiskFile } from "../host/disk.js";
import { HostError } from "../host/host-error.js";
import type { Random } from "../host/random.js";
import type { SnapshotEnd } from "./snapshot-end.js";
import { partPath, snapshotPath } from "./snapshot-files.js";
import { DatabasesSwapped, type SnapshotSource, SnapshotWriter } from "./snapshot-writer.js";

/** Synced as it grows: the system would else write hundreds of megabytes at the end, all at once. */
const SYNC_BYTES = 2 ** 23;
/** Who swaps databases more often than that while one is written will have no snapshot. */
const ATTEMPTS_MAX = 10;

export interface SnapshotFileOptions extends SnapshotSource {
  readonly disk: Disk;
  readonly random: Random;
  readonly directory: string;
  readonly sequence: number;
}

export interface SnapshotFileWritten extends SnapshotEnd {
  readonly path: string;
  readonly bytes: number;
}

export class SnapshotFileWriter {
  readonly #options: SnapshotFileOptions;
  #writer: SnapshotWriter | undefined;
  #cancelled: string | undefined;

  constructor(options: SnapshotFileOptions) {
    this.#options = options;
  }

  /** Keys that are written, or about to be. */
  get keys(): number {
    return this.#writer?.keys ?? 0;
  }

  /** Resolves when the file will outlast a power failure. If it rejects, as `SnapshotWriter.write` does, there is none. */
  async write(): Promise<SnapshotFileWritten> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt();
      } catch (error) {
        if (!(error instanceof DatabasesSwapped) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Gives up: `write` rejects. */
  cancel(reason: string): void {
    this.#cancelled = reason;
    this.#writer?.cancel(reason);
  }

  async #attempt(): Promise<SnapshotFileWritten> {
    const { disk, directory, sequence } = this.#options;
    const [path, part] = [snapshotPath(directory, sequence), partPath(directory, sequence)];
    await removeIfThere(disk, part);
    try {
      const file = await disk.open(part, "create");
      const { end, bytes } = await this.#fill(file).finally(() => file.close());
      await disk.rename(part, path);
      await disk.syncDirectory(directory);
      return { ...end, path, bytes };
    } catch (error) {
      // The failure is what matters; what is left is removed before the next attempt, or at start.
      await removeIfThere(disk, part).catch(() => {});
      await removeIfThere(disk, path).catch(() => {});
      throw error;
    }
  }

  async #fill(file: DiskFile): Promise<{ end: SnapshotEnd; bytes: number }> {
    const { sequence, random } = this.#options;
    let bytes = 0;
    let syncedBytes = 0;
    const sink = async (parts: readonly Uint8Array[]): Promise<void> => {
      const start = bytes;
      for (const { length } of parts) bytes += length;
      await file.write(parts, start);
      if (bytes - syncedBytes < SYNC_BYTES) return;
      await file.sync();
      syncedBytes = bytes;
    };
    const writer = new SnapshotWriter(this.#options, { sequence, salt: random.uint32() }, sink);
    this.#writer = writer;
    const written = writer.write();
    if (this.#cancelled !== undefined) writer.cancel(this.#cancelled);
    const end = await written;
    await file.sync();
    return { end, bytes };
  }
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== "ENOENT") throw error;
  }
}
