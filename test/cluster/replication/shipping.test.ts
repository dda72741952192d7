import { expect } from "chai";
import type { Prng } from "#torus/base/prng.js";
import { NOTHING } from "#torus/cluster/replication/owner-reach.js";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { expectEqual, KEYS, repaired, write } from "./owners.js";
import { shippingPair } from "./shipping-pair.js";

describe("shipping to other owners", () => {
  let world: World;
  let prng: Prng;
  let a: SimReplica;
  let b: SimReplica;

  async function begin(seed: number, ofA: SimReplicaOptions = {}, ofB: SimReplicaOptions = {}) {
    ({ world, prng, a, b } = await shippingPair(`shipping ${seed}`, { a: ofA, b: ofB }));
  }

  it("brings everything that is executed, in order, and hears that it did", async () => {
    await begin(1);
    await repaired(a, b);
    const shipper = a.shipperTo("b");
    write(a, prng, { count: 300 });
    a.execute(["set", "key:1", "x"], ["set", "key:2", "y"]);
    expect(shipper.lag.batches, "not handed over before the turn ends").to.equal(0);
    await world.advance(0.05);
    expect(shipper.lag.batches).to.be.greaterThan(200);
    await world.advance(20);
    expect(shipper.state).to.equal("shipping");
    expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    expect(shipper.lag).to.deep.equal({ bytes: 0, batches: 0, milliseconds: 0 });
    expectEqual(a, b);
    const { applied, isWhole } = b.positionOf("a")!;
    expect({ applied, isWhole }).to.deep.equal({ applied: shipper.reach.acknowledged, isWhole: true });
    expect(b.persistence.stream.localPosition, "it is not b's own").to.equal(0);
    expect(b.missing).to.deep.equal([]);
  });

  it("lets what is executed gather while messages are under way, unless somebody waits for it", async () => {
    await begin(3);
    await repaired(a, b);
    const messagesOf = async (wait: () => void): Promise<number> => {
      const before = a.shipping.counters.messages;
      for (let turn = 0; turn < 10; turn++) {
        a.execute(["set", "key:1", `${turn}`]);
        wait();
        await world.advance(0.02);
      }
      await world.advance(20);
      expectEqual(a, b);
      return a.shipping.counters.messages - before;
    };
    expect(await messagesOf(() => {})).to.be.below(6);
    expect(await messagesOf(() => a.shipping.flushSoon())).to.equal(10);
  });

  it("counts nothing as acknowledged before the first repair, for nobody knows what the other lacks", async () => {
    await begin(2);
    write(a, prng, { count: 10 });
    await world.advance(20);
    const shipper = a.shipperTo("b");
    expect([...a.gapped]).to.deep.equal([shipper]);
    expect(shipper.reach.applied).to.equal(a.persistence.stream.localPosition);
    expect([shipper.reach.isWhole, shipper.reach.acknowledged]).to.deep.equal([false, NOTHING]);
    expect(b.positionOf("a")!.isWhole).to.equal(false);
    await repaired(a, b);
    expect(shipper.reach.acknowledged).to.equal(shipper.reach.applied);
    expect(b.positionOf("a")!.isWhole).to.equal(true);
  });

  it("goes on where it was when the link breaks, wherever it does", async () => {
    for (let seed = 10; seed < 18; seed++) {
      await begin(seed);
      await repaired(a, b);
      const { gaps } = a.shipperTo("b").reach;
      for (let i = 0; i < 25; i++) {
        write(a, prng, { count: prng.below(30), valueBytes: 400 });
        if (prng.below(20) === 0) a.execute(["set", "key:0", "w".repeat(400_000)]);
        await world.advance(prng.float() * 3);
        world.resetStreams("a", "b");
        await world.advance(prng.float() * 10);
      }
      await world.advance(500);
      expectEqual(a, b);
      const shipper = a.shipperTo("b");
      expect(shipper.reach.gaps, `seed ${seed}`).to.equal(gaps);
      expect(shipper.counters.sessions).to.be.greaterThan(5);
      expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    }
  });

  it("goes on where the other's log was, when that one starts again", async () => {
    for (let seed = 30; seed < 36; seed++) {
      await begin(seed);
      b.meet("a");
      await repaired(a, b);
      const shipper = a.shipperTo("b");
      const { gaps } = shipper.reach;
      for (let life = 0; life < 3; life++) {
        for (let i = 0; i < 40; i++) {
          write(a, prng, { count: 5 });
          await world.advance(prng.float() * 120);
        }
        const { applied } = shipper.reach;
        world.crash("b", { powerLoss: true });
        write(a, prng, { count: 20 });
        await world.advance(prng.float() * 500);
        b = await SimReplica.start(world, "b");
        b.meet("a");
        write(a, prng, { count: 20 });
        await world.advance(1500);
        expect(applied).to.be.greaterThan(0);
        expectEqual(a, b);
        expect(shipper.reach.gaps, `seed ${seed}`).to.equal(gaps);
        expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
        expect(b.positionOf("a")!.isWhole).to.equal(true);
      }
    }
  });

  it("takes back what it counted as acknowledged, if the other has lost it", async () => {
    await begin(3);
    await repaired(a, b);
    write(a, prng, { count: 20 });
    await world.advance(2500);
    const lasting = a.shipperTo("b").reach.acknowledged;
    write(a, prng, { count: 20 });
    await world.advance(50);
    expect(a.shipperTo("b").reach.acknowledged).to.be.greaterThan(lasting);
    world.crash("b", { powerLoss: true });
    b = await SimReplica.start(world, "b");
    world.cut(["a"], ["b"]);
    await world.advance(3);
    world.heal();
    const seen: number[] = [];
    for (let i = 0; i < 200; i++) {
      await world.advance(0.5);
      seen.push(a.shipperTo("b").reach.acknowledged);
    }
    expect(Math.min(...seen)).to.be.at.most(lasting);
    expect(seen.at(-1)).to.equal(a.persistence.stream.localPosition);
    expectEqual(a, b);
  });

  it("tells of a gap when the other starts again without a log, or as one that it was before", async () => {
    await begin(4, {}, { appendonly: false });
    await repaired(a, b);
    write(a, prng, { count: 20 });
    await world.advance(50);
    expect(a.shipperTo("b").reach.durable).to.equal(undefined);
    a.gapped.clear();
    world.crash("b");
    b = await SimReplica.start(world, "b", { appendonly: false });
    await world.advance(1500);
    const shipper = a.shipperTo("b");
    expect(a.gapped.has(shipper)).to.equal(true);
    expect([shipper.reach.isWhole, shipper.reach.acknowledged]).to.deep.equal([false, NOTHING]);
    await repaired(a, b);
    expectEqual(a, b);
    expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
  });

  it("says that nothing lasts any more once some of it went into no log", async () => {
    await begin(5, {}, { appendonly: false });
    await repaired(a, b);
    write(a, prng, { count: 5 });
    await world.advance(50);
    b.configure("appendonly", "yes");
    write(a, prng, { count: 5 });
    await world.advance(5000);
    expect(b.persistence.durablePosition).to.equal(b.persistence.position);
    write(a, prng, { count: 5 });
    await world.advance(50);
    expect(a.shipperTo("b").reach.durable).to.equal(undefined);
  });

  it("does not count on a repair that the other's log did not have yet", async () => {
    await begin(11);
    write(a, prng, { count: 20 });
    await world.advance(2500);
    const shipper = a.shipperTo("b");
    expect(shipper.reach.durable).to.equal(shipper.reach.applied);
    await repaired(a, b);
    write(a, prng, { count: 5 });
    await world.advance(20);
    expect(shipper.reach.isWhole).to.equal(true);
    const { gaps } = shipper.reach;
    world.crash("b", { powerLoss: true });
    b = await SimReplica.start(world, "b");
    await world.advance(1500);
    expect([shipper.reach.isWhole, shipper.reach.acknowledged, shipper.reach.gaps]).to.deep.equal([
      false,
      NOTHING,
      gaps + 1,
    ]);
    expect(b.positionOf("a")!.isWhole).to.equal(false);
    expect(shipper.repaired(gaps)).to.equal(false);
    await repaired(a, b);
    write(a, prng, { count: 5 });
    await world.advance(2500);
    world.crash("b", { powerLoss: true });
    b = await SimReplica.start(world, "b");
    await world.advance(1500);
    expect([shipper.reach.isWhole, shipper.reach.acknowledged]).to.deep.equal([
      true,
      a.persistence.stream.localPosition,
    ]);
    expectEqual(a, b);
  });

  it("begins anew for everybody when the one that executes starts again", async () => {
    await begin(6);
    await repaired(a, b);
    write(a, prng, { count: 20 });
    await world.advance(2500);
    const before = b.positionOf("a")!;
    world.crash("a");
    a = await SimReplica.start(world, "a");
    a.shipTo(["b"]);
    write(a, prng, { count: 20 });
    await world.advance(50);
    const after = b.positionOf("a")!;
    expect([before.boot, after.boot]).to.deep.equal([1, 2]);
    expect([after.isWhole, after.applied]).to.deep.equal([false, a.persistence.stream.localPosition]);
    expect(b.receiver.position(a.nodeId, 1), "somebody else may lack it").to.deep.equal(before);
    await repaired(a, b);
    expectEqual(a, b);
  });

  it("never waits for one that is too slow, keeps no more for it than it may, and tells of the gap", async () => {
    const backlogBytesMax = 300_000;
    await begin(7, { backlogBytesMax });
    await repaired(a, b);
    const acknowledged = a.shipperTo("b").reach.acknowledged;
    a.gapped.clear();
    world.cut(["a"], ["b"]);
    for (let i = 0; i < 400; i++) {
      write(a, prng, { count: 20, valueBytes: 200 });
      await world.advance(1);
      expect(a.shipping.backlogBytes).to.be.at.most(backlogBytesMax);
    }
    const shipper = a.shipperTo("b");
    expect(shipper.bytesUnderWay).to.be.at.most(5_000_000);
    expect(shipper.lag.bytes).to.be.greaterThan(backlogBytesMax);
    expect(shipper.lag.milliseconds).to.be.within(10, 400);
    world.heal();
    await world.advance(3000);
    expect(a.gapped.has(shipper)).to.equal(true);
    expect([shipper.reach.isWhole, shipper.reach.acknowledged]).to.deep.equal([false, acknowledged]);
    write(a, prng, { count: 50 });
    await world.advance(20);
    expect(shipper.reach.applied).to.equal(a.persistence.stream.localPosition);
    await repaired(a, b);
    expect(shipper.reach.acknowledged).to.equal(shipper.reach.applied);
    expectEqual(a, b);
  });

  it("keeps as much as it may at present: less from the next change on, and more", async () => {
    await begin(7, { backlogBytesMax: 300_000 });
    const fill = async () => {
      for (let i = 0; i < 200; i++) {
        write(a, prng, { count: 20, valueBytes: 200 });
        await world.advance(20);
      }
    };
    await fill();
    expect(a.shipping.backlogBytes).to.be.within(100_000, 300_000);
    a.backlogBytesMax = 50_000;
    await fill();
    expect(a.shipping.backlogBytes).to.be.at.most(50_000);
    a.backlogBytesMax = 300_000;
    await fill();
    expect(a.shipping.backlogBytes).to.be.within(100_000, 300_000);
  });

  it("does not take a repair for one of a gap that came after it", async () => {
    await begin(8, { backlogBytesMax: 10_000 });
    const shipper = a.shipperTo("b");
    const { gaps } = shipper.reach;
    world.partition(["a"], ["b"]);
    for (let i = 0; i < 20; i++) {
      write(a, prng, { count: 100 });
      await world.advance(1);
    }
    world.resetStreams("a", "b");
    await world.advance(10);
    world.heal();
    await world.advance(2000);
    expect(shipper.reach.gaps).to.be.greaterThan(gaps);
    expect(shipper.repaired(gaps)).to.equal(false);
    expect(shipper.reach.isWhole).to.equal(false);
    await repaired(a, b);
    expectEqual(a, b);
  });

  it("ships a value that is longer than any message and than the backlog", async () => {
    await begin(9, { backlogBytesMax: 100_000 });
    await repaired(a, b);
    a.execute(["set", "key:0", "x".repeat(5_000_000)]);
    a.execute(["set", "key:1", "y"]);
    await world.advance(3000);
    expect(a.shipperTo("b").reach.gaps).to.equal(1);
    expect([b.ask("strlen", "key:0"), b.ask("get", "key:1")]).to.deep.equal(["5000000", '"y"']);
  });

  describe("under appendfsync always", () => {
    it("hears of what the other's log has, and of no more", async () => {
      await begin(50, {}, { appendfsync: "always" });
      await repaired(a, b);
      const shipper = a.shipperTo("b");
      b.host.disk.faults.syncDelayMs = 40;
      for (let i = 0; i < 30; i++) {
        write(a, prng, { count: 4 });
        await world.advance(prng.float() * 20);
        const reached = b.receiver.position(a.nodeId, 1)!.applied;
        const isBehind = b.persistence.durablePosition < b.persistence.position;
        if (isBehind) expect(shipper.reach.acknowledged).to.be.lessThan(reached);
      }
      await world.advance(200);
      expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
      expect(shipper.reach.durable).to.equal(shipper.reach.acknowledged);
    });

    it("loses nothing that was acknowledged, however the other ends", async () => {
      for (let seed = 51; seed < 61; seed++) {
        await begin(seed, {}, { appendfsync: "always" });
        await repaired(a, b);
        for (let i = 0; i < 30; i++) {
          a.execute(["set", `key:${i}`, "kept"]);
          await world.advance(prng.float() * 3);
        }
        const { acknowledged } = a.shipperTo("b").reach;
        const kept = KEYS.slice(0, 30).filter((key) => a.positionOfKey(key) <= acknowledged);
        world.partition(["a"], ["b"]);
        world.crash("b", { powerLoss: true });
        b = await SimReplica.start(world, "b");
        for (const key of kept) expect(b.ask("get", key), `seed ${seed}`).to.equal('"kept"');
        expect(kept.length).to.be.greaterThan(5);
      }
    });
  });

  it("costs nothing while there is nobody to ship to", async () => {
    await begin(80, { appendonly: false });
    expect(a.keyspace.journal).not.to.equal(null);
    write(a, prng, { count: 10 });
    a.shipTo([]);
    expect(a.keyspace.journal).to.equal(null);
    expect(a.shipping.backlogBytes).to.equal(0);
    write(a, prng, { count: 10 });
    a.shipTo(["b"]);
    write(a, prng, { count: 10 });
    await world.advance(50);
    await repaired(a, b);
    expectEqual(a, b);
    expect(a.shipperTo("b").reach.acknowledged).to.equal(a.persistence.stream.localPosition);
  });
});
