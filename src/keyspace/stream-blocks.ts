/**
 * The blocks of streams: cells of the database's arena with the header of a record without a key. In place of the access clock stands the number of the
 * row (id-row.ts) that points at the cell, for whoever moves cells.
 *
 * Streams, and what is trimmed off them, are given up into a queue and freed a slice at a time. Until then their bytes count as used.
 */
import Denque from "denque";
import { assert } from "../base/assert.js";
import { type Location, UNIT_MASK } from "./arena.js";
import { relocateBlock } from "./block-relocation.js";
import { IdRow } from "./id-row.js";
import type { StreamLimits } from "./packing-limits.js";
import {
  ACCESS,
  BODY_LENGTH,
  HEADER_BYTES,
  KEY_LENGTH,
  OUTSIDE,
  OUTSIDE_BYTES,
  TYPE_FLAGS_ORIGIN,
  TYPE_ITEMS,
} from "./record.js";
import type { ByteView, Records } from "./records.js";
import { ItemCursor } from "./stream-block.js";
import { StreamBody } from "./stream-body.js";

/** A block is no longer unless it is one long item: walking over half of it finds an item. */
const BLOCK_BYTES_MAX = 8192;
/** So few cells are freed at once. */
const FREED_AT_ONCE = 64;

export class StreamBlocks {
  /** What rows, groups and consumers take on the heap, about. */
  heldBytes = 0;
  /** For whoever walks a block and is done before anybody else does. */
  readonly walk = new ItemCursor();
  readonly scratch = new Scratch();
  /** By what `limit` was told. */
  bytesMax = 4096;
  #countMax = 100;
  readonly #records: Records;
  readonly #rows: (IdRow | undefined)[] = [];
  readonly #freeRows: number[] = [];
  readonly #streams: (StreamBody | undefined)[] = [];
  readonly #freeStreams: number[] = [];
  /** Given up and not freed yet: cells, of the last ones first. */
  readonly #queue = new Denque<{ readonly cells: Int32Array; left: number }>();
  #queued = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  /** Blocks that are filled from now on are no larger than that. */
  limit({ streamNodeMaxBytes, streamNodeMaxEntries }: StreamLimits): void {
    this.bytesMax =
      streamNodeMaxBytes === 0 ? BLOCK_BYTES_MAX : Math.min(streamNodeMaxBytes, BLOCK_BYTES_MAX);
    this.#countMax = streamNodeMaxEntries === 0 ? Number.POSITIVE_INFINITY : streamNodeMaxEntries;
  }

  mayGrow(count: number, bytes: number): boolean {
    return count < this.#countMax && bytes < this.bytesMax;
  }

  // ---- Streams and rows ----

  create(): StreamBody {
    const number = this.#freeStreams.pop() ?? this.#streams.length;
    const stream = new StreamBody(number, this);
    this.#streams[number] = stream;
    return stream;
  }

  stream(number: number): StreamBody {
    return this.#streams[number]!;
  }

  createRow(sharesFields: boolean): IdRow {
    const number = this.#freeRows.pop() ?? this.#rows.length;
    const row = new IdRow(number, sharesFields, this);
    this.#rows[number] = row;
    return row;
  }

  releaseRow(row: IdRow): void {
    this.#rows[row.number] = undefined;
    this.#freeRows.push(row.number);
    this.giveUp(row.takeCells());
  }

  /** Gives up a stream, which must not be used any more. */
  release(number: number): void {
    const stream = this.#streams[number]!;
    assert(stream !== undefined, "a stream is given up once");
    stream.release();
    this.#streams[number] = undefined;
    this.#freeStreams.push(number);
  }

  /** The bytes that a stream takes, estimated from `samples` blocks of each row. */
  bytesOf(number: number, samples: number): number {
    return this.stream(number).bytes(samples);
  }

  // ---- Cells ----

  body(cell: Location): ByteView {
    return this.#records.body(cell);
  }

  capacity(cell: Location): number {
    return this.#records.bodyLength(cell);
  }

  allocate(row: number, capacity: number): Location {
    const records = this.#records;
    const isOutside = capacity > OUTSIDE_BYTES;
    const cell = records.arena.allocate(HEADER_BYTES + (isOutside ? 0 : capacity));
    const { words, cellBytes } = records.slab(cell);
    const word = (cell & UNIT_MASK) << 1;
    words[word + ACCESS] = row;
    words[word + TYPE_FLAGS_ORIGIN] = TYPE_ITEMS | (isOutside ? OUTSIDE : 0);
    words[word + KEY_LENGTH] = 0;
    // Whatever the arena gives may be used.
    words[word + BODY_LENGTH] = isOutside ? records.createOutside(capacity) : cellBytes - HEADER_BYTES;
    return cell;
  }

  free(cell: Location): void {
    this.#records.free(cell);
  }

  sizeOf(cell: Location): number {
    return this.#records.sizeOf(cell);
  }

  /** Moves a block to another slab, for whoever empties sparse ones. False if there is no room elsewhere, or it goes soon. */
  relocate(at: Location): boolean {
    return relocateBlock(this.#records, this.#rows, at);
  }

  /** Cells that nobody points at any more: few are freed at once, others by `releaseSlice`. */
  giveUp(cells: Int32Array): void {
    if (cells.length <= FREED_AT_ONCE) {
      for (const cell of cells) this.free(cell);
      return;
    }
    this.#queue.push({ cells, left: cells.length });
    this.#queued += cells.length;
  }

  get queuedBlocks(): number {
    return this.#queued;
  }

  /** Frees up to `budget` of the cells that wait. Answers how many it freed. */
  releaseSlice(budget: number): number {
    let freed = 0;
    for (let given = this.#queue.peekFront(); given !== undefined; given = this.#queue.peekFront()) {
      for (; given.left > 0 && freed < budget; freed++) this.free(given.cells[--given.left]!);
      if (given.left > 0) break;
      this.#queue.shift();
    }
    this.#queued -= freed;
    return freed;
  }
}

/** A buffer that grows. */
class Scratch {
  #bytes: Buffer = Buffer.alloc(1024);

  of(length: number): Buffer {
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(length);
    const bytes = this.#bytes;
    // What one long entry took is not kept.
    if (length > 2 ** 20) this.#bytes = Buffer.alloc(1024);
    return bytes;
  }
}
