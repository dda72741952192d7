import { expect } from "chai";
import fc from "fast-check";
import { compareBytes, copyRange, equalRanges, rangeOf } from "#torus/base/bytes.js";

/** Short texts of few letters, so that equal ones and common prefixes occur. */
const text = fc.string({ unit: fc.constantFrom("\x00", "a", "\xff"), maxLength: 4 });

function within(content: string) {
  const bytes = Buffer.from(`#${content}#`, "latin1");
  return { bytes, start: 1, end: bytes.length - 1 };
}

describe("ranges of bytes", () => {
  it("compares ranges by their bytes alone, wherever they lie", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(equalRanges(within(a), within(b))).equal(a === b);
      }),
    );
  });

  it("orders bytes unsigned and a prefix before what it begins", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const order = compareBytes(Buffer.from(a, "latin1"), Buffer.from(b, "latin1"));
        expect(Math.sign(order)).equal(Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")));
      }),
    );
  });

  it("copies a range of any length and nothing beside it", () => {
    for (const length of [0, 1, 39, 40, 41, 1000]) {
      const source = Uint8Array.from({ length: length + 2 }, (_, i) => i);
      const target = new Uint8Array(length + 3).fill(0xee);
      const end = copyRange({ bytes: source, start: 1, end: length + 1 }, target, 2);
      expect(end).equal(length + 2);
      expect([...target]).deep.equal([0xee, 0xee, ...source.subarray(1, length + 1), 0xee]);
    }
  });

  it("takes a whole array for a range", () => {
    const bytes = new Uint8Array(3);
    expect(rangeOf(bytes)).deep.equal({ bytes, start: 0, end: 3 });
  });
});
