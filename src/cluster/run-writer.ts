/**
 * Writes the frames of runs one behind the other into blocks, each request straight from the read buffer that it came in. A run's
 * requests stay, lest they have to be sent elsewhere, until all are answered. A block of which that is true of every run is written
 * again: fresh memory for all that is forwarded keeps the garbage collector busy, and the caches cold.
 */
import { copyBytes } from "../base/bytes.js";
import { ASTERISK, CR, DOLLAR, LF, ZERO } from "../protocol/ascii.js";
import { buildRequest } from "../protocol/request-builder.js";
import { FRAME_HEAD_BYTES, RUN, RUN_HEAD_BYTES, writeFrameHead, writeRunHead } from "./peer-frames.js";
import { type Run, RunBlock } from "./run.js";

const BLOCK_BYTES = 64 * 1024;
/** As many as are in flight when a link is busy; more than these after a burst are given back. */
const SPARE_BLOCKS_MAX = 16;
/** `*count\r\n$length\r\n`, each number of up to ten digits. */
const REQUEST_HEAD_BYTES_MAX = 26;
/** The same of numbers of one digit. */
const REQUEST_HEAD_BYTES_MIN = 8;

const NOTHING = Buffer.alloc(0);

export class RunWriter {
  #block = new RunBlock(NOTHING);
  /** Behind the last run of the block. */
  #length = 0;
  readonly #spare: RunBlock[] = [];
  /**
   * The last request came from `#source`, to before `#to`. Those behind it in the same buffer are copied together, and not before the run is
   * complete, to where it ends: of them `#source[#from, #to)` is still to copy. Bytes that were scanned stay until the turn is over.
   */
  #source: Buffer = NOTHING;
  #from = 0;
  #to = 0;
  #nextId = 1;

  begin(run: Run): void {
    run.start = run.end = this.#length;
    run.block = this.#block;
    run.block.held++;
    this.#reserve(run, FRAME_HEAD_BYTES + RUN_HEAD_BYTES);
    run.id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0;
    run.end += FRAME_HEAD_BYTES + RUN_HEAD_BYTES;
  }

  /** Adds a scanned request. No other run may be begun before this one is ended. */
  add(run: Run, bytes: Buffer, marks: Int32Array, count: number): void {
    if (this.extend(run, bytes, marks, count)) return;
    run.count++;
    this.#copyPending(run);
    // Behind the length of an argument the line ends. In an inline request the argument stands behind a space or the name's last letter.
    const isArray = count > 1 && bytes[marks[2]! - 1] === LF;
    if (isArray) this.#addArray(run, bytes, marks, count);
    else this.#addBytes(run, buildRequest(bytes, marks, count));
  }

  /** Adds a scanned request if that takes no more than to know that it stands behind the last one; false if it takes more. */
  extend(run: Run, bytes: Buffer, marks: Int32Array, count: number): boolean {
    if (bytes !== this.#source || !this.#follows(run, bytes, marks, count)) return false;
    run.count++;
    return true;
  }

  /** Adds a whole request. */
  addRequest(run: Run, request: Buffer): void {
    run.count++;
    this.#copyPending(run);
    this.#addBytes(run, request);
  }

  /** Completes the frame. `remainingMs`: how long its execution may be put off. */
  end(run: Run, remainingMs: number): void {
    this.#copyPending(run);
    const { start, end, id, count, database, flags, hops } = run;
    const block = run.block.bytes;
    const headAt = writeFrameHead(block, start, { kind: RUN, id, size: end - start });
    writeRunHead(block, headAt, { session: run.owner.id, count, remainingMs, database, flags, hops });
    run.requestsAt = headAt + RUN_HEAD_BYTES;
    this.#length = end;
  }

  /** All commands of an ended run are answered: nobody asks for its requests any more. Once a run. */
  release({ block }: Pick<Run, "block">): void {
    block.held--;
    if (block.held > 0) return;
    const isUsual = block.bytes.length === BLOCK_BYTES;
    if (block !== this.#block) {
      if (isUsual && this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(block);
    } else {
      this.#length = 0;
      if (!isUsual) this.#block = new RunBlock(NOTHING);
    }
  }

  /** The head is written anew; arguments are copied as they came, with the lines between them. */
  #addArray(run: Run, bytes: Buffer, marks: Int32Array, count: number): void {
    const start = marks[0]!;
    const end = marks[2 * count - 1]! + 2;
    this.#reserve(run, REQUEST_HEAD_BYTES_MAX + end - start);
    const block = run.block.bytes;
    const nameBytes = marks[1]! - start;
    let at = run.end;
    if (count < 10 && nameBytes < 10) {
      block[at] = ASTERISK;
      block[at + 1] = ZERO + count;
      block[at + 2] = CR;
      block[at + 3] = LF;
      block[at + 4] = DOLLAR;
      block[at + 5] = ZERO + nameBytes;
      block[at + 6] = CR;
      block[at + 7] = LF;
      at += 8;
    } else {
      at += block.write(`*${count}\r\n$${nameBytes}\r\n`, at, "latin1");
    }
    copyBytes(bytes, start, end, block, at);
    run.end = at + end - start;
    this.#source = bytes;
    this.#from = this.#to = end;
  }

  /** Whether a request stands right behind the last one, and in the form that it is to have: then it is part of the run now. */
  #follows(run: Run, bytes: Buffer, marks: Int32Array, count: number): boolean {
    const start = this.#to;
    // What has one digit before the line ends can be no other head, for the name follows.
    if (marks[0]! - start !== REQUEST_HEAD_BYTES_MIN) return false;
    if (bytes[start] !== ASTERISK || bytes[start + 4] !== DOLLAR) return false;
    const end = marks[2 * count - 1]! + 2;
    if (run.end + end - start > run.block.bytes.length) return false;
    run.end += end - start;
    this.#to = end;
    return true;
  }

  #copyPending(run: Run): void {
    const length = this.#to - this.#from;
    if (length > 0) copyBytes(this.#source, this.#from, this.#to, run.block.bytes, run.end - length);
    this.#source = NOTHING;
    this.#from = this.#to = 0;
  }

  #addBytes(run: Run, bytes: Buffer): void {
    this.#reserve(run, bytes.length);
    bytes.copy(run.block.bytes, run.end);
    run.end += bytes.length;
  }

  /** Makes room behind the run, which moves to a new block if there is none in this one. */
  #reserve(run: Run, count: number): void {
    if (run.end + count <= run.block.bytes.length) return;
    const used = run.end - run.start;
    const old = run.block;
    const block = this.#blockOf(used, used + count);
    old.bytes.copy(block.bytes, 0, run.start, run.end);
    block.held++;
    run.block = block;
    run.start = 0;
    run.end = used;
    this.#block = block;
    this.release({ block: old });
  }

  /** An unused block of so many bytes at least, for a run that has used some already. */
  #blockOf(used: number, bytesMin: number): RunBlock {
    const spare = bytesMin <= BLOCK_BYTES ? this.#spare.pop() : undefined;
    // A run that fills a block by itself doubles it, so that all its bytes are copied a bounded number of times.
    return spare ?? new RunBlock(Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, 2 * used, bytesMin)));
  }
}
