/**
 * The list of the open key as commands change it. All that one edit does has one version, unless it pushes more elements than a version has
 * ranks; it joins the life that the list has or is born into. A list that loses its last element is gone.
 *
 * Long because all edits share the version, the position and the journal of one change.
 */
import type { ByteRange } from "../base/bytes.js";
import { Position, RANKS_PER_VERSION } from "../delta/list-position.js";
import type { Entry } from "../delta/packed-entries.js";
import { ORIGIN_NONE } from "../delta/version.js";
import { NOWHERE } from "./arena.js";
import { BlockTrail } from "./block-trail.js";
import { revive, vanish } from "./collection.js";
import { hasNoLive, liveLength } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import { Content, ElementCursor } from "./list-block.js";
import { ListEditor } from "./list-editor.js";
import { ListReader } from "./list-reader.js";
import type { ListLimits } from "./packing-limits.js";
import { TYPE_LIST } from "./record.js";
import type { ByteView } from "./records.js";

const NO_BYTES = Buffer.alloc(0);
/** The clock of a list that vanishes without ever having had an element: above it any other may be born. */
const NO_CLOCK = -1;

/** So many elements are taken one by one from an end of a list; more block by block. */
const REMOVED_SINGLY_MAX = 16;

export type ListEnd = "left" | "right";

/** What becomes of an element that `sift` shows. */
export type Verdict = "keep" | "remove" | "stop";

/** One for each keyspace, so that no command has to make its tools. */
export class OpenList {
  /** The reader of what only looks at the open list. */
  readonly reader = new ListReader();
  readonly #keyspace: Keyspace;
  readonly #editor = new ListEditor();
  readonly #cursor = new ElementCursor();
  readonly #position = new Position();
  readonly #content = new Content();
  readonly #version = { clock: 0, origin: 0 };
  readonly #field: ByteView = { bytes: Buffer.alloc(64), start: 0, end: 0 };
  readonly #value: ByteView = { bytes: NO_BYTES, start: 0, end: 0 };
  readonly #setting: Entry = { field: this.#field, value: this.#value, version: this.#version };
  readonly #mark: Entry = { field: this.#field, value: null, version: this.#version };
  readonly #trail = new BlockTrail();
  /** Positions of what is removed from one block. */
  readonly #together: Position[] = [];
  /** That of the element shown. */
  #block = 0;
  #changes = 0;
  #told = 0;
  #hasRemoved = false;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  get length(): number {
    const { database, at } = this.#keyspace;
    return liveLength(database, at);
  }

  /** The reader, before the first element. */
  open(): ListReader {
    const { database, at } = this.#keyspace;
    this.reader.open(database, at);
    return this.reader;
  }

  // ---- Changing: `begin`, then what follows, then `finish` ----

  /** Begins a change by a new version of this node. Where there is no list one is made, to which the caller must push. */
  begin(limits: ListLimits): void {
    const keyspace = this.#keyspace;
    this.#changes = this.#told = 0;
    this.#hasRemoved = false;
    this.#version.clock = keyspace.clock.next();
    this.#version.origin = keyspace.origin;
    if (keyspace.at === NOWHERE && !revive(keyspace, TYPE_LIST, this.#version.clock)) {
      keyspace.placeBorn(TYPE_LIST, this.#version.clock, 0);
    }
    this.#editor.open(keyspace, limits);
  }

  /** Pushes element number `k` of `count`, one after the other to the same end; the ranks of those that share a version are in the order of the list. */
  push(end: ListEnd, value: ByteRange, k: number, count: number): void {
    const within = k % RANKS_PER_VERSION;
    if (k > 0 && within === 0) this.#nextVersion();
    const shared = Math.min(RANKS_PER_VERSION, count - (k - within));
    const { clock, origin } = this.#version;
    const position = this.#position;
    position.setEnd(end === "left" ? -1 : 1, clock, origin, end === "left" ? shared - 1 - within : within);
    this.#content.set(value, position, this.#version);
    if (end === "left") this.#editor.prepend(position, this.#content, true);
    else this.#editor.append(position, this.#content, true);
    this.#editor.noteVersion(clock);
    this.#changes++;
    this.#tell(value);
  }

  /** Shows the first or the last element, of which there is one. */
  show(end: ListEnd): ElementCursor {
    const editor = this.#editor;
    const { row } = editor;
    const cursor = this.#cursor;
    const i = row === null ? 0 : row.liveEnd(end === "right");
    this.#block = i;
    editor.openBlock(i, cursor);
    if (end === "left") editor.showFirstLive(i, cursor);
    else if (row === null || !this.#trail.show(row, i, cursor)) goToLastLive(cursor);
    return cursor;
  }

  /** Removes the element that `show` has just shown. */
  removeShown(): void {
    this.#remove(this.#block, this.#cursor);
  }

  /** Removes the element at hand, of block `i`. */
  #remove(i: number, cursor: ElementCursor): void {
    const { keepTombstones, database, slot } = this.#keyspace;
    const editor = this.#editor;
    if (keepTombstones) {
      database.noteMark(slot);
      this.#content.set(null, cursor.position, this.#version);
      if (editor.replace(i, cursor, this.#content)) editor.count(i, -1);
      else this.#rewriteAt(i, cursor.position, null, false);
      editor.noteVersion(this.#version.clock);
    } else {
      const start = cursor.start - editor.elements(i).start;
      if (start === 0 && i === 0) editor.dropFirst(cursor);
      else if (cursor.isLast && i === editor.blocks - 1) this.#dropLast(start);
      else this.#rewriteAt(i, cursor.position, null, true);
    }
    // Not before: there may have been no memory for it.
    this.#removed(cursor.position);
  }

  #dropLast(start: number): void {
    const { row } = this.#editor;
    this.#editor.dropLast(start, false);
    if (row !== null) this.#trail.dropped(row);
  }

  /** Counts the removal of an element, and tells of it. */
  #removed(position: Position): void {
    this.#changes++;
    this.#hasRemoved = true;
    this.#tellRemoved(position);
  }

  #tellRemoved(position: Position): void {
    const { journal } = this.#keyspace;
    if (journal === null) return;
    this.#takeField(position);
    this.#told++;
    journal.fieldChanged(this.#mark);
  }

  /** Removes so many elements, of which there are as many, from an end: blocks as wholes where nothing is to be left of them. */
  removeEnd(end: ListEnd, count: number): void {
    const left = this.#keyspace.keepTombstones ? count : this.#removeBlocks(end, count);
    if (left > REMOVED_SINGLY_MAX) {
      if (end === "left") this.sift(0, (_, index) => (index < left ? "remove" : "stop"));
      else this.sift(this.length - left, () => "remove");
      return;
    }
    for (let i = 0; i < left; i++) {
      this.show(end);
      this.removeShown();
    }
  }

  /** Removes blocks that have no more elements than are to be removed. Answers how many are left to be. */
  #removeBlocks(end: ListEnd, count: number): number {
    const editor = this.#editor;
    const cursor = this.#cursor;
    let left = count;
    for (const { row } = editor; row !== null && left > 0; ) {
      const i = end === "left" ? 0 : row.length - 1;
      const live = row.liveOf(i);
      if (live > left) break;
      if (this.#keyspace.journal !== null) {
        editor.openBlock(i, cursor);
        while (cursor.nextLive()) this.#tellRemoved(cursor.position);
      }
      editor.dropBlock(i);
      this.#changes += live;
      this.#hasRemoved = true;
      left -= live;
    }
    return left;
  }

  /** Sets the element of an index, which is within the list. */
  set(index: number, value: ByteRange): void {
    const { block, cursor } = this.#at(index);
    const position = this.#position;
    position.copyFrom(cursor.position);
    this.#content.set(value, position, this.#version);
    if (!this.#editor.replace(block, cursor, this.#content)) this.#rewriteAt(block, position, value, false);
    this.#editor.noteVersion(this.#version.clock);
    this.#changes++;
    this.#tell(value);
  }

  /** Inserts an element before the one of an index, or behind it. */
  insert(index: number, isBefore: boolean, value: ByteRange): void {
    const { block, cursor } = this.#at(index);
    const pivot = new Position();
    pivot.copyFrom(cursor.position);
    const { reader } = this;
    const neighbour = new Position();
    let hasNeighbour = false;
    if (!isBefore && reader.next()) {
      neighbour.copyFrom(cursor.position);
      hasNeighbour = true;
    } else if (isBefore) {
      hasNeighbour = this.#findBefore(block, pivot, neighbour);
    }
    const { clock, origin } = this.#version;
    const position = this.#position;
    if (hasNeighbour)
      position.setBetween(isBefore ? neighbour : pivot, isBefore ? pivot : neighbour, clock, origin);
    else position.setEnd(isBefore ? -1 : 1, clock, origin, 0);
    this.#content.set(value, position, this.#version);
    if (hasNeighbour) this.#insertAt(this.#editor.blockOf(position), position);
    else if (isBefore) this.#editor.prepend(position, this.#content, true);
    else this.#editor.append(position, this.#content, true);
    this.#editor.noteVersion(clock);
    this.#changes++;
    this.#tell(value);
  }

  /** The element before one of block `i`, be it a mark. */
  #findBefore(i: number, pivot: Position, into: Position): boolean {
    const cursor = this.#cursor;
    let isThere = false;
    for (let k = Math.max(0, i - 1); k <= i; k++) {
      this.#editor.openBlock(k, cursor);
      while (cursor.next() && cursor.position.compare(pivot) < 0) {
        into.copyFrom(cursor.position);
        isThere = true;
      }
    }
    return isThere;
  }

  #insertAt(i: number, position: Position): void {
    let isDone = false;
    this.#editor.rewrite(i, (cursor, output) => {
      if (!isDone && (cursor === null || cursor.position.compare(position) > 0)) {
        output.put(position, this.#content, true);
        isDone = true;
      }
      if (cursor !== null) output.keep(cursor);
    });
  }

  /** Writes a block anew in which one element is another, or is gone. The content is that of the element. */
  #rewriteAt(i: number, position: Position, value: ByteRange | null, isGone: boolean): void {
    const changed = this.#rewritten;
    changed.copyFrom(position);
    this.#editor.rewrite(i, (cursor, output) => {
      if (cursor === null) return;
      if (cursor.position.compare(changed) !== 0) output.keep(cursor);
      else if (!isGone) output.put(changed, this.#content, value !== null);
    });
    if (isGone) this.#editor.unite(Math.max(0, i - 1), Math.min(i + 1, this.#editor.blocks - 1));
  }

  readonly #rewritten = new Position();

  #at(index: number): { block: number; cursor: ElementCursor } {
    const reader = this.open();
    reader.goToIndex(index);
    return { block: reader.block, cursor: reader.cursor };
  }

  /**
   * Shows elements to `judge` with their index, from the one of index `from` on, and removes those that it says: block by block, each of which is
   * written once.
   */
  sift(from: number, judge: (cursor: ElementCursor, index: number) => Verdict): void {
    const editor = this.#editor;
    const { row } = editor;
    const areGone = !this.#keyspace.keepTombstones;
    let index = 0;
    let isOver = false;
    for (let i = 0; i < editor.blocks && !isOver; ) {
      const live = row === null ? Number.POSITIVE_INFINITY : row.liveOf(i);
      if (index + live > from) {
        const removed = this.#judge(i, index, (cursor, at) => {
          const verdict = isOver || at < from ? "keep" : judge(cursor, at);
          if (verdict === "stop") isOver = true;
          return verdict === "remove";
        });
        const { blocks } = editor;
        if (removed.size > 0) this.#removeAll(i, removed, areGone);
        // A block that became empty is gone, one that grew by its marks may be several.
        i += editor.blocks - blocks;
      }
      index += live;
      i++;
      if (row === null) break;
    }
    if (areGone) editor.unite();
  }

  /** The numbers, of all elements of a block, of those that are to be removed. */
  #judge(
    i: number,
    first: number,
    isRemoved: (cursor: ElementCursor, index: number) => boolean,
  ): Set<number> {
    const cursor = this.#cursor;
    const removed = new Set<number>();
    let index = first;
    this.#editor.openBlock(i, cursor);
    for (let ordinal = 0; cursor.next(); ordinal++) {
      if (!cursor.isMark && isRemoved(cursor, index++)) removed.add(ordinal);
    }
    return removed;
  }

  /** Removes elements of block `i`, numbered as they lie there. */
  #removeAll(i: number, ordinals: ReadonlySet<number>, areGone: boolean): void {
    const { database, slot } = this.#keyspace;
    const removed = this.#together;
    let count = 0;
    let ordinal = 0;
    if (!areGone) database.noteMark(slot);
    this.#editor.rewrite(i, (cursor, output) => {
      if (cursor === null) return;
      if (!ordinals.has(ordinal++)) {
        output.keep(cursor);
        return;
      }
      removed[count] ??= new Position();
      removed[count++]!.copyFrom(cursor.position);
      if (areGone) return;
      this.#content.set(null, cursor.position, this.#version);
      output.put(cursor.position, this.#content, false);
    });
    this.#editor.noteVersion(this.#version.clock);
    // Not before: there may have been no memory for it.
    for (let k = 0; k < count; k++) this.#removed(removed[k]!);
  }

  /** Removes elements, by the number of their block and their numbers in it. */
  removeMarked(ordinalsByBlock: ReadonlyMap<number, ReadonlySet<number>>): void {
    const { keepTombstones } = this.#keyspace;
    // From the last: what is before stays where it is.
    const blocks = [...ordinalsByBlock.keys()].sort((a, b) => b - a);
    for (const i of blocks) this.#removeAll(i, ordinalsByBlock.get(i)!, !keepTombstones);
    if (!keepTombstones) this.#editor.unite();
  }

  /**
   * Ends the change, also if memory ended in its middle: then what was done is told. If nothing was, nothing happened. `changes` is how many
   * Redis would count.
   */
  finish(changes = this.#changes): void {
    const keyspace = this.#keyspace;
    this.#content.release();
    this.#editor.release();
    if (this.#changes === 0) {
      // One that was made for an element that it did not get.
      if (hasNoLive(keyspace.database, keyspace.at)) vanish(keyspace, NO_CLOCK);
      return;
    }
    if (this.#told > 0) keyspace.journal?.fieldsChanged(true);
    if (this.#hasRemoved) this.#settle(keyspace);
    keyspace.changed(changes);
  }

  #settle(keyspace: Keyspace): void {
    const { database, slot } = keyspace;
    const { clock } = this.#version;
    // Where no mark tells of a removal, the slot's floor does (floorOfRemains in delta/remains.ts).
    if (!keyspace.keepTombstones) database.birthFloors.raise(slot, clock + 1, ORIGIN_NONE);
    if (hasNoLive(database, keyspace.at)) vanish(keyspace, clock);
  }

  #nextVersion(): void {
    if (this.#told > 0) this.#keyspace.journal?.fieldsChanged(true);
    this.#told = 0;
    this.#version.clock = this.#keyspace.clock.next();
  }

  #tell(value: ByteRange): void {
    const { journal } = this.#keyspace;
    if (journal === null) return;
    this.#takeField(this.#position);
    const view = this.#value;
    view.bytes = value.bytes as Buffer;
    view.start = value.start;
    view.end = value.end;
    this.#told++;
    journal.fieldChanged(this.#setting);
  }

  #takeField(position: Position): void {
    const field = this.#field;
    if (position.byteLength > field.bytes.length) field.bytes = Buffer.alloc(2 * position.byteLength);
    field.end = position.write(field.bytes, 0);
  }
}

/** Goes to the last element that is no mark, from before the first. */
function goToLastLive(cursor: ElementCursor): void {
  const { end: first } = cursor;
  const { bytes, blockEnd } = cursor;
  let last = -1;
  while (cursor.next()) if (!cursor.isMark) last = cursor.start;
  if (cursor.start === last) return;
  cursor.open(bytes, first, blockEnd);
  while (cursor.next() && cursor.start !== last) {}
}
