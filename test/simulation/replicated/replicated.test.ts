import { seeds } from "../../support/seeds.js";
import { type Kind, kindNames, kinds } from "./kinds.js";
import { runReplicated } from "./replicated-run.js";

/** Of each kind; thousands by `npm run simulate -- replicated --seeds N`. */
const SEEDS = seeds({ usually: 2, thoroughly: 4 });

describe("a cluster with one copy of each key", () => {
  /** What is on a disk that is lost is lost. */
  const survivable = kindNames.filter((kind) => !(kinds[kind].faults as readonly string[]).includes("disk"));
  for (const kind of survivable satisfies readonly Kind[]) {
    it(`promises what one with several copies does, as long as no disk is lost: ${kind}, in ${SEEDS} seeded runs`, async function () {
      this.timeout(120_000);
      for (let seed = 0; seed < SEEDS; seed++) await runReplicated({ kind, seed, copies: 1 });
    });
  }
});
