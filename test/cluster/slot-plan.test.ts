import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import {
  done,
  type Founding,
  firstPlacement,
  forgetting,
  givingUp,
  joining,
  leaving,
  membersAfter,
  type PlacedMember,
  type Placement,
  rolledBack,
  switching,
} from "#torus/cluster/placement.js";
import type { Preferences } from "#torus/cluster/slot-groups.js";
import { nameOfChange, SlotPlan } from "#torus/cluster/slot-plan.js";
import { Ring } from "#torus/ring/ring.js";

const [A, B, C, D, E] = ["a", "b", "c", "d", "e"].map(memberOf) as [
  PlacedMember,
  PlacedMember,
  PlacedMember,
  PlacedMember,
  PlacedMember,
];
const THREE = membersOf([A, B, C]);
const ALL_SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);

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
    const placement = joining(membersOf([A, B]), C, "a");
    const plan = new SlotPlan(placement);
    expect(plan.to("c").get("a")).deep.equal(plan.from("a").get("c"));
    expect(plan.to("c").get("b")).deep.equal(plan.from("b").get("c"));
    expect(plan.from("c").size).equal(0);
    const moved = [...plan.to("c").values()].flat();
    expect(moved.length).within(SLOT_COUNT / 4, SLOT_COUNT / 2);
    expect(nameOfChange(placement)).equal("5 c");
  });

  it("moves all from one that leaves, or is gone", () => {
    for (const placement of [leaving(THREE, "b", "a"), forgetting(givingUp(THREE, ["b"], "a"), "a")]) {
      const plan = new SlotPlan(placement);
      const owned = plan.owners.filter((number) => number === plan.numberOf("b")).length;
      expect([...plan.from("b").values()].flat().length).equal(owned);
      expect(plan.nextOwners.includes(plan.numberOf("b"))).equal(false);
    }
  });

  it("is one object for placements of the same members and the same change, and another for others", () => {
    const plan = SlotPlan.of(THREE);
    expect(SlotPlan.of({ ...THREE, epoch: THREE.epoch + 1 })).equal(plan);
    const change = leaving(THREE, "b", "a");
    for (const other of [change, switching(change, "a"), membersOf([A, B])])
      expect(SlotPlan.of(other)).not.equal(plan);
    expect(SlotPlan.of(switching(change, "a")).candidates).not.equal(SlotPlan.of(change).candidates);
  });

  it("calls every node by a number of its own, and those that it does not know by none", () => {
    const plan = new SlotPlan(joining(firstPlacement(A), B, "a"));
    expect(plan.ids.map((id) => plan.numberOf(id))).deep.equal([0, 1]);
    expect(plan.numberOf("x")).equal(-1);
  });

  for (const { of, placement } of replicated()) {
    it(`puts slots with the same owners into groups, and others apart: ${of}`, () => {
      const plan = new SlotPlan(placement);
      const { groups, bySlot } = plan.groups;
      for (const slot of ALL_SLOTS) {
        const { owners, nextOwners } = groups[bySlot[slot]!]!;
        const told = [plan.ownersOf(slot), plan.nextOwnersOf(slot)];
        expect(JSON.stringify([owners, nextOwners])).equal(JSON.stringify(told));
      }
      const names = groups.map(({ owners, nextOwners }) => JSON.stringify([owners, nextOwners]));
      expect(new Set(names).size).equal(groups.length);
      for (const [index, { slots }] of groups.entries())
        expect(slots).deep.equal(ALL_SLOTS.filter((slot) => bySlot[slot] === index));
    });

    it(`gives slots the owners that the ring gives them: ${of}`, () => {
      const plan = new SlotPlan(placement);
      const { copies } = placement;
      const before = Ring.of(placement.members, { copies });
      const after = Ring.of(membersAfter(placement), { copies });
      for (const slot of ALL_SLOTS) {
        const [owners, next] = [before.ownersOf(slot), after.ownersOf(slot)];
        const expected = { owners, next, all: [...new Set([...owners, ...next])] };
        const told = {
          owners: plan.ownersOf(slot),
          next: plan.nextOwnersOf(slot),
          all: plan.allOwnersOf(slot),
        };
        const numbered = {
          owners: namesAt(plan, plan.current, slot),
          next: namesAt(plan, plan.next, slot),
          first: [plan.owners[slot]!, plan.nextOwners[slot]!].map((number) => plan.ids[number]),
        };
        // As texts, which are compared in no time.
        expect(JSON.stringify(told)).equal(JSON.stringify(expected));
        expect(JSON.stringify(numbered)).equal(JSON.stringify({ owners, next, first: [owners[0], next[0]] }));
      }
    });

    it(`tells of each node which slots are its own, and which are to be: ${of}`, () => {
      const plan = new SlotPlan(placement);
      for (const id of plan.ids) {
        const { current, next, all } = plan.slotsOf(id);
        expect([...current]).deep.equal(ALL_SLOTS.filter((slot) => plan.ownersOf(slot).includes(id)));
        expect([...next]).deep.equal(ALL_SLOTS.filter((slot) => plan.nextOwnersOf(slot).includes(id)));
        expect([...all]).deep.equal(ALL_SLOTS.filter((slot) => plan.allOwnersOf(slot).includes(id)));
        expect(plan.slotsOf(id)).equal(plan.slotsOf(id));
      }
      expect(Object.values(plan.slotsOf("x")).map(({ size }) => size)).deep.equal([0, 0, 0]);
    });
  }

  it("lets the owners execute until slots are handed over, and then the next ones", () => {
    const joins = joining(membersOf([A, B, C, D], 3), E, "a");
    const handing = switching(joins, "a");
    for (const { placement, isNext } of [
      { placement: joins, isNext: false },
      { placement: handing, isNext: true },
      { placement: rolledBack(joins, "a"), isNext: false },
      { placement: done(handing, "a"), isNext: false },
    ]) {
      const plan = new SlotPlan(placement);
      expect(plan.candidates).equal(isNext ? plan.next : plan.current);
    }
  });

  it("has no more owners than members", () => {
    const alone = new SlotPlan(firstPlacement(A, foundingOf(3)));
    expect(alone.current.copies).equal(1);
    expect(alone.slotsOf("a").current.size).equal(SLOT_COUNT);
    const joined = new SlotPlan(joining(firstPlacement(A, foundingOf(3)), B, "a"));
    expect([joined.current.copies, joined.next.copies]).deep.equal([1, 2]);
    expect(joined.slotsOf("b").current.size).equal(0);
    expect(joined.slotsOf("b").next.size).equal(SLOT_COUNT);
  });
});

function replicated(): readonly { readonly of: string; readonly placement: Placement }[] {
  const four = membersOf([A, B, C, D], 3);
  return [
    { of: "four with three copies", placement: four },
    { of: "a fifth joins", placement: joining(four, E, "a") },
    { of: "one of four leaves", placement: switching(leaving(four, "b", "a"), "a") },
    { of: "one of three is gone", placement: forgetting(givingUp(membersOf([A, B, C], 3), ["c"], "a"), "a") },
    { of: "two with one copy, and a third", placement: joining(membersOf([A, B]), C, "a") },
  ];
}

function namesAt({ ids }: SlotPlan, { copies, numbers }: Preferences, slot: number): string[] {
  return Array.from(numbers.subarray(slot * copies, (slot + 1) * copies), (number) => ids[number]!);
}

function membersOf(members: readonly PlacedMember[], copies = 1): Placement {
  return { ...firstPlacement(A, foundingOf(copies)), epoch: 4, members };
}

function foundingOf(copies: number): Founding {
  return { copies, hashSeed: copies === 1 ? null : "5".repeat(32) };
}

function memberOf(id: string): PlacedMember {
  return { id, weight: 1, zone: "", host: id };
}
