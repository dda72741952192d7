/**
 * Writes replies as RESP, version 2 or 3, into one growing buffer. It knows the bytes of the protocol and nothing of
 * commands; which connection the buffer goes to, and when, is its owner's business.
 *
 * Texts of simple strings and errors are byte strings (one character a byte, latin1), since errors quote
 * what clients sent. Texts of bulk and verbatim strings are Unicode and are written as UTF-8, unless said otherwise.
 *
 * Long because there are many kinds of replies, and all go into the one buffer.
 */

import { assert } from "../base/assert.js";
import {
  ASTERISK,
  COLON,
  COMMA,
  CR,
  DOLLAR,
  EQUALS,
  GREATER_THAN,
  HASH,
  LF,
  LOWER_F,
  LOWER_T,
  MINUS,
  PERCENT,
  PLUS,
  SPACE,
  TILDE,
  UNDERSCORE,
  UPPER_K,
  UPPER_O,
  ZERO,
} from "./ascii.js";
import { decimalLength, writeDecimal } from "./decimal-digits.js";
import { formatDouble } from "./double-text.js";
import { REPLY_TOO_LARGE, ReplyError } from "./reply-error.js";

/** Where replies go: the sending half of a connection. */
export interface ByteSink {
  /** True if the memory may be used again at once; false if the sink keeps it. */
  write(bytes: Uint8Array): boolean;
  /** Bytes written and not sent yet. While there are any, every write is kept. */
  readonly pendingBytes: number;
}

const BUFFER_BYTES_MIN = 16 * 1024;
/** A buffer that grew beyond this for a giant reply is not kept for the small ones that follow. */
const BUFFER_BYTES_KEPT_MAX = 256 * 1024;
/** Below this a loop copies faster than a native call (measured). */
const LOOP_COPY_BYTES_MAX = 40;
/** Type byte, the 16 digits of a safe integer with its sign, CRLF. */
const HEADER_BYTES_MAX = 20;
/** What `reserveArray` leaves free: the header of up to nine elements. Longer ones move what follows. */
const RESERVED_BYTES = 4;

/** The same value may be asked for again and again; what copies of values may take in all. */
const REPLY_BYTES_MAX = 2 ** 30;

/** Replies shorter than this are sent by views that are kept. */
const VIEWS = 128;

export class ReplyWriter {
  /** Version of the protocol: what `HELLO` agreed on. */
  resp: 2 | 3 = 2;
  /** The replies are `buffer[0, length)`, with the large values between them where they were given. */
  buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  length = 0;

  // Values sent from where they lie: `large[i]` belongs before `buffer[largeAt[i]]`. Mostly empty.
  private large: Buffer[] = [];
  private largeAt: number[] = [];
  private largeBytes = 0;

  /** Views of `viewed`, by length. */
  private readonly views: (Buffer | undefined)[] = Array.from({ length: VIEWS }, () => undefined);
  private viewed = this.buffer;

  /** `bulk` refuses what makes the replies larger. */
  constructor(readonly bytesMax = REPLY_BYTES_MAX) {}

  /** All bytes of the replies, for the limits of output buffers. */
  get byteLength(): number {
    return this.length + this.largeBytes;
  }

  // ---- Replies ----

  ok(): void {
    const { buffer, length } = this.reserve(5);
    buffer[length] = PLUS;
    buffer[length + 1] = UPPER_O;
    buffer[length + 2] = UPPER_K;
    buffer[length + 3] = CR;
    buffer[length + 4] = LF;
    this.length = length + 5;
  }

  simple(text: string): void {
    this.line(PLUS, text);
  }

  /** `line` is the whole error with its code, such as `ERR syntax error`. */
  error(line: string): void {
    this.line(MINUS, line);
  }

  /** Any safe integer. */
  integer(value: number): void {
    this.header(COLON, value);
  }

  /** Any 64-bit integer. */
  integer64(value: bigint): void {
    this.line(COLON, value.toString());
  }

  /** Copies `bytes[start, end)`. Refuses, by a `ReplyError`, where the replies would become too large. */
  bulk(bytes: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.bytesMax) throw new ReplyError(REPLY_TOO_LARGE);
    const { buffer } = this.reserve(size + HEADER_BYTES_MAX + 2);
    this.header(DOLLAR, size);
    const { length } = this;
    if (size < LOOP_COPY_BYTES_MAX) {
      for (let i = 0; i < size; i++) buffer[length + i] = bytes[start + i]!;
    } else {
      bytes.copy(buffer, length, start, end);
    }
    buffer[length + size] = CR;
    buffer[length + size + 1] = LF;
    this.length = length + size + 2;
  }

  bulkText(text: string): void {
    this.bulkOf(DOLLAR, "", text);
  }

  /** An integer in the form of a bulk string, as values and cursors are. Any safe integer. Refuses as `bulk` does. */
  bulkInteger(value: number): void {
    const size = decimalLength(value);
    if (this.length + size > this.bytesMax) throw new ReplyError(REPLY_TOO_LARGE);
    this.header(DOLLAR, size);
    this.reserve(HEADER_BYTES_MAX);
    this.lineEnd(writeDecimal(this.buffer, this.length, value));
  }

  /** The absent value: `$-1` to RESP2. */
  null(): void {
    if (this.resp === 3) this.null3();
    else this.minusOne(DOLLAR);
  }

  /** The absent array: `*-1` to RESP2. */
  nullArray(): void {
    if (this.resp === 3) this.null3();
    else this.minusOne(ASTERISK);
  }

  /** Announces `count` elements, which must follow. */
  array(count: number): void {
    this.header(ASTERISK, count);
  }

  emptyArray(): void {
    this.header(ASTERISK, 0);
  }

  /** Announces `count` pairs of key and value; RESP2 sees an array of twice as many elements. */
  map(count: number): void {
    if (this.resp === 3) this.header(PERCENT, count);
    else this.header(ASTERISK, 2 * count);
  }

  set(count: number): void {
    this.header(this.resp === 3 ? TILDE : ASTERISK, count);
  }

  /** Announces a message that answers no command. */
  push(count: number): void {
    this.header(this.resp === 3 ? GREATER_THAN : ASTERISK, count);
  }

  double(value: number): void {
    // Most scores are whole numbers.
    if (this.resp === 2 && Number.isSafeInteger(value) && !Object.is(value, -0)) this.bulkInteger(value);
    else this.doubleText(formatDouble(value));
  }

  /** A double in a form of its own. */
  doubleText(text: string): void {
    if (this.resp === 3) this.line(COMMA, text);
    else this.bulkText(text);
  }

  boolean(value: boolean): void {
    if (this.resp === 2) {
      this.header(COLON, value ? 1 : 0);
      return;
    }
    const { buffer, length } = this.reserve(4);
    buffer[length] = HASH;
    buffer[length + 1] = value ? LOWER_T : LOWER_F;
    this.lineEnd(length + 2);
  }

  /** Text for people; `format` is `txt` or `mkd`. With `latin1` it is a byte string, as what quotes clients is. */
  verbatim(text: string, format: "txt" | "mkd", encoding: "latin1" | "utf8" = "utf8"): void {
    if (this.resp === 3) this.bulkOf(EQUALS, `${format}:`, text, encoding);
    else this.bulkOf(DOLLAR, "", text, encoding);
  }

  /** Replies that are encoded already. */
  raw(bytes: Buffer, start: number, end: number): void {
    const { buffer, length } = this.reserve(end - start);
    bytes.copy(buffer, length, start, end);
    this.length = length + end - start;
  }

  /** A bulk string that is sent from where it lies: `value` must not change from now on. Pays above some 64 KiB. */
  largeBulk(value: Buffer): void {
    this.header(DOLLAR, value.length);
    this.large.push(value);
    this.largeAt.push(this.length);
    this.largeBytes += value.length;
    this.reserve(2);
    this.lineEnd(this.length);
  }

  // ---- Aggregates whose size is known only at their end ----

  /** Begins an aggregate. The mark is good for one `fillArray`, `fillMap` or `fillSet`; inner ones are filled first. */
  reserveArray(): number {
    const { length } = this.reserve(RESERVED_BYTES);
    this.length = length + RESERVED_BYTES;
    return length;
  }

  fillArray(mark: number, count: number): void {
    this.fill(mark, ASTERISK, count);
  }

  fillMap(mark: number, count: number): void {
    if (this.resp === 3) this.fill(mark, PERCENT, count);
    else this.fill(mark, ASTERISK, 2 * count);
  }

  fillSet(mark: number, count: number): void {
    this.fill(mark, this.resp === 3 ? TILDE : ASTERISK, count);
  }

  // ---- Taking replies back ----

  /** A place to `rollback` to, as long as nothing is sent or taken meanwhile. */
  mark(): number {
    return this.length;
  }

  /** Unsays everything written since the mark. */
  rollback(mark: number): void {
    assert(mark <= this.length, "a reply cannot be rolled back to a place ahead");
    this.length = mark;
    // A large value stands behind its own header, hence strictly behind any mark made before it.
    while (this.large.length > 0 && this.largeAt.at(-1)! > mark) {
      this.largeBytes -= this.large.pop()!.length;
      this.largeAt.pop();
    }
  }

  // ---- Sending ----

  /**
   * Sends the replies and begins anew. The buffer is used again if the sink took its bytes at once; if the sink
   * keeps it, it is given away. Behind other pending bytes everything is kept: then a copy of the exact size
   * goes, lest five bytes hold a whole buffer.
   */
  sendTo(sink: ByteSink): void {
    if (this.length === 0) return;
    if (this.large.length > 0) {
      for (const segment of this.take()) sink.write(segment);
      return;
    }
    const bytes = this.view();
    if (sink.pendingBytes > 0) sink.write(Buffer.from(bytes));
    else if (!sink.write(bytes)) this.buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
    this.reset();
  }

  /** The bytes to send. Making a view costs more than writing a short reply, and short replies are often of one length. */
  private view(): Buffer {
    const { buffer, length } = this;
    if (length >= VIEWS) return buffer.subarray(0, length);
    if (this.viewed !== buffer) {
      this.viewed = buffer;
      this.views.fill(undefined);
    }
    return (this.views[length] ??= buffer.subarray(0, length));
  }

  /** The replies as buffers that belong to the caller, in order. */
  take(): Buffer[] {
    const segments: Buffer[] = [];
    let from = 0;
    for (const [i, value] of this.large.entries()) {
      const at = this.largeAt[i]!;
      segments.push(this.buffer.subarray(from, at), value);
      from = at;
    }
    if (from < this.length) segments.push(this.buffer.subarray(from, this.length));
    this.buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
    this.reset();
    return segments;
  }

  /** Drops the replies. */
  reset(): void {
    this.length = 0;
    if (this.buffer.length > BUFFER_BYTES_KEPT_MAX) this.buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
    if (this.large.length > 0) {
      this.large = [];
      this.largeAt = [];
      this.largeBytes = 0;
    }
  }

  // ---- Bytes ----

  /** Makes room for `count` more bytes. Whoever writes reads `buffer` after it. */
  private reserve(count: number): this {
    if (this.length + count > this.buffer.length) this.grow(this.length + count);
    return this;
  }

  private grow(bytesNeeded: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, bytesNeeded));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** A type byte, a safe integer and CRLF. */
  private header(type: number, value: number): void {
    const { buffer, length } = this.reserve(HEADER_BYTES_MAX);
    buffer[length] = type;
    // Most headers announce less than a hundred bytes or elements.
    if (value >= 10 && value < 100) {
      const tens = (value / 10) | 0;
      buffer[length + 1] = ZERO + tens;
      buffer[length + 2] = ZERO + value - 10 * tens;
      buffer[length + 3] = CR;
      buffer[length + 4] = LF;
      this.length = length + 5;
    } else if (value >= 0 && value < 10) {
      buffer[length + 1] = ZERO + value;
      buffer[length + 2] = CR;
      buffer[length + 3] = LF;
      this.length = length + 4;
    } else {
      this.lineEnd(writeDecimal(buffer, length + 1, value));
    }
  }

  private lineEnd(at: number): void {
    const { buffer } = this;
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.length = at + 2;
  }

  /** A line of latin1 text; line ends in it become spaces, as they would end the reply. */
  private line(type: number, text: string): void {
    const { buffer, length } = this.reserve(text.length + 3);
    buffer[length] = type;
    let at = length + 1;
    for (let i = 0; i < text.length; i++) {
      const byte = text.charCodeAt(i);
      buffer[at++] = byte === CR || byte === LF ? SPACE : byte;
    }
    this.lineEnd(at);
  }

  private bulkOf(type: number, prefix: string, text: string, encoding: "latin1" | "utf8" = "utf8"): void {
    const size = prefix.length + Buffer.byteLength(text, encoding);
    const { buffer } = this.reserve(size + HEADER_BYTES_MAX + 2);
    this.header(type, size);
    const at = this.length + buffer.write(prefix, this.length, "latin1");
    this.lineEnd(at + buffer.write(text, at, encoding));
  }

  private null3(): void {
    const { buffer, length } = this.reserve(3);
    buffer[length] = UNDERSCORE;
    this.lineEnd(length + 1);
  }

  private minusOne(type: number): void {
    const { buffer, length } = this.reserve(5);
    buffer[length] = type;
    buffer[length + 1] = MINUS;
    buffer[length + 2] = ZERO + 1;
    this.lineEnd(length + 3);
  }

  /** Writes the header of a reserved aggregate, and moves what follows if the header is longer than reserved. */
  private fill(mark: number, type: number, count: number): void {
    // Before `length` goes back: growing keeps only what lies in front of it.
    this.reserve(HEADER_BYTES_MAX);
    const end = this.length;
    const moved = decimalLength(count) + 3 - RESERVED_BYTES;
    if (moved > 0) {
      this.buffer.copyWithin(mark + moved + RESERVED_BYTES, mark + RESERVED_BYTES, end);
      for (let i = this.largeAt.length - 1; i >= 0 && this.largeAt[i]! > mark; i--) this.largeAt[i]! += moved;
    }
    this.length = mark;
    this.header(type, count);
    this.length = end + moved;
  }
}
