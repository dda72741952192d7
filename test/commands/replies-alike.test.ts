import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { commandByName } from "#torus/commands/table.js";
import { agree } from "../differential/comparison.js";
import type { Command, Group } from "../differential/group.js";
import { groups } from "../differential/groups/index.js";
import { makeProgram } from "../differential/program.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** The others are of connections. */
const GROUPS = groups.filter(({ name }) => name !== "connection" && name !== "transactions");
const SEEDS = 10;
/** A time in which what is to expire soon in random programs does so: see `Vocabulary.duration`. */
const LONG_MS = 4_000_000;

/** The commands of a random program that a keyspace can execute by itself. */
function dataCommands(group: Group, seed: number): Command[] {
  return makeProgram(group, seed)
    .turns.flatMap(({ commands }) => commands)
    .filter((words) => {
      const command = commandByName.get(words[0]!.toLowerCase());
      if (command?.kind !== "data") return false;
      // Of one key it stores the count, but where others have copies it does not.
      if (command.name === "pfcount" && words.length === 2) return false;
      // Where others have copies, an id that is made ends in the number of the node.
      if (command.name === "xadd" && words.some((word) => word.endsWith("*"))) return false;
      return command.arity < 0 ? words.length >= -command.arity : words.length === command.arity;
    });
}

describe("what is kept of deleted keys, and who listens, shows in no reply", () => {
  for (const group of GROUPS) {
    it(`of commands on ${group.name}`, () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const bare = smallKeyspace({ seed });
        const kept = smallKeyspace({ seed, keepTombstones: true });
        const tap = new DeltaTap(kept);
        const runners = [bare, kept].map((keyspace) => new CommandRunner(keyspace));
        const random = new Prng(seed);
        let nowMs = START_MS;
        for (const words of dataCommands(group, seed)) {
          if (random.chance(0.2)) nowMs += random.chance(0.1) ? LONG_MS : random.below(3);
          for (const { keyspace } of runners) keyspace.tick(nowMs);
          const [left, right] = runners.map((commands) => commands.ask(...words));
          expect(agree(words, left!, right!), `${words.join(" ")} of seed ${seed}`).to.equal(true);
          tap.take();
        }
      }
    });
  }
});
