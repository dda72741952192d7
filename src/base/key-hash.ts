/**
 * Where a key belongs: its hash slot (CRC16 of the key or of its `{tag}`, as Redis Cluster defines it) and its
 * index hash. Both are computed in one walk over the bytes, because every command pays for it.
 *
 * The index hash is simple tabulation (Zobrist 1970; Patrascu and Thorup, "The Power of Simple Tabulation
 * Hashing", 2012) over tables drawn from a secret seed. Murmur-like hashes are a little faster, but keys that
 * collide in them can be computed whatever their seed; here nobody without the seed can make collisions.
 */

export const SLOT_COUNT = 16384;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const POSITIONS = 16;

const CRC16 = crc16Table();

/** CRC16/XMODEM, polynomial 0x1021: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
function crc16Table(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc & 0xffff;
  }
  return table;
}

export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >>> 8) ^ bytes[i]!]!;
  return crc;
}

/** The slot of a key, 0 to 16383. */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  for (let open = start; open < end; open++) {
    if (bytes[open] !== OPEN_BRACE) continue;
    for (let close = open + 1; close < end; close++) {
      if (bytes[close] !== CLOSE_BRACE) continue;
      // Only the first `{` counts, and an empty tag is no tag.
      if (close > open + 1) return crc16(bytes, open + 1, close) & (SLOT_COUNT - 1);
      break;
    }
    break;
  }
  return crc16(bytes, start, end) & (SLOT_COUNT - 1);
}

/** Computes slot and hash of keys; the result of the last call stands in its fields, so that none is allocated. */
export class KeyHasher {
  /** Slot of the last key. */
  slot = 0;
  /** Hash of the last key: a signed 32-bit integer whose top bits choose the home cell. */
  hash = 0;
  readonly #tables: Int32Array;

  /** `nextWord` gives the seed's 32-bit words; equal words give equal hashes on every node of a cluster. */
  constructor(nextWord: () => number) {
    this.#tables = Int32Array.from({ length: POSITIONS * 256 }, () => nextWord() | 0);
  }

  digest(bytes: Uint8Array, start: number, end: number): void {
    const tables = this.#tables;
    let crc = 0;
    let hash = 0;
    let tagged = false;
    let position = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === OPEN_BRACE) tagged = true;
      crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >>> 8) ^ byte]!;
      hash ^= tables[position | byte]!;
      position += 256;
      if (position === POSITIONS * 256) {
        // A bijective stir between blocks keeps equal bytes 16 apart from cancelling each other.
        position = 0;
        hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
        hash ^= hash >>> 13;
      }
    }
    this.hash = hash;
    this.slot = tagged ? slotOf(bytes, start, end) : crc & (SLOT_COUNT - 1);
  }
}
