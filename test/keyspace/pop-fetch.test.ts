import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { RecordFetch } from "#torus/keyspace/record-fetch.js";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const MEMBERS = 20_000;
/** Several scores have the same members' worth of neighbours, and members are long enough that it pays to read them ahead. */
const SCORES = 500;

describe("members that are popped one after the other", () => {
  for (const keepTombstones of [false, true]) {
    it(`come in their order from either end, ${keepTombstones ? "with" : "without"} marks`, () => {
      const prng = new Prng("pops");
      const commands = new CommandRunner(smallKeyspace({ keepTombstones }));
      const left = Array.from({ length: MEMBERS }, (_, i) => ({
        score: prng.below(SCORES),
        member: `member:${String(i).padStart(40, "0")}`,
      }));
      for (const { score, member } of left) commands.execute("ZADD", "z", score, member);
      commands.takeReplies();
      expect(RecordFetch.pays(commands.keyspace.databases[0]!)).to.equal(true);
      left.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));
      while (left.length > 0) {
        const name = prng.below(2) === 0 ? "ZPOPMIN" : "ZPOPMAX";
        for (let run = prng.below(100); run >= 0 && left.length > 0; run--) {
          const { score, member } = (name === "ZPOPMIN" ? left.shift() : left.pop())!;
          expect(commands.run(name, "z")).to.equal(`["${member}" "${score}"]`);
        }
      }
      expect(commands.run("EXISTS", "z")).to.equal("0");
    });
  }
});
