/**
 * Where an element stands in its list: a name that no other element ever has, and whose order is that of the list. It is drawn when the
 * element comes and never changes, so elements that two sides of a partition pushed are in one order wherever they meet.
 *
 *     position := step+
 *     step     := clock:i56 origin:u16 rank:u8          big-endian, the clock plus 2^55: their order is that of bytes
 *
 * What is pushed at the tail gets the clock of its version, which is above every other that the list has heard of; at the head the same
 * clock below zero. `rank` tells apart what one version pushed. An element that is inserted has the steps of a neighbour before its own, and so lies
 * in the gap beside that one (Weiss, Urso, Molli, "Logoot", 2009; the clocks make its random digits unnecessary). Longer is behind shorter where
 * one begins the other.
 */
import { compareBytes } from "../base/bytes.js";

export const STEP_BYTES = 10;
/** Elements that may share a version: ranks are bytes. */
export const RANKS_PER_VERSION = 256;

const TWO_32 = 2 ** 32;
const HIGH_OFFSET = 2 ** 23;
const CLOCK_BYTES = 7;

export class Position {
  /** The steps before the last, which often are none. */
  prefix: Buffer = Buffer.alloc(0);
  prefixLength = 0;
  /** The last step. */
  clock = 0;
  origin = 0;
  rank = 0;

  get byteLength(): number {
    return this.prefixLength + STEP_BYTES;
  }

  /** The clock of the first step. */
  get firstClock(): number {
    return this.prefixLength === 0 ? this.clock : readStepClock(this.prefix, 0);
  }

  /** Becomes that of the tail, or the head (`sign` -1), for an element of this version. */
  setEnd(sign: 1 | -1, clock: number, origin: number, rank: number): void {
    this.setStep(sign * clock, origin, rank);
  }

  /** Becomes one of one step. */
  setStep(clock: number, origin: number, rank: number): void {
    this.prefixLength = 0;
    this.clock = clock;
    this.origin = origin;
    this.rank = rank;
  }

  copyFrom(other: Position): void {
    this.#setPrefix(other.prefix, 0, other.prefixLength);
    this.clock = other.clock;
    this.origin = other.origin;
    this.rank = other.rank;
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    const at = end - STEP_BYTES;
    this.#setPrefix(bytes, start, at);
    this.clock = readStepClock(bytes, at);
    this.origin = (bytes[at + CLOCK_BYTES]! << 8) | bytes[at + CLOCK_BYTES + 1]!;
    this.rank = bytes[at + CLOCK_BYTES + 2]!;
  }

  /** Writes `byteLength` bytes and answers the offset behind them. */
  write(bytes: Uint8Array, at: number): number {
    const { prefix, prefixLength, clock, origin } = this;
    for (let i = 0; i < prefixLength; i++) bytes[at + i] = prefix[i]!;
    const to = at + prefixLength;
    const high = Math.floor(clock / TWO_32);
    const low = clock - high * TWO_32;
    const top = high + HIGH_OFFSET;
    bytes[to] = top >>> 16;
    bytes[to + 1] = top >>> 8;
    bytes[to + 2] = top;
    bytes[to + 3] = low >>> 24;
    bytes[to + 4] = low >>> 16;
    bytes[to + 5] = low >>> 8;
    bytes[to + 6] = low;
    bytes[to + CLOCK_BYTES] = origin >>> 8;
    bytes[to + CLOCK_BYTES + 1] = origin;
    bytes[to + CLOCK_BYTES + 2] = this.rank;
    return to + STEP_BYTES;
  }

  /** Whether the steps before the last are the same. */
  isBeside(other: Position): boolean {
    const { prefixLength } = this;
    if (prefixLength !== other.prefixLength) return false;
    for (let i = 0; i < prefixLength; i++) if (this.prefix[i] !== other.prefix[i]) return false;
    return true;
  }

  compare(other: Position): number {
    if (this.prefixLength === 0 && other.prefixLength === 0) {
      return this.clock - other.clock || this.origin - other.origin || this.rank - other.rank;
    }
    return compareBytes(this.toBytes(), other.toBytes());
  }

  toBytes(): Buffer {
    const bytes = Buffer.allocUnsafe(this.byteLength);
    this.write(bytes, 0);
    return bytes;
  }

  /**
   * Becomes one between two neighbours for an element that alone has this version, which is above all that either has heard of: beside
   * the left or the right one where the gap is there, else one step deeper.
   */
  setBetween(left: Position, right: Position, clock: number, origin: number): void {
    const ours = left.toBytes();
    const theirs = right.toBytes();
    this.origin = origin;
    this.rank = 0;
    if (!startsWith(theirs, ours, left.prefixLength)) {
      this.#setPrefix(left.prefix, 0, left.prefixLength);
      this.clock = clock;
    } else if (startsWith(theirs, ours, ours.length)) {
      this.#setPrefix(ours, 0, ours.length);
      this.clock = -clock;
    } else if (!startsWith(ours, theirs, right.prefixLength)) {
      this.#setPrefix(right.prefix, 0, right.prefixLength);
      this.clock = -clock;
    } else {
      this.#setPrefix(ours, 0, ours.length);
      this.clock = clock;
    }
  }

  #setPrefix(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.prefixLength = length;
    if (length === 0) return;
    if (length > this.prefix.length) this.prefix = Buffer.allocUnsafe(2 * length);
    for (let i = 0; i < length; i++) this.prefix[i] = bytes[start + i]!;
  }
}

/** Whether bytes begin with the first `length` of others. */
function startsWith(bytes: Uint8Array, others: Uint8Array, length: number): boolean {
  if (bytes.length < length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== others[i]) return false;
  return true;
}

/** The clock of a step, with its sign. */
export function readStepClock(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!) - HIGH_OFFSET;
  const low =
    ((bytes[at + 3]! << 24) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!) >>> 0;
  return high * TWO_32 + low;
}

/** Whether bytes from outside are a position, of steps no newer than `clock`, of which none is 0. */
export function isPosition(bytes: Uint8Array, start: number, end: number, clock: number): boolean {
  const length = end - start;
  if (length === 0 || length % STEP_BYTES !== 0) return false;
  for (let at = start; at < end; at += STEP_BYTES) {
    const step = Math.abs(readStepClock(bytes, at));
    if (step === 0 || step > clock) return false;
  }
  return true;
}
