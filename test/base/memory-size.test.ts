import { expect } from "chai";
import fc from "fast-check";
import { formatMemorySize, parseMemorySize } from "#torus/base/memory-size.js";

describe("memory size", () => {
  const cases: readonly (readonly [text: string, bytes: number | undefined])[] = [
    ["0", 0],
    ["007", 7],
    ["10b", 10],
    ["1k", 1000],
    ["1kb", 1024],
    ["1K", 1000],
    ["1Kb", 1024],
    ["2m", 2_000_000],
    ["100mb", 104_857_600],
    ["1g", 1_000_000_000],
    ["1GB", 1_073_741_824],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", undefined],
    ["99999999gb", undefined],
    ["", undefined],
    ["k", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1.5mb", undefined],
    ["1 mb", undefined],
    ["1tb", undefined],
    ["0x10", undefined],
  ];
  for (const [text, bytes] of cases) {
    it(`reads ${JSON.stringify(text)} as ${bytes ?? "no amount of memory"}`, () => {
      expect(parseMemorySize(text)).to.equal(bytes);
    });
  }

  it("writes the largest unit that divides the amount", () => {
    expect([0, 1023, 1024, 1500, 104_857_600, 3 * 2 ** 30].map(formatMemorySize)).to.deep.equal([
      "0",
      "1023",
      "1kb",
      "1500",
      "100mb",
      "3gb",
    ]);
  });

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat({ max: 3 }), (bytes, unit) => {
        const amount = bytes - (bytes % 1024 ** unit);
        expect(parseMemorySize(formatMemorySize(amount))).to.equal(amount);
      }),
    );
  });
});
