import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { hasRemains } from "#torus/keyspace/remains.js";
import { collectKeys, SLOT_END } from "#torus/keyspace/slot-walk.js";
import { difference } from "../simulation/replicated/copies.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";

/** Of each type one that is deleted, one that loses some of what it has, and one that loses all of it. */
const WRITES = [
  ["SET", "text:gone", "v"],
  ["SET", "text:there", "v"],
  ["SET", "text:expired", "v", "PX", "100"],
  ["INCR", "number:gone"],
  ["HSET", "hash:gone", "a", "1"],
  ["HSET", "hash:less", "a", "1", "b", "2"],
  ["HSET", "hash:emptied", "a", "1"],
  ["HSET", "hash:expired", "a", "1"],
  ["PEXPIRE", "hash:expired", "100"],
  ["SADD", "set:gone", "a"],
  ["SADD", "set:less", "a", "b"],
  ["SADD", "set:emptied", "a"],
  ["ZADD", "zset:gone", "1", "a"],
  ["ZADD", "zset:less", "1", "a", "2", "b"],
  ["ZADD", "zset:emptied", "1", "a"],
  ["RPUSH", "list:gone", "a"],
  ["RPUSH", "list:less", "a", "b"],
  ["RPUSH", "list:emptied", "a"],
  ["XADD", "stream:gone", "1-1", "f", "v"],
  ["XADD", "stream:less", "1-1", "f", "v"],
  ["XADD", "stream:less", "1-2", "f", "v"],
  ["XGROUP", "CREATE", "stream:less", "group", "0"],
  ["DEL", "text:gone", "number:gone", "hash:gone", "set:gone", "zset:gone", "list:gone", "stream:gone"],
  ["HDEL", "hash:less", "a"],
  ["HDEL", "hash:emptied", "a"],
  ["SREM", "set:less", "a"],
  ["SPOP", "set:emptied"],
  ["ZREM", "zset:less", "a"],
  ["ZPOPMIN", "zset:emptied"],
  ["LPOP", "list:less"],
  ["LPOP", "list:emptied"],
  ["XDEL", "stream:less", "1-1"],
  ["XGROUP", "DESTROY", "stream:less", "group"],
  ["HSET", "table", ...Array.from({ length: 2000 }, (_, i) => String(i))],
  ["HDEL", "table", ...Array.from({ length: 600 }, (_, i) => String(i))],
  ["RPUSH", "row", ...Array.from({ length: 3000 }, (_, i) => String(i))],
  ["LTRIM", "row", "2990", "-1"],
];

const THERE = [
  "hash:less",
  "list:less",
  "row",
  "set:less",
  "stream:less",
  "table",
  "text:there",
  "zset:less",
];

const READS: readonly (readonly [words: string, reply: unknown])[] = [
  ["DBSIZE", THERE.length],
  [
    "EXISTS text:gone hash:gone hash:emptied hash:expired set:emptied zset:emptied list:emptied stream:gone",
    0,
  ],
  ["GET text:gone", null],
  ["GET text:expired", null],
  ["GET text:there", "v"],
  ["TYPE set:gone", "none"],
  ["HGETALL hash:less", ["b", "2"]],
  ["HLEN hash:emptied", 0],
  ["SMEMBERS set:less", ["b"]],
  ["SCARD set:emptied", 0],
  ["ZRANGE zset:less 0 -1 WITHSCORES", ["b", "2"]],
  ["ZCARD zset:emptied", 0],
  ["LRANGE list:less 0 -1", ["b"]],
  ["LLEN list:emptied", 0],
  ["LRANGE row 0 1", ["2990", "2991"]],
  ["XRANGE stream:less - +", [["1-2", ["f", "v"]]]],
  ["XLEN stream:gone", 0],
  ["XINFO GROUPS stream:less", []],
  ["HLEN table", 700],
  ["HGET table 2", null],
  ["HGET table 1998", "1999"],
];

/** What is written where something was deleted begins anew. */
const LATER: readonly (readonly [words: string, reply: unknown])[] = [
  ["SET text:gone later NX", "OK"],
  ["SETNX text:expired later", 1],
  ["INCR number:gone", 1],
  ["HSET hash:emptied c 3", 1],
  ["HGETALL hash:emptied", ["c", "3"]],
  ["HSETNX hash:gone a later", 1],
  ["SADD set:emptied a c", 2],
  ["ZADD zset:gone 3 a", 1],
  ["ZADD zset:emptied NX 3 a", 1],
  ["RPUSH list:emptied c", 1],
  ["LPUSHX list:gone c", 0],
  ["XADD stream:gone 0-1 f v", "0-1"],
  ["HSETNX table 0 later", 1],
];

describe("a cluster that shrinks to one node", function () {
  this.timeout(60_000);

  async function shrunk(): Promise<ReplicatedNodes> {
    const nodes = await ReplicatedNodes.start(2);
    for (const command of WRITES) await nodes.call("n1", ...command);
    await nodes.world.advance(200);
    nodes.fleet.leave("n2");
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    return nodes;
  }

  async function expectAll(
    nodes: ReplicatedNodes,
    name: string,
    asked: readonly (readonly [words: string, reply: unknown])[],
  ): Promise<void> {
    for (const [words, reply] of asked)
      expect(await nodes.call(name, ...words.split(" ")), words).to.deep.equal(reply);
  }

  async function keysAt(nodes: ReplicatedNodes, name: string): Promise<readonly string[]> {
    return ((await nodes.call(name, "KEYS", "*")) as string[]).sort();
  }

  it("shows nothing of what was deleted, and keeps nothing of it", async () => {
    const nodes = await shrunk();
    const { keyspace } = nodes.fleet.interiorOf("n1")!;
    await expectAll(nodes, "n1", READS);
    expect(await keysAt(nodes, "n1")).to.deep.equal(THERE);
    expect((await nodes.call("n1", "SCAN", "0", "COUNT", "100000")) as unknown[]).to.have.nested.property(
      "[1].length",
      THERE.length,
    );
    for (let i = 0; i < 30; i++) expect(THERE).to.include(await nodes.call("n1", "RANDOMKEY"));
    await nodes.until(() => !keyspace.keepTombstones);
    expect(remainsOf(nodes, "n1")).to.deep.equal([]);
    await expectAll(nodes, "n1", READS);
    await expectAll(nodes, "n1", LATER);
    await nodes.close();
  });

  it("can be written to at once, as if nothing had been there", async () => {
    const nodes = await shrunk();
    await expectAll(nodes, "n1", LATER);
    await nodes.world.advance(30_000);
    expect(await nodes.call("n1", "DEL", ...(await keysAt(nodes, "n1")))).to.be.greaterThan(THERE.length);
    expect(await nodes.call("n1", "DBSIZE")).to.equal(0);
    expect(remainsOf(nodes, "n1")).to.deep.equal([]);
    await nodes.close();
  });

  it("brings nothing back when it grows again, at once or later", async () => {
    for (const ms of [0, 30_000]) {
      const nodes = await shrunk();
      await nodes.world.advance(ms);
      const joiner = nodes.fleet.add();
      await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
      await nodes.until(() => difference(nodes.fleet) === undefined);
      for (const name of ["n1", joiner]) {
        await expectAll(nodes, name, READS);
        expect(await keysAt(nodes, name)).to.deep.equal(THERE);
      }
      await expectAll(nodes, joiner, LATER);
      await nodes.until(() => difference(nodes.fleet) === undefined);
      nodes.fleet.leave("n1");
      await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
      await nodes.world.advance(30_000);
      expect(remainsOf(nodes, joiner)).to.deep.equal([]);
      await expectAll(nodes, joiner, [
        ["GET text:there", "v"],
        ["GET text:gone", "later"],
        ["HGETALL hash:less", ["b", "2"]],
        ["HGETALL hash:emptied", ["c", "3"]],
        ["GET number:gone", "1"],
        ["EXISTS hash:expired", 0],
      ]);
      await nodes.close();
    }
  });

  it("does so where the others are gone for good, too", async () => {
    const nodes = await ReplicatedNodes.start(2);
    for (const command of WRITES) await nodes.call("n1", ...command);
    await nodes.world.advance(200);
    nodes.fleet.wipe("n2");
    await nodes.until(async () => {
      nodes.fleet.forgetLost("n1");
      await nodes.world.advance(1000);
      return !nodes.fleet.hasLost;
    });
    await expectAll(nodes, "n1", READS);
    expect(await keysAt(nodes, "n1")).to.deep.equal(THERE);
    const { keyspace } = nodes.fleet.interiorOf("n1")!;
    await nodes.until(() => !keyspace.keepTombstones);
    expect(remainsOf(nodes, "n1")).to.deep.equal([]);
    await expectAll(nodes, "n1", READS);
    await expectAll(nodes, "n1", LATER);
    await nodes.close();
  });

  it("starts again with what is there and no more", async () => {
    const nodes = await shrunk();
    nodes.fleet.crash("n1", false);
    await nodes.restart("n1");
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    await expectAll(nodes, "n1", READS);
    await nodes.world.advance(30_000);
    expect(remainsOf(nodes, "n1")).to.deep.equal([]);
    nodes.fleet.crash("n1", true);
    await nodes.restart("n1");
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    await expectAll(nodes, "n1", READS);
    await expectAll(nodes, "n1", LATER);
    await nodes.close();
  });
});

/** Keys of which there is what clients do not see. */
function remainsOf(nodes: ReplicatedNodes, name: string): readonly string[] {
  const database = nodes.fleet.interiorOf(name)!.keyspace.databases[0]!;
  const keys: Buffer[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    for (let from = 0; from < SLOT_END; )
      from = collectKeys(database, slot, from, (at) => hasRemains(database, at), keys);
  return keys.map(String);
}
