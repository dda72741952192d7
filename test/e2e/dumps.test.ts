/** Values on their way between Redis and us, as DUMP and RESTORE carry them. */
import { expect } from "chai";
import { Redis } from "ioredis";
import { Prng } from "#torus/base/prng.js";
import { redisServer, torusServer } from "../support/servers.js";
import type { Target } from "../support/target.js";

const ROUNDS = 150;

describe("a value that is dumped", () => {
  let targets: Target[] = [];
  let [redis, torus]: Redis[] = [];

  before(async function () {
    await redisServer.needs(this);
    targets = await Promise.all([redisServer.start(), torusServer.start()]);
    [redis, torus] = targets.map(({ address }) => new Redis({ port: address.port }));
  });
  after(async () => {
    redis?.disconnect();
    torus?.disconnect();
    await Promise.all(targets.map((target) => target.close()));
  });

  it("by Redis is the same here, and dumped here it is the same in Redis again", async () => {
    const random = new Prng(0x6475_6d70);
    for (let round = 0; round < ROUNDS; round++) {
      const make = randomValue(random);
      await redis!.del("k", "back");
      await redis!.call(...make);
      await torus!.restore("k", 0, (await redis!.dumpBuffer("k"))!, "REPLACE");
      await redis!.restore("back", 0, (await torus!.dumpBuffer("k"))!);
      expect(await digest(redis!, "back"), String(make).slice(0, 200)).to.deep.equal(
        await digest(redis!, "k"),
      );
      expect(await torus!.call("OBJECT", "ENCODING", "k")).to.equal(
        await redis!.call("OBJECT", "ENCODING", "k"),
      );
    }
  });

  it("here is the same in Redis as if it had been written there", async () => {
    const random = new Prng(0x7265_7374);
    for (let round = 0; round < ROUNDS; round++) {
      const make = randomValue(random);
      await Promise.all([redis!.del("k", "ours"), torus!.del("k")]);
      await Promise.all([redis!.call(...make), torus!.call(...make)]);
      await redis!.restore("ours", 0, (await torus!.dumpBuffer("k"))!);
      expect(await digest(redis!, "ours"), String(make).slice(0, 200)).to.deep.equal(
        await digest(redis!, "k"),
      );
    }
  });

  it("here by a counter is a string", async () => {
    await torus!.del("n");
    await torus!.incrby("n", 70_000);
    await redis!.restore("n", 0, (await torus!.dumpBuffer("n"))!, "REPLACE");
    expect(await redis!.get("n")).to.equal("70000");
  });

  it("by Redis is the same here and there if it is a stream, with its groups and what is pending", async () => {
    const random = new Prng(0x7374_7265);
    for (let round = 0; round < ROUNDS / 5; round++) {
      await redis!.del("k", "back");
      for (const command of randomStream(random)) await redis!.call(...command);
      const expected = await infoOf(redis!, "k");
      await torus!.restore("k", 0, (await redis!.dumpBuffer("k"))!, "REPLACE");
      expect(await infoOf(torus!, "k")).to.deep.equal(expected);
      await redis!.restore("back", 0, (await torus!.dumpBuffer("k"))!);
      expect(await digest(redis!, "back")).to.deep.equal(await digest(redis!, "k"));
      expect(await infoOf(redis!, "back")).to.deep.equal(expected);
    }
  });

  it("here is the same in Redis if it is a stream, and both go on alike", async () => {
    const random = new Prng(0x7374_7266);
    for (let round = 0; round < ROUNDS / 5; round++) {
      await Promise.all([redis!.del("k"), torus!.del("k")]);
      for (const command of randomStream(random)) await torus!.call(...command);
      await redis!.restore("k", 0, (await torus!.dumpBuffer("k"))!);
      expect(await infoOf(redis!, "k")).to.deep.equal(await infoOf(torus!, "k"));
      for (const command of [
        ["XADD", "k", "900000-1", "last", "entry"],
        ["XREADGROUP", "GROUP", "g", "c0", "COUNT", "3", "STREAMS", "k", ">"],
        ["XREADGROUP", "GROUP", "g", "c1", "STREAMS", "k", "0"],
        ["XACK", "k", "g", "1000-0", "2000-1", "3000-2", "4000-3"],
        ["XINFO", "GROUPS", "k"],
        ["XTRIM", "k", "MAXLEN", "7"],
        ["XRANGE", "k", "-", "+"],
      ] as Words[]) {
        expect(await torus!.call(...command), String(command)).to.deep.equal(await redis!.call(...command));
      }
    }
  });

  /** What a stream is, its groups included, but for how it lies in memory: deleted entries are not told. */
  async function infoOf(server: Redis, key: string): Promise<unknown[]> {
    const info = (await server.call("XINFO", "STREAM", key, "FULL", "COUNT", "0")) as unknown[];
    expect(info.slice(2, 6).filter((_, i) => i % 2 === 0)).to.deep.equal([
      "radix-tree-keys",
      "radix-tree-nodes",
    ]);
    return info.toSpliced(2, 4);
  }

  function digest(server: Redis, key: string): Promise<unknown> {
    return server.call("DEBUG", "DIGEST-VALUE", key);
  }
});

/** Commands that make a stream at the key `k`. */
function randomStream(random: Prng): Words[] {
  const commands: Words[] = [["XGROUP", "CREATE", "k", "g", "0", "MKSTREAM"]];
  const count = random.below(random.pick([5, 300]));
  for (let i = 1; i <= count; i++) {
    const fields = random.chance(0.7) ? ["a", randomString(random), "b", "1"] : [randomString(random), "x"];
    commands.push(["XADD", "k", `${i * 1000}-${random.below(5)}`, ...fields]);
    if (random.chance(0.1)) commands.push(["XDEL", "k", `${random.below(i) * 1000}-0`]);
    if (random.chance(0.1)) {
      const [consumer, size] = [`c${random.below(3)}`, String(1 + random.below(9))];
      commands.push(["XREADGROUP", "GROUP", "g", consumer, "COUNT", size, "STREAMS", "k", ">"]);
    }
  }
  return commands;
}

type Words = [string, ...(string | Buffer)[]];

/** A command that makes a value at the key `k`. */
function randomValue(random: Prng): Words {
  const several = (make: () => (string | Buffer)[]) =>
    Array.from({ length: 1 + random.below(random.pick([3, 20, 700])) }, make).flat();
  const element = () => randomString(random);
  const score = () =>
    random.pick(["-inf", "inf", "0", "1e100", String((random.float() - 0.5) * 2 ** random.below(60))]);
  const integer = () => [String(Math.floor((random.float() - 0.5) * 2 ** random.below(53)))];
  return random.pick<() => Words>([
    () => ["SET", "k", randomString(random)],
    () => ["SADD", "k", ...several(integer)],
    () => ["SADD", "k", ...several(() => [element()])],
    () => ["HSET", "k", ...several(() => [element(), element()])],
    () => ["RPUSH", "k", ...several(() => [element()])],
    () => ["LPUSH", "k", "y".repeat(9000), ...several(() => [element()])],
    () => ["ZADD", "k", ...several(() => [score(), element()])],
  ])();
}

function randomString(random: Prng): string | Buffer {
  return random.pick<() => string | Buffer>([
    () => String(random.below(2 ** 31) - 2 ** 30),
    () => String(random.below(300) - 150),
    () => Buffer.from(Array.from({ length: random.below(100) }, () => random.below(256))),
    () => "ab".repeat(random.below(50)) + String(random.below(100)),
    () => `field:${random.below(1000)}`,
    () => "",
  ])();
}
