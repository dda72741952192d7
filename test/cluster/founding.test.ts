import { expect } from "chai";
import type { ConfigValues } from "#torus/config/config.js";
import { formatHashSeed } from "#torus/durability/hash-seed.js";
import { readNodeFile } from "#torus/durability/node-file.js";
import type { World } from "#torus/host/sim/world.js";
import { pairsOf } from "../support/pairs-of.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;
const KEYS = Array.from({ length: 20 }, (_, i) => `key:${i}`);

/** What the first node decides for all that come after it. */
describe("a cluster that is founded with several copies", () => {
  let world: World;
  let a: SimNode;

  beforeEach(async () => {
    world = worldOf(1);
    a = await start("a", { replicationFactor: 3 });
    for (const key of KEYS) expect(await a.call("SET", key, key)).to.equal("OK");
  });

  afterEach(() => a.close());

  it("has all members hash keys alike, in this life and the next", async () => {
    const seed = await seedOf(a);
    const before = await joined("b");
    expect(await seedOf(before)).to.equal(seed);
    expect(await placementOf(before)).to.include({ copies: 3, hashSeed: seed });
    await holdsAll(before);
    await before.close();
    const after = await joined("b");
    expect(await seedOf(after)).to.equal(seed);
    await holdsAll(after);
    await after.close();
  });

  it("does not mind that another node is told another number, which says so once", async () => {
    const b = await joined("b", { replicationFactor: 2 });
    const c = await joined("c", { replicationFactor: 3 });
    expect(await placementOf(c)).to.include({ copies: 3 });
    const told = [b, c].map(({ host }) =>
      host.log.lines.filter(({ message }) => /replication-factor/.test(message)),
    );
    expect(told.map(({ length }) => length)).to.deep.equal([1, 0]);
    expect(told[0]![0]!.values).to.deep.equal({ cluster: 3, own: 2 });
    await c.close();
    await b.close();
  });

  it("leaves something behind of what is deleted as soon as there is somebody else, and keeps it", async () => {
    const [first, ...others] = KEYS as [string, ...string[]];
    await a.call("DEL", first);
    expect(await stateOf(a, first)).to.equal("absent");
    const b = await joined("b");
    const key = await executedAt(a, others);
    await a.call("DEL", key);
    expect(await stateOf(a, key)).to.equal("deleted");
    await world.advance(2000);
    await a.close();
    a = await start("a");
    expect(await stateOf(a, key)).to.equal("deleted");
    await b.close();
  });

  async function holdsAll(node: SimNode): Promise<void> {
    for (const key of KEYS) expect(await node.call("GET", key)).to.equal(key);
  }

  /** Starts a node that joins the first one, and lets time pass until it has taken over its share of the slots. */
  async function joined(name: string, config: ConfigValues = {}): Promise<SimNode> {
    const node = await start(name, { join: `a:${CLUSTER_PORT}`, ...config });
    await node.whenActive();
    return node;
  }

  function start(name: string, config: ConfigValues = {}): Promise<SimNode> {
    return SimNode.member(world, name, { dir: "data", appendonly: "yes", ...config });
  }

  /** One of the keys whose slot a node executes. */
  async function executedAt(node: SimNode, keys: readonly string[]): Promise<string> {
    for (const key of keys) {
      const { name } = await node.told("EXPLAIN", key);
      if (name === node.host.name) return key;
    }
    throw new Error("the node executes for some of the keys");
  }

  /** What is known of a key at the node that executes for it. */
  async function stateOf(node: SimNode, key: string): Promise<unknown> {
    const { replicas } = await node.told("EXPLAIN", key);
    const states = (replicas as readonly unknown[]).map((replica) => pairsOf(replica).state);
    return states.find((state) => state !== "unknown" && state !== "same");
  }

  async function seedOf({ host }: SimNode): Promise<string> {
    const facts = await world.complete(readNodeFile(host.files, "data"));
    return formatHashSeed(facts!.hashSeed);
  }

  async function placementOf({ host }: SimNode): Promise<object> {
    return JSON.parse(await world.complete(host.files.readText("data/placement.json"))).placement;
  }
});
