import { expect } from "chai";
import fc from "fast-check";
import { addDecimals, isInfinite, parseDecimal, ZERO } from "#torus/base/decimal.js";

function parse(text: string) {
  return parseDecimal(Buffer.from(text, "latin1"));
}

function add(a: string, b: string): string | undefined {
  return addDecimals(parse(a)!, parse(b)!);
}

/** Sums as redis-server 7.0.15 answers them on x86-64. */
const SUMS: [a: string, b: string, sum: string][] = [
  ["10.50", "0.1", "10.6"],
  ["5.0e3", "2.0e2", "5200"],
  ["3", "-0.5", "2.5"],
  ["007", "1", "8"],
  [".5", "5.", "5.5"],
  ["0", "-0", "0"],
  ["-0.5", "0.5", "0"],
  ["-1e-20", "0", "0"],
  ["0.1", "0.2", "0.3"],
  ["99.9", "0.1", "100"],
  ["1000.1", "0.1", "1000.19999999999999996"],
  ["1234.56", "0.01", "1234.57000000000000006"],
  ["18446744073709551615", "1", "18446744073709551616"],
  ["18446744073709551616", "1", "18446744073709551616"],
  ["18446744073709551616", "3", "18446744073709551620"],
  ["9007199254740993", "0", "9007199254740993"],
  ["0.000000000000000005", "0", "0"],
  ["0.000000000000000015", "0", "0.00000000000000002"],
  ["0.00000000000000000499", "0", "0"],
  ["1.00000000000000000049", "0", "1"],
  ["0x1.8p3", "0.25", "12.25"],
  ["-0X.8", "0", "-0.5"],
  ["1e30", "-1e30", "0"],
  ["1e20", "1e-17", "100000000000000000000"],
  ["123456789012345678901234567890", "0.1", "123456789012345678899921813504"],
  ["3.6451995318824746025e-4951", "0", "0"],
  ["0e99999", "1", "1"],
];

describe("Decimal addition", () => {
  for (const [a, b, sum] of SUMS) {
    it(`adds ${a} and ${b} as Redis does`, () => expect(add(a, b)).to.equal(sum));
  }

  it("prints the largest numbers in full", () => {
    const sum = add("1e4932", "1");
    expect(sum).to.have.length(4933);
    expect(sum?.slice(0, 40)).to.equal("1000000000000000000006018949387963891323");
  });

  it("has no sum where a part or the whole is infinite", () => {
    expect(isInfinite(parse("-inf")!)).to.equal(true);
    expect(isInfinite(parse("1e4932")!)).to.equal(false);
    expect(add("inf", "1")).to.equal(undefined);
    expect(add("1", "-inf")).to.equal(undefined);
    expect(add("inf", "-inf")).to.equal(undefined);
    expect(add("1.18973149535723176502e4932", "1.18973149535723176502e4932")).to.equal(undefined);
  });

  it("takes an absent operand for zero", () => {
    expect(addDecimals(ZERO, parse("2.50")!)).to.equal("2.5");
    expect(addDecimals(ZERO, ZERO)).to.equal("0");
  });

  it("gives the same digits by the short and by the long way", () => {
    const short = fc.oneof(
      fc.stringMatching(/^-?\d\d?\.\d{0,12}$/),
      fc.stringMatching(/^-?\d{1,8}\.\d{0,7}$/),
      fc.stringMatching(/^-?\d{1,15}$/),
    );
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(add(a, b)).to.equal(add(`${a}e0`, `${b}e0`));
      }),
      { numRuns: 2000 },
    );
  });

  it("is exact for small numbers of up to 15 digits", () => {
    const units = fc.integer({ min: -(10 ** 13), max: 10 ** 13 });
    fc.assert(
      fc.property(units, units, (a, b) => {
        const text = (value: number) => (value < 0 ? "-" : "") + String(Math.abs(value)).padStart(13, "0");
        const withPoint = (value: number) => text(value).replace(/(\d{12})$/, ".$1");
        const sum = withPoint(a + b)
          .replace(/0+$/, "")
          .replace(/\.$/, "");
        expect(add(withPoint(a), withPoint(b))).to.equal(sum);
      }),
    );
  });

  it("does not depend on the order, and its result can be read again", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc
        .tuple(fc.bigInt(), fc.integer({ min: -300, max: 300 }))
        .map(([digits, power]) => `${digits}e${power}`),
    );
    fc.assert(
      fc.property(number, number, (a, b) => {
        const sum = add(a, b)!;
        expect(add(b, a)).to.equal(sum);
        expect(sum).to.match(/^-?(0|[1-9]\d*)(\.\d{0,16}[1-9])?$/);
        expect(addDecimals(parse(sum)!, ZERO)).to.equal(sum);
      }),
    );
  });
});

describe("parseDecimal", () => {
  it("refuses what Redis calls no valid float", () => {
    for (const text of ["", ".", "-", " 1", "1 ", "1e", "nan", "0x", "1e4933", "1e-4951", "1-", "1.2.3"]) {
      expect(parse(text), text).to.equal(undefined);
    }
  });

  it("reads the given range and nothing around it", () => {
    const bytes = Buffer.from("91.52e1");
    expect(addDecimals(parseDecimal(bytes, 1, 4)!, ZERO)).to.equal("1.5");
    expect(addDecimals(parseDecimal(bytes, 1)!, ZERO)).to.equal("15.2");
    expect(parseDecimal(bytes, 3, 3)).to.equal(undefined);
  });

  it("takes no text that fills Redis's buffer of 5 KiB", () => {
    expect(addDecimals(parse(`1.${"0".repeat(5117)}`)!, ZERO)).to.equal("1");
    expect(parse(`1.${"0".repeat(5118)}`)).to.equal(undefined);
  });
});
