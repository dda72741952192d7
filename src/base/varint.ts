/**
 * Unsigned integers in seven bits a byte, lowest first, a set top bit announcing more (LEB128), up to the safe
 * integers: at most eight bytes. A value has one form only: the shortest.
 *
 * These functions trust their input. Bytes from outside go through `ByteReader`, which does not.
 */

export const VARINT_BYTES_MAX = 8;

/** Values below this fit four bytes and 32-bit arithmetic. */
const SMALL = 2 ** 28;

export function varintBytes(value: number): number {
  if (value < SMALL) return value < 2 ** 14 ? (value < 2 ** 7 ? 1 : 2) : value < 2 ** 21 ? 3 : 4;
  if (value < 2 ** 42) return value < 2 ** 35 ? 5 : 6;
  return value < 2 ** 49 ? 7 : 8;
}

/** Returns the offset behind what it wrote. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let to = at;
  let rest = value;
  while (rest >= SMALL) {
    bytes[to++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

export function readVarint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at]!;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 128;
  for (let from = at + 1; ; from++) {
    byte = bytes[from]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
}

/** The offset behind the integer at `at`. */
export function skipVarint(bytes: Uint8Array, at: number): number {
  let from = at;
  while (bytes[from]! >= 0x80) from++;
  return from + 1;
}
