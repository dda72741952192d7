import { expect } from "chai";
import { difference } from "../simulation/replicated/copies.js";
import { slotOfKey } from "../support/repair-owners.js";
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

  it("has their floors, too, if it is no joiner, and nobody else but it comes to own anything more", async () => {
    // In this world the ring lets a third node have these two slots as the fourth comes.
    const nodes = await ReplicatedNodes.start(3, { replicationFactor: 2 }, 11);
    const keys = [10_293, 13_450].map(keyIn);
    for (const key of keys) {
      await nodes.call("n1", "SET", key, "value");
      await nodes.call("n1", "DEL", key);
    }
    await nodes.world.advance(40_000);
    const owners = () => keys.map((key) => nodes.viewOf("n1").ownersOf(slotOfKey(key)));
    const isAmong = (ids: readonly string[]) => ids.includes(nodes.idOf("n3"));
    expect(owners().some(isAmong)).to.equal(false);
    nodes.fleet.add();
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    expect(owners().every(isAmong)).to.equal(true);
    await nodes.until(() => difference(nodes.fleet) === undefined);
    const { birthFloors } = nodes.fleet.interiorOf("n3")!.keyspace.databases[0]!;
    for (const key of keys) expect(birthFloors.clock(slotOfKey(key))).to.be.greaterThan(0);
    await nodes.close();
  });
});

function keyIn(slot: number): string {
  for (let i = 0; ; i++) if (slotOfKey(`key:${i}`) === slot) return `key:${i}`;
}
