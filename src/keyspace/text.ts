/**
 * Text: a string of bytes. A SET starts a life, and so does every edit (text-edit.ts); within a life the value never
 * changes, which is why two texts of one life need no merging.
 */
import { copyBytes } from "../base/bytes.js";
import { UNIT_BITS, UNIT_MASK } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import {
  BODY_LENGTH,
  HEADER_BYTES,
  KEY_LENGTH,
  OUTSIDE,
  OUTSIDE_BYTES,
  RAW_TEXT,
  registerBytes,
  TYPE_FLAGS_ORIGIN,
  TYPE_TEXT,
} from "./record.js";

/** SET: gives the open key a text of a new life. `deadlineMs` 0 means no expiry. */
export function setText(
  keyspace: Keyspace,
  bytes: Buffer,
  start: number,
  end: number,
  deadlineMs: number,
): void {
  const at = keyspace.place(TYPE_TEXT, keyspace.clock.next(), deadlineMs, end - start);
  const slab = keyspace.records.arena.slabs[at >>> UNIT_BITS]!;
  const word = (at & UNIT_MASK) << 1;
  const word1 = slab.words[word + TYPE_FLAGS_ORIGIN]!;
  if (word1 & OUTSIDE) {
    const body = keyspace.records.body(at);
    bytes.copy(body.bytes, body.start, start, end);
  } else {
    const to = (word << 2) + HEADER_BYTES + registerBytes(word1) + slab.words[word + KEY_LENGTH]!;
    copyBytes(bytes, start, end, slab.bytes, to);
  }
  keyspace.journal?.replaced();
  keyspace.changed();
}

/**
 * The same of bytes that were made for this and that nobody else holds: a text too large for the arena is kept where they are. It is one that
 * OBJECT ENCODING calls raw, as Redis does what it has computed.
 */
export function setComputedText(keyspace: Keyspace, bytes: Buffer, deadlineMs: number): void {
  const { records } = keyspace;
  const isOutside = bytes.length > OUTSIDE_BYTES;
  const at = keyspace.place(TYPE_TEXT, keyspace.clock.next(), deadlineMs, isOutside ? 0 : bytes.length);
  if (isOutside) {
    records.setWord(at, BODY_LENGTH, records.adopt(bytes));
  } else {
    const body = records.body(at);
    copyBytes(bytes, 0, bytes.length, body.bytes, body.start);
  }
  records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | RAW_TEXT | (isOutside ? OUTSIDE : 0));
  keyspace.journal?.replaced();
  keyspace.changed();
}
