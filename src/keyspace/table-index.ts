/**
 * From keys to records: many hash tables in one arena of pages. Each slot of a database is such a table, and so is
 * each large collection. There is no object per table, only its row in a few typed arrays.
 *
 * A page is a power of two of cells, a cell is two words: hash and location. The home of a key is given by the *top*
 * bits of its hash, collisions go to the next cells. So a table holds its keys nearly in the order of their
 * hashes, and a range of hashes means the same on every node and at every size: SCAN's cursor relies on it.
 *
 * A table of up to `PAGE_KEYS_MAX` keys is one page that doubles. A larger one is a directory of pages of
 * which one at a time splits, or two are joined (extendible hashing, Fagin et al. 1979), so that five million keys
 * under one hash tag never mean one long rehash.
 *
 * Long because all who walk, fill and grow a table must agree on where a cell is.
 */
import { assert } from "../base/assert.js";
import { Arena, type Location, NOWHERE, UNIT_BITS, UNIT_MASK } from "./arena.js";
import {
  doubleDirectory,
  joinSiblings,
  type PageDirectory,
  pageBefore,
  siblingOf,
} from "./page-directory.js";
import { HEADER_BYTES, KEY_LENGTH, registerBytes, TYPE_FLAGS_ORIGIN } from "./record.js";

const PAGE_BITS_MIN = 2;
const PAGE_BITS_MAX = 12;
const PAGE_KEYS_MAX = (1 << PAGE_BITS_MAX) * 0.75;
/** Two pages with no more keys become one, which then has room for many more before it splits again. */
const JOINED_KEYS_MAX = PAGE_KEYS_MAX / 4;
/** In place of the bits of a table that has a directory. */
const DIRECTORY = 0xff;
const HASHES = 2 ** 32;
/** A table is rarely less than an eighth full, so that so many draws from its cells hardly ever miss all. */
const DRAWS_MAX = 64;

export class TableIndex {
  readonly #pageArena = new Arena();
  readonly #records: Arena;
  #pages: Int32Array;
  #bits: Uint8Array;
  #counts: Uint32Array;
  readonly #directories = new Map<number, PageDirectory>();
  #tableCount: number;
  /** The three arrays are those that empty indexes share. */
  #isShared: boolean;
  readonly #freeTables: number[] = [];

  // Where the last `find` ended: the cell of the key, or the free one where it would go.
  #words: Int32Array;
  #base = 0;
  #cell = 0;
  #pageBits = 0;
  #pageDepth = 0;
  #pageNumber = 0;

  /** Starts with tables 0 to `tableCount - 1`, all empty. Keys are compared with records in `records`. */
  constructor(records: Arena, tableCount: number) {
    this.#records = records;
    this.#tableCount = tableCount;
    this.#isShared = tableCount > 0;
    const { pages, bits, counts } = noTables(tableCount);
    this.#pages = pages;
    this.#bits = bits;
    this.#counts = counts;
    this.#words = this.#pageArena.slabs[0]!.words;
  }

  /** Bytes of all pages, and of what finds them. */
  get usedBytes(): number {
    return this.#pageArena.usedBytes + (this.#isShared ? 0 : this.#tableCount * 9);
  }

  /** Whether no table holds anything. */
  get isEmpty(): boolean {
    return this.#isShared || this.#counts.every((count) => count === 0);
  }

  count(table: number): number {
    return this.#counts[table]!;
  }

  /** Bytes of the pages of one table. */
  bytesOf(table: number): number {
    const directory = this.#directories.get(table);
    if (directory) return directory.pages.length * (8 << PAGE_BITS_MAX);
    const bits = this.#bits[table]!;
    return bits === 0 ? 0 : 8 << bits;
  }

  /** Opens a new empty table. */
  createTable(): number {
    const table = this.#freeTables.pop() ?? this.#tableCount++;
    if (table >= this.#pages.length) {
      const length = Math.max(16, table * 2);
      this.#pages = grown(this.#pages, new Int32Array(length));
      this.#bits = grown(this.#bits, new Uint8Array(length));
      this.#counts = grown(this.#counts, new Uint32Array(length));
    }
    return table;
  }

  /** Frees the pages of a table. Its records are the caller's. The table number may be given out again. */
  dropTable(table: number): void {
    this.clear(table);
    this.#freeTables.push(table);
  }

  /** Empties a table without touching its records. */
  clear(table: number): void {
    const directory = this.#directories.get(table);
    if (directory) {
      for (const page of directory.pages) this.#pageArena.free(page);
      this.#directories.delete(table);
    } else if (this.#bits[table] !== 0) {
      this.#pageArena.free(this.#pages[table]!);
    }
    this.#bits[table] = 0;
    this.#counts[table] = 0;
  }

  /** The record of a key, or NOWHERE. What follows at once (`insert`, `replace`, `remove`) acts on this key. */
  find(table: number, hash: number, bytes: Uint8Array, start: number, end: number): Location {
    const bits = this.#bits[table]!;
    if (bits === 0) {
      this.#pageBits = 0;
      return NOWHERE;
    }
    if (bits === DIRECTORY) this.#openPage(table, hash);
    else this.#open(this.#pages[table]!, bits, 0);
    const words = this.#words;
    const base = this.#base;
    const mask = ((1 << this.#pageBits) - 1) << 1;
    let cell = ((hash << this.#pageDepth) >>> (32 - this.#pageBits)) << 1;
    let location = words[base + cell + 1]!;
    while (location !== NOWHERE) {
      if (words[base + cell] === hash && this.#hasKey(location, bytes, start, end)) break;
      cell = (cell + 2) & mask;
      location = words[base + cell + 1]!;
    }
    this.#cell = cell;
    return location;
  }

  /**
   * Where the home cell of a hash is: a location among the pages, whose unit is a cell; NOWHERE if the table is empty.
   * This, `warm` and `glance` leave the place of the last `find` alone.
   */
  home(table: number, hash: number): Location {
    const bits = this.#bits[table]!;
    if (bits === 0) return NOWHERE;
    if (bits !== DIRECTORY) return this.#pages[table]! + (hash >>> (32 - bits));
    const directory = this.#directories.get(table)!;
    const number = directory.pageOf[hash >>> (32 - directory.depth)]!;
    return directory.pages[number]! + ((hash << directory.depths[number]!) >>> (32 - PAGE_BITS_MAX));
  }

  /** Reads a home cell, for what that does to the processor's cache. */
  warm(home: Location): number {
    return this.#pageArena.slabs[home >>> UNIT_BITS]!.words[(home & UNIT_MASK) << 1]!;
  }

  /** The first record with this hash, whatever its key, or NOWHERE; `home` is the home cell of the hash. */
  glance(table: number, hash: number, home: Location): Location {
    if (home === NOWHERE) return NOWHERE;
    const { words } = this.#pageArena.slabs[home >>> UNIT_BITS]!;
    const bits = this.#bits[table]!;
    const mask = (1 << (bits === DIRECTORY ? PAGE_BITS_MAX : bits)) - 1;
    let cell = home & UNIT_MASK;
    // Pages of a size lie one behind the other in their slab, so each begins at a multiple of it.
    const base = cell & ~mask;
    while (words[cell << 1] !== hash && words[(cell << 1) + 1] !== NOWHERE) cell = base | ((cell + 1) & mask);
    return words[(cell << 1) + 1]!;
  }

  /** Adds the key that `find` just missed. */
  insert(table: number, hash: number, location: Location): void {
    if (this.#isFull(table)) this.#makeRoom(table, hash);
    if (this.#bits[table] === DIRECTORY) this.#countIn(table, hash);
    this.#words[this.#base + this.#cell] = hash;
    this.#words[this.#base + this.#cell + 1] = location;
    this.#counts[table]!++;
  }

  /** Lets the key that `find` just found point to another place. */
  replace(location: Location): void {
    this.#words[this.#base + this.#cell + 1] = location;
  }

  /**
   * Takes out the key that `find` just found. Later cells of its run move up, so that no marks are left behind.
   * `insert` may follow at once, as for a key that expired and is written again.
   */
  remove(table: number): void {
    const words = this.#words;
    const base = this.#base;
    const bits = this.#pageBits;
    const depth = this.#pageDepth;
    const mask = ((1 << bits) - 1) << 1;
    let hole = this.#cell;
    const hash = words[base + hole]!;
    let cell = (hole + 2) & mask;
    while (words[base + cell + 1] !== NOWHERE) {
      const home = ((words[base + cell]! << depth) >>> (32 - bits)) << 1;
      if (((cell - home) & mask) >= ((cell - hole) & mask)) {
        words[base + hole] = words[base + cell]!;
        words[base + hole + 1] = words[base + cell + 1]!;
        hole = cell;
      }
      cell = (cell + 2) & mask;
    }
    words[base + hole] = 0;
    words[base + hole + 1] = NOWHERE;
    // All cells from the key's home to the hole are taken: a search for the key ends here.
    this.#cell = hole;
    const count = --this.#counts[table]!;
    if (this.#bits[table] !== DIRECTORY) {
      if (count === 0) this.clear(table);
      else if (bits > PAGE_BITS_MIN && count << 3 < 1 << bits) this.#shrink(table, bits - 1, hash);
    } else {
      const directory = this.#directories.get(table)!;
      const left = --directory.counts[this.#pageNumber]!;
      // One of two that together hold so little has at most half of it.
      if (left <= JOINED_KEYS_MAX / 2) this.#joinPages(table, directory, hash);
    }
  }

  /**
   * Collects the records of a range of hashes that starts at `from` and spans about `homes` home cells, `end` at most, and
   * returns where the next range starts: `end` after the last. `from`, `end` and the result are unsigned hashes.
   * Keys that stay in the table throughout a walk of such ranges are collected once each, whatever grows or shrinks.
   * `hashes` gets the signed hash of each.
   */
  collect(
    table: number,
    from: number,
    homes: number,
    into: Location[],
    end: number = HASHES,
    hashes?: number[],
  ): number {
    const tableBits = this.#bits[table]!;
    if (tableBits === 0) return end;
    if (tableBits === DIRECTORY) this.#openPage(table, from | 0);
    else this.#open(this.#pages[table]!, tableBits, 0);
    const words = this.#words;
    const base = this.#base;
    const bits = this.#pageBits;
    const depth = this.#pageDepth;
    const mask = (1 << bits) - 1;
    const first = ((from | 0) << depth) >>> (32 - bits);
    const homeSpan = 2 ** (32 - depth - bits);
    const pageStart = depth === 0 ? 0 : ((from >>> (32 - depth)) << (32 - depth)) >>> 0;
    const homesToEnd = Math.ceil((end - pageStart) / homeSpan) - first;
    const span = Math.min(homes, mask + 1 - first, homesToEnd);
    const next = Math.min(end, pageStart + (first + span) * homeSpan);
    for (let step = 0; step <= mask; step++) {
      const at = base + (((first + step) & mask) << 1);
      const location = words[at + 1]!;
      if (location === NOWHERE) {
        if (step >= span) break;
        continue;
      }
      const hash = words[at]! >>> 0;
      if (hash < from || hash >= next) continue;
      into.push(location);
      hashes?.push(words[at]!);
    }
    return next;
  }

  /**
   * A record of a table that is not empty, drawn at random: all are equally likely, unless the table is so sparse that
   * too many draws miss. `random` gives unsigned 32-bit integers.
   */
  draw(table: number, random: () => number): Location {
    const directory = this.#directories.get(table);
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      if (directory) {
        // Pages are equally large but not equally likely to be met by a hash, so the draw is from the list.
        const number = random() % directory.pages.length;
        this.#open(directory.pages[number]!, PAGE_BITS_MAX, directory.depths[number]!);
      } else {
        this.#open(this.#pages[table]!, this.#bits[table]!, 0);
      }
      const cell = (random() & ((1 << this.#pageBits) - 1)) << 1;
      const location = this.#words[this.#base + cell + 1]!;
      if (location !== NOWHERE) return location;
    }
    return this.near(table, random());
  }

  /** A record of a table that is not empty, near a hash drawn at random. */
  near(table: number, hash: number): Location {
    assert(this.#counts[table]! > 0, "a record of an empty table was asked for");
    const directory = this.#directories.get(table);
    if (directory) {
      let top = hash >>> (32 - directory.depth);
      while (directory.counts[directory.pageOf[top]!] === 0) top = (top + 1) & (directory.pageOf.length - 1);
      const number = directory.pageOf[top]!;
      this.#open(directory.pages[number]!, PAGE_BITS_MAX, directory.depths[number]!);
    } else {
      this.#open(this.#pages[table]!, this.#bits[table]!, 0);
    }
    const mask = ((1 << this.#pageBits) - 1) << 1;
    let cell = ((hash << this.#pageDepth) >>> (32 - this.#pageBits)) << 1;
    while (this.#words[this.#base + cell + 1] === NOWHERE) cell = (cell + 2) & mask;
    return this.#words[this.#base + cell + 1]!;
  }

  #hasKey(location: Location, bytes: Uint8Array, start: number, end: number): boolean {
    const slab = this.#records.slabs[location >>> UNIT_BITS]!;
    const unit = location & UNIT_MASK;
    const words = slab.words;
    const length = end - start;
    if (words[(unit << 1) + KEY_LENGTH] !== length) return false;
    let at = (unit << 3) + HEADER_BYTES + registerBytes(words[(unit << 1) + TYPE_FLAGS_ORIGIN]!);
    const stored = slab.bytes;
    if (length > LONG_KEY) return stored.compare(bytes, start, end, at, at + length) === 0;
    for (let i = start; i < end; i++) if (bytes[i] !== stored[at++]) return false;
    return true;
  }

  #open(page: Location, bits: number, depth: number): void {
    this.#words = this.#pageArena.slabs[page >>> UNIT_BITS]!.words;
    this.#base = (page & UNIT_MASK) << 1;
    this.#pageBits = bits;
    this.#pageDepth = depth;
  }

  #openPage(table: number, hash: number): PageDirectory {
    const directory = this.#directories.get(table)!;
    // A shift by 32 would be one by 0; a directory has at least two pages, so its depth is at least 1.
    const number = directory.pageOf[hash >>> (32 - directory.depth)]!;
    this.#open(directory.pages[number]!, PAGE_BITS_MAX, directory.depths[number]!);
    this.#pageNumber = number;
    return directory;
  }

  #isFull(table: number): boolean {
    const bits = this.#bits[table]!;
    if (bits === 0) return true;
    const count =
      bits === DIRECTORY ? this.#directories.get(table)!.counts[this.#pageNumber]! : this.#counts[table]!;
    return (count + 1) * 4 > 3 << this.#pageBits;
  }

  /** Grows the table or splits the page of `hash`, then points at the free cell where `hash` goes. */
  #makeRoom(table: number, hash: number): void {
    const bits = this.#bits[table]!;
    if (bits === 0) this.#createPage(table);
    else if (bits < PAGE_BITS_MAX) this.#resize(table, bits + 1);
    else {
      if (bits !== DIRECTORY) this.#createDirectory(table);
      // All keys of a page may share further bits: split until the page of this hash has room.
      let directory = this.#openPage(table, hash);
      do {
        this.#split(directory, this.#pageNumber, hash);
        directory = this.#openPage(table, hash);
      } while (this.#isFull(table));
    }
    if (this.#bits[table] !== DIRECTORY) this.#open(this.#pages[table]!, this.#bits[table]!, 0);
    this.#cell = this.#freeCell(hash);
  }

  #freeCell(hash: number): number {
    const mask = ((1 << this.#pageBits) - 1) << 1;
    let cell = ((hash << this.#pageDepth) >>> (32 - this.#pageBits)) << 1;
    while (this.#words[this.#base + cell + 1] !== NOWHERE) cell = (cell + 2) & mask;
    return cell;
  }

  #allocatePage(bits: number): Location {
    const page = this.#pageArena.allocate(8 << bits);
    const base = (page & UNIT_MASK) << 1;
    this.#pageArena.slabs[page >>> UNIT_BITS]!.words.fill(0, base, base + (2 << bits));
    return page;
  }

  #createPage(table: number): void {
    if (this.#isShared) this.#ownTables();
    this.#pages[table] = this.#allocatePage(PAGE_BITS_MIN);
    this.#bits[table] = PAGE_BITS_MIN;
  }

  /** Takes arrays of its own in place of those that empty indexes share. */
  #ownTables(): void {
    this.#isShared = false;
    this.#pages = new Int32Array(this.#tableCount);
    this.#bits = new Uint8Array(this.#tableCount);
    this.#counts = new Uint32Array(this.#tableCount);
  }

  /** Moves all keys of a single page into a smaller one, then points at the free cell where `hash` goes. */
  #shrink(table: number, bits: number, hash: number): void {
    this.#resize(table, bits);
    this.#cell = this.#freeCell(hash);
  }

  /** Moves all keys of a single page into one of another size. */
  #resize(table: number, bits: number): void {
    const old = this.#pages[table]!;
    const page = this.#allocatePage(bits);
    this.#open(page, bits, 0);
    this.#pour(old, this.#bits[table]!);
    this.#pageArena.free(old);
    this.#pages[table] = page;
    this.#bits[table] = bits;
  }

  /** Copies all cells of a page into the page that is open. */
  #pour(page: Location, bits: number): void {
    const words = this.#pageArena.slabs[page >>> UNIT_BITS]!.words;
    const base = (page & UNIT_MASK) << 1;
    for (let at = base; at < base + (2 << bits); at += 2) {
      if (words[at + 1] === NOWHERE) continue;
      const cell = this.#freeCell(words[at]!);
      this.#words[this.#base + cell] = words[at]!;
      this.#words[this.#base + cell + 1] = words[at + 1]!;
    }
  }

  /** Turns a full single page into a directory of one page, which the caller splits. */
  #createDirectory(table: number): void {
    this.#directories.set(table, {
      depth: 1,
      pageOf: new Uint32Array(2),
      pages: [this.#pages[table]!],
      depths: [0],
      counts: [this.#counts[table]!],
    });
    this.#bits[table] = DIRECTORY;
  }

  /**
   * Counts a key into the open page, which has room. Keys that come in the order of their hashes (as from a snapshot, or
   * from a hash that is copied) would all crowd at the low end of a page that is not split as far as its neighbour yet.
   */
  #countIn(table: number, hash: number): void {
    const directory = this.#directories.get(table)!;
    if (directory.counts[this.#pageNumber] === 0) {
      const before = pageBefore(directory, hash);
      if (before >= 0 && directory.counts[before]! > JOINED_KEYS_MAX) {
        this.#deepen(table, directory.depths[before]!, hash);
      }
    }
    directory.counts[this.#pageNumber]!++;
  }

  /** Splits the open page, which is empty, until the one of `hash` is of this depth. */
  #deepen(table: number, depth: number, hash: number): void {
    let directory = this.#openPage(table, hash);
    while (directory.depths[this.#pageNumber]! < depth) {
      this.#split(directory, this.#pageNumber, hash);
      directory = this.#openPage(table, hash);
    }
    this.#cell = this.#freeCell(hash);
  }

  /** Joins the open page with its sibling while both together hold little, then points at the free cell where `hash` goes. */
  #joinPages(table: number, directory: PageDirectory, hash: number): void {
    const { pages, depths, counts } = directory;
    let one = this.#pageNumber;
    while (pages.length > 1) {
      const other = siblingOf(directory, one, hash);
      if (other < 0 || counts[one]! + counts[other]! > JOINED_KEYS_MAX) break;
      const joined = this.#allocatePage(PAGE_BITS_MAX);
      this.#open(joined, PAGE_BITS_MAX, depths[one]! - 1);
      for (const number of [one, other]) {
        this.#pour(pages[number]!, PAGE_BITS_MAX);
        this.#pageArena.free(pages[number]!);
      }
      one = joinSiblings(directory, { one, other, hash, joined });
      this.#pageNumber = one;
      this.#cell = this.#freeCell(hash);
    }
    if (pages.length > 1) return;
    this.#directories.delete(table);
    this.#pages[table] = pages[0]!;
    this.#bits[table] = PAGE_BITS_MAX;
  }

  /** Splits one page by the next bit of its hashes. */
  #split(directory: PageDirectory, number: number, hash: number): void {
    const depth = directory.depths[number]! + 1;
    assert(depth + PAGE_BITS_MAX <= 32, "a table has more keys than its hashes can tell apart");
    if (depth > directory.depth) doubleDirectory(directory);
    const old = directory.pages[number]!;
    const low = this.#allocatePage(PAGE_BITS_MAX);
    const high = this.#allocatePage(PAGE_BITS_MAX);
    const words = this.#pageArena.slabs[old >>> UNIT_BITS]!.words;
    const base = (old & UNIT_MASK) << 1;
    let highCount = 0;
    for (let at = base; at < base + (2 << PAGE_BITS_MAX); at += 2) {
      if (words[at + 1] === NOWHERE) continue;
      const isHigh = (words[at]! >>> (32 - depth)) & 1;
      highCount += isHigh;
      this.#open(isHigh ? high : low, PAGE_BITS_MAX, depth);
      const cell = this.#freeCell(words[at]!);
      this.#words[this.#base + cell] = words[at]!;
      this.#words[this.#base + cell + 1] = words[at + 1]!;
    }
    this.#pageArena.free(old);
    const added = directory.pages.length;
    directory.pages[number] = low;
    directory.pages.push(high);
    directory.depths[number] = depth;
    directory.depths.push(depth);
    directory.counts.push(highCount);
    directory.counts[number]! -= highCount;
    // The entries of the page are one run; its upper half now belongs to the new one.
    const span = 1 << (directory.depth - depth);
    const highPrefix = ((hash >>> (32 - depth)) | 1) * span;
    directory.pageOf.fill(added, highPrefix, highPrefix + span);
  }
}

/** Longer keys are compared by a native call. */
const LONG_KEY = 64;

interface Tables {
  readonly pages: Int32Array;
  readonly bits: Uint8Array;
  readonly counts: Uint32Array;
}

const noTablesByCount = new Map<number, Tables>();

/**
 * What all indexes without a key have: most databases of a node never get one, and making these arrays for each would be
 * most of the time that a node takes to start. Nobody writes into them.
 */
function noTables(tableCount: number): Tables {
  let tables = noTablesByCount.get(tableCount);
  if (tables === undefined) {
    tables = {
      pages: new Int32Array(tableCount),
      bits: new Uint8Array(tableCount),
      counts: new Uint32Array(tableCount),
    };
    noTablesByCount.set(tableCount, tables);
  }
  return tables;
}

function grown<T extends Int32Array | Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
