import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";

describe("the statistics", () => {
  /** `cmdstat_` lines by command, without times: `calls,rejected,failed`. */
  async function commandStats(node: SimNode): Promise<Record<string, string>> {
    const text = String(await node.call("INFO", "commandstats"));
    const lines = text.matchAll(/cmdstat_([^:]+):calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)/g);
    return Object.fromEntries(Array.from(lines, ([, name, ...counts]) => [name, counts.join()]));
  }

  async function run(client: SimCaller, ...lines: string[]): Promise<void> {
    for (const line of lines) client.send(...line.split(" "));
    await client.read(lines.length);
  }

  it("count each call, rejection and failure under the command's full name", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await run(
      client,
      ...Array.from({ length: 100 }, () => "GET k"),
      "SET k text",
      "INCR k",
      "INCR",
      "GET a b",
    );
    await run(client, "CLIENT ID", "CLIENT ID x", "CLIENT NOSUCH", "CLIENT", "NOSUCH");
    await run(client, "MULTI", "GET k", "INCR k", "EXEC", "MULTI", "NOSUCH", "EXEC", "EXEC");
    expect(await commandStats(node)).to.deep.equal({
      get: "101,1,0",
      set: "1,0,0",
      incr: "2,1,2",
      "client|id": "1,1,0",
      client: "0,1,0",
      multi: "2,0,0",
      exec: "3,0,2",
    });
  });

  it("count commands that were executed, not those refused, queued or waiting", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const before = Number(await node.info("total_commands_processed"));
    await run(client, "PING", "NOSUCH", "GET", "MULTI", "PING", "PING");
    await run(client, "EXEC");
    await run(client, "CLIENT PAUSE 1000");
    await run(client, "PING");
    const after = Number(await node.info("total_commands_processed"));
    // PING, MULTI, PING, PING, EXEC, CLIENT, PING, and the INFO that asked first.
    expect(after - before).to.equal(8);
  });

  it("count errors by their code", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await run(client, "HSET h f v", "GET h", "GET h", "NOSUCH", "INCR", "EXEC");
    client.sendBytes("*1\r\n$x\r\n");
    await client.readToEnd();
    const text = String(await node.call("INFO", "errorstats"));
    expect(text).to.contain("errorstat_ERR:count=4").and.to.contain("errorstat_WRONGTYPE:count=2");
    expect(await node.info("total_error_replies")).to.equal("6");
  });

  it("count bytes in and out to the byte", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const outside = async () => [
      await node.info("total_net_input_bytes"),
      await node.info("total_net_output_bytes"),
    ];
    const [inBefore, outBefore] = (await outside()).map(Number);
    const info = "*2\r\n$4\r\nINFO\r\n$10\r\neverything\r\n".length;
    client.sendBytes("PING\r\n".repeat(1000));
    await client.read(1000);
    const [inAfter, outAfter] = (await outside()).map(Number);
    expect(inAfter! - inBefore! - 2 * info).to.equal("PING\r\n".length * 1000);
    expect(outAfter! - outBefore!).to.be.greaterThan("+PONG\r\n".length * 1000);
  });

  it("begin anew after CONFIG RESETSTAT", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await run(client, "GET k", "GET k", "NOSUCH", "CONFIG RESETSTAT", "PING");
    expect(await commandStats(node)).to.deep.equal({ "config|resetstat": "1,0,0", ping: "1,0,0" });
    expect(await node.info("total_connections_received")).to.equal("0");
    expect(await node.info("keyspace_misses")).to.equal("0");
    expect(await node.info("total_error_replies")).to.equal("0");
  });

  it("tell rates that follow what is done", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    for (let i = 0; i < 300; i++) {
      await run(client, "PING", "PING");
      await node.world.advance(10);
    }
    expect(Number(await node.info("instantaneous_ops_per_sec"))).to.be.within(150, 210);
    await node.world.advance(5000);
    expect(Number(await node.info("instantaneous_ops_per_sec"))).to.equal(0);
  });

  it("keep slow commands, their client's name with them, once the time is over the threshold", async () => {
    const node = await SimNode.alone({
      slowlogLogSlowerThanMicros: "500000",
      latencyMonitorThresholdMs: "100",
    });
    const client = await node.connect();
    await run(client, "CLIENT SETNAME me", "DEBUG SLEEP 0.3", "DEBUG SLEEP 0.7", "PING");
    const [entry, ...others] = (await node.call("SLOWLOG", "GET")) as unknown[][];
    expect(others).to.deep.equal([]);
    expect(entry![2]).to.be.within(700_000, 701_000);
    expect(entry![3]).to.deep.equal(["DEBUG", "SLEEP", "0.7"]);
    expect(entry![5]).to.equal("me");
    const [event] = (await node.call("LATENCY", "LATEST")) as unknown[][];
    expect(event![0]).to.equal("command");
    expect(event![3]).to.equal(700);
  });

  it("keep every command if the threshold is 0, and none if it is negative", async () => {
    const node = await SimNode.alone({ slowlogLogSlowerThanMicros: "0" });
    const client = await node.connect();
    await run(client, ...Array.from({ length: 50 }, () => "GET k"));
    expect(await node.call("SLOWLOG", "LEN")).to.equal(50);
    await node.call("CONFIG", "SET", "slowlog-log-slower-than", -1);
    await node.call("SLOWLOG", "RESET");
    await run(client, ...Array.from({ length: 50 }, () => "GET k"));
    expect(await node.call("SLOWLOG", "LEN")).to.equal(0);
  });

  it("name in CLIENT LIST what a client did last", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const last = async () => /cmd=(\S+)/.exec(String(await node.call("CLIENT", "LIST")))![1];
    expect(await last()).to.equal("NULL");
    for (const [line, name] of [
      ["GET k", "get"],
      ["CLIENT ID", "client|id"],
      ["INCR", "incr"],
      ["NOSUCH", "NULL"],
    ]) {
      await run(client, line!);
      expect(await last()).to.equal(name);
    }
  });
});
