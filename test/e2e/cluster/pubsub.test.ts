import { expect } from "chai";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { ProcessCluster } from "../../support/process-cluster.js";

const HOST = "127.0.0.1";
const MESSAGES = 50;

describe("publishing and subscribing at a cluster of three processes", function () {
  this.timeout(60_000);
  let cluster: ProcessCluster;
  let ports: readonly number[];

  before(async () => {
    cluster = await ProcessCluster.start(3, { "notify-keyspace-events": "Eg" });
    ports = cluster.nodes.map(({ port }) => port);
  });
  after(() => cluster?.close());

  it("carries what ioredis publishes at any node to who listens at another, in order", async () => {
    const clients = ports.map((port) => ({
      listener: new Redis({ host: HOST, port }),
      publisher: new Redis({ host: HOST, port }),
      messages: [] as string[],
    }));
    for (const { listener, messages } of clients) {
      listener.on("message", (_, text: string) => messages.push(text));
      await listener.subscribe("news");
      await listener.call("SSUBSCRIBE", "shard");
      listener.on("smessage", (_, text: string) => messages.push(text));
    }
    for (let i = 0; i < MESSAGES; i++) {
      for (const [at, { publisher }] of clients.entries()) {
        expect(await publisher.publish("news", `${at} ${i}`)).to.equal(3);
        expect(await publisher.spublish("shard", `shard ${at} ${i}`)).to.equal(3);
      }
    }
    const expected = Array.from({ length: MESSAGES }, (_, i) => i);
    for (const { listener, messages } of clients) {
      while (messages.length < 6 * MESSAGES) await listener.ping();
      for (const who of ["0", "1", "2", "shard 0", "shard 1", "shard 2"]) {
        const own = messages.filter((text) => new RegExp(`^${who} \\d+$`).test(text));
        expect(own).to.deep.equal(expected.map((i) => `${who} ${i}`));
      }
    }
    for (const { listener, publisher } of clients) {
      listener.disconnect();
      publisher.disconnect();
    }
  });

  for (const RESP of [2, 3] as const) {
    it(`does so for node-redis in RESP${RESP}, events of keys too`, async () => {
      const clients = ports.map((port) => createClient({ RESP, socket: { host: HOST, port } }));
      const others = ports.map((port) => createClient({ RESP, socket: { host: HOST, port } }));
      const heard = new Map<number, string[]>(ports.map((port) => [port, []]));
      for (const client of [...clients, ...others]) await client.connect();
      for (const [i, client] of clients.entries()) {
        const messages = heard.get(ports[i]!)!;
        await client.pSubscribe("news:*", (text, channel) => messages.push(`${channel} ${text}`));
        await client.subscribe("__keyevent@0__:del", (key) => messages.push(`del ${key}`));
      }
      for (const [i, other] of others.entries()) {
        expect(await other.publish(`news:${i}`, "x")).to.equal(3);
        await other.set(`key:${i}`, "v");
        await others[(i + 1) % 3]!.del(`key:${i}`);
      }
      const expected = ports.flatMap((_, i) => [`news:${i} x`, `del key:${i}`]);
      for (const [i, port] of ports.entries()) {
        while (heard.get(port)!.length < expected.length) await others[i]!.ping();
        expect(heard.get(port)).to.have.members(expected);
      }
      for (const client of [...clients, ...others]) client.destroy();
    });
  }

  it("serves clients of clusters, which choose the node themselves", async () => {
    const rootNodes = [{ socket: { host: HOST, port: ports[0]! } }];
    const redis = createCluster({ rootNodes });
    await redis.connect();
    const ioredis = new Cluster([{ host: HOST, port: ports[1]! }]);
    const plain = new Redis({ host: HOST, port: ports[2]! });
    const messages: string[] = [];
    await redis.subscribe("news", (text) => messages.push(`node-redis ${text}`));
    await redis.sSubscribe("shard", (text) => messages.push(`node-redis shard ${text}`));
    ioredis.on("message", (_, text: string) => messages.push(`ioredis ${text}`));
    await ioredis.subscribe("news");
    expect(await plain.publish("news", "one")).to.equal(2);
    expect(await plain.spublish("shard", "two")).to.equal(1);
    expect(await redis.publish("news", "three")).to.equal(2);
    while (messages.length < 5) await plain.ping();
    expect(messages).to.have.members([
      "node-redis one",
      "node-redis three",
      "ioredis one",
      "ioredis three",
      "node-redis shard two",
    ]);
    redis.destroy();
    ioredis.disconnect();
    plain.disconnect();
  });
});
