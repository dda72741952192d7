import { expect } from "chai";
import { readScore } from "#torus/delta/score.js";
import type { Journal } from "#torus/keyspace/journal.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";

describe("the journal", () => {
  it("tells a set made of others as if it had packed it itself", () => {
    for (const limits of [{}, SMALL_LIMITS]) {
      const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }), limits);
      commands.run("SADD", "a", "3", "1", "word", "2", "10", "9", "8");
      const tap = new DeltaTap(commands.keyspace);
      commands.run("SUNIONSTORE", "to", "a");
      const [stored] = tap.take();
      openKey(commands.keyspace, "to");
      commands.keyspace.journal!.replaced();
      const [packed] = tap.take();
      expect(packed).to.deep.equal(stored);
    }
  });
});

describe("a change that names fields more than once", () => {
  it("is told by what each was set to last, however long their names are", () => {
    const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }));
    const tap = new DeltaTap(commands.keyspace);
    const [long, other] = ["x".repeat(5000), `${"x".repeat(4999)}y`];
    commands.run("ZADD", "z", 1, long, 2, "a", 3, other, 4, long, 5, "b", 6, long, 7, "a", 8, `${long}x`);
    const [delta] = tap.take();
    if (delta?.kind !== "record" || delta.state.body.kind !== "zset") throw new Error("no sorted set");
    const told = [...delta.state.body.fields].map(([name, { value }]) => [
      name,
      readScore(value!, 0, value!.length),
    ]);
    expect(told).to.deep.equal([
      [other, 3],
      ["b", 5],
      [long, 6],
      ["a", 7],
      [`${long}x`, 8],
    ]);
  });
});

describe("what the journal is told of a collection", () => {
  it("says whether fields may come twice, which is then to be looked for", () => {
    const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }));
    const told: boolean[] = [];
    const journal: Partial<Journal> = {
      fieldChanged() {},
      fieldsChanged: (areDistinct) => told.push(areDistinct),
    };
    commands.keyspace.journal = journal as Journal;
    const areDistinct = (...words: string[]) => {
      told.length = 0;
      commands.run(...words);
      return told;
    };
    expect(areDistinct("SADD", "s", "a", "b", "a", "c")).to.deep.equal([true]);
    expect(areDistinct("SREM", "s", "a", "a", "b")).to.deep.equal([true]);
    expect(areDistinct("HSET", "h", "f", "1", "g", "2", "f", "3")).to.deep.equal([false]);
    expect(areDistinct("HDEL", "h", "f", "g", "f")).to.deep.equal([true]);
    expect(areDistinct("RPUSH", "l", "a", "a", "b")).to.deep.equal([true]);
    expect(areDistinct("LREM", "l", "0", "a")).to.deep.equal([true]);
  });
});
