/**
 * All of a node that outlasts it: its directory, what is found there at start, the log, the snapshots. Composes the other
 * files of this folder, and is what server and commands see of them (persistence-view.ts). Long because what log, snapshots and
 * directory have to tell each other, and how trouble in one is healed by another, is one state.
 */
import type { Config } from "../config/config.js";
import type { ConfigStore } from "../config/config-store.js";
import type { Host } from "../host/host.js";
import { type Cancel, pause } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { Backups, type OpenSnapshot } from "./backups.js";
import { ChangeStream, type LocalStream } from "./change-stream.js";
import { ClockCeiling } from "./clock-ceiling.js";
import type { DataDirectory } from "./data-directory.js";
import type { EarlierLife } from "./local-tail.js";
import {
  type LoadingProgress,
  type LogFacts,
  logRefusal,
  type PersistenceView,
  SNAPSHOT_REFUSAL,
  type SnapshotPurpose,
} from "./persistence-view.js";
import { recover } from "./recovery.js";
import { listSegments } from "./segment-files.js";
import { SnapshotFileWriter } from "./snapshot-file.js";
import { listSnapshots } from "./snapshot-files.js";
import { dueSnapshot } from "./snapshot-rules.js";
import { Snapshots, type WrittenSnapshot } from "./snapshots.js";
import { WriteAheadLog } from "./write-ahead-log.js";

const RULES_PERIOD_MS = 1000;
/** After a snapshot that failed the rules wait so long, as in Redis. */
const RETRY_SECONDS = 5;
const HEAL_PERIOD_MS = 1000;
const PROGRESS_PERIOD_MS = 100;
/**
 * Room that the log must have beyond a request, since what a command changes may take more bytes than the request: a
 * RENAME tells a whole value. What is longer still waits in memory until it is written.
 */
const RESERVE_BYTES = 2 ** 20;
/** More than this the log does not keep ready. */
const ROOM_BYTES_MAX = 2 ** 22;
const ROOM_PERIOD_MS = 2;
const MILLIS_PER_SECOND = 1000;

export interface PersistenceOptions {
  readonly host: Host;
  readonly config: ConfigStore;
  readonly keyspace: Keyspace;
  /** What is taken when something is to be kept for the first time; the one that is held already, if so. */
  readonly directory: DataDirectory | undefined;
  readonly takeDirectory: () => Promise<DataDirectory>;
  /** How long a segment of the log gets; the log's own choice if left out. */
  readonly logSegmentBytes?: number | undefined;
}

export class Persistence implements PersistenceView {
  loading: LoadingProgress | null = null;
  /** Of what was found at the start; undefined if it is not known how far that has the local stream of an earlier life. */
  earlier: EarlierLife | undefined;
  readonly snapshots: Snapshots;
  readonly backups: Backups;
  readonly #options: PersistenceOptions;
  readonly #listeners = new Set<() => void>();
  readonly #cancels: Cancel[] = [];
  #directory: DataDirectory | undefined;
  #ceiling: ClockCeiling | undefined;
  #stream: ChangeStream;
  #log: WriteAheadLog | undefined;
  #unsubscribeLog: () => void = () => {};
  /** Positions up to here are in a snapshot, whatever became of the log. */
  #settledPosition = 0;
  #snapshotBytes = 0;
  /** The last snapshot that this process wrote. */
  #newest: WrittenSnapshot | undefined;
  #nextSnapshot = 1;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #isTelling = false;
  #cancelWatch: Cancel | undefined;
  #isHealing = false;
  #isClosed = false;
  /** Switching the log on and off, one after the other. */
  #switching: Promise<void> = Promise.resolve();

  constructor(options: PersistenceOptions) {
    const { host, keyspace, directory } = options;
    this.#options = options;
    this.#directory = directory;
    this.#stream = this.#streamFrom(0);
    this.snapshots = new Snapshots({
      clock: host.clock,
      log: host.log,
      keysTotal: () => keyspace.size,
      write: (progress) => this.#writeSnapshot(progress),
      changed: () => this.#tell(),
    });
    this.backups = new Backups(host.timers, () => this.#openSnapshot());
    // Until `start` has read what is there nobody may look at it.
    if (directory !== undefined) {
      this.loading = { startedWallMs: host.clock.wallMs(), totalBytes: 0, loadedBytes: 0 };
    }
  }

  /**
   * Loads what the directory holds and begins to keep what comes. Rejects, naming file and offset, if something that was
   * certainly kept is damaged.
   */
  async start(): Promise<void> {
    const { host, config } = this.#options;
    const { appendonly } = config.current;
    if (this.#directory !== undefined) await this.#load(this.#directory);
    if (appendonly) await this.#openLog();
    this.loading = null;
    this.#cancels.push(
      host.timers.every(RULES_PERIOD_MS, () => this.#followRules()),
      config.subscribe((now, before) => this.#reconfigure(now, before)),
    );
    // Whoever waits for the start may use the node at once.
    this.#tellNow();
  }

  /** Keeps the last changes, marks an orderly end, and leaves the directory. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    await this.#switching;
    const { save } = this.#options.config.current;
    // As Redis does when it is told to stop: without a log the rules promise that little is lost.
    const isUnsaved = this.#log === undefined && save.length > 0 && this.#options.keyspace.dirty > 0;
    if (this.#directory !== undefined && isUnsaved && this.loading === null)
      await this.snapshots.request("save");
    await this.snapshots.idle();
    await this.backups.close();
    this.#stream.flushNow();
    this.#unsubscribeLog();
    await this.#log?.close();
    await this.#ceiling?.close();
    await this.#directory?.close();
  }

  /** For who ships what this node executes: once it has started. */
  get stream(): LocalStream {
    return this.#stream;
  }

  // ---- What server and commands see ----

  get gates(): boolean {
    return this.#log?.policy === "always";
  }

  get position(): number {
    return this.#stream.position;
  }

  positionOf(slot: number): number {
    return this.#stream.positionOf(slot);
  }

  get durablePosition(): number {
    const log = this.#log;
    return log === undefined ? this.#settledPosition : Math.max(log.durablePosition, this.#settledPosition);
  }

  get inDoubtFrom(): number {
    return this.#log?.state === "failed" ? this.durablePosition : Number.POSITIVE_INFINITY;
  }

  get refusal(): string | null {
    const log = this.#log;
    if (log !== undefined) return log.state === "ok" ? null : logRefusal(log.reason);
    const { save, stopWritesOnBgsaveError } = this.#options.config.current;
    const isUnkept = stopWritesOnBgsaveError && save.length > 0 && !this.snapshots.save.isLastOk;
    return isUnkept ? SNAPSHOT_REFUSAL : null;
  }

  hasRoomFor(requestBytes: number): boolean {
    const has = this.#hasRoomFor(requestBytes);
    if (!has) this.#watchRoom();
    return has;
  }

  #hasRoomFor(requestBytes: number): boolean {
    if (this.#ceiling !== undefined && !this.#ceiling.hasRoom) return false;
    const log = this.#log;
    if (log === undefined) return true;
    const { logSegmentBytes = Number.POSITIVE_INFINITY } = this.#options;
    const neededBytes = Math.min(requestBytes + RESERVE_BYTES, ROOM_BYTES_MAX, logSegmentBytes / 4);
    return log.room >= neededBytes && !log.isCongested;
  }

  get log(): LogFacts | null {
    const log = this.#log;
    if (log === undefined) return null;
    const { sizeBytes, queuedBytes, isSyncing, delayedSyncs, state, segments, syncTimes, failures } = log;
    return {
      currentBytes: this.#snapshotBytes + sizeBytes,
      baseBytes: this.#snapshotBytes,
      bufferedBytes: queuedBytes,
      isSyncing,
      delayedSyncs,
      isLastWriteOk: state === "ok",
      segments,
      syncTimes,
      failures,
    };
  }

  async snapshot(purpose: SnapshotPurpose): Promise<string | undefined> {
    try {
      await this.#keep();
    } catch (error) {
      return messageOf(error);
    }
    return this.snapshots.request(purpose);
  }

  /** Lets all that there is now outlast a loss of power as soon as may be; resolves with false if it does not. True without a log. */
  async makeLast(): Promise<boolean> {
    this.#stream.flushNow();
    try {
      await this.#log?.whenDurable(this.position);
      return true;
    } catch {
      // Whoever looks after the log says why.
      return false;
    }
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  // ---- Loading ----

  async #load({ path, facts }: DataDirectory): Promise<void> {
    const { host, config, keyspace } = this.#options;
    const found = await recover({
      host,
      directory: path,
      keyspace,
      limits: config.current,
      isLogPartial: facts.isLogPartial,
      progress: (loadedBytes, totalBytes) => {
        if (this.loading !== null) this.loading = { ...this.loading, loadedBytes, totalBytes };
      },
    });
    this.earlier = found.earlier;
    this.#stream = this.#streamFrom(found.position);
    this.#settledPosition = found.position;
    this.#snapshotBytes = found.snapshotBytes;
    this.#nextSnapshot = found.nextSnapshot;
    await this.#startCeiling();
  }

  #streamFrom(position: number): ChangeStream {
    const { host, keyspace } = this.#options;
    return new ChangeStream({ keyspace, timers: host.timers, position, earlier: this.earlier });
  }

  // ---- Directory and log ----

  /** The directory, taken now if nothing was kept so far. */
  async #keep(): Promise<DataDirectory> {
    if (this.#directory !== undefined) return this.#directory;
    this.#directory = await this.#options.takeDirectory();
    await this.#startCeiling();
    return this.#directory;
  }

  async #startCeiling(): Promise<void> {
    const { host, keyspace } = this.#options;
    const directory = this.#directory;
    if (directory === undefined || this.#ceiling !== undefined) return;
    keyspace.clock.observe(directory.facts.clockCeiling);
    keyspace.tick(host.clock.wallMs());
    const ceiling = new ClockCeiling({
      clock: keyspace.clock,
      timers: host.timers,
      persist: async (clockCeiling) => {
        await directory.update({ clockCeiling });
        this.#tell();
      },
      failed: (error) =>
        host.log.error("could not raise the ceiling of the clock", { reason: messageOf(error) }),
    });
    await ceiling.start();
    this.#ceiling = ceiling;
  }

  async #openLog(): Promise<void> {
    const { host, config, logSegmentBytes } = this.#options;
    const { path } = await this.#keep();
    const { disk, timers, clock, random, checksum } = host;
    const log = await WriteAheadLog.create({
      ...{ disk, timers, clock, random, checksum, log: host.log },
      directory: path,
      position: this.#stream.position,
      sequence: 1 + ((await listSegments(disk, path)).at(-1)?.sequence ?? 0),
      policy: config.current.appendfsync,
      ...(logSegmentBytes === undefined ? {} : { segmentBytes: logSegmentBytes }),
    });
    log.onProgress = () => this.#tell();
    log.onTrouble = () => this.#troubled();
    this.#log = log;
    this.#unsubscribeLog = this.#stream.subscribe(log);
  }

  async #closeLog(): Promise<void> {
    this.#unsubscribeLog();
    const log = this.#log;
    this.#log = undefined;
    await log?.close();
  }

  #troubled(): void {
    const { log } = this.#options.host;
    const { state, reason } = this.#log!;
    if (state === "ok") log.info("the log takes writes again");
    else log.error("the log takes no writes", { state, reason });
    if (state === "failed") void this.#heal();
    this.#tell();
  }

  /** After a sync that failed nobody knows what the disk has: a new segment, and a snapshot of all, settle it. */
  async #heal(): Promise<void> {
    if (this.#isHealing) return;
    this.#isHealing = true;
    const { host } = this.#options;
    while (this.#log?.state === "failed" && !this.#isClosed) {
      await pause(host.timers, HEAL_PERIOD_MS);
      if (this.#isClosed) break;
      try {
        // First a place for what comes next, then a snapshot of what came before.
        this.#stream.flushNow();
        if (this.#log.needsFreshStart) await this.#log.startAfresh(this.#stream.position);
      } catch (error) {
        host.log.error("could not begin a new segment of the log", { reason: messageOf(error) });
        continue;
      }
      await this.snapshots.request("rewrite");
    }
    this.#isHealing = false;
    this.#tell();
  }

  // ---- Snapshots ----

  async #writeSnapshot(progress: (keysWritten: number) => void): Promise<WrittenSnapshot> {
    const { host, keyspace } = this.#options;
    const { path } = await this.#keep();
    const dirtyBefore = keyspace.dirty;
    const { clock, timers, disk, random, checksum } = host;
    const sequence = this.#nextSnapshot++;
    const writer = new SnapshotFileWriter({
      ...{ keyspace, stream: this.#stream, clock, timers, checksum, disk, random },
      directory: path,
      sequence,
    });
    const cancel = timers.every(PROGRESS_PERIOD_MS, () => progress(writer.keys));
    const { path: file, bytes, keys, position } = await writer.write().finally(cancel);
    const written = { file, bytes, keys, position };
    keyspace.dirty = Math.max(0, keyspace.dirty - dirtyBefore);
    this.#newest = written;
    this.#snapshotBytes = bytes;
    this.#settledPosition = Math.max(this.#settledPosition, position);
    await this.#removeOlder(path, sequence);
    await this.#log?.trim(position);
    return written;
  }

  /** What the snapshot of that number makes superfluous. */
  async #removeOlder(path: string, sequence: number): Promise<void> {
    const { disk } = this.#options.host;
    for (const older of await listSnapshots(disk, path)) {
      if (older.sequence < sequence) await disk.remove(older.path);
    }
  }

  /** Of a snapshot that is made for it. */
  async #openSnapshot(): Promise<OpenSnapshot> {
    const { host } = this.#options;
    const problem = await this.snapshot("save");
    if (problem !== undefined || this.#newest === undefined)
      throw new Error(problem ?? "there is no snapshot");
    const { file, bytes, keys } = this.#newest;
    // A newer one may take its place at any time; what is open stays readable.
    return { file: await host.disk.open(file, "read"), bytes, keys };
  }

  #followRules(): void {
    const { host, config, keyspace } = this.#options;
    if (this.snapshots.underWay !== null || this.#isHealing) return;
    const nowMs = host.clock.monotonicMs();
    if (nowMs - this.#failedAtMs < RETRY_SECONDS * MILLIS_PER_SECOND) return;
    const { save, autoAofRewritePercentage, autoAofRewriteMinSizeBytes } = config.current;
    const reason = dueSnapshot({
      rules: save,
      changes: keyspace.dirty,
      secondsSinceSnapshot:
        Math.floor(host.clock.wallMs() / MILLIS_PER_SECOND) - this.snapshots.lastSaveWallSeconds,
      logBytes: this.#log?.sizeBytes ?? 0,
      snapshotBytes: this.#snapshotBytes,
      growthPercentage: autoAofRewritePercentage,
      logBytesMin: autoAofRewriteMinSizeBytes,
    });
    if (reason === undefined) return;
    host.log.info("a snapshot is due", { reason });
    void this.snapshot("save").then((problem) => {
      if (problem !== undefined) this.#failedAtMs = host.clock.monotonicMs();
    });
  }

  // ---- Options that change ----

  #reconfigure(now: Config, before: Config): void {
    if (this.#log !== undefined) this.#log.policy = now.appendfsync;
    if (now.appendonly !== before.appendonly) {
      this.#switching = this.#switching.then(() => this.#switchLog(now.appendonly));
    }
    this.#tell();
  }

  async #switchLog(on: boolean): Promise<void> {
    const { log } = this.#options.host;
    if (this.#isClosed || on === (this.#log !== undefined)) return;
    try {
      if (!on) {
        await this.#closeLog();
      } else {
        const directory = await this.#keep();
        // Until a snapshot is beneath it the log alone says nothing.
        await directory.update({ isLogPartial: true });
        await this.#openLog();
        const problem = await this.snapshots.request("rewrite");
        if (problem !== undefined) {
          await this.#closeLog();
          throw new Error(problem);
        }
        await directory.update({ isLogPartial: false });
      }
      log.info(on ? "the log is on" : "the log is off");
    } catch (error) {
      log.error("could not switch the log on", { reason: messageOf(error) });
    }
    this.#tell();
  }

  /** Somebody waits for room, which comes within milliseconds while the disk is well. */
  #watchRoom(): void {
    this.#cancelWatch ??= this.#options.host.timers.after(ROOM_PERIOD_MS, () => {
      this.#cancelWatch = undefined;
      this.#tell();
    });
  }

  /** Tells those who wait, when what is under way is done. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#options.host.timers.afterTurn(() => {
      this.#isTelling = false;
      this.#tellNow();
    });
  }

  #tellNow(): void {
    for (const listener of this.#listeners) listener();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
