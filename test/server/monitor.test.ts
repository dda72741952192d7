import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

/** What a monitor was shown since the last time: without times and ports. */
async function shown(server: SimServer, monitor: SimCaller): Promise<string[]> {
  await server.settle();
  const lines: string[] = [];
  while (monitor.unread > 0) lines.push(...(await monitor.read(1)));
  return lines.map((line) =>
    line.replace(/\\"/g, '"').replace(/^\+"\d+\.\d{6} \[(\d+) [\d.]+:\d+\] (.*)"$/, "$1 $2"),
  );
}

async function monitored(server: SimServer): Promise<SimCaller> {
  const monitor = await server.connect();
  expect(await monitor.ask("MONITOR")).to.equal("OK");
  return monitor;
}

describe("MONITOR", () => {
  it("shows what clients send as Redis does: as executed, with its database, secrets left out", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    const caller = await server.connect();
    await caller.askAll("SET a 1", "GeT a", "INCR b", "HGET b f", "SELECT 3", "GET a");
    expect(await shown(server, monitor)).to.deep.equal([
      '0 "SET" "a" "1"',
      '0 "GeT" "a"',
      '0 "INCR" "b"',
      '0 "HGET" "b" "f"',
      '3 "SELECT" "3"',
      '3 "GET" "a"',
    ]);
    await caller.askAll("AUTH secret", "HELLO 2 AUTH default secret", "CLIENT SETNAME x");
    expect(await shown(server, monitor)).to.deep.equal([
      '3 "AUTH" "(redacted)"',
      '3 "HELLO" "2" "AUTH" "(redacted)" "(redacted)"',
      '3 "CLIENT" "SETNAME" "x"',
    ]);
    await caller.ask("HELLO", "2", "SETNAME", "auth", "AUTH", "default", "one", "AUTH", "default", "two");
    await caller.ask("HELLO", "2", "AUTH", "secret");
    expect(await shown(server, monitor)).to.deep.equal([
      `3 "HELLO" "2" "SETNAME" "auth" "AUTH" ${'"(redacted)" "(redacted)"'} "AUTH" ${'"(redacted)" "(redacted)"'}`,
      '3 "HELLO" "2" "AUTH" "(redacted)"',
    ]);
    await caller.askAll("NOSUCH", "GET", "CONFIG GET port", "CLIENT LIST", "DEBUG SLEEP 0");
    expect(await shown(server, monitor)).to.deep.equal([]);
  });

  it("shows how a very long command begins, and how much more there is", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    const caller = await server.connect();
    const bytesMax = 1024 * 1024;
    await caller.ask("SET", "k", Buffer.alloc(2 * bytesMax, 0xff), "NOSUCH");
    const [line] = await shown(server, monitor);
    const arguments_ = line!.split('" "');
    expect(arguments_.slice(0, 2)).to.deep.equal(['0 "SET', "k"]);
    expect(arguments_[2]).to.have.length.within(4 * (bytesMax - 10), 5 * bytesMax + 40);
    expect(arguments_[2]!.slice(-30)).to.match(/\.\.\. \(10485\d\d more bytes\)$/);
    expect(arguments_[3]).to.equal('... (6 more bytes)"');
    caller.connection.write(Buffer.from(`*70001\r\n$3\r\nDEL\r\n${"$1\r\nk\r\n".repeat(70_000)}`));
    await caller.read(1);
    expect((await shown(server, monitor))[0]!.slice(-40)).to.match(/"k" "\.\.\. \(4465 more arguments\)"$/);
  });

  it("escapes what cannot be printed", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    const caller = await server.connect();
    await caller.ask("ECHO", Buffer.from('x\x01\n\r\t\x07\b"\\y\xff', "latin1"));
    await server.settle();
    const [line] = await monitor.read(1);
    expect(line).to.include(String.raw`x\\x01\\n\\r\\t\\a\\b\\\"\\\\y\\xff`);
  });

  it("shows a transaction when it is executed, and EXEC behind its commands", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    const caller = await server.connect();
    await caller.askAll("MULTI", "SET a 1", "GET a", "EXEC", "MULTI", "SET a 2", "DISCARD");
    expect(await shown(server, monitor)).to.deep.equal([
      '0 "MULTI"',
      '0 "SET" "a" "1"',
      '0 "GET" "a"',
      '0 "EXEC"',
      '0 "MULTI"',
      '0 "DISCARD"',
    ]);
  });

  it("shows a monitor its own commands behind their replies, refuses it keys, and ends with RESET", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    monitor.send("PING");
    const [reply, line] = await monitor.read(2);
    expect(reply).to.equal("PONG");
    expect(line).to.match(/^\+"\d+\.\d{6} \[0 [\d.]+:\d+\] .*PING/);
    expect(await monitor.ask("GET", "a")).to.equal('-"ERR Replica can\'t interact with the keyspace"');
    expect(await (await server.connect()).ask("CLIENT", "LIST")).to.include("flags=O");
    expect(await monitor.ask("RESET")).to.equal("RESET");
    expect(await (await server.connect()).ask("SET", "a", "1")).to.equal("OK");
    expect(await monitor.ask("GET", "a")).to.equal('"1"');
    expect(await monitor.askAll("MULTI", "MONITOR", "EXEC")).to.deep.equal([
      "OK",
      "QUEUED",
      '[-"ERR MONITOR isn\'t allowed for DENY BLOCKING client"]',
    ]);
  });

  it("closes a monitor that takes nothing before it costs much memory", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const monitor = await monitored(server);
    monitor.connection.pauseReading();
    const caller = await server.connect();
    const value = "x".repeat(1024 * 1024);
    for (let i = 0; i < 40; i++) await caller.ask("SET", "a", value);
    expect(await caller.ask("CLIENT", "LIST")).not.to.include("flags=O");
  });

  it("on a cluster shows what clients send at their own node alone, wherever it is executed", async () => {
    const cluster = await SimCluster.start();
    const [here, there] = cluster.nodes.map(({ server }) => server);
    const [atEntry, atExecutor] = [await monitored(here!), await monitored(there!)];
    const caller = await cluster.connect(0);
    const [own, other] = [keyAt(cluster, 0), keyAt(cluster, 1)];
    await caller.askAll(
      `SET ${other} 1`,
      `MGET ${own} ${other}`,
      "DBSIZE",
      `WATCH ${other}`,
      "MULTI",
      `GET ${other}`,
      "EXEC",
    );
    expect(await shown(here!, atEntry)).to.deep.equal([
      `0 "SET" "${other}" "1"`,
      `0 "MGET" "${own}" "${other}"`,
      '0 "DBSIZE"',
      `0 "WATCH" "${other}"`,
      '0 "MULTI"',
      `0 "GET" "${other}"`,
      '0 "EXEC"',
    ]);
    expect(await shown(there!, atExecutor)).to.deep.equal([]);
  });
});
