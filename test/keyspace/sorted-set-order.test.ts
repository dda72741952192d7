/** Whatever happens to a sorted set, in whichever form, its order is that of the scores and members that it has. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { Compactor } from "#torus/keyspace/compactor.js";
import { isTable } from "#torus/keyspace/entries-body.js";
import { mergeEntries, packWhole } from "#torus/keyspace/entries-state.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { dropMarks } from "#torus/keyspace/remains.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { textOf } from "../support/reply.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

const KEYS = ["a", "b", "c"];

class Owner {
  readonly keyspace: Keyspace;
  readonly commands: CommandRunner;

  constructor(origin: number, keepTombstones: boolean) {
    this.keyspace = smallKeyspace({ origin, keepTombstones });
    this.commands = new CommandRunner(this.keyspace, SMALL_LIMITS);
  }

  textsOf(...args: (string | number)[]): string[] {
    const reply = this.commands.ask(...args);
    if (reply.kind !== "array") throw new Error("not an array");
    return reply.items.map((item) => textOf(item)!);
  }

  /** Members and scores as they lie, in any order. */
  pairsOf(key: string): [string, number][] {
    const found = new Map<string, number>();
    let cursor = "0";
    do {
      const reply = this.commands.ask("ZSCAN", key, cursor, "COUNT", 100);
      if (reply.kind !== "array" || reply.items[1]?.kind !== "array") throw new Error("no scan");
      cursor = textOf(reply.items[0]!)!;
      const texts = reply.items[1].items.map((item) => textOf(item)!);
      for (let i = 0; i < texts.length; i += 2) found.set(texts[i]!, numberOf(texts[i + 1]!));
    } while (cursor !== "0");
    return [...found];
  }

  expectOrder(key: string): void {
    if (this.commands.run("TYPE", key) !== "zset") return;
    const sorted = this.pairsOf(key).sort(([a, left], [b, right]) =>
      left === right ? (a < b ? -1 : 1) : left - right,
    );
    const names = sorted.map(([name]) => name);
    expect(this.textsOf("ZRANGE", key, 0, -1)).to.deep.equal(names);
    expect(this.textsOf("ZREVRANGE", key, 0, -1)).to.deep.equal(names.toReversed());
    expect(this.commands.run("ZCARD", key)).to.equal(String(names.length));
    for (const [rank, name] of names.entries()) {
      if (rank % 50 === 0) expect(this.commands.run("ZRANK", key, name)).to.equal(String(rank));
    }
  }

  /** Joins what another one has under the key into what this one has. */
  merge(other: Owner, key: string): void {
    openKey(other.keyspace, key);
    const { database, at } = other.keyspace;
    const type = other.commands.run("TYPE", key);
    if (at === NOWHERE || type !== "zset" || this.commands.run("TYPE", key) !== "zset") return;
    openKey(other.keyspace, key);
    const state = new ByteWriter({ bytesMax: 2 ** 26 });
    packWhole(database, other.keyspace.at, state);
    openKey(this.keyspace, key);
    mergeEntries(this.keyspace, SMALL_LIMITS, { bytes: state.bytes, start: 0, end: state.length });
    this.keyspace.changed();
  }

  dropMarks(key: string): void {
    openKey(this.keyspace, key);
    const { at, database } = this.keyspace;
    if (at !== NOWHERE && isTable(database, at)) dropMarks(this.keyspace, at, null);
  }
}

function numberOf(text: string): number {
  return text === "inf"
    ? Number.POSITIVE_INFINITY
    : text === "-inf"
      ? Number.NEGATIVE_INFINITY
      : Number(text);
}

const key = fc.constantFrom(...KEYS);
const score = fc.constantFrom("0", "-0", "1", "1", "2", "-3.5", "inf", "-inf", "1e300", "5e-324", "0.1");
const member = fc.nat(30).map((number) => `m${number}`);
const many = fc
  .tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 40 }))
  .map(([count, step]) => Array.from({ length: count }, (_, i) => [(i * 7) % step, `n${i}`]).flat());
const command: fc.Arbitrary<(string | number)[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, score, member).map(([k, s, m]) => ["ZADD", k, s, m]) },
  { weight: 2, arbitrary: fc.tuple(key, many).map(([k, pairs]) => ["ZADD", k, ...pairs]) },
  { weight: 2, arbitrary: fc.tuple(key, member).map(([k, m]) => ["ZREM", k, m]) },
  { weight: 2, arbitrary: fc.tuple(key, score, member).map(([k, s, m]) => ["ZINCRBY", k, s, m]) },
  { weight: 2, arbitrary: fc.tuple(key, fc.nat(900)).map(([k, n]) => ["ZREMRANGEBYRANK", k, 3, n]) },
  { weight: 1, arbitrary: fc.tuple(key, score).map(([k, s]) => ["ZREMRANGEBYSCORE", k, s, "inf"]) },
  { weight: 1, arbitrary: fc.tuple(key, fc.nat(50)).map(([k, n]) => ["ZPOPMAX", k, n]) },
  { weight: 1, arbitrary: fc.tuple(key, key).map(([k, l]) => ["COPY", k, l, "REPLACE"]) },
  { weight: 1, arbitrary: fc.tuple(key, key).map(([k, l]) => ["RENAME", k, l]) },
  { weight: 1, arbitrary: fc.tuple(key, key, key).map(([k, l, m]) => ["ZUNIONSTORE", k, 2, l, m]) },
  { weight: 1, arbitrary: fc.tuple(key, key).map(([k, l]) => ["ZRANGESTORE", k, l, 1, 300]) },
  { weight: 1, arbitrary: key.map((k) => ["DEL", k]) },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant("run" as const), who: fc.nat(1), key, command }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom("merge" as const, "merge", "compact", "drop marks", "free"),
      who: fc.nat(1),
      key,
      command,
    }),
  },
);

describe("the order of a sorted set", () => {
  for (const keepTombstones of [false, true]) {
    it(`is that of what it has, ${keepTombstones ? "with" : "without"} marks of what was removed`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
          const owners = [new Owner(7, keepTombstones), new Owner(8, keepTombstones)] as const;
          for (const { what, who, key, command } of steps) {
            const owner = owners[who as 0 | 1];
            if (what === "run") owner.commands.run(...command);
            else if (what === "merge") owner.merge(owners[(1 - who) as 0 | 1], key);
            else if (what === "drop marks") owner.dropMarks(key);
            else if (what === "free") while (owner.keyspace.releaseSlice(100) > 0);
            else new Compactor(owner.keyspace, { monotonicMs: () => 0, wallMs: () => START_MS }).compact(1);
            for (const key of KEYS) owner.expectOrder(key);
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});
