import type { Prng } from "#torus/base/prng.js";
import type { Disk, DiskFile, DiskLock, OpenMode } from "#torus/host/disk.js";
import { HostError } from "#torus/host/host-error.js";

const SECTOR_BYTES = 512;

interface Write {
  readonly bytes: Buffer;
  readonly position: number;
  readonly isThrough: boolean;
}

interface Inode {
  /** What programs see. */
  bytes: Buffer;
  /** What is on the medium, and what is not yet, in order. */
  lasting: Buffer;
  pending: Write[];
}

export interface Operation {
  readonly kind:
    | "open"
    | "create"
    | "write"
    | "write-through"
    | "sync"
    | "sync-directory"
    | "remove"
    | "read";
  readonly path: string;
  readonly position?: number;
  readonly bytes?: number;
}

/**
 * A disk in memory that forgets on demand what was not synced. `before` is called ahead of every operation, may keep it
 * waiting, and may fail it.
 */
export class MemoryDisk implements Disk {
  readonly operations: Operation[] = [];
  before: (operation: Operation) => Promise<void> | void = () => {};
  /** After so many more operations the machine stops: that one is not finished, and none after it begins. */
  operationsLeft = Infinity;
  /** How much of the write that is under way then gets into the file. */
  tornBytes = 0;
  /** Beyond this no file gets longer. */
  capacityBytes = Infinity;
  #inodes = new Map<string, Inode>();
  #lastingNames = new Map<string, Inode>();

  async createDirectory(): Promise<void> {}

  async list(directory: string): Promise<readonly string[]> {
    const prefix = `${directory}/`;
    return [...this.#inodes.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    await this.#begin({ kind: mode === "create" ? "create" : "open", path });
    if (mode === "create") {
      if (this.#inodes.has(path)) throw new HostError("EEXIST", `${path} is there`);
      this.#inodes.set(path, { bytes: Buffer.alloc(0), lasting: Buffer.alloc(0), pending: [] });
    }
    const inode = this.#inodes.get(path);
    if (inode === undefined) throw new HostError("ENOENT", `${path} is not there`);
    return this.#file(path, inode, mode);
  }

  async rename(): Promise<void> {
    throw new Error("the log renames nothing");
  }

  async remove(path: string): Promise<void> {
    await this.#begin({ kind: "remove", path });
    if (!this.#inodes.delete(path)) throw new HostError("ENOENT", `${path} is not there`);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#begin({ kind: "sync-directory", path });
    this.#lastingNames = new Map(this.#inodes);
  }

  async freeBytes(): Promise<number> {
    return this.capacityBytes - this.#usedBytes();
  }

  async lock(): Promise<DiskLock> {
    throw new Error("the log locks nothing");
  }

  /** What a file holds, as programs see it. */
  bytesOf(path: string): Buffer {
    const inode = this.#inodes.get(path);
    if (inode === undefined) throw new Error(`${path} is not there`);
    return inode.bytes;
  }

  paths(): string[] {
    return [...this.#inodes.keys()].sort();
  }

  put(path: string, bytes: Buffer): void {
    const inode = { bytes: Buffer.from(bytes), lasting: Buffer.from(bytes), pending: [] };
    this.#inodes.set(path, inode);
    this.#lastingNames.set(path, inode);
  }

  delete(path: string): void {
    this.#inodes.delete(path);
    this.#lastingNames.delete(path);
  }

  /** As a new process finds the disk after the one before was killed. */
  afterKill(): MemoryDisk {
    return this.#copy((inode) => inode);
  }

  /** As it is found after a loss of power: of what was not synced only some sectors were written, in any order. */
  afterPowerLoss(prng: Pick<Prng, "chance">): MemoryDisk {
    const disk = this.#copy(({ bytes, lasting, pending }) => {
      let found = lasting;
      for (const write of pending) {
        if (write.isThrough) continue;
        const end = write.position + write.bytes.length;
        for (let at = write.position; at < end; ) {
          const sectorEnd = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
          if (prng.chance(0.5)) found = put(found, bytes.subarray(at, sectorEnd), at);
          at = sectorEnd;
        }
      }
      return { bytes: found, lasting: found, pending: [] };
    });
    for (const path of disk.paths()) {
      if (!this.#lastingNames.has(path) && prng.chance(0.5)) disk.delete(path);
    }
    return disk;
  }

  #copy(change: (inode: Inode) => Inode): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, inode] of this.#inodes) {
      const { bytes, lasting, pending } = change(inode);
      disk.#inodes.set(path, { bytes, lasting, pending: [...pending] });
    }
    for (const path of this.#lastingNames.keys()) {
      const inode = disk.#inodes.get(path);
      if (inode !== undefined) disk.#lastingNames.set(path, inode);
    }
    return disk;
  }

  #file(path: string, inode: Inode, mode: OpenMode): DiskFile {
    return {
      size: async () => inode.bytes.length,
      read: async (into, position) => {
        await this.#begin({ kind: "read", path, position });
        return inode.bytes.subarray(position).copy(into);
      },
      write: async (parts, position) => {
        const bytes = Buffer.concat(parts);
        const kind = mode === "write-through" ? "write-through" : "write";
        // What a caller changes too early is changed here.
        if (this.operationsLeft === 0) tear(inode, bytes.subarray(0, this.tornBytes), position);
        await this.#begin({ kind, path, position, bytes: bytes.length });
        const growth = Math.max(0, position + bytes.length - inode.bytes.length);
        const fitting = Math.max(
          0,
          bytes.length - Math.max(0, growth - (this.capacityBytes - this.#usedBytes())),
        );
        const written = bytes.subarray(0, fitting);
        inode.bytes = put(inode.bytes, written, position);
        const isThrough = mode === "write-through";
        if (isThrough) inode.lasting = put(inode.lasting, written, position);
        inode.pending.push({ bytes: written, position, isThrough });
        if (fitting < bytes.length) throw new HostError("ENOSPC", "no space left on device");
      },
      sync: async () => {
        const { bytes, pending } = inode;
        const count = pending.length;
        await this.#begin({ kind: "sync", path });
        for (const [index, write] of inode.pending.entries()) {
          const { position } = write;
          const end = position + write.bytes.length;
          if (index < count) inode.lasting = put(inode.lasting, bytes.subarray(position, end), position);
          else if (write.isThrough) inode.lasting = put(inode.lasting, write.bytes, position);
        }
        inode.pending = inode.pending.slice(count);
      },
      // Lasts with the next sync, as a change of the length does that nobody waits for.
      truncate: async (bytes) => {
        await this.#begin({ kind: "write", path, position: bytes, bytes: 0 });
        inode.bytes = Buffer.from(inode.bytes.subarray(0, bytes));
      },
      close: async () => {},
    };
  }

  async #begin(operation: Operation): Promise<void> {
    this.operations.push(operation);
    if (this.operationsLeft-- <= 0) await new Promise<never>(() => {});
    await this.before(operation);
  }

  #usedBytes(): number {
    let bytes = 0;
    for (const inode of this.#inodes.values()) bytes += inode.bytes.length;
    return bytes;
  }
}

function tear(inode: Inode, bytes: Buffer, position: number): void {
  inode.bytes = put(inode.bytes, bytes, position);
  inode.pending.push({ bytes, position, isThrough: false });
}

function put(bytes: Buffer, part: Buffer, position: number): Buffer {
  const length = Math.max(bytes.length, part.length === 0 ? 0 : position + part.length);
  const result = Buffer.alloc(length);
  bytes.copy(result);
  part.copy(result, position);
  return result;
}
