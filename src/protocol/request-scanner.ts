/**
 * Finds the commands in the bytes that clients send. It makes no strings and no buffers: of each argument it
 * notes where it begins and ends. It knows neither commands nor connections.
 *
 *     command := "*" count CRLF bulk{count}      count <= 0: nothing, skipped
 *     bulk    := "$" length CRLF byte{length} CRLF
 *     inline  := word{blank word} [CR] LF        no words: nothing, skipped
 *
 * Limits, errors and leniency are those of Redis 7.0 (`processMultibulkBuffer` and `processInlineBuffer` in its
 * `networking.c`): the CR of a CRLF is looked at, its LF is not, nor are the two bytes behind a bulk. Two
 * things we do better on purpose: what is too long does not depend on how the bytes were cut into reads, and a
 * zero byte in an inline command is a byte like others, where Redis waits for ever.
 */

import { splitWords } from "../base/quoted-words.js";
import {
  ASTERISK,
  CR,
  DOLLAR,
  DOUBLE_QUOTE,
  endsWord,
  isSpace,
  LF,
  NINE,
  SINGLE_QUOTE,
  ZERO,
} from "./ascii.js";
import {
  bulkProblem,
  countProblem,
  INVALID,
  LINE_BYTES_MAX,
  lineLength,
  NEGATIVE,
  parseLength,
  UNFINISHED,
} from "./length-line.js";
import { PartialRequest } from "./partial-request.js";

/** A command was found: `marks`, `count` and `bytes` describe it. */
export const COMPLETE = 1;
/** All bytes were looked at; what is left of them, if anything, is a half command. */
export const INCOMPLETE = 0;
/** The client broke the protocol: reply `-ERR` with `error`, close, and ask this scanner nothing more. */
export const BROKEN = -1;
export type ScanResult = typeof COMPLETE | typeof INCOMPLETE | typeof BROKEN;

const COUNT_MAX = 2 ** 31 - 1;
/** What a client may send before it has authenticated. */
const UNAUTHENTICATED_COUNT_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;
/** Redis's default of `proto-max-bulk-len`. */
const BULK_BYTES_MAX_DEFAULT = 512 * 1024 * 1024;

/** Room for 32 arguments; it grows with the arguments that really arrive. */
const MARKS_INITIAL = 64;
/** Marks of a giant command are not kept for the small ones that follow: 64 Ki marks are 256 KiB. */
const MARKS_KEPT_MAX = 64 * 1024;
/** A half command is completed in steps of at least so many bytes of the next read. */
const STEP_BYTES_MIN = 256;
/** `$0`, CRLF, CRLF. */
const SHORTEST_BULK_BYTES = 6;
/** Up to here the digits of a length are read as they come; longer ones are judged at leisure. */
const PLAIN_DIGITS_MAX = 9;

const UNKNOWN = -1;

/** What `scanInline` answers besides a `ScanResult`. */
const EMPTY_LINE = 2;

/**
 * One scanner serves all connections of a loop, one read at a time:
 *
 *     if (partial) scanner.resume(partial, bytes, 0, length); else scanner.begin(bytes, 0, length);
 *     while ((result = scanner.next()) === COMPLETE) execute(scanner);
 *     if (result === BROKEN) close(scanner.error); else partial = scanner.takeRest();
 *
 * The loop may also stop after any command; `takeRest` keeps the others for a later `resume`.
 */
export class RequestScanner {
  /** Argument i of the last command is `bytes[marks[2 * i], marks[2 * i + 1])`. */
  marks: Int32Array = new Int32Array(MARKS_INITIAL);
  /** How many arguments the last command has, its name included. */
  count = 0;
  /** Where the arguments of the last command lie; valid until the next call of any method. */
  bytes: Buffer = Buffer.alloc(0);

  /** The last command as it was sent is `source[commandStart, position)`; `source` is `bytes` except for quoted inline commands. */
  source: Buffer = this.bytes;
  commandStart = 0;
  /** The first byte of `source` not consumed. */
  position = 0;

  /** After `BROKEN`: the text behind `-ERR `, a byte string (latin1). */
  error = "";

  /** `proto-max-bulk-len`, in bytes: at least 1 MiB, as in Redis, so that short bulks need no look at it. */
  bulkLengthMax = BULK_BYTES_MAX_DEFAULT;
  /** False while the client still has to authenticate: it may then send small commands only. */
  authenticated = true;

  /** Bytes of `source` in view. */
  private end = 0;

  // The half command that begins at `position`. Invariant: `cursor > position` only within one.
  /** Arguments announced, or 0 if its first line is not read yet. */
  private expected = 0;
  /** Arguments marked so far. */
  private found = 0;
  /** Where the scan goes on. */
  private cursor = 0;
  /** Length of the bulk at `cursor`, or UNKNOWN if its line is still to be read. */
  private bulkLength = UNKNOWN;

  // While the bytes kept from earlier reads are scanned: `carried.buffer[0, seam)` are those, and behind the
  // seam lie bytes lent from `chunk[chunkStart, chunkNext)`, just enough to complete the half command.
  private carried: PartialRequest | undefined;
  private seam = 0;
  private chunk: Buffer = this.bytes;
  private chunkStart = 0;
  private chunkNext = 0;
  private chunkEnd = 0;

  /** Scans `bytes[start, end)` from the beginning of a command. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.source = bytes;
    this.end = end;
    this.position = this.commandStart = this.cursor = start;
    this.expected = 0;
    this.carried = undefined;
    if (this.marks.length > MARKS_KEPT_MAX) this.marks = new Int32Array(MARKS_INITIAL);
  }

  /** Scans what `partial` kept, and then `bytes[start, end)`. `partial` belongs to the scanner until `takeRest`. */
  resume(partial: PartialRequest, bytes: Buffer, start: number, end: number): void {
    this.begin(partial.buffer, 0, partial.byteLength);
    this.expected = partial.expected;
    this.found = partial.found;
    this.cursor = partial.cursor;
    this.bulkLength = partial.bulkLength;
    this.marks = partial.restoreMarks(this.marks);
    this.carried = partial;
    this.seam = partial.byteLength;
    this.chunk = bytes;
    this.chunkStart = this.chunkNext = start;
    this.chunkEnd = end;
  }

  /** Looks for the next command. */
  next(): ScanResult {
    if (this.carried === undefined) return this.scanPlain() ? COMPLETE : this.scan();
    if (this.position >= this.seam) this.crossSeam();
    let result = this.scan();
    while (result === INCOMPLETE && this.carried !== undefined) {
      if (this.position >= this.seam) this.crossSeam();
      else if (this.chunkNext < this.chunkEnd) this.lend();
      else return INCOMPLETE;
      result = this.scan();
    }
    return result;
  }

  /** Keeps what was not consumed, for `resume`; `undefined` if nothing is left. The bytes scanned may then change. */
  takeRest(): PartialRequest | undefined {
    if (this.carried !== undefined && this.position >= this.seam) this.crossSeam();
    const { position, carried } = this;
    const rest = carried ?? (position < this.end ? new PartialRequest() : undefined);
    if (rest === undefined) return undefined;
    if (carried === undefined) {
      rest.append(this.source, position, this.end);
    } else {
      rest.discard(position);
      rest.append(this.chunk, this.chunkNext, this.chunkEnd);
    }
    rest.expected = this.expected;
    rest.cursor = Math.max(this.cursor - position, 0);
    rest.bulkLength = this.bulkLength;
    rest.found = this.expected === 0 ? 0 : this.found;
    if (rest.saveMarks(this.marks, position)) this.marks = new Int32Array(MARKS_INITIAL);
    this.carried = undefined;
    return rest;
  }

  /** The carried bytes are consumed: goes on in the chunk itself, so that most bytes are never copied. */
  private crossSeam(): void {
    this.begin(this.chunk, this.chunkStart + this.position - this.seam, this.chunkEnd);
  }

  /** Copies as much of the chunk behind the carried bytes as the half command seems to need. */
  private lend(): void {
    const carried = this.carried!;
    const held = carried.byteLength - this.position;
    const isInBulk = this.expected > 0 && this.bulkLength !== UNKNOWN;
    const bulkEnd = isInBulk ? this.cursor + this.bulkLength + 2 : 0;
    // As many bytes as are held already: a command of many short arguments is completed in few steps.
    const wanted = Math.max(bulkEnd - carried.byteLength, held, STEP_BYTES_MIN);
    const next = Math.min(this.chunkNext + wanted, this.chunkEnd);
    carried.append(this.chunk, this.chunkNext, next, isInBulk ? bulkEnd : undefined);
    this.chunkNext = next;
    this.source = carried.buffer;
    this.end = carried.byteLength;
  }

  /**
   * The hot path: a whole command of up to nine arguments that need none of the checks. Anything else
   * is left, as if it had not been looked at, to `scan`, which costs twice the time.
   */
  private scanPlain(): boolean {
    const { source: bytes, end, marks, position } = this;
    if (position + 4 > end || bytes[position] !== ASTERISK || bytes[position + 2] !== CR) return false;
    const count = bytes[position + 1]! - ZERO;
    if (count <= 0 || count > 9) return false;
    let at = position + 4;
    for (let i = 0; i < 2 * count; i += 2) {
      if (at + SHORTEST_BULK_BYTES > end || bytes[at] !== DOLLAR) return false;
      let length = bytes[at + 1]! - ZERO;
      let byte = bytes[at + 2]!;
      if (length < 0 || length > 9 || (length === 0 && byte !== CR)) return false;
      at += 3;
      while (byte !== CR) {
        if (byte < ZERO || byte > NINE || at + 2 > end) return false;
        length = 10 * length + byte - ZERO;
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX) return false;
        byte = bytes[at++]!;
      }
      marks[i] = ++at;
      marks[i + 1] = at += length;
      at += 2;
      if (at > end) return false;
    }
    this.commandStart = position;
    this.position = at;
    this.bytes = bytes;
    this.count = count;
    return true;
  }

  /** The whole grammar, from wherever the last call stopped. */
  private scan(): ScanResult {
    const bytes = this.source;
    const end = this.end;
    let at = this.cursor;
    let expected = this.expected;
    let found = this.found;
    let length = this.bulkLength;
    if (expected === 0) {
      at = this.position;
      do {
        this.position = this.commandStart = at;
        if (at >= end) return INCOMPLETE;
        if (bytes[at] === ASTERISK) {
          expected = this.readLength(bytes, at, end);
          if (expected === UNFINISHED) return INCOMPLETE;
          if (expected < 0 && expected !== NEGATIVE) return this.fail(countProblem(expected));
          if (expected > UNAUTHENTICATED_COUNT_MAX) {
            if (expected > COUNT_MAX) return this.fail(countProblem(INVALID));
            if (!this.authenticated) return this.fail("unauthenticated multibulk length");
          }
        } else {
          const result = this.scanInline(bytes, at, end);
          if (result !== EMPTY_LINE) return result;
        }
        at = this.cursor;
      } while (expected <= 0);
      found = 0;
      length = UNKNOWN;
    }
    let marks = this.marks;
    while (found < expected) {
      if (length === UNKNOWN) {
        if (at >= end) break;
        length = this.readLength(bytes, at, end);
        if (length === UNFINISHED) break;
        if (bytes[at] !== DOLLAR || length < 0) return this.fail(bulkProblem(bytes[at]!, length));
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX) {
          if (length > this.bulkLengthMax) return this.fail(bulkProblem(DOLLAR, INVALID));
          if (!this.authenticated) return this.fail("unauthenticated bulk length");
        }
        at = this.cursor;
      }
      const bulkEnd = at + length;
      if (bulkEnd + 2 > end) break;
      if (2 * found === marks.length) marks = this.growMarks();
      marks[2 * found] = at;
      marks[2 * found + 1] = bulkEnd;
      found++;
      at = bulkEnd + 2;
      length = UNKNOWN;
    }
    if (found < expected) {
      this.expected = expected;
      this.found = found;
      this.cursor = at;
      this.bulkLength = length;
      return INCOMPLETE;
    }
    this.expected = 0;
    this.bytes = bytes;
    this.count = found;
    this.position = at;
    return COMPLETE;
  }

  /** The number on the line at `at`, behind its first byte; `cursor` is then behind the line. Negative: see `length-line.ts`. */
  private readLength(bytes: Buffer, at: number, end: number): number {
    if (at + 4 <= end && bytes[at + 2] === CR) {
      const length = bytes[at + 1]! - ZERO;
      if (length < 0 || length > 9) return this.readOddLength(bytes, at, end);
      this.cursor = at + 4;
      return length;
    }
    let next = at + 1;
    let length = 0;
    while (next < end && bytes[next]! >= ZERO && bytes[next]! <= NINE) {
      length = 10 * length + bytes[next++]! - ZERO;
    }
    const digits = next - at - 1;
    const isPlain = digits === 1 || (digits > 1 && digits <= PLAIN_DIGITS_MAX && bytes[at + 1] !== ZERO);
    if (!isPlain || next + 1 >= end || bytes[next] !== CR) return this.readOddLength(bytes, at, end);
    this.cursor = next + 2;
    return length;
  }

  /** The same for lines that are negative, very long, damaged or not all there. */
  private readOddLength(bytes: Buffer, at: number, end: number): number {
    const size = lineLength(bytes, at, end);
    if (size < 0) return size;
    this.cursor = at + size + 2;
    return parseLength(bytes.toString("latin1", at + 1, at + size));
  }

  /** Marks argument `i`, where speed matters less. */
  private mark(i: number, start: number, end: number): void {
    const marks = 2 * i === this.marks.length ? this.growMarks() : this.marks;
    marks[2 * i] = start;
    marks[2 * i + 1] = end;
  }

  private growMarks(): Int32Array {
    const larger = new Int32Array(2 * this.marks.length);
    larger.set(this.marks);
    this.marks = larger;
    return larger;
  }

  private scanInline(bytes: Buffer, at: number, end: number): ScanResult | typeof EMPTY_LINE {
    const lineLimit = Math.min(end, at + LINE_BYTES_MAX + 1);
    let newline = Math.max(at, this.cursor);
    while (newline < lineLimit && bytes[newline] !== LF) newline++;
    if (newline === lineLimit) {
      this.cursor = newline;
      return end - at > LINE_BYTES_MAX ? this.fail("too big inline request") : INCOMPLETE;
    }
    const lineEnd = newline > at && bytes[newline - 1] === CR ? newline - 1 : newline;
    this.cursor = newline + 1;
    this.bytes = bytes;
    const isBalanced = this.markWords(bytes, at, lineEnd) || this.markQuotedWords(bytes, at, lineEnd);
    if (!isBalanced) return this.fail("unbalanced quotes in request");
    if (this.count === 0) return EMPTY_LINE;
    this.position = this.cursor;
    return COMPLETE;
  }

  /** Marks the words of a line where they stand; false if one is quoted, for those need unescaping. */
  private markWords(bytes: Buffer, start: number, end: number): boolean {
    let count = 0;
    let at = start;
    for (;;) {
      while (at < end && isSpace(bytes[at]!)) at++;
      if (at === end) break;
      const wordStart = at;
      while (at < end && !endsWord(bytes[at]!)) {
        if (bytes[at] === DOUBLE_QUOTE || bytes[at] === SINGLE_QUOTE) return false;
        at++;
      }
      this.mark(count++, wordStart, at);
    }
    this.count = count;
    return true;
  }

  /** Writes the words of a line without their quotes into a buffer of their own; false if a quote stays open. */
  private markQuotedWords(bytes: Buffer, start: number, end: number): boolean {
    const words = splitWords(bytes.toString("latin1", start, end));
    if (words === undefined) return false;
    this.bytes = Buffer.from(words.join(""), "latin1");
    this.count = 0;
    let at = 0;
    for (const word of words) this.mark(this.count++, at, (at += word.length));
    return true;
  }

  private fail(reason: string): ScanResult {
    this.error = `Protocol error: ${reason}`;
    return BROKEN;
  }
}
