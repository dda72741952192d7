import { expect } from "chai";
import { durationText } from "#torus/cli/durations.js";
import { painted, plainLength, unpainted } from "#torus/cli/paint.js";
import { tableLines } from "#torus/cli/table.js";

describe("tables for people", () => {
  const columns = [
    { title: "word", cell: (row: readonly [string, number]) => row[0] },
    { title: "n", cell: (row: readonly [string, number]) => String(row[1]), isNumber: true },
  ];

  it("align words to the left and numbers to the right", () => {
    const rows: [string, number][] = [
      ["a", 1],
      ["longer", 1000],
    ];
    expect(tableLines(columns, rows, unpainted)).to.deep.equal([
      "WORD       N",
      "a          1",
      "longer  1000",
    ]);
  });

  it("take a coloured cell, and one beyond ASCII, for as wide as it looks", () => {
    const red = [
      { ...columns[0]!, cell: ([word]: readonly [string, number]) => painted("bad", word) },
      columns[1]!,
    ];
    const [, line] = tableLines(red, [["ab", 7]], painted);
    expect(line).to.equal("\x1b[31mab\x1b[0m    7");
    expect(plainLength(painted("good", "höhe 🜁"))).to.equal(6);
  });
});

describe("durations for people", () => {
  const cases: readonly [seconds: number, text: string][] = [
    [0, "0s"],
    [0.9, "0s"],
    [59.9, "59s"],
    [60, "1m"],
    [3599, "59m 59s"],
    [3600, "1h"],
    [3605, "1h"],
    [90_061, "1d 1h"],
    [86_400 * 400, "400d"],
  ];
  for (const [seconds, text] of cases) {
    it(`are ${text} for ${seconds} seconds`, () => expect(durationText(seconds)).to.equal(text));
  }
});
