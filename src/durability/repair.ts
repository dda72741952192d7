/**
 * Makes a directory from which a node refuses to start into one from which it starts: all that can be read becomes a new
 * snapshot, and every file of before is moved aside as it is. So nothing is lost that was not lost already.
 */
import { readBatch } from "../delta/batch.js";
import { HybridClock } from "../delta/hybrid-clock.js";
import type { Host } from "../host/host.js";
import { AccessClock } from "../keyspace/access-clock.js";
import { Keyspace } from "../keyspace/keyspace.js";
import type { PackingLimits } from "../keyspace/packing-limits.js";
import { Replay } from "../keyspace/replay.js";
import { ChangeStream } from "./change-stream.js";
import { NODE_FILE, readNodeFile, UnusableDirectory } from "./node-file.js";
import { Salvage } from "./salvage.js";
import { listSegments, readHeadOf, type SegmentFile } from "./segment-files.js";
import { SnapshotFileWriter } from "./snapshot-file.js";
import { listSnapshots, type SnapshotFile } from "./snapshot-files.js";
import { readSnapshot, UnusableSnapshot } from "./snapshot-reader.js";

const BATCH_BYTES_MAX = 2 ** 32 - 1;
/** As many as deltas can name: the option may be any. */
const DATABASES = 255;
/** Values stay in the form that they are read in. */
const LIMITS: PackingLimits = {
  hashMaxListpackEntries: 128,
  hashMaxListpackValueBytes: 64,
  listMaxListpackSize: -2,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValueBytes: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValueBytes: 64,
};
const SLICE_MS = 100;

/** Answers what was done, in lines for an operator. Rejects with `UnusableDirectory` if a newer
 * release wrote any of it, or with a `HostError`; it may then be tried again. */
export async function repair(host: Host, directory: string): Promise<readonly string[]> {
  return new Repair(host, directory).run();
}

class Repair {
  readonly #host: Host;
  readonly #directory: string;
  readonly #keyspace: Keyspace;
  #replay: Replay;

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
    const segments = await listSegments(disk, directory);
    await this.#refuseNewer(snapshots, segments);
    const { whole, damaged } = await this.#loadSnapshot(snapshots);
    const salvage = new Salvage({ disk, checksum, take: (bytes) => this.#takeBatches(bytes) });
    for (const { path } of damaged) await salvage.readSnapshot(path);
    await salvage.readLog(segments.map(({ path }) => path));
    while (!this.#replay.finish(SLICE_MS));
    const stream = new ChangeStream({
      ...{ keyspace: this.#keyspace, timers },
      position: Math.max(whole?.position ?? 0, salvage.end),
    });
    const written = await new SnapshotFileWriter({
      ...{ disk, random, clock, timers, checksum, keyspace: this.#keyspace, stream, directory },
      sequence: 1 + (snapshots.at(-1)?.sequence ?? 0),
    }).write();
    const aside = await this.#setAside([...snapshots, ...segments]);
    const read = [...(whole === undefined ? [] : [whole]), ...damaged, ...segments];
    return [
      `${written.path}: ${written.keys} keys, from ${read.map(({ path }) => nameOf(path)).join(", ")}`,
      `damaged places: ${salvage.gaps}; bytes in them, or of no use without them: ${salvage.lostBytes}`,
      `the files of before are in ${aside}`,
    ];
  }

  /** What a newer release wrote is not damaged, but taken for that it would be set aside. */
  async #refuseNewer(snapshots: readonly SnapshotFile[], segments: readonly SegmentFile[]): Promise<void> {
    const { disk, files } = this.#host;
    try {
      await readNodeFile(files, this.#directory);
    } catch (error) {
      if (!(error instanceof UnusableDirectory) || error.isNewer) throw error;
    }
    const heads = [
      ...segments.map(({ path, reading }) => ({ path, reading })),
      ...(await Promise.all(
        snapshots.map(async ({ path }) => ({ path, reading: await readHeadOf(disk, path, "TORUSSNP") })),
      )),
    ];
    for (const { path, reading } of heads) {
      if (reading.kind === "newer") {
        throw new UnusableDirectory(`${path}: ${reading.reason}. Only a newer release can repair it`, true);
      }
    }
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

  /** Loads the newest that is whole; answers it, and the damaged ones that are newer, oldest first. */
  async #loadSnapshot(found: readonly SnapshotFile[]): Promise<{
    readonly whole: { readonly path: string; readonly position: number } | undefined;
    readonly damaged: readonly SnapshotFile[];
  }> {
    const { disk, clock, timers, checksum } = this.#host;
    const damaged: SnapshotFile[] = [];
    for (const file of found.toReversed()) {
      const { path, isPart } = file;
      if (isPart) continue;
      try {
        const reading = { disk, clock, timers, checksum, path, target: this.#replay };
        const { position } = await readSnapshot(reading);
        return { whole: { path, position }, damaged };
      } catch (error) {
        if (!(error instanceof UnusableSnapshot)) throw error;
        damaged.unshift(file);
        this.#replay.abandon();
        this.#replay = this.#begin();
      }
    }
    return { whole: undefined, damaged };
  }

  /** Answers whether the bytes are whole batches, and takes nothing of them if not. */
  #takeBatches(bytes: Buffer): boolean {
    const { checksum } = this.#host;
    for (let at = 0; at < bytes.length; ) {
      const range = { bytes, start: at, end: bytes.length };
      const reading = readBatch(range, { checksum, batchBytesMax: BATCH_BYTES_MAX });
      if (reading.kind !== "batch") return false;
      at = reading.end;
    }
    this.#replay.apply(bytes, 0, bytes.length);
    return true;
  }

  /** Moves files into a new directory beside those that stay. */
  async #setAside(found: readonly { readonly path: string }[]): Promise<string> {
    const { disk } = this.#host;
    const taken = new Set(await disk.list(this.#directory));
    let number = 1;
    while (taken.has(`set-aside-${number}`)) number++;
    const aside = `${this.#directory}/set-aside-${number}`;
    await disk.createDirectory(aside);
    for (const { path } of found) await disk.rename(path, `${aside}/${nameOf(path)}`);
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

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
