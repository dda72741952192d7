/**
 * What a simulated machine keeps on its disk, through crashes: files and their names, and for each what is written and what
 * would outlast a power failure. Bytes go to the platter by sectors, in any order; names by directory.
 */
import { assert } from "../../base/assert.js";
import type { Prng } from "../../base/prng.js";
import { HostError } from "../host-error.js";

/** What a disk writes at once or not at all. */
export const SECTOR_BYTES = 512;
const EVEN_ODDS = 0.5;
const CAPACITY_GROWTH = 2;

/** The content of a file, whatever it is called. */
export class Inode {
  private current = Buffer.alloc(0);
  private currentSize = 0;
  private durable = Buffer.alloc(0);
  /** Sectors that differ from what a power failure would leave; true once a sync of them failed: none brings them back. */
  private readonly unsynced = new Map<number, boolean>();

  get size(): number {
    return this.currentSize;
  }

  read(into: Uint8Array, position: number): number {
    const end = Math.min(this.currentSize, position + into.length);
    if (end <= position) return 0;
    into.set(this.current.subarray(position, end));
    return end - position;
  }

  write(bytes: Uint8Array, position: number): void {
    this.resize(Math.max(this.currentSize, position + bytes.length));
    this.current.set(bytes, position);
    this.touch(position, position + bytes.length);
  }

  truncate(size: number): void {
    const [from, to] = [Math.min(size, this.currentSize), Math.max(size, this.currentSize)];
    this.resize(size);
    this.touch(from, to);
  }

  /** Everything written outlasts a power failure, but for what an earlier sync failed at. */
  sync(): void {
    const isAllKept = [...this.unsynced.values()].every((isLost) => !isLost);
    if (isAllKept) {
      this.durable = Buffer.from(this.current.subarray(0, this.currentSize));
      this.unsynced.clear();
    } else {
      for (const [sector, isLost] of this.unsynced) if (!isLost) this.settle(sector);
    }
  }

  /** The system forgets that these sectors were to be written: a later sync says nothing of them. */
  failSync(): void {
    for (const sector of this.unsynced.keys()) this.unsynced.set(sector, true);
  }

  /** Of what was not synced each sector is there or not; with `flips` a bit of what was being written may be turned. */
  losePower(prng: Prng, flips: boolean): void {
    for (const sector of [...this.unsynced.keys()].sort((a, b) => a - b)) {
      const flipped = flips && prng.float() < EVEN_ODDS ? this.changedByte(sector, prng) : -1;
      if (prng.float() < EVEN_ODDS) this.settle(sector);
      if (flipped >= 0 && flipped < this.durable.length) this.durable[flipped]! ^= 1 << prng.below(8);
    }
    this.unsynced.clear();
    this.current = Buffer.from(this.durable);
    this.currentSize = this.durable.length;
  }

  /** A byte of the sector that was being written anew, or -1: what lay there already is not touched, nor are zeros. */
  private changedByte(sector: number, prng: Prng): number {
    const at = sector * SECTOR_BYTES + prng.below(SECTOR_BYTES);
    const byte = at < this.currentSize ? this.current[at]! : 0;
    return byte !== 0 && byte !== this.durable[at] ? at : -1;
  }

  /** Damage that nobody wrote. */
  flipBit(position: number, bit: number): void {
    assert(position < this.currentSize, "the byte is in the file");
    this.current[position]! ^= 1 << bit;
    if (position < this.durable.length) this.durable[position]! ^= 1 << bit;
  }

  private resize(size: number): void {
    if (size > this.current.length) {
      const grown = Buffer.alloc(Math.max(size, this.current.length * CAPACITY_GROWTH));
      this.current.copy(grown, 0, 0, this.currentSize);
      this.current = grown;
    } else if (size < this.currentSize) {
      this.current.fill(0, size, this.currentSize);
    }
    this.currentSize = size;
  }

  private touch(from: number, to: number): void {
    const last = Math.ceil(to / SECTOR_BYTES);
    for (let sector = Math.floor(from / SECTOR_BYTES); sector < last; sector++)
      this.unsynced.set(sector, false);
  }

  private settle(sector: number): void {
    this.unsynced.delete(sector);
    const start = sector * SECTOR_BYTES;
    const end = Math.min(start + SECTOR_BYTES, this.currentSize);
    const size =
      start >= this.currentSize
        ? Math.min(this.durable.length, this.currentSize)
        : Math.max(this.durable.length, end);
    if (size !== this.durable.length) {
      const resized = Buffer.alloc(size);
      this.durable.copy(resized);
      this.durable = resized;
    }
    if (start < end) this.current.copy(this.durable, start, start, end);
  }
}

export class Volume {
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private readonly directories = new Set<string>();
  /** Bytes that all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;

  constructor(private readonly prng: Prng) {}

  get usedBytes(): number {
    let bytes = 0;
    for (const { size } of this.names.values()) bytes += size;
    return bytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  createDirectory(path: string): void {
    this.directories.add(path);
  }

  list(directory: string): readonly string[] {
    if (!this.directories.has(directory)) throw missing(directory);
    return [...this.names.keys()]
      .filter((path) => parentOf(path) === directory)
      .map(nameOf)
      .sort();
  }

  /** The file of that name. Throws ENOENT. */
  find(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw missing(path);
    return inode;
  }

  has(path: string): boolean {
    return this.names.has(path);
  }

  create(path: string): Inode {
    if (!this.directories.has(parentOf(path))) throw missing(parentOf(path));
    if (this.names.has(path)) throw new HostError("EEXIST", `there is a file ${path}`);
    const inode = new Inode();
    this.names.set(path, inode);
    return inode;
  }

  rename(from: string, to: string): void {
    const inode = this.find(from);
    this.names.delete(from);
    this.names.set(to, inode);
  }

  remove(path: string): void {
    this.find(path);
    this.names.delete(path);
  }

  syncDirectory(directory: string): void {
    for (const path of this.pathsIn(directory)) this.settle(path);
  }

  /** Whatever name was not synced is there or not, and likewise each sector of each file. */
  losePower(flips: boolean): void {
    const paths = new Set([...this.names.keys(), ...this.durableNames.keys()]);
    for (const path of [...paths].sort()) {
      if (this.names.get(path) !== this.durableNames.get(path) && this.prng.float() < EVEN_ODDS)
        this.settle(path);
    }
    this.names = new Map(this.durableNames);
    for (const inode of new Set(this.names.values())) inode.losePower(this.prng, flips);
  }

  private pathsIn(directory: string): string[] {
    const paths = [...this.names.keys(), ...this.durableNames.keys()];
    return paths.filter((path) => parentOf(path) === directory);
  }

  private settle(path: string): void {
    const inode = this.names.get(path);
    if (inode === undefined) this.durableNames.delete(path);
    else this.durableNames.set(path, inode);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function missing(path: string): HostError {
  return new HostError("ENOENT", `no such file or directory: ${path}`);
}
