/**
 * A sketch (hyperloglog.ts) being written: a copy of its bytes, with what has changed of them. What becomes of the opcodes of a sparse one, and when it becomes dense, is
 * as in Redis, step for step, so that equal elements in equal order make equal bytes.
 */
import type { ByteRange } from "./bytes.js";
import {
  CARDINALITY_AT,
  DENSE,
  DENSE_BYTES,
  ENCODING_AT,
  foldRegisters,
  HEADER_BYTES,
  IS_LONG_ZERO,
  IS_STALE,
  IS_VALUE,
  isDense,
  MAGIC,
  opcodeBytes,
  REGISTERS,
  runLength,
  runValue,
  SPARSE,
  SPARSE_BYTES_MAX,
} from "./hyperloglog.js";

const STALE_AT = CARDINALITY_AT + 7;
/** What an opcode can say. */
const SPARSE_VALUE_MAX = 32;
const VALUE_RUN_MAX = 4;
const SHORT_ZERO_RUN_MAX = 64;
/** A run of zeros becomes at most two of them, of two bytes each, and a value between. */
const SPLIT_BYTES_MAX = 5;
/** How many opcodes around a change are looked at for what can be one. */
const MERGED_OPCODES_MAX = 5;

/** What came of raising a register. */
export type Raised = "damaged" | "raised" | "same";

export class Sketch implements ByteRange {
  readonly bytes = Buffer.alloc(SPARSE_BYTES_MAX + SPLIT_BYTES_MAX);
  readonly start = 0;
  /** How long it is. */
  end = 0;
  /** Of the registers, these bytes have changed; none if the first is not before the second. */
  changedFrom = 0;
  changedTo = 0;
  readonly #split = Buffer.alloc(SPLIT_BYTES_MAX);
  readonly #registers = new Uint8Array(REGISTERS);

  /** Begins with a copy of a sketch. False if it is too long to be one. */
  load({ bytes, start, end }: ByteRange): boolean {
    if (end - start > SPARSE_BYTES_MAX) return false;
    this.bytes.set(bytes.subarray(start, end));
    this.end = end - start;
    this.#forgetChanges();
    return true;
  }

  /** Begins with a sparse one that has seen nothing. */
  clear(): void {
    this.bytes.fill(0, 0, HEADER_BYTES);
    this.bytes.set(MAGIC);
    this.bytes[ENCODING_AT] = SPARSE;
    this.end = HEADER_BYTES + writeZeros(this.bytes, HEADER_BYTES, REGISTERS);
    this.#forgetChanges();
  }

  get isStale(): boolean {
    return (this.bytes[STALE_AT]! & IS_STALE) !== 0;
  }

  /** Says that the cardinality is no longer that of the registers. */
  makeStale(): void {
    this.bytes[STALE_AT]! |= IS_STALE;
  }

  /** Raises a register to a value. A sparse sketch that would become longer than so many bytes becomes dense. */
  raise(register: number, value: number, sparseBytesMax: number): Raised {
    return isDense(this)
      ? this.#raiseDense(register, value)
      : this.#raiseSparse(register, value, sparseBytesMax);
  }

  /** Makes a sparse sketch dense. False if it is damaged: then it is as before. */
  densify(): boolean {
    if (isDense(this)) return true;
    const registers = this.#registers.fill(0);
    if (!foldRegisters(this, registers)) return false;
    const { bytes } = this;
    bytes[ENCODING_AT] = DENSE;
    for (let i = 0, at = HEADER_BYTES; i < REGISTERS; i += 4, at += 3) {
      const [a, b, c, d] = [registers[i]!, registers[i + 1]!, registers[i + 2]!, registers[i + 3]!];
      const four = a | (b << 6) | (c << 12) | (d << 18);
      bytes[at] = four;
      bytes[at + 1] = four >>> 8;
      bytes[at + 2] = four >>> 16;
    }
    this.end = DENSE_BYTES;
    this.#changed(HEADER_BYTES, DENSE_BYTES);
    return true;
  }

  #raiseDense(register: number, value: number): Raised {
    const { bytes } = this;
    const at = HEADER_BYTES + ((register * 6) >>> 3);
    const shift = (register * 6) & 7;
    const isInOne = shift <= 2;
    const word = bytes[at]! | (isInOne ? 0 : bytes[at + 1]! << 8);
    if (((word >>> shift) & 63) >= value) return "same";
    const raised = (word & ~(63 << shift)) | (value << shift);
    bytes[at] = raised;
    if (!isInOne) bytes[at + 1] = raised >>> 8;
    this.#changed(at, isInOne ? at + 1 : at + 2);
    return "raised";
  }

  #raiseSparse(register: number, value: number, sparseBytesMax: number): Raised {
    if (value > SPARSE_VALUE_MAX) return this.#promote(register, value);
    const { bytes, end } = this;
    let before = HEADER_BYTES;
    let at = HEADER_BYTES;
    let first = 0;
    while (at < end && register >= first + runLength(bytes, at, end)) {
      first += runLength(bytes, at, end);
      before = at;
      at += opcodeBytes(bytes[at]!);
    }
    if (at >= end) return "damaged";
    const opcode = bytes[at]!;
    if (opcode & IS_VALUE && runValue(opcode) >= value) return "same";
    const length = this.#splitRun(at, { register: register - first, value });
    const growth = length - opcodeBytes(opcode);
    const isTooLong = this.end + growth > Math.min(sparseBytesMax, SPARSE_BYTES_MAX);
    if (growth > 0 && isTooLong) return this.#promote(register, value);
    this.#replace(at, opcodeBytes(opcode), length);
    this.#mergeFrom(before);
    return "raised";
  }

  #promote(register: number, value: number): Raised {
    return this.densify() ? this.#raiseDense(register, value) : "damaged";
  }

  /** Writes aside what an opcode becomes when one register of its run, counted from its first, gets a value. Answers how long that is. */
  #splitRun(at: number, { register, value }: { register: number; value: number }): number {
    const opcode = this.bytes[at]!;
    const run = runLength(this.bytes, at, this.end);
    const split = this.#split;
    const writeRest = (to: number, length: number): number => {
      if (length === 0) return 0;
      if ((opcode & IS_VALUE) === 0) return writeZeros(split, to, length);
      split[to] = valueOpcode(runValue(opcode), length);
      return 1;
    };
    let length = writeRest(0, register);
    split[length++] = valueOpcode(value, 1);
    length += writeRest(length, run - 1 - register);
    return length;
  }

  /** Puts what was written aside in the place of an opcode. */
  #replace(at: number, oldLength: number, newLength: number): void {
    const { bytes, end } = this;
    // An opcode that was cut off has no second byte.
    const behind = Math.min(at + oldLength, end);
    if (behind < end) bytes.copyWithin(at + newLength, behind, end);
    this.#split.copy(bytes, at, 0, newLength);
    this.end = end + newLength - oldLength;
    this.#changed(at, newLength === oldLength ? at + newLength : Math.max(end, this.end));
  }

  /** Makes one opcode of neighbouring ones for the same value, as far as one can say it. */
  #mergeFrom(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let looked = 0; looked < MERGED_OPCODES_MAX && at < this.end; looked++) {
      const opcode = bytes[at]!;
      const next = bytes[at + 1]!;
      const areValues = opcode & IS_VALUE && at + 1 < this.end && next & IS_VALUE;
      const length = (opcode & 3) + (next & 3) + 2;
      if (areValues && runValue(opcode) === runValue(next) && length <= VALUE_RUN_MAX) {
        bytes[at] = valueOpcode(runValue(opcode), length);
        bytes.copyWithin(at + 1, at + 2, this.end);
        this.#changed(at, this.end);
        this.end--;
      } else {
        at += opcodeBytes(opcode);
      }
    }
  }

  #forgetChanges(): void {
    this.changedFrom = SPARSE_BYTES_MAX;
    this.changedTo = 0;
  }

  #changed(from: number, to: number): void {
    this.changedFrom = Math.min(this.changedFrom, from);
    this.changedTo = Math.max(this.changedTo, to);
  }
}

function valueOpcode(value: number, length: number): number {
  return IS_VALUE | ((value - 1) << 2) | (length - 1);
}

/** Writes an opcode for so many zeros, and answers its length. */
function writeZeros(bytes: Buffer, at: number, length: number): 1 | 2 {
  if (length <= SHORT_ZERO_RUN_MAX) {
    bytes[at] = length - 1;
    return 1;
  }
  bytes[at] = IS_LONG_ZERO | ((length - 1) >>> 8);
  bytes[at + 1] = length - 1;
  return 2;
}
