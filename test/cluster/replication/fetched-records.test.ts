import { expect } from "chai";
import type { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { expectEqual, KEYS, repaired } from "./owners.js";
import { shippingPair } from "./shipping-pair.js";

describe("the receiver of a batch that builds on what should be here and is not", () => {
  let world: World;
  let prng: Prng;
  let a: SimReplica;
  let b: SimReplica;

  async function begin(seed: number, ofB: SimReplicaOptions = {}) {
    ({ world, prng, a, b } = await shippingPair(`fetching ${seed}`, { b: ofB }));
  }

  /** Both have the key, and b, which can ask a, loses it. */
  async function beginWithout(seed: number, ...written: readonly (readonly string[])[]) {
    await begin(seed);
    b.meet("a");
    a.execute(...written);
    await repaired(a, b);
    b.lose("key:0");
  }

  it("fetches the record, and acknowledges nothing before it is here", async () => {
    await beginWithout(95, ["set", "key:0", "text"]);
    const { gaps, acknowledged } = a.shipperTo("b").reach;
    world.slow(["b"], ["a"], 30);
    a.execute(["append", "key:0", " and more"]);
    await world.advance(10);
    a.execute(["append", "key:0", ", and yet more"], ["set", "key:1", "x"]);
    await world.advance(10);
    expect(b.positionOf("a")!.isWhole, "it is on its way").to.equal(false);
    await world.advance(20);
    expect(a.shipperTo("b").reach.acknowledged).to.equal(acknowledged);
    await world.advance(200);
    expect(b.ask("get", "key:0")).to.equal('"text and more, and yet more"');
    const { reach } = a.shipperTo("b");
    expect([reach.gaps, reach.isWhole]).to.deep.equal([gaps, true]);
    expect(reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    expect(b.positionOf("a")!.isWhole).to.equal(true);
    expect(b.receiver.counters.fetchedRecords).to.equal(2);
    await world.advance(3000);
    expect(reach.lasts(reach.applied), "that lasts").to.equal(true);
    expectEqual(a, b);
  });

  it("has the record under appendfsync always before it acknowledges what builds on it", async () => {
    for (let seed = 0; seed < 8; seed++) {
      await begin(960 + seed, { appendfsync: "always" });
      b.meet("a");
      a.execute(["set", "key:0", "text"]);
      await repaired(a, b);
      b.host.disk.faults.syncDelayMs = 20;
      b.lose("key:0");
      a.execute(["append", "key:0", " and more"]);
      await world.advance(prng.float() * 60);
      const { acknowledged } = a.shipperTo("b").reach;
      world.crash("b", { powerLoss: true });
      b = await SimReplica.start(world, "b");
      if (acknowledged >= a.positionOfKey("key:0")) expect(b.ask("get", "key:0")).to.equal('"text and more"');
      b.meet("a");
      await world.advance(500);
      expect(b.ask("get", "key:0"), `seed ${seed}`).to.equal('"text and more"');
    }
  });

  it("fetches as many as it lacks, and long ones in parts", async () => {
    const long = "v".repeat(700_000);
    const keys = KEYS.slice(0, 20);
    await beginWithout(97, ...keys.map((key, i) => ["set", key, i === 0 ? long : "text"]));
    for (const key of keys) b.lose(key);
    const { gaps } = a.shipperTo("b").reach;
    a.execute(...keys.map((key) => ["setrange", key, "1", "w"]));
    await world.advance(500);
    expect(a.shipperTo("b").reach.gaps).to.equal(gaps);
    expect(a.shipperTo("b").reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    expectEqual(a, b);
  });

  it("fetches a text that it took for expired from who extended it", async () => {
    await begin(98);
    b.meet("a");
    a.execute(["set", "key:0", "text", "PX", "1000"], ["set", "key:1", "text", "PX", "1000"]);
    await repaired(a, b);
    const { gaps } = a.shipperTo("b").reach;
    b.keyspace.tick(b.host.clock.wallMs() + 1500);
    expect(b.keyspace.read(Buffer.from("key:0"), 0, 5)).to.equal(0);
    expect(b.keyspace.read(Buffer.from("key:1"), 0, 5)).to.equal(0);
    a.execute(["persist", "key:0"], ["append", "key:1", " and more"]);
    await world.advance(100);
    expect(b.ask("get", "key:0")).to.equal('"text"');
    expect(a.shipperTo("b").reach.gaps).to.equal(gaps);
    await world.advance(2000);
    expectEqual(a, b);
  });

  it("fetches a collection from all owners, for each may have told a part of it", async () => {
    await beginWithThird();
    const { gaps } = a.shipperTo("b").reach;
    a.execute(["pexpire", "key:0", "100000"]);
    await world.advance(200);
    expect(a.shipperTo("b").reach.gaps).to.equal(gaps);
    expect(b.ask("hget", "key:0", "of c")).to.equal('"2"');
    expect(b.ask("hget", "key:0", "of a")).to.equal('"1"');
  });

  it("says that it lacks something if one of the owners that may have a part does not tell it", async () => {
    const c = await beginWithThird();
    c.isShared = () => false;
    const { gaps } = a.shipperTo("b").reach;
    a.execute(["pexpire", "key:0", "100000"]);
    await world.advance(2000);
    expect(a.shipperTo("b").reach.gaps).to.equal(gaps + 1);
    expect(b.positionOf("a")!.isWhole).to.equal(false);
  });

  /** A hash of which a has one field, and c has one that only b was told, and which b loses. */
  async function beginWithThird(): Promise<SimReplica> {
    await begin(99);
    const c = await SimReplica.start(world, "c");
    b.shipTo(["a", "c"]);
    await repaired(a, b);
    a.execute(["hset", "key:0", "of a", "1"]);
    c.execute(["hset", "key:0", "of c", "2"]);
    await world.advance(50);
    b.mergeAllOf(c);
    b.lose("key:0");
    return c;
  }
});
