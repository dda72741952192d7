/**
 * All that changes the keyspace, as one stream of bytes: batch after batch. A *position* is a count of those bytes since
 * the stream began, ages ago, and never goes back. At the end of a turn of the loop what gathered is handed to all who
 * consume the stream. While nobody does, nothing is encoded, and the position stands still.
 *
 * Some batches are *local*: this node executed what made them. Others came from other nodes, and were merged; they are handed on as the
 * bytes that came. Who keeps the stream gets all, who ships it to other nodes only what is local; that is a stream of its own
 * within the stream, and a *local position* counts its bytes since this process began. It begins with the tail of that of an earlier life, if
 * there is one: what other owners may not have been told any more.
 *
 * While it is shipped, and its shipper asks for that (`note`), the stream itself says behind each local chunk how far it is in the local one: so a node
 * that starts again learns from what it kept up to where it has what others were shipped.
 *
 * Batches are written one behind the other into large buffers of which consumers get parts, so that nothing is copied:
 * what is handed out is never written again.
 */
import { ByteWriter } from "../base/byte-writer.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { beginBatch, endBatch } from "../delta/batch.js";
import { writeLocal } from "../delta/delta-codec.js";
import { VERSION_ZERO } from "../delta/version.js";
import type { Timers } from "../host/timers.js";
import { type BatchSink, DeltaJournal } from "../keyspace/delta-journal.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { EarlierLife, LocalPosition } from "./local-tail.js";

/** All who consume the stream put it into frames, which have checksums: one for each batch would cost a write a tenth of its time. */
const NO_CHECKSUM = undefined;
/** Of a batch that says how far the local stream is. */
const LOCAL_BATCH_BYTES = 22;
const UNKNOWN: LocalPosition = { boot: 0, position: 0 };
/** Memory for batches is taken in pieces of this. */
const BUFFER_BYTES = 2 ** 20;
/** A buffer with less room than this is given up: the next batches would rather begin a new one than outgrow it. */
const ROOM_BYTES_MIN = 2 ** 16;
/** So much is handed over within a turn: a chunk is never longer than this and one batch, unless it was received so. */
const CHUNK_BYTES_MAX = 2 ** 19;
/** The length of a batch has 32 bits, and V8's buffers have no more on every version that we run on. */
const BATCH_BYTES_MAX = 2 ** 32 - 1;

export interface StreamConsumer {
  /** Gets whole batches, which begin at a position: where those before them ended. The bytes never change afterwards. */
  take(chunk: Buffer, start: number): void;
}

/** Somebody who ships what this node executes. */
export interface LocalConsumer {
  /** The same of local batches alone: their number, and the local position where they begin. */
  takeLocal(chunk: Buffer, start: number, batches: number): void;
}

/** What of the stream concerns who ships it, and who waits until it arrived. */
export interface LocalStream {
  /** Behind the last local batch. */
  readonly localPosition: number;
  /** Behind the last local batch that touched a slot; 0 if none did while somebody shipped. */
  localPositionOf(slot: number): number;
  /**
   * Puts something behind all of it that changes nothing and concerns a slot: whoever has that was reached after now. Answers what
   * `localPositionOf` does from then on.
   */
  mark(slot: number): number;
  /** Hands over all local batches from now on, until the function that it answers is called. */
  ship(consumer: LocalConsumer): () => void;
  /**
   * Lets the stream say from now on how far the local one is, until nobody ships any more. Whoever asks for it has all that earlier lives of
   * this node executed and other owners know of: by what is said now, what was said before is forgotten.
   */
  note(): void;
  /** Hands over what there is. */
  flushNow(): void;
}

export interface ChangeStreamOptions {
  readonly keyspace: Keyspace;
  readonly timers: Timers;
  /** Where the stream goes on. */
  readonly position: number;
  /** What it said last of the local one, if that is known. The tail of that is what the local stream begins with, handed over before. */
  readonly earlier?: EarlierLife | undefined;
}

export class ChangeStream implements BatchSink, LocalStream {
  readonly #keyspace: Keyspace;
  readonly #timers: Timers;
  readonly #writer = new ByteWriter({ capacityBytes: BUFFER_BYTES, bytesMax: BATCH_BYTES_MAX });
  readonly #journal: DeltaJournal;
  #consumers: readonly StreamConsumer[] = [];
  #shippers: readonly LocalConsumer[] = [];
  /** The position of the writer's first byte. */
  #origin: number;
  /** Offsets in the writer: up to where it was handed over, and behind its last batch. */
  #handed = 0;
  #end = 0;
  /** Bytes of the stream that are not local, or were before what the local stream begins with. */
  #foreignBytes: number;
  readonly #tailBytes: number;
  /** Local batches that are not handed over. */
  #batches = 0;
  #isDue = false;
  /** Behind the last batch that touched a slot. */
  readonly #positions = new Float64Array(SLOT_COUNT);
  #positionOfAll = 0;
  /** The same of local batches; null while nobody ships. */
  #localPositions: Float64Array | null = null;
  #localPositionOfAll = 0;
  /** Whether the stream says how far the local one is, and whether what it said last, in an earlier life perhaps, still goes for that. */
  #isNoting = false;
  #isNoted: boolean;
  /** It is to be said soon, whatever happens or does not. */
  #isNoteDue = false;

  constructor({ keyspace, timers, position, earlier }: ChangeStreamOptions) {
    this.#keyspace = keyspace;
    this.#timers = timers;
    this.#journal = new DeltaJournal(keyspace, this.#writer, NO_CHECKSUM, this);
    this.#origin = position;
    this.#tailBytes = earlier?.tail.length ?? 0;
    this.#foreignBytes = position - this.#tailBytes;
    this.#isNoted = earlier !== undefined;
  }

  /** Behind the last batch. */
  get position(): number {
    return this.#origin + this.#end;
  }

  get localPosition(): number {
    return this.position - this.#foreignBytes;
  }

  /** Behind the last batch that touched a slot; 0 if none did while the stream had consumers. */
  positionOf(slot: number): number {
    return Math.max(this.#positions[slot]!, this.#positionOfAll);
  }

  localPositionOf(slot: number): number {
    return this.#localPositions === null
      ? 0
      : Math.max(this.#localPositions[slot]!, this.#localPositionOfAll);
  }

  mark(slot: number): number {
    if (this.#localPositions === null) return 0;
    this.#journal.ended();
    // No floor is lower than this one.
    this.#journal.collected(slot, VERSION_ZERO);
    this.#journal.ended();
    return this.localPositionOf(slot);
  }

  /** Hands over all batches from now on, until the function that it answers is called: up to then, and no more. */
  subscribe(consumer: StreamConsumer): () => void {
    this.flushNow();
    this.#consumers = [...this.#consumers, consumer];
    this.#listen();
    // What it keeps may come to stand without what was said before.
    this.#isNoteDue = this.#isNoting;
    return () => {
      if (!this.#consumers.includes(consumer)) return;
      this.flushNow();
      this.#consumers = this.#consumers.filter((other) => other !== consumer);
      this.#listen();
    };
  }

  ship(consumer: LocalConsumer): () => void {
    this.flushNow();
    this.#shippers = [...this.#shippers, consumer];
    this.#localPositions ??= new Float64Array(SLOT_COUNT);
    // It may have touched any.
    this.#localPositionOfAll = Math.max(this.#localPositionOfAll, this.#tailBytes);
    this.#listen();
    return () => {
      if (!this.#shippers.includes(consumer)) return;
      this.flushNow();
      this.#shippers = this.#shippers.filter((other) => other !== consumer);
      this.#listen();
    };
  }

  note(): void {
    if (this.#shippers.length === 0 || this.#isNoting) return;
    this.flushNow();
    this.#isNoting = true;
    this.#tellLocal();
  }

  /** Hands over what there is. What the keyspace did since its last batch ended is one more batch. */
  flushNow(): void {
    this.#journal.ended();
    this.#handOver(true);
    if (this.#isNoteDue && this.#isNoting) this.#tellLocal();
  }

  ended(slots: Int32Array, count: number, isLocal: boolean): void {
    if (!isLocal) this.#handOver(true);
    const { length } = this.#writer;
    this.#end = length;
    this.#touched(slots, count);
    if (!isLocal) {
      this.#handOver(false);
      return;
    }
    this.#batches++;
    if (this.#localPositions !== null) this.#touchedLocally(slots, count);
    if (length - this.#handed >= CHUNK_BYTES_MAX) {
      this.#handOver(true);
    } else if (!this.#isDue) {
      this.#isDue = true;
      this.#timers.afterTurn(this.#endTurn);
    }
  }

  received(batches: Buffer, slots: Int32Array, count: number): void {
    this.#handOver(true);
    const start = this.position;
    this.#origin += batches.length;
    this.#foreignBytes += batches.length;
    this.#touched(slots, count);
    for (const consumer of this.#consumers) consumer.take(batches, start);
  }

  readonly #endTurn = (): void => {
    this.#isDue = false;
    this.flushNow();
  };

  #listen(): void {
    if (this.#shippers.length === 0) {
      this.#localPositions = null;
      this.#localPositionOfAll = 0;
      this.#isNoting = false;
    }
    const isHeard = this.#consumers.length > 0 || this.#shippers.length > 0;
    this.#keyspace.journal = isHeard ? this.#journal : null;
  }

  #touched(slots: Int32Array, count: number): void {
    const { position } = this;
    if (count > slots.length) this.#positionOfAll = position;
    else for (let i = 0; i < count; i++) this.#positions[slots[i]!] = position;
  }

  #touchedLocally(slots: Int32Array, count: number): void {
    const position = this.localPosition;
    const positions = this.#localPositions!;
    if (count > slots.length) this.#localPositionOfAll = position;
    else for (let i = 0; i < count; i++) positions[slots[i]!] = position;
  }

  /** Hands over what is behind what was handed over, up to the end of the last batch: all of it is local, or none. */
  #handOver(isLocal: boolean): void {
    const start = this.#handed;
    const end = this.#end;
    if (start === end) return;
    const position = this.#origin + start;
    const localPosition = position - this.#foreignBytes;
    const chunk = this.#writer.bytes.subarray(start, end);
    const batches = this.#batches;
    this.#handed = end;
    this.#batches = 0;
    if (!isLocal) this.#foreignBytes += chunk.length;
    this.#renewBuffer();
    for (const consumer of this.#consumers) consumer.take(chunk, position);
    if (!isLocal) return;
    if (this.#isNoting || this.#isNoted) this.#tellLocal();
    for (const consumer of this.#shippers) consumer.takeLocal(chunk, localPosition, batches);
  }

  /** Tells those who keep the stream how far the local one is, or that nobody knows. It is not shipped. */
  #tellLocal(): void {
    if (this.#consumers.length === 0) return;
    this.#isNoted = this.#isNoting;
    this.#isNoteDue = false;
    const writer = new ByteWriter({ capacityBytes: LOCAL_BATCH_BYTES, bytesMax: LOCAL_BATCH_BYTES });
    const start = beginBatch(writer);
    writeLocal(
      writer,
      this.#isNoting ? { boot: this.#keyspace.boot, position: this.localPosition } : UNKNOWN,
    );
    endBatch(writer, start, NO_CHECKSUM);
    const chunk = writer.written();
    const position = this.#origin + this.#handed;
    this.#origin += chunk.length;
    this.#foreignBytes += chunk.length;
    for (const consumer of this.#consumers) consumer.take(chunk, position);
  }

  #renewBuffer(): void {
    const writer = this.#writer;
    // There is a batch behind what was handed over just now.
    if (writer.length !== this.#end) return;
    const capacity = writer.bytes.length;
    // One that grew for a long batch is not kept alive by the short ones after it.
    if (capacity <= BUFFER_BYTES && capacity - writer.length >= ROOM_BYTES_MIN) return;
    writer.bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#origin += writer.length;
    writer.clear();
    this.#handed = 0;
    this.#end = 0;
  }
}
