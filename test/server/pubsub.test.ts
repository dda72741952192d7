import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";
import { SimServer } from "../support/sim-server.js";

const KB = 1024;

async function subscribed(node: SimNode | SimServer, ...channels: string[]): Promise<SimCaller> {
  const client = await node.connect();
  client.send("SUBSCRIBE", ...channels);
  await client.read(channels.length);
  return client;
}

describe("publishing", () => {
  describe("to who does not read", () => {
    it("closes him past the hard limit of class pubsub, and serves others", async () => {
      const node = await SimNode.alone({ clientOutputBufferLimits: "pubsub 256kb 0 0" });
      const [slow, quick] = [await subscribed(node, "a"), await subscribed(node, "a")];
      slow.connection.pauseReading();
      const counts: string[] = [];
      for (let i = 0; i < 40; i++) {
        counts.push(await node.call("PUBLISH", "a", "v".repeat(100 * KB)).then(String));
        await node.world.advance(10);
      }
      expect(counts[0]).to.equal("2");
      expect(counts.at(-1)).to.equal("1");
      expect(await quick.read(40)).to.have.length(40);
      slow.connection.resumeReading();
      await slow.readToEnd();
      expect(
        node.host.log.lines.some(({ message }) => message.includes("hard client-output-buffer")),
      ).to.equal(true);
    });

    it("closes him past the soft limit only if that lasts", async () => {
      const node = await SimNode.alone({ clientOutputBufferLimits: "pubsub 0 100kb 5" });
      const slow = await subscribed(node, "a");
      slow.connection.pauseReading();
      for (let i = 0; i < 5; i++) await node.call("PUBLISH", "a", "v".repeat(500 * KB));
      await node.world.advance(4000);
      expect(await node.info("pubsub_channels")).to.equal("1");
      await node.world.advance(2000);
      expect(await node.info("pubsub_channels")).to.equal("0");
    });

    it("holds within one turn, too", async () => {
      const node = await SimNode.alone({ clientOutputBufferLimits: "pubsub 256kb 0 0" });
      await subscribed(node, "a");
      const publisher = await node.connect();
      const commands = Array.from({ length: 20 }, () => `PUBLISH a ${"v".repeat(50 * KB)}`);
      const replies = await publisher.askAll("MULTI", ...commands, "EXEC");
      // The sixth message is too much.
      expect(replies.at(-1)).to.equal(`[${[...Array(6).fill(1), ...Array(14).fill(0)].join(" ")}]`);
    });
  });

  it("does not let a subscriber be idle", async () => {
    const node = await SimNode.alone({ timeoutSeconds: "10" });
    const [subscriber, idle] = [await subscribed(node, "a"), await node.connect()];
    await node.world.advance(60_000);
    expect([subscriber.isClosed, idle.isClosed]).to.deep.equal([false, true]);
    await node.call("PUBLISH", "a", "x");
    expect(await subscriber.read(1)).to.deep.equal(['["message" "a" "x"]']);
  });

  it("keeps the order of messages, whoever publishes them, and of what is asked in between", async () => {
    const node = await SimNode.alone();
    const client = await subscribed(node, "a");
    const [one, other] = [await node.connect(), await node.connect()];
    for (let i = 0; i < 20; i++) {
      one.send("PUBLISH", "a", `one ${i}`);
      client.send("PING", i);
      other.send("PUBLISH", "a", `other ${i}`);
    }
    const heard = await client.read(60);
    for (const who of ["one", "other"]) {
      const own = heard.filter((text) => text.includes(`"${who} `));
      expect(own).to.deep.equal(Array.from({ length: 20 }, (_, i) => `["message" "a" "${who} ${i}"]`));
    }
    expect(heard.filter((text) => text.includes("pong"))).to.have.length(20);
  });

  it("forgets who is gone, however he went", async () => {
    const node = await SimNode.alone();
    const [closing, killed, quitting] = [
      await subscribed(node, "a"),
      await subscribed(node, "a"),
      await subscribed(node, "a"),
    ];
    closing.close();
    quitting.send("QUIT");
    await quitting.readToEnd();
    await node.world.advance(100);
    expect(await node.call("CLIENT", "KILL", "TYPE", "pubsub")).to.equal(1);
    await killed.readToEnd();
    expect(await node.call("PUBLISH", "a", "x")).to.equal(0);
    expect(await node.info("pubsub_channels")).to.equal("0");
  });

  it("waits with replies for the log, and puts no message before the answer to SUBSCRIBE", async () => {
    const server = await SimServer.start({ appendfsync: "always" });
    const client = await server.connect();
    client.send("HELLO", 3);
    await server.settle();
    client.send("SET", "k", "v");
    client.send("SUBSCRIBE", "a");
    await server.settle();
    const publisher = await server.connect();
    publisher.send("PUBLISH", "a", "x");
    await server.settle();
    server.persistence.sync();
    await server.settle();
    const heard = await client.read(client.unread);
    expect(heard.slice(1)).to.deep.equal(["OK", '>["subscribe" "a" 1]', '>["message" "a" "x"]']);
  });

  it("cannot be listened to from inside the process, where each call has one reply", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const { local } = server;
    for (const caller of [local, local.session()]) {
      const call = (...args: string[]) =>
        caller === local ? local.call(...args) : (caller as ReturnType<typeof local.session>).call(args);
      const refused = call("SUBSCRIBE", "a").catch((error: Error) => error.message);
      expect(await server.world.complete(refused)).to.match(/^ERR /);
      expect(await server.world.complete(call("PUBLISH", "a", "x"))).to.equal(0);
    }
  });
});

describe("events of keys", () => {
  it("tell what expires though nobody asks for it, and what is evicted", async () => {
    const node = await SimNode.alone({
      notifyKeyspaceEvents: "Exe",
      maxmemoryPolicy: "allkeys-random",
    });
    const client = await node.connect();
    client.send("PSUBSCRIBE", "__key*");
    await client.read(1);
    await node.call("SET", "k", "v", "PX", 100);
    await node.world.advance(1000);
    expect(await client.read(1)).to.deep.equal(['["pmessage" "__key*" "__keyevent@0__:expired" "k"]']);
    for (let i = 0; i < 100; i++) await node.call("SET", `k${i}`, "v".repeat(10 * KB));
    await node.call("CONFIG", "SET", "maxmemory", "200kb");
    await node.world.advance(1000);
    expect(client.unread).to.be.greaterThan(10);
    for (const text of await client.read(client.unread)) {
      expect(text).to.match(/^\["pmessage" "__key\*" "__keyevent@0__:evicted" "k\d+"\]$/);
    }
  });

  it("begin and end with the option", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.send("PSUBSCRIBE", "*");
    await client.read(1);
    await node.call("SET", "k", "1");
    await node.call("CONFIG", "SET", "notify-keyspace-events", "KEA");
    await node.call("SET", "k", "2");
    await node.call("CONFIG", "SET", "notify-keyspace-events", "");
    await node.call("SET", "k", "3");
    await node.world.advance(100);
    expect(client.unread).to.equal(2);
  });
});
