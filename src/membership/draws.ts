/** What the protocol draws from the randomness that it is given. Fair enough for sampling: off by n / 2^32. */
import type { Random } from "../host/random.js";

const TWO_32 = 2 ** 32;

/** A number in [0, 1). */
export function fraction(random: Random): number {
  return random.uint32() / TWO_32;
}

/** A whole number in [0, limit). */
export function below(random: Random, limit: number): number {
  return Math.floor(fraction(random) * limit);
}

/** Between half of it and all of it: who does the same thing at the same time as others soon does not. */
export function jittered(random: Random, ms: number): number {
  return ms * (0.5 + fraction(random) / 2);
}

/** Reorders the items in place (Fisher and Yates). */
export function shuffle<Item>(random: Random, items: Item[]): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = below(random, last + 1);
    const item = items[last] as Item;
    items[last] = items[other] as Item;
    items[other] = item;
  }
}
