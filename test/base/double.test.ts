import { expect } from "chai";
import fc from "fast-check";
import { NUMBER_BYTES_MAX, nearestDouble, parseDouble } from "#torus/base/double.js";

const parse = (text: string) => parseDouble(Buffer.from(text, "latin1"));

describe("numbers in text, as doubles", () => {
  it("are what JavaScript makes of the same digits", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        for (const text of [`${value}`, value.toExponential(), value.toPrecision(30)]) {
          const expected = Number(text);
          if (Number.isFinite(expected)) expect(parse(text)).to.equal(expected);
          expect(nearestDouble(text)).to.equal(expected);
        }
      }),
    );
  });

  it("are read at the ends of what a double can be", () => {
    const [max, least] = [Number.MAX_VALUE, Number.MIN_VALUE];
    for (const [text, value] of [
      ["1.7976931348623157e308", max],
      ["1.7976931348623158079e308", max],
      ["0x1.fffffffffffffp1023", max],
      ["4.9e-324", least],
      ["2.5e-324", least],
      ["0x1p-1074", least],
      ["0x1.8p-1075", least],
      ["0x20000000000001", 2 ** 53],
      ["0x20000000000003", 2 ** 53 + 4],
      ["-inf", Number.NEGATIVE_INFINITY],
      ["+Infinity", Number.POSITIVE_INFINITY],
      ["-0", -0],
      ["-0e999999999999999999999999", -0],
    ] as const) {
      expect(parse(text), text).to.equal(value);
    }
  });

  it("are refused, or the nearest that there is, beyond those ends", () => {
    const nines = "9".repeat(400);
    for (const [text, nearest] of [
      ["1e309", Number.POSITIVE_INFINITY],
      ["-1.7976931348623159e308", Number.NEGATIVE_INFINITY],
      ["0x1p1024", Number.POSITIVE_INFINITY],
      ["1e1000000000000000000000", Number.POSITIVE_INFINITY],
      [`-1e${nines}`, Number.NEGATIVE_INFINITY],
      [`0x1p${nines}`, Number.POSITIVE_INFINITY],
      ["2e-324", 0],
      ["0x1p-1075", 0],
      ["1e-1000000000000000000000", 0],
      [`-1e-${nines}`, -0],
      [`0x1p-${nines}`, 0],
    ] as const) {
      expect(parse(text), text).to.equal(undefined);
      expect(nearestDouble(text), text).to.equal(nearest);
    }
  });

  it("are none where the text is", () => {
    for (const text of [
      "",
      " ",
      "1 ",
      " 1",
      "nan",
      "-nan",
      "1e",
      "0x",
      "0xp1",
      "--1",
      ".",
      "1,5",
      "infinit",
    ]) {
      expect(parse(text), text).to.equal(undefined);
      expect(nearestDouble(text), text).to.be.NaN;
    }
  });

  it("are none where the text is longer than any of use", () => {
    const digits = `0.${"1".repeat(NUMBER_BYTES_MAX - 2)}`;
    expect(parse(digits)).to.equal(1 / 9);
    expect(nearestDouble(digits)).to.equal(1 / 9);
    expect(parse(`${digits}1`)).to.equal(undefined);
    expect(nearestDouble(`${digits}1`)).to.be.NaN;
    expect(parse(`0x${"f".repeat(NUMBER_BYTES_MAX)}`)).to.equal(undefined);
  });
});
