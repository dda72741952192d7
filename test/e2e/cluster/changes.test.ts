import { expect } from "chai";
import { ProcessCluster } from "../../support/process-cluster.js";
import { Load } from "./load.js";

/** Writes that are acknowledged before something happens, and again behind it. */
const WRITES = 3000;
const KILLS = 3;

describe("a cluster of processes under load", function () {
  this.timeout(60_000);
  let cluster: ProcessCluster;
  beforeEach(async () => {
    cluster = await ProcessCluster.start(3);
  });
  afterEach(() => cluster?.close());

  it("takes a node in, and no command fails", async () => {
    const load = new Load(cluster, { nodes: cluster.nodes, mayFail: false });
    await load.acknowledged(WRITES);
    await cluster.add();
    await cluster.whenShared();
    await load.acknowledged(WRITES);
    await load.verify();
  });

  it("lets a node go, and no command fails at the others", async () => {
    const [leaver, ...others] = cluster.nodes;
    const load = new Load(cluster, { nodes: others, mayFail: false });
    await load.acknowledged(WRITES);
    await cluster.leave(leaver!);
    await cluster.whenShared();
    await load.acknowledged(WRITES);
    await load.verify();
    expect(cluster.nodes).to.have.lengthOf(2);
  });

  it(`loses nothing acknowledged when a node is killed and started again, ${KILLS} times`, async () => {
    const load = new Load(cluster, { nodes: cluster.nodes, mayFail: true });
    for (let kill = 0; kill < KILLS; kill++) {
      await load.acknowledged(WRITES);
      const victim = cluster.nodes[kill % cluster.nodes.length]!;
      await victim.server.kill();
      await load.acknowledged(WRITES / 10);
      await cluster.restart(victim);
      await cluster.whenShared();
    }
    await load.acknowledged(WRITES);
    await load.verify();
  });
});
