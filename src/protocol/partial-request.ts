/**
 * What a connection keeps between two reads: the bytes that no complete command has used yet, and how far
 * the scanner had come in the half command that they begin with. Only `RequestScanner` makes sense of that.
 *
 * Memory follows the bytes that really arrived. A declared length, however large, reserves nothing: a client
 * that announces half a gigabyte and sends ten bytes costs ten bytes.
 */

const BUFFER_BYTES_MIN = 256;
const NO_MARKS = new Int32Array(0);
/** Marks are 32-bit offsets, so no command may lie beyond them, whatever `client-query-buffer-limit` says. */
const CARRIED_BYTES_MAX = 2 ** 31 - 2 ** 20;

export class PartialRequest {
  /** The kept bytes are `buffer[0, byteLength)`. */
  buffer: Buffer = Buffer.alloc(0);
  byteLength = 0;

  // The scanner's place in the half command; see the fields of the same names in `RequestScanner`.
  marks: Int32Array = NO_MARKS;
  expected = 0;
  found = 0;
  cursor = 0;
  bulkLength = -1;

  /** The kept bytes: a view. */
  get whole(): Buffer {
    return this.buffer.subarray(0, this.byteLength);
  }

  get memoryBytes(): number {
    return this.buffer.length + this.marks.byteLength;
  }

  /** True if the connection must be closed, as Redis does at `client-query-buffer-limit`, without a reply. */
  exceeds(queryBufferMax: number): boolean {
    return this.byteLength > Math.min(queryBufferMax, CARRIED_BYTES_MAX);
  }

  /**
   * Keeps `bytes[start, end)` too. The buffer doubles, so that a command of n bytes is copied O(n) in all; but it
   * never becomes larger than `bytesWanted` unless the bytes at hand need it.
   */
  append(bytes: Buffer, start: number, end: number, bytesWanted = Number.POSITIVE_INFINITY): void {
    const byteLength = this.byteLength + end - start;
    if (byteLength > this.buffer.length) {
      const doubled = Math.max(2 * this.buffer.length, BUFFER_BYTES_MIN);
      const larger = Buffer.allocUnsafe(Math.max(byteLength, Math.min(doubled, bytesWanted)));
      this.buffer.copy(larger, 0, 0, this.byteLength);
      this.buffer = larger;
    }
    bytes.copy(this.buffer, this.byteLength, start, end);
    this.byteLength = byteLength;
  }

  /** Forgets the first `count` bytes, and the buffer with them if it has become far too large for the others. */
  discard(count: number): void {
    if (count === 0) return;
    const kept = this.byteLength - count;
    const isWasteful = this.buffer.length > 4 * Math.max(kept, BUFFER_BYTES_MIN);
    const target = isWasteful ? Buffer.allocUnsafe(Math.max(kept, BUFFER_BYTES_MIN)) : this.buffer;
    this.buffer.copy(target, 0, count, this.byteLength);
    this.buffer = target;
    this.byteLength = kept;
  }

  /**
   * Keeps the marks of `found` arguments, less `shift`. True if the array itself was taken and the scanner needs
   * another: many marks change hands, for a command of a million arguments would copy them with every read. A
   * few are copied, so that a connection never holds much more than it has marks.
   */
  saveMarks(marks: Int32Array, shift: number): boolean {
    const used = 2 * this.found;
    if (shift > 0) for (let i = 0; i < used; i++) marks[i]! -= shift;
    const isTaken = 4 * used >= marks.length;
    this.marks = isTaken ? marks : marks.slice(0, used);
    return isTaken;
  }

  /** The array that the scanner goes on with: its own with the kept marks in it, or the one that was taken. */
  restoreMarks(marks: Int32Array): Int32Array {
    if (this.marks.length > marks.length) return this.marks;
    marks.set(this.marks);
    return marks;
  }
}
