/** A process's way to the disk of its simulated machine. What it asks for takes virtual time, and may fail as a test says. */
import type { Prng } from "../../base/prng.js";
import type { Disk, DiskFile, DiskLock, OpenMode } from "../disk.js";
import { HostError } from "../host-error.js";
import { type Life, noAnswer } from "./life.js";
import type { Timeline } from "./timeline.js";
import type { Inode, Volume } from "./volume.js";

/** How a disk misbehaves, set by a test at any time. */
export interface DiskFaults {
  /** So many of the next syncs, writes or reads fail with EIO. */
  failingSyncs: number;
  failingWrites: number;
  failingReads: number;
  /** The chance that any other sync or write fails with EIO. */
  syncFailureChance: number;
  writeFailureChance: number;
  /** Syncs take so much longer. */
  syncDelayMs: number;
}

const WRITE_MAX_MS = 0.3;
const SYNC_MAX_MS = 4;
const READ_MAX_MS = 0.2;

export interface MachineDisk {
  readonly volume: Volume;
  readonly faults: DiskFaults;
  /** Who holds which directory. */
  readonly locks: Map<string, Life>;
}

export function faultlessDisk(volume: Volume): MachineDisk {
  const faults: DiskFaults = {
    failingSyncs: 0,
    failingWrites: 0,
    failingReads: 0,
    syncFailureChance: 0,
    writeFailureChance: 0,
    syncDelayMs: 0,
  };
  return { volume, faults, locks: new Map() };
}

export interface DiskSurroundings {
  readonly machine: MachineDisk;
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly life: Life;
  readonly place: string;
}

export class SimDisk implements Disk {
  /** What the writes under way leave behind if the process ends now. */
  private readonly underWay = new Set<() => void>();

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
    for (const leaveBehind of this.underWay) leaveBehind();
    this.underWay.clear();
  }

  createDirectory(path: string): Promise<void> {
    return this.turn("disk names", READ_MAX_MS, () => this.volume.createDirectory(path));
  }

  list(directory: string): Promise<readonly string[]> {
    return this.turn("disk names", READ_MAX_MS, () => this.volume.list(directory));
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.turn("disk open", READ_MAX_MS, () => {
      const inode = mode === "create" ? this.volume.create(path) : this.volume.find(path);
      return new SimFile(this, inode, mode === "write-through");
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.turn("disk names", WRITE_MAX_MS, () => this.volume.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.turn("disk names", WRITE_MAX_MS, () => this.volume.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.turn("disk sync", SYNC_MAX_MS, () => {
      this.failSyncMaybe();
      this.volume.syncDirectory(path);
    });
  }

  freeBytes(): Promise<number> {
    return this.turn("disk names", READ_MAX_MS, () => this.volume.freeBytes);
  }

  lock(directory: string): Promise<DiskLock> {
    const { machine, life } = this.surroundings;
    return this.turn("disk lock", READ_MAX_MS, () => {
      const holder = machine.locks.get(directory);
      if (holder !== undefined && !holder.isOver) {
        throw new HostError("EWOULDBLOCK", `a process holds ${directory}`);
      }
      machine.locks.set(directory, life);
      const release = () =>
        this.turn("disk lock", READ_MAX_MS, () => {
          if (machine.locks.get(directory) === life) machine.locks.delete(directory);
        });
      return { release };
    });
  }

  read(inode: Inode, into: Uint8Array, position: number): Promise<number> {
    return this.turn("disk read", READ_MAX_MS, () => {
      if (this.takeFault("failingReads")) throw broken("read");
      return inode.read(into, position);
    });
  }

  /** Who crashes or meets an error in the midst of a write has written a first part. */
  write(inode: Inode, bytes: Buffer, position: number, isThrough: boolean): Promise<void> {
    const { prng } = this.surroundings;
    const latencyMs = isThrough ? SYNC_MAX_MS + this.faults.syncDelayMs : WRITE_MAX_MS;
    const part = bytes.subarray(0, prng.below(bytes.length + 1));
    const writeWhat = (what: Buffer) => {
      if (what.length > 0) inode.write(what, position);
    };
    const leaveBehind = () => writeWhat(part);
    this.underWay.add(leaveBehind);
    return this.turn(isThrough ? "disk write-through" : "disk write", latencyMs, () => {
      this.underWay.delete(leaveBehind);
      if (this.takeFault("failingWrites") || prng.float() < this.faults.writeFailureChance) {
        writeWhat(part);
        throw broken("write");
      }
      const grownBy = Math.max(0, position + bytes.length - inode.size);
      const room = this.volume.freeBytes;
      if (grownBy > room) {
        writeWhat(bytes.subarray(0, Math.max(0, bytes.length - (grownBy - room))));
        throw new HostError("ENOSPC", "no space left on device");
      }
      writeWhat(bytes);
      if (isThrough) this.syncNow(inode);
    });
  }

  sync(inode: Inode): Promise<void> {
    return this.turn("disk sync", SYNC_MAX_MS + this.faults.syncDelayMs, () => this.syncNow(inode));
  }

  /** Does something after up to so long, unless the process has ended. */
  turn<Value>(kind: string, latencyMaxMs: number, act: () => Value): Promise<Value> {
    const { timeline, prng, life, place } = this.surroundings;
    if (life.isOver) return noAnswer();
    const atMs = timeline.nowMs + prng.float() * latencyMaxMs;
    return new Promise((resolve, reject) => {
      timeline.plan({ atMs, kind, place }, () => {
        if (life.isOver) return;
        try {
          resolve(act());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  private syncNow(inode: Inode): void {
    try {
      this.failSyncMaybe();
    } catch (error) {
      inode.failSync();
      throw error;
    }
    inode.sync();
  }

  private failSyncMaybe(): void {
    const { faults } = this;
    if (this.takeFault("failingSyncs") || this.surroundings.prng.float() < faults.syncFailureChance) {
      throw broken("fsync");
    }
  }

  private takeFault(which: "failingSyncs" | "failingWrites" | "failingReads"): boolean {
    if (this.faults[which] <= 0) return false;
    this.faults[which]--;
    return true;
  }
}

class SimFile implements DiskFile {
  constructor(
    private readonly disk: SimDisk,
    private readonly inode: Inode,
    private readonly isThrough: boolean,
  ) {}

  size(): Promise<number> {
    return this.disk.turn("disk names", READ_MAX_MS, () => this.inode.size);
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.disk.read(this.inode, into, position);
  }

  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    return this.disk.write(this.inode, Buffer.concat(parts), position, this.isThrough);
  }

  sync(): Promise<void> {
    return this.disk.sync(this.inode);
  }

  truncate(bytes: number): Promise<void> {
    return this.disk.turn("disk write", WRITE_MAX_MS, () => this.inode.truncate(bytes));
  }

  close(): Promise<void> {
    return this.disk.turn("disk names", READ_MAX_MS, () => {});
  }
}

function broken(what: string): HostError {
  return new HostError("EIO", `i/o error, ${what}`);
}
