/**
 * Counters: what INCR makes of a key. A counter joins the life of the text or the absence it grew from; its value is the
 * base of that life plus what each node contributed, so that increments on two sides of a partition add up. The
 * form of its bytes is delta/packed-counter.ts's business.
 */
import {
  addInt64,
  formatInt64,
  INT64_DIGITS_MAX,
  type Int64,
  parseInt64,
  writeInt64,
} from "../base/int64.js";
import {
  CONTRIBUTION_BYTES,
  COUNTER_BASE_BYTES,
  contributionSum,
  findContribution,
  packedCounterValue,
  writeContribution,
} from "../delta/packed-counter.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import {
  RAW_TEXT,
  type RecordType,
  registerBytes,
  TYPE_COUNTER,
  TYPE_FLAGS_ORIGIN,
  TYPE_TEXT,
} from "./record.js";
import type { ByteView } from "./records.js";
import { setText } from "./text.js";

const TYPE_MASK = 0xff;

const digits: ByteView = { bytes: Buffer.alloc(INT64_DIGITS_MAX), start: 0, end: 0 };

/** The bytes that clients see of a text or counter: valid until the next call of this or change of the keyspace. */
export function textOf(keyspace: Keyspace, at: Location): ByteView {
  const { records } = keyspace;
  const body = records.body(at);
  if (records.type(at) !== TYPE_COUNTER) return body;
  digits.end = formatInt64(digits.bytes, 0, packedCounterValue(body.bytes, body.start, body.end));
  return digits;
}

/** The integer that a text or counter holds, 0 if there is no record, undefined if the text is none. */
export function integerOf(keyspace: Keyspace, at: Location): Int64 | undefined {
  if (at === NOWHERE) return 0;
  const body = keyspace.records.body(at);
  return keyspace.records.type(at) === TYPE_COUNTER
    ? packedCounterValue(body.bytes, body.start, body.end)
    : parseInt64(body.bytes, body.start, body.end);
}

/**
 * INCRBY: adds to the open key, which is absent, a counter, or text that `integerOf` could read. The caller has made
 * sure that the sum is an int64.
 */
export function addToCounter(keyspace: Keyspace, by: Int64): void {
  if (keyspace.at === NOWHERE) createCounter(keyspace);
  else if (keyspace.records.type(keyspace.at) === TYPE_TEXT) turnIntoCounter(keyspace);
  if (contribute(keyspace, by)) {
    keyspace.journal?.counted();
    keyspace.changed();
  } else {
    restart(keyspace, by);
  }
}

/** This node's contribution would exceed 64 bits, though the value does not: a new life takes the value as its text. */
function restart(keyspace: Keyspace, by: Int64): void {
  const value = addInt64(integerOf(keyspace, keyspace.at)!, by)!;
  const end = formatInt64(digits.bytes, 0, value);
  setText(keyspace, digits.bytes, 0, end, keyspace.records.deadline(keyspace.at));
}

/** Makes text of the open key where it is a counter, or empty text where it is absent, so that it can be edited. */
export function asText(keyspace: Keyspace): void {
  const { at, records } = keyspace;
  if (at === NOWHERE) {
    keyspace.place(TYPE_TEXT, keyspace.clock.next(), 0, 0);
    keyspace.journal?.replaced();
  } else if (records.type(at) === TYPE_COUNTER) {
    const { bytes, start, end } = textOf(keyspace, at);
    setText(keyspace, bytes, start, end, records.deadline(at));
  }
}

function createCounter(keyspace: Keyspace): void {
  const at = keyspace.placeBorn(TYPE_COUNTER, keyspace.clock.next(), COUNTER_BASE_BYTES);
  const body = keyspace.records.body(at);
  writeInt64(body.bytes, body.start, 0);
}

/** The life, its register and its origin stay: a counter ranks above the text of the same life. */
function turnIntoCounter(keyspace: Keyspace): void {
  const { records } = keyspace;
  const base = integerOf(keyspace, keyspace.at)!;
  const at = keyspace.reshape(registerBytes(records.word1(keyspace.at)), COUNTER_BASE_BYTES);
  setType(keyspace, at, TYPE_COUNTER);
  const body = records.body(at);
  writeInt64(body.bytes, body.start, base);
}

function setType(keyspace: Keyspace, at: Location, type: RecordType): void {
  const { records } = keyspace;
  records.setWord(at, TYPE_FLAGS_ORIGIN, (records.word1(at) & ~(TYPE_MASK | RAW_TEXT)) | type);
}

/** Adds to this node's contribution. False if that would not fit. */
function contribute(keyspace: Keyspace, by: Int64): boolean {
  const { records, origin, boot } = keyspace;
  const clock = keyspace.clock.next();
  let body = records.body(keyspace.at);
  const found = findContribution(body.bytes, body.start, body.end, keyspace);
  if (found >= 0) {
    const sum = addInt64(contributionSum(body.bytes, found), by);
    if (sum === undefined) return false;
    writeContribution(body.bytes, found, { origin, boot, sum, clock });
    return true;
  }
  const offset = ~found - body.start;
  const length = body.end - body.start;
  const at = keyspace.reshape(registerBytes(records.word1(keyspace.at)), length + CONTRIBUTION_BYTES);
  body = records.body(at);
  const place = body.start + offset;
  body.bytes.copyWithin(place + CONTRIBUTION_BYTES, place, body.start + length);
  writeContribution(body.bytes, place, { origin, boot, sum: by, clock });
  return true;
}
