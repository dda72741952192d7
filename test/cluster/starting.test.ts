import { expect } from "chai";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;

/** What a node that cannot join says to whoever started it. */
describe("a node of a cluster that starts", () => {
  let world: World;

  beforeEach(() => {
    world = worldOf(1);
  });

  it("names the option if its cluster port is taken", async () => {
    const a = await start("a");
    const failure = await start("a", { port: 7000, clusterPort: CLUSTER_PORT }).catch((error) => error);
    expect(failure).to.include({ name: "HostError", code: "EADDRINUSE" });
    expect(failure.message).to.match(/^cluster-port: .*16379/);
    await a.close();
  });

  it("tells that a seed refuses it, and why", async () => {
    const a = await start("a", { clusterSecret: "one" });
    const b = await start("b", { clusterSecret: "another", join: `a:${CLUSTER_PORT}` });
    await world.advance(5000);
    expect(JSON.stringify(await b.call("TORUS", "STATUS"))).to.contain(
      `a:${CLUSTER_PORT} refuses this node: it has another cluster-secret`,
    );
    await b.close();
    await a.close();
  });

  it("takes no part in changes of owners before it runs, though it knows of which cluster it is", async () => {
    const kept = { dir: "data", appendonly: "yes" } as const;
    const a = await start("a", kept);
    await a.call("SET", "key", "v");
    await a.close();
    // The start takes longer than the node otherwise waits before it looks what there is to do.
    world.host("a").disk.faults.syncDelayMs = 1000;
    const again = await start("a", kept);
    const errors = again.host.log.lines.filter(({ level }) => level === "error");
    expect(errors).to.deep.equal([]);
    await again.close();
  });

  function start(name: string, config: ConfigValues = {}): Promise<SimNode> {
    return SimNode.member(world, name, { replicationFactor: 1, appendonly: "no", save: "", ...config });
  }
});
