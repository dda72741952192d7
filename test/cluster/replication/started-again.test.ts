import { expect } from "chai";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { ReplicatedNodes } from "../../support/replicated-nodes.js";
import { slot } from "./owners.js";

describe("a node that starts again before anybody takes it for dead", function () {
  this.timeout(60_000);
  let nodes: ReplicatedNodes;

  afterEach(() => nodes.close());

  const has = (name: string, key: string) => {
    const bytes = Buffer.from(key);
    return nodes.fleet.interiorOf(name)!.keyspace.peek(bytes, 0, bytes.length) !== NOWHERE;
  };

  it("leaves what only one owner had of its last life to all of them, without its help", async () => {
    nodes = await ReplicatedNodes.start(3);
    const { world, fleet } = nodes;
    const id = nodes.idOf("n1");
    const all = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    const keys = all.filter((key) => nodes.viewOf("n1").executorOf(slot(key)) === id);
    // It and the third one do not reach each other; the second one tells each that the other lives.
    world.partition(["n1"], ["n3"]);
    for (const key of keys) await nodes.call("n1", "SET", key, "value");
    const holders = () => ["n2", "n3"].map((name) => keys.filter((key) => has(name, key)).length);
    await nodes.until(() => holders()[0] === keys.length, 10);
    expect(holders()).to.deep.equal([keys.length, 0]);
    fleet.crash("n1", true);
    fleet.start("n1");
    const statuses = new Set<string | undefined>();
    await nodes.until(() => {
      for (const name of ["n2", "n3"]) statuses.add(nodes.viewOf(name).member(id)?.status);
      return holders()[1] === keys.length;
    }, 10);
    expect([...statuses], "nobody saw that it was dead").to.not.include("dead");
  });

  it("leaves it to those, too, from whom the one that had it was cut off", async () => {
    nodes = await ReplicatedNodes.start(3);
    const { world, fleet } = nodes;
    const id = nodes.idOf("n1");
    const all = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    const keys = all.filter((key) => nodes.viewOf("n1").executorOf(slot(key)) === id);
    const holders = () => ["n1", "n2", "n3"].map((name) => keys.filter((key) => has(name, key)).length);
    await world.advance(3000);
    world.partition(["n1"], ["n3"]);
    for (const key of keys) await nodes.call("n1", "SET", key, "value");
    await nodes.until(() => holders()[1] === keys.length, 1);
    fleet.crash("n1", true);
    // What was on its way to the third one is lost with it.
    world.resetStreams("n1", "n3");
    world.heal();
    world.partition(["n2"], ["n1", "n3"]);
    fleet.start("n1");
    await nodes.until(() => nodes.viewOf("n1") !== undefined && holders()[0] === 0);
    await world.advance(20_000);
    expect(holders()).to.deep.equal([0, keys.length, 0]);
    world.heal();
    await world.advance(10_000);
    expect(holders()).to.deep.equal([keys.length, keys.length, keys.length]);
  });
});
