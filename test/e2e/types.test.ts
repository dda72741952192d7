import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ProcessCluster } from "../support/process-cluster.js";
import { redisServer, torusServer } from "../support/servers.js";

const HOST = "127.0.0.1";
const BLOCK_SECONDS = 10;

/** Ports of the same data: one three times, or those of three nodes. */
interface Servers {
  readonly ports: readonly [number, number, number];
  close(): Promise<void>;
}

const kinds = [
  ...[redisServer, torusServer].map(({ name, needs, start }) => ({
    name,
    needs,
    async start(): Promise<Servers> {
      const { address, close } = await start();
      return { ports: [address.port, address.port, address.port], close };
    },
  })),
  {
    name: "three nodes of torus, each asked in turn",
    needs: async () => undefined,
    async start(): Promise<Servers> {
      const cluster = await ProcessCluster.start(3);
      const [a, b, c] = cluster.nodes.map(({ port }) => port);
      return { ports: [a!, b!, c!], close: () => cluster.close() };
    },
  },
] as const;

for (const kind of kinds) {
  describe(`data types (${kind.name})`, function () {
    this.timeout(60_000);
    let servers: Servers;

    before(async function () {
      await kind.needs(this);
      servers = await kind.start();
    });
    after(() => servers?.close());

    describe("for ioredis", () => {
      let one: Redis;
      let two: Redis;
      let three: Redis;

      before(() => {
        [one, two, three] = servers.ports.map((port) => new Redis({ port, host: HOST })) as [
          Redis,
          Redis,
          Redis,
        ];
      });
      after(() => {
        for (const redis of [one, two, three]) redis?.disconnect();
      });
      beforeEach(() => one.flushall());

      it("lists take at both ends and in the middle", async () => {
        expect(await one.rpush("l", "b", "c")).to.equal(2);
        expect(await two.lpush("l", "a")).to.equal(3);
        expect(await three.linsert("l", "BEFORE", "c", "b2")).to.equal(4);
        expect(await one.lrange("l", 0, -1)).to.deep.equal(["a", "b", "b2", "c"]);
        expect(await two.lpos("l", "c")).to.equal(3);
        expect(await three.lset("l", -1, "z")).to.equal("OK");
        expect(await one.lrem("l", 0, "b")).to.equal(1);
        expect(await two.lmove("l", "l", "LEFT", "RIGHT")).to.equal("a");
        expect(await three.lrange("l", 0, -1)).to.deep.equal(["b2", "z", "a"]);
        expect(await one.lmpop(1, "l", "LEFT", "COUNT", 2)).to.deep.equal(["l", ["b2", "z"]]);
        expect(await two.type("l")).to.equal("list");
      });

      it("hand elements to who has waited longest, whichever node it asked", async () => {
        const waiting = [two, three, one].map((redis) => redis.duplicate());
        const answers: Promise<unknown>[] = [];
        for (const [i, redis] of waiting.entries()) {
          answers.push(redis.blpop("queue", BLOCK_SECONDS));
          await until(async () => (await blocked([one, two, three])) > i);
        }
        await one.rpush("queue", "first", "second");
        await three.rpush("queue", "third");
        expect(await Promise.all(answers)).to.deep.equal([
          ["queue", "first"],
          ["queue", "second"],
          ["queue", "third"],
        ]);
        expect(await waiting[0]!.blpop("queue", 0.05)).to.equal(null);
        const moved = waiting[1]!.blmove("{q}from", "{q}to", "RIGHT", "LEFT", BLOCK_SECONDS);
        await two.lpush("{q}from", "x");
        expect(await moved).to.equal("x");
        expect(await one.lrange("{q}to", 0, -1)).to.deep.equal(["x"]);
        const least = waiting[2]!.bzpopmin("scores", BLOCK_SECONDS);
        await two.zadd("scores", 2, "b", 1, "a");
        expect(await least).to.deep.equal(["scores", "a", "1"]);
        for (const redis of waiting) redis.disconnect();
      });

      it("sorted sets rank, range and unite", async () => {
        expect(await one.zadd("{z}a", 1, "one", 2, "two", 3, "three")).to.equal(3);
        expect(await two.zrange("{z}a", "0", "-1", "WITHSCORES")).to.deep.equal([
          "one",
          "1",
          "two",
          "2",
          "three",
          "3",
        ]);
        expect(await three.zincrby("{z}a", 0.5, "one")).to.equal("1.5");
        expect(await one.zrevrank("{z}a", "two")).to.equal(1);
        expect(await two.zrangebyscore("{z}a", "(1.5", "+inf", "LIMIT", 0, 1)).to.deep.equal(["two"]);
        await three.zadd("{z}b", 10, "two", 20, "four");
        expect(await one.zunionstore("{z}u", 2, "{z}a", "{z}b", "WEIGHTS", 1, 2)).to.equal(4);
        expect(await two.zpopmax("{z}u", 2)).to.deep.equal(["four", "40", "two", "22"]);
        expect(await three.zscore("{z}u", "one")).to.equal("1.5");
      });

      it("streams are read by groups, each entry by one consumer", async () => {
        const ids = await Promise.all(
          [one, two, three].map((redis, i) => redis.xadd("s", "*", "n", String(i))),
        );
        expect(await two.xlen("s")).to.equal(3);
        const entries = await three.xrange("s", "-", "+");
        expect(entries.map(([id]) => id)).to.have.members(ids);
        expect(entries.map(([, [, n]]) => n)).to.have.members(["0", "1", "2"]);
        await one.xgroup("CREATE", "s", "g", "0");
        const first = await readGroup(two, "alice", 2);
        const second = await readGroup(three, "bob", 5);
        expect([...first, ...second]).to.deep.equal(entries.map(([id]) => id));
        expect(await one.xack("s", "g", ...first)).to.equal(2);
        expect((await two.xpending("s", "g"))[0]).to.equal(1);
        const claimed = (await three.xautoclaim("s", "g", "carol", 0, "0")) as [string, [string, string[]][]];
        expect(claimed[1].map(([id]) => id)).to.deep.equal(second);
        const reader = two.duplicate();
        const next = reader.xread("BLOCK", BLOCK_SECONDS * 1000, "STREAMS", "s", "$");
        await until(async () => (await blocked([one, two, three])) > 0);
        const id = await one.xadd("s", "*", "n", "late");
        expect(await next).to.deep.equal([["s", [[id, ["n", "late"]]]]]);
        reader.disconnect();
      });

      it("HyperLogLogs, places, bits and sorting", async () => {
        for (let i = 0; i < 300; i += 100)
          await one.pfadd("{h}1", ...Array.from({ length: 100 }, (_, n) => `visitor ${i + n}`));
        expect(await two.pfcount("{h}1")).to.be.within(290, 310);
        await three.pfmerge("{h}2", "{h}1");
        expect(await one.pfcount("{h}1", "{h}2")).to.equal(await two.pfcount("{h}1"));
        await one.geoadd("places", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania");
        expect(await two.geodist("places", "Palermo", "Catania", "KM")).to.equal("166.2742");
        const near = await three.call(
          "GEOSEARCH",
          "places",
          "FROMLONLAT",
          15,
          37,
          "BYRADIUS",
          200,
          "km",
          "ASC",
        );
        expect(near).to.deep.equal(["Catania", "Palermo"]);
        expect(
          await one.call("BITFIELD", "bits", "INCRBY", "u4", 0, 20, "OVERFLOW", "SAT", "INCRBY", "u4", 4, 20),
        ).to.deep.equal([4, 15]);
        await two.sadd("numbers", 10, 9, 100);
        expect(await three.sort("numbers", "DESC")).to.deep.equal(["100", "10", "9"]);
      });

      it("values are carried by DUMP and RESTORE, each type", async () => {
        await one.rpush("{d}list", "a", "b");
        await one.sadd("{d}set", "x", "1");
        await one.zadd("{d}zset", 1.5, "m");
        await one.hset("{d}hash", { f: "v" });
        await one.set("{d}text", "y".repeat(1000));
        await one.xadd("{d}stream", "1-1", "f", "v");
        for (const name of ["list", "set", "zset", "hash", "text", "stream"]) {
          const payload = await two.dumpBuffer(`{d}${name}`);
          expect(await three.restore(`{d}${name} again`, 0, payload!)).to.equal("OK");
          expect(await one.type(`{d}${name} again`)).to.equal(await two.type(`{d}${name}`));
        }
        expect(await one.lrange("{d}list again", 0, -1)).to.deep.equal(["a", "b"]);
        expect(await one.zrange("{d}zset again", "0", "-1", "WITHSCORES")).to.deep.equal(["m", "1.5"]);
        expect(await one.xrange("{d}stream again", "-", "+")).to.deep.equal([["1-1", ["f", "v"]]]);
      });

      async function readGroup(redis: Redis, consumer: string, count: number): Promise<string[]> {
        const answer = await redis.xreadgroup("GROUP", "g", consumer, "COUNT", count, "STREAMS", "s", ">");
        const [[, entries]] = answer as [[string, [string, string[]][]]];
        return entries.map(([id]) => id);
      }
    });

    for (const RESP of [2, 3] as const) {
      describe(`for node-redis in RESP${RESP}`, () => {
        const connect = (port: number) => createClient({ RESP, socket: { host: HOST, port } });
        type Client = ReturnType<typeof connect>;
        let one: Client;
        let two: Client;

        before(async () => {
          [one, two] = [connect(servers.ports[0]), connect(servers.ports[1])];
          await Promise.all([one.connect(), two.connect()]);
        });
        after(() => {
          for (const client of [one, two]) client?.destroy();
        });
        beforeEach(() => one.flushAll());

        it("lists, sorted sets and streams have the forms that it expects", async () => {
          await one.rPush("l", ["a", "b", "c"]);
          expect(await two.lPopCount("l", 2)).to.deep.equal(["a", "b"]);
          expect(await two.blPop("l", BLOCK_SECONDS)).to.deep.include({ key: "l", element: "c" });
          const members = [
            { value: "low", score: -1.5 },
            { value: "high", score: Number.POSITIVE_INFINITY },
          ];
          await one.zAdd("z", members);
          expect(plain(await two.zRangeWithScores("z", 0, -1))).to.deep.equal(members);
          expect(plain(await two.zPopMin("z"))).to.deep.equal(members[0]);
          expect(await two.zScore("z", "high")).to.equal(Number.POSITIVE_INFINITY);
          const id = await one.xAdd("s", "*", { field: "value" });
          const [stream] = plain(await two.xRead({ key: "s", id: "0" })) as [unknown];
          expect(stream).to.deep.equal({ name: "s", messages: [{ id, message: { field: "value" } }] });
          await one.xGroupCreate("s", "g", "0");
          const [group] = plain(await two.xInfoGroups("s")) as [Record<string, unknown>];
          expect(group).to.deep.include({ name: "g", consumers: 0, pending: 0 });
        });

        it("waits without holding up who asks over another connection", async () => {
          const waiting = two.duplicate();
          await waiting.connect();
          const popped = waiting.blPop("jobs", BLOCK_SECONDS);
          expect(await two.ping()).to.equal("PONG");
          await one.lPush("jobs", "job");
          expect(plain(await popped)).to.deep.equal({ key: "jobs", element: "job" });
          waiting.destroy();
        });
      });
    }
  });
}

/** Without the prototypes of the client's own. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) => (part === Number.POSITIVE_INFINITY ? "inf" : part)),
    (_, part) => (part === "inf" ? Number.POSITIVE_INFINITY : part),
  );
}

/** Clients that wait at any of these servers, each counted once. */
async function blocked(connections: readonly Redis[]): Promise<number> {
  const counts = new Map<number, number>();
  for (const redis of connections) {
    const info = await redis.info("clients");
    counts.set(redis.options.port!, Number(/blocked_clients:(\d+)/.exec(info)?.[1]));
  }
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await isSo()); turn++) {
    if (turn > 500) throw new Error("it does not come to that");
    await sleep(20);
  }
}
