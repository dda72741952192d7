import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { ReplicatedNodes } from "../../support/replicated-nodes.js";
import { slot } from "./owners.js";

const NAMES: readonly string[] = ["n1", "n2", "n3"];

describe("what is seen of copies", function () {
  this.timeout(60_000);
  let nodes: ReplicatedNodes;
  afterEach(() => nodes.close());

  /** Keys that a node executes. */
  function keysAt(name: string): string[] {
    const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    return keys.filter((key) => nodes.viewOf(name).executorOf(slot(key)) === nodes.idOf(name));
  }

  /** Whether all slots have so many copies, by the word of all nodes that serve. */
  function haveCopies(count: number): boolean {
    return nodes.fleet.serving.every(
      (name) => nodes.copiesOf(name).slotsByCopies().get(count) === SLOT_COUNT,
    );
  }

  function areInSync(): boolean {
    return NAMES.every((name) =>
      nodes
        .copiesOf(name)
        .coOwners()
        .every(({ copy }) => copy === "in-sync"),
    );
  }

  describe("in a cluster of three nodes", () => {
    beforeEach(async () => {
      nodes = await ReplicatedNodes.start(NAMES.length);
      await nodes.until(() => haveCopies(3));
    });

    it("is at rest that all slots have three copies, in sync with each other, and one node that acts for each", () => {
      let acting = 0;
      for (const name of NAMES) {
        const copies = nodes.copiesOf(name);
        expect(copies).to.include({
          copiesWanted: 3,
          copiesPlaced: 3,
          isReady: true,
          slotsOwned: SLOT_COUNT,
        });
        expect(copies.awaited).to.deep.equal([]);
        expect(copies.coOwners().length).to.equal(2);
        for (const other of copies.coOwners()) {
          expect(other).to.include({
            copy: "in-sync",
            stream: "shipping",
            isWhole: true,
            isReceived: true,
            silentMs: 0,
          });
          expect(other.repair).to.equal(undefined);
        }
        expect(nodes.viewOf(name).missing()).to.deep.equal([]);
        expect(nodes.viewOf(name).warnings()).to.deep.equal([]);
        acting += copies.slotsActing;
      }
      expect(acting).to.equal(SLOT_COUNT);
    });

    it("are positions: what a node executed gets to the others, and they acknowledge it", async () => {
      const before = NAMES.map((name) => nodes.copiesOf(name).position);
      for (let i = 0; i < 30; i++) await nodes.call("n1", "SET", `key:${i}`, "v");
      await nodes.until(() => areInSync());
      for (const [i, name] of NAMES.entries()) {
        const copies = nodes.copiesOf(name);
        const { position, backlogFirst, backlogBytes, receivedBytes, counters } = copies;
        expect(position).to.be.greaterThan(before[i]!);
        expect(backlogFirst).to.be.at.most(position);
        expect(backlogBytes).to.be.greaterThan(position - backlogFirst);
        expect(receivedBytes).to.be.greaterThan(0);
        expect(counters.receiving.batches).to.be.greaterThan(0);
        for (const { acknowledged, lag } of copies.coOwners()) {
          expect(acknowledged).to.equal(position);
          expect(lag).to.deep.equal({ bytes: 0, batches: 0, milliseconds: 0 });
        }
      }
    });

    it("is how much of a node's work it keeps for the others, as its options say at present", async () => {
      expect(nodes.copiesOf("n2").backlogBytesMax).to.equal(64 * 2 ** 20);
      await nodes.call("n2", "CONFIG", "SET", "repl-backlog-size", "1mb");
      expect(nodes.copiesOf("n2").backlogBytesMax).to.equal(2 ** 20);
    });

    it("is how far behind a node is that cannot be reached, and for how long it has been silent", async () => {
      const { world } = nodes;
      const own = keysAt("n1").slice(0, 10);
      world.freeze("n3");
      for (const key of own) await nodes.call("n1", "SET", key, "v");
      await world.advance(100);
      const behind = nodes.copiesOf("n1").coOwner(nodes.idOf("n3"))!;
      expect(behind.copy).to.equal("behind");
      expect(behind.lag.bytes).to.be.greaterThan(0);
      expect(behind.lag.batches).to.equal(own.length);
      expect(behind.lag.milliseconds).to.be.within(90, 200);
      expect(behind.silentMs).to.be.within(90, 1500);
      world.thaw("n3");
      await nodes.until(() => nodes.copiesOf("n1").coOwner(nodes.idOf("n3"))?.copy === "in-sync");
      await nodes.until(() => haveCopies(3));
    });

    it("is a dead node, with how many copies are left: a warning, for nothing is missing once others act", async () => {
      const id = nodes.idOf("n3");
      nodes.fleet.crash("n3", false);
      await nodes.until(() => nodes.viewOf("n1").warnings().length > 0 && nodes.viewOf("n1").isCovered);
      await nodes.until(() => haveCopies(2));
      expect(nodes.viewOf("n1").missing()).to.deep.equal([]);
      expect(nodes.viewOf("n1").warnings()).to.deep.equal([
        `node n3 (${id}), which owns slots, is not alive: of its ${SLOT_COUNT} slots 2 of 3 copies are left at least`,
      ]);
      expect(nodes.copiesOf("n1").coOwner(id)).to.include({ copy: "dead" });
      expect(nodes.copiesOf("n1").copyOf(0, id)).to.equal("dead");
    });

    it("is a node that came back as one that has not caught up, until it has", async () => {
      const { fleet, world } = nodes;
      fleet.crash("n3", false);
      await nodes.until(() => haveCopies(2));
      for (const key of keysAt("n1")) await nodes.call("n1", "SET", key, "v");
      world.slow(["n1"], ["n3"], 200);
      await nodes.restart("n3");
      const told = new Set<string>();
      await nodes.until(() => {
        const view = nodes.viewOf("n3");
        if (view.replication === undefined || view.replication.slotsOwned === 0) return false;
        for (const reason of view.missing()) told.add(reason);
        return view.replication.isReady;
      });
      expect([...told]).to.include(`this node has not caught up with node n1 (${nodes.idOf("n1")}) yet`);
      world.heal();
      await nodes.until(() => haveCopies(3));
      expect(nodes.viewOf("n3").missing()).to.deep.equal([]);
      await nodes.until(() => nodes.copiesOf("n3").counters.claims.slotsWon > 0);
    });

    it("is a node that starts before the others as one that waits for them", async () => {
      const { fleet } = nodes;
      for (const name of NAMES) fleet.crash(name, false);
      await nodes.restart("n3");
      await nodes.until(() => nodes.viewOf("n3").missing().length === 3);
      const waiting = ["n1", "n2"].map(
        (name) =>
          `this node waits for node ${name} (${nodes.idOf(name)}), which may know of newer writes: see \`cluster-start-wait\``,
      );
      expect(nodes.viewOf("n3").missing()).to.have.members([
        "nobody executes some slots at present",
        ...waiting,
      ]);
      await nodes.until(() => nodes.copiesOf("n3").slotsActing === SLOT_COUNT);
      expect(nodes.viewOf("n3").missing()).to.deep.equal([]);
      expect(haveCopies(1)).to.equal(true);
    });

    it("is of a slot what others have of it, for the node that executes for it and no other", () => {
      for (const name of NAMES) {
        const copies = nodes.copiesOf(name);
        const others = NAMES.filter((other) => other !== name).map((other) => nodes.idOf(other));
        const isExecutor = nodes.viewOf("n1").executorOf(0) === nodes.idOf(name);
        for (const id of others) expect(copies.copyOf(0, id)).to.equal(isExecutor ? "in-sync" : undefined);
      }
    });
  });

  it("is of a node that is alone that there is one copy of three, and nothing is missing", async () => {
    nodes = await ReplicatedNodes.start(1);
    const copies = nodes.copiesOf("n1");
    expect(copies).to.include({ copiesWanted: 3, copiesPlaced: 1, slotsActing: SLOT_COUNT });
    expect([...copies.slotsByCopies()]).to.deep.equal([[1, SLOT_COUNT]]);
    expect(copies.coOwners()).to.deep.equal([]);
    expect(nodes.viewOf("n1").warnings()).to.deep.equal([]);
  });
});
