/**
 * The end of the local stream of an earlier life, as the log tells it when it is read: each local chunk stands before the batch that says
 * how far the local stream is with it (change-stream.ts). So a node can ship again what others may not have been told any more.
 */
import Denque from "denque";
import { walkBatches } from "../delta/batch.js";
import type { LocalDelta } from "../delta/delta.js";

/** In the local stream of one life of a node. */
export interface LocalPosition {
  readonly boot: number;
  readonly position: number;
}

/** What the log says of an earlier life. */
export interface EarlierLife extends LocalPosition {
  /** The batches before that position. Maybe none. */
  readonly tail: Buffer;
  readonly tailBatches: number;
}

/** What is kept of the log while it is read: as much as may be under way to another owner. */
const KEPT_BYTES = 4 * 2 ** 20;

/** Something that was said of the local stream. */
interface Saying extends LocalPosition {
  /** Of the batch that says so, in the log. */
  readonly at: number;
}

export class LocalTail {
  /** Bytes of the log, each at its position modulo the length; null as long as nothing was said. */
  #ring: Buffer | null = null;
  /** What is kept begins here at the earliest, and ends there. */
  #from = 0;
  #end = 0;
  readonly #sayings = new Denque<Saying>();

  /** Whole batches of the log, which begin at a position. */
  add(payload: Buffer, position: number): void {
    if (position !== this.#end) this.#from = position;
    this.#end = position + payload.length;
    const ring = this.#ring;
    if (ring === null) return;
    for (let at = Math.max(position, this.#end - KEPT_BYTES); at < this.#end; ) {
      const place = at % KEPT_BYTES;
      const length = Math.min(this.#end - at, KEPT_BYTES - place);
      payload.copy(ring, place, at - position, at - position + length);
      at += length;
    }
  }

  /** What was added last says, by the batch at a position, how far the local stream is; a snapshot may have said it, at no position. */
  say({ boot, position }: LocalDelta, at: number): void {
    if (this.#ring === null) {
      this.#ring = Buffer.allocUnsafeSlow(KEPT_BYTES);
      this.#from = this.#end;
    }
    if (this.#sayings.peekBack()?.boot !== boot) this.#sayings.clear();
    this.#sayings.push({ boot, position, at });
    while (this.#sayings.length > 2 && this.#sayings.peekAt(1)!.at < this.#end - KEPT_BYTES)
      this.#sayings.shift();
  }

  /** Undefined if the log does not tell how far it has the local stream. */
  earlierLife(): EarlierLife | undefined {
    const last = this.#sayings.peekBack();
    if (last === undefined || last.boot === 0) return undefined;
    const chunks: Buffer[] = [];
    for (let i = this.#sayings.length - 1; i > 0; i--) {
      const chunk = this.#chunkBetween(this.#sayings.peekAt(i - 1)!, this.#sayings.peekAt(i)!);
      if (chunk === undefined) break;
      chunks.push(chunk);
    }
    const tail = Buffer.concat(chunks.reverse());
    const { count } = walkBatches(tail, 0, Number.POSITIVE_INFINITY);
    return { boot: last.boot, position: last.position, tail, tailBatches: count };
  }

  /** What was executed between two sayings; undefined if not all of it is kept. */
  #chunkBetween(before: Saying, { position, at }: Saying): Buffer | undefined {
    const from = at - (position - before.position);
    const ring = this.#ring!;
    if (from < before.at || from < Math.max(this.#from, this.#end - KEPT_BYTES)) return undefined;
    const chunk = Buffer.allocUnsafe(at - from);
    for (let next = from; next < at; ) {
      const place = next % KEPT_BYTES;
      const length = Math.min(at - next, KEPT_BYTES - place);
      ring.copy(chunk, next - from, place, place + length);
      next += length;
    }
    return chunk;
  }
}
