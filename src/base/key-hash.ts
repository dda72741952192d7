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
/** Positions of a block, each with a table of its own; together they take a quarter of a first-level cache. */
const BLOCK_BYTES = 8;

/**
 * CRC16/XMODEM, polynomial 0x1021, as the cluster specification has it
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/), for four bytes at a step ("slicing by
 * 4"): table 0 is the usual one, table n is for a byte with n more behind it. One byte at a step would be a chain of
 * as many dependent loads as the key has bytes.
 */
const CRC16 = crc16Tables();

function crc16Tables(): Uint16Array {
  const tables = new Uint16Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    tables[byte] = crc & 0xffff;
  }
  for (let i = 256; i < tables.length; i++) {
    const crc = tables[i - 256]!;
    tables[i] = ((crc << 8) & 0xffff) ^ tables[crc >>> 8]!;
  }
  return tables;
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
  readonly #tables = new Int32Array(BLOCK_BYTES * 256);
  /** A key whose digest is known already. */
  #offeredBytes: Uint8Array | null = null;
  #offeredStart = 0;
  #offeredSlot = 0;
  #offeredHash = 0;

  /** `nextWord` gives the seed's 32-bit words; equal words give equal hashes on every node of a cluster. */
  constructor(nextWord: () => number) {
    this.reseed(nextWord);
  }

  /** Hashes by another seed from now on. */
  reseed(nextWord: () => number): void {
    const tables = this.#tables;
    for (let i = 0; i < tables.length; i++) tables[i] = nextWord();
    this.forget();
  }

  /**
   * Says beforehand what the digest of the key at `start` of `bytes` will be. Holds until the next offer or `forget`,
   * and no longer than these bytes stay what they are.
   */
  offer(bytes: Uint8Array, start: number, slot: number, hash: number): void {
    this.#offeredBytes = bytes;
    this.#offeredStart = start;
    this.#offeredSlot = slot;
    this.#offeredHash = hash;
  }

  forget(): void {
    this.#offeredBytes = null;
  }

  /** As `digest`, of a key whose digest will be asked for again: then it is known. Answers the slot. */
  digestAhead(bytes: Uint8Array, start: number, end: number): number {
    if (start === this.#offeredStart && bytes === this.#offeredBytes) return this.#offeredSlot;
    this.digest(bytes, start, end);
    this.offer(bytes, start, this.slot, this.hash);
    return this.slot;
  }

  digest(bytes: Uint8Array, start: number, end: number): void {
    if (start === this.#offeredStart && bytes === this.#offeredBytes) {
      this.slot = this.#offeredSlot;
      this.hash = this.#offeredHash;
      return;
    }
    const tables = this.#tables;
    let crc = 0;
    let hash = 0;
    let tagged = false;
    let at = start;
    for (const last = end - BLOCK_BYTES; at <= last; at += BLOCK_BYTES) {
      const b0 = bytes[at]!;
      const b1 = bytes[at + 1]!;
      const b2 = bytes[at + 2]!;
      const b3 = bytes[at + 3]!;
      const b4 = bytes[at + 4]!;
      const b5 = bytes[at + 5]!;
      const b6 = bytes[at + 6]!;
      const b7 = bytes[at + 7]!;
      crc =
        CRC16[768 | (b0 ^ (crc >>> 8))]! ^ CRC16[512 | (b1 ^ (crc & 255))]! ^ CRC16[256 | b2]! ^ CRC16[b3]!;
      crc =
        CRC16[768 | (b4 ^ (crc >>> 8))]! ^ CRC16[512 | (b5 ^ (crc & 255))]! ^ CRC16[256 | b6]! ^ CRC16[b7]!;
      hash ^= tables[b0]! ^ tables[256 | b1]! ^ tables[512 | b2]! ^ tables[768 | b3]!;
      hash ^= tables[1024 | b4]! ^ tables[1280 | b5]! ^ tables[1536 | b6]! ^ tables[1792 | b7]!;
      // A bijective stir between blocks keeps equal blocks from cancelling each other.
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
      hash ^= hash >>> 13;
      tagged ||=
        b0 === OPEN_BRACE ||
        b1 === OPEN_BRACE ||
        b2 === OPEN_BRACE ||
        b3 === OPEN_BRACE ||
        b4 === OPEN_BRACE ||
        b5 === OPEN_BRACE ||
        b6 === OPEN_BRACE ||
        b7 === OPEN_BRACE;
    }
    for (let table = 0; at < end; at++, table += 256) {
      const byte = bytes[at]!;
      tagged ||= byte === OPEN_BRACE;
      crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >>> 8) ^ byte]!;
      hash ^= tables[table | byte]!;
    }
    this.hash = hash;
    this.slot = tagged ? slotOf(bytes, start, end) : crc & (SLOT_COUNT - 1);
  }
}
