/**
 * A block: a run of items that have ids, as they lie in memory: entries of a stream or messages pending in one of its groups (id-rows.ts).
 *
 *     block   := item*                            in the order of their ids
 *     item    := head:u8 [id] [version] length:varint content
 *     head    := bits 0, 1: the id: 0 the sequence number after that before; 1 later:varint milliseconds, sequence number 0; 2 later:varint and
 *                sequence:varint; 3 in full (delta/stream-id.ts), as the first of a block has it
 *                bits 2, 3: the version: 0 the clock after that before; 1 the same one; 2 later:varint; 3 clock:varint origin:u16
 *                bit 4: the item was removed, and is its mark; bit 5: the same fields as the first item; bit 6: there is no such item any more
 *     content := of an entry its fields and values in turn, each as length:varint byte*; only the values if the fields are those of the
 *                first item. Nothing of a mark
 *
 * An entry with the fields of the one before takes some five bytes besides its values.
 */
import { readVarint, skipVarint, writeVarint } from "../base/varint.js";
import { ID_BYTES, StreamId } from "../delta/stream-id.js";
import type { Version } from "../delta/version.js";

const NEXT_SEQ = 0;
const LATER_MS = 1;
const LATER = 2;
const IN_FULL = 3;
const ID_MASK = 3;

const VERSION_SHIFT = 2;
const NEXT_CLOCK = 0;
const SAME_VERSION = 1;
const LATER_CLOCK = 2;
const STATED = 3;

export const IS_MARK = 1 << 4;
const SAME_FIELDS = 1 << 5;
export const IS_GONE = 1 << 6;

const TWO_32 = 2 ** 32;
/** Head, id, version and length of an item, at most. */
export const ITEM_OVERHEAD_BYTES = 1 + ID_BYTES + 10 + 8 + 2;

const NO_BYTES = Buffer.alloc(0);

/** Walks the items of a block; its offsets are into the bytes it was opened on, and theirs until those change. */
export class ItemCursor implements Version {
  bytes: Buffer = NO_BYTES;
  /** The item at hand. */
  readonly id = new StreamId();
  start = 0;
  end = 0;
  contentStart = 0;
  isMark = false;
  isGone = false;
  /** Its fields are those of the first item. */
  hasMasterFields = false;
  /** Its version. */
  clock = 0;
  origin = 0;
  blockStart = 0;
  blockEnd = 0;
  /** The content of the first item. */
  masterStart = 0;
  masterEnd = 0;

  /** Stands before the first item of `bytes[start, end)`. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = this.end = this.blockStart = start;
    this.blockEnd = end;
  }

  /** Stands behind an item of the block that it has passed before, of this id and version, which ends at `end`. */
  resume(id: StreamId, clock: number, origin: number, end: number): void {
    this.id.copyFrom(id);
    this.clock = clock;
    this.origin = origin;
    this.start = this.end = end;
  }

  /** Goes to the next item, be it gone. */
  step(): boolean {
    const at = this.end;
    if (at >= this.blockEnd) return false;
    const { bytes, id } = this;
    const head = bytes[at]!;
    let to = at + 1;
    switch (head & ID_MASK) {
      case NEXT_SEQ:
        id.incrementSeq();
        break;
      case LATER_MS:
        addMs(id, readVarint(bytes, to));
        id.seqHigh = id.seqLow = 0;
        to = skipVarint(bytes, to);
        break;
      case LATER: {
        addMs(id, readVarint(bytes, to));
        to = skipVarint(bytes, to);
        const seq = readVarint(bytes, to);
        id.seqHigh = Math.floor(seq / TWO_32);
        id.seqLow = seq % TWO_32;
        to = skipVarint(bytes, to);
        break;
      }
      default:
        id.read(bytes, to);
        to += ID_BYTES;
    }
    switch ((head >>> VERSION_SHIFT) & 3) {
      case NEXT_CLOCK:
        this.clock++;
        break;
      case SAME_VERSION:
        break;
      case LATER_CLOCK:
        this.clock += readVarint(bytes, to);
        to = skipVarint(bytes, to);
        break;
      default:
        this.clock = readVarint(bytes, to);
        to = skipVarint(bytes, to);
        this.origin = bytes[to]! | (bytes[to + 1]! << 8);
        to += 2;
    }
    const length = readVarint(bytes, to);
    this.start = at;
    this.contentStart = skipVarint(bytes, to);
    this.end = this.contentStart + length;
    this.isMark = (head & IS_MARK) !== 0;
    this.isGone = (head & IS_GONE) !== 0;
    this.hasMasterFields = (head & SAME_FIELDS) !== 0;
    if (at === this.blockStart) {
      this.masterStart = this.contentStart;
      this.masterEnd = this.end;
    }
    return true;
  }

  /** Goes to the next item that is there, be it a mark. */
  next(): boolean {
    while (this.step()) if (!this.isGone) return true;
    return false;
  }

  nextLive(): boolean {
    while (this.step()) if (!this.isGone && !this.isMark) return true;
    return false;
  }
}

function addMs(id: StreamId, later: number): void {
  const low = id.msLow + (later % TWO_32);
  const carry = low >= TWO_32 ? 1 : 0;
  id.msLow = low - carry * TWO_32;
  id.msHigh += Math.floor(later / TWO_32) + carry;
}

/** Fields and values of an entry, one after the other. One serves any number of entries. */
export class PairCursor {
  bytes: Buffer = NO_BYTES;
  fieldStart = 0;
  fieldEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  #at = 0;
  #end = 0;
  #fieldAt = 0;
  #hasMasterFields = false;
  #masterAt = 0;

  open(item: ItemCursor): void {
    this.bytes = item.bytes;
    this.#at = item.contentStart;
    this.#end = item.end;
    this.#hasMasterFields = item.hasMasterFields;
    this.#masterAt = item.masterStart;
  }

  /** How many pairs there are, from the first. */
  count(): number {
    const at = this.#at;
    let parts = 0;
    for (let from = at; from < this.#end; parts++) from = this.#part(from);
    return this.#hasMasterFields ? parts : parts >>> 1;
  }

  next(): boolean {
    if (this.#at >= this.#end) return false;
    if (this.#hasMasterFields) {
      const after = this.#part(this.#masterAt);
      this.fieldStart = this.#fieldAt;
      this.fieldEnd = after;
      this.#masterAt = this.#part(after);
    } else {
      this.fieldEnd = this.#part(this.#at);
      this.fieldStart = this.#fieldAt;
      this.#at = this.fieldEnd;
    }
    this.#at = this.valueEnd = this.#part(this.#at);
    this.valueStart = this.#fieldAt;
    return true;
  }

  /** Behind the part at an offset, whose bytes begin at `#fieldAt`. */
  #part(at: number): number {
    const length = readVarint(this.bytes, at);
    this.#fieldAt = skipVarint(this.bytes, at);
    return this.#fieldAt + length;
  }
}

/** What an item is written from: its id is beside it. */
export interface NewItem extends Version {
  readonly isMark: boolean;
  /** Of an entry fields and values in turn, whatever the block's first item has. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What an item follows: the last one of its block. */
export interface Precedent extends Version {
  readonly id: StreamId;
}

/** The first item of a block, as far as those behind it share its fields. */
export interface Master {
  readonly bytes: Buffer;
  readonly masterStart: number;
  readonly masterEnd: number;
}

/**
 * Writes an item behind `before`, or as the first of a block if that is null, and answers the offset behind it. There must be room for
 * `ITEM_OVERHEAD_BYTES` and the content.
 */
export function writeItem(
  bytes: Buffer,
  at: number,
  id: StreamId,
  item: NewItem,
  before: Precedent | null,
  master: Master | null,
): number {
  let head = item.isMark ? IS_MARK : 0;
  let to = at + 1;
  if (before === null) {
    head |= IN_FULL | (STATED << VERSION_SHIFT);
    to = id.write(bytes, to);
    to = writeStated(bytes, to, item);
  } else {
    const kind = idKind(id, before.id);
    head |= kind;
    if (kind === IN_FULL) to = id.write(bytes, to);
    else if (kind !== NEXT_SEQ) {
      to = writeVarint(bytes, to, id.ms - before.id.ms);
      if (kind === LATER) to = writeVarint(bytes, to, id.seq);
    }
    const later = item.clock - before.clock;
    if (item.origin !== before.origin || later < 0) {
      head |= STATED << VERSION_SHIFT;
      to = writeStated(bytes, to, item);
    } else if (later === 0) {
      head |= SAME_VERSION << VERSION_SHIFT;
    } else if (later > 1) {
      head |= LATER_CLOCK << VERSION_SHIFT;
      to = writeVarint(bytes, to, later);
    }
  }
  const { start, end } = item;
  if (master !== null && !item.isMark) {
    const length = valuesLength(item, master);
    if (length >= 0) {
      bytes[at] = head | SAME_FIELDS;
      to = writeVarint(bytes, to, length);
      return writeValues(bytes, to, item);
    }
  }
  bytes[at] = head;
  to = writeVarint(bytes, to, end - start);
  return copyInto(bytes, to, item.bytes, start, end);
}

function idKind(id: StreamId, before: StreamId): number {
  if (!id.isSafe || !before.isSafe) return IN_FULL;
  if (id.hasMsOf(before)) return id.seq === before.seq + 1 ? NEXT_SEQ : LATER;
  return id.seqLow === 0 && id.seqHigh === 0 ? LATER_MS : LATER;
}

function writeStated(bytes: Buffer, at: number, { clock, origin }: Version): number {
  const to = writeVarint(bytes, at, clock);
  bytes[to] = origin;
  bytes[to + 1] = origin >>> 8;
  return to + 2;
}

/** Bytes of the values of an entry alone, or -1 if its fields are not those of the first item. */
function valuesLength({ bytes, start, end }: NewItem, master: Master): number {
  const { bytes: theirs, masterStart, masterEnd } = master;
  if (masterStart === masterEnd) return -1;
  let length = 0;
  let from = masterStart;
  for (let at = start; at < end; ) {
    if (from >= masterEnd) return -1;
    const size = readVarint(bytes, at);
    if (readVarint(theirs, from) !== size) return -1;
    at = skipVarint(bytes, at);
    from = skipVarint(theirs, from);
    for (let i = 0; i < size; i++) if (bytes[at + i] !== theirs[from + i]) return -1;
    at += size;
    from += size;
    const valueAt = at;
    at = skipVarint(bytes, at) + readVarint(bytes, at);
    from = skipVarint(theirs, from) + readVarint(theirs, from);
    length += at - valueAt;
  }
  return from === masterEnd ? length : -1;
}

function writeValues(bytes: Buffer, at: number, { bytes: source, start, end }: NewItem): number {
  let to = at;
  for (let from = start; from < end; ) {
    from = skipVarint(source, from) + readVarint(source, from);
    const valueAt = from;
    from = skipVarint(source, from) + readVarint(source, from);
    to = copyInto(bytes, to, source, valueAt, from);
  }
  return to;
}

function copyInto(bytes: Buffer, at: number, source: Buffer, start: number, end: number): number {
  if (end - start > 40) source.copy(bytes, at, start, end);
  else for (let from = start, to = at; from < end; from++, to++) bytes[to] = source[from]!;
  return at + end - start;
}

/** The content of an entry with its fields, as it travels, in a buffer that the next call uses again. */
export class WholeContent {
  bytes: Buffer = Buffer.alloc(256);
  start = 0;
  end = 0;
  readonly #pairs = new PairCursor();

  /** Takes that of the item at hand. */
  take(item: ItemCursor): void {
    if (!item.hasMasterFields) {
      this.bytes = item.bytes;
      this.start = item.contentStart;
      this.end = item.end;
      return;
    }
    this.bytes = this.#own(item.end - item.contentStart + item.masterEnd - item.masterStart);
    this.start = 0;
    let to = 0;
    const pairs = this.#pairs;
    pairs.open(item);
    while (pairs.next()) {
      to = this.#part(to, pairs.fieldStart, pairs.fieldEnd);
      to = this.#part(to, pairs.valueStart, pairs.valueEnd);
    }
    this.end = to;
  }

  #scratch: Buffer = this.bytes;

  #own(length: number): Buffer {
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(2 * length);
    return this.#scratch;
  }

  #part(at: number, start: number, end: number): number {
    const to = writeVarint(this.bytes, at, end - start);
    return copyInto(this.bytes, to, this.#pairs.bytes, start, end);
  }
}
