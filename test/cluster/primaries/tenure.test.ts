import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { ChangePhase } from "#torus/cluster/placement.js";
import { type NodeNumber, OwnerGroups, SELF } from "#torus/cluster/primaries/owner-groups.js";
import type { Readiness } from "#torus/cluster/primaries/readiness.js";
import { NOBODY, Tenure } from "#torus/cluster/primaries/tenure.js";
import { slotGroups } from "../../support/slot-groups.js";

const IDS = ["a", "b", "c", "d", "e"];

/** A node of a small world in which messages take no time, but beliefs may be wrong. */
class Node {
  readonly tenure: Tenure;
  readonly alive = new Set<string>(IDS);
  readiness: Readiness = "ready";

  constructor(
    readonly id: string,
    readonly world: World,
  ) {
    this.tenure = new Tenure({
      isAlive: (node) => node === SELF || this.alive.has(this.idOf(node)),
      readinessOf: (node) => world.node(this.idOf(node)).readiness,
    });
  }

  numberOf(id: string): NodeNumber {
    return id === this.id ? SELF : IDS.indexOf(id) + 1;
  }

  idOf(node: NodeNumber): string {
    return node === SELF ? this.id : IDS[node - 1]!;
  }

  sees(id: string, isAlive: boolean): void {
    if (this.alive.has(id) === isAlive) return;
    if (isAlive) this.alive.add(id);
    else {
      this.alive.delete(id);
      this.tenure.lost(this.numberOf(id));
    }
  }

  /** Claims what it should have. */
  claim(): void {
    const { tenure, world } = this;
    const slots = tenure.claim();
    for (const other of world.reachableFrom(this.id)) {
      const { granted } = other.tenure.answerClaim(other.numberOf(this.id), slots);
      tenure.supported(this.numberOf(other.id), granted);
    }
    tenure.act(tenure.won(slots));
    tenure.relinquish(slots.filter((slot) => tenure.isClaiming(slot)));
  }

  confirm(): void {
    const { tenure, world } = this;
    const lost = new Set<number>();
    for (const id of IDS) {
      if (id === this.id || !world.has(id) || world.reachableFrom(this.id).some((node) => node.id === id))
        continue;
      tenure.unsupported(this.numberOf(id), tenure.acting());
    }
    for (const other of world.reachableFrom(this.id)) {
      for (const slot of tenure.acting()) {
        const support = tenure.supportOf(slot);
        const { granted } = other.tenure.answerConfirm(other.numberOf(this.id), support, [slot]);
        tenure.supported(this.numberOf(other.id), granted);
        if (granted.length === 0) lost.add(slot);
      }
    }
    tenure.relinquish([...lost].filter((slot) => tenure.isActing(slot)));
  }
}

class World {
  readonly nodes: readonly Node[];
  #side: (id: string) => unknown = () => 0;

  constructor(count: number) {
    this.nodes = IDS.slice(0, count).map((id) => new Node(id, this));
  }

  has(id: string): boolean {
    return this.nodes.some((node) => node.id === id);
  }

  node(id: string): Node {
    return this.nodes.find((node) => node.id === id)!;
  }

  reachableFrom(id: string): readonly Node[] {
    return this.nodes.filter((node) => node.id !== id && this.#side(node.id) === this.#side(id));
  }

  /** Nodes of different sides do not hear each other, and take each other for dead. */
  split(side: (id: string) => unknown): void {
    this.#side = side;
    for (const node of this.nodes)
      for (const { id } of this.nodes) if (id !== node.id) node.sees(id, side(id) === side(node.id));
  }

  /** `owners` and `nextOwners` of all slots, which are as good as one here. */
  place(owners: readonly string[], nextOwners = owners, phase: ChangePhase | null = null): void {
    for (const node of this.nodes) {
      const { tenure } = node;
      const numberOf = (id: string) => node.numberOf(id);
      tenure.place(
        new OwnerGroups({
          grouped: slotGroups(
            (slot) => (slot === SLOT ? owners : ["x"]),
            (slot) => (slot === SLOT ? nextOwners : ["x"]),
          ),
          phase,
          numberOf: (id) => (id === "x" ? NOBODY - 1 : numberOf(id)),
        }),
      );
    }
  }

  settle(rounds = 6): void {
    for (let round = 0; round < rounds; round++) {
      for (const node of this.nodes) node.confirm();
      for (const node of this.nodes) node.claim();
    }
  }

  acting(): readonly string[] {
    return this.nodes.filter(({ tenure }) => tenure.isActing(SLOT)).map(({ id }) => id);
  }
}

const SLOT = 7;

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

function worldOf(count: number): World {
  const world = new World(count);
  world.place(IDS.slice(0, count));
  world.settle();
  return world;
}
