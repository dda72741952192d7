import { expect } from "chai";
import fc from "fast-check";
import { formatDouble, formatFixed, formatHuman } from "#torus/protocol/double-text.js";

describe("text of doubles", () => {
  // As printf("%.17g") of the GNU C library prints them.
  const cases: readonly (readonly [value: number, text: string])[] = [
    [0, "0"],
    [-0, "-0"],
    [3, "3"],
    [1.5, "1.5"],
    [0.1, "0.10000000000000001"],
    [-3.14, "-3.1400000000000001"],
    [100, "100"],
    [1e16, "10000000000000000"],
    [1e17, "1e+17"],
    [1.5e300, "1.5000000000000001e+300"],
    [0.0001, "0.0001"],
    [0.00001, "1.0000000000000001e-05"],
    [5e-324, "4.9406564584124654e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [1 + 2 ** -17, "1.0000076293945312"],
    [1 + 3 * 2 ** -17, "1.0000228881835938"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ];
  for (const [value, text] of cases) {
    it(`writes ${Object.is(value, -0) ? "-0" : value} as ${text}`, () => {
      expect(formatDouble(value)).to.equal(text);
    });
  }

  it("reads back as the same double", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(formatDouble(value)), value)).to.equal(true);
      }),
    );
  });
});

describe("a double with a fixed number of digits", () => {
  it("is written as C writes it: ties go to the even digit, and nothing has an exponent", () => {
    const texts = [
      [0.25, 1, "0.2"],
      [0.75, 1, "0.8"],
      [-2.25, 1, "-2.2"],
      [181.0078125, 6, "181.007812"],
      [-200.0234375, 6, "-200.023438"],
      [0.1, 4, "0.1000"],
      [-0, 2, "-0.00"],
      [1e300, 1, `${BigInt(1e300)}.0`],
      [Infinity, 6, "inf"],
    ] as const;
    for (const [value, digits, text] of texts) expect(formatFixed(value, digits)).to.equal(text);
  });

  it("is shown to people with 17 digits, and without zeros at the end", () => {
    expect(formatHuman(38.1155563954963)).to.equal("38.11555639549629859");
    expect(formatHuman(0.5)).to.equal("0.5");
    expect(formatHuman(-180)).to.equal("-180");
    expect(formatHuman(-0)).to.equal("0");
  });
});
