import { expect } from "chai";
import fc from "fast-check";
import {
  compareScored,
  isScore,
  readScore,
  SCORE_BYTES_MAX,
  scoreBytes,
  writeScore,
} from "#torus/delta/score.js";

const score = fc.double({ noNaN: true });
const range = (bytes: Uint8Array) => ({ bytes: Buffer.from(bytes), start: 0, end: bytes.length });

describe("a score as bytes", () => {
  it("is read back, to the sign of a zero, wherever it lies", () => {
    fc.assert(
      fc.property(score, fc.nat(9), (value, at) => {
        const bytes = Buffer.alloc(20, 0xee);
        const end = writeScore(bytes, at, value);
        expect(end - at).to.be.at.most(SCORE_BYTES_MAX);
        expect(Object.is(readScore(bytes, at, end), value)).to.equal(true);
        expect(bytes.subarray(end).every((byte) => byte === 0xee)).to.equal(true);
        expect(isScore(bytes, at, end)).to.equal(true);
      }),
    );
  });

  it("takes few bytes where it is a small whole number", () => {
    const lengths = [0, 1, 2, 100, 8191, 1e6, 1700000000000, 0.1].map((value) => scoreBytes(value).length);
    expect(lengths).to.deep.equal([0, 2, 1, 2, 3, 4, 6, 8]);
  });

  it("has one form: what is longer, or no number, is none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10 }), (bytes) => {
        const isOne = isScore(bytes, 0, bytes.length);
        if (!isOne) return;
        expect(scoreBytes(readScore(bytes, 0, bytes.length))).to.deep.equal(bytes);
      }),
      { numRuns: 1000 },
    );
    expect(isScore(Buffer.from("7ff8", "hex"), 0, 2)).to.equal(false);
    expect(isScore(Buffer.from("3ff000", "hex"), 0, 3)).to.equal(false);
    expect(isScore(Buffer.from("3ff000000000000001", "hex"), 0, 9)).to.equal(false);
  });

  it("orders members as numbers do, and those of equal scores by their bytes", () => {
    const member = fc.string({ unit: fc.constantFrom("a", "b", "\xff"), maxLength: 3 });
    const scored = fc.tuple(fc.oneof(score, fc.constantFrom(0, -0, 1)), member);
    fc.assert(
      fc.property(scored, scored, ([one, a], [other, b]) => {
        const order = compareScored(
          { field: range(Buffer.from(a, "latin1")), value: range(scoreBytes(one)) },
          { field: range(Buffer.from(b, "latin1")), value: range(scoreBytes(other)) },
        );
        const expected = one < other ? -1 : one > other ? 1 : a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(order)).to.equal(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
