/**
 * The order of large sorted sets: members by score, those of equal scores by their bytes. Each set has a counted B+ tree (Bayer and
 * McCreight 1972, with the number of members below each child), so that rank, score and range are found in O(log n), and no change
 * touches more than a node or two on each level. The members themselves are entries of the set's table (field-table.ts): the tree
 * holds where they lie, and reads scores and bytes there.
 *
 *     node   cell of an arena: count of what is in it, level (0 for a leaf), then
 *     leaf   for each member: prefix of its score, location of its entry
 *     inner  for each child: prefix and location of the first member below it, location of the child, members below it
 *
 * The prefix is the upper half of the score, turned so that it compares as an integer does: most comparisons are decided by it, where
 * the node lies. A member takes 8 bytes in leaves that are full, and those are full that grow at an end; in random order 12.
 *
 * Long because all who walk and change the tree must agree on where things are.
 */
import { assert } from "../base/assert.js";
import type { ByteRange } from "../base/bytes.js";
import { readScore } from "../delta/score.js";
import { Arena, type Location, NOWHERE, type Slab, UNIT_BITS, UNIT_MASK } from "./arena.js";
import { ACCESS, BODY_LENGTH, HEADER_BYTES, KEY_LENGTH } from "./record.js";
import type { Records } from "./records.js";

/** Words of a node. */
const COUNT = 0;
const LEVEL = 1;
const NODE_WORDS = 2;
/** Words of a member in a leaf, and of a child in an inner node. Both begin with the prefix and location of a member. */
const AT = 1;
const LEAF_STEP = 2;
const CHILD = 2;
const BELOW = 3;
const INNER_STEP = 4;
/** Nodes of 1 KiB; a root starts smaller. */
const NODE_BYTES = 1024;
const LEAF_MAX = (NODE_BYTES / 4 - NODE_WORDS) / LEAF_STEP;
const INNER_MAX = Math.floor((NODE_BYTES / 4 - NODE_WORDS) / INNER_STEP);
const FIRST_NODE_BYTES = 64;
/** Far more than there can be: nodes but the root have some 16 children at least. */
const LEVELS_MAX = 16;
/** A node with less than this share of what it may hold joins its neighbour, if both together leave some room. */
const SPARSE_SHARE = 1 / 4;
const JOINED_SHARE = 3 / 4;

/** Where a probe stands to members that are equal to it in all that it says. */
export const BEFORE = -1;
export const BEHIND = 1;
export type Side = typeof BEFORE | typeof BEHIND;

const doubles = new Float64Array(1);
const view = new DataView(doubles.buffer);
const NO_BYTES = new Uint8Array(0);

/** Orders as scores do, but for those that differ in their lower halves alone. */
function prefixOf(score: number): number {
  // -0 and 0 are one place in the order.
  if (score === 0) return 0;
  view.setFloat64(0, score);
  const upper = view.getInt32(0);
  return upper >= 0 ? upper : upper ^ 0x7fffffff;
}

export class ScoreOrder {
  readonly #records: Records;
  readonly #nodes = new Arena();
  /** By table: the root of its tree, NOWHERE if that is empty. */
  #roots = new Int32Array(16);
  /** By table: 1 if it is that of a sorted set. */
  #isKept = new Uint8Array(16);
  /** Nodes that were given up with their set, and all below them. */
  readonly #doomed: Location[] = [];

  // What is looked for: a score, a member, or both.
  #score = 0;
  #prefix = 0;
  #hasScore = true;
  #hasMember = true;
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  #side: number = 0;

  // The way to the leaf at hand, from the root, and which child it takes in each inner node.
  readonly #path = new Int32Array(LEVELS_MAX);
  readonly #turns = new Int32Array(LEVELS_MAX);
  /** Inner nodes on the way. */
  #depth = 0;
  /** In the leaf. */
  #index = 0;
  /** In the order. */
  #rank = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  get usedBytes(): number {
    return this.#nodes.usedBytes + this.#roots.byteLength + this.#isKept.byteLength;
  }

  // ---- Sets ----

  /** A table is made, which keeps an order or does not. */
  open(table: number, isKept: boolean): void {
    if (table >= this.#roots.length) {
      const roots = new Int32Array(table * 2);
      roots.set(this.#roots);
      this.#roots = roots;
      const kept = new Uint8Array(table * 2);
      kept.set(this.#isKept);
      this.#isKept = kept;
    }
    this.#roots[table] = NOWHERE;
    this.#isKept[table] = isKept ? 1 : 0;
  }

  isKept(table: number): boolean {
    return this.#isKept[table] !== 0;
  }

  /** Bytes of the tree of a table. */
  bytesOf(table: number): number {
    return this.#bytesBelow(this.#roots[table]!);
  }

  #bytesBelow(node: Location): number {
    if (node === NOWHERE) return 0;
    const { words, cellBytes } = this.#slab(node);
    const base = wordOf(node);
    const count = words[base + COUNT]!;
    // Leaves below an inner node are of one size.
    if (words[base + LEVEL] === 0) return cellBytes;
    if (words[base + LEVEL] === 1) return cellBytes + count * NODE_BYTES;
    let bytes = cellBytes;
    for (let i = 0; i < count; i++)
      bytes += this.#bytesBelow(words[base + NODE_WORDS + i * INNER_STEP + CHILD]!);
    return bytes;
  }

  /** Gives up the tree of a table, which `releaseSlice` then frees. */
  release(table: number): void {
    const root = this.#roots[table]!;
    this.#roots[table] = NOWHERE;
    this.#isKept[table] = 0;
    if (root !== NOWHERE) this.#doomed.push(root);
  }

  /** Frees up to `budget` nodes that were given up. Answers whether there are more. */
  releaseSlice(budget: number): boolean {
    const doomed = this.#doomed;
    for (let left = budget; left > 0 && doomed.length > 0; left--) {
      const node = doomed.pop()!;
      const { words } = this.#slab(node);
      const base = wordOf(node);
      if (words[base + LEVEL] !== 0) {
        const end = base + NODE_WORDS + words[base + COUNT]! * INNER_STEP;
        for (let at = base + NODE_WORDS; at < end; at += INNER_STEP) doomed.push(words[at + CHILD]!);
      }
      this.#nodes.free(node);
    }
    return doomed.length > 0;
  }

  // ---- Changing: entries lie in the arena, with their scores, before they are put in and until they are taken out ----

  insert(table: number, entry: Location): void {
    this.#lookForEntry(entry);
    let leaf = this.#descend(table);
    if (leaf === NOWHERE) leaf = this.#plant(table);
    if (this.#index === LEAF_MAX) leaf = this.#goToNext(leaf);
    if (this.#count(leaf) === this.#room(leaf)) {
      if (this.#count(leaf) === LEAF_MAX) {
        this.#settle(table, this.#insertSplitting(leaf, entry));
        return;
      }
      leaf = this.#enlarge(table, leaf);
    }
    this.#insertInto(leaf, this.#index, LEAF_STEP, this.#prefix, entry);
    this.#settle(table, NOWHERE);
  }

  remove(table: number, entry: Location): void {
    const leaf = this.#findAtEnd(table, entry);
    this.#removeFrom(leaf, this.#index, LEAF_STEP);
    this.#shrink(table);
  }

  /** An entry is about to lie at another place: its bytes are still at the old one. */
  replace(table: number, entry: Location, to: Location): void {
    const leaf = this.#findEntry(table, entry);
    const { words } = this.#slab(leaf);
    words[wordOf(leaf) + NODE_WORDS + this.#index * LEAF_STEP + AT] = to;
    if (this.#index !== 0) return;
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      this.#refreshFirst(depth);
      if (this.#turns[depth] !== 0) return;
    }
  }

  // ---- Moving nodes ----

  /** Where the nodes lie, for whoever empties sparse slabs. */
  get arena(): Arena {
    return this.#nodes;
  }

  /** Moves a node to another slab. False if it stays: there is no room elsewhere, or nodes of given up sets are among those to go. */
  relocate(node: Location): boolean {
    if (this.#doomed.length > 0) return false;
    const to = this.#nodes.copyElsewhere(node);
    if (to === NOWHERE) return false;
    // The way to the first member below a node leads through it.
    const first = this.#slab(node).words[wordOf(node) + NODE_WORDS + AT]!;
    const table = this.#records.word(first, ACCESS);
    this.#findEntry(table, first);
    let depth = 0;
    while (depth < this.#depth && this.#path[depth] !== node) depth++;
    assert(this.#path[depth] === node, "a node is in the tree of its members");
    if (depth === 0) {
      this.#roots[table] = to;
    } else {
      const parent = this.#path[depth - 1]!;
      const turn = this.#turns[depth - 1]!;
      this.#slab(parent).words[wordOf(parent) + NODE_WORDS + turn * INNER_STEP + CHILD] = to;
    }
    this.#nodes.free(node);
    return true;
  }

  // ---- Asking ----

  /** How many members stand before an entry. */
  rankOf(table: number, entry: Location): number {
    this.#findEntry(table, entry);
    return this.#rank;
  }

  /** How many members have a score that is lower or, behind it, no higher. */
  countByScore(table: number, score: number, side: Side): number {
    this.#score = score;
    this.#prefix = prefixOf(score);
    this.#hasScore = true;
    this.#hasMember = false;
    this.#side = side;
    this.#descend(table);
    return this.#rank;
  }

  /** How many members stand before these bytes, or are no further than they. All members have one score, or the answer means little. */
  countByMember(table: number, { bytes, start, end }: ByteRange, side: Side): number {
    this.#hasScore = false;
    this.#hasMember = true;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#side = side;
    this.#descend(table);
    return this.#rank;
  }

  /** Appends where the entries of up to `count` ranks from `rank` on lie: those of one leaf at most, and at least one if there is one. */
  collect(table: number, rank: number, count: number, into: Location[]): void {
    const leaf = this.#leafOf(table, rank);
    if (leaf === NOWHERE) return;
    const { words } = this.#slab(leaf);
    const base = wordOf(leaf);
    const first = this.#index;
    const end = Math.min(words[base + COUNT]!, first + count);
    for (let i = first; i < end; i++) into.push(words[base + NODE_WORDS + i * LEAF_STEP + AT]!);
  }

  /** Where the entry of a rank lies; NOWHERE if there is no such rank. */
  entryOf(table: number, rank: number): Location {
    const leaf = this.#leafOf(table, rank);
    return leaf === NOWHERE ? NOWHERE : this.#entryAt(leaf, this.#index);
  }

  /** The leaf of a rank, in which it is `#index`; beyond the last one if there is no such rank. NOWHERE in an empty tree. */
  #leafOf(table: number, rank: number): Location {
    let node = this.#roots[table]!;
    if (node === NOWHERE) return NOWHERE;
    let left = rank;
    for (;;) {
      const { words } = this.#slab(node);
      const base = wordOf(node);
      if (words[base + LEVEL] === 0) break;
      const last = base + NODE_WORDS + (words[base + COUNT]! - 1) * INNER_STEP;
      let at = base + NODE_WORDS;
      while (at < last && left >= words[at + BELOW]!) {
        left -= words[at + BELOW]!;
        at += INNER_STEP;
      }
      node = words[at + CHILD]!;
    }
    this.#index = left;
    return node;
  }

  // ---- Finding the way ----

  #lookForEntry(entry: Location): void {
    const { words, bytes } = this.#records.slab(entry);
    const word = wordOf(entry);
    this.#bytes = bytes;
    this.#start = ((entry & UNIT_MASK) << 3) + HEADER_BYTES;
    this.#end = this.#start + words[word + KEY_LENGTH]!;
    this.#score = readScore(bytes, this.#end, this.#end + words[word + BODY_LENGTH]!);
    this.#prefix = prefixOf(this.#score);
    this.#hasScore = true;
    this.#hasMember = true;
    this.#side = 0;
  }

  /** As `#findEntry`, which has to look at other members: but not where it is the first or the last of all, as that which is popped. */
  #findAtEnd(table: number, entry: Location): Location {
    const first = this.#descendToEnd(table, false);
    if (this.#entryAt(first, 0) === entry) return first;
    const last = this.#descendToEnd(table, true);
    if (this.#entryAt(last, this.#index) === entry) return last;
    return this.#findEntry(table, entry);
  }

  /** Goes to the leaf of the first or the last member, of which there is one, and answers it. */
  #descendToEnd(table: number, isLast: boolean): Location {
    let depth = 0;
    let node = this.#roots[table]!;
    for (;;) {
      this.#path[depth] = node;
      const { words } = this.#slab(node);
      const base = wordOf(node);
      const turn = isLast ? words[base + COUNT]! - 1 : 0;
      if (words[base + LEVEL] === 0) {
        this.#index = turn;
        this.#depth = depth;
        return node;
      }
      this.#turns[depth++] = turn;
      node = words[base + NODE_WORDS + turn * INNER_STEP + CHILD]!;
    }
  }

  #findEntry(table: number, entry: Location): Location {
    this.#lookForEntry(entry);
    const leaf = this.#descend(table);
    const at = leaf === NOWHERE ? NOWHERE : this.#entryAt(leaf, this.#index);
    assert(at === entry, "a member of a sorted set has its place in the order");
    return leaf;
  }

  /** Goes to the leaf where what is looked for is or would be, and answers it; NOWHERE in an empty tree. */
  #descend(table: number): Location {
    let depth = 0;
    this.#depth = 0;
    this.#rank = 0;
    this.#index = 0;
    let node = this.#roots[table]!;
    if (node === NOWHERE) return NOWHERE;
    for (;;) {
      this.#path[depth] = node;
      const { words } = this.#slab(node);
      const base = wordOf(node);
      const count = words[base + COUNT]!;
      if (words[base + LEVEL] === 0) {
        this.#index = this.#countBelow(words, base + NODE_WORDS, count, LEAF_STEP);
        this.#rank += this.#index;
        this.#depth = depth;
        return node;
      }
      // What is before the first member of all goes to the first child.
      const from = base + NODE_WORDS;
      const turn = this.#countUpTo(words, from + INNER_STEP, count - 1);
      for (let i = 0; i < turn; i++) this.#rank += words[from + i * INNER_STEP + BELOW]!;
      this.#turns[depth++] = turn;
      node = words[from + turn * INNER_STEP + CHILD]!;
    }
  }

  /** From the end of a full leaf to the beginning of the one behind it, if that has the same parent and room; answers where it is. */
  #goToNext(leaf: Location): Location {
    const depth = this.#depth;
    if (this.#isLastChild(depth)) return leaf;
    const parent = this.#path[depth - 1]!;
    const turn = this.#turns[depth - 1]! + 1;
    const next = this.#slab(parent).words[wordOf(parent) + NODE_WORDS + turn * INNER_STEP + CHILD]!;
    if (this.#count(next) === LEAF_MAX) return leaf;
    this.#turns[depth - 1] = turn;
    this.#path[depth] = next;
    this.#index = 0;
    return next;
  }

  /** Whether the path takes the last child of its parent to the node at a depth; the root is one too. */
  #isLastChild(depth: number): boolean {
    return depth === 0 || this.#turns[depth - 1] === this.#count(this.#path[depth - 1]!) - 1;
  }

  /** Whether nothing on its level is behind the node that the path has at a depth. */
  #isLast(depth: number): boolean {
    for (let i = depth; i > 0; i--) if (!this.#isLastChild(i)) return false;
    return true;
  }

  /** Of `count` members from a word on, how many are before what is looked for. */
  #countBelow(words: Int32Array, from: number, count: number, step: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(words[from + middle * step]!, words[from + middle * step + AT]!) > 0)
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The same of first members, also those that are what is looked for. */
  #countUpTo(words: Int32Array, from: number, count: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = from + middle * INNER_STEP;
      if (this.#compare(words[at]!, words[at + AT]!) >= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Negative, zero or positive, as what is looked for stands before an entry, is it, or stands behind it. */
  #compare(prefix: number, entry: Location): number {
    if (this.#hasScore && prefix !== this.#prefix) return this.#prefix < prefix ? -1 : 1;
    const { words, bytes } = this.#records.slab(entry);
    const word = wordOf(entry);
    const start = ((entry & UNIT_MASK) << 3) + HEADER_BYTES;
    const end = start + words[word + KEY_LENGTH]!;
    if (this.#hasScore) {
      const score = readScore(bytes, end, end + words[word + BODY_LENGTH]!);
      if (this.#score !== score) return this.#score < score ? -1 : 1;
      if (!this.#hasMember) return this.#side;
    }
    const ours = this.#bytes;
    const shift = start - this.#start;
    const common = Math.min(this.#end, end - shift);
    for (let i = this.#start; i < common; i++) {
      const order = ours[i]! - bytes[i + shift]!;
      if (order !== 0) return order;
    }
    return this.#end - this.#start - (end - start) || this.#side;
  }

  // ---- Nodes ----

  #slab(node: Location): Slab {
    return this.#nodes.slabs[node >>> UNIT_BITS]!;
  }

  #count(node: Location): number {
    return this.#slab(node).words[wordOf(node) + COUNT]!;
  }

  #level(node: Location): number {
    return this.#slab(node).words[wordOf(node) + LEVEL]!;
  }

  #entryAt(leaf: Location, index: number): Location {
    if (index >= this.#count(leaf)) return NOWHERE;
    return this.#slab(leaf).words[wordOf(leaf) + NODE_WORDS + index * LEAF_STEP + AT]!;
  }

  #create(level: number, bytes: number): Location {
    const node = this.#nodes.allocate(bytes);
    const { words } = this.#slab(node);
    words[wordOf(node) + COUNT] = 0;
    words[wordOf(node) + LEVEL] = level;
    return node;
  }

  #plant(table: number): Location {
    const leaf = this.#create(0, FIRST_NODE_BYTES);
    this.#roots[table] = leaf;
    this.#path[0] = leaf;
    return leaf;
  }

  /** How many members or children a node may hold: a root may be smaller than other nodes. */
  #room(node: Location): number {
    const words = this.#slab(node).cellBytes / 4 - NODE_WORDS;
    if (this.#level(node) === 0) return Math.min(LEAF_MAX, Math.floor(words / LEAF_STEP));
    return Math.min(INNER_MAX, Math.floor(words / INNER_STEP));
  }

  /** Gives the root twice the room. */
  #enlarge(table: number, root: Location): Location {
    const larger = this.#create(this.#level(root), Math.min(NODE_BYTES, this.#slab(root).cellBytes * 2));
    this.#pour(root, 0, larger);
    this.#nodes.free(root);
    this.#roots[table] = larger;
    this.#path[0] = larger;
    return larger;
  }

  /** Moves what a node has from an index on behind what another of its level has. */
  #pour(node: Location, index: number, into: Location): void {
    const { words: from } = this.#slab(node);
    const { words: to } = this.#slab(into);
    const step = from[wordOf(node) + LEVEL] === 0 ? LEAF_STEP : INNER_STEP;
    const count = from[wordOf(node) + COUNT]!;
    const start = wordOf(node) + NODE_WORDS;
    const already = to[wordOf(into) + COUNT]!;
    const target = wordOf(into) + NODE_WORDS + already * step;
    for (let i = 0; i < (count - index) * step; i++) to[target + i] = from[start + index * step + i]!;
    from[wordOf(node) + COUNT] = index;
    to[wordOf(into) + COUNT] = already + count - index;
  }

  /** Makes room in a node and fills in a member. */
  #insertInto(node: Location, index: number, step: number, prefix: number, entry: Location): number {
    const { words } = this.#slab(node);
    const base = wordOf(node);
    const count = words[base + COUNT]!;
    const at = base + NODE_WORDS + index * step;
    words.copyWithin(at + step, at, base + NODE_WORDS + count * step);
    words[at] = prefix;
    words[at + AT] = entry;
    words[base + COUNT] = count + 1;
    return at;
  }

  #removeFrom(node: Location, index: number, step: number): void {
    const { words } = this.#slab(node);
    const base = wordOf(node);
    const count = words[base + COUNT]!;
    const at = base + NODE_WORDS + index * step;
    words.copyWithin(at, at + step, base + NODE_WORDS + count * step);
    words[base + COUNT] = count - 1;
  }

  /** Members below a node. */
  #total(node: Location): number {
    const { words } = this.#slab(node);
    const base = wordOf(node);
    const count = words[base + COUNT]!;
    if (words[base + LEVEL] === 0) return count;
    let total = 0;
    for (let i = 0; i < count; i++) total += words[base + NODE_WORDS + i * INNER_STEP + BELOW]!;
    return total;
  }

  // ---- Growing ----

  /** Puts an entry into a full leaf of the path. Answers the leaf that took what is behind. */
  #insertSplitting(leaf: Location, entry: Location): Location {
    const right = this.#create(0, NODE_BYTES);
    const index = this.#index;
    const depth = this.#depth;
    // Members often come in ascending or descending order. Then the leaf stays full, and nothing comes into it any more. But a new leaf
    // that is to be filled has to be where the next one comes: not below another parent.
    const isEnd = index === LEAF_MAX && (!this.#isLastChild(depth) || this.#isLast(depth));
    const cut = isEnd ? LEAF_MAX : index === 0 ? 0 : LEAF_MAX >>> 1;
    this.#pour(leaf, cut, right);
    if (index < cut || index === 0) this.#insertInto(leaf, index, LEAF_STEP, this.#prefix, entry);
    else this.#insertInto(right, index - cut, LEAF_STEP, this.#prefix, entry);
    return right;
  }

  /** Lets the nodes above the leaf at hand know that it has one more, and of the node behind it if it was split. */
  #settle(table: number, right: Location): void {
    let split = right;
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      const parent = this.#path[depth]!;
      const turn = this.#turns[depth]!;
      const { words } = this.#slab(parent);
      const at = wordOf(parent) + NODE_WORDS + turn * INNER_STEP;
      this.#refreshFirst(depth);
      if (split === NOWHERE) {
        words[at + BELOW]!++;
      } else {
        words[at + BELOW] = this.#total(this.#path[depth + 1]!);
        split = this.#adopt(table, depth, split);
      }
    }
    if (split === NOWHERE) return;
    const root = this.#path[0]!;
    const above = this.#create(this.#level(root) + 1, FIRST_NODE_BYTES);
    this.#insertChild(above, 0, root);
    this.#insertChild(above, 1, split);
    this.#roots[table] = above;
  }

  /** Puts a child into an inner node of the path, behind the one taken. Answers the node that took what is behind, if there was no room. */
  #adopt(table: number, depth: number, child: Location): Location {
    const parent = this.#path[depth]!;
    const index = this.#turns[depth]! + 1;
    if (this.#count(parent) < INNER_MAX) {
      const isFull = this.#count(parent) === this.#room(parent);
      this.#insertChild(isFull ? this.#enlarge(table, parent) : parent, index, child);
      return NOWHERE;
    }
    const right = this.#create(this.#level(parent), NODE_BYTES);
    const cut = index === INNER_MAX && this.#isLast(depth) ? INNER_MAX : INNER_MAX >>> 1;
    this.#pour(parent, cut, right);
    if (index < cut) this.#insertChild(parent, index, child);
    else this.#insertChild(right, index - cut, child);
    return right;
  }

  #insertChild(parent: Location, index: number, child: Location): void {
    const from = this.#slab(child).words;
    const first = wordOf(child) + NODE_WORDS;
    const below = this.#total(child);
    const at = this.#insertInto(parent, index, INNER_STEP, from[first]!, from[first + AT]!);
    const { words } = this.#slab(parent);
    words[at + CHILD] = child;
    words[at + BELOW] = below;
  }

  /** What an inner node of the path says of the first member below the child that the path takes. */
  #refreshFirst(depth: number): void {
    const parent = this.#path[depth]!;
    const child = this.#path[depth + 1]!;
    const { words } = this.#slab(parent);
    const from = this.#slab(child).words;
    const at = wordOf(parent) + NODE_WORDS + this.#turns[depth]! * INNER_STEP;
    const first = wordOf(child) + NODE_WORDS;
    words[at] = from[first]!;
    words[at + AT] = from[first + AT]!;
  }

  // ---- Shrinking ----

  /** Lets the nodes above the leaf at hand know that it has one less; joins those that are nearly empty with others. */
  #shrink(table: number): void {
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      const parent = this.#path[depth]!;
      const child = this.#path[depth + 1]!;
      const turn = this.#turns[depth]!;
      if (this.#count(child) === 0) {
        this.#removeFrom(parent, turn, INNER_STEP);
        this.#nodes.free(child);
        continue;
      }
      this.#slab(parent).words[wordOf(parent) + NODE_WORDS + turn * INNER_STEP + BELOW]!--;
      this.#refreshFirst(depth);
      const max = this.#level(child) === 0 ? LEAF_MAX : INNER_MAX;
      if (this.#count(child) >= max * SPARSE_SHARE) continue;
      if (!this.#join(parent, turn, max) && turn > 0) this.#join(parent, turn - 1, max);
    }
    let root = this.#path[0]!;
    while (this.#level(root) > 0 && this.#count(root) === 1) {
      const only = this.#slab(root).words[wordOf(root) + NODE_WORDS + CHILD]!;
      this.#nodes.free(root);
      root = only;
    }
    if (this.#count(root) > 0) {
      this.#roots[table] = root;
      return;
    }
    this.#nodes.free(root);
    this.#roots[table] = NOWHERE;
  }

  /** Makes one child of two neighbours, if they leave some room. */
  #join(parent: Location, index: number, max: number): boolean {
    const { words } = this.#slab(parent);
    const base = wordOf(parent);
    if (index + 1 >= words[base + COUNT]!) return false;
    const at = base + NODE_WORDS + index * INNER_STEP;
    const left = words[at + CHILD]!;
    const right = words[at + INNER_STEP + CHILD]!;
    if (this.#count(left) + this.#count(right) > max * JOINED_SHARE) return false;
    this.#pour(right, 0, left);
    words[at + BELOW]! += words[at + INNER_STEP + BELOW]!;
    this.#removeFrom(parent, index + 1, INNER_STEP);
    this.#nodes.free(right);
    return true;
  }
}

function wordOf(location: Location): number {
  return (location & UNIT_MASK) << 1;
}
