import { expect } from "chai";
import fc from "fast-check";
import {
  comparePlacements,
  done,
  firstPlacement,
  forgetting,
  formatPlacement,
  isMember,
  joining,
  leaving,
  membersAfter,
  type PlacedMember,
  type Placement,
  parsePlacement,
  participants,
  rolledBack,
  settled,
  switching,
} from "#torus/cluster/placement.js";

const A = memberOf("a");
const B = memberOf("b");

describe("placement", () => {
  it("takes a node in by copying, then handing over, then counting it among the members", () => {
    const first = firstPlacement(A);
    const copying = joining(first, B, "a");
    expect(copying).include({ epoch: 2, by: "a" });
    expect(copying.members).deep.equal([A]);
    expect(membersAfter(copying)).deep.equal([A, B]);
    expect(participants(copying)).deep.equal(["a", "b"]);
    const handing = switching(copying, "a");
    expect(handing.change).include({ phase: "switch" });
    const after = done(handing, "a");
    expect(after).deep.equal({ epoch: 4, by: "a", members: [A, B], change: null });
    expect(isMember(after, "b")).equal(true);
  });

  it("lets a member go, whose word is needed to the end", () => {
    const two = { epoch: 4, by: "a", members: [A, B], change: null };
    const copying = leaving(two, "a", "a");
    expect(participants(copying)).deep.equal(["a", "b"]);
    expect(membersAfter(copying)).deep.equal([B]);
    expect(done(switching(copying, "b"), "b").members).deep.equal([B]);
  });

  it("gives up what has handed nothing over, and nothing else", () => {
    const copying = joining(firstPlacement(A), B, "a");
    expect(rolledBack(copying, "a")).deep.equal({ epoch: 3, by: "a", members: [A], change: null });
    expect(() => rolledBack(switching(copying, "a"), "a")).throw("what is handed over is not taken back");
  });

  it("refuses steps that make no sense", () => {
    const first = firstPlacement(A);
    const copying = joining(first, B, "a");
    expect(() => joining(first, A, "a")).throw("not a member yet");
    expect(() => joining(copying, memberOf("c"), "a")).throw("one change at a time");
    expect(() => leaving(first, "a", "a")).throw("not the last one");
    expect(() => leaving({ ...first, members: [A, B] }, "c", "a")).throw("who leaves is a member");
    expect(() => done(copying, "a")).throw("only what was handed over is done");
    expect(() => switching(first, "a")).throw("only what is copied is handed over");
    expect(() => forgetting(first, "a", "a")).throw("the last member stays");
  });

  it("forgets a member, and the change that was about it", () => {
    const two: Placement = { epoch: 4, by: "a", members: [A, B], change: null };
    expect(forgetting(two, "b", "a")).deep.equal({ epoch: 5, by: "a", members: [A], change: null });
    expect(forgetting(leaving(two, "b", "a"), "b", "a").change).equal(null);
    const taking = joining(two, memberOf("c"), "a");
    expect(forgetting(taking, "b", "a").change).deep.equal(taking.change);
  });

  it("orders what was proposed: by epoch, then by who proposed it", () => {
    const first = firstPlacement(A);
    const [byA, byB] = [joining(first, B, "a"), joining(first, B, "b")];
    expect(comparePlacements(first, byA)).below(0);
    expect(comparePlacements(byB, byA)).above(0);
    expect(comparePlacements(byA, byA)).equal(0);
    expect(comparePlacements(settled(byB, "a"), byB)).above(0);
    expect(settled(byB, "a").change).deep.equal(byB.change);
  });

  it("survives as text, and no cut or changed text passes for another placement unnoticed", () => {
    const placement = switching(joining(firstPlacement(A), B, "a"), "a");
    const text = formatPlacement(placement);
    expect(parsePlacement(text)).deep.equal(placement);
    for (let end = 0; end < text.length; end++) expect(parsePlacement(text.slice(0, end))).equal(undefined);
    for (const damage of [
      { ...placement, epoch: 0 },
      { ...placement, epoch: 1.5 },
      { ...placement, by: 1 },
      { ...placement, members: [] },
      { ...placement, members: [A, A] },
      { ...placement, members: [{ ...A, weight: 0 }] },
      { ...placement, members: [{ ...A, id: "" }] },
      { ...placement, change: { ...placement.change, phase: "wait" } },
      { ...placement, change: {} },
      [],
    ]) {
      expect(parsePlacement(JSON.stringify(damage)), JSON.stringify(damage)).equal(undefined);
    }
  });

  it("never lets two members take different steps of one epoch and both go on", () => {
    // Members take a proposal only if it builds on what they have; a step is complete when all have taken it.
    const proposals = fc.array(fc.record({ by: fc.constantFrom("a", "b"), reach: fc.nat(7) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(proposals, (attempts) => {
        const held: Placement[] = [0, 1, 2].map(() => firstPlacement(A));
        const complete: Placement[] = [held[0]!];
        for (const { by, reach } of attempts) {
          const newest = held.reduce((one, other) => (comparePlacements(one, other) >= 0 ? one : other));
          const isComplete = held.every((each) => comparePlacements(each, newest) === 0);
          const next =
            isComplete && newest.change === null
              ? joining(newest, memberOf(`n${newest.epoch}`), by)
              : settled(newest, by);
          held.forEach((own, i) => {
            const isBase = comparePlacements(own, newest) === 0 || own.epoch < newest.epoch;
            if ((reach & (1 << i)) !== 0 && isBase && comparePlacements(next, own) > 0) held[i] = next;
          });
          if (held.every((each) => comparePlacements(each, next) === 0)) complete.push(next);
        }
        const epochs = complete.map(({ epoch }) => epoch);
        expect(new Set(epochs).size).equal(epochs.length);
      }),
    );
  });
});

function memberOf(id: string): PlacedMember {
  return { id, weight: 1, zone: "", host: `host of ${id}` };
}
