import { expect } from "chai";
import { unpainted } from "#torus/cli/paint.js";
import { ringLines, sharesOf } from "#torus/cli/ring.js";
import { ID_1, ID_2 } from "./reports.js";

const ring = [
  { first: 0, last: 4095, id: ID_1, name: "n1" },
  { first: 4096, last: 12_287, id: ID_2, name: "n2" },
  { first: 12_288, last: 12_288, id: ID_1, name: "n1" },
];

describe("torus ring", () => {
  it("shows each node's share, the greatest first, and what nobody has", () => {
    expect(ringLines(ring, false, unpainted)).to.deep.equal([
      "NAME   SHARE                                  SLOTS  RANGES  ID",
      `n2    50.0 %  ##############################   8192       1  ${ID_2}`,
      `n1    25.0 %  ###############                  4097       2  ${ID_1}`,
      "4095 of 16384 slots have no node that executes their commands",
    ]);
  });

  it("shows all ranges where they are asked for", () => {
    expect(ringLines(ring, true, unpainted).slice(4)).to.deep.equal([
      "",
      "FIRST   LAST  NODE",
      "    0   4095  n1",
      " 4096  12287  n2",
      "12288  12288  n1",
    ]);
  });

  it("gives programs ranges by node", () => {
    expect(sharesOf(ring)[1]).to.deep.equal({
      id: ID_1,
      name: "n1",
      slots: 4097,
      ranges: [
        [0, 4095],
        [12_288, 12_288],
      ],
    });
  });

  it("shows a ring without any node", () => {
    expect(ringLines([], false, unpainted)).to.deep.equal([
      "NAME  SHARE    SLOTS  RANGES  ID",
      "16384 of 16384 slots have no node that executes their commands",
    ]);
  });
});
