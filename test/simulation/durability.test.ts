import { runDurable } from "./durable-node.js";

/** Of each policy; thousands by `npm run simulate -- durability --seeds N`. */
const SEEDS = 120;

describe("a node whose machine crashes and whose disk fails", () => {
  for (const appendfsync of ["always", "everysec", "no"] as const) {
    const promise =
      appendfsync === "always"
        ? "loses nothing that it acknowledged or showed"
        : "keeps a prefix of whole transactions";
    it(`${promise} with appendfsync ${appendfsync}, in ${SEEDS} seeded runs`, async function () {
      this.timeout(120_000);
      for (let seed = 0; seed < SEEDS; seed++) await runDurable({ appendfsync, seed });
    });
  }
});
