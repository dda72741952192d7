/**
 * Reads and writes the parts of a record, wherever they lie. Nothing here knows of databases, time or
 * versions' meaning; callers keep the index pointing at what is placed here.
 */
import { Arena, ArenaFull, type Location, NOWHERE, type Slab, UNIT_BITS, UNIT_MASK } from "./arena.js";
import {
  BODY_LENGTH,
  DEADLINE,
  HEADER_BYTES,
  KEY_LENGTH,
  LIFE_CLOCK,
  ORIGIN_SHIFT,
  OUTSIDE,
  OUTSIDE_BYTES,
  REGISTER_CLOCK,
  REGISTER_ORIGIN,
  REGISTER_SIZE_MASK,
  REGISTER_SIZE_SHIFT,
  type RecordType,
  registerBytes,
  STRUCTURE,
  TYPE_FLAGS_ORIGIN,
  typeOf,
} from "./record.js";

const CACHE_LINE_WORDS = 16;
/** A body gets no more room to grow than this, lest the largest ones reserve hundreds of megabytes for nothing. */
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;

/** A range of bytes that belongs to somebody else: valid until the next change of the keyspace. */
export interface ByteView {
  bytes: Buffer;
  start: number;
  end: number;
}

/** A body too large for the arena. */
interface OutsideBody {
  /** Its capacity may exceed the body. */
  buffer: Buffer;
  length: number;
  /** A reply may still be reading it, or another key have it too: it must not be changed in place any more. */
  lent: boolean;
}

export class Records {
  readonly arena = new Arena();
  /** Bytes of bodies outside the arena. */
  outsideBytes = 0;
  readonly #outside: (OutsideBody | undefined)[] = [];
  readonly #freeHandles: number[] = [];
  readonly #view: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

  slab(at: Location): Slab {
    return this.arena.slabs[at >>> UNIT_BITS]!;
  }

  /** Type, flags and origin. */
  word1(at: Location): number {
    return this.slab(at).words[((at & UNIT_MASK) << 1) + TYPE_FLAGS_ORIGIN]!;
  }

  type(at: Location): RecordType {
    return typeOf(this.word1(at));
  }

  setWord(at: Location, word: number, value: number): void {
    this.slab(at).words[((at & UNIT_MASK) << 1) + word] = value;
  }

  word(at: Location, word: number): number {
    return this.slab(at).words[((at & UNIT_MASK) << 1) + word]!;
  }

  lifeClock(at: Location): number {
    return this.slab(at).doubles[(at & UNIT_MASK) + LIFE_CLOCK]!;
  }

  lifeOrigin(at: Location): number {
    return this.word1(at) >>> ORIGIN_SHIFT;
  }

  /** Reads the first cache line of a record and the next, for what that does to the processor's cache. */
  warm(at: Location): number {
    const { words } = this.slab(at);
    const word = (at & UNIT_MASK) << 1;
    return words[word]! ^ words[word + CACHE_LINE_WORDS - 6]!;
  }

  setLife(at: Location, clock: number, origin: number): void {
    const slab = this.slab(at);
    const unit = at & UNIT_MASK;
    const word = (unit << 1) + TYPE_FLAGS_ORIGIN;
    slab.words[word] = (slab.words[word]! & 0xffff) | (origin << ORIGIN_SHIFT);
    slab.doubles[unit + LIFE_CLOCK] = clock;
  }

  /** Whether the record has an expiry register of its own: without one it never expires, as of its life. */
  hasRegister(at: Location): boolean {
    return (this.word1(at) & REGISTER_SIZE_MASK) !== 0;
  }

  /** When the record expires, in milliseconds since the epoch; 0 for never. */
  deadline(at: Location): number {
    const slab = this.slab(at);
    const unit = at & UNIT_MASK;
    if (registerBytes(slab.words[(unit << 1) + TYPE_FLAGS_ORIGIN]!) === 0) return 0;
    return slab.doubles[unit + DEADLINE]!;
  }

  registerClock(at: Location): number {
    return registerBytes(this.word1(at)) < 16
      ? this.lifeClock(at)
      : this.slab(at).doubles[(at & UNIT_MASK) + REGISTER_CLOCK]!;
  }

  registerOrigin(at: Location): number {
    return registerBytes(this.word1(at)) < 24 ? this.lifeOrigin(at) : this.word(at, REGISTER_ORIGIN);
  }

  keyLength(at: Location): number {
    return this.word(at, KEY_LENGTH);
  }

  /** The key's bytes. The view is reused by the next call of `key` or `body`. */
  key(at: Location): ByteView {
    const slab = this.slab(at);
    const unit = at & UNIT_MASK;
    const view = this.#view;
    view.bytes = slab.bytes;
    view.start = (unit << 3) + HEADER_BYTES + registerBytes(slab.words[(unit << 1) + TYPE_FLAGS_ORIGIN]!);
    view.end = view.start + slab.words[(unit << 1) + KEY_LENGTH]!;
    return view;
  }

  /** Bytes of the body (not of a structure). */
  bodyLength(at: Location): number {
    const length = this.word(at, BODY_LENGTH);
    return this.word1(at) & OUTSIDE ? this.#outside[length]!.length : length;
  }

  /** The body's bytes (not of a structure). The view is reused by the next call of `key` or `body`. */
  body(at: Location): ByteView {
    const slab = this.slab(at);
    const unit = at & UNIT_MASK;
    const word = unit << 1;
    const word1 = slab.words[word + TYPE_FLAGS_ORIGIN]!;
    const view = this.#view;
    if (word1 & OUTSIDE) {
      const outside = this.#outside[slab.words[word + BODY_LENGTH]!]!;
      view.bytes = outside.buffer;
      view.start = 0;
      view.end = outside.length;
    } else {
      view.bytes = slab.bytes;
      view.start = (unit << 3) + HEADER_BYTES + registerBytes(word1) + slab.words[word + KEY_LENGTH]!;
      view.end = view.start + slab.words[word + BODY_LENGTH]!;
    }
    return view;
  }

  isOutside(at: Location): boolean {
    return (this.word1(at) & OUTSIDE) !== 0;
  }

  /** The body as a buffer that a reply or another key may keep: shared if it is outside the arena, else undefined. */
  lend(at: Location): Buffer | undefined {
    if ((this.word1(at) & OUTSIDE) === 0) return undefined;
    const outside = this.#outside[this.word(at, BODY_LENGTH)]!;
    outside.lent = true;
    return outside.buffer.subarray(0, outside.length);
  }

  /** Bytes that a record takes, structures aside, as the arena rounds them. */
  sizeOf(at: Location): number {
    const outside = this.word1(at) & OUTSIDE ? this.#outside[this.word(at, BODY_LENGTH)]!.buffer.length : 0;
    return this.slab(at).cellBytes + outside;
  }

  /** Whether a cell of `bytes` bytes would be of the same class as the one at `at`. */
  fits(at: Location, bytes: number): boolean {
    const { cellBytes } = this.slab(at);
    // A smaller value stays in place only while it does not waste more than a step of its class.
    return bytes <= cellBytes && (bytes + 8 > cellBytes || bytes + (bytes >>> 3) >= cellBytes);
  }

  /** Makes the body of a record one that may be changed in place: if somebody else holds it too, it is copied. */
  makeOwn(at: Location): void {
    if ((this.word1(at) & OUTSIDE) === 0) return;
    const body = this.#outside[this.word(at, BODY_LENGTH)]!;
    if (body.lent) this.#replaceOutside(body, growingBuffer(body.length, body.buffer.length));
  }

  /**
   * Changes the size of a record's register and the length of its body, keeping what fits of it; further bytes are
   * undefined inside the arena, zero outside. The record may move: the caller lets the index point at the location
   * returned.
   */
  reshape(at: Location, registerSize: number, bodyLength = this.bodyLength(at)): Location {
    const slab = this.slab(at);
    const unit = at & UNIT_MASK;
    const word = unit << 1;
    const word1 = slab.words[word + TYPE_FLAGS_ORIGIN]!;
    const oldRegister = registerBytes(word1);
    const keyLength = slab.words[word + KEY_LENGTH]!;
    const isHandle = (word1 & (OUTSIDE | STRUCTURE)) !== 0;
    if (word1 & OUTSIDE) this.#resizeOutside(slab.words[word + BODY_LENGTH]!, bodyLength);
    const oldInside = isHandle ? 0 : slab.words[word + BODY_LENGTH]!;
    const moveOut = !isHandle && bodyLength > OUTSIDE_BYTES;
    const inside = isHandle || moveOut ? 0 : bodyLength;
    const bytes = HEADER_BYTES + registerSize + keyLength + inside;
    const from = (unit << 3) + HEADER_BYTES + oldRegister;
    let handle = slab.words[word + BODY_LENGTH]!;
    if (moveOut) {
      const buffer = growingBuffer(bodyLength);
      slab.bytes.copy(buffer, 0, from + keyLength, from + keyLength + oldInside);
      handle = this.#adopt(buffer, bodyLength);
    }
    const kept = keyLength + Math.min(oldInside, inside);
    let to = at;
    let target = slab;
    if (!this.fits(at, bytes)) {
      to = this.#allocateInstead(at, bytes);
      target = this.slab(to);
    }
    if (to !== at) {
      const toWord = (to & UNIT_MASK) << 1;
      for (let i = 0; i < HEADER_BYTES >>> 2; i++) target.words[toWord + i] = slab.words[word + i]!;
      for (let i = 0; i < Math.min(oldRegister, registerSize) >>> 3; i++) {
        target.doubles[(to & UNIT_MASK) + DEADLINE + i] = slab.doubles[unit + DEADLINE + i]!;
      }
    }
    const toStart = ((to & UNIT_MASK) << 3) + HEADER_BYTES + registerSize;
    if (to !== at || oldRegister !== registerSize) slab.bytes.copy(target.bytes, toStart, from, from + kept);
    const toWord = (to & UNIT_MASK) << 1;
    target.words[toWord + TYPE_FLAGS_ORIGIN] =
      (word1 & ~REGISTER_SIZE_MASK) | (registerSize << (REGISTER_SIZE_SHIFT - 3)) | (moveOut ? OUTSIDE : 0);
    target.words[toWord + BODY_LENGTH] = isHandle || moveOut ? handle : bodyLength;
    if (to !== at) this.arena.free(at);
    return to;
  }

  /** A cell of `bytes` bytes; without the memory for one that at `at`, if it is not too small. So nothing that gives memory back is refused. */
  #allocateInstead(at: Location, bytes: number): Location {
    try {
      return this.arena.allocate(bytes);
    } catch (error) {
      if (!(error instanceof ArenaFull) || bytes > this.slab(at).cellBytes) throw error;
      return at;
    }
  }

  allocate(bytes: number): Location {
    return this.arena.allocate(bytes);
  }

  /** Frees a record and its outside body. A structure is the caller's to free first. */
  free(at: Location): void {
    if (this.word1(at) & OUTSIDE) this.releaseOutside(this.word(at, BODY_LENGTH));
    this.arena.free(at);
  }

  /** Keeps a body outside; answers its handle. Its bytes are the caller's to fill. */
  createOutside(length: number): number {
    return this.#adopt(Buffer.allocUnsafeSlow(length), length);
  }

  /** Keeps a body outside whose bytes nobody else holds; answers its handle. */
  adopt(bytes: Buffer): number {
    return this.#adopt(bytes, bytes.length);
  }

  #adopt(buffer: Buffer, length: number): number {
    const handle = this.#freeHandles.pop() ?? this.#outside.length;
    this.#outside[handle] = { buffer, length, lent: false };
    this.outsideBytes += buffer.length;
    return handle;
  }

  /** Keeps a body outside that others hold as well; answers its handle. Each of them counts it as used. */
  borrow(bytes: Buffer): number {
    const handle = this.#adopt(bytes, bytes.length);
    this.#outside[handle]!.lent = true;
    return handle;
  }

  outsideBuffer(handle: number): Buffer {
    return this.#outside[handle]!.buffer;
  }

  #resizeOutside(handle: number, length: number): void {
    const body = this.#outside[handle]!;
    if (length === body.length) return;
    if (body.lent || length > body.buffer.length) {
      this.#replaceOutside(body, growingBuffer(length, body.buffer.length));
    } else if (length > body.length) {
      body.buffer.fill(0, body.length, length);
    }
    body.length = length;
  }

  #replaceOutside(body: OutsideBody, buffer: Buffer): void {
    body.buffer.copy(buffer, 0, 0, body.length);
    this.outsideBytes += buffer.length - body.buffer.length;
    body.buffer = buffer;
    body.lent = false;
  }

  releaseOutside(handle: number): void {
    this.outsideBytes -= this.#outside[handle]!.buffer.length;
    this.#outside[handle] = undefined;
    this.#freeHandles.push(handle);
  }
}

/**
 * Zeros for a body of `length` bytes with room for half as many more, so that a value built up by APPEND is not copied
 * each time. Memory fresh from the system is zero already and takes no room until it is written to: a bitmap of
 * 512 MB with one bit set is made at once.
 */
function growingBuffer(length: number, capacity = 0): Buffer {
  const room = length > capacity ? length + Math.min(length >>> 1, GROWTH_BYTES_MAX) : capacity;
  return Buffer.alloc(room);
}

export { NOWHERE, OUTSIDE_BYTES, STRUCTURE };
