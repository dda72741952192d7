import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { RelayCounters } from "#torus/pubsub/broker.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, linkBetween, SimCluster, type SimClusterOptions, slotOfKey } from "../support/sim-cluster.js";

const SEEDS = 8;

function start(options: SimClusterOptions = {}): Promise<SimCluster> {
  return SimCluster.start({ publishes: {}, ...options });
}

async function listening(cluster: SimCluster, node: number, ...command: string[]): Promise<SimCaller> {
  const client = await cluster.connect(node);
  client.send(...command);
  await client.read(command.length - 1);
  return client;
}

/** What came and was not read yet. */
async function heard(cluster: SimCluster, client: SimCaller): Promise<string[]> {
  await cluster.world.advance(50);
  return client.read(client.unread);
}

function countersOf(cluster: SimCluster): RelayCounters[] {
  return cluster.nodes.map(({ relay }) => relay!.counters);
}

describe("Messages between nodes", () => {
  it("reach whoever is subscribed, at any node, and no node without subscribers", async () => {
    const cluster = await start();
    const [here, there] = [
      await listening(cluster, 0, "SUBSCRIBE", "a"),
      await listening(cluster, 1, "PSUBSCRIBE", "a*"),
    ];
    const publishers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
    for (const [i, publisher] of publishers.entries()) {
      expect(await publisher.ask("PUBLISH", "a", i)).to.equal("2");
      expect(await publisher.ask("PUBLISH", "b", i)).to.equal("0");
    }
    expect(await heard(cluster, here)).to.have.members([0, 1, 2].map((i) => `["message" "a" "${i}"]`));
    expect(await heard(cluster, there)).to.have.members([0, 1, 2].map((i) => `["pmessage" "a*" "a" "${i}"]`));
    expect(countersOf(cluster).map(({ received }) => received)).to.deep.equal([2, 2, 0]);
    expect(countersOf(cluster).map(({ sent }) => sent)).to.deep.equal([1, 1, 2]);
  });

  it("do not wait with a command that waits for a key of another node", async () => {
    const cluster = await start();
    const client = await cluster.connect(0);
    const publisher = await cluster.connect(2);
    const list = keyAt(cluster, 1);
    await client.ask("HELLO", "3");
    client.send("SUBSCRIBE", "a");
    client.send("BLPOP", list, "0");
    await heard(cluster, client);
    expect(await publisher.ask("PUBLISH", "a", "m")).to.equal("1");
    expect(await heard(cluster, client)).to.deep.equal(['>["message" "a" "m"]']);
    await publisher.ask("RPUSH", list, "1");
    expect(await heard(cluster, client)).to.deep.equal([`["${list}" "1"]`]);
  });

  it("are told of by PUBSUB at every node alike", async () => {
    const cluster = await start();
    await listening(cluster, 0, "SUBSCRIBE", "one", "two");
    await listening(cluster, 1, "SUBSCRIBE", "two", "three");
    await listening(cluster, 1, "PSUBSCRIBE", "p*");
    const last = await listening(cluster, 2, "PSUBSCRIBE", "p*", "q*");
    await listening(cluster, 2, "SSUBSCRIBE", "s");
    await cluster.world.advance(10);
    for (const node of [0, 1, 2]) {
      const caller = await cluster.connect(node);
      expect(await caller.ask("PUBSUB", "NUMSUB", "one", "two", "four")).to.equal(
        '["one" 1 "two" 2 "four" 0]',
      );
      expect(await caller.ask("PUBSUB", "CHANNELS", "t*")).to.match(/^\["t(wo|hree)" "t(wo|hree)"\]$/);
      expect(await caller.ask("PUBSUB", "NUMPAT")).to.equal("2");
      expect(await caller.ask("PUBSUB", "SHARDCHANNELS")).to.equal('["s"]');
      expect(await caller.ask("PUBSUB", "SHARDNUMSUB", "s")).to.equal('["s" 1]');
    }
    last.close();
    await cluster.world.advance(10);
    expect(await (await cluster.connect(0)).ask("PUBSUB", "NUMPAT")).to.equal("1");
  });

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`miss nobody who was told that he is subscribed (seed ${seed})`, async () => {
      const cluster = await start({ seed });
      const prng = new Prng(`subscribed ${seed}`);
      cluster.world.slow(["a"], ["b", "c"], prng.uint32() % 20);
      const publishers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
      const listeners = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
      for (let i = 0; i < 30; i++) {
        const [listener, publisher] = [prng.uint32() % 3, prng.uint32() % 3];
        const [word, kind] = prng.uint32() % 2 === 0 ? ["SUBSCRIBE", "PUBLISH"] : ["SSUBSCRIBE", "SPUBLISH"];
        await listeners[listener]!.ask(word!, `channel:${i}`);
        const count = await publishers[publisher]!.ask(kind!, `channel:${i}`, "x");
        expect(count, `${i}`).to.equal("1");
        expect((await listeners[listener]!.read(1))[0]).to.match(
          new RegExp(`^\\["s?message" "channel:${i}" "x"\\]$`),
        );
      }
    });

    it(`of one publisher come in order, to each listener (seed ${seed})`, async () => {
      const cluster = await start({ seed });
      const prng = new Prng(`order ${seed}`);
      const listeners = [
        await listening(cluster, 0, "SUBSCRIBE", "a", "b"),
        await listening(cluster, 1, "PSUBSCRIBE", "[ab]"),
        await listening(cluster, 2, "SUBSCRIBE", "b", "a"),
      ];
      const publishers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
      const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
      for (let i = 0; i < 40; i++) {
        for (const [who, publisher] of publishers.entries()) {
          if (prng.uint32() % 2 === 0) publisher.send("SET", keys[prng.uint32() % 3]!, i);
          publisher.send("PUBLISH", prng.uint32() % 2 === 0 ? "a" : "b", `${who}-${i}`);
        }
        if (prng.uint32() % 3 === 0) await cluster.world.advance(prng.uint32() % 5);
      }
      await cluster.world.advance(200);
      for (const listener of listeners) {
        const messages = await heard(cluster, listener);
        expect(messages).to.have.length(120);
        for (const who of [0, 1, 2]) {
          const own = messages
            .map((text) => /"(\d)-(\d+)"\]$/.exec(text)!)
            .filter(([, by]) => Number(by) === who);
          expect(own.map(([, , i]) => Number(i))).to.deep.equal(Array.from({ length: 40 }, (_, i) => i));
        }
      }
    });

    it(`come at most once while links break, and again when they are back (seed ${seed})`, async () => {
      const cluster = await start({ seed });
      const prng = new Prng(`breaks ${seed}`);
      const listeners = [
        await listening(cluster, 0, "SUBSCRIBE", "a"),
        await listening(cluster, 1, "PSUBSCRIBE", "a"),
      ];
      const publisher = await cluster.connect(2);
      const names = ["a", "b", "c"];
      for (let i = 0; i < 60; i++) {
        if (prng.uint32() % 4 === 0) {
          const [one, other] = [names[prng.uint32() % 3]!, names[prng.uint32() % 3]!];
          if (one !== other) cluster.world.resetStreams(one, other);
        }
        await publisher.ask("PUBLISH", "a", `m${i}`);
        await cluster.world.advance(prng.uint32() % 60);
      }
      await cluster.world.advance(5000);
      expect(await publisher.ask("PUBLISH", "a", "last")).to.equal("2");
      for (const listener of listeners) {
        const messages = await heard(cluster, listener);
        expect(new Set(messages).size).to.equal(messages.length);
        const numbers = messages.map((text) => Number(/"m(\d+)"/.exec(text)?.[1] ?? 60));
        expect(numbers).to.deep.equal([...numbers].sort((one, other) => one - other));
        expect(numbers.at(-1)).to.equal(60);
        expect(numbers.length).to.be.greaterThan(20);
      }
    });
  }

  it("of a shard channel are sent by the node that executes its slot, and follow it without a word", async () => {
    const cluster = await start();
    const channel = keyAt(cluster, 1);
    const listeners = [
      await listening(cluster, 0, "SSUBSCRIBE", channel),
      await listening(cluster, 2, "SSUBSCRIBE", channel),
    ];
    const publisher = await cluster.connect(0);
    expect(await publisher.ask("SPUBLISH", channel, "one")).to.equal("2");
    expect(countersOf(cluster).map(({ sent }) => sent)).to.deep.equal([0, 2, 0]);
    cluster.move([slotOfKey(channel)], 2);
    expect(await publisher.ask("SPUBLISH", channel, "two")).to.equal("2");
    expect(countersOf(cluster).map(({ sent }) => sent)).to.deep.equal([0, 2, 1]);
    for (const listener of listeners) {
      expect(await heard(cluster, listener)).to.deep.equal(
        ["one", "two"].map((text) => `["smessage" "${channel}" "${text}"]`),
      );
    }
  });

  it("may be listened to on shard channels of several slots at once", async () => {
    const cluster = await start();
    const channels = [0, 1, 2].map((node) => keyAt(cluster, node));
    const listener = await listening(cluster, 0, "SSUBSCRIBE", ...channels);
    const publisher = await cluster.connect(1);
    for (const channel of channels) expect(await publisher.ask("SPUBLISH", channel, "x")).to.equal("1");
    expect(await heard(cluster, listener)).to.have.length(3);
  });

  it("come after what their publisher asked of other nodes before", async () => {
    const cluster = await start();
    const key = keyAt(cluster, 1);
    const listener = await listening(cluster, 0, "SUBSCRIBE", "changed");
    const [writer, reader] = [await cluster.connect(0), await cluster.connect(1)];
    cluster.world.slow(["a"], ["b"], 20);
    for (let i = 0; i < 20; i++) {
      const written = writer.askAll(`SET ${key} ${i}`, `PUBLISH changed ${i}`, `SET ${key} later`);
      await listener.read(1);
      // What the listener reads now is no older than what it was told of.
      expect(await reader.ask("GET", key)).to.be.oneOf([`"${i}"`, '"later"']);
      expect(await written).to.deep.equal(["OK", "1", "OK"]);
    }
  });

  it("are published by transactions where these are executed", async () => {
    const cluster = await start();
    const key = keyAt(cluster, 1);
    const listener = await listening(cluster, 2, "SUBSCRIBE", "a");
    const publisher = await cluster.connect(0);
    expect(
      (await publisher.askAll("MULTI", `SET ${key} 1`, "PUBLISH a x", `GET ${key}`, "EXEC")).at(-1),
    ).to.equal('[OK 1 "1"]');
    expect(await heard(cluster, listener)).to.deep.equal(['["message" "a" "x"]']);
    const channel = keyAt(cluster, 2);
    expect(
      (await publisher.askAll("MULTI", `SET ${key} 1`, `SPUBLISH ${channel} x`, "EXEC")).at(-1),
    ).to.match(/^-"CROSSSLOT/);
  });

  it("tell of keys of all nodes, at every node", async () => {
    const cluster = await start({ config: { notifyKeyspaceEvents: "EKA" } });
    const listeners = await Promise.all(
      [0, 1, 2].map((node) => listening(cluster, node, "PSUBSCRIBE", "__keyevent@0__:*")),
    );
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
    const caller = await cluster.connect(0);
    for (const key of keys) await caller.ask("SET", key, "v");
    await caller.ask("DEL", ...keys);
    for (const listener of listeners) {
      expect(await heard(cluster, listener)).to.have.members(
        keys.flatMap((key) =>
          ["set", "del"].map((event) => `["pmessage" "__keyevent@0__:*" "__keyevent@0__:${event}" "${key}"]`),
        ),
      );
    }
  });

  it("are sent to a node that wants too many names to tell them, whatever they are", async () => {
    const cluster = await start({ publishes: { namesMax: 5 } });
    const listener = await listening(
      cluster,
      0,
      "SUBSCRIBE",
      ...Array.from({ length: 8 }, (_, i) => `channel:${i}`),
    );
    const publisher = await cluster.connect(1);
    // Nobody knows how many get it.
    expect(await publisher.ask("PUBLISH", "channel:3", "x")).to.equal("0");
    await publisher.ask("PUBLISH", "nobody's", "x");
    expect(await heard(cluster, listener)).to.deep.equal(['["message" "channel:3" "x"]']);
    expect(countersOf(cluster)[0]!.received).to.equal(2);
    listener.send("UNSUBSCRIBE", ...Array.from({ length: 6 }, (_, i) => `channel:${i}`));
    await heard(cluster, listener);
    expect(await publisher.ask("PUBLISH", "channel:7", "x")).to.equal("1");
    await publisher.ask("PUBLISH", "nobody's", "x");
    expect(countersOf(cluster)[0]!.received).to.equal(3);
  });

  it("are published once though the link to the node that is to do so breaks, or nobody knows", async () => {
    const cluster = await start();
    const channel = keyAt(cluster, 1);
    const listener = await listening(cluster, 1, "SSUBSCRIBE", channel);
    const publisher = await cluster.connect(0);
    publisher.send("SPUBLISH", channel, "x");
    await cluster.world.advance(0.15);
    linkBetween(cluster, 0, 1).reset();
    const [reply] = await publisher.read(1);
    expect(reply).to.match(/^(1|-"INDOUBT .*)$/);
    expect((await heard(cluster, listener)).length).to.be.at.most(1);
  });

  it("do not hold up SUBSCRIBE for long where a node is silent", async () => {
    const cluster = await start();
    cluster.world.freeze("c");
    const listener = await cluster.connect(0);
    const startMs = cluster.world.nowMs;
    expect(await listener.ask("SUBSCRIBE", "a")).to.equal('["subscribe" "a" 1]');
    expect(cluster.world.nowMs - startMs).to.be.within(400, 700);
    cluster.world.thaw("c");
    await cluster.world.advance(2000);
    const publisher = await cluster.connect(2);
    expect(await publisher.ask("PUBLISH", "a", "x")).to.equal("1");
  });

  it("are no more for a client that left before it was told that it is subscribed", async () => {
    const cluster = await start();
    cluster.world.freeze("c");
    const listener = await cluster.connect(0);
    listener.send("SUBSCRIBE", "a");
    await cluster.world.advance(100);
    listener.close();
    await cluster.world.advance(2000);
    expect(await (await cluster.connect(1)).ask("PUBSUB", "NUMSUB", "a")).to.equal('["a" 0]');
  });

  it("are not for a client that lost the channel before it was told that it is subscribed", async () => {
    const cluster = await start();
    const operator = await cluster.connect(0);
    await operator.ask("ACL", "SETUSER", "bob", "on", "nopass", "+@all", "&a");
    const listener = await cluster.connect(0);
    await listener.ask("AUTH", "bob", "x");
    cluster.world.freeze("c");
    listener.send("SUBSCRIBE", "a");
    await cluster.world.advance(100);
    await operator.ask("ACL", "SETUSER", "bob", "resetchannels");
    expect(await listener.readToEnd()).to.deep.equal([]);
    await cluster.world.advance(2000);
    expect(await operator.ask("PUBSUB", "NUMSUB", "a")).to.equal('["a" 0]');
  });
});
