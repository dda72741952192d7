import { expect } from "chai";
import fc from "fast-check";
import { type BitwiseOperation, combineRuns } from "#torus/base/bitwise.js";
import type { ByteRange } from "#torus/base/bytes.js";

const byBytes: Readonly<Record<BitwiseOperation, (a: number, b: number) => number>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a & 0xff,
};

/** Runs at any offset, short ones and such as end around a chunk's end, with something else before and behind them. */
const runs: fc.Arbitrary<ByteRange> = fc
  .record({
    start: fc.integer({ min: 0, max: 5 }),
    length: fc.oneof(
      { weight: 4, arbitrary: fc.nat(20) },
      { weight: 1, arbitrary: fc.integer({ min: 32 * 1024 - 2, max: 32 * 1024 + 5 }) },
      { weight: 1, arbitrary: fc.constant(70_001) },
    ),
    seed: fc.nat(255),
  })
  .map(({ start, length, seed }) => {
    const bytes = Buffer.from(Uint8Array.from({ length: start + length + 3 }, (_, i) => i * 37 + seed * 11));
    return { bytes, start, end: start + length };
  });

function byteAt({ bytes, start, end }: ByteRange, at: number): number {
  return start + at < end ? bytes[start + at]! : 0;
}

describe("bitwise operations on runs of bytes", () => {
  for (const operation of ["and", "or", "xor"] as const) {
    it(`combine each byte of the longest run with those of the others, or zeros: ${operation}`, () => {
      fc.assert(
        fc.property(fc.array(runs, { minLength: 1, maxLength: 4 }), (all) => {
          const result = combineRuns(operation, all);
          expect(result.length).to.equal(Math.max(...all.map(({ start, end }) => end - start)));
          const expected = Buffer.alloc(result.length);
          for (let at = 0; at < result.length; at++) {
            expected[at] = all.map((run) => byteAt(run, at)).reduce(byBytes[operation]);
          }
          expect(result.equals(expected)).to.equal(true);
        }),
        { numRuns: 40 },
      );
    });
  }

  it("invert each byte of one run", () => {
    fc.assert(
      fc.property(runs, (run) => {
        const result = combineRuns("not", [run]);
        expect(result.length).to.equal(run.end - run.start);
        for (let at = 0; at < result.length; at++) {
          if (result[at] !== byBytes.not(byteAt(run, at), 0)) expect.fail(`byte ${at}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("make nothing of nothing", () => {
    const nothing = { bytes: Buffer.alloc(3), start: 2, end: 2 };
    for (const operation of ["and", "or", "xor", "not"] as const) {
      expect(combineRuns(operation, [nothing])).to.deep.equal(Buffer.alloc(0));
    }
  });
});
