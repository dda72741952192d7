/**
 * Repeatable randomness: everything that a seed decides comes from here. Not for secrets.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018):
 * 32-bit operations only, period 2^128 - 1, no known failure of statistical tests.
 */
import { assert } from "./assert.js";

const TWO_TO_32 = 2 ** 32;

export class Prng {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;

  /** `seed` is any text or number; equal ones give equal sequences. */
  constructor(private readonly seed: string | number) {
    this.setState(expand(fnv1a(String(seed))));
  }

  /** A generator that continues from a state of four 32-bit words, not all zero. */
  static fromState(state: readonly [number, number, number, number]): Prng {
    assert(
      state.some((word) => word !== 0),
      "the zero state has no successor but itself",
    );
    const prng = new Prng(state.join());
    prng.setState(state);
    return prng;
  }

  /**
   * A generator of its own for one purpose. It depends on our seed and the label alone, not on what was drawn before:
   * a new purpose does not disturb the others.
   */
  fork(label: string): Prng {
    return new Prng(`${this.seed}/${label}`);
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    const { b } = this;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    this.c ^= this.a;
    this.d ^= b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= b << 9;
    this.d = rotateLeft(this.d, 11);
    return result;
  }

  /** A whole number in [0, limit), each as likely as any other; 1 <= limit <= 2^32. */
  below(limit: number): number {
    assert(Number.isInteger(limit) && limit >= 1 && limit <= TWO_TO_32, "limit is from 1 to 2^32");
    // The last, incomplete run of remainders is drawn again: it would favour the small ones.
    const fair = TWO_TO_32 - (TWO_TO_32 % limit);
    let drawn = this.uint32();
    while (drawn >= fair) drawn = this.uint32();
    return drawn % limit;
  }

  /** A number in [0, 1) with 53 random bits. */
  float(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** True with the given probability, from 0 (never) to 1 (always). */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of the items, which must not be none. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** Reorders the items in place (Fisher and Yates) and returns them. */
  shuffle<Item>(items: Item[]): Item[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const item = items[last] as Item;
      items[last] = items[other] as Item;
      items[other] = item;
    }
    return items;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = this.uint32() >>> 24;
    return bytes;
  }

  private setState([a, b, c, d]: readonly [number, number, number, number]): void {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** FNV-1a with 32 bits over the UTF-16 code units (Fowler, Noll and Vo). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** Four well mixed words from one: a Weyl sequence through the finalizer of MurmurHash3. Never all zero. */
function expand(seed: number): [number, number, number, number] {
  let weyl = seed;
  const next = () => {
    weyl = (weyl + 0x9e3779b9) | 0;
    let mixed = weyl;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
  return [next(), next(), next(), next()];
}
