import { expect } from "chai";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica } from "../../support/sim-replica.js";
import { expectEqual, repaired, slot } from "./owners.js";
import { shippingPair } from "./shipping-pair.js";

describe("shipping of some slots only", () => {
  let world: World;
  let a: SimReplica;
  let b: SimReplica;

  async function begin(seed: number) {
    ({ world, a, b } = await shippingPair(`shipping ${seed}`));
  }

  const [mine, theirs] = ["key:0", "key:1"];

  it("sends what concerns the other, and says that there was nothing else", async () => {
    await begin(70);
    a.shipTo(["b"], [slot(mine!)]);
    await repaired(a, b);
    const shipper = a.shipperTo("b");
    const { bytes } = shipper.counters;
    a.execute(["set", theirs!, "1"]);
    a.execute(["set", mine!, "2"], ["set", theirs!, "2"]);
    await world.advance(10);
    expect([b.ask("get", mine!), b.ask("get", theirs!)]).to.deep.equal(['"2"', "nil"]);
    expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    a.execute(["set", theirs!, "3"]);
    await world.advance(20);
    expect(shipper.reach.acknowledged).to.be.lessThan(a.persistence.stream.localPosition);
    await world.advance(150);
    expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    expect(shipper.counters.bytes - bytes).to.be.lessThan(60);
  });

  describe("when others become new to it", () => {
    /** Of a slot that b has always had, and of one that becomes new. */
    const setKeys = (value: string) => a.execute(["set", mine!, value], ["set", theirs!, value]);
    const has = (key: string) => {
      const position = a.positionOfKey(key);
      return a.shipperTo("b").reach.has({ slot: slot(key), position });
    };

    async function widen(seed: number): Promise<void> {
      await begin(seed);
      a.shipTo(["b"], [slot(mine!)]);
      await repaired(a, b);
      setKeys("before");
      await world.advance(200);
      a.gapped.clear();
      a.shipTo(["b"], [slot(mine!), slot(theirs!)]);
    }

    it("ships them from then on, and says that what was before is to be repaired", async () => {
      await widen(71);
      a.execute(["append", theirs!, " and after"]);
      a.execute(["set", mine!, "after"]);
      await world.advance(20);
      expect(b.ask("get", mine!)).to.equal('"after"');
      expect(b.ask("get", theirs!), "of a slot that is to be repaired nothing is fetched").to.equal("nil");
      const shipper = a.shipperTo("b");
      expect([...a.gapped]).to.deep.equal([shipper]);
      expect([shipper.isWhole, b.positionOf("a")!.isWhole]).to.deep.equal([false, false]);
      await repaired(a, b);
      expectEqual(a, b);
      expect([shipper.isWhole, b.positionOf("a")!.isWhole]).to.deep.equal([true, true]);
      a.shipTo([]);
      expect([...a.shipping.shippers]).to.deep.equal([]);
    });

    it("goes on to count what the other has of all the others", async () => {
      await widen(72);
      const shipper = a.shipperTo("b");
      const { localPosition } = a.persistence.stream;
      expect([shipper.reach.acknowledged, has(mine!), has(theirs!)]).to.deep.equal([
        localPosition,
        true,
        false,
      ]);
      for (let i = 0; i < 20; i++) {
        setKeys(`${i}`);
        a.execute(["append", theirs!, "."]);
        await world.advance(20);
        expect([has(mine!), has(theirs!), shipper.isCaughtUp(0)]).to.deep.equal([true, false, false]);
        expect(b.receiver.isInSync(a.nodeId, 1)).to.equal(true);
      }
      await repaired(a, b);
      expect([has(mine!), has(theirs!)]).to.deep.equal([true, true]);
      expect(shipper.isCaughtUp(a.persistence.stream.localPosition)).to.equal(true);
      expect(shipper.isCaughtUp(a.persistence.stream.localPosition + 1)).to.equal(false);
      expect(shipper.reach.gaps).to.equal(2);
    });

    it("takes no repair for one of them that began before the other heard of them", async () => {
      await widen(73);
      const shipper = a.shipperTo("b");
      expect(shipper.repaired(shipper.reach.gaps)).to.equal(false);
      await world.advance(20);
      const { gaps } = shipper.reach;
      world.resetStreams("a", "b");
      a.shipTo(["b"], [slot(mine!), slot(theirs!), slot("key:2")]);
      expect(shipper.repaired(gaps)).to.equal(false);
      await world.advance(500);
      expect(shipper.repaired(gaps)).to.equal(false);
      await repaired(a, b);
      expect(shipper.isWhole).to.equal(true);
    });

    it("counts on nothing that was copied if the other loses it with its power", async () => {
      await widen(74);
      await world.advance(2500);
      await repaired(a, b);
      expect(has(theirs!)).to.equal(true);
      world.crash("b", { powerLoss: true });
      b = await SimReplica.start(world, "b");
      await world.advance(1500);
      expect([has(theirs!), a.shipperTo("b").isWhole]).to.deep.equal([false, false]);
      await repaired(a, b);
      setKeys("last");
      await world.advance(2500);
      world.crash("b", { powerLoss: true });
      b = await SimReplica.start(world, "b");
      await world.advance(1500);
      expect([has(theirs!), a.shipperTo("b").isWhole]).to.deep.equal([true, true]);
      expect(b.ask("get", theirs!)).to.equal('"last"');
    });

    it("makes no gap of slots that the other owns no more, but one if they come back", async () => {
      await widen(75);
      await world.advance(20);
      await repaired(a, b);
      a.gapped.clear();
      const shipper = a.shipperTo("b");
      a.shipTo(["b"], [slot(mine!)]);
      setKeys("without");
      await world.advance(200);
      expect([shipper.isWhole, a.gapped.size, b.ask("get", theirs!)]).to.deep.equal([true, 0, '"before"']);
      a.shipTo(["b"], null);
      await world.advance(20);
      expect([shipper.isWhole, a.gapped.size, has(theirs!)]).to.deep.equal([false, 1, false]);
      await repaired(a, b);
      expectEqual(a, b);
    });

    it("makes a gap of everything for one that was not shipped to for a while", async () => {
      await widen(76);
      await world.advance(20);
      await repaired(a, b);
      a.shipTo([]);
      setKeys("without");
      a.gapped.clear();
      a.shipTo(["b"], null);
      await world.advance(20);
      const shipper = a.shipperTo("b");
      expect([shipper.isWhole, a.gapped.has(shipper), has(mine!)]).to.deep.equal([false, true, false]);
      await repaired(a, b);
      expectEqual(a, b);
    });
  });

  it("says at once how far it is, if somebody has to know that nothing concerned it", async () => {
    await begin(77);
    a.shipTo(["b"], [slot(mine!)]);
    await repaired(a, b);
    a.execute(["set", theirs!, "3"]);
    a.persistence.stream.flushNow();
    a.shipperTo("b").tell();
    await world.advance(5);
    expect(b.positionOf("a")!.applied).to.equal(a.persistence.stream.localPosition);
  });
});
