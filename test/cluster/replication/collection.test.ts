/** Owners that collect what remains of what was deleted, in a world of faults: nothing returns, and in the end nothing remains. */
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import {
  readAnswer,
  readRequest,
  writeAnswer,
  writeRequest,
} from "#torus/cluster/replication/collection-messages.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import type { Location } from "#torus/keyspace/arena.js";
import { hasRemains } from "#torus/keyspace/remains.js";
import { mayHaveRemains } from "#torus/keyspace/slot-collection.js";
import type { SimReplica } from "../../support/sim-replica.js";
import { type Appendfsync, CollectingFleet, SLOTS, TAGS } from "./collecting-fleet.js";
import { expectEqual, KEYS, slot, write } from "./owners.js";

/** Slots in which there are any. That there may be some is said of all of them. */
function remainsOf({ keyspace }: SimReplica): number[] {
  return SLOTS.filter((each) => {
    const found: Location[] = [];
    const has = keyspace.databases.some((database) => {
      found.length = 0;
      database.index.collect(each, 0, Number.POSITIVE_INFINITY, found);
      return found.some((at) => hasRemains(database, at));
    });
    if (has) expect(mayHaveRemains(keyspace, each)).to.equal(true);
    return has;
  });
}

function floorOf({ keyspace }: SimReplica, key: string): number {
  return keyspace.databases[0]!.birthFloors.clock(slot(key));
}

describe("the collection of what remains", () => {
  for (const appendfsync of ["always", "everysec", "no", "off"] as const) {
    it(`drops tombstones, husks and marks everywhere, and what it does is one change (appendfsync ${appendfsync})`, async () => {
      const fleet = new CollectingFleet(`collection ${appendfsync}`, ["a", "b", "c"], appendfsync);
      const all = await fleet.startAll();
      const of = (key: string) => fleet.running.get(fleet.executorOf(key))!;
      for (const key of KEYS) of(key).execute(["set", key, "v"]);
      for (const key of KEYS.slice(0, 10)) of(key).execute(["del", key]);
      for (const key of KEYS.slice(10, 20)) of(key).execute(["pexpire", key, "5"]);
      for (const key of KEYS.slice(20, 30)) {
        of(key).execute(["del", key], ["hset", key, "f", "v", "g", "v"]);
        of(key).execute(["hdel", key, "f"]);
        if (slot(key) % 2 === 0) of(key).execute(["hdel", key, "g"]);
      }
      await fleet.advance(50);
      for (const key of KEYS) of(key).ask("exists", key);
      for (const owner of all) expect(remainsOf(owner)).to.have.length.greaterThan(20);
      await fleet.advance(40_000);
      for (const owner of all) {
        expect(remainsOf(owner)).to.deep.equal([]);
        for (const key of KEYS.slice(0, 30)) expect(floorOf(owner, key)).to.be.greaterThan(0);
        for (const key of KEYS.slice(30)) expect(floorOf(owner, key)).to.equal(0);
      }
      expectEqual(...all);
      const counters = [...fleet.collections.values()].map(({ counters }) => counters);
      const slots = new Set(KEYS.slice(0, 30).map(slot)).size;
      expect(counters.reduce((sum, { slotsCollected }) => sum + slotsCollected, 0)).to.be.at.least(slots);
      const { rounds } = counters[0]!;
      await fleet.advance(40_000);
      expect(counters[0]!.rounds).to.equal(rounds);
    });
  }

  it("waits until all owners have all, and agree on who they are", async () => {
    const fleet = new CollectingFleet("collection that waits", ["a", "b", "c"]);
    await fleet.startAll();
    const key = KEYS.find((each) => fleet.executorOf(each) === "a")!;
    const a = fleet.running.get("a")!;
    a.execute(["set", key, "v"], ["del", key]);
    const expectHeld = async () => {
      await fleet.advance(30_000);
      expect(floorOf(a, key)).to.equal(0);
      expect(remainsOf(a)).to.deep.equal([slot(key)]);
    };
    fleet.crash("c", false);
    await expectHeld();
    await fleet.start("c");
    fleet.doubted.add("c");
    await expectHeld();
    fleet.doubted.clear();
    fleet.world.cut(["b"], ["c"]);
    await expectHeld();
    fleet.world.heal();
    const collection = fleet.collections.get("a")!;
    expect(collection.counters.slotsRefused).to.be.at.least(3);
    const { placement } = fleet;
    let isAsked = false;
    // It changes while they are asked.
    Object.defineProperty(fleet, "placement", {
      get: () => {
        const name = isAsked ? "2 a" : placement;
        isAsked = !isAsked;
        return name;
      },
    });
    await expectHeld();
    Object.defineProperty(fleet, "placement", { value: placement });
    await fleet.advance(30_000);
    for (const owner of fleet.running.values()) expect(floorOf(owner, key)).to.be.greaterThan(0);
  });

  it("lets nobody write below the floor, whatever the clock", async () => {
    const fleet = new CollectingFleet("collection and clocks", ["a", "b"]);
    const [a, b] = (await fleet.startAll()) as [SimReplica, SimReplica];
    const key = KEYS.find((each) => fleet.executorOf(each) === "a")!;
    a.keyspace.clock.observe((a.host.clock.wallMs() + 100_000) * 2048);
    a.execute(["set", key, "v"], ["del", key]);
    await fleet.advance(30_000);
    const floor = floorOf(a, key);
    expect(floorOf(b, key)).to.equal(floor).and.to.be.greaterThan(0);
    b.execute(["set", key, "of b"]);
    await fleet.advance(100);
    expect(a.ask("get", key)).to.equal(b.ask("get", key)).and.to.contain("of b");
  });

  for (const appendfsync of ["always", "everysec", "no", "off"] as const) {
    it(`brings nothing back that was deleted, and leaves nothing in the end (appendfsync ${appendfsync})`, async () => {
      expect(await turmoil(`turmoil ${appendfsync}`, appendfsync)).to.be.greaterThan(20);
    });
  }

  describe("messages", () => {
    const request = {
      floor: { clock: 7 * 2 ** 40, origin: 65_535 },
      placement: "12 abc",
      slots: new SlotSet([1, 2, 9]),
      absent: new Set(["0f".repeat(16), "a0".repeat(16)]),
    };
    const written = Buffer.from(writeRequest(request, crc32));
    const answer = Buffer.from(writeAnswer(request.slots, crc32));

    it("are read as they were written", () => {
      expect(readRequest(written, crc32)).to.deep.equal(request);
      expect(readAnswer(answer, crc32)).to.deep.equal(request.slots);
    });

    it("are refused if a bit is changed, or a byte is missing", () => {
      for (const [message, read] of [
        [written, readRequest],
        [answer, readAnswer],
      ] as const) {
        for (let at = 0; at < message.length; at++) {
          const changed = Buffer.from(message);
          changed[at]! ^= 1;
          expect(read(changed, crc32)).to.equal(undefined);
          expect(read(message.subarray(0, at), crc32)).to.equal(undefined);
        }
      }
    });
  });
});

/** Something that was written once and deleted once: a key, or a field of one. */
interface Thing {
  readonly key: string;
  readonly field: string | null;
}

/** The node that deleted it, and its stream behind that. */
interface Deletion extends Thing {
  readonly owner: SimReplica;
  readonly position: number;
}

function isSeen(owner: SimReplica, { key, field }: Thing): boolean {
  return owner.ask(...(field === null ? ["exists", key] : ["hexists", key, field])) !== "0";
}

/** Whether all have a deletion, and cannot lose it any more. */
function holds({ key, owner, position }: Deletion): boolean {
  const { log, durablePosition, position: end } = owner.persistence;
  const place = { slot: slot(key), position };
  const shippers = [...owner.shipping.shippers];
  return (
    shippers.every(({ reach }) => reach.isWhole && reach.keeps(place)) &&
    (log === null || end <= durablePosition)
  );
}

/**
 * Keys and fields that any node writes once and any node deletes once, while nodes die and lose sight of each other. Answers how many
 * deletions were seen to hold, and did from then on.
 */
async function turmoil(name: string, appendfsync: Appendfsync): Promise<number> {
  const fleet = new CollectingFleet(name, ["a", "b", "c"], appendfsync);
  const { world, running, names } = fleet;
  const prng = new Prng(name);
  await fleet.startAll();
  const alive: Thing[] = [];
  let dying: Deletion[] = [];
  const dead: Thing[] = [];
  const expectDead = () => {
    for (const owner of running.values()) {
      for (const thing of dead) {
        expect(isSeen(owner, thing), `${thing.key} is back at ${owner.name}`).to.equal(false);
      }
    }
  };
  const execute = (step: number) => {
    const { ready } = fleet;
    const owner = ready[prng.below(3)];
    if (owner === undefined) return;
    for (let i = prng.below(4); i > 0; i--) {
      const key = `${TAGS[prng.below(TAGS.length)]!}${step}:${world.nowMs}:${i}`;
      const field = prng.below(3) === 0 ? "f" : null;
      owner.execute(field === null ? ["set", key, "v"] : ["hset", key, "f", "v", "g", "v"]);
      alive.push({ key, field });
    }
    for (let i = prng.below(4); i > 0 && alive.length > 0; i--) {
      const at = prng.below(alive.length);
      const thing = alive[at]!;
      const { key, field } = thing;
      // A node that does not know of it deletes nothing.
      if (!isSeen(owner, thing)) continue;
      alive.splice(at, 1);
      owner.execute(field === null ? ["del", key] : ["hdel", key, field]);
      dying.push({ ...thing, owner, position: owner.positionOfKey(key) });
    }
    write(owner, prng, { count: prng.below(3) });
  };
  for (let step = 0; step < 50; step++) {
    const [one, other] = [names[prng.below(3)]!, names[prng.below(3)]!];
    // Without logs all is lost when all are dead, or have not been told yet.
    const mayDie = appendfsync !== "off" || fleet.ready.length === 3;
    switch (prng.below(14)) {
      case 0:
        if (mayDie) fleet.crash(one, prng.below(2) === 0);
        break;
      case 1:
      case 2:
      case 3:
        if (!running.has(one)) await fleet.start(one);
        break;
      case 4:
        if (one !== other) world.cut([one], [other]);
        break;
      case 5:
        if (one !== other) world.partition([one], [other]);
        break;
      case 6:
      case 7:
      case 8:
        world.heal();
        break;
      case 9:
        if (one !== other) world.resetStreams(one, other);
        break;
      default:
    }
    for (let i = prng.below(40); i >= 0; i--) {
      execute(step);
      await fleet.advance(prng.float() * 100);
      dying = dying.filter(({ owner }) => running.get(owner.name) === owner);
      for (const deletion of dying) if (holds(deletion)) dead.push(deletion);
      dying = dying.filter((deletion) => !dead.includes(deletion));
    }
    expectDead();
  }
  world.heal();
  for (const each of names) if (!running.has(each)) await fleet.start(each);
  for (let i = 0; i < 40; i++) {
    await fleet.advance(2000);
    // Nothing else lets them expire here.
    for (const owner of running.values()) for (const key of KEYS) owner.ask("exists", key);
  }
  expectEqual(...running.values());
  expectDead();
  for (const owner of running.values()) expect(remainsOf(owner)).to.deep.equal([]);
  return dead.length;
}
