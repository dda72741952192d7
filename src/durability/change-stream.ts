/**
 * All that the keyspace does, as one stream of bytes: batch after batch. A *position* is a count of those bytes since
 * the stream began, ages ago, and never goes back. At the end of a turn of the loop what gathered is handed to all who
 * consume the stream. While nobody does, nothing is encoded, and the position stands still.
 *
 * Batches are written one behind the other into large buffers of which consumers get parts, so that nothing is copied:
 * what is handed out is never written again.
 */
import { ByteWriter } from "../base/byte-writer.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Timers } from "../host/timers.js";
import { type BatchSink, DeltaJournal } from "../keyspace/delta-journal.js";
import type { Keyspace } from "../keyspace/keyspace.js";

/** All who consume the stream put it into frames, which have checksums: one for each batch would cost a write a tenth of its time. */
const NO_CHECKSUM = undefined;
/** Memory for batches is taken in pieces of this. */
const BUFFER_BYTES = 2 ** 20;
/** A buffer with less room than this is given up: the next batches would rather begin a new one than outgrow it. */
const ROOM_BYTES_MIN = 2 ** 16;
/** So much is handed over within a turn: a chunk is never longer than this and one batch. */
const CHUNK_BYTES_MAX = 2 ** 19;
/** The length of a batch has 32 bits, and V8's buffers have no more on every version that we run on. */
const BATCH_BYTES_MAX = 2 ** 32 - 1;

export interface StreamConsumer {
  /** Gets whole batches, which begin at a position: where those before them ended. The bytes never change afterwards. */
  take(chunk: Buffer, start: number): void;
}

export interface ChangeStreamOptions {
  readonly keyspace: Keyspace;
  readonly timers: Timers;
  /** Where the stream goes on. */
  readonly position: number;
}

export class ChangeStream implements BatchSink {
  readonly #keyspace: Keyspace;
  readonly #timers: Timers;
  readonly #writer = new ByteWriter({ capacityBytes: BUFFER_BYTES, bytesMax: BATCH_BYTES_MAX });
  readonly #journal: DeltaJournal;
  #consumers: readonly StreamConsumer[] = [];
  /** The position of the writer's first byte. */
  #origin: number;
  /** Offsets in the writer: up to where it was handed over, and behind its last batch. */
  #handed = 0;
  #end = 0;
  #isDue = false;
  /** Behind the last batch that touched a slot. */
  readonly #positions = new Float64Array(SLOT_COUNT);
  #positionOfAll = 0;

  constructor({ keyspace, timers, position }: ChangeStreamOptions) {
    this.#keyspace = keyspace;
    this.#timers = timers;
    this.#journal = new DeltaJournal(keyspace, this.#writer, NO_CHECKSUM, this);
    this.#origin = position;
  }

  /** Behind the last batch. */
  get position(): number {
    return this.#origin + this.#end;
  }

  /** Behind the last batch that touched a slot; 0 if none did while the stream had consumers. */
  positionOf(slot: number): number {
    return Math.max(this.#positions[slot]!, this.#positionOfAll);
  }

  /** Hands over all batches from now on, until the function that it answers is called: up to then, and no more. */
  subscribe(consumer: StreamConsumer): () => void {
    this.flushNow();
    this.#consumers = [...this.#consumers, consumer];
    this.#keyspace.journal = this.#journal;
    return () => this.#unsubscribe(consumer);
  }

  /** Hands over what there is. What the keyspace did since its last batch ended is one more batch. */
  flushNow(): void {
    this.#journal.ended();
    this.#handOver();
  }

  ended(slots: Int32Array, count: number): void {
    const { length } = this.#writer;
    const position = this.#origin + length;
    this.#end = length;
    if (count > slots.length) this.#positionOfAll = position;
    else for (let i = 0; i < count; i++) this.#positions[slots[i]!] = position;
    if (length - this.#handed >= CHUNK_BYTES_MAX) {
      this.#handOver();
    } else if (!this.#isDue) {
      this.#isDue = true;
      this.#timers.afterTurn(this.#endTurn);
    }
  }

  readonly #endTurn = (): void => {
    this.#isDue = false;
    this.flushNow();
  };

  #unsubscribe(consumer: StreamConsumer): void {
    if (!this.#consumers.includes(consumer)) return;
    this.flushNow();
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
    if (this.#consumers.length === 0) this.#keyspace.journal = null;
  }

  #handOver(): void {
    const start = this.#handed;
    const end = this.#end;
    if (start === end) return;
    const position = this.#origin + start;
    const chunk = this.#writer.bytes.subarray(start, end);
    this.#handed = end;
    const capacity = this.#writer.bytes.length;
    // One that grew for a long batch is not kept alive by the short ones after it.
    if (capacity > BUFFER_BYTES || capacity - end < ROOM_BYTES_MIN) this.#beginBuffer();
    for (const consumer of this.#consumers) consumer.take(chunk, position);
  }

  #beginBuffer(): void {
    const writer = this.#writer;
    writer.bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#origin += writer.length;
    writer.clear();
    this.#handed = 0;
    this.#end = 0;
  }
}
