import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const WRONG_TYPE = '-"WRONGTYPE Operation against a key holding the wrong kind of value"';

const runnerOf = (config = {}, options = {}) => new CommandRunner(smallKeyspace(options), config);

/** Fills a hash with the fields 0 to `count - 1`, whose values are themselves. */
function fill(commands: CommandRunner, key: string, count: number): void {
  for (let from = 0; from < count; from += 1000) {
    const pairs: number[] = [];
    for (let field = from; field < Math.min(from + 1000, count); field++) pairs.push(field, field);
    commands.run("HSET", key, ...pairs);
  }
}

/** The bulk strings of an array, as byte strings. */
function stringsOf(commands: CommandRunner, ...args: (string | number)[]): string[] {
  const reply = commands.ask(...args);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  return reply.items.map((item) => textOf(item)!);
}

/** One call of HSCAN: the next cursor, and the fields. */
function scan(commands: CommandRunner, key: string, cursor: string, ...options: (string | number)[]) {
  const reply = commands.ask("HSCAN", key, cursor, ...options);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  const [next, list] = reply.items;
  if (list?.kind !== "array") throw new Error("no list of fields");
  return {
    next: textOf(next!)!,
    fields: list.items.map((item) => textOf(item)!).filter((_, i) => i % 2 === 0),
  };
}

describe("hash commands", () => {
  for (const keepTombstones of [false, true]) {
    describe(
      keepTombstones ? "where removed fields leave marks" : "where nothing is left of removed fields",
      () => {
        it("answer as Redis does while a hash is packed", () => {
          const commands = runnerOf({}, { keepTombstones });
          expect(commands.run("HSET", "h", "a", "1", "b", "2")).to.equal("2");
          expect(commands.run("HSET", "h", "a", "3", "c", "4")).to.equal("1");
          expect(commands.run("HDEL", "h", "b", "never", "b")).to.equal("1");
          expect(commands.run("HSET", "h", "b", "5")).to.equal("1");
          expect(commands.run("HGETALL", "h")).to.equal('["a" "3" "c" "4" "b" "5"]');
          expect(commands.run("HKEYS", "h")).to.equal('["a" "c" "b"]');
          expect(commands.run("HVALS", "h")).to.equal('["3" "4" "5"]');
          expect(commands.run("HLEN", "h")).to.equal("3");
          expect(commands.run("HMGET", "h", "b", "x", "a")).to.equal('["5" nil "3"]');
          expect(commands.run("HDEL", "h", "a", "b", "c")).to.equal("3");
          expect(commands.run("HGETALL", "h")).to.equal("[]");
          expect(commands.run("HLEN", "h")).to.equal("0");
          expect(commands.run("SET", "h", "text")).to.equal("OK");
        });

        it("answer the same once the hash is a table", () => {
          const commands = runnerOf({ hashMaxListpackEntries: 0 }, { keepTombstones });
          expect(commands.run("HSET", "h", "a", "1", "b", "2")).to.equal("2");
          expect(commands.run("HSET", "h", "a", "3", "c", "4")).to.equal("1");
          expect(commands.run("HDEL", "h", "b", "never", "b")).to.equal("1");
          expect(commands.run("HEXISTS", "h", "b")).to.equal("0");
          expect(commands.run("HSTRLEN", "h", "b")).to.equal("0");
          expect(stringsOf(commands, "HKEYS", "h")).to.have.members(["a", "c"]);
          expect(commands.run("HSET", "h", "b", "5")).to.equal("1");
          expect(stringsOf(commands, "HVALS", "h")).to.have.members(["3", "4", "5"]);
          expect(commands.run("HMGET", "h", "b", "x", "a")).to.equal('["5" nil "3"]');
          expect(commands.run("HDEL", "h", "a", "b", "c")).to.equal("3");
          expect(commands.run("HGETALL", "h")).to.equal("[]");
          expect(commands.run("HRANDFIELD", "h")).to.equal("nil");
        });

        it("scan, draw and count only the fields that are there", () => {
          const commands = runnerOf({}, { keepTombstones });
          fill(commands, "h", 2000);
          for (let field = 0; field < 2000; field++) if (field % 100 !== 0) commands.run("HDEL", "h", field);
          expect(commands.run("HLEN", "h")).to.equal("20");
          const kept = Array.from({ length: 20 }, (_, i) => String(i * 100));
          expect(scan(commands, "h", "0", "COUNT", 10_000).fields).to.have.members(kept);
          expect(stringsOf(commands, "HRANDFIELD", "h", 100)).to.have.members(kept);
          expect(kept).to.include.members(stringsOf(commands, "HRANDFIELD", "h", 5));
          expect(kept).to.include.members(stringsOf(commands, "HRANDFIELD", "h", -50));
        });
      },
    );
  }

  it("refuse a key of another type, and leave it alone", () => {
    const commands = runnerOf();
    commands.run("SET", "s", "text");
    for (const args of [
      ["HSET", "s", "f", "v"],
      ["HSETNX", "s", "f", "v"],
      ["HMSET", "s", "f", "v"],
      ["HGET", "s", "f"],
      ["HMGET", "s", "f"],
      ["HGETALL", "s"],
      ["HKEYS", "s"],
      ["HVALS", "s"],
      ["HLEN", "s"],
      ["HSTRLEN", "s", "f"],
      ["HEXISTS", "s", "f"],
      ["HDEL", "s", "f"],
      ["HINCRBY", "s", "f", "1"],
      ["HINCRBYFLOAT", "s", "f", "1"],
      ["HRANDFIELD", "s"],
      ["HRANDFIELD", "s", "1"],
      ["HSCAN", "s", "0"],
    ]) {
      expect(commands.run(...args), args.join(" ")).to.equal(WRONG_TYPE);
    }
    expect(commands.run("GET", "s")).to.equal('"text"');
  });

  it("give RESP3 a map of a hash, pairs of drawn fields, and its own null", () => {
    const commands = runnerOf();
    commands.reply.resp = 3;
    commands.run("HSET", "h", "f", "v");
    expect(commands.run("HGETALL", "h")).to.equal('{"f": "v"}');
    expect(commands.run("HGETALL", "absent")).to.equal("{}");
    expect(commands.run("HRANDFIELD", "h", 2, "WITHVALUES")).to.equal('[["f" "v"]]');
    expect(commands.run("HRANDFIELD", "h", -2, "WITHVALUES")).to.equal('[["f" "v"] ["f" "v"]]');
    expect(commands.run("HKEYS", "h")).to.equal('["f"]');
    expect(commands.run("HGET", "h", "x")).to.equal("_");
    expect(commands.run("HRANDFIELD", "absent")).to.equal("_");
  });

  it("count in 64 bits and change nothing on overflow", () => {
    const commands = runnerOf();
    expect(commands.run("HINCRBY", "h", "n", "9223372036854775806")).to.equal("9223372036854775806");
    expect(commands.run("HINCRBY", "h", "n", "1")).to.equal("9223372036854775807");
    expect(commands.run("HINCRBY", "h", "n", "1")).to.equal('-"ERR increment or decrement would overflow"');
    expect(commands.run("HGET", "h", "n")).to.equal('"9223372036854775807"');
    expect(commands.run("HINCRBY", "h", "n", "-9223372036854775808")).to.equal("-1");
    expect(commands.run("HINCRBY", "absent", "n", "x")).to.equal(
      '-"ERR value is not an integer or out of range"',
    );
    expect(commands.run("HLEN", "absent")).to.equal("0");
  });

  it("count each field that changed, as Redis counts changes since the last save", () => {
    const commands = runnerOf();
    commands.run("HSET", "h", "a", "1", "b", "2", "c", "3");
    commands.run("HDEL", "h", "a", "b", "x");
    expect(commands.keyspace.dirty).to.equal(5);
    commands.run("HDEL", "h", "x");
    commands.run("HSETNX", "h", "c", "4");
    expect(commands.keyspace.dirty).to.equal(5);
  });

  it("count a hit or a miss for each key read, and none for a write", () => {
    const commands = runnerOf();
    commands.run("HSET", "h", "a", "1");
    commands.run("HINCRBY", "h", "a", "1");
    commands.run("HGET", "h", "x");
    commands.run("HMGET", "absent", "a", "b");
    const { hits, misses } = commands.keyspace.stats;
    expect({ hits, misses }).to.deep.equal({ hits: 1, misses: 1 });
  });

  it("answer a large value as it was, though it changes before the reply is sent", () => {
    const commands = runnerOf();
    const [before, after] = ["x".repeat(100_000), "y".repeat(100_000)];
    commands.run("HSET", "h", "f", before);
    commands.execute("HGET", "h", "f");
    commands.execute("HSET", "h", "f", after);
    commands.execute("HGETALL", "h");
    commands.execute("HDEL", "h", "f");
    commands.execute("HSET", "other", "f", before);
    expect(commands.takeReplies().map(notate)).to.deep.equal([
      `"${before}"`,
      "0",
      `["f" "${after}"]`,
      "1",
      "1",
    ]);
  });

  describe("HSCAN", () => {
    it("answers a packed hash whole, whatever cursor and count", () => {
      const commands = runnerOf();
      fill(commands, "h", 100);
      for (const cursor of ["0", "17", "18446744073709551615", "-1", ""]) {
        const { next, fields } = scan(commands, "h", cursor, "COUNT", 1);
        expect(next).to.equal("0");
        expect(fields).to.have.length(100);
      }
    });

    it("meets every field that is there throughout, exactly once, while others come and go", () => {
      const commands = runnerOf();
      fill(commands, "h", 5000);
      const seen: string[] = [];
      let cursor = "0";
      let step = 0;
      do {
        const { next, fields } = scan(commands, "h", cursor, "COUNT", 37);
        seen.push(...fields.filter((field) => Number(field) < 1000));
        cursor = next;
        // First the table grows through several sizes, then it shrinks.
        step++;
        const batch = Array.from({ length: 400 }, (_, i) => 5000 + step * 400 + i);
        if (step < 40) commands.run("HSET", "h", ...batch.flatMap((field) => [field, "new"]));
        else
          commands.run("HDEL", "h", ...Array.from({ length: 400 }, (_, i) => 1000 + (step - 40) * 400 + i));
      } while (cursor !== "0");
      expect(step).to.be.greaterThan(60);
      expect(seen).to.have.length(1000);
      expect(new Set(seen).size).to.equal(1000);
    });

    it("filters by pattern, and answers a cursor though nothing matched", () => {
      const commands = runnerOf();
      fill(commands, "h", 3000);
      const { next, fields } = scan(commands, "h", "0", "MATCH", "none*");
      expect(fields).to.deep.equal([]);
      expect(next).to.not.equal("0");
      expect(scan(commands, "h", "0", "MATCH", "299?", "COUNT", 10_000).fields).to.have.length(10);
    });

    it("ends at once for a cursor that no scan gave", () => {
      const commands = runnerOf();
      fill(commands, "h", 3000);
      expect(scan(commands, "h", "18446744073709551615")).to.deep.equal({ next: "0", fields: [] });
    });
  });

  describe("HRANDFIELD", () => {
    for (const [form, length] of [
      ["packed", 50],
      ["large", 1000],
    ] as const) {
      it(`draws all fields of a ${form} hash equally often`, () => {
        const commands = runnerOf();
        fill(commands, "h", length);
        const counts = new Map<string, number>();
        for (const field of stringsOf(commands, "HRANDFIELD", "h", -100 * length)) {
          counts.set(field, (counts.get(field) ?? 0) + 1);
        }
        // Chi-square over `length` cells of 100 expected draws each: six standard deviations above its mean.
        let chiSquare = 0;
        for (let field = 0; field < length; field++)
          chiSquare += ((counts.get(String(field)) ?? 0) - 100) ** 2 / 100;
        expect(chiSquare).to.be.lessThan(length + 6 * Math.sqrt(2 * length));
      });

      for (const count of [1, 7, 30, length - 1, length, length + 1]) {
        it(`draws ${count} different fields of a ${form} hash of ${length}`, () => {
          const commands = runnerOf();
          fill(commands, "h", length);
          const fields = stringsOf(commands, "HRANDFIELD", "h", count);
          expect(new Set(fields).size).to.equal(Math.min(count, length));
          const pairs = stringsOf(commands, "HRANDFIELD", "h", count, "WITHVALUES");
          expect(pairs).to.have.length(2 * Math.min(count, length));
          for (let i = 0; i < pairs.length; i += 2) expect(pairs[i]).to.equal(pairs[i + 1]);
        });
      }
    }

    it("refuses at once what no memory holds", () => {
      const commands = runnerOf();
      commands.run("HSET", "h", "f", "v");
      for (const count of ["-1000000000000", "-9223372036854775807"]) {
        expect(commands.run("HRANDFIELD", "h", count)).to.equal(
          '-"ERR the reply would be larger than 1 GiB"',
        );
      }
    });
  });
});
