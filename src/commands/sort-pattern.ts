/**
 * The patterns of SORT: `#` is the element itself, `prefix*suffix` the text of the key that has the element in place of the star, and with `->field` behind
 * that a field of the hash there. A pattern without a star means nothing.
 */
import type { ByteRange } from "../base/bytes.js";
import { slotOf } from "../base/key-hash.js";
import { NOWHERE } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_HASH, TYPE_TEXT } from "../keyspace/record.js";
import type { Call } from "./call.js";

const HASH = 0x23;
const STAR = 0x2a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ARROW = Buffer.from("->");

export interface SortPattern {
  readonly isElement: boolean;
  /** Before and behind the star; null if there is none. */
  readonly prefix: Buffer | null;
  readonly suffix: Buffer;
  /** Null: the key is that of a text. */
  readonly field: Buffer | null;
}

const NOTHING = Buffer.alloc(0);

/** `pattern` belongs to the caller. */
export function parseSortPattern(pattern: Buffer): SortPattern {
  const isElement = pattern.length === 1 && pattern[0] === HASH;
  const star = pattern.indexOf(STAR);
  if (isElement || star < 0) return { isElement, prefix: null, suffix: NOTHING, field: null };
  const prefix = pattern.subarray(0, star);
  const arrow = pattern.indexOf(ARROW, star + 1);
  const hasField = arrow >= 0 && arrow + ARROW.length < pattern.length;
  return {
    isElement,
    prefix,
    suffix: pattern.subarray(star + 1, hasField ? arrow : pattern.length),
    field: hasField ? pattern.subarray(arrow + ARROW.length) : null,
  };
}

/** Whether all keys that a pattern stands for have one slot: a hash tag before the star says so. */
export function isWithinSlot({ prefix, isElement }: SortPattern, slot: number): boolean {
  if (isElement || prefix === null) return true;
  const open = prefix.indexOf(OPEN_BRACE);
  const close = open < 0 ? -1 : prefix.indexOf(CLOSE_BRACE, open + 1);
  return close > open + 1 && slotOf(prefix, 0, prefix.length) === slot;
}

/** A buffer for keys, which most are shorter than. */
const keyBuffer = Buffer.alloc(1024);

/** What a pattern stands for with an element: valid until the next call of this or change; undefined if that is not there, or of another type. */
export function lookUp(call: Call, pattern: SortPattern, element: ByteRange): ByteRange | undefined {
  if (pattern.isElement) return element;
  const { prefix, suffix, field } = pattern;
  if (prefix === null) return undefined;
  const { keyspace } = call;
  const elementLength = element.end - element.start;
  const length = prefix.length + elementLength + suffix.length;
  const key = length <= keyBuffer.length ? keyBuffer : Buffer.allocUnsafe(length);
  key.set(prefix);
  key.set(element.bytes.subarray(element.start, element.end), prefix.length);
  key.set(suffix, prefix.length + elementLength);
  const at = keyspace.read(key, 0, length);
  if (at === NOWHERE) return undefined;
  const type = keyspace.records.type(at);
  if (field === null) return type === TYPE_TEXT || type === TYPE_COUNTER ? textOf(keyspace, at) : undefined;
  if (type !== TYPE_HASH) return undefined;
  return keyspace.openEntries.find(field, 0, field.length)?.value;
}
