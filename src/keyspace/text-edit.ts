/**
 * APPEND, SETRANGE, SETBIT, BITFIELD: writing bytes over a part of a text, in place. Every edit starts a new life; the deadline is
 * carried over into it.
 */
import { copyBytes } from "../base/bytes.js";
import { type Location, NOWHERE } from "./arena.js";
import { textOf } from "./counter.js";
import type { Keyspace } from "./keyspace.js";
import { FLOAT_TEXT, RAW_TEXT, registerBytes, TYPE_FLAGS_ORIGIN, TYPE_TEXT } from "./record.js";

/**
 * Writes bytes over the text of the open key from `offset` on, which may lie beyond its end: zeros go between. An
 * absent key counts as empty text; a counter becomes the text of its digits.
 */
export function patchText(
  keyspace: Keyspace,
  offset: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  const { records } = keyspace;
  const isText = keyspace.at !== NOWHERE && records.type(keyspace.at) === TYPE_TEXT;
  if (!isText) becomeText(keyspace);
  const predecessorClock = records.lifeClock(keyspace.at);
  const predecessorOrigin = records.lifeOrigin(keyspace.at);
  const at = grow(keyspace, offset + end - start);
  const body = records.body(at);
  copyBytes(bytes, start, end, body.bytes, body.start + offset);
  records.setLife(at, keyspace.clock.next(), keyspace.origin);
  markRaw(keyspace);
  if (isText) keyspace.journal?.patched(predecessorClock, predecessorOrigin, offset, end - start);
  else keyspace.journal?.replaced();
  keyspace.changed();
}

/** OBJECT ENCODING: what was edited, or was to be, Redis keeps in another form than what was set. */
export function markRaw({ records, at }: Keyspace): void {
  records.setWord(at, TYPE_FLAGS_ORIGIN, (records.word1(at) & ~FLOAT_TEXT) | RAW_TEXT);
}

/** OBJECT ENCODING: Redis never keeps what INCRBYFLOAT wrote as an integer. */
export function markFloat({ records, at }: Keyspace): void {
  records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | FLOAT_TEXT);
}

/** Gives the open key the text that clients see there. What comes after it makes a life of it. */
function becomeText(keyspace: Keyspace): void {
  const { at, records, clock } = keyspace;
  if (at === NOWHERE) {
    keyspace.place(TYPE_TEXT, clock.next(), 0, 0);
    return;
  }
  // The digits of a counter are not in the arena, so they outlive its record.
  const { bytes, start, end } = textOf(keyspace, at);
  const body = records.body(keyspace.place(TYPE_TEXT, clock.next(), records.deadline(at), end - start));
  copyBytes(bytes, start, end, body.bytes, body.start);
}

/** Makes the open text at least `length` bytes long and its body one that may be changed, with the register of a new life. */
function grow(keyspace: Keyspace, length: number): Location {
  const { records } = keyspace;
  const registerSize = records.deadline(keyspace.at) === 0 ? 0 : 8;
  const before = records.bodyLength(keyspace.at);
  // Growth copies what is shared anyway.
  if (length <= before) records.makeOwn(keyspace.at);
  if (length <= before && registerBytes(records.word1(keyspace.at)) === registerSize) return keyspace.at;
  const at = keyspace.reshape(registerSize, Math.max(length, before));
  if (length > before && !records.isOutside(at)) {
    const body = records.body(at);
    body.bytes.fill(0, body.start + before, body.end);
  }
  return at;
}
