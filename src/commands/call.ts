/**
 * One command being executed, as its handler sees it: the arguments, the keyspace, the reply. There is one
 * such object per node, filled anew for each command, so that executing allocates nothing.
 *
 * Handlers check all arguments before they change anything: a thrown `ReplyError` becomes the reply and
 * state is as before.
 */
import { type Int64, parseInt64 } from "../base/int64.js";
import type { SlotRoutes } from "../cluster/slot-routes.js";
import type { ConfigStore } from "../config/config-store.js";
import { type Location, NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { RecordType } from "../keyspace/record.js";
import { NOT_AN_INTEGER, ReplyError, TEXT_TOO_LONG, WRONG_TYPE } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";

const LOWER_CASE = 0x20;
/**
 * What is more is no name, and no message. Arguments may be as long as values, of which V8 makes no string: it ends 24 characters below
 * half a gigabyte. Half of that leaves room for what a text is put together with.
 */
export const TEXT_BYTES_MAX = 2 ** 28;

/** What a call works with; the same for all calls of a node. */
export interface Workplace {
  readonly keyspace: Keyspace;
  readonly config: ConfigStore;
  /** Where the reply goes; its `resp` field says in which version of the protocol. */
  readonly reply: ReplyWriter;
  /** Unsigned 32-bit random integers. */
  readonly random: () => number;
}

export class Call {
  readonly keyspace: Keyspace;
  readonly config: ConfigStore;
  readonly reply: ReplyWriter;
  readonly random: () => number;
  /** Which slots' commands this node executes: others have the keys of the rest, of which copies may be here. Null: all. */
  routes: SlotRoutes | null = null;
  /** The buffer in which the arguments lie; valid only during the call. */
  bytes: Buffer = Buffer.alloc(0);
  /** Argument i lies at [marks[2i], marks[2i + 1]); argument 0 is the command's name. */
  marks: Int32Array = new Int32Array(0);
  /** Number of arguments, the name included. */
  count = 0;

  constructor(workplace: Workplace) {
    this.keyspace = workplace.keyspace;
    this.config = workplace.config;
    this.reply = workplace.reply;
    this.random = workplace.random;
  }

  start(index: number): number {
    return this.marks[index << 1]!;
  }

  end(index: number): number {
    return this.marks[(index << 1) + 1]!;
  }

  length(index: number): number {
    return this.end(index) - this.start(index);
  }

  /** A copy of an argument's bytes, which may be kept. */
  copy(index: number): Buffer {
    return Buffer.from(this.bytes.subarray(this.start(index), this.end(index)));
  }

  /** An argument as text, one character a byte: for names and messages, not for values. Refuses one beyond `TEXT_BYTES_MAX`. */
  text(index: number): string {
    if (this.length(index) > TEXT_BYTES_MAX) throw new ReplyError(TEXT_TOO_LONG);
    return this.bytes.toString("latin1", this.start(index), this.end(index));
  }

  /** The same of all arguments from one on, by which they end: together they are no longer than one text may be. */
  texts(from: number): string[] {
    if (from < this.count && this.end(this.count - 1) - this.start(from) > TEXT_BYTES_MAX) {
      throw new ReplyError(TEXT_TOO_LONG);
    }
    return Array.from({ length: Math.max(this.count - from, 0) }, (_, i) => this.text(from + i));
  }

  /** The same of Unicode, which on the wire is UTF-8. */
  unicode(index: number): string {
    if (this.length(index) > TEXT_BYTES_MAX) throw new ReplyError(TEXT_TOO_LONG);
    return this.bytes.toString("utf8", this.start(index), this.end(index));
  }

  /** How an argument begins, as text, however long it is: what is made of no more does not hold the rest. Refuses nothing. */
  head(index: number, bytesMax: number): string {
    const start = this.start(index);
    return this.bytes.toString("latin1", start, Math.min(this.end(index), start + bytesMax));
  }

  /** Whether an argument is this word, given in lower case, in whichever case it came. */
  is(index: number, word: string): boolean {
    const start = this.start(index);
    if (this.end(index) - start !== word.length) return false;
    for (let i = 0; i < word.length; i++) {
      const byte = this.bytes[start + i]!;
      const letter = byte >= 0x41 && byte <= 0x5a ? byte | LOWER_CASE : byte;
      if (letter !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  /** An argument as a 64-bit integer; beyond ±2^53 the nearest float64. Refuses what is none with an error line. */
  integer(index: number, error = NOT_AN_INTEGER): number {
    return Number(this.int64(index, error));
  }

  /** The same, exactly. */
  int64(index: number, error = NOT_AN_INTEGER): Int64 {
    const value = parseInt64(this.bytes, this.start(index), this.end(index));
    if (value === undefined) throw new ReplyError(error);
    return value;
  }

  /**
   * Opens the key in an argument for reading its value (counts a hit or a miss, and a use), for asking about it (counts a
   * hit or a miss), for asking about its record (the same, but tells nobody of a miss), for changing it (counts a use), or without leaving a trace.
   */
  read(index: number): Location {
    return this.keyspace.read(this.bytes, this.start(index), this.end(index));
  }

  look(index: number): Location {
    return this.keyspace.look(this.bytes, this.start(index), this.end(index));
  }

  inspect(index: number): Location {
    return this.keyspace.inspect(this.bytes, this.start(index), this.end(index));
  }

  open(index: number): Location {
    return this.keyspace.open(this.bytes, this.start(index), this.end(index));
  }

  peek(index: number): Location {
    return this.keyspace.peek(this.bytes, this.start(index), this.end(index));
  }

  /** Refuses a record of another type than those given; an absent one passes. */
  expectType(at: Location, type: RecordType, other: RecordType = type): void {
    if (at === NOWHERE) return;
    const found = this.keyspace.records.type(at);
    if (found !== type && found !== other) throw new ReplyError(WRONG_TYPE);
  }
}
