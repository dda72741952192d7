import { seeds } from "../../support/seeds.js";
import { type Kind, kinds, runCluster } from "./cluster-run.js";

/** Of each kind; thousands by `npm run simulate -- cluster --seeds N`. */
const SEEDS = seeds({ usually: 30, thoroughly: 40 });

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
