import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { slotsLostWith } from "#torus/cluster/lost-slots.js";
import {
  firstPlacement,
  givingUp,
  joining,
  leaving,
  type PlacedMember,
  type Placement,
  switching,
} from "#torus/cluster/placement.js";
import { SlotPlan } from "#torus/cluster/slot-plan.js";

const [A, B, C, D] = ["a", "b", "c", "d"].map(memberOf) as [
  PlacedMember,
  PlacedMember,
  PlacedMember,
  PlacedMember,
];

describe("slots that are lost with nodes", () => {
  it("are those all of whose owners are gone", () => {
    expect(slotsLostWith(placed(3, A, B, C), ["b", "c"]).size).equal(0);
    const four = placed(2, A, B, C, D);
    const plan = new SlotPlan(four);
    const lost = slotsLostWith(four, ["b", "c"]);
    expect(lost.size).within(SLOT_COUNT / 12, SLOT_COUNT / 3);
    for (const slot of lost) expect([...plan.ownersOf(slot)].sort()).deep.equal(["b", "c"]);
    expect(slotsLostWith(four, ["b"]).size).equal(0);
    expect(slotsLostWith(givingUp(four, ["b"], "a"), ["c"]).toString()).equal(lost.toString());
  });

  it("are not those that another node has by now", () => {
    const leaves = leaving(placed(2, A, B, C, D), "b", "a");
    expect(slotsLostWith(leaves, ["b", "c"]).size).above(0);
    expect(slotsLostWith(switching(leaves, "a"), ["b", "c"]).size).equal(0);
  });

  it("are all that the node had where there is one copy, and all that it may have taken over", () => {
    const three = placed(1, A, B, C);
    const plan = new SlotPlan(three);
    const owned = plan.slotsOf("b").current;
    expect(slotsLostWith(three, ["b"]).toString()).equal(owned.toString());
    const joins = joining(three, D, "a");
    expect(slotsLostWith(joins, ["d"]).size).equal(0);
    expect(slotsLostWith(switching(joins, "a"), ["d"]).toString()).equal(
      new SlotPlan(joins).slotsOf("d").next.toString(),
    );
  });
});

function placed(copies: number, ...members: readonly PlacedMember[]): Placement {
  return { ...firstPlacement(members[0]!, { copies, hashSeed: "12".repeat(16) }), epoch: 4, members };
}

function memberOf(id: string): PlacedMember {
  return { id, weight: 1, zone: "", host: `host of ${id}` };
}
