import { expect } from "chai";
import fc from "fast-check";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { movement } from "#torus/ring/movement.js";
import { Ring, type RingMember } from "#torus/ring/ring.js";
import { LOAD_CAP } from "#torus/ring/shares.js";
import { busiest, equalMembers, joinMovement, loadsOf } from "./clusters.js";

describe("ring", () => {
  it("loads nobody beyond the cap, of first owners and of all copies, from 3 members to 200", () => {
    for (const count of [3, 4, 5, 6, 7, 9, 12, 16, 20, 33, 64, 100, 147, 200]) {
      for (const copies of [1, 3]) {
        const { primaries, copies: all } = loadsOf(Ring.of(equalMembers(count), { copies }));
        expect(busiest(primaries), `first owners of ${count}`).at.most(LOAD_CAP);
        expect(busiest(all), `${copies} copies of ${count}`).at.most(LOAD_CAP);
      }
    }
  });

  it("moves little more than the new member's share when one joins three copies", () => {
    for (const [count, most] of [
      [3, 1.15],
      [5, 1.15],
      [10, 1.15],
      [14, 1.15],
      [20, 1.15],
      [50, 1.4],
      [120, 1.4],
      [199, 1.4],
    ] as const) {
      for (const seed of ["a", "b"]) {
        expect(joinMovement(count, 3, seed), `${count} members, seed ${seed}`).within(
          1 / LOAD_CAP - 0.1,
          most,
        );
      }
    }
  });

  it("takes from nobody but gives to the joining member, and back when it leaves, most of what moves", () => {
    const members = equalMembers(11);
    const [ten, eleven] = [Ring.of(members.slice(0, 10), { copies: 3 }), Ring.of(members, { copies: 3 })];
    const joined = movement(ten, eleven);
    const toNew = joined.filter(({ gained }) => gained.includes(members[10]!.id)).length;
    expect(toNew / joined.length).greaterThan(0.85);
    expect(
      movement(eleven, ten).map(({ slot, gained, lost }) => ({ slot, gained: lost, lost: gained })),
    ).deep.equal(joined);
  });

  it("is a value of its members: their order does not matter, and equal ones are one ring", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(equalMembers(9), { minLength: 1 }), (members) => {
        const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(Ring.of(members, { copies: 3 })).equal(Ring.of(sorted, { copies: 3 }));
      }),
      { numRuns: 20 },
    );
    // Whoever computes another ring than the others sends keys astray: a change of the algorithm must show here.
    const ring = Ring.of(equalMembers(5), { copies: 3 });
    let print = 0;
    for (const owner of ring.owners) print = (Math.imul(print, 31) + owner) >>> 0;
    expect(print).equal(PRINT_OF_FIVE);
  });

  it("gives each slot distinct owners, of distinct zones as far as there are any, then of distinct hosts", () => {
    const member = fc.record({
      weight: fc.constantFrom(0.5, 1, 1, 2),
      zone: fc.constantFrom("a", "b", "c", "d"),
      host: fc.constantFrom("1", "2", "3"),
    });
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        (drawn, copies) => {
          const members = drawn.map((each, i) => ({
            ...each,
            id: `n${i}`,
            host: `${each.zone}-${each.host}`,
          }));
          const ring = Ring.of(members, { copies });
          const zones = new Set(members.map(({ zone }) => zone)).size;
          const hosts = new Set(members.map(({ host }) => host)).size;
          for (let slot = 0; slot < SLOT_COUNT; slot += 101) {
            const owners = ring.ownersOf(slot).map((id) => members.find((each) => each.id === id)!);
            expect(owners).length(Math.min(copies, members.length));
            expect(new Set(owners).size).equal(owners.length);
            expect(new Set(owners.map(({ zone }) => zone)).size).equal(Math.min(zones, owners.length));
            expect(new Set(owners.map(({ host }) => host)).size).equal(Math.min(hosts, owners.length));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("shares by weight", () => {
    const members: RingMember[] = equalMembers(6).map((each, i) => ({ ...each, weight: i < 3 ? 1 : 2 }));
    const { primaries, copies } = loadsOf(Ring.of(members, { copies: 2 }));
    for (const { id, weight } of members) {
      const due = (SLOT_COUNT * weight) / 9;
      expect(primaries.get(id)! / due, `first owners, weight ${weight}`).within(0.75, LOAD_CAP);
      expect(copies.get(id)! / (2 * due), `copies, weight ${weight}`).within(0.75, LOAD_CAP);
    }
  });

  it("puts the spread over zones before balance, and balances within it", () => {
    const members = equalMembers(7).map((each, i) => ({
      ...each,
      zone: i < 5 ? "large" : i < 6 ? "b" : "c",
    }));
    const { copies } = loadsOf(Ring.of(members, { copies: 3 }));
    for (const { id, zone } of members) {
      expect(copies.get(id)! / (zone === "large" ? SLOT_COUNT / 5 : SLOT_COUNT)).within(0.9, LOAD_CAP);
    }
  });

  it("has all members own all slots where there are no more than copies", () => {
    for (const count of [1, 2, 3]) {
      const ring = Ring.of(equalMembers(count), { copies: 3 });
      expect(ring.copies).equal(count);
      for (const { id } of ring.members) expect(ring.slotsOf(id)).length(SLOT_COUNT);
    }
  });

  it("names the slots of a member by rank", () => {
    const ring = Ring.of(equalMembers(4), { copies: 2 });
    const [id] = ring.members.map((each) => each.id);
    const first = ring.slotsOf(id!, 0);
    expect(first.every((slot) => ring.primaryOf(slot) === id)).equal(true);
    expect(ring.slotsOf(id!)).length(first.length + ring.slotsOf(id!, 1).length);
  });
});

/** Of the owners of five equal members. */
const PRINT_OF_FIVE = 3423986534;
