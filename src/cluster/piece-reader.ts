/**
 * Pieces with their length before them, `length:u32 byte{length}`, out of a stream that comes in chunks. Memory follows what
 * arrived, not what was announced.
 */

export const LENGTH_BYTES = 4;
const KEPT_BYTES_MIN = 1024;
/** Memory of this size is used again for the next piece that comes in parts. */
const KEPT_BYTES_USUAL = 256 * 1024;
const NOTHING = Buffer.alloc(0);

export interface PieceHearer {
  /** What follows the length is `bytes[start, end)`, valid during the call only. */
  piece(bytes: Buffer, start: number, end: number): void;
  /** A length that no piece has. Nothing more is heard. */
  damaged(): void;
}

export interface PieceLimits {
  readonly bytesMin: number;
  readonly bytesMax: number;
}

export class PieceReader {
  readonly #hearer: PieceHearer;
  readonly #limits: PieceLimits;
  /** The first bytes of a piece that is not all there: `#kept[0, #keptBytes)`. */
  #kept = NOTHING;
  #keptBytes = 0;
  #isOver = false;

  constructor(limits: PieceLimits, hearer: PieceHearer) {
    this.#limits = limits;
    this.#hearer = hearer;
  }

  /** Nothing more is heard, though pieces may have come already. */
  stop(): void {
    this.#isOver = true;
    this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  received(bytes: Buffer, start: number, length: number): void {
    let at = start;
    if (this.#keptBytes > 0) at = this.#complete(bytes, at, length);
    while (!this.#isOver && length - at >= LENGTH_BYTES) {
      const end = at + this.#sizeAt(bytes, at);
      if (this.#isOver || end > length) break;
      this.#hearer.piece(bytes, at + LENGTH_BYTES, end);
      at = end;
    }
    if (!this.#isOver && at < length) this.#keep(bytes, at, length);
  }

  /** Goes on with the piece that was begun; answers where the bytes behind it begin. */
  #complete(bytes: Buffer, start: number, length: number): number {
    let at = start;
    if (this.#keptBytes < LENGTH_BYTES) {
      at = Math.min(length, start + LENGTH_BYTES - this.#keptBytes);
      this.#keep(bytes, start, at);
      if (this.#keptBytes < LENGTH_BYTES) return at;
    }
    const size = this.#sizeAt(this.#kept, 0);
    if (this.#isOver) return length;
    const end = Math.min(length, at + size - this.#keptBytes);
    this.#keep(bytes, at, end);
    if (this.#keptBytes < size) return end;
    const kept = this.#kept;
    this.#keptBytes = 0;
    if (kept.length > KEPT_BYTES_USUAL) this.#kept = NOTHING;
    this.#hearer.piece(kept, LENGTH_BYTES, size);
    return end;
  }

  /** Bytes of the piece at `at`, its length included. */
  #sizeAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at);
    if (length < this.#limits.bytesMin || length > this.#limits.bytesMax) {
      this.stop();
      this.#hearer.damaged();
    }
    return length + LENGTH_BYTES;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.#keptBytes + end - start;
    if (needed > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#kept.length, KEPT_BYTES_MIN));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, this.#keptBytes, start, end);
    this.#keptBytes = needed;
  }
}
