import { expect } from "chai";
import { readNumberText } from "#torus/base/number-text.js";

function parts(text: string): string {
  const read = readNumberText(text);
  if (read === undefined) return "no number";
  const sign = read.negative ? "-" : "";
  if (read.kind === "infinity") return `${sign}infinity`;
  return read.kind === "decimal"
    ? `${sign}${read.digits || "0"} * 10^${read.exponent}`
    : `${sign}0x${read.digits || "0"} * 2^${read.exponent}`;
}

describe("readNumberText", () => {
  const cases: [text: string, expected: string][] = [
    ["0", "0 * 10^0"],
    ["-12.50", "-1250 * 10^-2"],
    ["+7", "7 * 10^0"],
    ["007", "7 * 10^0"],
    ["5.", "5 * 10^0"],
    [".5", "5 * 10^-1"],
    ["0.05e3", "5 * 10^1"],
    ["1E-7", "1 * 10^-7"],
    ["0e99999", "0 * 10^99999"],
    ["0x1F", "0x1F * 2^0"],
    ["-0X.8", "-0x8 * 2^-4"],
    ["0x1.8p3", "0x18 * 2^-1"],
    ["0x1p-2", "0x1 * 2^-2"],
    ["inf", "infinity"],
    ["-Infinity", "-infinity"],
    ["+INF", "infinity"],
    [`1e${"9".repeat(400)}`, "1 * 10^Infinity"],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${text.slice(0, 20)} as ${expected}`, () => expect(parts(text)).to.equal(expected));
  }

  const refused = [
    "",
    " 1",
    "1 ",
    "1\n",
    "1\0",
    ".",
    "+",
    "--1",
    "e5",
    "1e",
    "1e+",
    "1.2.3",
    "1,5",
    "1_0",
    "0x",
  ];
  for (const text of [...refused, "0x.", "0x1p", "0xg", "0b1", "nan", "NAN(1)", "infin", "1f", "é"]) {
    it(`takes ${JSON.stringify(text)} for no number`, () => expect(parts(text)).to.equal("no number"));
  }
});
