import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { type Node, SLOT, World, worldOf } from "./small-world.js";

describe("owners of a slot", () => {
  it("let the one act that comes first", () => {
    const world = worldOf(3);
    expect(world.acting()).to.deep.equal(["a"]);
    for (const node of world.nodes) expect(node.idOf(node.tenure.executors()(SLOT))).to.equal("a");
  });

  it("let the next one act when the first is dead, and the first again when it is back and ready", () => {
    const world = worldOf(3);
    world.split((id) => id === "a");
    world.settle();
    expect(world.acting()).to.deep.equal(["a", "b"]);
    world.node("a").readiness = "apart";
    world.split(() => 0);
    world.settle();
    expect(world.acting()).to.deep.equal(["b"]);
    expect(world.node("a").idOf(world.node("a").tenure.executors()(SLOT))).to.equal("b");
    world.node("a").readiness = "ready";
    world.settle();
    expect(world.acting()).to.deep.equal(["a"]);
  });

  it("keep the primary that others see, if one of them alone takes it for dead", () => {
    const world = worldOf(3);
    world.node("b").sees("a", false);
    world.settle();
    expect(world.acting()).to.deep.equal(["a"]);
  });

  it("keep the one of two primaries that more of them stand by", () => {
    const world = worldOf(3);
    world.split((id) => id === "a");
    world.settle();
    world.split(() => 0);
    for (const node of world.nodes) node.confirm();
    expect(world.acting()).to.deep.equal(["b"]);
  });

  it("keep the preferred one of two that were alone", () => {
    const world = worldOf(2);
    world.split((id) => id);
    world.settle();
    expect(world.acting()).to.deep.equal(["a", "b"]);
    world.split(() => 0);
    for (const node of world.nodes) node.confirm();
    expect(world.acting()).to.deep.equal(["a"]);
  });

  it("do not begin to act while somebody acts who is not to be interrupted", () => {
    const world = worldOf(3);
    const b = world.node("b");
    b.sees("a", false);
    const slots = b.tenure.claim();
    expect(slots).to.deep.equal([SLOT]);
    const { granted } = world.node("a").tenure.answerClaim(world.node("a").numberOf("b"), slots);
    expect(granted).to.deep.equal([]);
    expect(world.acting()).to.deep.equal(["a"]);
  });

  it("let the one that acts go on when it falls behind, and ask nothing of it", () => {
    const world = worldOf(3);
    world.node("a").readiness = "behind";
    expect(world.node("b").tenure.claim()).to.deep.equal([]);
    world.settle();
    expect(world.acting()).to.deep.equal(["a"]);
    for (const node of world.nodes) expect(node.idOf(node.tenure.executors()(SLOT))).to.equal("a");
  });

  it("let it go on even if the next one has forgotten that it acts, and claims", () => {
    const world = worldOf(3);
    const [a, b, c] = world.nodes as [Node, Node, Node];
    a.readiness = "behind";
    b.tenure.lost(b.numberOf("a"));
    const slots = b.tenure.claim();
    expect(slots).to.deep.equal([SLOT]);
    for (const other of [a, c])
      expect(other.tenure.answerClaim(other.numberOf("b"), slots).granted).to.deep.equal([]);
    b.tenure.relinquish(slots);
    world.settle(1);
    expect(world.acting()).to.deep.equal(["a"]);
    expect(b.tenure.claim()).to.deep.equal([]);
  });

  it("prefer one that lacks nothing to one that is behind, when who acted is dead, until that one has caught up", () => {
    const world = worldOf(3);
    world.node("b").readiness = "behind";
    world.split((id) => id === "a");
    world.node("a").readiness = "apart";
    world.settle();
    expect(world.acting()).to.deep.equal(["a", "c"]);
    expect(world.node("b").idOf(world.node("b").tenure.executors()(SLOT))).to.equal("c");
    world.node("b").readiness = "ready";
    world.settle();
    expect(world.acting()).to.deep.equal(["a", "b"]);
  });

  it("let the first one act, if all that are left are behind", () => {
    const world = worldOf(3);
    for (const node of world.nodes) node.readiness = "behind";
    world.settle();
    expect(world.acting()).to.deep.equal(["a"]);
    world.split((id) => id === "a");
    world.settle();
    expect(world.acting()).to.deep.equal(["a", "b"]);
  });

  it("have one that acts, whoever falls behind and catches up", function () {
    this.timeout(10_000);
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Prng(seed);
      const below = (limit: number) => Math.floor(random.float() * limit);
      const world = worldOf(2 + below(4));
      for (let step = 0; step < 30; step++) {
        const node = world.nodes[below(world.nodes.length)]!;
        if (node.readiness === "apart" || below(6) > 0)
          node.readiness = node.readiness === "ready" ? "behind" : "ready";
        else {
          // It stood still, and asks before it goes on.
          node.tenure.relinquish(node.tenure.acting());
          node.readiness = "apart";
        }
        for (let i = below(4); i > 0; i--) {
          const other = world.nodes[below(world.nodes.length)]!;
          if (below(2) === 0) other.claim();
          else other.confirm();
        }
        const isServed = world.nodes.some(({ readiness }) => readiness !== "apart");
        const before = world.acting();
        world.settle();
        expect(world.acting(), `seed ${seed}, step ${step}`).to.have.length(isServed ? 1 : 0);
        const [acted] = before;
        if (acted !== undefined && world.nodes.every(({ readiness }) => readiness === "behind"))
          expect(world.acting(), "nobody is there who is better").to.deep.equal([acted]);
      }
    }
  });

  it("hand a slot over once it is switched to other owners, and not before", () => {
    const world = new World(4);
    world.place(["a", "b", "c"]);
    world.settle();
    world.place(["a", "b", "c"], ["d", "b", "c"], "transfer");
    world.settle();
    expect(world.acting()).to.deep.equal(["a"]);
    world.place(["a", "b", "c"], ["d", "b", "c"], "switch");
    expect(world.acting()).to.deep.equal(["a"]);
    world.settle();
    expect(world.acting()).to.deep.equal(["d"]);
    world.place(["d", "b", "c"]);
    world.settle();
    expect(world.acting()).to.deep.equal(["d"]);
  });

  it("know who executes after a claim that was not granted: who asks again asks that one before the others", () => {
    const world = worldOf(3);
    world.place(["a", "b", "c"], ["b", "c"], "switch");
    const b = world.node("b");
    const slots = b.tenure.claim();
    expect(slots).to.deep.equal([SLOT]);
    b.tenure.relinquish(slots);
    expect(b.tenure.claim()).to.deep.equal(slots);
    expect(b.idOf(b.tenure.executors()(SLOT))).to.equal("a");
  });

  it("do not count on an answer that comes when the claim is given up: the next claim needs it anew", () => {
    const world = worldOf(3);
    world.split((id) => id === "a");
    const [b, c] = [world.node("b"), world.node("c")];
    const slots = b.tenure.claim();
    const { granted } = c.tenure.answerClaim(c.numberOf("b"), slots);
    b.tenure.relinquish(slots);
    b.tenure.supported(b.numberOf("c"), c.wordsFor("b"), granted);
    expect(granted).to.deep.equal(slots);
    expect(b.tenure.won(b.tenure.claim())).to.deep.equal([]);
  });

  it("have one primary on each side of any partition, and one when it is over, in any order of events", function () {
    this.timeout(10_000);
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Prng(seed);
      const below = (limit: number) => Math.floor(random.float() * limit);
      const count = 2 + below(4);
      const world = worldOf(count);
      for (let step = 0; step < 12; step++) {
        const sides = new Map(world.nodes.map(({ id }) => [id, below(3)]));
        world.split((id) => sides.get(id));
        for (let i = 0; i < 10; i++) {
          const node = world.nodes[below(count)]!;
          if (below(2) === 0) node.claim();
          else node.confirm();
        }
        world.settle();
        for (const side of new Set(sides.values())) {
          const acting = world.acting().filter((id) => sides.get(id) === side);
          expect(acting, `seed ${seed}, step ${step}`).to.have.length(1);
        }
      }
      world.split(() => 0);
      world.settle();
      expect(world.acting(), `seed ${seed}`).to.have.length(1);
    }
  });
});
