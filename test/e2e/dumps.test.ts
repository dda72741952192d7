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

  function digest(server: Redis, key: string): Promise<unknown> {
    return server.call("DEBUG", "DIGEST-VALUE", key);
  }
});

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
