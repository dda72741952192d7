import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";

const TOO_LARGE = '-"ERR the reply would be larger than 1 GiB"';
const runnerOf = (config = {}, options = {}) => new CommandRunner(smallKeyspace(options), config);

/** Fills a sorted set with `m0` and so on, whose scores are their numbers. */
function fill(commands: CommandRunner, key: string, count: number): void {
  for (let from = 0; from < count; from += 1000) {
    const words: (string | number)[] = [];
    for (let i = from; i < Math.min(from + 1000, count); i++) words.push(i, `m${i}`);
    commands.run("ZADD", key, ...words);
  }
}

/** The bulk strings of an array, as byte strings. */
function stringsOf(commands: CommandRunner, ...args: (string | number)[]): string[] {
  const reply = commands.ask(...args);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  return reply.items.map((item) => textOf(item)!);
}

describe("sorted set commands", () => {
  it("count each member that changed, as Redis counts changes since the last save, and nothing that was so before", () => {
    const commands = runnerOf();
    const { keyspace } = commands;
    commands.run("ZADD", "z", 1, "a", 2, "b", 3, "c");
    expect(keyspace.dirty).to.equal(3);
    commands.run("ZADD", "z", 1, "a");
    commands.run("ZINCRBY", "z", 0, "a");
    commands.run("ZREM", "z", "x");
    expect(keyspace.dirty).to.equal(3);
    commands.run("ZINCRBY", "z", 1, "a");
    commands.run("ZREM", "z", "a", "x");
    commands.run("ZPOPMAX", "z");
    expect(keyspace.dirty).to.equal(6);
    commands.run("ZUNIONSTORE", "y", 1, "z");
    commands.run("ZUNIONSTORE", "y", 1, "absent");
    commands.run("ZUNIONSTORE", "y", 1, "absent");
    expect(keyspace.dirty).to.equal(8);
  });

  it("find what expires on the way gone, be it one of several sets or the destination", () => {
    const commands = runnerOf();
    const { keyspace } = commands;
    for (const name of ["a", "b", "d"]) commands.run("ZADD", name, 1, "x");
    commands.run("PEXPIRE", "b", 10);
    commands.run("PEXPIRE", "d", 10);
    keyspace.tick(START_MS + 20);
    expect(commands.run("ZUNION", 2, "a", "b", "WITHSCORES")).to.equal('["x" "1"]');
    expect(commands.run("ZINTER", 2, "a", "b")).to.equal("[]");
    expect(commands.run("ZRANGESTORE", "d", "a", 0, -1)).to.equal("1");
    expect(commands.run("TTL", "d")).to.equal("-1");
  });

  it("refuse numbers so long that Redis would read them for seconds", () => {
    const commands = runnerOf();
    const long = "1".repeat(100_000);
    expect(commands.run("ZADD", "z", long, "m")).to.equal('-"ERR value is not a valid float"');
    expect(commands.run("ZADD", "z", `0x${long}`, "m")).to.equal('-"ERR value is not a valid float"');
    expect(commands.run("ZCOUNT", "z", long, "+inf")).to.equal('-"ERR min or max is not a float"');
    expect(commands.run("GEOADD", "z", `0.${long}`, 0, "m")).to.equal('-"ERR value is not a valid float"');
    expect(commands.run("EXISTS", "z")).to.equal("0");
  });

  it("keep no sign of a zero where Redis does not, and what they had elsewhere", () => {
    const commands = runnerOf();
    commands.run("ZADD", "z", 0, "a");
    commands.run("ZUNIONSTORE", "packed", 1, "z", "WEIGHTS", -1);
    expect(commands.run("ZSCORE", "packed", "a")).to.equal('"0"');
    expect(commands.run("ZUNION", 1, "z", "WEIGHTS", -1, "WITHSCORES")).to.equal('["a" "-0"]');
    const large = runnerOf({ zsetMaxListpackEntries: 0 });
    large.run("ZADD", "z", 0, "a");
    large.run("ZUNIONSTORE", "table", 1, "z", "WEIGHTS", -1);
    expect(large.run("ZSCORE", "table", "a")).to.equal('"-0"');
  });

  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where nothing is left of them";

    it(`scan, draw, count and rank only the members that are there, ${where}`, () => {
      const commands = runnerOf({}, { keepTombstones });
      fill(commands, "z", 2000);
      for (let i = 0; i < 2000; i++) if (i % 100 !== 0) commands.run("ZREM", "z", `m${i}`);
      const kept = Array.from({ length: 20 }, (_, i) => `m${i * 100}`);
      expect(commands.run("ZCARD", "z")).to.equal("20");
      expect(stringsOf(commands, "ZRANGE", "z", 0, -1)).to.deep.equal(kept);
      expect(commands.run("ZRANK", "z", "m1900")).to.equal("19");
      expect(commands.run("ZCOUNT", "z", 0, "(1000")).to.equal("10");
      expect(stringsOf(commands, "ZRANDMEMBER", "z", 100)).to.have.members(kept);
      expect(kept).to.include.members(stringsOf(commands, "ZRANDMEMBER", "z", -50));
      expect(stringsOf(commands, "ZUNION", 2, "z", "absent")).to.deep.equal(kept);
      expect(stringsOf(commands, "ZPOPMAX", "z", 100).filter((_, i) => i % 2 === 0)).to.deep.equal(
        kept.toReversed(),
      );
      expect(commands.run("EXISTS", "z")).to.equal("0");
    });

    it(`remove nothing if the reply is refused, ${where}`, () => {
      const commands = new CommandRunner(smallKeyspace({ keepTombstones }), {}, 300);
      for (let i = 0; i < 60; i++) commands.run("ZADD", "z", i, `m${i}`);
      for (const words of [
        ["ZPOPMIN", "z", 59],
        ["ZPOPMAX", "z", 60],
        ["ZMPOP", 1, "z", "MIN", "COUNT", 100],
      ] as const) {
        expect(commands.run(...words)).to.equal(TOO_LARGE);
        expect(commands.keyspace.dirty).to.equal(60);
        expect(commands.run("ZCARD", "z")).to.equal("60");
        expect(commands.run("ZRANK", "z", "m59")).to.equal("59");
      }
    });

    it(`remove thousands in one change, and in the order that they were in, ${where}`, () => {
      const commands = runnerOf({}, { keepTombstones });
      const tap = new DeltaTap(commands.keyspace);
      fill(commands, "z", 5000);
      tap.take();
      expect(commands.run("ZREMRANGEBYRANK", "z", 1, -2)).to.equal("4998");
      const deltas = tap.take();
      expect(deltas).to.have.length(1);
      const [delta] = deltas;
      const body = delta?.kind === "record" ? delta.state.body : undefined;
      expect(body?.kind === "zset" && body.fields.size).to.equal(4998);
      expect(stringsOf(commands, "ZRANGE", "z", 0, -1)).to.deep.equal(["m0", "m4999"]);
    });
  }

  describe("that give up a large sorted set", () => {
    const ways: Readonly<Record<string, readonly (string | number)[]>> = {
      DEL: ["DEL", "z"],
      UNLINK: ["UNLINK", "z"],
      SET: ["SET", "z", "text"],
      ZINTERSTORE: ["ZINTERSTORE", "z", 1, "small"],
      "ZRANGESTORE of nothing": ["ZRANGESTORE", "z", "absent", 0, -1],
      "GEOSEARCHSTORE of nothing": [
        ...["GEOSEARCHSTORE", "z", "absent", "FROMLONLAT", 0, 0],
        ...["BYRADIUS", 1, "m"],
      ],
      "RENAME over it": ["RENAME", "small", "z"],
      "ZPOPMIN of all": ["ZPOPMIN", "z", 5000],
      "ZREMRANGEBYSCORE of all": ["ZREMRANGEBYSCORE", "z", "-inf", "+inf"],
    };
    for (const [what, words] of Object.entries(ways)) {
      it(`by ${what} free it and its order in slices`, () => {
        const commands = runnerOf();
        const { keyspace } = commands;
        commands.run("ZADD", "small", 1, "1");
        const { order } = keyspace.database.fields;
        const before = order.usedBytes;
        fill(commands, "z", 5000);
        expect(order.usedBytes - before).to.be.greaterThan(5000 * 8);
        commands.run(...words);
        expect(keyspace.database.fields.queuedEntries).to.equal(5000);
        let slices = 0;
        for (let freed = keyspace.releaseSlice(500); freed > 0; freed = keyspace.releaseSlice(500)) {
          expect(freed).to.be.at.most(700);
          slices++;
        }
        expect(slices).to.be.at.least(8);
        commands.run("DEL", "z", "small");
        expect(keyspace.records.arena.usedBytes).to.equal(0);
        expect(order.usedBytes).to.equal(before);
      });
    }
  });

  it("put members together off the heap, be they as many as they like", () => {
    const commands = runnerOf();
    fill(commands, "one", 3000);
    fill(commands, "other", 5000);
    commands.run("ZADD", "other", 1, "x");
    expect(commands.run("ZUNIONSTORE", "sum", 2, "one", "other")).to.equal("5001");
    expect(commands.run("ZMSCORE", "sum", "m2999", "m3000", "m4999", "x")).to.equal(
      '["5998" "3000" "4999" "1"]',
    );
    expect(commands.run("ZDIFFSTORE", "rest", 2, "other", "one")).to.equal("2001");
    expect(stringsOf(commands, "ZRANGE", "rest", 0, 1)).to.deep.equal(["x", "m3000"]);
    expect(commands.run("ZINTERCARD", 2, "one", "other")).to.equal("3000");
  });

  it("refuse a union of more than a reply may be, and have changed nothing", () => {
    const commands = new CommandRunner(smallKeyspace(), {}, 2000);
    for (let i = 0; i < 100; i++) commands.run("ZADD", "z", i, `member ${"x".repeat(20)}${i}`);
    expect(commands.run("ZUNION", 1, "z")).to.equal(TOO_LARGE);
    expect(commands.run("ZUNIONSTORE", "y", 1, "z")).to.equal("100");
  });

  it("find places near one without looking at the rest", () => {
    const commands = runnerOf();
    for (let i = 0; i < 4000; i += 10) {
      const words = Array.from({ length: 10 }, (_, j) => {
        const number = i + j;
        return [(number % 80) * 4 - 160, Math.floor(number / 80) * 3 - 75, `p${number}`];
      }).flat();
      commands.run("GEOADD", "map", ...words);
    }
    const { order } = commands.keyspace.database.fields;
    let looked = 0;
    const collect = order.collect.bind(order);
    order.collect = (table, rank, count, into) => {
      const before = into.length;
      collect(table, rank, count, into);
      looked += into.length - before;
    };
    const near = stringsOf(
      ...([commands, "GEOSEARCH", "map", "FROMLONLAT", 0, 0, "BYRADIUS", 500, "km", "ASC"] as const),
    );
    expect(near[0]).to.equal("p2040");
    expect(near).to.have.length(5);
    expect(looked).to.be.lessThan(100);
  });
});
