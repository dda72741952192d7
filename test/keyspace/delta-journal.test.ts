import { expect } from "chai";
import type { Journal } from "#torus/keyspace/journal.js";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";

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
  });
});
