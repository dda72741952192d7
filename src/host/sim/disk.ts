/** A process's way to the disk of its simulated machine. What it asks for takes virtual time, and may fail as a test says. */
import type { Prng } from "../../base/prng.js";
import type { Disk, DiskFile, DiskLock, OpenMode } from "../disk.js";
import { HostError } from "../host-error.js";
import { type Effort, LOCK, NAMES, SYNC } from "./disk-effort.js";
import { SimFile } from "./disk-file.js";
import { type Life, noAnswer } from "./life.js";
import type { Timeline } from "./timeline.js";
import type { Volume } from "./volume.js";

/** How a disk misbehaves, set by a test at any time. */
export interface DiskFaults {
  /** So many of the next syncs, writes or reads fail with EIO. */
  failingSyncs: number;
  failingWrites: number;
  failingReads: number;
  /** The chance that any other sync, write or read fails with EIO. */
  syncFailureChance: number;
  writeFailureChance: number;
  readFailureChance: number;
  /** Syncs, and writes that go through, take so much longer. */
  syncDelayMs: number;
}

/** Who holds a directory: for as long as the process lives. */
interface Holder {
  readonly life: Life;
  readonly pid: number;
}

export interface MachineDisk {
  readonly volume: Volume;
  readonly faults: DiskFaults;
  readonly holderByDirectory: Map<string, Holder>;
}

export function faultlessDisk(volume: Volume): MachineDisk {
  const faults: DiskFaults = {
    failingSyncs: 0,
    failingWrites: 0,
    failingReads: 0,
    syncFailureChance: 0,
    writeFailureChance: 0,
    readFailureChance: 0,
    syncDelayMs: 0,
  };
  return { volume, faults, holderByDirectory: new Map() };
}

export interface DiskSurroundings extends Holder {
  readonly machine: MachineDisk;
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly place: string;
}

export class SimDisk implements Disk {
  /** What the writes under way leave behind if the process ends now. */
  readonly #underWay = new Set<() => void>();

  constructor(private readonly surroundings: DiskSurroundings) {}

  /** For tests: sets how the disk misbehaves. */
  get faults(): DiskFaults {
    return this.surroundings.machine.faults;
  }

  /** For tests: what lies on the disk. */
  get volume(): Volume {
    return this.surroundings.machine.volume;
  }

  /** The process ends: of each write under way a first part is there. */
  crash(): void {
    for (const leaveBehind of this.#underWay) leaveBehind();
    this.#underWay.clear();
  }

  createDirectory(path: string): Promise<void> {
    return this.turn(NAMES, () => this.volume.createDirectory(path));
  }

  list(directory: string): Promise<readonly string[]> {
    return this.turn(NAMES, () => this.volume.list(directory));
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.turn(NAMES, () => {
      const inode = mode === "create" ? this.volume.create(path) : this.volume.find(path);
      return new SimFile(this, { inode, mode, prng: this.surroundings.prng });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.turn(NAMES, () => this.volume.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.turn(NAMES, () => this.volume.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    const upTo = this.volume.changes;
    return this.turn(this.prolonged(SYNC), () => {
      this.failMaybe("sync");
      this.volume.syncDirectory(path, upTo);
    });
  }

  freeBytes(): Promise<number> {
    return this.turn(NAMES, () => this.volume.freeBytes);
  }

  lock(directory: string): Promise<DiskLock> {
    const { machine, life, pid } = this.surroundings;
    const { holderByDirectory } = machine;
    const own: Holder = { life, pid };
    return this.turn(LOCK, () => {
      this.volume.expectDirectory(directory);
      const holder = holderByDirectory.get(directory);
      if (holder !== undefined && !holder.life.isOver) {
        throw new HostError("EWOULDBLOCK", `process ${holder.pid} holds ${directory}`);
      }
      holderByDirectory.set(directory, own);
      const release = () =>
        this.turn(LOCK, () => {
          if (holderByDirectory.get(directory) === own) holderByDirectory.delete(directory);
        });
      return { release };
    });
  }

  /** Does something after a while, unless the process has ended; `leaveBehind` is what it has done of it if it ends before. */
  turn<Value>(
    { kind, maxMs, delayMs = 0 }: Effort,
    act: () => Value,
    leaveBehind?: () => void,
  ): Promise<Value> {
    const { timeline, prng, life, place } = this.surroundings;
    if (life.isOver) return noAnswer();
    const atMs = timeline.nowMs + prng.float() * maxMs + delayMs;
    if (leaveBehind !== undefined) this.#underWay.add(leaveBehind);
    return new Promise((resolve, reject) => {
      timeline.plan({ atMs, kind, place }, () => {
        if (life.isOver) return;
        if (leaveBehind !== undefined) this.#underWay.delete(leaveBehind);
        try {
          resolve(act());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  prolonged(effort: Effort): Effort {
    return { ...effort, delayMs: this.faults.syncDelayMs };
  }

  /** Throws EIO if a test wants it so. */
  failMaybe(what: "sync" | "write" | "read"): void {
    const counter = ({ sync: "failingSyncs", write: "failingWrites", read: "failingReads" } as const)[what];
    const isNext = this.faults[counter] > 0;
    if (isNext) this.faults[counter]--;
    if (isNext || this.surroundings.prng.float() < this.faults[`${what}FailureChance`]) {
      throw new HostError("EIO", `i/o error, ${what}`);
    }
  }
}
