import { expect } from "chai";
import fc from "fast-check";
import { type CommonRange, CommonSubsequence } from "#torus/base/longest-subsequence.js";

/** As dynamic programming has it: the whole table, and the way back through it that Redis takes. */
function model(a: Buffer, b: Buffer): { length: number; ranges: CommonRange[] } {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i]![j] =
        a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
    }
  }
  const ranges: CommonRange[] = [];
  let [i, j] = [a.length, b.length];
  let isOpen = false;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      const { aEnd, bEnd } = isOpen ? ranges.pop()! : { aEnd: i - 1, bEnd: j - 1 };
      ranges.push({ aStart: --i, aEnd, bStart: --j, bEnd });
      isOpen = true;
    } else {
      if (table[i - 1]![j]! > table[i]![j - 1]!) i--;
      else j--;
      isOpen = false;
    }
  }
  return { length: table[a.length]![b.length]!, ranges };
}

const texts = fc
  .array(fc.constantFrom(0, 1, 2, 255), { maxLength: 110, size: "max" })
  .map((bytes) => Buffer.from(bytes));

function within(bytes: Buffer, start: number) {
  return {
    bytes: Buffer.concat([Buffer.alloc(start), bytes, Buffer.alloc(2)]),
    start,
    end: start + bytes.length,
  };
}

describe("the longest common subsequence", () => {
  it("is found where a table of all lengths finds it", () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(3), (a, b, start) => {
        const expected = model(a, b);
        const common = new CommonSubsequence(within(a, start), within(b, 3 - start), false);
        const ranges: CommonRange[] = [];
        common.forEachRange((range) => ranges.push(range));
        expect(ranges).to.deep.equal(expected.ranges);
        expect(common.length).to.equal(expected.length);
        const parts = expected.ranges.map(({ aStart, aEnd }) => a.subarray(aStart, aEnd + 1)).reverse();
        expect(common.bytes()).to.deep.equal(Buffer.concat(parts));
      }),
    );
  });

  it("is as long when only its length is asked for", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(new CommonSubsequence(within(a, 0), within(b, 0), true).length).to.equal(model(a, b).length);
      }),
    );
  });
});
