/** The pages of a table that outgrew one page (extendible hashing, Fagin et al. 1979); table-index.ts fills and splits them. */
import type { Location } from "./arena.js";

/** Pages of a large table: `pageOf[top bits of the hash]` is a number into the other lists. */
export interface PageDirectory {
  /** How many top bits choose the page. */
  depth: number;
  pageOf: Uint32Array;
  readonly pages: Location[];
  /** How many top bits all keys of a page share. */
  readonly depths: number[];
  readonly counts: number[];
}

/** Lets one more top bit choose the page; each page then has twice as many entries. */
export function doubleDirectory(directory: PageDirectory): void {
  const { pageOf } = directory;
  directory.pageOf = Uint32Array.from({ length: pageOf.length * 2 }, (_, i) => pageOf[i >>> 1]!);
  directory.depth++;
}
