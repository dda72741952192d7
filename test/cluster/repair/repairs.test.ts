/** Owners of the same slots that have different contents, and lose sight of each other while they are repaired. */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { expectEqual, KEYS, slot, write } from "../replication/owners.js";

const SLOTS = [...new Set(KEYS.map(slot))];

async function owners(
  world: World,
  names: readonly string[],
  options?: SimReplicaOptions,
): Promise<SimReplica[]> {
  const all: SimReplica[] = [];
  for (const name of names) all.push(await SimReplica.start(world, name, options));
  for (const one of all) for (const other of all) if (one !== other) one.meet(other.name);
  await world.advance(100);
  return all;
}

/** Asks for a repair; answers what tells whether it was done. */
function request(from: SimReplica, to: SimReplica, slots: readonly number[] = SLOTS): { isDone: boolean } {
  const outcome = { isDone: false };
  from.repairs.request(to.nodeId, slots, () => {
    expect(outcome.isDone).to.equal(false);
    outcome.isDone = true;
  });
  return outcome;
}

async function until(
  world: World,
  outcomes: readonly { isDone: boolean }[],
  withinMs = 120_000,
): Promise<void> {
  const endMs = world.nowMs + withinMs;
  while (!outcomes.every(({ isDone }) => isDone)) {
    expect(world.nowMs).to.be.lessThan(endMs);
    await world.advance(10);
  }
}

describe("repairs", () => {
  it("bring owners to the same contents, however often links break", async () => {
    for (let seed = 0; seed < 20; seed++) {
      for (const names of [
        ["a", "b"],
        ["a", "b", "c"],
      ]) {
        const world = worldOf(`repairs ${seed} ${names.length}`);
        const prng = new Prng(`${seed}`);
        const all = await owners(world, names);
        for (const owner of all)
          write(owner, prng, { count: 60, valueBytes: prng.below(8) === 0 ? 40_000 : 60 });
        // The first has what all have after the first round, and the others have that after the second one.
        for (let round = 0; round < 2; round++) {
          const [first, ...others] = all as [SimReplica, ...SimReplica[]];
          for (const other of others) {
            const outcomes = [prng.below(2) === 0 ? request(first, other) : request(other, first)];
            if (prng.below(2) === 0) outcomes.push(request(other, first, SLOTS.slice(0, 20)));
            for (let faults = prng.below(8); faults > 0; faults--) {
              await world.advance(prng.float() * 20);
              if (prng.below(2) === 0) world.resetStreams(first.name, other.name);
              else
                world.cut(
                  ...((prng.below(2) === 0 ? [[first.name], [other.name]] : [[other.name], [first.name]]) as [
                    string[],
                    string[],
                  ]),
                );
            }
            world.heal();
            await until(world, outcomes);
          }
        }
        expectEqual(...all);
      }
    }
  });

  it("tell a node's log what came, and leave what it ships alone", async () => {
    const world = worldOf("repairs and the log");
    const [a, b] = (await owners(world, ["a", "b"], { appendfsync: "always" })) as [SimReplica, SimReplica];
    a.shipTo(["b"]);
    b.shipTo(["a"]);
    await world.advance(100);
    a.execute(["set", "of a", "1"]);
    world.partition(["a"], ["b"]);
    b.execute(["set", "of b", "1"]);
    await world.advance(100);
    const before = [a, b].map(({ persistence }) => persistence.stream.localPosition);
    const positions = [a, b].map(({ persistence }) => persistence.position);
    // Only by repair does anything get from one to the other.
    a.shipping.close();
    b.shipping.close();
    world.heal();
    await until(world, [request(a, b, [slot("of a"), slot("of b")])]);
    expect([a, b].map(({ persistence }) => persistence.stream.localPosition)).to.deep.equal(before);
    for (const [i, { persistence }] of [a, b].entries()) {
      expect(persistence.position).to.be.greaterThan(positions[i]!);
      expect(persistence.durablePosition).to.equal(persistence.position);
    }
    for (const name of ["a", "b"]) world.crash(name, { powerLoss: true });
    for (const name of ["a", "b"]) {
      const again = await SimReplica.start(world, name);
      expect(again.ask("mget", "of a", "of b"))
        .to.contain("1")
        .and.not.contain("nil");
    }
  });

  it("of both sides at the same time are one", async () => {
    const world = worldOf("repairs of both sides");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    write(a, new Prng("a"), { count: 200 });
    write(b, new Prng("b"), { count: 200 });
    await until(world, [request(a, b), request(b, a)]);
    expect(a.repairs.counters.repairs + b.repairs.counters.repairs).to.equal(1);
    expectEqual(a, b);
  });

  it("begin with the side that is not whole, which asks for itself what it lacks", async () => {
    for (const [lacking, isFirst] of [
      [0, true],
      [0, false],
      [1, true],
      [1, false],
    ] as const) {
      const world = worldOf("repairs of who lacks something");
      const pair = await owners(world, ["a", "b"]);
      const [one, other] = [pair[lacking]!, pair[1 - lacking]!];
      one.isWhole = false;
      write(other, new Prng("b"), { count: 200 });
      const outcomes = isFirst
        ? [request(one, other), request(other, one)]
        : [request(other, one), request(one, other)];
      await until(world, [outcomes[isFirst ? 0 : 1]!]);
      expect(one.repairs.counters.repairs).to.equal(1);
      await until(world, outcomes);
      expect(other.repairs.counters.repairs).to.equal(0);
      expectEqual(one, other);
    }
  });

  it("that are asked for while one goes on are done afterwards", async () => {
    const world = worldOf("repairs one after the other");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    write(a, new Prng("a"), { count: 200 });
    const first = request(a, b, SLOTS.slice(0, 10));
    await world.advance(1);
    const later = [request(a, b, SLOTS.slice(10)), request(a, b, SLOTS.slice(5))];
    while (!first.isDone) await world.advance(1);
    expect(later.map(({ isDone }) => isDone)).to.deep.equal([false, false]);
    await until(world, later);
    expect(a.repairs.counters.repairs).to.equal(2);
    expectEqual(a, b);
  });

  it("touch no slot that the other node does not own, and begin when it does", async () => {
    const world = worldOf("repairs of slots that are not shared");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    write(a, new Prng("a"), { count: 200, expire: false });
    const own = slot(KEYS[0]!);
    b.isShared = (_, slot) => slot !== own;
    const outcome = request(a, b);
    await world.advance(10_000);
    expect(outcome.isDone).to.equal(false);
    expect(b.keyspace.isEmpty).to.equal(true);
    b.isShared = () => true;
    await until(world, [outcome]);
    expectEqual(a, b);
  });

  it("leave out what this node does not own any more", async () => {
    const world = worldOf("repairs of slots that are gone");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    for (const key of KEYS) a.execute(["set", key, "v"]);
    const own = slot(KEYS[0]!);
    a.isShared = b.isShared = (_, slot) => slot !== own;
    await until(world, [request(a, b)]);
    expect(b.ask("exists", KEYS[0]!)).to.equal("0");
    expect(b.ask("exists", KEYS[1]!)).to.equal("1");
  });

  it("survive the death of the other node, and end when it is forgotten", async () => {
    const world = worldOf("repairs with the dead");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    write(a, new Prng("a"), { count: 300, expire: false });
    const outcome = request(a, b);
    await world.advance(3);
    world.crash("b");
    await world.advance(5000);
    expect(outcome.isDone).to.equal(false);
    const again = await SimReplica.start(world, "b");
    again.meet("a");
    await until(world, [outcome]);
    expectEqual(a, again);
    world.crash("b");
    await world.advance(100);
    request(a, again);
    a.repairs.forget(again.nodeId);
    expect(a.repairs.underWay).to.deep.equal([]);
    await SimReplica.start(world, "b");
    await world.advance(5000);
    expect(a.repairs.counters.repairs).to.equal(1);
  });

  it("count what they do", async () => {
    const world = worldOf("repairs count");
    const [a, b] = (await owners(world, ["a", "b"])) as [SimReplica, SimReplica];
    for (const key of KEYS) a.execute(["set", key, "v"]);
    b.execute(["set", "of b", "v"]);
    await until(world, [request(a, b, [...SLOTS, slot("of b"), 0, 1])]);
    const { bytesSent, bytesReceived, ...counters } = a.repairs.counters;
    expect(bytesSent).to.be.greaterThan(1000);
    expect(bytesReceived).to.be.greaterThan(100);
    const slots = new Set([...SLOTS, slot("of b")]).size;
    expect(counters).to.deep.equal({
      repairs: 1,
      stops: 0,
      slotsCompared: new Set([...SLOTS, slot("of b"), 0, 1]).size,
      slotsDiffering: slots,
      slotsRenewed: 0,
      recordsPushed: KEYS.length,
      recordsPulled: 1,
      recordsTold: 0,
      batchesMerged: 1,
    });
    expect(b.repairs.counters).to.deep.include({ repairs: 0, recordsTold: 1 });
  });
});
