import { expect } from "chai";
import { slotOf } from "#torus/base/key-hash.js";
import { MissingRecords } from "#torus/cluster/replication/missing-records.js";
import { clockOfMs } from "#torus/delta/hybrid-clock.js";
import type { Version } from "#torus/delta/version.js";
import type { World } from "#torus/host/sim/world.js";
import type { MissingRecord } from "#torus/keyspace/batch-application.js";
import { endLivesBelow } from "#torus/keyspace/delta-application.js";
import { SimReplica } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";

const KEY = Buffer.from("key:0");
const SLOT = slotOf(KEY, 0, KEY.length);

describe("records that are missing", () => {
  let world: World;
  let owner: SimReplica;
  let other: SimReplica;
  let missing: MissingRecords;
  /** Who was asked, and how often; what becomes of that. */
  let asked: string[];
  let answer: (nodeId: string) => Promise<boolean>;

  beforeEach(async () => {
    world = worldOf("missing records");
    owner = await SimReplica.start(world, "a");
    other = await SimReplica.start(world, "b");
    asked = [];
    answer = () => Promise.resolve(true);
    missing = new MissingRecords({
      host: owner.host,
      keyspace: owner.keyspace,
      pull: (nodeId) => {
        asked.push(nodeId);
        return answer(nodeId);
      },
      othersOf: () => ["b", "c"],
    });
  });

  const record = (life: Version): MissingRecord => ({ slot: SLOT, db: 0, key: KEY, life });
  /** The life that the other one's record has. */
  const lifeThere = (): Version => {
    const { keyspace } = other;
    keyspace.peek(KEY, 0, KEY.length);
    const at = keyspace.at || keyspace.ghost;
    return { clock: keyspace.records.lifeClock(at), origin: keyspace.records.lifeOrigin(at) };
  };
  const bring = (...records: MissingRecord[]) => world.complete(missing.bring("b", records));
  const tell = () => {
    owner.mergeAllOf(other);
    return Promise.resolve(true);
  };

  it("are here once the record has the life that is built on, or a later one", async () => {
    other.execute(["set", "key:0", "text"]);
    const life = lifeThere();
    answer = tell;
    expect(await bring(record(life))).to.equal(true);
    expect(await bring(record({ ...life, clock: life.clock - 1 }))).to.equal(true);
    expect(await bring(record({ ...life, clock: life.clock + 1 }))).to.equal(false);
  });

  it("are here if the key was deleted, flushed or collected meanwhile", async () => {
    other.execute(["set", "key:0", "text"]);
    const life = lifeThere();
    other.execute(["del", "key:0"]);
    answer = tell;
    expect(await bring(record(life)), "deleted").to.equal(true);
    owner.lose("key:0");
    answer = () => Promise.resolve(true);
    expect(await bring(record(life))).to.equal(false);
    const [database] = owner.keyspace.databases;
    database!.birthFloors.raise(SLOT, life.clock + 1, 1);
    expect(await bring(record(life)), "collected").to.equal(true);
    const floor = { clock: life.clock + 9, origin: 1 };
    database!.flushFloors.raise(SLOT, floor.clock, floor.origin);
    endLivesBelow(owner.keyspace, SLOT, floor);
    expect(await bring(record({ clock: life.clock + 8, origin: 1 })), "flushed").to.equal(true);
  });

  it("are not here while a deadline is known and the body is not, and are asked for again", async () => {
    const { host, keyspace } = owner;
    keyspace.tick(host.clock.wallMs());
    other.execute(["set", "key:0", "text", "PX", "400"]);
    const life = lifeThere();
    other.keyspace.tick(host.clock.wallMs() + 500);
    expect(other.keyspace.peek(KEY, 0, KEY.length), "it expired there").to.equal(0);
    answer = () => {
      keyspace.tick(host.clock.wallMs());
      return tell();
    };
    expect(await bring(record(life)), "until it has here, too").to.equal(true);
    expect(asked.length).to.be.within(7, 10);
    expect(keyspace.nowMs - life.clock / clockOfMs(1)).to.be.within(399, 460);
  });

  it("are asked for again if that failed, for a second and no longer", async () => {
    const startMs = owner.host.clock.monotonicMs();
    answer = () => Promise.resolve(false);
    expect(await bring(record({ clock: 1, origin: 1 }))).to.equal(false);
    expect(asked.length).to.be.within(15, 25);
    expect(owner.host.clock.monotonicMs() - startMs).to.be.within(900, 1000);
    answer = () => new Promise(() => {});
    expect(await bring(record({ clock: 1, origin: 1 })), "nobody answers").to.equal(false);
    expect(owner.host.clock.monotonicMs() - startMs).to.be.within(1900, 2000);
  });

  it("are not asked for if there are very many, or something is wrong with this node", async () => {
    const many = Array.from({ length: 600 }, () => record({ clock: 1, origin: 1 }));
    answer = () => new Promise(() => {});
    const first = missing.bring("b", many);
    expect(await bring(...many)).to.equal(false);
    expect(asked).to.deep.equal(["b"]);
    expect(await world.complete(first)).to.equal(false);
    answer = () => Promise.reject(new Error("broken"));
    expect(await bring(...many)).to.equal(false);
    expect(asked).to.deep.equal(["b", "b"]);
  });

  it("are asked of all owners if they are no texts, and all have to answer", async () => {
    other.execute(["hset", "key:0", "field", "value"], ["set", "key:1", "text"]);
    answer = tell;
    expect(await bring(record(lifeThere()))).to.equal(true);
    expect(asked).to.deep.equal(["b", "c"]);
    answer = (nodeId) => Promise.resolve(nodeId === "b");
    expect(await bring(record(lifeThere()))).to.equal(false);
    asked = [];
    other.execute(["set", "key:0", "text"]);
    answer = tell;
    expect(await bring(record(lifeThere())), "whoever builds on a text has all of it").to.equal(true);
    expect(asked).to.deep.equal(["b"]);
  });
});
