import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { isSharedBy, slotOwnersOf, slotsOf } from "../../bench/slot-owners.js";

const node = (port: number): (string | number | string[])[] => ["127.0.0.1", port, "id", []];
/** As Redis answers: the executing node, then its copies. */
const reply = [
  [0, 99, node(7001), node(7002)],
  [100, 100, node(7002)],
  [101, 16000, node(7001)],
];

describe("who executes a slot, by CLUSTER SLOTS", () => {
  it("is the first node of its range, and nobody where there is none", () => {
    const owners = slotOwnersOf(reply);
    expect([0, 99, 100, 101, 16000, 16001].map((slot) => owners[slot])).to.deep.equal([
      ...[7001, 7001, 7002, 7001, 7001, 0],
    ]);
    expect(owners).to.have.length(SLOT_COUNT);
  });

  it("gives a node's slots as ranges", () => {
    const owners = slotOwnersOf(reply);
    expect(slotsOf(owners, 7001)).to.deep.equal([
      { first: 0, last: 99 },
      { first: 101, last: 16000 },
    ]);
    expect(slotsOf(owners, 7002)).to.deep.equal([{ first: 100, last: 100 }]);
    expect(slotsOf(owners, 7003)).to.deep.equal([]);
  });

  it("is settled only when every slot has a node, and every node a slot", () => {
    const whole = slotOwnersOf([...reply, [16001, SLOT_COUNT - 1, node(7002)]]);
    expect(isSharedBy(whole, [7001, 7002])).to.equal(true);
    expect(isSharedBy(whole, [7001, 7002, 7003])).to.equal(false);
    expect(isSharedBy(whole, [7001])).to.equal(false);
    expect(isSharedBy(slotOwnersOf(reply), [7001, 7002])).to.equal(false);
  });

  it("is refused in any other shape", () => {
    expect(() => slotOwnersOf("OK")).to.throw(TypeError);
    expect(() => slotOwnersOf([[0, 1]])).to.throw(TypeError);
    expect(() => slotOwnersOf([[0, "1", node(7001)]])).to.throw(TypeError);
  });
});
