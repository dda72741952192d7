import { expect } from "chai";
import { readinessOf } from "#torus/cluster/primaries/readiness.js";
import { ReplicatedNodes } from "../../support/replicated-nodes.js";

describe("a node that comes to lack something", function () {
  this.timeout(60_000);
  let nodes: ReplicatedNodes;

  afterEach(() => nodes.close());

  /** What the second node says of itself, as the third one has heard. */
  const told = () => readinessOf(nodes.viewOf("n3").member(nodes.idOf("n2"))?.record);

  it("says so, goes on executing, and says again that it has caught up once it has", async () => {
    nodes = await ReplicatedNodes.start(3);
    const { world } = nodes;
    expect(told()).to.equal("ready");
    const { slotsActing } = nodes.copiesOf("n2");
    await nodes.call("n1", "config", "set", "repl-backlog-size", "16384");
    // It is there for all of them, and neither end notices.
    world.slow(["n1"], ["n2"], 300);
    world.slow(["n2"], ["n1"], 300);
    const gaps = () => nodes.copiesOf("n1").coOwner(nodes.idOf("n2"))!.gaps;
    const before = gaps();
    for (let i = 0; gaps() === before; i++) {
      for (let j = 0; j < 20; j++)
        void nodes.fleet.runningNode("n1").client.call("set", `key:${i}:${j}`, "v".repeat(4000));
      await world.advance(10);
    }
    const seen = new Set<string>();
    await nodes.until(() => {
      seen.add(told());
      expect(nodes.copiesOf("n2").slotsActing, "it goes on").to.equal(slotsActing);
      return told() === "behind";
    }, 10);
    expect(nodes.copiesOf("n2").isServing).to.equal(true);
    expect(nodes.viewOf("n2").missing()).to.deep.equal([]);
    expect(nodes.viewOf("n2").warnings().join()).to.include("this node lacks some of what others executed");
    expect(nodes.copiesOf("n2").isReady).to.equal(false);
    world.heal();
    await nodes.until(() => told() === "ready");
    expect(nodes.copiesOf("n2").slotsActing).to.equal(slotsActing);
    expect([...seen]).to.deep.equal(["ready", "behind"]);
  });
});
