import { expect } from "chai";
import { difference } from "../simulation/replicated/copies.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);

describe("a node that comes to own slots in which remains were collected", () => {
  it("has all that is there, below the floor and above", async () => {
    const nodes = await ReplicatedNodes.start(3);
    for (const key of KEYS) {
      await nodes.call("n1", "SET", `{${key}}there`, "value");
      await nodes.call("n1", "SET", `{${key}}gone`, "value");
      await nodes.call("n1", "DEL", `{${key}}gone`);
    }
    await nodes.world.advance(40_000);
    for (const key of KEYS) await nodes.call("n1", "SET", `{${key}}later`, "value");
    const joiner = nodes.fleet.add();
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    await nodes.until(() => difference(nodes.fleet) === undefined);
    nodes.fleet.leave("n1");
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    await nodes.until(() => difference(nodes.fleet) === undefined);
    for (const key of KEYS) {
      const keys = ["there", "later", "gone"].map((what) => `{${key}}${what}`);
      expect(await nodes.call(joiner, "MGET", ...keys)).to.deep.equal(["value", "value", null]);
    }
    await nodes.close();
  });
});
