import { expect } from "chai";
import { startNode } from "#torus/index.js";
import { NodeSuite } from "../support/node-suite.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { textOf } from "../support/reply.js";
import { connectTo, REFERENCE_VERSION } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";

/** Fields of CLIENT INFO by name. */
async function infoOf(client: WireClient): Promise<Map<string, string>> {
  const line = textOf(await client.call("CLIENT", "INFO"))!.trimEnd();
  return new Map(line.split(" ").map((field) => field.split("=", 2) as [string, string]));
}

describe("CLIENT", () => {
  const suite = new NodeSuite();

  it("describes a connection by Redis's fields, in Redis's order, and those of 7.2 behind them", async function () {
    await needsRedis(this, REFERENCE_VERSION);
    const redis = await startRedis();
    const reference = await connectTo(redis);
    try {
      const theirs = [...(await infoOf(reference)).keys()];
      const ours = [...(await infoOf(await suite.connect())).keys()];
      expect(ours).to.deep.equal([...theirs, "lib-name", "lib-ver"]);
    } finally {
      await reference.close();
      await redis.close();
    }
  });

  it("tells what a connection is in the middle of", async () => {
    const client = await suite.connect();
    await client.call("CLIENT", "SETINFO", "LIB-NAME", "tests");
    await client.call("SELECT", 3);
    await client.call("WATCH", "k");
    await (await suite.connect()).call("SELECT", 3);
    const before = await infoOf(client);
    expect(before.get("db")).to.equal("3");
    expect(before.get("flags")).to.equal("N");
    expect(before.get("lib-name")).to.equal("tests");
    await client.call("SET", "k", "v");
    await client.call("CLIENT", "NO-EVICT", "ON");
    await client.call("CLIENT", "NO-TOUCH", "ON");
    expect((await infoOf(client)).get("flags")).to.equal("deT");
  });

  it("no longer lists a client that was killed earlier in the same read", async () => {
    const [killer, victim] = [await suite.connect(), await suite.connect()];
    const id = textOf(await victim.call("CLIENT", "ID"))!;
    killer.send(`CLIENT KILL ID ${id}\r\nCLIENT KILL ID ${id}\r\nCLIENT LIST ID ${id}\r\n`);
    expect(textOf(await killer.reply())).to.equal("1");
    expect(textOf(await killer.reply())).to.equal("0");
    expect(textOf(await killer.reply())).to.equal("");
    await victim.closed();
  });

  it("neither shortens nor loosens a pause by another", async () => {
    const [operator, writer] = [await suite.connect(), await suite.connect()];
    await operator.call("CLIENT", "PAUSE", 100_000, "WRITE");
    await operator.call("CLIENT", "PAUSE", 1, "WRITE");
    writer.send("SET k v\r\n");
    expect(await operator.ask("DBSIZE")).to.equal("0");
    expect(writer.unread).to.deep.equal([]);
    await operator.call("CLIENT", "UNPAUSE");
    expect(textOf(await writer.reply())).to.equal("OK");
  });

  it("holds a transaction back only at EXEC, and only if it writes", async () => {
    const [operator, writer, reader] = [await suite.connect(), await suite.connect(), await suite.connect()];
    await writer.call("MULTI");
    await writer.call("SET", "k", "v");
    await operator.call("CLIENT", "PAUSE", 100_000, "WRITE");
    expect(await writer.ask("GET", "k")).to.equal("QUEUED");
    writer.send("EXEC\r\n");
    await reader.call("MULTI");
    await reader.call("GET", "k");
    expect(await reader.ask("EXEC")).to.equal("[nil]");
    expect(writer.unread).to.deep.equal([]);
    await operator.call("CLIENT", "UNPAUSE");
    expect((await writer.reply()).kind).to.equal("array");
    expect(await reader.ask("GET", "k")).to.equal('"v"');
  });

  it("silences also what replies later", async () => {
    const client = await suite.connect();
    client.send("CLIENT REPLY SKIP\r\nDEBUG SLEEP 0\r\nCLIENT REPLY OFF\r\nDEBUG SLEEP 0\r\n");
    client.send("CLIENT REPLY ON\r\nPING\r\n");
    expect(textOf(await client.reply())).to.equal("OK");
    expect(textOf(await client.reply())).to.equal("PONG");
  });
});

describe("CLIENT NO-TOUCH", () => {
  const suite = new NodeSuite({ "maxmemory-policy": "allkeys-lfu", "lfu-log-factor": 0 });

  it("leaves the age of keys alone, except by TOUCH", async () => {
    const client = await suite.connect();
    await client.call("SET", "k", "v");
    const frequency = async () => Number(textOf(await client.call("OBJECT", "FREQ", "k")));
    const initial = await frequency();
    await client.call("CLIENT", "NO-TOUCH", "ON");
    await client.call("GET", "k");
    await client.call("MULTI");
    await client.call("GET", "k");
    await client.call("EXEC");
    expect(await frequency()).to.equal(initial);
    await client.call("TOUCH", "k");
    expect(await frequency()).to.equal(initial + 1);
    await client.call("CLIENT", "NO-TOUCH", "OFF");
    await client.call("GET", "k");
    expect(await frequency()).to.equal(initial + 2);
  });
});

describe("callers inside the process", () => {
  it("are no connections to a client's eye, and outlive CLIENT KILL and timeout", async () => {
    const node = await startNode({ port: 0, requirepass: "secret" });
    try {
      expect(await node.call("CLIENT", "LIST")).to.equal("");
      expect(await node.call("CLIENT", "INFO")).to.match(/^id=\d+ addr=local:0 /);
      expect(await node.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")).to.equal(0);
      expect(await node.call("INFO", "clients")).to.match(/connected_clients:0\r\n/);
    } finally {
      await node.close();
    }
  });
});
