/** Randomness from V8 and from the operating system. */
import { randomBytes } from "node:crypto";
import type { Random } from "../random.js";

export const nodeRandom: Random = {
  // V8's xorshift128+, seeded by the operating system: good statistics in 5 ns, but an observer can
  // predict it. What must be unguessable asks for `bytes`.
  uint32: () => (Math.random() * 2 ** 32) >>> 0,
  bytes: (count) => randomBytes(count),
};
