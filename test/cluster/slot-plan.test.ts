import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { firstPlacement, forgetting, joining, leaving, type PlacedMember } from "#torus/cluster/placement.js";
import { nameOfChange, SlotPlan } from "#torus/cluster/slot-plan.js";

const [A, B, C] = ["a", "b", "c"].map((id): PlacedMember => ({ id, weight: 1, zone: "", host: id })) as [
  PlacedMember,
  PlacedMember,
  PlacedMember,
];
const THREE = { epoch: 4, by: "a", members: [A, B, C], change: null };

describe("what a placement means for slots", () => {
  it("moves nothing while owners do not change", () => {
    const plan = new SlotPlan(THREE);
    for (const id of ["a", "b", "c"]) {
      expect(plan.from(id).size).equal(0);
      expect(plan.to(id).size).equal(0);
      expect(plan.owners.filter((number) => number === plan.numberOf(id)).length).above(SLOT_COUNT / 4);
    }
    expect(nameOfChange(THREE)).equal(null);
  });

  it("moves to a node that joins what it is to have, and tells both sides the same", () => {
    const placement = joining({ ...THREE, members: [A, B] }, C, "a");
    const plan = new SlotPlan(placement);
    expect(plan.to("c").get("a")).deep.equal(plan.from("a").get("c"));
    expect(plan.to("c").get("b")).deep.equal(plan.from("b").get("c"));
    expect(plan.from("c").size).equal(0);
    const moved = [...plan.to("c").values()].flat();
    expect(moved.length).within(SLOT_COUNT / 4, SLOT_COUNT / 2);
    expect(nameOfChange(placement)).equal("5 c");
  });

  it("moves all from one that leaves, or is gone", () => {
    for (const placement of [leaving(THREE, "b", "a"), forgetting(THREE, "b", "a")]) {
      const plan = new SlotPlan(placement);
      const owned = plan.owners.filter((number) => number === plan.numberOf("b")).length;
      expect([...plan.from("b").values()].flat().length).equal(owned);
      expect(plan.nextOwners.includes(plan.numberOf("b"))).equal(false);
    }
  });

  it("calls every node by a number of its own, and those that it does not know by none", () => {
    const plan = new SlotPlan(joining(firstPlacement(A), B, "a"));
    expect(plan.ids.map((id) => plan.numberOf(id))).deep.equal([0, 1]);
    expect(plan.numberOf("x")).equal(-1);
  });
});
