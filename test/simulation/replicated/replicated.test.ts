import { type Kind, kindNames, kinds } from "./kinds.js";
import { runReplicated } from "./replicated-run.js";

/** The first seed of each kind, with all slots; `.ci/run` adds hundreds with fewer slots, and thousands are for `npm run simulate -- replicated --seeds N`. */
const SEED = 0;

const promises: Readonly<Record<Kind, string>> = {
  calm: "serves every command while nodes join and leave",
  delays: "keeps what it promises when messages and disks take their time",
  partitions: "keeps its promises through partitions of every shape",
  crashes: "loses nothing acknowledged to crashes, losses of power and processes that stand still",
  clocks: "keeps its promises while clocks drift and are set",
  wipes: "loses nothing confirmed with a disk",
  absences: "brings nothing back with nodes that were away for longer than they were waited for",
  turmoil: "stands all of that at once",
};

describe("a cluster with three copies of each key", () => {
  for (const kind of kindNames) {
    it(promises[kind], async function () {
      this.timeout(120_000);
      await runReplicated({ kind, seed: SEED, copies: 3 });
    });
  }
});

describe("a cluster with one copy of each key", () => {
  /** What is on a disk that is lost is lost, and nobody acts in the place of who is away. */
  const survivable = kindNames.filter((kind) => (kinds[kind].kept as readonly string[]).includes("one"));
  for (const kind of survivable) {
    it(`promises what one with several copies does, as long as no disk is lost: ${kind}`, async function () {
      this.timeout(120_000);
      await runReplicated({ kind, seed: SEED, copies: 1 });
    });
  }
});
