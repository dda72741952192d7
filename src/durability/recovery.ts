/**
 * What a start finds in the data directory becomes the keyspace: the newest snapshot, then the log behind it. Says plainly
 * what it found, and refuses rather than go on without what was certainly kept.
 */
import type { Host } from "../host/host.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { PackingLimits } from "../keyspace/packing-limits.js";
import { Replay } from "../keyspace/replay.js";
import { type EarlierLife, LocalTail } from "./local-tail.js";
import { type LogReading, readLog } from "./log-reader.js";
import { UnusableDirectory } from "./node-file.js";
import { listSegments, withFile } from "./segment-files.js";
import { listSnapshots, type SnapshotFile } from "./snapshot-files.js";
import { readSnapshot, UnusableSnapshot } from "./snapshot-reader.js";

const BATCH_BYTES_MAX = 2 ** 32 - 1;
const SLICE_MS = 5;
/** How often the operator's log tells how far a long start has got. */
const REPORT_PERIOD_MS = 2000;

export interface RecoveryOptions {
  readonly host: Host;
  readonly directory: string;
  readonly keyspace: Keyspace;
  readonly limits: PackingLimits;
  /** The log may begin behind the snapshot: it was never in force. */
  readonly isLogPartial: boolean;
  readonly progress: (loadedBytes: number, totalBytes: number) => void;
}

export interface Recovered {
  /** Of the change stream: where it goes on. */
  readonly position: number;
  /** The number that the next snapshot may have. */
  readonly nextSnapshot: number;
  /** 0 if there is no snapshot. */
  readonly snapshotBytes: number;
  /** Undefined if it is not known how far what was kept has the local stream of an earlier life. */
  readonly earlier: EarlierLife | undefined;
}

/** Rejects with `UnusableDirectory` or `DamagedLog`, naming file and offset, or with what the disk rejects with. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  return new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  #replay: Replay;
  readonly #local = new LocalTail();
  /** Of the log, where what is being replayed begins. */
  #position = Number.NEGATIVE_INFINITY;
  #totalBytes = 0;
  #sliceEndMs: number;
  #nextReportMs: number;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#replay = this.#begin();
    const nowMs = options.host.clock.monotonicMs();
    this.#sliceEndMs = nowMs + SLICE_MS;
    this.#nextReportMs = nowMs + REPORT_PERIOD_MS;
  }

  async run(): Promise<Recovered> {
    const { host, directory } = this.#options;
    const startedMs = host.clock.monotonicMs();
    const snapshots = await this.#tidy(await listSnapshots(host.disk, directory));
    const segments = await listSegments(host.disk, directory);
    this.#totalBytes = await this.#measure([...snapshots, ...segments]);
    const snapshot = await this.#loadSnapshot(snapshots);
    const from = snapshot?.position ?? 0;
    if (this.#options.isLogPartial) await this.#dropPartialLog(from);
    const log = await this.#replayLog(from, snapshot?.bytes ?? 0);
    await this.#finish();
    const position = Math.max(from, log.end);
    host.log.info("loaded what was kept", {
      snapshot: snapshot?.path,
      keys: this.#options.keyspace.size,
      expired: this.#replay.expired,
      logBytes: position - from,
      milliseconds: Math.round(host.clock.monotonicMs() - startedMs),
    });
    return {
      position,
      nextSnapshot: 1 + (snapshots.at(-1)?.sequence ?? 0),
      snapshotBytes: snapshot?.bytes ?? 0,
      earlier: this.#local.earlierLife(),
    };
  }

  #begin(): Replay {
    const { host, keyspace, limits } = this.#options;
    // Frames have checked what they hold.
    return new Replay({
      keyspace,
      limits,
      clock: host.clock,
      checksum: null,
      batchBytesMax: BATCH_BYTES_MAX,
      saidLocal: (said, offset) => this.#local.say(said, this.#position + offset),
    });
  }

  /** Removes what was never finished; answers the rest. */
  async #tidy(snapshots: readonly SnapshotFile[]): Promise<readonly SnapshotFile[]> {
    const { disk, log } = this.#options.host;
    for (const { path, isPart } of snapshots) {
      if (!isPart) continue;
      log.info("removing a snapshot that was never finished", { file: path });
      await disk.remove(path);
    }
    return snapshots.filter(({ isPart }) => !isPart);
  }

  async #measure(files: readonly { readonly path: string }[]): Promise<number> {
    let bytes = 0;
    for (const { path } of files) {
      bytes += await withFile(this.#options.host.disk, path, (file) => file.size());
    }
    return bytes;
  }

  /** The newest that is whole. There is an older one only if the node ended just when it had written the newer. */
  async #loadSnapshot(
    snapshots: readonly SnapshotFile[],
  ): Promise<{ path: string; position: number; bytes: number } | undefined> {
    const { host } = this.#options;
    const { disk, clock, timers, checksum } = host;
    for (const { path, sequence } of snapshots.toReversed()) {
      try {
        const { position, bytes } = await readSnapshot({
          disk,
          clock,
          timers,
          checksum,
          path,
          sequence,
          target: this.#replay,
          onProgress: (done) => this.#progressed(done),
        });
        return { path, position, bytes };
      } catch (error) {
        if (!(error instanceof UnusableSnapshot)) throw error;
        if (error.isNewer || sequence === snapshots[0]!.sequence) {
          throw new UnusableDirectory(`${error.message}. "torus check" tells what can be read`);
        }
        host.log.error("passing over a snapshot that cannot be read", { file: path, reason: error.message });
        this.#replay.abandon();
        this.#replay = this.#begin();
      }
    }
    return undefined;
  }

  /** It was being switched on when the node ended, so nobody was promised that it holds anything. */
  async #dropPartialLog(from: number): Promise<void> {
    const { host, directory } = this.#options;
    const segments = await listSegments(host.disk, directory);
    const first = segments.find(({ reading }) => reading.kind === "head");
    if (first?.reading.kind !== "head" || first.reading.head.position <= from) return;
    host.log.warn("removing a log that was being switched on", { files: segments.length });
    for (const { path } of segments) await host.disk.remove(path);
  }

  /** The rest of its batches is whole, or `readLog` would not give them. */
  async #replayLog(from: number, snapshotBytes: number): Promise<LogReading> {
    const { host, directory } = this.#options;
    const { disk, checksum, log } = host;
    const reading = await readLog({ disk, checksum, log, directory, from }, async (payload, position) => {
      this.#position = position;
      this.#local.add(payload, position);
      this.#replay.apply(payload, 0, payload.length);
      this.#progressed(snapshotBytes + position + payload.length - from);
      await this.#giveTurns();
    });
    const { cut } = reading;
    if (cut !== undefined) {
      host.log.warn("cut the end of the log, which was not written whole", { ...cut });
    }
    return reading;
  }

  /** INFO tells it at any time, the operator's log now and then. */
  #progressed(loadedBytes: number): void {
    const { host, keyspace, progress } = this.#options;
    progress(loadedBytes, this.#totalBytes);
    const nowMs = host.clock.monotonicMs();
    if (nowMs < this.#nextReportMs) return;
    this.#nextReportMs = nowMs + REPORT_PERIOD_MS;
    host.log.info("loading", { keys: keyspace.size, loadedBytes, totalBytes: this.#totalBytes });
  }

  async #finish(): Promise<void> {
    while (!this.#replay.finish(SLICE_MS)) await this.#nextTurn();
  }

  async #giveTurns(): Promise<void> {
    if (this.#options.host.clock.monotonicMs() >= this.#sliceEndMs) await this.#nextTurn();
  }

  async #nextTurn(): Promise<void> {
    const { clock, timers } = this.#options.host;
    await new Promise<void>((resolve) => timers.afterTurn(resolve));
    this.#sliceEndMs = clock.monotonicMs() + SLICE_MS;
  }
}
