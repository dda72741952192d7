/**
 * A run of elements of a list, as they lie in memory: all of a small list in its record, or one of the blocks of a large one
 * (list-blocks.ts).
 *
 *     block    := element*                       in the order of their positions
 *     element  := head:u8 [place] content        head: how its position follows from that of the element before, * 64, plus what it is
 *     place    := of 0: none, the rank is one higher; of 1: none, the clock is one later; of 2: later:varint, so much later; of 3:
 *                 steps:varint position, as the first element of a block has it (delta/list-position.ts). Of 1 and 2 the rank is 0
 *     content  := of 0 to 47: so many bytes; of 48: length:varint byte*; of 49 to 53: the integer of 8, 16, 24, 32 or 48 bits of which these are the
 *                 decimal digits; of 54: age:varint, the mark of an element removed; of 55: age:varint code:u8 content, changed since it came; of 58 and
 *                 59: the same two by another node than the one that made the element: age:varint origin:u16 ...
 *     age      := clock of the version - clock of the position, without its sign, which else is the version
 *
 * An element that was pushed by itself takes one byte besides its own, an integer up to a million three in all beside that.
 */
import { assert } from "../base/assert.js";
import { type ByteRange, copyBytes, copyRange } from "../base/bytes.js";
import { parseInt64 } from "../base/int64.js";
import { readVarint, skipVarint, writeVarint } from "../base/varint.js";
import { Position, STEP_BYTES } from "../delta/list-position.js";
import type { Version } from "../delta/version.js";
import { writeDecimal } from "../protocol/decimal-digits.js";
import { grown, kept, newBuffer } from "./element-buffer.js";

const SHORT_MAX = 47;
const LONG = 48;
const INT_8 = 49;
const INT_16 = 50;
const INT_24 = 51;
const INT_32 = 52;
const INT_48 = 53;
const MARK = 54;
const CHANGED = 55;
/** Added to the last two. */
const FOREIGN = 4;

const NEXT_RANK = 0;
const NEXT_CLOCK = 1;
const LATER = 2;
const PLACED = 3;

const CODE_BITS = 6;
const CODE_MASK = 63;
const TWO_16 = 2 ** 16;
/** From here on the place in full is as short, or nearly; and from the head to the tail it is more than a safe integer. */
const LATER_MAX = 2 ** 42;
const TWO_32 = 2 ** 32;
/** An integer of more digits is kept as they are. */
const INTEGER_DIGITS_MAX = 15;
const INTEGER_BYTES_MAX = 17;
/** Head, length or age and origin and code: what content takes beside its own bytes. */
export const CONTENT_OVERHEAD_BYTES = 24;

const digits = Buffer.alloc(INTEGER_BYTES_MAX);

/** Walks the elements of a block. Its offsets are into the bytes it was opened on, and theirs until those change. */
export class ElementCursor {
  bytes: Buffer = digits;
  /** The element at hand: from its head on, from its content on, and behind it. */
  start = 0;
  contentStart = 0;
  end = 0;
  readonly position = new Position();
  /** The element was removed. */
  isMark = false;
  /** The value is an integer, else bytes. */
  isInteger = false;
  integer = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Version of the element. */
  clock = 0;
  origin = 0;
  /** The block. */
  blockStart = 0;
  blockEnd = 0;

  /** Stands before the first element of `bytes[start, end)`. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = this.end = this.blockStart = start;
    this.blockEnd = end;
  }

  /** Stands behind the element that another cursor is at. */
  follow({ bytes, position, start, end, blockStart, blockEnd }: ElementCursor): void {
    this.bytes = bytes;
    this.position.copyFrom(position);
    this.start = start;
    this.end = end;
    this.blockStart = blockStart;
    this.blockEnd = blockEnd;
  }

  get isLast(): boolean {
    return this.end === this.blockEnd;
  }

  next(): boolean {
    const at = this.end;
    if (at >= this.blockEnd) return false;
    const { bytes, position } = this;
    const head = bytes[at]!;
    let to = at + 1;
    switch (head >>> CODE_BITS) {
      case NEXT_RANK:
        position.rank++;
        break;
      case NEXT_CLOCK:
        position.clock++;
        position.rank = 0;
        break;
      case LATER:
        position.clock += readVarint(bytes, to);
        position.rank = 0;
        to = skipVarint(bytes, to);
        break;
      default: {
        const from = skipVarint(bytes, to);
        const length = STEP_BYTES * readVarint(bytes, to);
        to = from + length;
        position.read(bytes, from, to);
      }
    }
    this.start = at;
    this.contentStart = to;
    this.#readContent(head & CODE_MASK, to);
    return true;
  }

  /** Shows the content of the element that begins at `at`. Its position is not known then, nor a version that depends on it. */
  showAt(at: number): void {
    const { bytes } = this;
    const head = bytes[at]!;
    const kind = head >>> CODE_BITS;
    let to = at + 1;
    if (kind === LATER) to = skipVarint(bytes, to);
    else if (kind === PLACED) to = skipVarint(bytes, to) + STEP_BYTES * readVarint(bytes, to);
    this.start = at;
    this.contentStart = to;
    this.#readContent(head & CODE_MASK, to);
  }

  /** Shows the element that begins at `at` and has this position, of one step. */
  showPlaced(at: number, clock: number, origin: number, rank: number): void {
    this.position.setStep(clock, origin, rank);
    this.showAt(at);
  }

  /** Goes to the next element that was not removed. */
  nextLive(): boolean {
    while (this.next()) if (!this.isMark) return true;
    return false;
  }

  /** The bytes of the value: those of an integer are written into a buffer that all cursors share. */
  value(into: { bytes: Buffer; start: number; end: number }): void {
    if (this.isInteger) {
      into.bytes = digits;
      into.start = 0;
      into.end = writeDecimal(digits, 0, this.integer);
    } else {
      into.bytes = this.bytes;
      into.start = this.valueStart;
      into.end = this.valueEnd;
    }
  }

  #readContent(code: number, at: number): void {
    const { clock, origin } = this.position;
    this.clock = clock < 0 ? -clock : clock;
    this.origin = origin;
    this.isInteger = this.isMark = false;
    if (code <= SHORT_MAX) {
      this.valueStart = at;
      this.valueEnd = this.end = at + code;
    } else if (code < MARK) {
      this.#readValue(code, at);
    } else {
      this.#readVersion(code, at);
    }
  }

  #readVersion(code: number, at: number): void {
    const { bytes } = this;
    this.clock += readVarint(bytes, at);
    let to = skipVarint(bytes, at);
    const isForeign = code >= MARK + FOREIGN;
    if (isForeign) {
      this.origin = bytes[to]! | (bytes[to + 1]! << 8);
      to += 2;
    }
    this.isMark = code === MARK || code === MARK + FOREIGN;
    if (this.isMark) this.valueStart = this.valueEnd = this.end = to;
    else this.#readValue(bytes[to]!, to + 1);
  }

  #readValue(code: number, at: number): void {
    const { bytes } = this;
    if (code <= LONG) {
      this.valueStart = code === LONG ? skipVarint(bytes, at) : at;
      this.valueEnd = this.end = this.valueStart + (code === LONG ? readVarint(bytes, at) : code);
      return;
    }
    this.isInteger = true;
    const low = bytes[at]!;
    switch (code) {
      case INT_8:
        this.integer = (low << 24) >> 24;
        this.end = at + 1;
        break;
      case INT_16:
        this.integer = ((low | (bytes[at + 1]! << 8)) << 16) >> 16;
        this.end = at + 2;
        break;
      case INT_24:
        this.integer = ((low | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) << 8) >> 8;
        this.end = at + 3;
        break;
      case INT_32:
        this.integer = low | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        this.end = at + 4;
        break;
      default: {
        assert(code === INT_48, "an element of a list has a known form");
        const word = low | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        const high = ((bytes[at + 4]! | (bytes[at + 5]! << 8)) << 16) >> 16;
        this.integer = high * TWO_32 + (word >>> 0);
        this.end = at + 6;
      }
    }
  }
}

/** What an element is, in the bytes that a block has of it: its code, and what follows head and place. */
export class Content {
  code = 0;
  bytes: Buffer = newBuffer();
  length = 0;

  /** Of a value, at a position. Null is a mark. The version is that of the position, or a later one. */
  set(value: ByteRange | null, position: Position, { clock, origin }: Version): void {
    const born = Math.abs(position.clock);
    const isForeign = origin !== position.origin;
    this.length = 0;
    this.#ensure(CONTENT_OVERHEAD_BYTES + (value === null ? 0 : value.end - value.start));
    if (value !== null && clock === born && !isForeign) {
      this.code = this.#writeValue(value);
      return;
    }
    assert(clock >= born, "no element is older than its position");
    const { bytes } = this;
    let to = writeVarint(bytes, 0, clock - born);
    if (isForeign) {
      bytes[to++] = origin;
      bytes[to++] = origin >>> 8;
    }
    this.code = (value === null ? MARK : CHANGED) + (isForeign ? FOREIGN : 0);
    this.length = to;
    if (value === null) return;
    this.length++;
    bytes[to] = this.#writeValue(value);
  }

  /** That of the element that a cursor is at. */
  copyFrom({ bytes, start, contentStart, end }: ElementCursor): void {
    this.code = bytes[start]! & CODE_MASK;
    this.length = 0;
    this.#ensure(end - contentStart);
    copyBytes(bytes, contentStart, end, this.bytes, 0);
    this.length = end - contentStart;
  }

  /** Appends what a value takes; answers its code. */
  #writeValue(value: ByteRange): number {
    const { bytes, start, end } = value;
    const length = end - start;
    const integer = length > 1 && length <= INTEGER_DIGITS_MAX ? integerOf(bytes, start, end) : undefined;
    if (integer !== undefined) return this.#writeInteger(integer);
    if (length > SHORT_MAX) this.length = writeVarint(this.bytes, this.length, length);
    this.length = copyRange(value, this.bytes, this.length);
    return length > SHORT_MAX ? LONG : length;
  }

  #writeInteger(value: number): number {
    const { bytes, length: at } = this;
    bytes[at] = value;
    if (value >= -128 && value < 128) {
      this.length = at + 1;
      return INT_8;
    }
    bytes[at + 1] = value >> 8;
    if (value >= -TWO_16 / 2 && value < TWO_16 / 2) {
      this.length = at + 2;
      return INT_16;
    }
    bytes[at + 2] = value >> 16;
    if (value >= -(2 ** 23) && value < 2 ** 23) {
      this.length = at + 3;
      return INT_24;
    }
    bytes[at + 3] = value >> 24;
    if (value >= -TWO_32 / 2 && value < TWO_32 / 2) {
      this.length = at + 4;
      return INT_32;
    }
    if (value < -(2 ** 47) || value >= 2 ** 47) return this.#writeDigits(value);
    const high = Math.floor(value / TWO_32);
    const low = value - high * TWO_32;
    bytes[at] = low;
    bytes[at + 1] = low >>> 8;
    bytes[at + 2] = low >>> 16;
    bytes[at + 3] = low >>> 24;
    bytes[at + 4] = high;
    bytes[at + 5] = high >> 8;
    this.length = at + 6;
    return INT_48;
  }

  #writeDigits(value: number): number {
    const end = writeDecimal(this.bytes, this.length, value);
    const count = end - this.length;
    this.length = end;
    return count;
  }

  /** Gives a buffer back that a long element made grow. */
  release(): void {
    this.bytes = kept(this.bytes);
  }

  #ensure(count: number): void {
    if (count > this.bytes.length) this.bytes = grown(count);
  }
}

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The integer of which these are the decimal digits, as it would be written. */
function integerOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  const first = bytes[start]!;
  const last = bytes[end - 1]!;
  if (first !== MINUS && (first < ZERO || first > NINE)) return undefined;
  if (last < ZERO || last > NINE) return undefined;
  return parseInt64(bytes, start, end) as number | undefined;
}

/**
 * Writes head and place of an element whose content has this code; `before` is the position of the element before it in the block, null if it
 * is the first. Answers the offset behind.
 */
export function writeHead(
  bytes: Buffer,
  at: number,
  code: number,
  position: Position,
  before: Position | null,
): number {
  if (before !== null && before.origin === position.origin && before.isBeside(position)) {
    const later = position.clock - before.clock;
    if (later === 0 && position.rank === before.rank + 1) {
      bytes[at] = (NEXT_RANK << CODE_BITS) | code;
      return at + 1;
    }
    if (later > 0 && later < LATER_MAX && position.rank === 0) {
      bytes[at] = ((later === 1 ? NEXT_CLOCK : LATER) << CODE_BITS) | code;
      return later === 1 ? at + 1 : writeVarint(bytes, at + 1, later);
    }
  }
  bytes[at] = (PLACED << CODE_BITS) | code;
  return position.write(bytes, writeVarint(bytes, at + 1, position.byteLength / STEP_BYTES));
}

/** The code of the content of the element that a cursor is at. */
export function codeAt({ bytes, start }: ElementCursor): number {
  return bytes[start]! & CODE_MASK;
}

/** Bytes that head and place take at most. */
export function headBytesMax(position: Position): number {
  return 1 + 8 + position.byteLength;
}
