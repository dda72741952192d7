import { expect } from "chai";
import { Cluster, Redis } from "ioredis";
import { createClient } from "redis";
import { ProcessCluster } from "../../support/process-cluster.js";
import { runProgram } from "../../support/program.js";
import { needsProgram } from "../../support/requirements.js";

const HOST = "127.0.0.1";
const JOBS = 60;

describe("waiting for lists at a cluster of three processes", function () {
  this.timeout(60_000);
  let cluster: ProcessCluster;
  let ports: readonly number[];

  before(async () => {
    cluster = await ProcessCluster.start(3);
    ports = cluster.nodes.map(({ port }) => port);
  });
  after(() => cluster?.close());

  /** Resolves when so many clients wait at all nodes together. */
  async function waiting(count: number): Promise<void> {
    const clients = ports.map((port) => new Redis({ host: HOST, port }));
    for (let found = -1; found !== count; ) {
      const texts = await Promise.all(clients.map((client) => client.info("clients")));
      found = texts.reduce((sum, text) => sum + Number(/blocked_clients:(\d+)/.exec(text)![1]), 0);
    }
    for (const client of clients) client.disconnect();
  }

  it("lets workers of ioredis take jobs from queues as programs do: moved to a list of their own, for longer than links wait", async () => {
    const workers = [...ports, ...ports].map((port) => new Redis({ host: HOST, port }));
    const done: string[] = [];
    const work = async (worker: Redis): Promise<void> => {
      for (;;) {
        const job = await worker.blmove("{jobs}waiting", "{jobs}active", "LEFT", "RIGHT", 30);
        if (job === "stop") return;
        done.push(job!);
        expect(await worker.lrem("{jobs}active", 1, job!)).to.equal(1);
      }
    };
    const working = Promise.all(workers.map(work));
    await waiting(workers.length);
    const pushers = ports.map((port) => new Redis({ host: HOST, port }));
    const jobs = Array.from({ length: JOBS }, (_, i) => `job ${i}`);
    for (const [i, job] of jobs.entries()) await pushers[i % 3]!.rpush("{jobs}waiting", job);
    while (done.length < JOBS) await pushers[0]!.ping();
    expect([...done].sort()).to.deep.equal([...jobs].sort());
    await pushers[0]!.rpush("{jobs}waiting", ...workers.map(() => "stop"));
    await working;
    expect(await pushers[1]!.lrange("{jobs}waiting", 0, -1)).to.deep.equal([]);
    for (const client of [...workers, ...pushers]) client.disconnect();
  });

  it("serves node-redis in RESP3 and a cluster client in the order in which they came", async () => {
    const first = await createClient({ url: `redis://${HOST}:${ports[0]}`, RESP: 3 }).connect();
    const second = new Cluster([{ host: HOST, port: ports[1]! }]);
    const third = await createClient({ url: `redis://${HOST}:${ports[2]}` }).connect();
    const one = first.blPop(["{q}a", "{q}b"], 0);
    await waiting(1);
    const two = second.brpop("{q}a", "{q}b", 0);
    await waiting(2);
    const three = third.blmPop(0, ["{q}a", "{q}b"], "LEFT", { COUNT: 2 });
    await waiting(3);
    const pusher = new Redis({ host: HOST, port: ports[1]! });
    expect(await pusher.rpush("{q}b", "1", "2", "3", "4", "5")).to.equal(5);
    expect(await pusher.llen("{q}b")).to.equal(1);
    expect(await one).to.deep.equal({ key: "{q}b", element: "1" });
    expect(await two).to.deep.equal(["{q}b", "5"]);
    expect(await three).to.deep.equal(["{q}b", ["2", "3"]]);
    expect(await first.blPop("{q}none", 0.1)).to.equal(null);
    await first.close();
    await third.close();
    for (const client of [second, pusher]) client.disconnect();
  });

  it("serves redis-cli, and lets an operator end its wait", async function () {
    await needsProgram(this, "redis-cli");
    const client = new Redis({ host: HOST, port: ports[0]! });
    const cli = (...args: string[]) =>
      runProgram("redis-cli", ["-h", HOST, "-p", String(ports[0]), ...args], {});
    const popped = cli("BLPOP", "{cli}a", "0");
    await waiting(1);
    await client.rpush("{cli}a", "x");
    expect((await popped).output).to.equal("{cli}a\nx\n");
    const ended = cli("BLPOP", "{cli}a", "0");
    await waiting(1);
    const id = /id=(\d+) [^\n]* flags=b /.exec(String(await client.client("LIST")))![1]!;
    expect(await client.client("UNBLOCK", id, "ERROR")).to.equal(1);
    expect((await ended).output).to.match(/^UNBLOCKED /);
    client.disconnect();
  });

  it("disturbs nobody who waits when a node leaves that has executed for them", async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `queue:${i}`);
    const workers = keys.map(() => new Redis({ host: HOST, port: ports[0]! }));
    const popped = workers.map((worker, i) => worker.blpop(keys[i]!, 0));
    await waiting(keys.length);
    await cluster.leave(cluster.nodes[2]!);
    const pusher = new Redis({ host: HOST, port: ports[1]! });
    for (const key of keys) await pusher.rpush(key, "x");
    expect(await Promise.all(popped)).to.deep.equal(keys.map((key) => [key, "x"]));
    for (const client of [...workers, pusher]) client.disconnect();
  });
});
