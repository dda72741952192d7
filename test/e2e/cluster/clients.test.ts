import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { ProcessCluster } from "../../support/process-cluster.js";
import { type Run, runProgram } from "../../support/program.js";
import { needsProgram } from "../../support/requirements.js";
import { PATIENCE_MS } from "../../support/wire-client.js";

/** Enough that each node has some. */
const KEYS = 200;
const HOST = "127.0.0.1";

/** By key: its value. */
type Entries = ReadonlyMap<string, string>;

for (const { count, copies } of [
  { count: 3, copies: 1 },
  { count: 5, copies: 1 },
  { count: 5, copies: 3 },
]) {
  describe(`every port of a cluster of ${count} processes that keeps ${copies} of each key serves every key`, function () {
    this.timeout(60_000);
    let cluster: ProcessCluster;
    let ports: readonly number[];

    before(async () => {
      cluster = await ProcessCluster.start(count, { "replication-factor": copies });
      ports = cluster.nodes.map(({ port }) => port);
    });
    after(() => cluster?.close());

    /** Keys of a test's own, to be written and read by any port. */
    function entriesOf(test: string): Entries {
      return new Map(Array.from({ length: KEYS }, (_, i) => [`${test}:${i}`, `value ${i}`]));
    }

    it(`which CLUSTER SLOTS lists ${copies} times, each time at other nodes`, async () => {
      const client = new Redis({ host: HOST, port: ports[0]! });
      const ranges = await client.cluster("SLOTS");
      for (const [, , ...nodes] of ranges) {
        expect(new Set(nodes.map(([, port]) => port)).size).to.equal(copies);
        expect(ports).to.include.members(nodes.map(([, port]) => port));
      }
      client.disconnect();
    });

    it("for redis-cli", async function () {
      await needsProgram(this, "redis-cli");
      const entries = entriesOf("cli");
      await expectOk(
        ports[0]!,
        [...entries].map(([key, value]) => `SET ${key} "${value}"`),
      );
      for (const port of ports) {
        const { output } = await cli(
          [],
          port,
          [...entries.keys()].map((key) => `GET ${key}`),
        );
        expect(output.trim().split("\n")).to.deep.equal([...entries.values()]);
      }
    });

    it("for redis-cli -c, which need not be sent elsewhere", async function () {
      await needsProgram(this, "redis-cli");
      const entries = entriesOf("cli-c");
      for (const [i, [key, value]] of [...entries].slice(0, 20).entries()) {
        const one = await cli(["-c", "SET", key, value], ports[i % count]!);
        const two = await cli(["-c", "GET", key], ports[(i + 1) % count]!);
        expect([one.output, two.output]).to.deep.equal(["OK\n", `${value}\n`]);
      }
    });

    it("for ioredis, pipelines and commands on many keys too", async () => {
      const entries = entriesOf("ioredis");
      const clients = ports.map((port) => new Redis({ host: HOST, port }));
      await clients[0]!.mset(entries as Map<string, string>);
      for (const client of clients) {
        expect(await client.mget(...entries.keys())).to.deep.equal([...entries.values()]);
        const pipeline = client.pipeline();
        for (const key of entries.keys()) pipeline.get(key).strlen(key);
        const replies = await pipeline.exec();
        const expected = [...entries.values()].flatMap((value) => [value, value.length]);
        expect(replies!.map(([, reply]) => reply)).to.deep.equal(expected);
        expect(await client.exists(...entries.keys())).to.equal(KEYS);
        const done = await client.multi().set("{tag}a", "1").incr("{tag}a").get("{tag}b").exec();
        expect(done!.map(([, reply]) => reply)).to.deep.equal(["OK", 2, null]);
        expect(await scanned(client, "ioredis:*")).to.have.members([...entries.keys()]);
      }
      expect(await clients.at(-1)!.del(...entries.keys())).to.equal(KEYS);
      for (const client of clients) client.disconnect();
    });

    it("for ioredis.Cluster, which finds all nodes by any of them", async () => {
      const entries = entriesOf("ioredis-cluster");
      for (const port of ports) {
        const client = new Cluster([{ host: HOST, port }]);
        await Promise.all(Array.from(entries, ([key, value]) => client.set(key, value)));
        const values = await Promise.all(Array.from(entries.keys(), (key) => client.get(key)));
        expect(values).to.deep.equal([...entries.values()]);
        expect(client.nodes("master").map(({ options }) => options.port)).to.have.members([...ports]);
        client.disconnect();
      }
    });

    it("for node-redis", async () => {
      const entries = entriesOf("node-redis");
      const clients = ports.map((port) => createClient({ socket: { host: HOST, port } }));
      for (const client of clients) await client.connect();
      await clients[0]!.mSet(Object.fromEntries(entries));
      for (const client of clients) {
        expect(await client.mGet([...entries.keys()])).to.deep.equal([...entries.values()]);
        const values = await Promise.all(Array.from(entries.keys(), (key) => client.get(key)));
        expect(values).to.deep.equal([...entries.values()]);
        client.destroy();
      }
    });

    it("for node-redis's createCluster, which finds all nodes by any of them", async () => {
      const entries = entriesOf("node-redis-cluster");
      for (const port of ports) {
        const client = createCluster({ rootNodes: [{ socket: { host: HOST, port } }] });
        await client.connect();
        await Promise.all(Array.from(entries, ([key, value]) => client.set(key, value)));
        const values = await Promise.all(Array.from(entries.keys(), (key) => client.get(key)));
        expect(values).to.deep.equal([...entries.values()]);
        expect(client.masters.map((master) => Number(master.port))).to.have.members([...ports]);
        client.destroy();
      }
    });

    it("for clients of clusters that read at replicas", async () => {
      const entries = entriesOf("replicas");
      const rootNodes = [{ socket: { host: HOST, port: ports[0]! } }];
      const redis = createCluster({ rootNodes, useReplicas: true });
      await redis.connect();
      await Promise.all(Array.from(entries, ([key, value]) => redis.set(key, value)));
      const ioredis = new Cluster([{ host: HOST, port: ports[0]! }], { scaleReads: "all" });
      for (const client of [redis, ioredis]) {
        const read = () => Promise.all(Array.from(entries.keys(), (key) => client.get(key)));
        const untilMs = Date.now() + PATIENCE_MS;
        // A replica may be a moment behind, for whoever did not write by the same connection.
        while (!isDeepStrictEqual(await read(), [...entries.values()]))
          expect(Date.now()).to.be.below(untilMs);
      }
      ioredis.disconnect();
      redis.destroy();
    });

    for (const options of [[], ["--cluster"]]) {
      it(`for redis-benchmark ${options.join(" ")}`, async function () {
        await needsProgram(this, "redis-benchmark");
        for (const port of [ports[0]!, ports.at(-1)!]) {
          const common = ["-h", HOST, "-p", String(port), "-t", "set,get,incr,mset", "-q"];
          const load = ["-n", "3000", "-c", "20", "-P", "8", "-r", "10000"];
          const run = await runProgram("redis-benchmark", [...common, ...load, ...options]);
          expect(run.code, run.errors).to.equal(0);
          expect(run.output).not.to.match(/error/i);
          for (const name of ["SET", "GET", "INCR"]) expect(run.output).to.contain(`${name}: `);
        }
      });
    }

    async function expectOk(port: number, commands: readonly string[]): Promise<void> {
      const { output } = await cli([], port, commands);
      expect(output).to.equal("OK\n".repeat(commands.length));
    }
  });
}

/** redis-cli at a port, with these commands as its input. */
async function cli(args: readonly string[], port: number, commands: readonly string[] = []): Promise<Run> {
  const run = await runProgram("redis-cli", ["-h", HOST, "-p", String(port), ...args], {
    input: commands.map((command) => `${command}\n`).join(""),
  });
  expect(run.code, run.errors).to.equal(0);
  return run;
}

async function scanned(client: Redis, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for await (const keys of client.scanStream({ match: pattern, count: 50 })) {
    for (const key of keys as string[]) found.add(key);
  }
  return [...found];
}
