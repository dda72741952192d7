import { expect } from "chai";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import { startNode } from "#torus/index.js";
import { runNode } from "#torus/node.js";
import { NodeSuite } from "../support/node-suite.js";
import { textOf } from "../support/reply.js";
import { worldOf } from "../support/world.js";

describe("DEBUG", () => {
  const suite = new NodeSuite();

  it("takes what is no number of seconds for none", async () => {
    const client = await suite.connect();
    expect(await client.ask("DEBUG", "SLEEP", "soon")).to.equal("OK");
    expect(await client.ask("DEBUG", "SLEEP", "-1")).to.equal("OK");
  });

  it("shows the form of a value", async () => {
    const client = await suite.connect();
    await client.call("SET", "k", "12");
    expect(await client.ask("DEBUG", "OBJECT", "k")).to.match(
      /^\+"Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:\d+ lru:\d+ lru_seconds_idle:\d+"$/,
    );
  });
});

describe("DEBUG, as time passes", () => {
  it("lets only the client sleep that asked for it, and its later commands wait", async () => {
    const { world, connect } = await simulatedNode();
    const [sleeper, other] = [await connect(), await connect()];
    const beganMs = world.nowMs;
    sleeper.send("DEBUG SLEEP 60\r\nPING\r\n");
    await world.settle();
    other.send("PING\r\n");
    expect(await other.readLine()).to.equal("+PONG");
    expect(world.nowMs - beganMs).to.be.lessThan(1000);
    expect(await sleeper.readLine()).to.equal("+OK");
    expect(await sleeper.readLine()).to.equal("+PONG");
    expect(world.nowMs - beganMs).to.be.within(60_000, 61_000);
  });

  it("counts sleep as the command's time, for the slow log and the latency monitor", async () => {
    const { connect } = await simulatedNode({ latencyMonitorThresholdMs: 100 });
    const client = await connect();
    client.send("DEBUG SLEEP 0.25\r\nSLOWLOG LEN\r\nLATENCY HISTORY command\r\n");
    const lines = [];
    for (let i = 0; i < 6; i++) lines.push(await client.readLine());
    expect(lines.slice(0, 4)).to.deep.equal(["+OK", ":1", "*1", "*2"]);
    expect(lines[5]).to.equal(":250");
  });

  it("keeps expired keys in place while the active expiry is off", async () => {
    const { world, connect } = await simulatedNode();
    const client = await connect();
    const ask = (command: string) => {
      client.send(`${command}\r\n`);
      return client.readLine();
    };
    await ask("DEBUG SET-ACTIVE-EXPIRE 0");
    await ask("SET k v PX 1");
    await world.advance(10_000);
    expect(await ask("DBSIZE")).to.equal(":1");
    await ask("DEBUG SET-ACTIVE-EXPIRE 1");
    await world.advance(10_000);
    expect(await ask("DBSIZE")).to.equal(":0");
  });
});

describe("CLIENT PAUSE, as time passes", () => {
  it("ends by itself, and what waited is executed in order", async () => {
    const { world, connect } = await simulatedNode();
    const client = await connect();
    const beganMs = world.nowMs;
    client.send("CLIENT PAUSE 30000\r\nPING\r\nECHO x\r\n");
    expect(await client.readLine()).to.equal("+OK");
    expect(await client.readLine()).to.equal("+PONG");
    expect(await client.readLine()).to.equal("$1");
    expect(world.nowMs - beganMs).to.be.within(30_000, 31_000);
  });
});

/** A node in a world of its own, and connections to it. */
async function simulatedNode(values: ConfigValues = {}) {
  const world = worldOf("administration");
  const config = makeConfig(values);
  const host = world.host("node");
  const node = await world.complete(runNode({ host, config, configFile: "", stopped: () => undefined }));
  return { world, connect: () => world.connect("node", { host: "127.0.0.1", port: node.port }) };
}

describe("the slow log", () => {
  const suite = new NodeSuite();

  it("shows neither passwords that log in nor those that are set", async () => {
    const client = await suite.connect();
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", 0);
    await client.call("HELLO", 2, "SETNAME", "me", "AUTH", "default", "secret");
    expect(await client.ask("SLOWLOG", "GET", 1)).to.include(
      '["HELLO" "2" "SETNAME" "me" "AUTH" "(redacted)" "(redacted)"]',
    );
    await client.call("AUTH", "default", "secret");
    expect(await client.ask("SLOWLOG", "GET", 1)).to.include('["AUTH" "(redacted)" "(redacted)"]');
    await client.call("CONFIG", "SET", "timeout", 1, "REQUIREPASS", "secret");
    expect(await client.ask("SLOWLOG", "GET", 1)).to.include('"timeout" "1" "REQUIREPASS" "(redacted)"');
  });

  it("leaves out EXEC but not what it executes", async () => {
    const client = await suite.connect();
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", 0);
    await client.call("SLOWLOG", "RESET");
    await client.call("MULTI");
    await client.call("SET", "k", "v");
    await client.call("EXEC");
    const log = await client.ask("SLOWLOG", "GET");
    expect(log).to.include('["SET" "k" "v"]').and.to.include('["MULTI"]');
    expect(log).not.to.include('["EXEC"]');
  });
});

describe("MEMORY USAGE", () => {
  const suite = new NodeSuite();

  it("grows with what a key holds, packed or not, whatever the samples", async () => {
    const client = await suite.connect();
    const usage = async (...args: (string | number)[]) =>
      Number(textOf(await client.call("MEMORY", "USAGE", ...args)));
    await client.call("SET", "small", "x");
    await client.call("SET", "large", "x".repeat(100_000));
    expect(await usage("small")).to.be.within(26, 100);
    expect(await usage("large")).to.be.within(100_000, 140_000);
    const pairs = Array.from({ length: 1000 }, (_, i) => [`field:${i}`, "x".repeat(100)]).flat();
    await client.call("HSET", "hash", ...pairs);
    expect(await client.ask("OBJECT", "ENCODING", "hash")).to.equal('"hashtable"');
    const exact = await usage("hash", "SAMPLES", 0);
    expect(exact).to.be.within(110_000, 300_000);
    expect(await usage("hash", "SAMPLES", 10)).to.be.within(exact * 0.9, exact * 1.1);
  });
});

describe("SHUTDOWN", () => {
  it("closes the node without a reply", async () => {
    const node = await startNode({ port: 0 });
    const message = await node.call("SHUTDOWN", "NOSAVE", "NOW").catch((error: Error) => error.message);
    expect(message).to.equal("the node was closed before it replied");
    await node.close();
    expect(await node.call("PING").catch((error: Error) => error.message)).to.equal("the node is closed");
  });
});
