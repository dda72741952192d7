import { expect } from "chai";
import type { ChangePhase } from "#torus/cluster/placement.js";
import { OwnerGroups } from "#torus/cluster/primaries/owner-groups.js";
import { SlotCopies } from "#torus/cluster/replication/slot-copies.js";
import { ManualTime, settled } from "../../durability/manual-time.js";
import { slotGroups } from "../../support/slot-groups.js";

const NAMES = ["self", "b", "c", "d"];

/** What each of the others has, and who lives; the test changes both. */
function copiesOf(
  owners: readonly string[],
  nextOwners: readonly string[] = owners,
  phase: ChangePhase = "transfer",
) {
  const has = new Map<string, number>();
  const dead = new Set<string>();
  const deserters = new Set<string>();
  const term = { start: 0 };
  const time = new ManualTime();
  const copies = new SlotCopies({
    peers: { idOf: (number) => NAMES[number] },
    shipping: {
      shipper: (id) => ({ reach: { has: ({ position }) => (has.get(id) ?? -1) >= position } }),
      flushSoon() {},
    },
    stream: { localPosition: 9, localPositionOf: () => 7, mark: () => 9, flushNow() {} },
    timers: time,
    isAlive: (number) => !dead.has(NAMES[number]!),
    tenure: {
      isSupporter: (number) => !deserters.has(NAMES[number]!),
      actsFrom: () => term.start,
    },
    confirmRead: () => Promise.resolve("failed"),
  });
  copies.groups = new OwnerGroups({
    grouped: slotGroups(
      () => owners,
      () => nextOwners,
    ),
    phase: owners === nextOwners ? null : phase,
    numberOf: (id) => NAMES.indexOf(id),
  });
  return { copies, has, dead, deserters, term, time };
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

  it("is not confirmed by an owner that stands by another node", () => {
    const { copies, has, deserters } = copiesOf(["self", "b", "c"]);
    has.set("b", 7);
    deserters.add("b");
    expect(copies.isConfirmed(1, 7)).to.equal(false);
    has.set("c", 7);
    expect(copies.isConfirmed(1, 7)).to.equal(true);
  });

  it("is not confirmed any more if it was executed for an earlier term", () => {
    const { copies, has, term } = copiesOf(["self", "b", "c"]);
    has.set("b", 9);
    term.start = 7;
    expect(copies.isConfirmed(1, 7)).to.equal(false);
    expect(copies.isConfirmed(1, copies.mark(1))).to.equal(true);
    expect(copiesOf(["self"]).copies.isConfirmed(1, 0), "nobody else is to have it").to.equal(true);
  });

  it("is waited for until a majority has it, or for a while", async () => {
    const { copies, has, time, term } = copiesOf(["self", "b", "c"]);
    let isOver = false;
    const note = () => {
      isOver = true;
    };
    const waiting = copies.confirmed([1, 2], 100).then(note);
    has.set("b", 6);
    copies.progressed();
    await settled();
    expect(isOver).to.equal(false);
    has.set("b", 7);
    copies.progressed();
    await waiting;
    has.clear();
    isOver = false;
    const late = copies.confirmed([3], 100).then(note);
    await time.pass(99);
    expect(isOver).to.equal(false);
    await time.pass(1);
    await late;
    term.start = 7;
    await copies.confirmed([1], 100);
  });

  it("stays confirmed once that was waited for, whoever stands by another node then", async () => {
    const { copies, has, deserters, term } = copiesOf(["self", "b", "c"]);
    has.set("b", 7);
    await copies.confirmed([1], 100);
    for (const name of ["b", "c"]) deserters.add(name);
    term.start = 8;
    expect(copies.isConfirmed(1, 7)).to.equal(true);
    expect(copies.isConfirmed(1, 8)).to.equal(false);
    expect(copies.isConfirmed(2, 7)).to.equal(false);
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

  it("counts for WAIT as many as will be left of them when the owners have changed", () => {
    const old = ["b", "c", "d"];
    const heir = copiesOf(old, ["self", "b", "c"], "switch");
    for (const name of old) heir.has.set(name, 7);
    expect(heir.copies.countOf(1, 7), "d lets go what it has").to.equal(2);
    heir.has.delete("b");
    expect(heir.copies.countOf(1, 7)).to.equal(1);
    const leaver = copiesOf(["self", "b", "c"], ["b", "c", "d"], "switch");
    for (const name of ["b", "c", "d"]) leaver.has.set(name, 7);
    expect(leaver.copies.countOf(1, 7), "one of them is to be the primary").to.equal(2);
    const giver = copiesOf(["self", "b", "c"], ["b", "c", "d"]);
    for (const name of ["b", "d"]) giver.has.set(name, 7);
    expect(giver.copies.countOf(1, 7), "d is no owner yet").to.equal(1);
  });

  it("does not count for WAIT what this node may have let go, though others have all that it has", () => {
    const { copies, has } = copiesOf(["self", "b", "c"]);
    for (const name of ["b", "c"]) has.set(name, 10);
    copies.letGo([1]);
    expect(copies.countOf(1, 9)).to.equal(0);
    expect(copies.countOf(1, 10)).to.equal(2);
    expect(copies.countOf(2, 9)).to.equal(2);
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
