/**
 * The keys and values that load clients write. Keys are a 4-byte prefix and twelve digits: 16 bytes, as
 * redis-benchmark's. Values differ from key to key and are no numbers, so that no server can share them.
 */
import { assert } from "#torus/base/assert.js";
import { SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import type { SlotRange } from "../slot-owners.js";

export const keyDigits = 12;

/**
 * Visits 0..count-1 once each in an order without locality: neighbours in time must not be neighbours in
 * memory, which would flatter whoever allocates in order. A multiplier coprime with `count` permutes.
 */
export function permutation(count: number, seed: number): (index: number) => number {
  // About the golden section of the range: successive visits fall far from all earlier ones (Knuth, 6.4).
  let stride = Math.max(1, Math.floor(count * 0.6180339887) - seed);
  while (greatestCommonDivisor(stride, count) !== 1) stride += 1;
  assert(count * stride <= Number.MAX_SAFE_INTEGER, "too many keys for exact arithmetic");
  return (index) => (index * stride + seed) % count;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The key of a number: `key:000000000042` under the prefix `key:`. */
export function keyFor(prefix: string, number: number): string {
  return prefix + String(number).padStart(keyDigits, "0");
}

/** The numbers, ascending, whose keys lie in these slots. Endless if there are any. */
export function* numbersIn(prefix: string, slots: readonly SlotRange[]): Generator<number, never, void> {
  const wanted = new Uint8Array(SLOT_COUNT);
  for (const { first, last } of slots) wanted.fill(1, first, last + 1);
  assert(wanted.includes(1), "keys are wanted that lie in no slot");
  for (let number = 0; ; number++) {
    const key = Buffer.from(keyFor(prefix, number), "latin1");
    if (wanted[slotOf(key, 0, key.length)] === 1) yield number;
  }
}

export function firstOf<Value>(values: Iterable<Value>, count: number): Value[] {
  const taken: Value[] = [];
  if (count === 0) return taken;
  for (const value of values) if (taken.push(value) === count) break;
  return taken;
}

/** Letters at the front of a value that tell its number; shorter values keep as many as they have room for. */
export const tellingLetters = 4;

/** The value that goes with a number: `bytes` letters, of which the first ones tell the number. */
export function valueFor(number: number, bytes: number): string {
  const telling = Array.from({ length: Math.min(bytes, tellingLetters) }, (_, place) =>
    letterOf(number, place),
  );
  return String.fromCharCode(...telling).padEnd(bytes, "x");
}

/** Byte at a place of the telling letters: a base-26 digit of the number. */
export function letterOf(number: number, place: number): number {
  return 97 + (Math.floor(number / powers[place]!) % 26);
}

const powers = [1, 26, 676, 17_576] as const satisfies { length: typeof tellingLetters };
