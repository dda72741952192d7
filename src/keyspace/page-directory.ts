/**
 * The pages of a table that outgrew one page (extendible hashing, Fagin et al. 1979); table-index.ts fills, splits and joins
 * them. Two pages are siblings if all but the last of the top bits that their keys share are the same.
 */
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

/** The sibling of a page, or -1 if that is split further. `hash` is of the page. */
export function siblingOf({ depth, pageOf, depths }: PageDirectory, page: number, hash: number): number {
  const shared = depths[page]!;
  const first = ((hash >>> (32 - shared)) ^ 1) << (depth - shared);
  const sibling = pageOf[first]!;
  return depths[sibling] === shared ? sibling : -1;
}

/** The page before that of `hash` in the order of hashes, or -1 if it is the first. */
export function pageBefore({ depth, pageOf, depths }: PageDirectory, hash: number): number {
  const shared = depths[pageOf[hash >>> (32 - depth)]!]!;
  const first = (hash >>> (32 - shared)) << (depth - shared);
  return first === 0 ? -1 : pageOf[first - 1]!;
}

export interface Siblings {
  readonly one: number;
  readonly other: number;
  /** Of a key that either may hold. */
  readonly hash: number;
  /** The page that takes their place, with the keys of both. */
  readonly joined: Location;
}

/** Puts one page in the place of two siblings and answers its number. Numbers of other pages may change. */
export function joinSiblings(directory: PageDirectory, { one, other, hash, joined }: Siblings): number {
  const { pageOf, pages, depths, counts } = directory;
  const kept = Math.min(one, other);
  const gone = Math.max(one, other);
  const shared = depths[kept]! - 1;
  const span = 1 << (directory.depth - shared);
  // A shift by 32 would be one by 0.
  const first = shared === 0 ? 0 : (hash >>> (32 - shared)) * span;
  pageOf.fill(kept, first, first + span);
  pages[kept] = joined;
  depths[kept] = shared;
  counts[kept]! += counts[gone]!;
  const last = pages.length - 1;
  if (gone < last) {
    // Its entries are one run.
    const from = pageOf.indexOf(last);
    pageOf.fill(gone, from, from + (1 << (directory.depth - depths[last]!)));
    pages[gone] = pages[last]!;
    depths[gone] = depths[last]!;
    counts[gone] = counts[last]!;
  }
  pages.pop();
  depths.pop();
  counts.pop();
  if (directory.depth > 1 && shared + 1 === directory.depth && !depths.includes(directory.depth)) {
    directory.pageOf = pageOf.filter((_, i) => (i & 1) === 0);
    directory.depth--;
  }
  return kept;
}
