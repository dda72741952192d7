import { expect } from "chai";
import type { Claim } from "#torus/membership/claim.js";
import { OwnRecord } from "#torus/membership/own-record.js";
import { idOfNumber, recordOf } from "../support/sim-member.js";

describe("a node's own record", () => {
  const by = idOfNumber(2);
  const own = (changes = {}) => new OwnRecord(recordOf(1, { boot: 3, incarnation: 5, ...changes }));
  const gone = (kind: "dead" | "forgotten", incarnation: number, boot = 3): Claim => {
    return { kind, id: idOfNumber(1), boot, incarnation, by };
  };
  const alive = (changes: object): Claim => {
    return { kind: "alive", record: recordOf(1, { boot: 3, incarnation: 5, ...changes }) };
  };

  it("is renewed with each change", () => {
    const record = own();
    record.update({ host: "elsewhere" });
    expect(record.record).to.deep.include({ boot: 3, incarnation: 6, host: "elsewhere" });
  });

  it("refutes what is said of its life, whatever its incarnation, by a higher one", () => {
    for (const [incarnation, next] of [
      [5, 6],
      [9, 10],
    ] as const) {
      const record = own();
      expect(record.judge(gone("dead", incarnation))).to.equal("refuted");
      expect(record.record.incarnation).to.equal(next);
    }
    const record = own();
    const suspicion: Claim = { kind: "suspect", id: idOfNumber(1), boot: 3, incarnation: 5, accusers: [by] };
    expect(record.judge(suspicion)).to.equal("refuted");
    expect(record.judge(suspicion)).to.equal("outdated");
    expect(record.record.incarnation).to.equal(6);
  });

  it("knows old news for what it is", () => {
    expect(own().judge(gone("dead", 4))).to.equal("outdated");
    expect(own().judge(gone("dead", 9, 2))).to.equal("outdated");
    expect(own().judge(alive({ incarnation: 4 }))).to.equal("outdated");
    expect(own().judge(alive({}))).to.equal("agreed");
  });

  it("has to be let in again when it was forgotten", () => {
    const record = own();
    expect(record.judge(gone("forgotten", 5))).to.equal("refuted");
    expect(record.record).to.deep.include({ incarnation: 6, lifecycle: "joining" });
  });

  it("contradicts nobody once it left", () => {
    const record = own({ lifecycle: "left" });
    expect(record.judge(gone("dead", 5))).to.equal("agreed");
    expect(record.record.incarnation).to.equal(5);
  });

  it("gives way to a later life, and of two processes with one life exactly one does", () => {
    expect(own().judge(gone("dead", 0, 4))).to.equal("superseded");
    expect(own().judge(alive({ boot: 4, incarnation: 0 }))).to.equal("superseded");
    expect(own().judge(alive({ incarnation: 6 }))).to.equal("superseded");
    const [here, there] = [own({ host: "here" }), own({ host: "there" })];
    const verdicts = [
      here.judge({ kind: "alive", record: there.record }),
      there.judge({ kind: "alive", record: here.record }),
    ];
    expect([...verdicts].sort()).to.deep.equal(["agreed", "superseded"]);
  });
});
