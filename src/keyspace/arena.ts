/**
 * Memory for many small movable cells, off the JavaScript heap. Cells of one size class live together in
 * slabs; a slab starts at a few KB and each further one of its class is as large as all before it together,
 * up to 8 MiB, so an empty node is small and a full one has few slabs. The arena knows nothing of what is in
 * a cell, except that a free one carries `FREE_MARK` in its second word.
 *
 * A location is a 32-bit integer: 12 bits of slab number, 20 bits of offset in units of 8 bytes. 0 is "nowhere".
 */
import { assert } from "../base/assert.js";

/** An address in the arena: see above. A signed integer, so that it stays unboxed in V8. */
export type Location = number;
export const NOWHERE: Location = 0;

export const UNIT_BITS = 20;
export const UNIT_MASK = (1 << UNIT_BITS) - 1;
const SLABS_MAX = 1 << (32 - UNIT_BITS);
const SLAB_BYTES_MIN = 4096;
const SLAB_BYTES_MAX = 8 * (UNIT_MASK + 1);
/** A class keeps at least this many cells in a slab. */
const CELLS_MIN = 8;

/** Larger cells get a slab of their own. */
const CELL_BYTES_MAX = 256 * 1024;
/** The last class: one slab, one cell. */
const OWN_SLAB = classOf(CELL_BYTES_MAX) + 1;

/** Second word of a free cell. No live cell may carry it there. */
export const FREE_MARK = -1;
const NO_CELL = -1;

/** Thrown when 32 GiB of cells, or more huge ones than there are slabs, are in use. */
export class ArenaFull extends Error {
  override readonly name = "ArenaFull";
}

/**
 * The class of a cell of `bytes` bytes: steps of 8 bytes up to 128, then eight steps to a doubling, so that at
 * most an eighth of a cell is waste.
 */
export function classOf(bytes: number): number {
  if (bytes <= 128) return bytes <= 8 ? 0 : (bytes - 1) >>> 3;
  if (bytes > CELL_BYTES_MAX) return OWN_SLAB;
  const shift = 28 - Math.clz32(bytes - 1);
  return (shift << 3) + ((bytes - 1) >>> shift) - 24;
}

/** Bytes of a cell of a class (not of the last one). */
export function bytesOfClass(sizeClass: number): number {
  if (sizeClass < 16) return (sizeClass + 1) << 3;
  return ((sizeClass & 7) + 9) << ((sizeClass >>> 3) + 2);
}

export class Slab {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly cellCount: number;
  /** Cells never used so far start here. */
  untouched = 0;
  /** Head of the chain of freed cells, as cell numbers. */
  freed = NO_CELL;
  liveCount = 0;

  constructor(
    readonly number: number,
    readonly sizeClass: number,
    readonly cellBytes: number,
    slabBytes: number,
  ) {
    const memory = new ArrayBuffer(slabBytes);
    this.bytes = Buffer.from(memory);
    this.words = new Int32Array(memory);
    this.doubles = new Float64Array(memory);
    this.cellCount = Math.floor(slabBytes / cellBytes);
  }

  get isFull(): boolean {
    return this.liveCount === this.cellCount;
  }

  location(cell: number): Location {
    return (this.number << UNIT_BITS) | ((cell * this.cellBytes) >>> 3);
  }

  isLive(cell: number): boolean {
    return cell < this.untouched && this.words[((cell * this.cellBytes) >>> 2) + 1] !== FREE_MARK;
  }
}

/** The slabs of one class. */
interface SizeClass {
  /** Slabs with room; the last one is served from. */
  readonly roomy: Slab[];
  totalBytes: number;
}

export class Arena {
  /** By slab number. Read on every access to a record: `slabs[location >>> 20]`. */
  readonly slabs: Slab[] = [];
  /** Bytes of live cells, rounded up to their classes. */
  usedBytes = 0;
  /** Bytes of all slabs, touched or not. */
  reservedBytes = 0;
  readonly #classes: SizeClass[] = Array.from({ length: OWN_SLAB }, () => ({ roomy: [], totalBytes: 0 }));
  /** Numbers of slabs given back, to be used again. */
  readonly #freeNumbers: number[] = [];
  /** Number 0 is never used, so that no location is 0. */
  #nextNumber = 1;

  constructor() {
    // A placeholder keeps the array packed: a hole would make every read of it slower.
    this.slabs.push(new Slab(0, 0, 8, 8));
  }

  allocate(bytes: number): Location {
    const sizeClass = classOf(bytes);
    if (sizeClass === OWN_SLAB) return this.#allocateOwnSlab(bytes);
    const roomy = this.#classes[sizeClass]!.roomy;
    const slab = roomy.length > 0 ? roomy[roomy.length - 1]! : this.#addSlab(sizeClass);
    let cell = slab.freed;
    if (cell === NO_CELL) {
      cell = slab.untouched++;
    } else {
      const word = (cell * slab.cellBytes) >>> 2;
      slab.freed = slab.words[word]!;
      slab.words[word + 1] = 0;
    }
    slab.liveCount++;
    this.usedBytes += slab.cellBytes;
    if (slab.isFull) roomy.pop();
    return slab.location(cell);
  }

  /** Copies what a cell has to a new one in another slab, and keeps the old one. `NOWHERE` if there is no room elsewhere. */
  copyElsewhere(location: Location): Location {
    const { bytes, cellBytes, number } = this.slabs[location >>> UNIT_BITS]!;
    const to = this.allocate(cellBytes);
    if (to >>> UNIT_BITS === number) {
      this.free(to);
      return NOWHERE;
    }
    const [fromByte, toByte] = [(location & UNIT_MASK) << 3, (to & UNIT_MASK) << 3];
    bytes.copy(this.slabs[to >>> UNIT_BITS]!.bytes, toByte, fromByte, fromByte + cellBytes);
    return to;
  }

  free(location: Location): void {
    const slab = this.slabs[location >>> UNIT_BITS]!;
    this.usedBytes -= slab.cellBytes;
    if (slab.sizeClass === OWN_SLAB) {
      this.#dropSlab(slab);
      return;
    }
    const wasFull = slab.isFull;
    const word = (location & UNIT_MASK) << 1;
    slab.words[word] = slab.freed;
    slab.words[word + 1] = FREE_MARK;
    slab.freed = ((location & UNIT_MASK) << 3) / slab.cellBytes;
    slab.liveCount--;
    const { roomy } = this.#classes[slab.sizeClass]!;
    if (wasFull) roomy.push(slab);
    else if (slab.liveCount === 0 && roomy.length > 1) this.#releaseEmpty(slab, roomy);
  }

  /**
   * Slabs of which less than a quarter is live, while their class has room elsewhere: those worth evacuating.
   * Bounded by the number of slabs, a few thousand at most.
   */
  sparseSlabs(): Slab[] {
    const sparse: Slab[] = [];
    for (const { roomy } of this.#classes) {
      if (roomy.length < 2) continue;
      for (const slab of roomy) if (slab.liveCount * 4 < slab.cellCount) sparse.push(slab);
    }
    return sparse;
  }

  /**
   * Takes a slab out of service, so that what is evacuated from it does not land in it again. False if there is nothing to evacuate: a slab
   * that became empty while no other one of its class had room is given back here.
   */
  retire(slab: Slab): boolean {
    const { roomy } = this.#classes[slab.sizeClass]!;
    if (roomy.length < 2) return false;
    if (slab.liveCount === 0) {
      this.#releaseEmpty(slab, roomy);
      return false;
    }
    const index = roomy.indexOf(slab);
    if (index > 0) {
      // First in the list is last to be served from: the fuller ones fill up before it.
      roomy.splice(index, 1);
      roomy.unshift(slab);
    }
    return index >= 0;
  }

  #addSlab(sizeClass: number): Slab {
    const entry = this.#classes[sizeClass]!;
    const cellBytes = bytesOfClass(sizeClass);
    const wanted = Math.max(SLAB_BYTES_MIN, CELLS_MIN * cellBytes, entry.totalBytes);
    const slab = this.#createSlab(sizeClass, cellBytes, Math.min(SLAB_BYTES_MAX, wanted));
    entry.totalBytes += slab.bytes.length;
    entry.roomy.push(slab);
    return slab;
  }

  #createSlab(sizeClass: number, cellBytes: number, slabBytes: number): Slab {
    const number = this.#freeNumbers.pop() ?? this.#nextNumber;
    if (number >= SLABS_MAX) throw new ArenaFull("no slab numbers left");
    const slab = new Slab(number, sizeClass, cellBytes, slabBytes);
    if (number === this.#nextNumber) {
      this.#nextNumber++;
      this.slabs.push(slab);
    } else {
      this.slabs[number] = slab;
    }
    this.reservedBytes += slabBytes;
    return slab;
  }

  #allocateOwnSlab(bytes: number): Location {
    const rounded = (bytes + 7) & ~7;
    const slab = this.#createSlab(OWN_SLAB, rounded, rounded);
    slab.untouched = 1;
    slab.liveCount = 1;
    this.usedBytes += rounded;
    return slab.location(0);
  }

  #releaseEmpty(slab: Slab, roomy: Slab[]): void {
    const index = roomy.indexOf(slab);
    assert(index >= 0, "an empty slab has room");
    roomy.splice(index, 1);
    this.#classes[slab.sizeClass]!.totalBytes -= slab.bytes.length;
    this.#dropSlab(slab);
  }

  #dropSlab(slab: Slab): void {
    this.slabs[slab.number] = this.slabs[0]!;
    this.#freeNumbers.push(slab.number);
    this.reservedBytes -= slab.bytes.length;
  }
}
