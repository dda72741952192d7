import { expect } from "chai";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;
/** As good as no such file. */
const NO_PLACEMENT = JSON.stringify({ format: 1, cluster: null, placement: null, handover: null });

/** What a node makes of a data directory from which something of its cluster is missing. */
describe("what is left of a cluster on disk", () => {
  let world: World;

  beforeEach(() => {
    world = worldOf(1);
  });

  it("is not guessed at: keys without a word of whose their slots are keep a member from starting", async () => {
    const [a, b] = [await start("a"), await start("b", { join: `a:${CLUSTER_PORT}` })];
    await b.whenActive();
    for (let i = 0; i < 20; i++) expect(await a.call("SET", `key:${i}`, i)).to.equal("OK");
    await world.advance(2000);
    await b.close();
    await world.complete(b.host.files.replaceText("data/placement.json", NO_PLACEMENT));
    const failure = await failureOf(start("b", { join: `a:${CLUSTER_PORT}` }));
    expect(failure).to.include({ name: "UnusableDirectory" });
    expect(failure.message).to.contain("data has keys, and no placement.json");
    await a.close();
  });

  it("is not dropped for joining: a node that had keys before is to be told what to do", async () => {
    const a = await start("a");
    const lone = await start("b", { clusterEnabled: "no" });
    await lone.call("SET", "mine", 1);
    await lone.close();
    const failure = await failureOf(start("b", { join: `a:${CLUSTER_PORT}` }));
    expect(failure).to.include({ name: "UnusableDirectory" });
    expect(failure.message).to.contain("without join");
    const founder = await start("b");
    expect(await founder.call("GET", "mine")).to.equal("1");
    await founder.close();
    await a.close();
  });

  for (const join of ["", `a:${CLUSTER_PORT}`]) {
    it(`is gone on with where others are not known any more, ${join === "" ? "without" : "with"} a seed`, async () => {
      const [a, b] = [await start("a"), await start("b", { join: `a:${CLUSTER_PORT}` })];
      await b.whenActive();
      for (let i = 0; i < 20; i++) expect(await a.call("SET", `key:${i}`, i)).to.equal("OK");
      await world.advance(2000);
      await b.close();
      await world.complete(b.host.files.replaceText("data/cluster.json", "{"));
      await world.advance(20_000);
      const back = await start("b", { join });
      await world.advance(120_000);
      for (const node of [a, back])
        for (let i = 0; i < 20; i++) expect(await node.call("GET", `key:${i}`)).to.equal(`${i}`);
      await back.close();
      await a.close();
    });
  }

  it("is of one cluster, or is refused", async () => {
    const [a, b] = [await start("a"), await start("b")];
    await world.advance(2000);
    await Promise.all([a.close(), b.close()]);
    const other = await world.complete(b.host.files.readText("data/cluster.json"));
    await world.complete(a.host.files.replaceText("data/cluster.json", other));
    const failure = await failureOf(start("a"));
    expect(failure).to.include({ name: "UnusableDirectory" });
    expect(failure.message).to.contain("data mixes two clusters");
  });

  it("is not served alone where others have copies of it, which could not tell then what was deleted", async () => {
    const replicated = { replicationFactor: 3 } as const;
    const a = await start("a", replicated);
    const b = await start("b", { ...replicated, join: `a:${CLUSTER_PORT}` });
    await b.whenActive();
    await a.call("SET", "mine", 1);
    await world.advance(2000);
    await b.close();
    const failure = await failureOf(start("b", { clusterEnabled: "no" }));
    expect(failure).to.include({ name: "UnusableDirectory" });
    expect(failure.message).to.contain("data is of a node of a cluster that keeps copies");
    const back = await start("b", replicated);
    await back.whenActive();
    await a.call("DEL", "mine");
    await world.advance(2000);
    expect(await back.call("EXISTS", "mine")).to.equal(0);
    await back.close();
    await a.close();
  });

  it("may be served alone where nobody else has any of it", async () => {
    const a = await start("a", { replicationFactor: 3 });
    await a.call("SET", "mine", 1);
    await a.close();
    const alone = await start("a", { clusterEnabled: "no" });
    expect(await alone.call("GET", "mine")).to.equal("1");
    await alone.close();
  });

  it("is refused in a line if it makes no sense", async () => {
    const lone = await start("a");
    await lone.close();
    await world.complete(lone.host.files.replaceText("data/placement.json", "{"));
    expect(await failureOf(start("a"))).to.include({ name: "UnusableDirectory" });
  });

  function start(name: string, config: ConfigValues = {}): Promise<SimNode> {
    return SimNode.member(world, name, { replicationFactor: 1, dir: "data", appendonly: "yes", ...config });
  }

  async function failureOf(starting: Promise<SimNode>): Promise<Error> {
    return starting.then(
      () => {
        throw new Error("the node started");
      },
      (error: Error) => error,
    );
  }
});
