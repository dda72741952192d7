import { expect } from "chai";
import { hexOf, valueDigest } from "#torus/keyspace/value-digest.js";
import { CommandRunner } from "../support/command-runner.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";

/** The digest of a key after some commands, on a keyspace of its own. */
function digestAfter(key: string, ...commands: readonly (readonly string[])[]): string {
  const keyspace = smallKeyspace({ seed: commands.length });
  const runner = new CommandRunner(keyspace);
  for (const words of commands) runner.execute(...words);
  openKey(keyspace, key);
  return hexOf(valueDigest(keyspace));
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

describe("the digest of a value", () => {
  it("is that of nothing where there is no key", () => {
    expect(digestAfter("k")).to.equal("0".repeat(40));
  });

  const alike: readonly (readonly [
    string,
    readonly (readonly string[])[],
    readonly (readonly string[])[],
  ])[] = [
    [
      "text and counter",
      [["SET", "k", "5"]],
      [
        ["INCRBY", "k", "2"],
        ["INCRBY", "k", "3"],
      ],
    ],
    [
      "text written at once and in parts",
      [["SET", "k", "abcd"]],
      [
        ["APPEND", "k", "ab"],
        ["APPEND", "k", "cd"],
      ],
    ],
    [
      "set in another order",
      [["SADD", "k", "a", "b", "c"]],
      [
        ["SADD", "k", "c", "a"],
        ["SADD", "k", "b"],
      ],
    ],
    [
      "packed and large set",
      [
        ["SADD", "k", ...numbers(600)],
        ["SREM", "k", ...numbers(590, 10)],
      ],
      [["SADD", "k", ...numbers(10)]],
    ],
    [
      "stream with another past, and with groups",
      [["XADD", "k", "5-1", "f", "v", "g", ""]],
      [
        ["XADD", "k", "2-1", "f", "v"],
        ["XADD", "k", "5-1", "f", "v", "g", ""],
        ["XGROUP", "CREATE", "k", "group", "0"],
        ["XREADGROUP", "GROUP", "group", "alice", "STREAMS", "k", ">"],
        ["XDEL", "k", "2-1"],
        ["XSETID", "k", "9-1"],
      ],
    ],
    [
      "hash in another order",
      [["HSET", "k", "a", "1", "b", "2"]],
      [
        ["HSET", "k", "b", "2"],
        ["HSET", "k", "a", "1"],
      ],
    ],
    [
      "list pushed from either end",
      [["RPUSH", "k", "1", "2", "3"]],
      [
        ["RPUSH", "k", "2", "3"],
        ["LPUSH", "k", "1"],
      ],
    ],
  ];
  for (const [what, one, other] of alike) {
    it(`is the same of a ${what}`, () =>
      expect(digestAfter("k", ...one)).to.equal(digestAfter("k", ...other)));
  }

  const different: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["texts", ["SET", "k", "a"], ["SET", "k", "b"]],
    ["lists in another order", ["RPUSH", "k", "1", "2"], ["RPUSH", "k", "2", "1"]],
    ["a set and a list", ["SADD", "k", "a"], ["RPUSH", "k", "a"]],
    ["fields and values exchanged", ["HSET", "k", "a", "b"], ["HSET", "k", "b", "a"]],
    ["values of two fields exchanged", ["HSET", "k", "a", "1", "b", "2"], ["HSET", "k", "a", "2", "b", "1"]],
    ["elements parted otherwise", ["RPUSH", "k", "ab", "c"], ["RPUSH", "k", "a", "bc"]],
  ];
  for (const [what, one, other] of different) {
    it(`differs of ${what}`, () => expect(digestAfter("k", one)).to.not.equal(digestAfter("k", other)));
  }
});
