import { type Kind, kinds, runCluster } from "./cluster-run.js";

/** Of each kind, with all slots; `.ci/run` adds more with fewer slots, and thousands are for `npm run simulate -- cluster --seeds N`. */
const SEEDS = 10;

const promises: Readonly<Record<Kind, string>> = {
  calm: "serves every command while nodes join and leave",
  network: "keeps its promises on a network that loses, cuts and delays",
  crashes: "loses nothing acknowledged to crashes and losses of power",
  turmoil: "stands all of that at once",
};

describe("a cluster with clients", () => {
  for (const kind of kinds) {
    it(`${promises[kind]}, in ${SEEDS} seeded runs`, async function () {
      this.timeout(600_000);
      for (let seed = 0; seed < SEEDS; seed++) await runCluster({ kind, seed });
    });
  }
});
