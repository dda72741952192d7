import { expect } from "chai";
import fc from "fast-check";
import {
  canGiveUp,
  comparePlacements,
  done,
  type Founding,
  firstPlacement,
  forgetting,
  formatPlacement,
  givingUp,
  hasCopies,
  isMember,
  isReplicated,
  joining,
  leaving,
  membersAfter,
  type PlacedMember,
  type Placement,
  parsePlacement,
  participants,
  rolledBack,
  switching,
  voters,
} from "#torus/cluster/placement.js";

const A = memberOf("a");
const B = memberOf("b");
const C = memberOf("c");
const D = memberOf("d");
const THREE_COPIES: Founding = { copies: 3, hashSeed: "0123456789abcdef0123456789abcdef" };

describe("placement", () => {
  it("takes a node in by copying, then handing over, then counting it among the members", () => {
    const first = firstPlacement(A);
    const copying = joining(first, B, "a");
    expect(copying).include({ epoch: 2, by: "a" });
    expect(copying.members).deep.equal([A]);
    expect(membersAfter(copying)).deep.equal([A, B]);
    expect(participants(copying)).deep.equal(["a", "b"]);
    const handing = switching(copying, "a");
    expect(handing.change).include({ phase: "switch", began: 2 });
    const after = done(handing, "a");
    expect(after).deep.equal({ ...first, epoch: 4, members: [A, B] });
    expect(isMember(after, "b")).equal(true);
  });

  it("lets a member go, whose word is needed to the end", () => {
    const two = membersOf(A, B);
    const copying = leaving(two, "a", "a");
    expect(participants(copying)).deep.equal(["a", "b"]);
    expect(membersAfter(copying)).deep.equal([B]);
    expect(done(switching(copying, "b"), "b").members).deep.equal([B]);
  });

  it("gives up what has handed nothing over, and nothing else", () => {
    const copying = joining(firstPlacement(A), B, "a");
    expect(rolledBack(copying, "a")).deep.equal({ ...firstPlacement(A), epoch: 3 });
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
    expect(() => forgetting(first, "a")).throw("one change at a time");
    expect(() => givingUp(first, ["a"], "a")).throw("somebody is left");
  });

  it("forgets a member by a change of its own, in which it has no say", () => {
    const three = membersOf(A, B, C);
    const given = givingUp(three, ["b"], "a");
    // Two more, since the forgotten one may have begun one step by itself.
    expect(given).deep.equal({ ...three, epoch: 6, gone: ["b"] });
    expect(voters(three, given)).deep.equal(["a", "c"]);
    const taking = forgetting(given, "a");
    expect(taking).deep.equal({
      ...given,
      epoch: 7,
      change: { kind: "forget", node: B, others: [], phase: "transfer", began: 7 },
    });
    expect(participants(taking)).deep.equal(["a", "c"]);
    expect(voters(given, taking)).deep.equal(["a", "c"]);
    expect(done(switching(taking, "a"), "a")).deep.include({ members: [A, C], gone: [], change: null });
  });

  it("forgets several members by one change, and needs the word of none of them", () => {
    const given = givingUp(membersOf(A, B, C, D), ["b", "d"], "a");
    const taking = forgetting(given, "a");
    expect(taking.change).deep.include({ kind: "forget", node: B, others: ["d"] });
    expect(participants(taking)).deep.equal(["a", "c"]);
    expect(voters(membersOf(A, B, C, D), given)).deep.equal(["a", "c"]);
    expect(done(switching(taking, "a"), "a").members).deep.equal([A, C]);
  });

  it("begins to forget anew, where there are copies, when another one is gone before anything is handed over", () => {
    const four = replicated(A, B, C, D);
    const one = forgetting(givingUp(four, ["b"], "a"), "a");
    const both = givingUp(one, ["d"], "a");
    expect(both).deep.include({ epoch: one.epoch + 2, gone: ["b", "d"], change: null });
    expect(voters(one, both)).deep.equal(["a", "c"]);
    expect(forgetting(both, "a").change).deep.include({ node: B, others: ["d"], phase: "transfer" });
    expect(canGiveUp({ ...one, copies: 1 }, ["d"])).equal(false);
  });

  it("finishes what is being handed over without those who are gone meanwhile, and forgets them then", () => {
    for (const under of [
      joining(replicated(A, B, C), D, "a"),
      forgetting(givingUp(replicated(A, B, C, D), ["d"], "a"), "a"),
    ]) {
      const handing = switching(under, "a");
      const without = givingUp(handing, ["b"], "a");
      expect(without.change).deep.equal(handing.change);
      expect(participants(without)).not.include("b");
      const after = done(without, "a");
      expect(after).deep.include({ change: null, gone: ["b"] });
      expect(voters(without, after)).not.include("b");
      expect(forgetting(after, "a")).deep.include({ epoch: after.epoch + 1, gone: ["b"] });
      expect(forgetting(after, "a").change).deep.include({ kind: "forget", node: B, others: [] });
    }
  });

  it("gives up a join or a leave that waits for one who is gone, of which nothing is handed over", () => {
    const three = membersOf(A, B, C);
    const joins = joining(three, D, "a");
    expect(givingUp(joins, ["b"], "a")).deep.include({ change: null, gone: ["b"] });
    expect(voters(joins, givingUp(joins, ["b"], "a"))).deep.equal(["a", "c"]);
    const leaves = leaving(three, "c", "a");
    expect(givingUp(leaves, ["b"], "a")).deep.include({ change: null, gone: ["b"] });
    expect(voters(leaves, givingUp(leaves, ["b"], "a"))).deep.equal(["a", "c"]);
    for (const under of [joins, leaves]) expect(canGiveUp(switching(under, "a"), ["b"])).equal(false);
  });

  it("forgets the node that is joining or leaving, whose change ends with that or goes on without it", () => {
    const two = membersOf(A, B);
    const joins = switching(joining(two, C, "a"), "a");
    expect(givingUp(joins, ["c"], "a")).deep.include({ change: null, gone: [], members: two.members });
    expect(voters(joins, givingUp(joins, ["c"], "a"))).deep.equal(["a", "b"]);
    expect(givingUp(joins, ["c", "b"], "a")).deep.include({ change: null, gone: ["b"] });
    const leaves = leaving(two, "b", "a");
    expect(givingUp(leaves, ["b"], "a")).deep.include({ change: null, gone: ["b"] });
    // What it has handed over stays where it is: the same change, without it.
    expect(givingUp(switching(leaves, "a"), ["b"], "a").change).include({
      kind: "forget",
      phase: "switch",
      began: 5,
    });
  });

  it("forgets nobody who is not known, and not the last members", () => {
    const two = membersOf(A, B);
    expect(canGiveUp(two, ["b"])).equal(true);
    expect(canGiveUp(two, ["c"])).equal(false);
    expect(canGiveUp(two, ["a", "b"])).equal(false);
    expect(canGiveUp(givingUp(replicated(A, B, C), ["b", "c"], "a"), ["a"])).equal(false);
    expect(canGiveUp(joining(two, C, "a"), ["a", "b"])).equal(false);
  });

  it("asks a node that joins, but not whether its joining is given up", () => {
    const joins = joining(firstPlacement(A), B, "a");
    expect(voters(firstPlacement(A), joins)).deep.equal(["a", "b"]);
    expect(voters(joins, switching(joins, "a"))).deep.equal(["a", "b"]);
    expect(voters(joins, rolledBack(joins, "a"))).deep.equal(["a"]);
  });

  it("orders what was proposed: by epoch, then by who proposed it", () => {
    const first = firstPlacement(A);
    const [byA, byB] = [joining(first, B, "a"), joining(first, B, "b")];
    expect(comparePlacements(first, byA)).below(0);
    expect(comparePlacements(byB, byA)).above(0);
    expect(comparePlacements(byA, byA)).equal(0);
  });

  it("survives as text, and no cut or changed text passes for another placement unnoticed", () => {
    const placement = switching(joining(firstPlacement(A, THREE_COPIES), B, "a"), "a");
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
      { ...placement, change: { ...placement.change, began: "2" } },
      { ...placement, copies: 0 },
      { ...placement, copies: 8 },
      { ...placement, copies: 1.5 },
      { ...placement, copies: "3" },
      { ...placement, hashSeed: null },
      { ...placement, hashSeed: 1 },
      { ...placement, hashSeed: "0".repeat(32) },
      { ...placement, hashSeed: "A".repeat(32) },
      { ...placement, hashSeed: "a".repeat(31) },
      { ...placement, change: {} },
      { ...placement, change: { ...placement.change, node: A } },
      { ...placement, change: { ...placement.change, kind: "leave" } },
      { ...placement, change: { ...placement.change, kind: "forget", node: A } },
      { ...placement, change: { ...placement.change, others: ["a"] } },
      { ...placement, change: { ...placement.change, others: "" } },
      { ...placement, gone: ["a"] },
      { ...placement, gone: ["c"] },
      { ...placement, gone: "" },
      [],
    ]) {
      expect(parsePlacement(JSON.stringify(damage)), JSON.stringify(damage)).equal(undefined);
    }
  });

  it("keeps to the end what the founder decided", () => {
    const first = firstPlacement(A, THREE_COPIES);
    const joins = joining(first, B, "a");
    const joined = done(switching(joins, "a"), "a");
    const steps = [
      joins,
      joined,
      rolledBack(joins, "a"),
      leaving(joined, "b", "a"),
      givingUp(joined, ["b"], "a"),
      forgetting(givingUp(joined, ["b"], "a"), "a"),
    ];
    for (const step of steps) expect(step).include(THREE_COPIES);
  });

  it("has one copy, and no seed of its own, where a release wrote it that knew no others", () => {
    const { copies, hashSeed, ...old } = joining(firstPlacement(A), B, "a");
    expect(parsePlacement(JSON.stringify(old))).deep.equal({ ...old, copies: 1, hashSeed: null });
    expect({ copies, hashSeed }).deep.equal({ copies: 1, hashSeed: null });
  });

  it("takes out the one that is forgotten where a release wrote it that knew of one at a time", () => {
    const placement = forgetting(givingUp(membersOf(A, B, C), ["b"], "a"), "a");
    const { gone, change, ...rest } = placement;
    const { others, ...old } = change!;
    expect(parsePlacement(JSON.stringify({ ...rest, change: old }))).deep.equal(placement);
    expect({ gone, others }).deep.equal({ gone: ["b"], others: [] });
  });

  it("has copies that others may differ from only where it is to have some, and somebody has them or is about to", () => {
    const first = firstPlacement(A, THREE_COPIES);
    expect([firstPlacement(A), membersOf(A, B)].map(isReplicated)).deep.equal([false, false]);
    expect([firstPlacement(A), membersOf(A, B)].map(hasCopies)).deep.equal([false, false]);
    expect(isReplicated(first)).equal(true);
    expect(hasCopies(first)).equal(false);
    expect(hasCopies(joining(first, B, "a"))).equal(true);
    expect(hasCopies(done(switching(joining(first, B, "a"), "a"), "a"))).equal(true);
  });

  it("never lets two members take different steps of one epoch and both go on", () => {
    // Who proposes takes the step itself first; others take it only if it builds on what they have; anybody follows who is ahead.
    const node = fc.nat(2);
    const action = fc.oneof(
      fc.record({ kind: fc.constant("propose" as const), by: node, reach: fc.nat(7) }),
      fc.record({ kind: fc.constant("follow" as const), who: node, whom: node }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const held: Placement[] = [0, 1, 2].map(() => firstPlacement(A));
        const complete: Placement[] = [];
        for (const action of actions) {
          if (action.kind === "follow") {
            const [own, other] = [held[action.who]!, held[action.whom]!];
            if (comparePlacements(other, own) > 0) held[action.who] = other;
            continue;
          }
          const { by, reach } = action;
          const base = held[by]!;
          const name = "xyz"[by]!;
          const next = base.change === null ? joining(base, memberOf(name), name) : rolledBack(base, name);
          const isTaken = held.map((own, i) => {
            const isAsked = i === by || (reach & (1 << i)) !== 0;
            if (!isAsked || comparePlacements(own, base) !== 0) return false;
            held[i] = next;
            return true;
          });
          if (isTaken.every((taken) => taken)) complete.push(next);
        }
        for (const { epoch, by } of complete) {
          // Whoever has a placement of the same epoch has this one: the steps that follow all build on it.
          const others = held.filter((own) => own.epoch === epoch);
          expect(others.every((own) => own.by === by)).equal(true);
        }
        const epochs = complete.map(({ epoch }) => epoch);
        expect(new Set(epochs).size).equal(epochs.length);
      }),
    );
  });
});

function membersOf(...members: readonly PlacedMember[]): Placement {
  return { ...firstPlacement(A), epoch: 4, members };
}

function replicated(...members: readonly PlacedMember[]): Placement {
  return { ...membersOf(...members), ...THREE_COPIES };
}

function memberOf(id: string): PlacedMember {
  return { id, weight: 1, zone: "", host: `host of ${id}` };
}
