/**
 * HyperLogLog as Redis keeps it in a string (hyperloglog.c), so that either reads what the other wrote:
 *
 *     sketch   = "HYLL" encoding:1 zeros:3 cardinality:8 registers
 *     encoding = 0 dense | 1 sparse
 *     dense    = 16384 registers of 6 bits, the first in the lowest bits of the first byte: 12288 bytes
 *     sparse   = opcodes for one register after the other:
 *         00nnnnnn            n + 1 registers are 0
 *         01nnnnnn nnnnnnnn   n + 1 registers are 0
 *         1vvvvvnn            n + 1 registers are v + 1
 *
 * The cardinality is that of the last count, in little-endian order; its highest bit says that registers have changed since. An element goes by its hash to
 * the register of the lowest 14 bits, which keeps the greatest position of a lowest one among the others. Here sketches are read; hyperloglog-sketch.ts writes them.
 */
import type { ByteRange } from "./bytes.js";
import { INT64_MIN, type Int64, readInt64 } from "./int64.js";
import { Murmur64 } from "./murmur64.js";

export const REGISTERS = 2 ** 14;
const INDEX_BITS = 14;
/** Bits of a hash that are looked at for the lowest one that is set; if none is, the value is one more. */
const HASH_BITS = 50;
export const HEADER_BYTES = 16;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;
/** Each opcode is for a register at least: what is longer is no sketch. */
export const SPARSE_BYTES_MAX = HEADER_BYTES + 2 * REGISTERS;

export const MAGIC = Buffer.from("HYLL", "latin1");
export const ENCODING_AT = 4;
export const DENSE = 0;
export const SPARSE = 1;
export const CARDINALITY_AT = 8;
/** In the highest byte of the cardinality. */
export const IS_STALE = 0x80;

export const IS_VALUE = 0x80;
export const IS_LONG_ZERO = 0x40;

/** More than the highest value of six bits. */
const VALUES = 64;
const ALPHA_INFINITY = 0.7213475204444817;

/** Whether a text begins, and if it is dense also ends, as a sketch must. */
export function isSketch({ bytes, start, end }: ByteRange): boolean {
  if (end - start < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[start + i] !== MAGIC[i]) return false;
  const encoding = bytes[start + ENCODING_AT]!;
  return encoding === SPARSE || (encoding === DENSE && end - start === DENSE_BYTES);
}

export function isDense({ bytes, start }: ByteRange): boolean {
  return bytes[start + ENCODING_AT] === DENSE;
}

/** The cardinality of the last count; undefined if registers have changed since. */
export function storedCardinality({ bytes, start }: ByteRange): Int64 | undefined {
  const at = start + CARDINALITY_AT;
  return bytes[at + 7]! & IS_STALE ? undefined : readInt64(bytes, at);
}

const murmur = new Murmur64(0xadc83b19 | 0);

/** Where an element is counted, and as what; of the last call of `locate`. */
export const element = { register: 0, value: 0 };

/** Tells by `element` which register an element is counted in, and by which value. */
export function locate(bytes: Uint8Array, start: number, end: number): void {
  murmur.hash(bytes, start, end);
  const { low, high } = murmur;
  element.register = low & (REGISTERS - 1);
  const rest = low >>> INDEX_BITS;
  if (rest !== 0) element.value = trailingZeros(rest) + 1;
  else if (high !== 0) element.value = 32 - INDEX_BITS + trailingZeros(high) + 1;
  else element.value = HASH_BITS + 1;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Raises registers, one a byte, to those of a sketch. False if the sketch is damaged. */
export function foldRegisters(sketch: ByteRange, registers: Uint8Array): boolean {
  if (!isDense(sketch)) {
    return walkSparse(sketch, (register, length, value) => {
      for (let i = register; i < register + length; i++) registers[i] = Math.max(registers[i]!, value);
    });
  }
  const { bytes, start } = sketch;
  let at = start + HEADER_BYTES;
  for (let i = 0; i < REGISTERS; i += 4, at += 3) {
    const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    registers[i] = Math.max(registers[i]!, four & 63);
    registers[i + 1] = Math.max(registers[i + 1]!, (four >>> 6) & 63);
    registers[i + 2] = Math.max(registers[i + 2]!, (four >>> 12) & 63);
    registers[i + 3] = Math.max(registers[i + 3]!, four >>> 18);
  }
  return true;
}

const histogram = new Int32Array(VALUES);

/** About how many different elements a sketch has seen; undefined if it is damaged. */
export function countSketch(sketch: ByteRange): Int64 | undefined {
  histogram.fill(0);
  if (isDense(sketch)) {
    const { bytes, start, end } = sketch;
    for (let at = start + HEADER_BYTES; at < end; at += 3) {
      const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      histogram[four & 63]!++;
      histogram[(four >>> 6) & 63]!++;
      histogram[(four >>> 12) & 63]!++;
      histogram[four >>> 18]!++;
    }
    return estimate();
  }
  // Runs of zeros are not visited.
  histogram[0] = REGISTERS;
  const isWhole = walkSparse(sketch, (_, length, value) => {
    histogram[0]! -= length;
    histogram[value]! += length;
  });
  return isWhole ? estimate() : undefined;
}

/** The same of registers, one a byte. */
export function countRegisters(registers: Uint8Array): Int64 {
  histogram.fill(0);
  for (let i = 0; i < registers.length; i++) histogram[registers[i]!]!++;
  return estimate();
}

/** Visits runs of equal registers that are not 0. False if the opcodes are not for as many registers as there are. */
function walkSparse(
  { bytes, start, end }: ByteRange,
  visit: (register: number, length: number, value: number) => void,
): boolean {
  let register = 0;
  for (let at = start + HEADER_BYTES; at < end; ) {
    const opcode = bytes[at]!;
    const length = runLength(bytes, at, end);
    if (register + length > REGISTERS) return false;
    if (opcode & IS_VALUE) visit(register, length, runValue(opcode));
    register += length;
    at += opcodeBytes(opcode);
  }
  return register === REGISTERS;
}

export function opcodeBytes(opcode: number): 1 | 2 {
  return (opcode & IS_VALUE) === 0 && (opcode & IS_LONG_ZERO) !== 0 ? 2 : 1;
}

/** How many registers an opcode is for. Of one that is cut off the byte that lacks counts as 0, with which Redis's strings end. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const opcode = bytes[at]!;
  if (opcode & IS_VALUE) return (opcode & 3) + 1;
  if (opcode & IS_LONG_ZERO) return (((opcode & 63) << 8) | (at + 1 < end ? bytes[at + 1]! : 0)) + 1;
  return (opcode & 63) + 1;
}

export function runValue(opcode: number): number {
  return ((opcode >>> 2) & 31) + 1;
}

/**
 * Of the histogram: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", https://arxiv.org/abs/1702.01284, algorithm 6. The steps
 * are in the order of Redis's, so that the results are equal to the last one.
 */
function estimate(): Int64 {
  let z = REGISTERS * tau((REGISTERS - histogram[HASH_BITS + 1]!) / REGISTERS);
  for (let value = HASH_BITS; value >= 1; value--) {
    z += histogram[value]!;
    z *= 0.5;
  }
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  const cardinality = Math.round((ALPHA_INFINITY * REGISTERS * REGISTERS) / z);
  // What does not fit becomes what processors make of it, as in Redis.
  if (cardinality >= 2 ** 63) return INT64_MIN;
  return Number.isSafeInteger(cardinality) ? cardinality : BigInt(cardinality);
}

function sigma(ratio: number): number {
  if (ratio === 1) return Number.POSITIVE_INFINITY;
  let power = ratio;
  let weight = 1;
  let sum = ratio;
  for (let before = Number.NaN; before !== sum; ) {
    power *= power;
    before = sum;
    sum += power * weight;
    weight += weight;
  }
  return sum;
}

function tau(ratio: number): number {
  if (ratio === 0 || ratio === 1) return 0;
  let root = ratio;
  let weight = 1;
  let sum = 1 - ratio;
  for (let before = Number.NaN; before !== sum; ) {
    root = Math.sqrt(root);
    before = sum;
    weight *= 0.5;
    sum -= (1 - root) * (1 - root) * weight;
  }
  return sum / 3;
}
