/** A node that executes starts again: from its log it knows what it has told others, and they have what its log has lost. */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { expectEqual, KEYS, repair, slot, write } from "./owners.js";

describe("an owner that starts again", () => {
  let world: World;
  let prng: Prng;
  let a: SimReplica;
  let b: SimReplica;

  /** Both have the same, and what `a` executes from now on its log tells the position of. */
  async function begin(seed: number, ofA: SimReplicaOptions = {}, ofB: SimReplicaOptions = {}) {
    world = worldOf(`own past ${seed}`);
    prng = new Prng(`own past ${seed}`);
    a = await SimReplica.start(world, "a", ofA);
    b = await SimReplica.start(world, "b", ofB);
    a.shipTo(["b"]);
    await world.advance(50);
    await repaired();
    a.persistence.stream.note();
  }

  async function repaired(): Promise<void> {
    repair(a, b);
    await world.advance(20);
  }

  async function startAgain(slots: readonly number[] | null = null, options?: SimReplicaOptions) {
    a = await SimReplica.start(world, "a", options);
    a.shipTo(["b"], slots);
    await world.advance(300);
  }

  function expectGoesOn(): void {
    const shipper = a.shipperTo("b");
    expect([...a.gapped]).to.deep.equal([]);
    expect(shipper.reach.acknowledged).to.equal(a.persistence.stream.localPosition);
    expect(b.positionOf("a")).to.deep.include({
      boot: a.boot,
      applied: shipper.reach.applied,
      isWhole: true,
    });
    expect(a.past.isSettled()).to.equal(true);
    expect([...a.comparedPast]).to.deep.equal([]);
    expectEqual(a, b);
  }

  it("goes on where it was, and compares nothing", async () => {
    for (const appendfsync of ["always", "everysec"] as const) {
      await begin(1, { appendfsync });
      for (let life = 0; life < 3; life++) {
        write(a, prng, { count: 50 });
        await world.advance(50);
        world.crash("a");
        await startAgain(null, { appendfsync });
        expectGoesOn();
        expect(a.boot).to.equal(life + 2);
        a.persistence.stream.note();
        write(a, prng, { count: 5 });
        await world.advance(50);
        expectGoesOn();
      }
    }
  });

  it("gets from others what its log has lost", async () => {
    let lost = 0;
    for (let seed = 10; seed < 22; seed++) {
      await begin(seed);
      for (let i = 0; i < 20; i++) {
        write(a, prng, { count: 20, expire: false });
        await world.advance(prng.float() * 120);
      }
      await world.advance(prng.float());
      const executed = a.persistence.stream.localPosition;
      world.crash("a", { powerLoss: true });
      await startAgain();
      if (a.persistence.earlier!.position < executed) lost++;
      expectGoesOn();
    }
    expect(lost).to.be.greaterThan(5);
  });

  it("compares for it if others do not keep it any more", async () => {
    await begin(30, {}, { receivedBytesMax: 1000 });
    await world.advance(2000);
    for (let i = 0; i < 5; i++) {
      write(a, prng, { count: 20 });
      await world.advance(20);
    }
    world.crash("a", { powerLoss: true });
    await startAgain();
    expect([...a.gapped]).to.deep.equal([]);
    expect([...a.comparedPast]).to.deep.equal([b.nodeId]);
  });

  it("waits for who cannot be asked", async () => {
    await begin(31);
    await world.advance(2000);
    write(a, prng, { count: 20 });
    await world.advance(20);
    world.crash("a", { powerLoss: true });
    a = await SimReplica.start(world, "a");
    a.shipTo(["b"]);
    while (a.past.isSettled()) await world.advance(0.1);
    world.cut(["a"], ["b"]);
    await world.advance(3000);
    expect(a.past.isSettled(b.nodeId)).to.equal(false);
    world.heal();
    await world.advance(3000);
    expectGoesOn();
  });

  /** Much of what it executes reaches nobody. */
  async function loseOnTheWay(count: number, valueBytes: number): Promise<void> {
    world.cut(["a"], ["b"]);
    for (let i = 0; i < count; i++) {
      write(a, prng, { count: 5, valueBytes, expire: false });
      await world.advance(5);
    }
    await world.advance(2000);
    world.crash("a");
    world.resetStreams("a", "b");
    world.heal();
    await startAgain();
    await world.advance(3000);
  }

  it("tells others again what they were not told any more", async () => {
    for (let seed = 50; seed < 54; seed++) {
      await begin(seed);
      write(a, prng, { count: 50, expire: false });
      await world.advance(20);
      const { applied } = b.positionOf("a")!;
      await loseOnTheWay(20, 2000);
      const { position, tail } = a.persistence.earlier!;
      expect(position).to.be.greaterThan(applied);
      expect(tail.length, "all that it ever executed").to.equal(position);
      expectGoesOn();
      write(a, prng, { count: 5 });
      await world.advance(50);
      expectGoesOn();
    }
  });

  it("finds a gap where others were told too little", async () => {
    await begin(55);
    await loseOnTheWay(200, 30_000);
    const { position, tail } = a.persistence.earlier!;
    expect(position).to.be.greaterThan(tail.length);
    expect(tail.length).to.be.within(3_500_000, 4_200_000);
    expect(a.gapped.size).to.equal(1);
    await repaired();
    expectEqual(a, b);
  });

  it("finds a gap where the other one started again, and has forgotten", async () => {
    await begin(41);
    write(a, prng, { count: 20 });
    await world.advance(2000);
    world.crash("a");
    world.crash("b");
    b = await SimReplica.start(world, "b");
    await startAgain();
    expect(a.gapped.size).to.equal(1);
  });

  it("finds a gap where it ships more slots than before, be it after the other one was met", async () => {
    const few = KEYS.slice(0, 10).map(slot);
    for (const isMet of [false, true]) {
      await begin(42);
      a.shipTo(["b"], few);
      await world.advance(50);
      world.crash("a");
      a = await SimReplica.start(world, "a");
      a.shipTo(["b"], isMet ? few.slice(1) : null);
      a.shipTo(["b"]);
      await world.advance(100);
      expect(a.gapped.size, `${isMet}`).to.equal(1);
    }
  });

  it("finds a gap where its log does not tell how far it has what it executed", async () => {
    // Of that of the last life nobody asked for it to tell.
    await begin(43);
    write(a, prng, { count: 20 });
    await world.advance(50);
    world.crash("a");
    await startAgain();
    expectGoesOn();
    write(a, prng, { count: 20 });
    await world.advance(50);
    world.crash("a");
    await startAgain();
    expect(a.persistence.earlier).to.equal(undefined);
    expect(a.gapped.size).to.equal(1);
  });

  it("finds a gap where a life was between that it has forgotten", async () => {
    await begin(44);
    write(a, prng, { count: 20 });
    await world.advance(2000);
    world.crash("a");
    await startAgain();
    a.persistence.stream.note();
    world.crash("a", { powerLoss: true });
    await startAgain();
    expect(a.persistence.earlier!.boot).to.equal(1);
    expect(a.gapped.size).to.equal(1);
  });

  it("knows how far it was from a snapshot too, whatever became of the log", async () => {
    await begin(45);
    write(a, prng, { count: 50, expire: false });
    await world.advance(50);
    expect(await world.complete(a.persistence.snapshot("rewrite"))).to.equal(undefined);
    await world.advance(50);
    world.crash("a");
    await startAgain();
    expectGoesOn();
    expect(a.persistence.earlier!.boot).to.equal(1);
  });
});
