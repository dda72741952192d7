import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";
import { SimCaller } from "../support/sim-caller.js";
import { NODE_PORT } from "./cluster/fleet.js";

const SEEDS = 4;

function connect({ world }: ReplicatedNodes, name: string): Promise<SimCaller> {
  return SimCaller.connect(world, "client", { host: name, port: NODE_PORT });
}

async function listening(nodes: ReplicatedNodes, name: string, ...command: string[]): Promise<SimCaller> {
  const client = await connect(nodes, name);
  client.send(...command);
  await client.read(command.length - 1);
  return client;
}

/** What came and was not read yet. */
async function heard(nodes: ReplicatedNodes, client: SimCaller): Promise<string[]> {
  await nodes.world.advance(100);
  return client.read(client.unread);
}

const settled = async (nodes: ReplicatedNodes) => (await nodes.fleet.unsettled()) === undefined;

describe("messages in a cluster", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`reach all subscribers at most once while nodes come, go and crash (seed ${seed})`, async () => {
      const nodes = await ReplicatedNodes.start(3, {}, `messages ${seed}`);
      const prng = new Prng(`messages ${seed}`);
      const listeners = new Map([
        ["n1", await listening(nodes, "n1", "SUBSCRIBE", "news")],
        ["n2", await listening(nodes, "n2", "PSUBSCRIBE", "n*")],
      ]);
      const shard = await listening(nodes, "n1", "SSUBSCRIBE", "{slot}");
      const publisher = await connect(nodes, "n1");
      let count = 0;
      const publish = async () => {
        const text = `m${count++}`;
        await publisher.ask("PUBLISH", "news", text);
        await publisher.ask("SPUBLISH", "{slot}", text);
        await nodes.world.advance(prng.uint32() % 100);
      };
      const publishUntil = async (isSo: () => Promise<boolean>) => {
        do await publish();
        while (!(await isSo()));
      };
      // Each slot, that of the shard channel among them, changes hands at least once.
      const joiner = nodes.fleet.add();
      await publishUntil(() => settled(nodes));
      listeners.set(joiner, await listening(nodes, joiner, "SUBSCRIBE", "news"));
      nodes.fleet.crash("n3", false);
      for (let i = 0; i < 30; i++) await publish();
      await nodes.restart("n3");
      await publishUntil(() => settled(nodes));
      nodes.fleet.leave("n2");
      await publishUntil(() => settled(nodes));
      const before = count;
      for (let i = 0; i < 10; i++) await publish();
      for (const [name, client] of [...listeners, ["shard", shard] as const]) {
        const numbers = (await heard(nodes, client)).map((text) => Number(/"m(\d+)"\]$/.exec(text)![1]));
        expect(numbers, name).to.deep.equal([...new Set(numbers)].sort((one, other) => one - other));
        if (name === "n2") continue;
        const after = numbers.filter((number) => number >= before);
        expect(after, name).to.have.length(10);
        if (name === "n1") expect(numbers).to.have.length(count);
      }
      expect(await publisher.ask("PUBSUB", "NUMSUB", "news")).to.equal('["news" 2]');
      await nodes.close();
    });
  }

  it("published at a node that has just come reach those who were there", async () => {
    const nodes = await ReplicatedNodes.start(2, { replicationFactor: 1 });
    const listeners = [
      await listening(nodes, "n1", "SUBSCRIBE", "news"),
      await listening(nodes, "n2", "PSUBSCRIBE", "n*"),
    ];
    const joiner = nodes.fleet.add();
    await nodes.until(() => nodes.fleet.serving.includes(joiner), 1);
    const publisher = await connect(nodes, joiner);
    await nodes.until(
      () =>
        nodes
          .viewOf(joiner)
          .links()
          .filter(({ isUp }) => isUp).length === 2,
      0.1,
    );
    await publisher.ask("PUBLISH", "news", "first");
    for (const listener of listeners) {
      expect((await heard(nodes, listener)).join()).to.contain('"news" "first"');
    }
    await nodes.close();
  });

  it("do not count subscribers of a node that died, and forget those of one that left", async () => {
    const nodes = await ReplicatedNodes.start(3);
    for (const name of ["n1", "n2", "n3"]) await listening(nodes, name, "SUBSCRIBE", "news");
    expect(await nodes.call("n1", "PUBLISH", "news", "x")).to.equal(3);
    nodes.fleet.crash("n3", false);
    await nodes.world.advance(5000);
    expect(await nodes.call("n1", "PUBSUB", "NUMSUB", "news")).to.deep.equal(["news", 2]);
    await nodes.restart("n3");
    await nodes.until(() => settled(nodes));
    expect(await nodes.call("n1", "PUBSUB", "NUMSUB", "news")).to.deep.equal(["news", 2]);
    nodes.fleet.add();
    await nodes.until(() => settled(nodes));
    nodes.fleet.leave("n2");
    await nodes.until(() => settled(nodes));
    expect(await nodes.call("n1", "PUBSUB", "NUMSUB", "news")).to.deep.equal(["news", 1]);
    await nodes.close();
  });

  it("tell of what happens to keys once, though these have copies, at every node", async () => {
    const nodes = await ReplicatedNodes.start(3, { notifyKeyspaceEvents: "EAn" });
    const listeners = await Promise.all(
      ["n1", "n2", "n3"].map((name) => listening(nodes, name, "PSUBSCRIBE", "__keyevent@0__:*")),
    );
    const keys = Array.from({ length: 12 }, (_, i) => `key:${i}`);
    for (const key of keys) {
      await nodes.call("n1", "SET", key, "v", "PX", "500");
      await nodes.call("n2", "HSET", `hash of ${key}`, "f", "v");
    }
    await nodes.world.advance(2000);
    const expected = keys.flatMap((key) => [
      ...["new", "set", "expire", "expired"].map((event) => `${event} ${key}`),
      ...["new", "hset"].map((event) => `${event} hash of ${key}`),
    ]);
    for (const listener of listeners) {
      const events = (await heard(nodes, listener)).map((text) =>
        text.replace(/.*__keyevent@0__:(\w+)" "(.*)"\]$/, "$1 $2"),
      );
      expect(events.sort()).to.deep.equal(expected.sort());
    }
    // Who comes to execute for a slot has copies of what expired there before: that is no news.
    nodes.fleet.crash("n3", false);
    nodes.fleet.add();
    await nodes.world.advance(20_000);
    for (const key of keys) expect(await nodes.call("n1", "EXISTS", key)).to.equal(0);
    for (const listener of listeners.slice(0, 2)) expect(await heard(nodes, listener)).to.deep.equal([]);
    await nodes.close();
  });
});
