/**
 * Text: a string of bytes. A SET starts a life, and so does every edit; within a life the value never changes, which
 * is why two texts of one life need no merging.
 */
import { copyBytes } from "../base/bytes.js";
import { type Location, UNIT_BITS, UNIT_MASK } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import {
  HEADER_BYTES,
  KEY_LENGTH,
  OUTSIDE,
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
 * APPEND, SETRANGE, SETBIT: writes bytes over the open text from `offset` on, which may lie beyond its end (zeros
 * go between). The open key must hold text. The deadline is carried over into the new life.
 */
export function patchText(
  keyspace: Keyspace,
  offset: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  const { records } = keyspace;
  const predecessorClock = records.lifeClock(keyspace.at);
  const predecessorOrigin = records.lifeOrigin(keyspace.at);
  const length = records.bodyLength(keyspace.at);
  const newLength = Math.max(length, offset + end - start);
  const clock = keyspace.clock.next();
  const at = growText(keyspace, keyspace.at, length, newLength);
  const body = records.body(at);
  bytes.copy(body.bytes, body.start + offset, start, end);
  keyspace.rebirth(clock);
  records.setWord(keyspace.at, TYPE_FLAGS_ORIGIN, records.word1(keyspace.at) | RAW_TEXT);
  keyspace.journal?.patched(predecessorClock, predecessorOrigin, offset, end - start);
  keyspace.changed();
}

function growText(keyspace: Keyspace, at: Location, length: number, newLength: number): Location {
  const { records } = keyspace;
  const isOutside = (records.word1(at) & OUTSIDE) !== 0;
  if (newLength === length && !isOutside) return at;
  // An outside body that a reply still reads is copied even if its length stays.
  const to = keyspace.reshape(registerBytes(records.word1(at)), newLength);
  if ((records.word1(to) & OUTSIDE) === 0) {
    const body = records.body(to);
    body.bytes.fill(0, body.start + length, body.end);
  }
  return to;
}
