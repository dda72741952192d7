import { expect } from "chai";
import { ALL_SLOTS } from "#torus/cluster/slot-set.js";
import type { Location } from "#torus/keyspace/arena.js";
import { hasRemains } from "#torus/keyspace/remains.js";
import { difference } from "../simulation/replicated/copies.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";

const GRACE_MS = 5000;
/** After that what remains is collected without who is away: the grace, time in which all hear what it had told, and rounds. */
const COLLECTED_MS = GRACE_MS + 50_000;
const KEYS = Array.from({ length: 40 }, (_, i) => `key:${i}`);
const NAMES = ["n1", "n2", "n3"];

/** Three nodes, of which one is away for longer than what remains of deleted keys is kept for. */
describe("a node that was away for longer than tombstone-grace", () => {
  let nodes: ReplicatedNodes;

  beforeEach(async () => {
    nodes = await ReplicatedNodes.start(3, { tombstoneGraceMs: GRACE_MS, appendfsync: "always" });
    for (const key of KEYS) {
      await nodes.call("n1", "SET", `text:${key}`, "before");
      await nodes.call("n1", "HSET", `hash:${key}`, "f", "before", "g", "before");
      await nodes.call("n1", "INCR", `count:${key}`);
    }
    await nodes.world.advance(2000);
  });
  afterEach(() => nodes.close());

  for (const how of ["crashed", "cut off"] as const) {
    it(`brings nothing back that was deleted meanwhile, and has all that was written (${how})`, async () => {
      await leave(how);
      await deleteHalf();
      await nodes.world.advance(COLLECTED_MS);
      expect(remains("n1") + remains("n2")).to.equal(0);
      expect(nodes.copiesOf("n1").leftOut).to.deep.equal([nodes.idOf("n3")]);
      expect(nodes.viewOf("n1").warnings().join()).to.contain("was away for longer than `tombstone-grace`");
      await comeBack(how);
      await expectHalf();
      expect(NAMES.map((name) => nodes.copiesOf(name).leftOut.length)).to.deep.equal([0, 0, 0]);
      // All owners are waited for again.
      await nodes.call("n2", "DEL", `text:${KEYS[1]}`);
      await nodes.world.advance(40_000);
      expect(NAMES.map(remains)).to.deep.equal([0, 0, 0]);
    });
  }

  it("is left out by the next lives of the others too", async () => {
    await leave("crashed");
    await deleteHalf();
    await nodes.world.advance(COLLECTED_MS);
    for (const name of ["n1", "n2"]) {
      nodes.fleet.crash(name, true);
      await nodes.restart(name);
      await nodes.until(() => nodes.copiesOf(name)?.isReady === true);
    }
    expect(nodes.copiesOf("n1").leftOut).to.deep.equal([nodes.idOf("n3")]);
    await comeBack("crashed");
    await expectHalf();
  });

  it("keeps of what it executed alone what began a life since, and nothing that was added to what had ended", async () => {
    await leave("cut off");
    await deleteHalf();
    await nodes.world.advance(COLLECTED_MS);
    const [deleted, kept] = KEYS as [string, string];
    const alone: [string, ...string[]][] = [
      ["SET", `text:${deleted}`, "alone"],
      ["HSET", `hash:${deleted}`, "h", "alone"],
      ["INCR", `count:${deleted}`],
      ["SET", `text:${kept}`, "alone"],
      ["DEL", `hash:${KEYS[3]}`],
      ["HSET", `new:${deleted}`, "f", "alone"],
    ];
    for (const [name, ...args] of alone) await nodes.call("n3", name, ...args);
    await comeBack("cut off");
    expect(await nodes.call("n1", "GET", `text:${deleted}`)).to.equal("alone");
    expect(await nodes.call("n1", "GET", `text:${kept}`)).to.equal("alone");
    expect(
      await nodes.call("n1", "EXISTS", `hash:${deleted}`, `count:${deleted}`, `hash:${KEYS[3]}`),
    ).to.equal(0);
  });

  it("tells a node that joins just as it comes back nothing that was deleted meanwhile", async () => {
    await leave("cut off");
    await deleteHalf();
    await nodes.world.advance(COLLECTED_MS);
    const joiner = nodes.fleet.add();
    await nodes.until(() => nodes.fleet.interiorOf(joiner) !== undefined);
    await nodes.until(() => nodes.viewOf("n1").member(nodes.idOf(joiner))?.status === "alive");
    await comeBack("cut off");
    await expectHalf(...NAMES, joiner);
  });

  it("is waited for as long as it takes where the grace is 0", async () => {
    for (const name of NAMES) await nodes.call(name, "CONFIG", "SET", "tombstone-grace", "0");
    await leave("crashed");
    await deleteHalf();
    await nodes.world.advance(COLLECTED_MS);
    expect(remains("n1")).to.be.greaterThan(0);
    await comeBack("crashed");
    await expectHalf();
  });

  it("lets nothing be collected by fewer than would know of all that a majority had", async () => {
    nodes.world.partition(["n1"], ["n2", "n3"]);
    await nodes.until(
      () => nodes.viewOf("n2").isCovered && nodes.viewOf("n1").isCovered && isDead("n2", "n1"),
    );
    await nodes.call("n1", "DEL", `text:${KEYS[0]}`);
    await nodes.call("n2", "DEL", `text:${KEYS[2]}`);
    await nodes.world.advance(COLLECTED_MS);
    expect(remains("n1")).to.be.greaterThan(0);
    expect(remains("n2")).to.equal(0);
    nodes.world.heal();
    await untilAlike();
    expect(await nodes.call("n3", "EXISTS", `text:${KEYS[0]}`, `text:${KEYS[2]}`)).to.equal(0);
  });

  function isDead(by: string, name: string): boolean {
    return nodes.viewOf(by).member(nodes.idOf(name))?.status === "dead";
  }

  async function leave(how: "crashed" | "cut off"): Promise<void> {
    if (how === "crashed") nodes.fleet.crash("n3", true);
    else nodes.world.partition(["n3"], ["n1", "n2"]);
    await nodes.until(() => nodes.viewOf("n1").isCovered && isDead("n1", "n3") && isDead("n2", "n3"));
  }

  async function comeBack(how: "crashed" | "cut off"): Promise<void> {
    if (how === "crashed") await nodes.restart("n3");
    else nodes.world.heal();
    await untilAlike();
  }

  async function untilAlike(): Promise<void> {
    await nodes.until(() => NAMES.every((name) => nodes.copiesOf(name)?.leftOut.length === 0));
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    await nodes.until(() => difference(nodes.fleet) === undefined);
  }

  /** Keys at even places go, of the others a field. */
  async function deleteHalf(): Promise<void> {
    for (const [i, key] of KEYS.entries()) {
      if (i % 2 === 0) await nodes.call("n2", "DEL", `text:${key}`, `hash:${key}`, `count:${key}`);
      else await nodes.call("n2", "HDEL", `hash:${key}`, "f");
      await nodes.call("n2", "SET", `later:${key}`, "later");
    }
  }

  async function expectHalf(...names: string[]): Promise<void> {
    for (const name of names.length > 0 ? names : NAMES) {
      for (const [i, key] of KEYS.entries()) {
        const isThere = i % 2 === 0 ? 0 : 3;
        expect(await nodes.call(name, "EXISTS", `text:${key}`, `hash:${key}`, `count:${key}`)).to.equal(
          isThere,
        );
        if (isThere) expect(await nodes.call(name, "HGETALL", `hash:${key}`)).to.deep.equal(["g", "before"]);
        expect(await nodes.call(name, "GET", `later:${key}`)).to.equal("later");
      }
    }
  }

  /** Records that clients do not see, or of which they do not see all. */
  function remains(name: string): number {
    const { keyspace } = nodes.fleet.interiorOf(name)!;
    const found: Location[] = [];
    let count = 0;
    for (const database of keyspace.databases) {
      for (const slot of ALL_SLOTS) {
        found.length = 0;
        if (database.index.count(slot) === 0) continue;
        database.index.collect(slot, 0, Number.POSITIVE_INFINITY, found);
        count += found.filter((at) => hasRemains(database, at)).length;
      }
    }
    return count;
  }
});
