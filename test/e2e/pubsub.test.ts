import { expect } from "chai";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { onEveryServer } from "../support/servers.js";
import type { Target } from "../support/target.js";

/** Resolves with the first so many things that come. */
function gathered<T>(count: number): { add: (one: T) => void; all: Promise<T[]> } {
  const found: T[] = [];
  let done = (_: T[]): void => {};
  const all = new Promise<T[]>((resolve) => {
    done = resolve;
  });
  return {
    all,
    add(one) {
      found.push(one);
      if (found.length === count) done(found);
    },
  };
}

onEveryServer("publishing and subscribing", (start) => {
  let target: Target;
  let ends: (() => void)[] = [];

  before(async () => {
    target = await start();
  });
  after(() => target?.close());
  afterEach(() => {
    for (const end of ends) end();
    ends = [];
  });

  /** Two clients of ioredis. */
  function connect(): [Redis, Redis] {
    const { port } = target.address;
    const clients: [Redis, Redis] = [new Redis({ port }), new Redis({ port })];
    ends.push(...clients.map((client) => () => client.disconnect()));
    return clients;
  }

  it("works with ioredis, by channel and by pattern, as text and as bytes", async () => {
    const [listener, publisher] = connect();
    const messages = gathered<string>(3);
    listener.on("message", (channel: string, text: string) => messages.add(`${channel} ${text}`));
    listener.on("pmessage", (pattern: string, channel: string, text: string) =>
      messages.add(`${pattern} ${channel} ${text}`),
    );
    listener.on("messageBuffer", (_: Buffer, bytes: Buffer) => messages.add(bytes.toString("hex")));
    expect(await listener.subscribe("news", "other")).to.equal(2);
    expect(await listener.psubscribe("n*")).to.equal(3);
    expect(await publisher.publish("news", "Köln")).to.equal(2);
    expect(await messages.all).to.have.members([
      "news Köln",
      "n* news Köln",
      Buffer.from("Köln").toString("hex"),
    ]);
    expect(await publisher.pubsub("NUMSUB", "news")).to.deep.equal(["news", 1]);
    expect(await listener.unsubscribe("news", "other")).to.equal(1);
    expect(await listener.punsubscribe("n*")).to.equal(0);
    expect(await listener.set("k", "v")).to.equal("OK");
  });

  for (const RESP of [2, 3] as const) {
    it(`works with node-redis in RESP${RESP}, shard channels too`, async () => {
      const socket = { port: target.address.port };
      const [listener, publisher] = [createClient({ RESP, socket }), createClient({ RESP, socket })];
      ends.push(
        () => listener.destroy(),
        () => publisher.destroy(),
      );
      await listener.connect();
      await publisher.connect();
      const messages = gathered<string>(4);
      const add = (text: string, channel: string) => messages.add(`${channel} ${text}`);
      await listener.subscribe("news", add);
      await listener.pSubscribe("n*s", add);
      await listener.sSubscribe("shard", add);
      expect(await publisher.publish("news", "one")).to.equal(2);
      expect(await publisher.publish("nights", "two")).to.equal(1);
      expect(await publisher.sPublish("shard", "three")).to.equal(1);
      expect(await messages.all).to.have.members(["news one", "news one", "nights two", "shard three"]);
      expect(await publisher.pubSubChannels()).to.deep.equal(["news"]);
      expect(await publisher.pubSubNumPat()).to.equal(1);
      if (RESP === 3) expect(await listener.set("k", "v")).to.equal("OK");
      await listener.unsubscribe();
      await listener.pUnsubscribe("n*s");
      await listener.sUnsubscribe("shard");
      expect(await publisher.publish("news", "nobody")).to.equal(0);
    });
  }

  it("tells ioredis of what happens to keys", async () => {
    const [listener, writer] = connect();
    await writer.config("SET", "notify-keyspace-events", "Ex");
    const events = gathered<string>(1);
    listener.on("message", (channel: string, key: string) => events.add(`${channel} ${key}`));
    await listener.subscribe("__keyevent@0__:expired");
    await writer.set("brief", "v", "PX", 20);
    expect(await events.all).to.deep.equal(["__keyevent@0__:expired brief"]);
  });
});
