import { expect } from "chai";
import fc from "fast-check";
import { countBits, findBit } from "#torus/base/bits.js";

/** Bytes at an offset that no word begins at, or one does. */
interface Run {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

const runs: fc.Arbitrary<Run> = fc
  .record({
    start: fc.integer({ min: 0, max: 9 }),
    length: fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 60, max: 70 }),
      fc.integer({ min: 100, max: 400 }),
    ),
    fill: fc.constantFrom(0x00, 0xff, 0xa5),
    changes: fc.array(fc.tuple(fc.nat(399), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
  })
  .map(({ start, length, fill, changes }) => {
    // What is around the run is not looked at.
    const bytes = Buffer.alloc(start + length + 8, ~fill);
    bytes.fill(fill, start, start + length);
    for (const [at, byte] of changes) bytes[start + (at % length)] = byte;
    return { bytes, start, length };
  });

const ranges = runs.chain((run) => {
  const bit = fc.nat(run.length * 8 - 1);
  return fc
    .tuple(bit, bit)
    .map(([a, b]) => ({ ...run, first: Math.min(a, b), last: Math.max(a, b) }))
    .chain((range) => fc.constantFrom(range, { ...range, first: 0, last: run.length * 8 - 1 }));
});

function bitAt(bytes: Buffer, start: number, bit: number): number {
  return (bytes[start + Math.floor(bit / 8)]! >>> (7 - (bit % 8))) & 1;
}

describe("bits", () => {
  it("are counted as one by one, wherever a run begins and ends", () => {
    fc.assert(
      fc.property(ranges, ({ bytes, start, first, last }) => {
        let count = 0;
        for (let bit = first; bit <= last; bit++) count += bitAt(bytes, start, bit);
        expect(countBits(bytes, start, first, last)).to.equal(count);
      }),
      { numRuns: 500 },
    );
  });

  it("are found as by looking at one after the other", () => {
    fc.assert(
      fc.property(ranges, fc.constantFrom(0, 1), ({ bytes, start, first, last }, bit) => {
        let found = -1;
        for (let at = first; at <= last && found < 0; at++) if (bitAt(bytes, start, at) === bit) found = at;
        expect(findBit(bytes, start, { first, last, bit })).to.equal(found);
      }),
      { numRuns: 500 },
    );
  });

  it("are none in an empty range", () => {
    expect(countBits(Buffer.from([0xff]), 0, 5, 4)).to.equal(0);
  });

  it("beyond 2 ** 32 are counted and found", () => {
    const bytes = Buffer.alloc(2 ** 29 + 8);
    bytes[2 ** 29 + 1] = 0x11;
    const last = bytes.length * 8 - 1;
    expect(findBit(bytes, 0, { first: 2 ** 32 - 5, last, bit: 1 })).to.equal(2 ** 32 + 11);
    expect(countBits(bytes, 0, 2 ** 32 - 5, last)).to.equal(2);
  });
});
