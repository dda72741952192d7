import { expect } from "chai";
import { difference } from "../simulation/replicated/copies.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";

const KEYS = Array.from({ length: 100 }, (_, i) => `key:${i}`);

/** FLUSHALL of a cluster with three copies of each key, of which a node is dead. */
describe("flushing while an owner is away", function () {
  this.timeout(60_000);
  let nodes: ReplicatedNodes;

  beforeEach(async () => {
    nodes = await ReplicatedNodes.start(3);
    for (const key of KEYS) await nodes.call("n1", "HSET", key, "field", "value");
    await nodes.world.advance(1000);
    nodes.fleet.crash("n3", false);
  });
  afterEach(() => nodes.close());

  for (const isKnown of [true, false]) {
    it(`ends all that was there, and it stays so when the owner is back (its death is ${isKnown ? "" : "not "}known)`, async () => {
      if (isKnown) await nodes.until(() => nodes.viewOf("n1").isCovered && isDead("n1") && isDead("n2"));
      // What was sent to the dead one, and may have been executed there, is asked for once more.
      await nodes.until(async () => (await flush()) === "OK");
      expect(await nodes.call("n1", "DBSIZE")).to.equal(0);
      await nodes.call("n2", "HSET", KEYS[0]!, "later", "value");
      await nodes.restart("n3");
      await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
      await nodes.until(() => difference(nodes.fleet) === undefined);
      for (const name of ["n1", "n2", "n3"]) {
        expect(await nodes.call(name, "DBSIZE")).to.equal(1);
        expect(await nodes.call(name, "HGETALL", KEYS[0]!)).to.deep.equal(["later", "value"]);
      }
    });
  }

  it("is confirmed at quorum by the owners that are left", async () => {
    await nodes.until(() => nodes.viewOf("n1").isCovered && isDead("n1") && isDead("n2"));
    await nodes.call("n1", "CONFIG", "SET", "consistency", "quorum");
    expect(await flush()).to.equal("OK");
    expect(await nodes.call("n2", "DBSIZE")).to.equal(0);
  });

  function isDead(by: string): boolean {
    return nodes.viewOf(by).member(nodes.idOf("n3"))?.status === "dead";
  }

  function flush(): Promise<string> {
    return nodes.call("n1", "FLUSHALL").then(String, (error: Error) => error.message);
  }
});
