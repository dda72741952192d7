/** A file that a simulated process has open. */
import type { Prng } from "../../base/prng.js";
import type { DiskFile, OpenMode } from "../disk.js";
import { HostError } from "../host-error.js";
import type { SimDisk } from "./disk.js";
import { NAMES, READ, SYNC, WRITE, WRITE_THROUGH } from "./disk-effort.js";
import type { Inode } from "./inode.js";

export interface Opened {
  readonly inode: Inode;
  readonly mode: OpenMode;
  readonly prng: Prng;
}

export class SimFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #inode: Inode;
  readonly #prng: Prng;
  readonly #mode: OpenMode;
  #isOpen = true;

  constructor(disk: SimDisk, { inode, mode, prng }: Opened) {
    this.#disk = disk;
    this.#inode = inode;
    this.#mode = mode;
    this.#prng = prng;
  }

  size(): Promise<number> {
    return this.#disk.turn(NAMES, () => {
      this.#expectOpen();
      return this.#inode.size;
    });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#disk.turn(READ, () => {
      this.#expectOpen();
      this.#disk.failMaybe("read");
      return this.#inode.read(into, position);
    });
  }

  /** Who crashes or meets an error in the midst of a write has written a first part. */
  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const isThrough = this.#mode === "write-through";
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const interruptedAt = this.#prng.below(length + 1);
    // Looked at no sooner than a system would: who changes them meanwhile has written what is found then.
    const writeFirst = () => {
      if (this.#mode !== "read") this.#store(Buffer.concat(parts).subarray(0, interruptedAt), position);
    };
    const write = () => {
      this.#expectOpen("write");
      try {
        this.#disk.failMaybe("write");
      } catch (error) {
        writeFirst();
        throw error;
      }
      if (this.#store(Buffer.concat(parts), position) < length) {
        throw new HostError("ENOSPC", "no space left on device, write");
      }
      if (isThrough) this.#syncRange({ from: position, to: position + length });
    };
    const effort = isThrough ? this.#disk.prolonged(WRITE_THROUGH) : WRITE;
    return this.#disk.turn(effort, write, writeFirst);
  }

  sync(): Promise<void> {
    const upTo = this.#inode.changes;
    return this.#disk.turn(this.#disk.prolonged(SYNC), () => {
      this.#expectOpen();
      try {
        this.#disk.failMaybe("sync");
      } catch (error) {
        this.#inode.failSync(upTo);
        throw error;
      }
      this.#inode.sync(upTo);
    });
  }

  truncate(bytes: number): Promise<void> {
    return this.#disk.turn(WRITE, () => {
      this.#expectOpen("truncate");
      this.#inode.truncate(bytes);
    });
  }

  close(): Promise<void> {
    return this.#disk.turn(NAMES, () => {
      this.#isOpen = false;
    });
  }

  /** Writes what there is room for, and answers how many bytes that was. */
  #store(bytes: Uint8Array, position: number): number {
    const end = this.#inode.size + this.#disk.volume.freeBytes;
    const stored = bytes.subarray(0, Math.max(0, end - position));
    this.#inode.write(stored, position);
    return stored.length;
  }

  #syncRange(range: { readonly from: number; readonly to: number }): void {
    try {
      this.#disk.failMaybe("sync");
    } catch (error) {
      this.#inode.failSyncRange(range);
      throw error;
    }
    this.#inode.syncRange(range);
  }

  #expectOpen(change?: "write" | "truncate"): void {
    if (!this.#isOpen) throw new HostError("EBADF", "the file is closed");
    if (change !== undefined && this.#mode === "read") {
      throw new HostError(change === "write" ? "EBADF" : "EINVAL", `the file is open for reading, ${change}`);
    }
  }
}
