import { expect } from "chai";
import fc from "fast-check";
import { Murmur64 } from "#torus/base/murmur64.js";

const FACTOR = 0xc6a4a7935bd1e995n;
const MASK = 2n ** 64n - 1n;

/** As its author wrote it, in whole words of 64 bits. */
function model(bytes: Buffer, seed: number): bigint {
  let hash = BigInt(seed) ^ ((BigInt(bytes.length) * FACTOR) & MASK);
  const mixed = (word: bigint) => (word * FACTOR) & MASK;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let word = mixed(bytes.readBigUInt64LE(at));
    word = mixed(word ^ (word >> 47n));
    hash = mixed(hash ^ word);
  }
  if (at < bytes.length) {
    for (let i = at; i < bytes.length; i++) hash ^= BigInt(bytes[i]!) << BigInt(8 * (i - at));
    hash = mixed(hash);
  }
  hash = mixed(hash ^ (hash >> 47n));
  return hash ^ (hash >> 47n);
}

describe("MurmurHash64A", () => {
  it("is in two words what it is in one, of bytes anywhere", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(5),
        fc.integer({ min: 0, max: 0x7fffffff }),
        (input, start, seed) => {
          const bytes = Buffer.concat([Buffer.alloc(start, 0xee), input, Buffer.alloc(3, 0xee)]);
          const murmur = new Murmur64(seed);
          murmur.hash(bytes, start, start + input.length);
          const hash = (BigInt(murmur.high >>> 0) << 32n) | BigInt(murmur.low >>> 0);
          expect(hash).to.equal(model(Buffer.from(input), seed));
        },
      ),
      { numRuns: 500 },
    );
  });
});
