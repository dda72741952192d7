import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { Survivors } from "#torus/cluster/replication/survivors.js";
import type { World } from "#torus/host/sim/world.js";
import { nodeIdOf } from "../../support/sim-peers.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { expectEqual, KEYS, repair, slot, write } from "./owners.js";

/** Of a node that owns slots with others: what it does when some of those die. */
class Heir {
  readonly survivors: Survivors;
  /** Names of nodes with which copies were compared, and whether that can be done at present. */
  readonly compared: string[] = [];
  canCompare = true;
  settled = 0;
  slots: readonly number[] | null = null;

  constructor(
    readonly owner: SimReplica,
    readonly others: () => readonly SimReplica[],
  ) {
    this.survivors = new Survivors({
      isAlive: () => false,
      isOver: () => true,
      receiver: owner.receiver,
      timers: owner.host.timers,
      peers: owner.peers.peers,
      slots: () => this.slots,
      repair: (nodeId) => Promise.resolve(this.#compare(nodeId)),
      settled: () => this.settled++,
    });
  }

  /** Says who died; all others that are given outlived them. */
  died(dead: readonly string[], alive: readonly string[], absent: readonly string[] = []): void {
    const ids = alive.map(nodeIdOf);
    const absentIds = absent.map(nodeIdOf);
    const survivorsByDead = new Map(dead.map((name) => [nodeIdOf(name), ids]));
    const absentByDead = new Map(dead.map((name) => [nodeIdOf(name), absentIds]));
    this.survivors.update({ survivorsByDead, absentByDead, alive: new Set(ids) });
  }

  #compare(nodeId: string): boolean {
    const other = this.others().find((owner) => owner.nodeId === nodeId)!;
    this.compared.push(other.name);
    if (!this.canCompare) return false;
    this.owner.mergeAllOf(other);
    other.mergeAllOf(this.owner);
    return true;
  }
}

describe("owners that outlived others", () => {
  let world: World;
  let prng: Prng;
  let a: SimReplica;
  let b: SimReplica;
  let c: SimReplica;
  let heir: Heir;

  /** Three that own everything, of which a dies in the end, and c is to get what b has. */
  async function begin(seed: number, options: SimReplicaOptions = {}): Promise<void> {
    world = worldOf(`survivors ${seed}`);
    prng = new Prng(`survivors ${seed}`);
    a = await SimReplica.start(world, "a", options);
    b = await SimReplica.start(world, "b", options);
    c = await SimReplica.start(world, "c", options);
    a.shipTo(["b", "c"]);
    b.shipTo(["a", "c"]);
    c.shipTo(["a", "b"]);
    await world.advance(50);
    for (const [from, to] of [
      [a, b],
      [a, c],
      [b, c],
      [c, b],
    ] as const)
      repair(from, to);
    await world.advance(50);
    heir = new Heir(c, () => [a, b]);
  }

  /** Writes of a of which c gets only some. */
  async function writeForSome(count = 100): Promise<void> {
    write(a, prng, { count, expire: false });
    await world.advance(prng.float() * 2);
    world.cut(["a"], ["c"]);
    write(a, prng, { count, valueBytes: 500, expire: false });
    await world.advance(20);
  }

  it("get from each other what some have of the dead one and others have not", async () => {
    for (let seed = 0; seed < 5; seed++) {
      await begin(seed);
      await writeForSome();
      world.crash("a");
      heir.died(["a"], ["b"]);
      expect(heir.survivors.isSettled()).to.equal(false);
      await world.advance(20);
      expect([heir.survivors.isSettled(), heir.settled, heir.compared]).to.deep.equal([true, 1, []]);
      expectEqual(b, c);
      expect(c.receiver.counters.pulledBatches).to.be.greaterThan(0);
    }
  });

  it("ask one that could not be asked, when it is back, whoever else is back by then", async () => {
    await begin(7);
    await writeForSome();
    world.crash("a");
    world.partition(["b"], ["c"]);
    heir.died(["a"], [], ["b"]);
    await world.advance(1000);
    expect([heir.survivors.isSettled(), heir.settled], "there is nobody to ask").to.deep.equal([true, 0]);
    world.heal();
    heir.died([], ["b"]);
    expect(heir.survivors.isSettled()).to.equal(false);
    await world.advance(200);
    expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, []]);
    expectEqual(b, c);
  });

  it("ask one again that died before it had told everything", async () => {
    await begin(8);
    await writeForSome();
    world.crash("a");
    world.partition(["b"], ["c"]);
    heir.died(["a"], ["b"]);
    await world.advance(100);
    heir.died(["b"], []);
    world.heal();
    heir.died([], ["b"]);
    await world.advance(500);
    expect(heir.survivors.isSettled()).to.equal(true);
    expectEqual(b, c);
  });

  it("get what they lack of the life before the last one too", async () => {
    await begin(10);
    await writeForSome();
    await world.advance(1500);
    world.crash("a", { powerLoss: true });
    world.heal();
    a = await SimReplica.start(world, "a");
    a.shipTo(["b", "c"]);
    await world.advance(1000);
    for (const name of ["b", "c"]) expect(a.shipperTo(name).repaired(1)).to.equal(true);
    await writeForSome();
    world.crash("a");
    expect(
      c.receiver
        .positions()
        .filter(({ isWhole }) => isWhole)
        .map(({ boot }) => boot),
    ).to.include.members([1, 2]);
    heir.died(["a"], ["b"]);
    await world.advance(50);
    expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, []]);
    expectEqual(b, c);
  });

  it("ask every one, for each was told of its own slots only", async () => {
    await begin(20);
    const d = await SimReplica.start(world, "d");
    const [ofB, ofD] = ["key:1", "key:2"] as const;
    const slots = [slot(ofB), slot(ofD)];
    const links = new Map(
      [
        ["b", [slot(ofB)]],
        ["c", slots],
        ["d", [slot(ofD)]],
      ].map(([name, of]) => [nodeIdOf(name as string), of as number[]]),
    );
    a.shipTo(["b", "c", "d"]);
    c.shipTo(["b", "d"]);
    a.shipping.setOwners(links);
    await world.advance(50);
    for (const owner of [b, c, d]) repair(a, owner);
    a.execute(["set", ofB, "0"], ["set", ofD, "0"]);
    await world.advance(50);
    world.cut(["a"], ["c"]);
    a.execute(["set", ofD, "1"]);
    await world.advance(200);
    world.cut(["a"], ["d"]);
    a.execute(["set", ofB, "1"]);
    await world.advance(200);
    world.crash("a");
    const ahead = b.positionOf("a")!.applied - d.positionOf("a")!.applied;
    expect([ahead > 0, c.ask("get", ofB), c.ask("get", ofD)]).to.deep.equal([true, '"0"', '"0"']);
    heir.died(["a"], ["b", "d"]);
    await world.advance(50);
    expect([c.ask("get", ofB), c.ask("get", ofD), heir.compared]).to.deep.equal(['"1"', '"1"', []]);
  });

  it("keep what concerns their slots, and nothing else", async () => {
    await begin(21);
    world.cut(["a"], ["c"]);
    a.execute(...KEYS.map((key) => ["set", key, "new"]));
    await world.advance(20);
    world.crash("a");
    heir.slots = [slot("key:3"), slot("key:4")];
    heir.died(["a"], ["b"]);
    await world.advance(20);
    expect(KEYS.filter((key) => c.ask("get", key) === '"new"')).to.deep.equal(["key:3", "key:4"]);
  });

  describe("compare copies", () => {
    it("where what is lacking is not there any more, until it is done, and then no more", async () => {
      await begin(30, { receivedBytesMax: 20_000 });
      await writeForSome(400);
      world.crash("a");
      heir.canCompare = false;
      heir.died(["a"], ["b"]);
      await world.advance(1000);
      expect([heir.survivors.isSettled(), heir.settled]).to.deep.equal([false, 0]);
      expect(heir.compared.length).to.be.within(4, 6);
      heir.canCompare = true;
      await world.advance(300);
      expect([heir.survivors.isSettled(), heir.settled]).to.deep.equal([true, 1]);
      expectEqual(b, c);
      const { length } = heir.compared;
      await world.advance(30_000);
      expect([heir.compared.length, heir.settled]).to.deep.equal([length, 1]);
    });

    it("if they started again, and know of nothing", async () => {
      for (const restarted of ["b", "c"] as const) {
        await begin(31);
        await writeForSome();
        world.crash("a");
        world.crash(restarted, { powerLoss: true });
        const again = await SimReplica.start(world, restarted);
        if (restarted === "b") b = again;
        else c = again;
        c.shipTo(["b"]);
        await world.advance(500);
        heir = new Heir(c, () => [b]);
        heir.died(["a"], ["b"]);
        await world.advance(500);
        expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, ["b"]]);
        expectEqual(b, c);
      }
    });

    it("not for one record that what is told builds on: it is fetched from who told it", async () => {
      await begin(34);
      a.execute(["set", "key:0", "text"]);
      await world.advance(20);
      world.cut(["a"], ["c"]);
      c.lose("key:0");
      a.execute(["append", "key:0", " and more"]);
      await world.advance(20);
      world.crash("a");
      heir.died(["a"], ["b"]);
      await world.advance(100);
      expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, []]);
      expect(c.receiver.counters.fetchedRecords).to.equal(1);
      expect(c.ask("get", "key:0")).to.equal('"text and more"');
      expectEqual(b, c);
    });

    it("if the dead one had not repaired what was missing", async () => {
      await begin(32);
      a.execute(["set", "key:0", "text"]);
      await world.advance(20);
      c.lose("key:0");
      a.isShared = () => false;
      a.execute(["append", "key:0", " and more"]);
      await world.advance(20);
      expect(c.positionOf("a")!.isWhole).to.equal(false);
      world.crash("a");
      heir.died(["a"], ["b"]);
      await world.advance(100);
      expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, ["b"]]);
      expectEqual(b, c);
    });

    it("with all that are left, if one died that had not told everything", async () => {
      await begin(33);
      const d = await SimReplica.start(world, "d");
      d.shipTo(["c"]);
      a.shipTo(["b", "c", "d"]);
      c.shipTo(["b", "d"]);
      await world.advance(50);
      repair(a, d);
      await world.advance(50);
      heir = new Heir(c, () => [a, b, d]);
      await writeForSome();
      world.crash("a");
      world.partition(["b"], ["c"]);
      heir.died(["a"], ["b", "d"]);
      await world.advance(100);
      expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([false, []]);
      world.crash("b");
      heir.died(["a", "b"], ["d"]);
      await world.advance(100);
      expect([heir.survivors.isSettled(), heir.compared]).to.deep.equal([true, ["d"]]);
    });
  });

  it("go on asking one that cannot be asked, while it is alive", async () => {
    await begin(40);
    await writeForSome();
    world.crash("a");
    world.partition(["b"], ["c"]);
    world.resetStreams("b", "c");
    heir.died(["a"], ["b"]);
    await world.advance(5000);
    expect([heir.survivors.isSettled(), heir.survivors.isSettled(a.nodeId)]).to.deep.equal([false, false]);
    expect(heir.survivors.isSettled(nodeIdOf("z"))).to.equal(true);
    // It is not dead any more; but what b has had of it is still not here.
    heir.died([], ["a", "b"]);
    world.heal();
    await world.advance(3000);
    expect(heir.survivors.isSettled()).to.equal(true);
    expectEqual(b, c);
  });

  it("ask again, for others may hear longer of a node that is dead for this one", async () => {
    await begin(41);
    world.partition(["a"], ["c"]);
    heir.died(["a"], ["b"]);
    await world.advance(50);
    expect(heir.survivors.isSettled()).to.equal(true);
    write(a, prng, { count: 50, expire: false });
    await world.advance(6000);
    expectEqual(b, c);
    expect(heir.compared).to.deep.equal([]);
  });

  it("get what another says that it has, before they execute in the place of the dead one", async () => {
    await begin(42);
    world.partition(["a"], ["c"]);
    heir.died(["a"], ["b"]);
    await world.advance(50);
    write(a, prng, { count: 50, expire: false });
    await world.advance(50);
    const caughtUp = heir.survivors.catchUp(b.nodeId, b.receiver.positions());
    expect(await world.complete(caughtUp)).to.equal(true);
    expectEqual(b, c);
    world.crash("b");
    const further = b.receiver.positions().map((life) => ({ ...life, applied: life.applied + 1 }));
    expect(await world.complete(heir.survivors.catchUp(b.nodeId, further))).to.equal(false);
    expect(await world.complete(heir.survivors.catchUp(nodeIdOf("z"), further))).to.equal(true);
    heir.survivors.close();
    expect(heir.survivors.isSettled()).to.equal(true);
  });
});
