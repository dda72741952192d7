import { expect } from "chai";
import type { Prng } from "#torus/base/prng.js";
import {
  REPLICATE_SERVICE,
  readAnswer,
  writeBatchesHead,
  writeOpen,
} from "#torus/cluster/replication/replication-messages.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import type { World } from "#torus/host/sim/world.js";
import { nodeIdOf } from "../../support/sim-peers.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { expectEqual, KEYS, repaired, slot, write } from "./owners.js";
import { shippingPair } from "./shipping-pair.js";

describe("the receiver of what others execute", () => {
  let world: World;
  let prng: Prng;
  let a: SimReplica;
  let b: SimReplica;

  async function begin(seed: number, ofA: SimReplicaOptions = {}, ofB: SimReplicaOptions = {}) {
    ({ world, prng, a, b } = await shippingPair(`shipping ${seed}`, { a: ofA, b: ofB }));
  }

  it("takes nothing of slots that this node does not own, whatever is shipped", async () => {
    const owned = KEYS.filter((_, i) => i % 2 === 0);
    const own = new SlotSet(owned.map(slot));
    await begin(89, {}, { own: () => own });
    await repaired(a, b);
    a.execute(...KEYS.map((key) => ["set", key, "new"]));
    a.execute(...KEYS.filter((_, i) => i % 4 === 0).map((key) => ["hset", `{${key}}hash`, "field", "value"]));
    await world.advance(50);
    expect(KEYS.filter((key) => b.ask("get", key) === '"new"')).to.deep.equal(owned);
    expect(b.keyspace.size).to.equal(owned.length + KEYS.length / 4);
    expect(b.positionOf("a")?.applied, "it need not be told again").to.equal(
      a.persistence.stream.localPosition,
    );
  });

  describe("of messages", () => {
    /** A message by another node, as it stands. */
    const send = async (...parts: readonly Uint8Array[]) => {
      const from = { cluster: "c", nodeId: nodeIdOf("z"), boot: 1 };
      const service = b.receiver.services.get(REPLICATE_SERVICE)!;
      return readAnswer(await service(Buffer.concat(parts), from))!;
    };
    const { checksum } = worldOf(0).host("any");
    const open = (session: number) =>
      writeOpen({ session, end: 0, owned: 0, continues: undefined, newSlots: [] }, checksum);
    const head = { session: 1, starts: true, isWhole: true, from: 0, to: 10 };

    it("refuses what makes no sense, and asks again for what was damaged: neither leaves a trace", async () => {
      await begin(90);
      await send(open(1));
      const { position } = b.persistence;
      const nonsense = [Buffer.from("no batches")];
      expect(await send(writeBatchesHead(head, nonsense, checksum), ...nonsense)).to.include({
        verdict: "refused",
        applied: undefined,
      });
      const damaged = Buffer.concat([writeBatchesHead(head, [], checksum), Buffer.from("more")]);
      expect(await send(damaged)).to.include({ verdict: "reopen", applied: undefined });
      const [last] = open(2).subarray(-1);
      const damagedOpen = Buffer.from([...open(2).subarray(0, -1), last! ^ 1]);
      expect(await send(damagedOpen)).to.include({ verdict: "reopen" });
      expect(await send(Buffer.from([9]))).to.include({ verdict: "refused" });
      expect(b.receiver.counters).to.include({ refused: 1, damaged: 2 });
      expect(b.persistence.position).to.equal(position);
      expect(await send(writeBatchesHead(head, [], checksum))).to.include({
        verdict: "accepted",
        applied: 10,
      });
    });

    it("takes no message of an older session, nor one that does not follow", async () => {
      await begin(91);
      const verdict = async (session: number, starts: boolean, from: number, to: number) => {
        const message = writeBatchesHead({ session, starts, isWhole: true, from, to }, [], checksum);
        return (await send(message)).verdict;
      };
      expect(await verdict(1, true, 0, 10), "no session").to.equal("reopen");
      expect((await send(open(5))).verdict).to.equal("accepted");
      expect(await verdict(5, false, 0, 10), "it has not started").to.equal("reopen");
      expect(await verdict(5, true, 0, 10)).to.equal("accepted");
      expect(await verdict(5, false, 11, 20)).to.equal("reopen");
      expect(await verdict(5, false, 9, 20)).to.equal("reopen");
      expect(await verdict(5, false, 10, 20)).to.equal("accepted");
      expect((await send(open(6))).applied).to.equal(20);
      expect(await verdict(5, false, 20, 30)).to.equal("reopen");
      expect((await send(open(6))).verdict).to.equal("reopen");
      expect(await verdict(6, false, 20, 30)).to.equal("accepted");
    });

    it("puts off what it cannot take: without tombstones, and without room in its log", async () => {
      await begin(92);
      await repaired(a, b);
      b.keyspace.keepTombstones = false;
      write(a, prng, { count: 10 });
      await world.advance(200);
      expect(a.shipperTo("b").lag.batches).to.be.greaterThan(0);
      b.keyspace.keepTombstones = true;
      await world.advance(200);
      expect(a.shipperTo("b").lag.batches).to.equal(0);
      const { disk } = b.host;
      disk.volume.capacityBytes = disk.volume.usedBytes;
      for (let i = 0; i < 40; i++) {
        write(a, prng, { count: 20, valueBytes: 1000 });
        await world.advance(100);
      }
      expect(a.shipperTo("b").lag.batches).to.be.greaterThan(0);
      expect(a.shipperTo("b").counters.faults).to.be.greaterThan(0);
      disk.volume.capacityBytes = Number.POSITIVE_INFINITY;
      await world.advance(3000);
      expect(a.shipperTo("b").lag.batches).to.equal(0);
      expectEqual(a, b);
    });

    it("says that it lacks something, if a batch builds on what is not here and cannot be fetched", async () => {
      await begin(94);
      a.execute(["set", "key:0", "text"]);
      await repaired(a, b);
      const shipper = a.shipperTo("b");
      const { acknowledged } = shipper.reach;
      const { gaps } = shipper.reach;
      b.lose("key:0");
      a.execute(["append", "key:0", " and more"]);
      a.execute(["set", "key:1", "x"]);
      await world.advance(1100);
      expect(b.missing.map(({ place, nodeId }) => [place.key.toString(), nodeId])).to.deep.equal([
        ["key:0", a.nodeId],
      ]);
      expect([shipper.reach.isWhole, shipper.reach.gaps]).to.deep.equal([false, gaps + 1]);
      expect(shipper.reach.acknowledged).to.equal(acknowledged);
      expect(b.positionOf("a")!.isWhole).to.equal(false);
      await repaired(a, b);
      expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
      expect(b.positionOf("a")!.isWhole).to.equal(true);
      expectEqual(a, b);
    });

    it("keeps the streams of all nodes within one bound, the newest of each", async () => {
      const receivedBytesMax = 100_000;
      await begin(93, {}, { receivedBytesMax });
      const c = await SimReplica.start(world, "c");
      c.shipTo(["b"]);
      await world.advance(50);
      for (let i = 0; i < 100; i++) {
        write(a, prng, { count: 10, valueBytes: 200 });
        write(c, prng, { count: 5, valueBytes: 200 });
        await world.advance(20);
        expect(b.receiver.backlogBytes).to.be.at.most(receivedBytesMax);
      }
      for (const { first, applied } of b.receiver.positions()) expect(first).to.be.lessThan(applied);
      expect(b.receiver.positions()).to.have.length(2);
      b.receiver.forget(nodeIdOf("c"));
      expect(b.receiver.positions().map(({ nodeId }) => nodeId)).to.deep.equal([nodeIdOf("a")]);
    });
  });

  describe("in sync", () => {
    const isInSync = () => b.receiver.isInSync(a.nodeId, a.boot);

    it("is when it lacks nothing of what had been executed when the link came up", async () => {
      await begin(120);
      expect(isInSync(), "not repaired").to.equal(false);
      await repaired(a, b);
      expect(isInSync()).to.equal(true);
      write(a, prng, { count: 50 });
      await world.advance(0.1);
      expect(b.positionOf("a")!.applied).to.be.lessThan(a.persistence.stream.localPosition);
      expect(isInSync(), "it is about to get what is on its way").to.equal(true);
      world.partition(["a"], ["b"]);
      for (let i = 0; i < 40; i++) write(a, prng, { count: 20, valueBytes: 2000 });
      await world.advance(20);
      world.resetStreams("a", "b");
      world.heal();
      let caughtUp = 0;
      for (let i = 0; i < 10_000 && caughtUp === 0; i++) {
        await world.advance(0.1);
        const { applied } = b.positionOf("a")!;
        if (b.receiver.counters.sessions > 1 && isInSync()) caughtUp = applied;
      }
      expect(caughtUp).to.equal(a.persistence.stream.localPosition);
      expect(b.receiver.isInSync(a.nodeId, a.boot + 1)).to.equal(false);
    });

    it("is not any more when it finds that it lacks something, until that is repaired", async () => {
      await begin(121);
      a.execute(["set", "key:0", "text"]);
      await repaired(a, b);
      b.lose("key:0");
      a.execute(["append", "key:0", " and more"]);
      await world.advance(20);
      expect(isInSync(), "it tries to get it").to.equal(false);
      await world.advance(1100);
      expect(isInSync()).to.equal(false);
      await repaired(a, b);
      expect(isInSync()).to.equal(true);
      b.receiver.forget(a.nodeId);
      expect(isInSync()).to.equal(false);
    });

    it("is told of with each turn that brings any news, until nobody wants to hear of it", async () => {
      await begin(122);
      const seen: boolean[] = [];
      const unsubscribe = b.receiver.subscribe(() => seen.push(isInSync()));
      await repaired(a, b);
      expect(seen).to.include(true);
      const { length } = seen;
      await world.advance(5000);
      expect(seen.length - length, "nothing changes").to.be.at.most(2);
      write(a, prng, { count: 100 });
      await world.advance(50);
      expect(seen.length - length).to.be.within(1, 5);
      unsubscribe();
      const { length: last } = seen;
      write(a, prng, { count: 100 });
      await world.advance(50);
      expect(seen.length).to.equal(last);
    });
  });

  describe("after the death of the one that executed", () => {
    let c: SimReplica;

    async function beginThree(seed: number, { receivedBytesMax = 2 ** 26, ...ofB }: SimReplicaOptions = {}) {
      await begin(seed, {}, { receivedBytesMax, ...ofB });
      c = await SimReplica.start(world, "c", { receivedBytesMax });
      a.shipTo(["b", "c"]);
      b.shipTo(["c"]);
      c.shipTo(["b"]);
      await world.advance(50);
      await repaired(a, b);
      await repaired(a, c);
    }

    it("tells another owner what that one has not received any more", async () => {
      for (let seed = 100; seed < 110; seed++) {
        await beginThree(seed);
        write(a, prng, { count: 50 });
        await world.advance(prng.float() * 2);
        world.cut(["a"], ["c"]);
        write(a, prng, { count: 400, valueBytes: 2000 });
        await world.advance(5 + prng.float() * 20);
        world.crash("a");
        await world.advance(10);
        const [ofB, ofC] = [b.positionOf("a")!, c.positionOf("a")!];
        expect(ofC.applied).to.be.lessThan(ofB.applied);
        expect(await c.pull(world, { from: "b", of: "a", boot: 1 })).to.deep.equal({
          kind: "pulled",
          to: ofB.applied,
          isWhole: true,
        });
        expectEqual(b, c);
        expect(c.positionOf("a"), "it is of b's slots, whichever those are").to.deep.equal(ofC);
        expect(c.persistence.stream.localPosition, "none of it is c's own").to.equal(0);
      }
    });

    it("tells nothing of slots that it did not own then, and does now: it has not merged it itself", async () => {
      const own = new SlotSet(KEYS.map(slot).filter((each) => each !== slot("key:3")));
      await beginThree(113, { own: () => own });
      world.cut(["a"], ["c"]);
      a.execute(["set", "key:3", "new"]);
      await world.advance(20);
      world.crash("a");
      own.addAll([slot("key:3")]);
      b.receiver.owned();
      expect(await c.pull(world, { from: "b", of: "a", boot: 1 })).to.deep.equal({ kind: "gap" });
      expectEqual(b, c);
    });

    it("takes what it is told as fast as its own log can", async () => {
      await beginThree(112);
      world.cut(["a"], ["c"]);
      for (let i = 0; i < 20; i++) {
        write(a, prng, { count: 100, valueBytes: 1000 });
        await world.advance(20);
      }
      world.crash("a");
      world.host("c").disk.faults.syncDelayMs = 30;
      expect((await c.pull(world, { from: "b", of: "a", boot: 1 })).kind).to.equal("pulled");
      expectEqual(b, c);
    });

    it("tells what concerns some slots, and lets the asker's own position be", async () => {
      await beginThree(110);
      world.cut(["a"], ["c"]);
      const values = KEYS.map((key) => ["set", key, "new"]);
      a.execute(...values);
      await world.advance(20);
      world.crash("a");
      const before = c.positionOf("a");
      const { applied } = b.positionOf("a")!;
      const slots = [slot("key:3"), slot("key:4")];
      expect(await c.pull(world, { from: "b", of: "a", boot: 1, slots })).to.deep.equal({
        kind: "pulled",
        to: applied,
        isWhole: true,
      });
      const found = KEYS.filter((key) => c.ask("get", key) === '"new"');
      expect(found).to.deep.equal(["key:3", "key:4"]);
      expect(c.positionOf("a")).to.deep.equal(before);
    });

    it("says so if it does not have it any more, or cannot be asked", async () => {
      await beginThree(111, { receivedBytesMax: 20_000 });
      world.cut(["a"], ["c"]);
      for (let i = 0; i < 20; i++) {
        write(a, prng, { count: 20, valueBytes: 200 });
        await world.advance(5);
      }
      world.crash("a");
      expect(await c.pull(world, { from: "b", of: "a", boot: 1 })).to.deep.equal({ kind: "gap" });
      world.crash("b");
      const pulled = await c.pull(world, { from: "b", of: "a", boot: 1 });
      expect(pulled.kind).to.equal("failed");
    });
  });
});
