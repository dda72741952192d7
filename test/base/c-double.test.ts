import { expect } from "chai";
import fc from "fast-check";
import { parseCDouble } from "#torus/base/c-double.js";

function parse(text: string): number | undefined {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return parseCDouble(bytes, 1, bytes.length - 1);
}

describe("a number as C reads it", () => {
  const numbers: readonly (readonly [string, number])[] = [
    ["", 0],
    ["0", 0],
    ["-0", -0],
    ["12", 12],
    ["+7", 7],
    [" \t\n\v\f\r 3", 3],
    [".5", 0.5],
    ["5.", 5],
    ["-1.5e3", -1500],
    ["1E-2", 0.01],
    ["0x1f", 31],
    ["-0X.8p1", -1],
    ["0x1.8p-2", 0.375],
    ["0x1p1023", 2 ** 1023],
    ["inf", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["2\0rest", 2],
    ["\0", 0],
    ["9007199254740993", 9007199254740992],
  ];
  for (const [text, value] of numbers) {
    it(`is ${value} where it says ${JSON.stringify(text)}`, () => expect(parse(text)).to.equal(value));
  }

  for (const text of [
    "abc",
    "1 ",
    "1x",
    "-",
    ".",
    "e5",
    "0x",
    "0xg",
    "nan",
    "infin",
    "1e",
    "--1",
    " ",
    "1e400",
    "-1e400",
    "1e-400",
    "0x1p1024",
    "1".repeat(70_000),
  ]) {
    it(`is none where it says ${JSON.stringify(text.slice(0, 10))}`, () =>
      expect(parse(text)).to.equal(undefined));
  }

  it("is what its digits say", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 1e-300, max: 1e300 }), (value) => {
        expect(parse(String(value))).to.equal(value);
        expect(parse(`-${value.toExponential()}`)).to.equal(-value);
      }),
    );
  });
});
