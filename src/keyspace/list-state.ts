/**
 * Lists as states that merge: what happens to ours when somebody's arrives. A state is packed entries (delta/packed-entries.ts), of all
 * elements or some, whose fields are positions; in whatever order they come, each finds its place.
 */
import { type ByteRange, compareBytes } from "../base/bytes.js";
import { Position } from "../delta/list-position.js";
import { EntryCursor } from "../delta/packed-entries.js";
import { compareVersions, type Version } from "../delta/version.js";
import { vanish } from "./collection.js";
import { hasNoLive } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import { Content, ElementCursor } from "./list-block.js";
import { ListEditor } from "./list-editor.js";
import type { ListLimits } from "./packing-limits.js";
import { TYPE_LIST } from "./record.js";
import type { ByteView } from "./records.js";

/** Gives the open key a list of this life and these elements, without a deadline: `fillEntries` of a list. */
export function fillElements(keyspace: Keyspace, limits: ListLimits, life: Version, entries: ByteView): void {
  keyspace.placeRaw(TYPE_LIST, 0, 0, 0);
  keyspace.records.setLife(keyspace.at, life.clock, life.origin);
  elements.join(keyspace, limits, entries);
}

/** Joins elements of the same life into the open list: `mergeEntries` of a list. */
export function mergeElements(keyspace: Keyspace, limits: ListLimits, entries: ByteView): boolean {
  elements.join(keyspace, limits, entries);
  if (hasNoLive(keyspace.database, keyspace.at)) vanish(keyspace, elements.newestMark);
  return elements.isNews;
}

class ElementJoin {
  isNews = false;
  /** The highest clock of a removal that left no mark. */
  newestMark = 0;
  /** The highest clock of what was written. */
  #newest = 0;
  /** The block in which the cursor stands at an element that was met; -1 if it stands nowhere. */
  #block = -1;
  #keyspace!: Keyspace;
  readonly #editor = new ListEditor();
  readonly #entries = new EntryCursor();
  readonly #cursor = new ElementCursor();
  readonly #position = new Position();
  readonly #content = new Content();
  readonly #version = { clock: 0, origin: 0 };
  readonly #ours: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

  /** Joins entries into the open list. */
  join(keyspace: Keyspace, limits: ListLimits, { bytes, start, end }: ByteView): void {
    this.#keyspace = keyspace;
    this.#editor.open(keyspace, limits);
    this.isNews = false;
    this.newestMark = 0;
    this.#newest = 0;
    this.#block = -1;
    const entries = this.#entries;
    entries.open(bytes, start, end);
    while (entries.next()) {
      this.#position.read(bytes, entries.fieldStart, entries.fieldEnd);
      this.#version.clock = entries.clock();
      this.#version.origin = entries.origin();
      const value = entries.isRemoved ? null : { bytes, start: entries.valueStart, end: entries.valueEnd };
      this.#joinElement(value);
    }
    // Not before: a list may have become a row of blocks with its last element.
    this.#editor.noteVersion(this.#newest);
    this.#content.release();
    this.#editor.release();
  }

  #joinElement(value: ByteRange | null): void {
    const editor = this.#editor;
    const position = this.#position;
    // What many elements are told of mostly lies side by side.
    const before = this.#block;
    this.#block = -1;
    if (before >= 0 && this.#cursor.position.compare(position) < 0 && this.#joinFromHere(before, value))
      return;
    const last = editor.last();
    if (last === undefined || last.compare(position) < 0) {
      if (this.#isKept(value)) editor.append(position, this.#content, value !== null);
      return;
    }
    if (editor.first()!.compare(position) > 0) {
      if (this.#isKept(value)) editor.prepend(position, this.#content, value !== null);
      return;
    }
    const cursor = this.#cursor;
    const i = editor.blockOf(position);
    editor.openBlock(i, cursor);
    if (!this.#joinFromHere(i, value) && this.#isKept(value)) this.#insert(i, value !== null);
  }

  /** Joins an element that comes behind where the cursor stands in block `i`; false if all that follows there is before it. */
  #joinFromHere(i: number, value: ByteRange | null): boolean {
    const cursor = this.#cursor;
    while (cursor.next()) {
      const order = cursor.position.compare(this.#position);
      if (order < 0) continue;
      if (order === 0) this.#meet(i, value);
      else if (this.#isKept(value)) this.#insert(i, value !== null);
      return true;
    }
    return false;
  }

  /** Whether an element that we have not is to be: then it is the content, and news. */
  #isKept(value: ByteRange | null): boolean {
    const { keepTombstones, database, slot } = this.#keyspace;
    if (value === null && !keepTombstones) return false;
    if (value === null) database.noteMark(slot);
    this.#compose(value);
    return true;
  }

  #compose(value: ByteRange | null): void {
    this.#content.set(value, this.#position, this.#version);
    this.#newest = Math.max(this.#newest, this.#version.clock);
    this.isNews = true;
  }

  #insert(i: number, isLive: boolean): void {
    const position = this.#position;
    const content = this.#content;
    let isDone = false;
    this.#editor.rewrite(i, (cursor, output) => {
      if (!isDone && (cursor === null || cursor.position.compare(position) > 0)) {
        output.put(position, content, isLive);
        isDone = true;
      }
      if (cursor !== null) output.keep(cursor);
    });
  }

  /** The element at hand, of block `i`, is the same one: merging makes of both what `laterElement` says (delta/merge.ts). */
  #meet(i: number, theirs: ByteRange | null): void {
    const cursor = this.#cursor;
    const version = this.#version;
    const order = compareVersions(version, cursor);
    this.#block = i;
    const isMark = theirs === null || cursor.isMark;
    if (isMark ? cursor.isMark && order <= 0 : !this.#isLater(order, theirs)) return;
    if (order < 0) {
      version.clock = cursor.clock;
      version.origin = cursor.origin;
    }
    const value = isMark ? null : theirs;
    const { keepTombstones, database, slot } = this.#keyspace;
    if (isMark && keepTombstones) database.noteMark(slot);
    const wasLive = !cursor.isMark;
    const isRemoved = isMark && !keepTombstones;
    this.#compose(value);
    if (isRemoved) this.newestMark = Math.max(this.newestMark, version.clock);
    if (!isRemoved && this.#editor.replace(i, cursor, this.#content)) {
      if (wasLive && isMark) this.#editor.count(i, -1);
      return;
    }
    this.#block = -1;
    const position = this.#position;
    const content = this.#content;
    this.#editor.rewrite(i, (each, output) => {
      if (each === null) return;
      if (each.position.compare(position) !== 0) output.keep(each);
      else if (!isRemoved) output.put(position, content, !isMark);
    });
  }

  /** Whether merging prefers their value, `order` being that of the versions: of equal ones the larger value. */
  #isLater(order: number, value: ByteRange): boolean {
    if (order !== 0) return order > 0;
    const ours = this.#ours;
    this.#cursor.value(ours);
    return (
      compareBytes(value.bytes.subarray(value.start, value.end), ours.bytes.subarray(ours.start, ours.end)) >
      0
    );
  }
}

/** One serves all keyspaces: nothing of it outlives a call. */
const elements = new ElementJoin();
