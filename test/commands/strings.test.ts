import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { notate } from "../support/notation.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

// What Redis answers is in the transcripts; here is what its replies do not show.

const runnerOf = (config = {}, options = {}) => new CommandRunner(smallKeyspace(options), config);

type Words = readonly (string | number)[];

/** Commands that are refused, or find that nothing is to be done, whatever the key `k` holds. */
const REFUSED: readonly Words[] = [
  ["SET", "k", "v", "NX"],
  ["SET", "k", "v", "NX", "XX"],
  ["SET", "k", "v", "EX", "0"],
  ["SET", "k", "v", "EX", "10", "PX", "10"],
  ["SET", "k", "v", "KEEPTTL", "EX", "10"],
  ["SET", "k", "v", "EX", "9223372036854775807"],
  ["SET", "k", "v", "EX", "ten"],
  ["SET", "k", "v", "EX"],
  ["SET", "none", "v", "XX"],
  ["SETNX", "k", "v"],
  ["SETEX", "k", "0", "v"],
  ["PSETEX", "k", "1.5", "v"],
  ["MSET", "k", "v", "none"],
  ["MSETNX", "k", "v", "none"],
  ["MSETNX", "none", "v", "k", "v"],
  ["GETEX", "k", "EX", "-1"],
  ["GETEX", "k", "EX", "1", "PERSIST"],
  ["SETRANGE", "k", "-1", "x"],
  ["SETRANGE", "k", "536870912", "x"],
  ["SETRANGE", "none", "9223372036854775807", "x"],
  ["SETRANGE", "k", "5", ""],
  ["INCRBY", "k", "1.5"],
  ["DECRBY", "k", "-9223372036854775808"],
  ["INCRBYFLOAT", "k", "one"],
  ["INCRBYFLOAT", "k", "inf"],
  ["SETBIT", "k", "-1", "1"],
  ["SETBIT", "k", "4294967296", "1"],
  ["SETBIT", "k", "0", "2"],
];

/** And those that are refused for what the key holds. */
const REFUSED_BY_TYPE: readonly Words[] = [
  ["SET", "k", "v", "GET"],
  ["GETSET", "k", "v"],
  ["GETDEL", "k"],
  ["GETEX", "k", "EX", "10"],
  ["APPEND", "k", "x"],
  ["SETRANGE", "k", "0", "x"],
  ["SETBIT", "k", "0", "1"],
  ["INCR", "k"],
  ["INCRBYFLOAT", "k", "1"],
];

const HOLDINGS: readonly {
  readonly what: string;
  readonly made: readonly Words[];
  readonly more: readonly Words[];
}[] = [
  {
    what: "a text",
    made: [["SET", "k", "text"]],
    more: [
      ["INCR", "k"],
      ["DECRBY", "k", "5"],
      ["INCRBYFLOAT", "k", "1"],
    ],
  },
  { what: "a large text", made: [["SETRANGE", "k", "20000", "x"]], more: [["INCR", "k"]] },
  {
    what: "a counter",
    made: [["INCRBY", "k", "9223372036854775807"]],
    more: [
      ["INCR", "k"],
      ["INCRBY", "k", "9223372036854775807"],
    ],
  },
  { what: "a hash", made: [["HSET", "k", "f", "v"]], more: REFUSED_BY_TYPE },
];

describe("string commands", () => {
  for (const { what, made, more } of HOLDINGS) {
    it(`change nothing and tell nobody where they refuse ${what}`, () => {
      const commands = runnerOf({}, { keepTombstones: true });
      const { keyspace } = commands;
      for (const words of made) commands.run(...words);
      commands.run("PEXPIREAT", "k", START_MS + 100_000);
      const tap = new DeltaTap(keyspace);
      const before = { state: stateOf(keyspace, "k"), dirty: keyspace.dirty, size: keyspace.size };
      for (const words of [...REFUSED, ...more]) {
        commands.run(...words);
        const after = { state: stateOf(keyspace, "k"), dirty: keyspace.dirty, size: keyspace.size };
        expect(after, words.join(" ")).to.deep.equal(before);
        expect(tap.take(), words.join(" ")).to.deep.equal([]);
      }
    });
  }

  it("answer a large value as it was, though it changes before the reply is sent", () => {
    const commands = runnerOf();
    const length = 100_000;
    const texts = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(length));
    commands.run("SET", "k", texts[0]!);
    commands.execute("GET", "k");
    commands.execute("SETRANGE", "k", "0", "X");
    commands.execute("GETSET", "k", texts[1]!);
    commands.execute("SET", "k", texts[2]!, "GET");
    commands.execute("GETRANGE", "k", "1", "-1");
    commands.execute("SETBIT", "k", "0", "1");
    commands.execute("MGET", "k", "k");
    commands.execute("APPEND", "k", "!");
    commands.execute("GETEX", "k", "PXAT", "1");
    commands.execute("SET", "k", texts[3]!);
    commands.execute("GETDEL", "k");
    commands.execute("SET", "k", texts[4]!);
    const edited = `\xe3${texts[2]!.slice(1)}`;
    const quoted = (text: string) => `"${text.replace("\xe3", "\\xe3")}"`;
    expect(commands.takeReplies().map(notate)).to.deep.equal([
      quoted(texts[0]!),
      String(length),
      quoted(`X${texts[0]!.slice(1)}`),
      quoted(texts[1]!),
      quoted(texts[2]!.slice(1)),
      "0",
      `[${quoted(edited)} ${quoted(edited)}]`,
      String(length + 1),
      quoted(`${edited}!`),
      "OK",
      quoted(texts[3]!),
      "OK",
    ]);
  });

  it("lend a large value to replies instead of copying it, and copy only a part that is not worth that", () => {
    const commands = runnerOf();
    commands.run("SETRANGE", "k", "999999", "x");
    const { keyspace } = commands;
    const memoryOf = () => {
      keyspace.peek(Buffer.from("k"), 0, 1);
      return keyspace.records.body(keyspace.at).bytes.buffer;
    };
    for (const [words, isLent] of [
      [["GET", "k"], true],
      [["GETRANGE", "k", "0", "700000"], true],
      [["GETRANGE", "k", "0", "300000"], false],
      [["GETRANGE", "k", "5", "10"], false],
      [["STRLEN", "k"], false],
      [["BITCOUNT", "k"], false],
    ] as const) {
      commands.execute(...words);
      const sent = commands.reply.take().some((segment) => segment.buffer === memoryOf());
      expect(sent, words.join(" ")).to.equal(isLent);
    }
  });

  it("hold a bitmap of 512 MB with one bit in hardly any memory", () => {
    const commands = runnerOf();
    const before = process.memoryUsage().rss;
    expect(commands.run("SETBIT", "k", "4294967295", "1")).to.equal("0");
    expect(commands.run("STRLEN", "k")).to.equal("536870912");
    expect(commands.run("GETBIT", "k", "4294967295")).to.equal("1");
    expect(commands.run("SETBIT", "k", "12345", "1")).to.equal("0");
    expect(commands.run("GETRANGE", "k", "1542", "1544")).to.equal('"\\x00@\\x00"');
    expect(process.memoryUsage().rss - before).to.be.lessThan(100 * 2 ** 20);
    expect(commands.run("DEL", "k")).to.equal("1");
    expect(commands.keyspace.records.outsideBytes).to.equal(0);
  });

  it("find bits beyond 2 ** 31, and count those of ranges by bits", () => {
    const commands = runnerOf();
    commands.run("SETBIT", "k", "2147483649", "1");
    expect(commands.run("BITPOS", "k", "1", "268435450")).to.equal("2147483649");
    expect(commands.run("BITCOUNT", "k", "2147483649", "2147483649", "BIT")).to.equal("1");
    expect(commands.run("BITCOUNT", "k", "2147483640", "2147483648", "BIT")).to.equal("0");
    expect(commands.run("BITCOUNT", "k", "-7", "-7", "BIT")).to.equal("1");
  });

  it("take an expiry over into counters and edits, and drop it where Redis does", () => {
    const commands = runnerOf();
    const deadline = String(START_MS + 100_000);
    for (const [words, isKept] of [
      [["INCR", "k"], true],
      [["INCRBYFLOAT", "k", "0.5"], true],
      [["APPEND", "k", "1"], true],
      [["SETRANGE", "k", "9", "1"], true],
      [["SETBIT", "k", "100", "1"], true],
      [["SET", "k", "v", "KEEPTTL"], true],
      [["GETEX", "k"], true],
      [["SET", "k", "v"], false],
      [["GETSET", "k", "v"], false],
      [["MSET", "k", "v"], false],
      [["GETEX", "k", "PERSIST"], false],
    ] as const) {
      commands.run("SET", "k", "41", "PXAT", deadline);
      commands.run(...words);
      expect(commands.run("PEXPIRETIME", "k"), words.join(" ")).to.equal(isKept ? deadline : "-1");
      expect(commands.keyspace.database.expiringCount).to.equal(isKept ? 1 : 0);
    }
  });

  it("keep deadlines that deltas cannot hold as the last that they can", () => {
    const commands = runnerOf();
    const last = String(Number.MAX_SAFE_INTEGER);
    for (const words of [
      ["SET", "k", "v", "PXAT", "9223372036854775807"],
      ["SET", "k", "v", "EXAT", "9223372036854775"],
      ["PSETEX", "k", "9007199254740992", "v"],
      ["GETEX", "k", "EX", "9007199254741"],
    ]) {
      commands.run("SET", "k", "v");
      commands.run(...words);
      expect(commands.run("PEXPIRETIME", "k"), words.join(" ")).to.equal(last);
    }
    expect(commands.run("EXPIRE", "k", "9007199254741", "GT")).to.equal("0");
    expect(commands.run("EXPIRETIME", "k")).to.equal("9007199254741");
  });
});
