import { expect } from "chai";
import { OwnerGroups } from "#torus/cluster/primaries/owner-groups.js";
import { SlotCopies } from "#torus/cluster/replication/slot-copies.js";
import { slotGroups } from "../../support/slot-groups.js";

const NAMES = ["self", "b", "c", "d"];

/** What each of the others has, and who lives; the test changes both. */
function copiesOf(owners: readonly string[], nextOwners: readonly string[] = owners) {
  const has = new Map<string, number>();
  const dead = new Set<string>();
  const copies = new SlotCopies({
    peers: { idOf: (number) => NAMES[number] },
    shipping: {
      shipper: (id) => ({ reach: { has: ({ position }) => (has.get(id) ?? -1) >= position } }),
      flushSoon() {},
    },
    stream: { localPositionOf: () => 7 },
    isAlive: (number) => !dead.has(NAMES[number]!),
    confirmRead: () => Promise.resolve("failed"),
  });
  copies.groups = new OwnerGroups({
    grouped: slotGroups(
      () => owners,
      () => nextOwners,
    ),
    phase: owners === nextOwners ? null : "transfer",
    numberOf: (id) => NAMES.indexOf(id),
  });
  return { copies, has, dead };
}

describe("What other owners have of a slot", () => {
  it("is confirmed when most owners have it, whether or not they still live", () => {
    const { copies, has, dead } = copiesOf(["self", "b", "c"]);
    expect(copies.isConfirmed(1, copies.positionOf(1))).to.equal(false);
    has.set("b", 7);
    dead.add("b");
    expect(copies.isConfirmed(1, copies.positionOf(1))).to.equal(true);
    expect(copies.isConfirmed(1, 8)).to.equal(false);
  });

  it("can be confirmed while most owners live", () => {
    const { copies, dead } = copiesOf(["self", "b", "c"]);
    dead.add("b");
    expect(copies.canConfirm(1)).to.equal(true);
    dead.add("c");
    expect(copies.canConfirm(1)).to.equal(false);
  });

  it("counts for WAIT of the other owners that live", () => {
    const { copies, has, dead } = copiesOf(["self", "b", "c"]);
    for (const name of ["b", "c", "d"]) has.set(name, 7);
    expect(copies.countOf(1, 7)).to.equal(2);
    dead.add("b");
    expect(copies.countOf(1, 7)).to.equal(1);
    expect(copies.countOf(1, 0)).to.equal(1);
  });

  it("takes most of the present and of the next owners while they change", () => {
    const { copies, has, dead } = copiesOf(["self", "b", "c"], ["b", "c", "d"]);
    has.set("b", 7);
    expect(copies.isConfirmed(1, 7)).to.equal(false);
    has.set("d", 7);
    expect(copies.isConfirmed(1, 7)).to.equal(true);
    dead.add("c");
    expect(copies.canConfirm(1)).to.equal(true);
    dead.add("d");
    expect(copies.canConfirm(1)).to.equal(false);
  });

  it("is nothing where each slot has one owner, who is enough", async () => {
    const { copies } = copiesOf(["self"]);
    copies.groups = undefined;
    expect([
      copies.ownersOf(1),
      copies.canConfirm(1),
      copies.isConfirmed(1, 7),
      copies.countOf(1, 0),
    ]).to.deep.equal([1, true, true, 0]);
    expect(await copies.confirmRead(1, 0, Buffer.from("a"), 10)).to.equal("confirmed");
  });
});
