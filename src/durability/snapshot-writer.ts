/**
 * Writes a snapshot while commands go on: a walk over the keyspace in slices of at most two milliseconds, and among what it
 * tells the changes made meanwhile, as the stream tells them. So the file needs no log to be whole.
 *
 *     snapshot := head frame* end
 *     head     := 48 bytes, file-head.ts, "TORUSSNP"; its position is where the stream was when the walk began
 *     frame    := frames.ts; its position counts the payload bytes of the frames before it
 *     end      := a frame of kind END, snapshot-end.ts
 *
 * The order of what is written is the order in which it was told, so a change stands before whatever the walk saw of it.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { Checksum } from "../base/crc32.js";
import { BATCH_HEAD_BYTES, beginBatch, endBatch } from "../delta/batch.js";
import { VERSION_ZERO } from "../delta/version.js";
import type { Clock } from "../host/clock.js";
import type { Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { KeyspaceDump } from "../keyspace/keyspace-dump.js";
import type { ChangeStream, StreamConsumer } from "./change-stream.js";
import { fileHeadBytes } from "./file-head.js";
import {
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_PART,
  FRAME_WHOLE,
  PAYLOAD_BYTES_MAX,
  writeFrameHead,
} from "./frames.js";
import { type SnapshotEnd, snapshotEndBytes } from "./snapshot-end.js";

/** A batch of the walk is about so long: one frame, a part of a slice. */
const BLOCK_BYTES = 2 ** 18;
/** Of a block: the record that makes it full is to fit in, or every block would be outgrown, copied and lost. */
const BLOCK_CAPACITY_BYTES = BLOCK_BYTES + 2 ** 14;
/** A block with nothing in it but the head of its batch. */
const EMPTY_BLOCK_BYTES = BATCH_HEAD_BYTES + 1;
/** Between two looks at the clock. */
const STEP_BYTES = 2 ** 14;
/** A batch may outgrow its block by one record; one that grows further is an unusually long value. */
const BATCH_BYTES_MAX = 2 ** 32 - 1;
/** While more than this waits for the disk the walk pauses. */
const WAITING_BYTES_MAX = 2 ** 22;
/** Given to the disk at once. */
const WRITE_BYTES_MAX = 2 ** 18;
/** What systems take in one gathering write (IOV_MAX), with a reserve. */
const WRITE_PARTS_MAX = 1000;
/** Changes do not pause. If so much waits, the disk is slower than the clients and will not catch up. */
const CONGESTED_BYTES = 2 ** 26;

const SLICE_MAX_MS = 2;
/** Even if nobody else had anything to do: the next turn of the loop costs some microseconds. */
const SLICE_MIN_MS = 0.25;

/** Where the bytes go, one part behind the other. The parts do not change until it resolves. */
export type SnapshotSink = (parts: readonly Uint8Array[]) => Promise<void>;

export interface SnapshotSource {
  readonly keyspace: Keyspace;
  readonly stream: ChangeStream;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
}

export interface SnapshotLabel {
  /** The number in the file's name. */
  readonly sequence: number;
  /** Random, 32 bits. */
  readonly salt: number;
}

/** Why there is no snapshot, though the disk did what it was asked. */
export class SnapshotFailure extends Error {
  override readonly name = "SnapshotFailure";
}

/** Databases changed places, so what the walk told of them before has the wrong names: it has to begin anew. */
export class DatabasesSwapped extends SnapshotFailure {}

interface Settle {
  readonly resolve: (end: SnapshotEnd) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes one snapshot, once. */
export class SnapshotWriter implements StreamConsumer {
  readonly #keyspace: Keyspace;
  readonly #stream: ChangeStream;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #checksum: Checksum;
  readonly #salt: number;
  readonly #sequence: number;
  readonly #sink: SnapshotSink;
  readonly #dump: KeyspaceDump;
  /** Blocks that may be written into again. */
  readonly #idleBlocks: Buffer[] = [];
  /** The memory of all blocks, by which what was written is known to be one. */
  readonly #blockMemory = new WeakSet<ArrayBufferLike>();
  readonly #block = new ByteWriter({ capacityBytes: BLOCK_CAPACITY_BYTES, bytesMax: BATCH_BYTES_MAX });
  #batch = 0;
  /** What waits for the disk, in order, and what it is busy with. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #payloadBytes = 0;
  #writtenBytes = 0;
  #createdMs = 0;
  #lastSwap = VERSION_ZERO;
  /** When the last slice ended. */
  #sliceEndMs = 0;
  /** The walk waits until the disk has caught up. */
  #isPaused = false;
  #isToldWhole = false;
  #end: SnapshotEnd | undefined;
  /** While the snapshot is under way. */
  #settle: Settle | undefined;

  constructor(source: SnapshotSource, { sequence, salt }: SnapshotLabel, sink: SnapshotSink) {
    this.#keyspace = source.keyspace;
    this.#stream = source.stream;
    this.#clock = source.clock;
    this.#timers = source.timers;
    this.#checksum = source.checksum;
    this.#sequence = sequence;
    this.#salt = salt;
    this.#sink = sink;
    this.#dump = new KeyspaceDump(source.keyspace);
  }

  /** Keys that the walk has told so far. */
  get keys(): number {
    return this.#dump.keys;
  }

  /** Bytes that the sink has taken. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /**
   * Resolves when the sink has taken all. Rejects with what the sink rejects with; with `DatabasesSwapped`; with another
   * `SnapshotFailure` if the sink is too slow for the changes, or after `cancel`. The sink is idle then.
   */
  async write(): Promise<SnapshotEnd> {
    const outcome = new Promise<SnapshotEnd>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const unsubscribe = this.#stream.subscribe(this);
    try {
      this.#begin();
      return await outcome;
    } finally {
      this.#settle = undefined;
      unsubscribe();
      await this.#writing;
    }
  }

  #begin(): void {
    const { position } = this.#stream;
    const label = { salt: this.#salt, sequence: this.#sequence };
    this.#enqueue([fileHeadBytes({ magic: "TORUSSNP", ...label, position, durable: 0 })]);
    this.#createdMs = this.#clock.wallMs();
    this.#lastSwap = this.#keyspace.lastSwap;
    this.#batch = beginBatch(this.#block);
    this.#sliceEndMs = this.#clock.monotonicMs();
    this.#timers.afterTurn(this.#slice);
  }

  /** Gives up: `write` rejects. */
  cancel(reason: string): void {
    this.#fail(new SnapshotFailure(reason));
  }

  take(chunk: Buffer): void {
    if (this.#settle === undefined || this.#end !== undefined) return;
    // What the walk told before this change has to stand before it.
    this.#cut();
    this.#frame(chunk);
    if (this.#waitingBytes > CONGESTED_BYTES) {
      this.#fail(new SnapshotFailure("changes are made faster than they can be written"));
    }
  }

  // ---- The walk ----

  readonly #slice = (): void => {
    if (this.#settle === undefined || this.#isToldWhole) return;
    if (this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#isPaused = true;
      return;
    }
    // What clients did until now comes before what the walk sees of it.
    this.#stream.flushNow();
    if (this.#keyspace.lastSwap !== this.#lastSwap) {
      this.#fail(new DatabasesSwapped("databases changed places"));
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    // As long as others had since the last slice: half of the time of a busy loop is theirs.
    const othersMs = nowMs - this.#sliceEndMs;
    this.#isToldWhole = !this.#walk(nowMs + Math.min(Math.max(othersMs, SLICE_MIN_MS), SLICE_MAX_MS));
    this.#sliceEndMs = this.#clock.monotonicMs();
    if (this.#isToldWhole) this.#conclude();
    else this.#timers.afterTurn(this.#slice);
  };

  /** False when all is told. */
  #walk(endMs: number): boolean {
    const block = this.#block;
    do {
      if (!this.#dump.next(block, Math.min(block.length + STEP_BYTES, BLOCK_BYTES))) return false;
      if (block.length >= BLOCK_BYTES) this.#cut();
    } while (this.#clock.monotonicMs() < endMs && this.#waitingBytes <= WAITING_BYTES_MAX);
    return true;
  }

  /** Nothing happened since the slice began, so the walk and the stream end at one position. */
  #conclude(): void {
    this.#cut();
    this.#end = {
      position: this.#stream.position,
      createdMs: this.#createdMs,
      keys: this.#dump.keys,
      records: this.#dump.records,
      databases: this.#keyspace.databases.length,
    };
    this.#part(FRAME_END, snapshotEndBytes(this.#end));
  }

  // ---- The bytes ----

  /** Ends the batch at hand, if there is anything in it, and begins another. */
  #cut(): void {
    const block = this.#block;
    if (block.length > EMPTY_BLOCK_BYTES) {
      endBatch(block, this.#batch);
      this.#frame(block.written());
      block.bytes = this.#idleBlocks.pop() ?? this.#makeBlock();
    }
    block.clear();
    this.#batch = beginBatch(block);
  }

  #makeBlock(): Buffer {
    const block = Buffer.allocUnsafeSlow(BLOCK_CAPACITY_BYTES);
    this.#blockMemory.add(block.buffer);
    return block;
  }

  /** Puts whole batches into frames. */
  #frame(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; start += PAYLOAD_BYTES_MAX) {
      const end = Math.min(start + PAYLOAD_BYTES_MAX, bytes.length);
      this.#part(end < bytes.length ? FRAME_PART : FRAME_WHOLE, bytes.subarray(start, end));
    }
  }

  #part(kind: number, payload: Buffer): void {
    const { length } = payload;
    const salt = this.#salt;
    const head = new ByteWriter({ capacityBytes: FRAME_HEAD_BYTES, bytesMax: FRAME_HEAD_BYTES });
    const payloadCheck = this.#checksum(payload, 0, length, salt);
    writeFrameHead(head, { kind, length, position: this.#payloadBytes, durable: 0, payloadCheck }, salt);
    this.#payloadBytes += length;
    this.#enqueue([head.written(), payload]);
  }

  #enqueue(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#writing !== undefined || this.#waiting.length === 0) return;
    let bytes = 0;
    let count = 0;
    while (count < Math.min(this.#waiting.length, WRITE_PARTS_MAX) && bytes < WRITE_BYTES_MAX) {
      bytes += this.#waiting[count++]!.length;
    }
    const parts = this.#waiting.splice(0, count);
    this.#writing = this.#sink(parts).then(() => this.#wrote(parts, bytes), this.#fail);
  }

  #wrote(parts: readonly Uint8Array[], bytes: number): void {
    if (this.#settle === undefined) return;
    this.#writing = undefined;
    for (const { buffer } of parts) {
      if (this.#blockMemory.has(buffer)) this.#idleBlocks.push(Buffer.from(buffer));
    }
    this.#waitingBytes -= bytes;
    this.#writtenBytes += bytes;
    this.#pump();
    if (this.#end !== undefined && this.#waitingBytes === 0) this.#settle.resolve(this.#end);
    if (!this.#isPaused || this.#waitingBytes > WAITING_BYTES_MAX) return;
    this.#isPaused = false;
    this.#timers.afterTurn(this.#slice);
  }

  readonly #fail = (error: unknown): void => {
    this.#settle?.reject(error);
    this.#settle = undefined;
  };
}
