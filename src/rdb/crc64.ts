/**
 * CRC-64 as Redis ends its dumps with it: Jones's polynomial 0xAD93D23594C935A9 (D. T. Jones, "An Improved 64-bit Cyclic Redundancy Check
 * for Protein Sequences"), reflected, begun with 0. JavaScript has no integers of 64 bits that are fast, so both the checksum and the
 * table are two halves.
 *
 * Any damage within 64 successive bits is found for certain.
 */

export const CRC64_BYTES = 8;

/** The polynomial, reflected. */
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;

const lows = new Int32Array(256);
const highs = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) !== 0;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (!isOdd) continue;
    low ^= POLYNOMIAL_LOW;
    high ^= POLYNOMIAL_HIGH;
  }
  lows[byte] = low;
  highs[byte] = high;
}

/** Writes the checksum of `bytes[start, end)`, little-endian, at `at` of `target`. */
export function writeCrc64(
  { bytes, start, end }: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  target: Uint8Array,
  at: number,
): void {
  let low = 0;
  let high = 0;
  for (let i = start; i < end; i++) {
    const cell = (low ^ bytes[i]!) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ lows[cell]!;
    high = (high >>> 8) ^ highs[cell]!;
  }
  for (let i = 0; i < 4; i++) {
    target[at + i] = low >>> (8 * i);
    target[at + 4 + i] = high >>> (8 * i);
  }
}
