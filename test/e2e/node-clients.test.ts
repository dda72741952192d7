import { expect } from "chai";
import { Redis } from "ioredis";
import { createClient, RESP_TYPES } from "redis";
import { onEveryServer } from "../support/servers.js";
import type { Target } from "../support/target.js";

onEveryServer("an ioredis session", (start) => {
  let target: Target;
  let redis: Redis;

  before(async () => {
    target = await start();
    redis = new Redis({ port: target.address.port });
  });
  after(async () => {
    redis?.disconnect();
    await target?.close();
  });
  beforeEach(() => redis.flushall());

  it("reads back what it writes, as text and as bytes", async () => {
    expect(await redis.set("city", "Köln")).to.equal("OK");
    expect(await redis.get("city")).to.equal("Köln");
    expect(await redis.getBuffer("city")).to.deep.equal(Buffer.from("Köln"));
    expect(await redis.get("absent")).to.equal(null);
    await redis.set("bytes", Buffer.of(0, 255, 13, 10));
    expect(await redis.getBuffer("bytes")).to.deep.equal(Buffer.of(0, 255, 13, 10));
    expect(await redis.set("city", "Bonn", "EX", 100, "NX")).to.equal(null);
    expect(await redis.mset({ a: 1, b: 2 })).to.equal("OK");
    expect(await redis.mget("a", "absent", "b")).to.deep.equal(["1", null, "2"]);
    expect(await redis.incrbyfloat("a", 0.5)).to.equal("1.5");
    expect(await redis.hset("h", { x: 1, y: 2 })).to.equal(2);
    expect(await redis.hgetall("h")).to.deep.equal({ x: "1", y: "2" });
    expect(await redis.zadd("z", "GT", "CH", 2.5, "b", 1, "a")).to.equal(2);
    expect(await redis.zincrby("z", 0.25, "a")).to.equal("1.25");
    expect(await redis.zrange("z", "0", "-1", "WITHSCORES")).to.deep.equal(["a", "1.25", "b", "2.5"]);
    expect(await redis.zpopmin("z")).to.deep.equal(["a", "1.25"]);
    expect(await redis.geoadd("map", 13.361389, 38.115556, "Palermo")).to.equal(1);
    expect(
      await redis.geosearch("map", "FROMLONLAT", 13, 38, "BYRADIUS", 100, "km", "WITHDIST"),
    ).to.deep.equal([["Palermo", "34.1601"]]);
    expect(await redis.sadd("s", 3, 1, 2)).to.equal(3);
    expect(await redis.smembers("s")).to.deep.equal(["1", "2", "3"]);
    expect(await redis.sinterstore("t", "s", "s")).to.equal(3);
    expect(await redis.smismember("t", "1", "9")).to.deep.equal([1, 0]);
    expect(await redis.rpush("l", "a", "b", "c")).to.equal(3);
    expect(await redis.lmove("l", "m", "LEFT", "RIGHT")).to.equal("a");
    expect(await redis.lpos("l", "c", "COUNT", 0)).to.deep.equal([1]);
    expect(await redis.lmpop(2, "absent", "l", "RIGHT", "COUNT", 5)).to.deep.equal(["l", ["c", "b"]]);
    expect(await redis.lrange("m", 0, -1)).to.deep.equal(["a"]);
    expect(await redis.lpop("absent", 2)).to.equal(null);
  });

  it("gets errors as rejections with the server's text", async () => {
    await redis.set("text", "abc");
    const failure = await redis.incr("text").catch((error: Error) => error.message);
    expect(failure).to.equal("ERR value is not an integer or out of range");
    const unknown = await redis.call("BOGUS", "x").catch((error: Error) => error.message);
    expect(unknown).to.equal("ERR unknown command 'BOGUS', with args beginning with: 'x' ");
  });

  it("pipelines thousands of commands, errors among them", async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 5000; i++) pipeline.set(`k${i}`, i).get(`k${i}`);
    pipeline.hget("k0", "f");
    const results = await pipeline.exec();
    expect(results).to.have.lengthOf(10_001);
    expect(results!.slice(9998)).to.have.nested.property("[1][1]", "4999");
    expect(results![10_000]![0]?.message).to.contain("WRONGTYPE");
  });

  it("runs transactions, and loses them to other writers", async () => {
    const done = await redis.multi().set("n", 1).incr("n").get("n").exec();
    expect(done).to.deep.equal([
      [null, "OK"],
      [null, 2],
      [null, "2"],
    ]);
    const other = redis.duplicate();
    await redis.watch("n");
    await other.set("n", 10);
    expect(await redis.multi().incr("n").exec()).to.equal(null);
    other.disconnect();
  });

  it("streams all keys and fields of a scan", async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `key:${i}`);
    await redis.mset(Object.fromEntries(names.map((name) => [name, "v"])));
    await redis.hset("hash", Object.fromEntries(names.map((name, i) => [name, i])));
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: "key:*", count: 100 })) {
      for (const key of keys as string[]) found.add(key);
    }
    expect([...found].sort()).to.deep.equal([...names].sort());
    const fields = new Map<string, string>();
    for await (const pairs of redis.hscanStream("hash", { count: 100 })) {
      for (let i = 0; i < pairs.length; i += 2) fields.set(pairs[i], pairs[i + 1]);
    }
    expect(fields.size).to.equal(3000);
    expect(fields.get("key:2999")).to.equal("2999");
    await redis.zadd("zset", ...names.flatMap((name, i) => [i, name]));
    const scores = new Map<string, string>();
    for await (const pairs of redis.zscanStream("zset", { count: 100 })) {
      for (let i = 0; i < pairs.length; i += 2) scores.set(pairs[i], pairs[i + 1]);
    }
    expect(scores.size).to.equal(3000);
    expect(scores.get("key:2999")).to.equal("2999");
    await redis.sadd("set", ...names);
    const members = new Set<string>();
    for await (const some of redis.sscanStream("set", { count: 100 }))
      for (const member of some as string[]) members.add(member);
    expect([...members].sort()).to.deep.equal([...names].sort());
  });

  it("reconnects after the server closed the connection, and keeps its database", async () => {
    const client = new Redis({ port: target.address.port, db: 2, connectionName: "worker" });
    await client.set("in-two", "yes");
    expect(await client.client("GETNAME")).to.equal("worker");
    const id = await client.client("ID");
    await redis.client("KILL", "ID", id);
    expect(await client.get("in-two")).to.equal("yes");
    expect(await client.client("ID")).not.to.equal(id);
    client.disconnect();
  });
});

for (const RESP of [2, 3] as const) {
  onEveryServer(`a node-redis session in RESP${RESP}`, (start) => {
    let target: Target;
    const connect = () => createClient({ RESP, socket: { host: "127.0.0.1", port: target.address.port } });
    let client: ReturnType<typeof connect>;

    before(async () => {
      target = await start();
      client = connect();
      await client.connect();
    });
    after(async () => {
      client?.destroy();
      await target?.close();
    });
    beforeEach(() => client.flushAll());

    it("reads back what it writes, as text and as bytes", async () => {
      expect(await client.set("city", "Köln", { expiration: { type: "EX", value: 100 } })).to.equal("OK");
      expect(await client.get("city")).to.equal("Köln");
      expect(await client.get("absent")).to.equal(null);
      expect(await client.ttl("city")).to.be.within(90, 100);
      const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      await client.set("bytes", Buffer.of(0, 255, 13, 10));
      expect(await bytes.get("bytes")).to.deep.equal(Buffer.of(0, 255, 13, 10));
      expect(await client.hSet("h", { x: "1", y: "2" })).to.equal(2);
      expect({ ...(await client.hGetAll("h")) }).to.deep.equal({ x: "1", y: "2" });
      expect(await client.hRandFieldCountWithValues("h", 2)).to.have.lengthOf(2);
      await client.zAdd("z", [
        { score: 2.5, value: "b" },
        { score: 1, value: "a" },
      ]);
      expect(await client.zRangeWithScores("z", 0, -1)).to.deep.equal([
        { value: "a", score: 1 },
        { value: "b", score: 2.5 },
      ]);
      expect(await client.zPopMax("z")).to.deep.equal({ value: "b", score: 2.5 });
      expect(await client.zPopMinCount("z", 2)).to.deep.equal([{ value: "a", score: 1 }]);
      await client.geoAdd("map", { longitude: 13.361389, latitude: 38.115556, member: "Palermo" });
      expect(await client.geoDist("map", "Palermo", "Palermo")).to.equal(0);
      expect(
        await client.geoSearch("map", { longitude: 13, latitude: 38 }, { radius: 100, unit: "km" }),
      ).to.deep.equal(["Palermo"]);
      expect(await client.sAdd("s", ["3", "1", "2"])).to.equal(3);
      expect([...(await client.sMembers("s"))]).to.deep.equal(["1", "2", "3"]);
      expect(await client.sInterCard(["s", "absent"])).to.equal(0);
      expect([...(await client.sPopCount("s", 3))]).to.have.members(["1", "2", "3"]);
      expect(await client.rPush("l", ["a", "b", "c"])).to.equal(3);
      expect(await client.lInsert("l", "BEFORE", "b", "x")).to.equal(4);
      expect(await client.lMove("l", "m", "RIGHT", "LEFT")).to.equal("c");
      expect(await client.lPopCount("l", 2)).to.deep.equal(["a", "x"]);
      expect(await client.lmPop(["absent", "l"], "LEFT")).to.deep.equal(["l", ["b"]]);
      expect(await client.lRange("m", 0, -1)).to.deep.equal(["c"]);
      expect(await client.lPopCount("absent", 2)).to.equal(null);
      expect(await client.exists(["city", "h", "absent"])).to.equal(2);
    });

    it("gets errors as rejections with the server's text", async () => {
      await client.set("text", "abc");
      const failure = await client.incr("text").catch((error: Error) => error.message);
      expect(failure).to.equal("ERR value is not an integer or out of range");
    });

    it("pipelines what is asked in one tick", async () => {
      const values = await Promise.all(Array.from({ length: 2000 }, (_, i) => client.incrBy("n", i)));
      expect(values.at(-1)).to.equal(1999 * 1000);
    });

    it("runs transactions, and loses them to other writers", async () => {
      expect(await client.multi().set("n", "1").incr("n").get("n").exec()).to.deep.equal(["OK", 2, "2"]);
      const other = connect();
      await other.connect();
      await client.watch("n");
      await other.set("n", "10");
      const lost = await client
        .multi()
        .incr("n")
        .exec()
        .catch((error: Error) => error.constructor.name);
      expect(lost).to.equal("WatchError");
      other.destroy();
    });

    it("iterates over all keys and fields of a scan", async () => {
      const names = Array.from({ length: 1000 }, (_, i) => `key:${i}`);
      await client.mSet(Object.fromEntries(names.map((name) => [name, "v"])));
      await client.hSet("hash", Object.fromEntries(names.map((name) => [name, "v"])));
      const found = new Set<string>();
      for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 100 }))
        for (const key of keys) found.add(key);
      expect([...found].sort()).to.deep.equal([...names].sort());
      const fields = new Set<string>();
      for await (const pairs of client.hScanIterator("hash"))
        for (const { field } of pairs) fields.add(field);
      expect(fields.size).to.equal(1000);
    });

    it("tells the server its name and its library", async () => {
      await client.clientSetName("worker");
      expect(await client.clientGetName()).to.equal("worker");
      expect(await client.clientInfo()).to.include({ name: "worker", db: 0, resp: RESP });
    });

    it("knows the commands of the server", async () => {
      expect(await client.commandGetKeys(["MSET", "a", "1", "b", "2"])).to.deep.equal(["a", "b"]);
      expect(await client.commandInfo(["GET"])).to.have.nested.property("[0].name", "get");
    });
  });
}
