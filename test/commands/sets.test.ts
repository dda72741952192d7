import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";

const runnerOf = (config = {}, options = {}) => new CommandRunner(smallKeyspace(options), config);

/** Fills a set with the integers from 0 to `count - 1`, which one above it leaves no set of integers. */
function fill(commands: CommandRunner, key: string, count: number): void {
  for (let from = 0; from < count; from += 1000) {
    const members: number[] = [];
    for (let member = from; member < Math.min(from + 1000, count); member++) members.push(member);
    commands.run("SADD", key, ...members);
  }
}

/** The bulk strings of an array or a set, as byte strings. */
function stringsOf(commands: CommandRunner, ...args: (string | number)[]): string[] {
  const reply = commands.ask(...args);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  return reply.items.map((item) => textOf(item)!);
}

/** One call of SSCAN: the next cursor, and the members. */
function scan(commands: CommandRunner, key: string, cursor: string, ...options: (string | number)[]) {
  const reply = commands.ask("SSCAN", key, cursor, ...options);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  const [next, list] = reply.items;
  if (list?.kind !== "array") throw new Error("no list of members");
  return { next: textOf(next!)!, members: list.items.map((item) => textOf(item)!) };
}

describe("set commands", () => {
  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where nothing is left of them";

    it(`scan, draw and count only the members that are there, ${where}`, () => {
      const commands = runnerOf({}, { keepTombstones });
      fill(commands, "s", 2000);
      for (let member = 0; member < 2000; member++) if (member % 100 !== 0) commands.run("SREM", "s", member);
      expect(commands.run("SCARD", "s")).to.equal("20");
      const kept = Array.from({ length: 20 }, (_, i) => String(i * 100));
      expect(scan(commands, "s", "0", "COUNT", 10_000).members).to.have.members(kept);
      expect(stringsOf(commands, "SRANDMEMBER", "s", 100)).to.have.members(kept);
      expect(kept).to.include.members(stringsOf(commands, "SRANDMEMBER", "s", -50));
      expect(stringsOf(commands, "SUNION", "s", "absent")).to.have.members(kept);
      expect(stringsOf(commands, "SPOP", "s", 100)).to.have.members(kept);
      expect(commands.run("EXISTS", "s")).to.equal("0");
    });
  }

  it("count each member that changed, as Redis counts changes since the last save, and nothing that was so before", () => {
    const commands = runnerOf();
    const { keyspace } = commands;
    commands.run("SADD", "s", "a", "b", "c", "a");
    expect(keyspace.dirty).to.equal(3);
    commands.run("SADD", "s", "a");
    commands.run("SREM", "s", "x");
    expect(keyspace.dirty).to.equal(3);
    commands.run("SREM", "s", "a", "x");
    commands.run("SPOP", "s");
    expect(keyspace.dirty).to.equal(5);
    commands.run("SADD", "t", "b", "c");
    commands.run("SMOVE", "t", "u", "b");
    expect(keyspace.dirty).to.equal(9);
    commands.run("SUNIONSTORE", "v", "t", "u");
    commands.run("SUNIONSTORE", "v", "absent");
    commands.run("SUNIONSTORE", "v", "absent");
    expect(keyspace.dirty).to.equal(11);
  });

  it("count a hit or a miss for each key read, and none for a write", () => {
    const commands = runnerOf();
    commands.run("SADD", "s", "a");
    commands.run("SREM", "s", "x");
    commands.run("SISMEMBER", "s", "x");
    commands.run("SINTER", "s", "absent", "s");
    commands.run("SDIFFSTORE", "t", "s", "absent");
    const { hits, misses } = commands.keyspace.stats;
    expect({ hits, misses }).to.deep.equal({ hits: 4, misses: 2 });
  });

  it("find what expires on the way gone, be it one of several sets or the destination", () => {
    const commands = runnerOf();
    const { keyspace } = commands;
    for (const name of ["a", "b", "d"]) commands.run("SADD", name, "1", "2");
    commands.run("PEXPIRE", "b", 10);
    commands.run("PEXPIRE", "d", 10);
    keyspace.tick(START_MS + 20);
    expect(commands.run("SUNION", "a", "b")).to.equal('["1" "2"]');
    expect(commands.run("SINTER", "a", "b")).to.equal("[]");
    expect(commands.run("SMOVE", "a", "d", "1")).to.equal("1");
    expect(commands.run("SMEMBERS", "d")).to.equal('["1"]');
  });

  it("hold members that are longer than any buffer of theirs", () => {
    const commands = runnerOf();
    const [one, other] = ["x".repeat(50_000), "y".repeat(70_000)];
    commands.run("SADD", "s", one, other, "short");
    expect(commands.run("SISMEMBER", "s", one)).to.equal("1");
    commands.run("SMOVE", "s", "t", other);
    expect(commands.run("SMEMBERS", "t")).to.equal(`["${other}"]`);
    expect(commands.run("SPOP", "t")).to.equal(`"${other}"`);
    expect(stringsOf(commands, "SPOP", "s", 2)).to.have.members([one, "short"]);
  });

  describe("that give up a large set", () => {
    const ways: Readonly<Record<string, readonly (string | number)[]>> = {
      DEL: ["DEL", "s"],
      UNLINK: ["UNLINK", "s"],
      SET: ["SET", "s", "text"],
      SINTERSTORE: ["SINTERSTORE", "s", "small"],
      "SDIFFSTORE of nothing": ["SDIFFSTORE", "s", "absent"],
      "RENAME over it": ["RENAME", "small", "s"],
      "SPOP of all": ["SPOP", "s", 5000],
    };
    for (const [what, words] of Object.entries(ways)) {
      it(`by ${what} free it in slices`, () => {
        const commands = runnerOf();
        const { keyspace } = commands;
        commands.run("SADD", "small", "1");
        fill(commands, "s", 5000);
        commands.run(...words);
        expect(keyspace.database.fields.queuedEntries).to.equal(5000);
        let slices = 0;
        for (let freed = keyspace.releaseSlice(500); freed > 0; freed = keyspace.releaseSlice(500)) {
          expect(freed).to.be.at.most(700);
          slices++;
        }
        expect(slices).to.be.at.least(8);
        commands.run("DEL", "s", "small");
        expect(keyspace.records.arena.usedBytes).to.equal(0);
      });
    }

    it("hand it over by its name, and copy it by COPY", () => {
      const commands = runnerOf();
      fill(commands, "s", 5000);
      commands.run("RENAME", "s", "t");
      expect(commands.keyspace.database.fields.queuedEntries).to.equal(0);
      commands.run("COPY", "t", "u");
      commands.run("SREM", "u", "0");
      expect(commands.run("SCARD", "t")).to.equal("5000");
      expect(commands.run("SDIFF", "t", "u")).to.equal('["0"]');
    });
  });

  describe("of several sets", () => {
    /** Counts how often members are looked for in tables from now on. */
    const countAsked = ({ keyspace }: CommandRunner): (() => number) => {
      const { fields } = keyspace.database;
      let asked = 0;
      const find = fields.find.bind(fields);
      fields.find = (table, hash, bytes, start, end) => {
        asked++;
        return find(table, hash, bytes, start, end);
      };
      return () => asked;
    };

    it("unite large ones by asking those walked before, the largest first, and remember nothing", () => {
      const commands = runnerOf();
      fill(commands, "small", 600);
      fill(commands, "large", 5000);
      commands.run("SADD", "small", "x", "y");
      const asked = countAsked(commands);
      const { add } = Set.prototype;
      let remembered = 0;
      Set.prototype.add = function (value) {
        remembered++;
        return add.call(this, value);
      };
      try {
        commands.execute("SUNION", "small", "large");
      } finally {
        Set.prototype.add = add;
      }
      const [reply] = commands.takeReplies();
      expect(reply?.kind === "array" && reply.items.length).to.equal(5002);
      expect(remembered).to.equal(0);
      expect(asked()).to.equal(602);
    });

    it("take small ones off a large one by one walk of each", () => {
      const commands = runnerOf();
      fill(commands, "large", 5000);
      const others = Array.from({ length: 10 }, (_, i) => `other${i}`);
      for (const [i, other] of others.entries()) {
        fill(commands, other, 600);
        commands.run("SADD", other, 5000 - i);
      }
      const asked = countAsked(commands);
      expect(stringsOf(commands, "SDIFF", "large", ...others)).to.have.length(4400 - 9);
      expect(asked()).to.equal(0);
    });

    it("answer as sets do, be they many, small or large, with long members or marks among them", () => {
      const commands = runnerOf(SMALL_LIMITS, { keepTombstones: true });
      const prng = new Prng("several");
      const nameOf = (number: number) => (number % 7 === 0 ? `${number}`.repeat(70) : `${number}`);
      for (let round = 0; round < 30; round++) {
        commands.run("FLUSHALL");
        const keys: string[] = [];
        const sets: Set<string>[] = [];
        for (let i = 0; i < 1 + (prng.uint32() % 14); i++) {
          const members = Array.from({ length: 1 + (prng.uint32() % (i % 3 === 0 ? 4 : 90)) }, () =>
            nameOf(prng.uint32() % 100),
          );
          commands.run("SADD", `k${i}`, ...members, "removed");
          commands.run("SREM", `k${i}`, "removed");
          keys.push(`k${i}`);
          sets.push(new Set(members));
        }
        const [first, ...others] = sets;
        const all = new Set(sets.flatMap((set) => [...set]));
        const hasEach = (member: string) => others.map((set) => set.has(member));
        expect(stringsOf(commands, "SUNION", ...keys).sort()).to.deep.equal([...all].sort());
        expect(stringsOf(commands, "SDIFF", ...keys).sort()).to.deep.equal(
          [...first!].filter((member) => !hasEach(member).includes(true)).sort(),
        );
        expect(stringsOf(commands, "SINTER", ...keys).sort()).to.deep.equal(
          [...first!].filter((member) => !hasEach(member).includes(false)).sort(),
        );
      }
    });
  });

  describe("SSCAN", () => {
    it("meets every member that is there throughout, exactly once, while others come and go", () => {
      const commands = runnerOf();
      fill(commands, "s", 5000);
      const seen: string[] = [];
      let cursor = "0";
      let step = 0;
      do {
        const { next, members } = scan(commands, "s", cursor, "COUNT", 37);
        seen.push(...members.filter((member) => Number(member) < 1000));
        cursor = next;
        // First the table grows through several sizes, then it shrinks.
        step++;
        const grows = step < 40;
        const from = grows ? 5000 + step * 400 : 1000 + (step - 40) * 400;
        commands.run(grows ? "SADD" : "SREM", "s", ...Array.from({ length: 400 }, (_, i) => from + i));
      } while (cursor !== "0");
      expect(step).to.be.greaterThan(60);
      expect(seen).to.have.length(1000);
      expect(new Set(seen).size).to.equal(1000);
    });
  });

  describe("SRANDMEMBER and SPOP", () => {
    for (const [form, length] of [
      ["packed", 50],
      ["large", 1000],
    ] as const) {
      /** Chi-square over `length` cells of 20 expected draws each: six standard deviations above its mean. */
      const expectEven = (drawn: readonly string[]) => {
        const counts = new Map<string, number>();
        for (const member of drawn) counts.set(member, (counts.get(member) ?? 0) + 1);
        let chiSquare = 0;
        for (let member = 0; member < length; member++)
          chiSquare += ((counts.get(String(member)) ?? 0) - 20) ** 2 / 20;
        expect(chiSquare).to.be.lessThan(length + 6 * Math.sqrt(2 * length));
      };

      it(`draw all members of a ${form} set equally often`, () => {
        const commands = runnerOf();
        fill(commands, "s", length);
        expectEven(stringsOf(commands, "SRANDMEMBER", "s", -20 * length));
        expectEven(
          Array.from({ length: 20 * length }, () => {
            const member = textOf(commands.ask("SPOP", "s"))!;
            commands.run("SADD", "s", member);
            return member;
          }),
        );
      });

      for (const count of [1, 7, 30, length - 1, length, length + 1]) {
        it(`draw ${count} different members of a ${form} set of ${length}`, () => {
          const commands = runnerOf();
          fill(commands, "s", length);
          const drawn = Math.min(count, length);
          expect(new Set(stringsOf(commands, "SRANDMEMBER", "s", count)).size).to.equal(drawn);
          expect(commands.run("SCARD", "s")).to.equal(`${length}`);
          expect(new Set(stringsOf(commands, "SPOP", "s", count)).size).to.equal(drawn);
          expect(commands.run("SCARD", "s")).to.equal(`${length - drawn}`);
        });
      }
    }

    for (const keepTombstones of [false, true]) {
      const where = keepTombstones ? "where removed members leave marks" : "where nothing is left of them";

      it(`remove nothing if the reply is refused, ${where}`, () => {
        // What is put aside fits, at four bytes a member; the reply, at seven, does not.
        const commands = new CommandRunner(smallKeyspace({ keepTombstones }), {}, 300);
        const members = Array.from({ length: 60 }, (_, i) => String.fromCharCode(65 + i));
        commands.run("SADD", "s", ...members);
        for (const count of [59, 60]) {
          expect(commands.run("SPOP", "s", count)).to.equal('-"ERR the reply would be larger than 1 GiB"');
          expect(commands.keyspace.dirty).to.equal(60);
          expect(commands.run("SCARD", "s")).to.equal("60");
        }
        const there = members.map((member) => commands.run("SISMEMBER", "s", member));
        expect(there).to.not.include("0");
      });
    }

    it("refuse at once what no memory holds", () => {
      const commands = runnerOf();
      commands.run("SADD", "s", "m");
      for (const count of ["-1000000000000", "-9223372036854775807"]) {
        expect(commands.run("SRANDMEMBER", "s", count)).to.equal(
          '-"ERR the reply would be larger than 1 GiB"',
        );
      }
    });
  });
});
