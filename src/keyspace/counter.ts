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
  rewriteContribution,
  writeContribution,
} from "../delta/packed-counter.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import { registerBytes, TEXT_FORM, TYPE_COUNTER, TYPE_FLAGS_ORIGIN, TYPE_TEXT } from "./record.js";
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
 * INCRBY: adds to the open key, which is absent, a counter, or text that `integerOf` could read. `sum` is what clients
 * see from now on: the caller has made sure that it is an int64.
 */
export function addToCounter(keyspace: Keyspace, by: Int64, sum: Int64): void {
  const { at, records } = keyspace;
  if (at === NOWHERE) {
    createCounter(keyspace, by);
  } else if (records.type(at) === TYPE_TEXT) {
    turnIntoCounter(keyspace, by);
  } else if (!contribute(keyspace, by, sum)) {
    restart(keyspace, sum);
    return;
  }
  records.setWord(keyspace.at, TYPE_FLAGS_ORIGIN, records.word1(keyspace.at) & ~TEXT_FORM);
  keyspace.journal?.counted();
  keyspace.changed();
}

function createCounter(keyspace: Keyspace, by: Int64): void {
  const clock = keyspace.clock.next();
  keyspace.placeBorn(TYPE_COUNTER, clock, COUNTER_BASE_BYTES + CONTRIBUTION_BYTES);
  begin(keyspace, { base: 0, by, clock });
}

/** The life, its register and its origin stay: a counter ranks above the text of the same life. */
function turnIntoCounter(keyspace: Keyspace, by: Int64): void {
  const { records } = keyspace;
  const base = integerOf(keyspace, keyspace.at)!;
  const registerSize = registerBytes(records.word1(keyspace.at));
  const at = keyspace.reshape(registerSize, COUNTER_BASE_BYTES + CONTRIBUTION_BYTES);
  records.setWord(at, TYPE_FLAGS_ORIGIN, (records.word1(at) & ~TYPE_MASK) | TYPE_COUNTER);
  begin(keyspace, { base, by, clock: keyspace.clock.next() });
}

/** Writes the body of a counter that has one contribution: this node's first. */
function begin(keyspace: Keyspace, { base, by, clock }: { base: Int64; by: Int64; clock: number }): void {
  const { origin, boot } = keyspace;
  const { bytes, start } = keyspace.records.body(keyspace.at);
  writeInt64(bytes, start, base);
  writeContribution(bytes, start + COUNTER_BASE_BYTES, { origin, boot, sum: by, clock });
}

/**
 * Adds to this node's contribution. False if that does not make `sum` of the counter: the contribution would not fit
 * into 64 bits, or contributions of several nodes together did not, so that clients saw the nearest value that does.
 */
function contribute(keyspace: Keyspace, by: Int64, sum: Int64): boolean {
  const { bytes, start, end } = keyspace.records.body(keyspace.at);
  const found = findContribution(bytes, start, end, keyspace);
  if (found < 0) {
    insertContribution(keyspace, ~found - start, by);
  } else {
    const own = addInt64(contributionSum(bytes, found), by);
    if (own === undefined) return false;
    rewriteContribution(bytes, found, own, keyspace.clock.next());
  }
  // A small step from a saturated value ends far beyond the safe integers, so these need no second look.
  const wasExact = typeof by === "number" && typeof sum === "number";
  return wasExact || integerOf(keyspace, keyspace.at) === sum;
}

/** Makes room for this node's first contribution at an offset in the open counter, and writes it. */
function insertContribution(keyspace: Keyspace, offset: number, by: Int64): void {
  const { records, origin, boot } = keyspace;
  const clock = keyspace.clock.next();
  const length = records.bodyLength(keyspace.at);
  const registerSize = registerBytes(records.word1(keyspace.at));
  const { bytes, start } = records.body(keyspace.reshape(registerSize, length + CONTRIBUTION_BYTES));
  const place = start + offset;
  bytes.copyWithin(place + CONTRIBUTION_BYTES, place, start + length);
  writeContribution(bytes, place, { origin, boot, sum: by, clock });
}

/** Where adding to the counter cannot give the value that clients are to see, a new life takes it as its text. */
function restart(keyspace: Keyspace, value: Int64): void {
  const end = formatInt64(digits.bytes, 0, value);
  setText(keyspace, digits.bytes, 0, end, keyspace.records.deadline(keyspace.at));
}
