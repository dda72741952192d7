/**
 * The last part of a stream of batches, by position: chunks as they were handed out, in memory that they shared before. It begins where
 * the memory ends that it may take, and forgets the oldest first.
 *
 * A chunk may hold less than all between its positions, what concerns nobody here being left out. It is then one piece: who asks for a
 * part of it gets the whole, and what he has of it already changes nothing.
 */
import Denque from "denque";
import { walkBatches } from "../../delta/batch.js";

/** What a chunk takes beside its bytes, roughly: without it a gigabyte of tiny ones would be ten. */
const CHUNK_OBJECT_BYTES = 256;
/** Chunks that lie one behind the other become one, up to so many bytes and so much time. */
const JOINED_BYTES_MAX = 64 * 1024;
const JOINED_MS_MAX = 10;

/** Batches of a stream between two positions. */
export interface Stretch {
  readonly parts: readonly Buffer[];
  readonly from: number;
  readonly to: number;
}

export interface NewChunk {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** In it. */
  readonly batches: number;
  readonly nowMs: number;
}

interface Chunk {
  bytes: Buffer;
  readonly from: number;
  to: number;
  /** In the backlog's time, before it. */
  readonly batchesBefore: number;
  readonly takenMs: number;
}

export class Backlog {
  /** It forgets what is beyond; but never the newest chunk, which may be on its way to somebody. */
  bytesMax: number;
  /** Behind what came last. */
  end: number;
  usedBytes = 0;
  readonly #chunks = new Denque<Chunk>();
  #batches = 0;

  constructor({ bytesMax, position }: { readonly bytesMax: number; readonly position: number }) {
    this.bytesMax = bytesMax;
    this.end = position;
  }

  /** From here on all is there. */
  get first(): number {
    return this.#chunks.peekFront()?.from ?? this.end;
  }

  /** When the oldest chunk came; undefined if there is none. */
  get firstMs(): number | undefined {
    return this.#chunks.peekFront()?.takenMs;
  }

  /** Adds what follows: the bytes are kept as they are. */
  add({ bytes, from, to, batches, nowMs }: NewChunk): void {
    this.end = to;
    if (!this.#join({ bytes, from, to, batches, nowMs })) {
      this.#chunks.push({ bytes, from, to, batchesBefore: this.#batches, takenMs: nowMs });
      this.usedBytes += CHUNK_OBJECT_BYTES;
    }
    this.usedBytes += bytes.length;
    this.#batches += batches;
    while (this.usedBytes > this.bytesMax && this.#chunks.length > 1) this.dropFirst();
  }

  /** Forgets the oldest chunk. */
  dropFirst(): void {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.usedBytes -= chunk.bytes.length + CHUNK_OBJECT_BYTES;
  }

  /** Forgets all, and goes on at a position. */
  restart(position: number): void {
    this.#chunks.clear();
    this.usedBytes = 0;
    this.end = position;
  }

  /** Whether all behind a position is there. */
  covers(position: number): boolean {
    return position >= this.first && position <= this.end;
  }

  /** What follows a position that is covered, about `bytesMax` of it and at least a batch; undefined at the end. */
  read(position: number, bytesMax: number): Stretch | undefined {
    let index = this.#indexOf(position);
    const first = this.#chunks.peekAt(index);
    if (first === undefined) return undefined;
    const skipped = isWhole(first) ? position - first.from : 0;
    const from = first.from + skipped;
    if (isWhole(first) && first.bytes.length - skipped > bytesMax) {
      const { end } = walkBatches(first.bytes, skipped, bytesMax);
      return { parts: [first.bytes.subarray(skipped, end)], from, to: first.from + end };
    }
    const parts = [first.bytes.subarray(skipped)];
    let { to } = first;
    let byteLength = parts[0]!.length;
    for (;;) {
      const next = this.#chunks.peekAt(++index);
      if (next === undefined || byteLength + next.bytes.length > bytesMax) break;
      parts.push(next.bytes);
      byteLength += next.bytes.length;
      to = next.to;
    }
    return { parts, from, to };
  }

  /** How many batches lie behind a position: of those that are there. */
  batchesSince(position: number): number {
    const chunk = this.#chunks.peekAt(this.#indexOf(position));
    if (chunk === undefined) return 0;
    const skipped = isWhole(chunk) ? Math.max(0, position - chunk.from) : 0;
    const { count } = walkBatches(chunk.bytes.subarray(0, skipped), 0, Number.POSITIVE_INFINITY);
    return this.#batches - chunk.batchesBefore - count;
  }

  /** When the first of what lies behind a position came; undefined if nothing does. */
  takenMs(position: number): number | undefined {
    return this.#chunks.peekAt(this.#indexOf(position))?.takenMs;
  }

  /** Lets a chunk go on in the one before it, if nothing lies between them. */
  #join({ bytes, from, to, nowMs }: NewChunk): boolean {
    const last = this.#chunks.peekBack();
    if (last === undefined || last.to !== from) return false;
    const { buffer, byteOffset, length } = last.bytes;
    if (bytes.length > 0) {
      const isBehind = bytes.buffer === buffer && bytes.byteOffset === byteOffset + length;
      const isShort = length + bytes.length <= JOINED_BYTES_MAX && nowMs - last.takenMs < JOINED_MS_MAX;
      if (!isBehind || !isShort || isWhole(last) !== (to - from === bytes.length)) return false;
      last.bytes = Buffer.from(buffer, byteOffset, length + bytes.length);
    } else if (isWhole(last)) {
      return false;
    }
    last.to = to;
    return true;
  }

  /** Of the chunk in which a position lies, or of the first; the number of chunks if it is at the end. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks.peekAt(middle)!.to > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Whether a chunk holds all between its positions, so that each byte has one. */
function isWhole({ bytes, from, to }: Chunk): boolean {
  return bytes.length === to - from;
}
