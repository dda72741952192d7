/**
 * LZF, with which Redis shortens strings (Lehmann, LibLZF: http://oldhome.schmorp.de/marc/liblzf.html):
 *
 *     000LLLLL byte{L+1}              L + 1 bytes as they are
 *     LLLooooo oooooooo               L + 2 bytes (L from 1 to 6) that stood o + 1 bytes before
 *     111ooooo LLLLLLLL oooooooo      L + 9 bytes of the same
 *
 * What a copy copies may overlap what it makes.
 */
import { WriterFull } from "../base/byte-writer.js";

const LITERALS_MAX = 32;
const MATCH_BYTES_MIN = 3;
const MATCH_BYTES_MAX = 264;
const OFFSET_MAX = 8192;
/** The length of a copy that says so in a byte of its own. */
const LONG_COPY = 7;
/** Three bytes make at most so many. */
const EXPANSION_MAX = MATCH_BYTES_MAX / 3;

const HASH_BITS = 14;
/** Where three bytes of this hash were seen last, plus one; 0 is nowhere. Shared by all calls, and wiped by each. */
const seen = new Int32Array(1 << HASH_BITS);

/**
 * The bytes that `packed` stands for, which say to be `length`; undefined if it stands for no such thing. Takes no memory that it could not fill, and
 * throws `WriterFull` for more than `bytesMax`.
 */
export function decompress(packed: Uint8Array, length: number, bytesMax: number): Buffer | undefined {
  if (length > packed.length * EXPANSION_MAX) return undefined;
  if (length > bytesMax) throw new WriterFull(`${length} bytes exceed the ${bytesMax} allowed`);
  const plain = Buffer.allocUnsafe(length);
  const end = packed.length;
  let from = 0;
  let to = 0;
  while (from < end) {
    const control = packed[from++]!;
    if (control < LITERALS_MAX) {
      const count = control + 1;
      if (count > end - from || count > length - to) return undefined;
      for (let i = 0; i < count; i++) plain[to++] = packed[from++]!;
      continue;
    }
    let count = (control >>> 5) + 2;
    const isLong = count === LONG_COPY + 2;
    if (end - from < (isLong ? 2 : 1)) return undefined;
    if (isLong) count += packed[from++]!;
    let source = to - 1 - (((control & 0x1f) << 8) | packed[from++]!);
    if (source < 0 || count > length - to) return undefined;
    for (let i = 0; i < count; i++) plain[to++] = plain[source++]!;
  }
  return to === length ? plain : undefined;
}

/** Fewer bytes that stand for these; undefined if there would not be fewer than `bytesMax`. */
export function compress(plain: Uint8Array, bytesMax: number): Buffer | undefined {
  const packed = Buffer.allocUnsafe(bytesMax);
  const end = plain.length;
  seen.fill(0);
  let to = 0;
  /** Bytes that are not told yet: from here to `at`. */
  let literals = 0;
  let at = 0;
  const tellLiterals = (): boolean => {
    while (literals < at) {
      const count = Math.min(LITERALS_MAX, at - literals);
      if (to + 1 + count > bytesMax) return false;
      packed[to++] = count - 1;
      for (let i = 0; i < count; i++) packed[to++] = plain[literals++]!;
    }
    return true;
  };
  while (at + MATCH_BYTES_MIN <= end) {
    const cell = hashOf(plain, at);
    const before = seen[cell]! - 1;
    seen[cell] = at + 1;
    if (before < 0 || at - before > OFFSET_MAX || !isMatch(plain, before, at)) {
      at++;
      continue;
    }
    if (!tellLiterals() || to + 3 > bytesMax) return undefined;
    const count = matchLength(plain, before, at);
    const offset = at - before - 1;
    const length = count - 2;
    if (length < LONG_COPY) {
      packed[to++] = (length << 5) | (offset >>> 8);
    } else {
      packed[to++] = (LONG_COPY << 5) | (offset >>> 8);
      packed[to++] = length - LONG_COPY;
    }
    packed[to++] = offset;
    const next = at + count;
    for (at++; at < next; at++) if (at + MATCH_BYTES_MIN <= end) seen[hashOf(plain, at)] = at + 1;
    literals = at;
  }
  at = end;
  return tellLiterals() && to < bytesMax ? packed.subarray(0, to) : undefined;
}

function hashOf(bytes: Uint8Array, at: number): number {
  const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return Math.imul(three, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function isMatch(bytes: Uint8Array, one: number, other: number): boolean {
  return (
    bytes[one] === bytes[other] && bytes[one + 1] === bytes[other + 1] && bytes[one + 2] === bytes[other + 2]
  );
}

function matchLength(bytes: Uint8Array, before: number, at: number): number {
  const max = Math.min(MATCH_BYTES_MAX, bytes.length - at);
  let count = MATCH_BYTES_MIN;
  while (count < max && bytes[before + count] === bytes[at + count]) count++;
  return count;
}
