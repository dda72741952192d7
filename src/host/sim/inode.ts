/**
 * The content of a file on a simulated disk, whatever the file is called: what processes read, and what a power failure would
 * leave. Bytes go to the platter by sectors, in any order; the length goes with the sector in which the file ends.
 */
import { assert } from "../../base/assert.js";
import type { Prng } from "../../base/prng.js";
import { GrowingBytes } from "./growing-bytes.js";

/** What a disk writes at once or not at all. */
export const SECTOR_BYTES = 512;
const EVEN_ODDS = 0.5;

/** A sector that differs from what a power failure would leave. */
interface Unsynced {
  /** The first change of it since it was synced, as `changes` counts. */
  readonly since: number;
  /** A sync of it failed, and the system forgot that it was to be written: no later sync brings it back. */
  readonly isLost: boolean;
}

/** Bytes `[from, to)` of a file. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

export class Inode {
  #changes = 0;
  readonly #current = new GrowingBytes();
  readonly #durable = new GrowingBytes();
  readonly #unsynced = new Map<number, Unsynced>();

  get size(): number {
    return this.#current.size;
  }

  /** How many writes and truncations there were: a sync owes nothing to those that come after it was asked for. */
  get changes(): number {
    return this.#changes;
  }

  read(into: Uint8Array, position: number): number {
    const end = Math.min(this.size, position + into.length);
    if (end <= position) return 0;
    into.set(this.#current.view.subarray(position, end));
    return end - position;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const range = { from: position, to: position + bytes.length };
    this.#current.resize(Math.max(this.size, range.to));
    this.#current.view.set(bytes, position);
    this.#touch(range);
  }

  truncate(size: number): void {
    const range = { from: Math.min(size, this.size), to: Math.max(size, this.size) };
    this.#current.resize(size);
    this.#touch(range);
  }

  /** What was changed up to then outlasts a power failure, but for what an earlier sync failed at. */
  sync(upTo: number): void {
    for (const [sector, { since, isLost }] of this.#unsynced) {
      if (since <= upTo && !isLost) this.#settle(sector);
    }
  }

  failSync(upTo: number): void {
    for (const [sector, { since }] of this.#unsynced) {
      if (since <= upTo) this.#unsynced.set(sector, { since, isLost: true });
    }
  }

  /** Only this part of the file outlasts a power failure: so much a write-through promises, and no more. */
  syncRange(range: ByteRange): void {
    for (const sector of sectorsOf(range)) if (this.#unsynced.has(sector)) this.#settle(sector);
  }

  failSyncRange(range: ByteRange): void {
    for (const sector of sectorsOf(range)) {
      const unsynced = this.#unsynced.get(sector);
      if (unsynced !== undefined) this.#unsynced.set(sector, { ...unsynced, isLost: true });
    }
  }

  /** Of what was not synced each sector is there or not; with `flips` a bit of what was being written may be turned. */
  losePower(prng: Prng, flips: boolean): void {
    for (const sector of [...this.#unsynced.keys()].sort((a, b) => a - b)) {
      const flipped = flips && prng.float() < EVEN_ODDS ? this.#changedByte(sector, prng) : -1;
      if (prng.float() < EVEN_ODDS) this.#settle(sector);
      if (flipped >= 0 && flipped < this.#durable.size) this.#durable.view[flipped]! ^= 1 << prng.below(8);
    }
    this.#unsynced.clear();
    this.#current.become(this.#durable);
  }

  /** Damage that nobody wrote. */
  flipBit(position: number, bit: number): void {
    assert(position < this.size, "the byte is in the file");
    for (const bytes of [this.#current, this.#durable]) {
      if (position < bytes.size) bytes.view[position]! ^= 1 << bit;
    }
  }

  /** A byte of the sector that was being written anew, or -1: what lay there already is not touched, nor are zeros. */
  #changedByte(sector: number, prng: Prng): number {
    const at = sector * SECTOR_BYTES + prng.below(SECTOR_BYTES);
    const byte = at < this.size ? this.#current.view[at]! : 0;
    return byte !== 0 && byte !== this.#durable.view[at] ? at : -1;
  }

  #touch(range: ByteRange): void {
    const since = ++this.#changes;
    for (const sector of sectorsOf(range)) {
      const known = this.#unsynced.get(sector);
      if (known === undefined || known.isLost) this.#unsynced.set(sector, { since, isLost: false });
    }
  }

  /** Takes a sector to the platter as it is now. */
  #settle(sector: number): void {
    this.#unsynced.delete(sector);
    const start = sector * SECTOR_BYTES;
    const end = start + SECTOR_BYTES;
    if (end < this.size) {
      this.#durable.resize(Math.max(this.#durable.size, end));
    } else if (start < this.size) {
      this.#durable.resize(this.size);
    } else {
      this.#durable.resize(Math.min(this.#durable.size, this.size));
    }
    if (start < this.size) this.#durable.view.set(this.#current.view.subarray(start, end), start);
  }
}

function* sectorsOf({ from, to }: ByteRange): Generator<number> {
  const end = Math.ceil(to / SECTOR_BYTES);
  for (let sector = Math.floor(from / SECTOR_BYTES); sector < end; sector++) yield sector;
}
