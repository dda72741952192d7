import { worldOf } from "../../support/world.js";
import { itKeepsTheNetworkContract } from "../network-contract.js";

describe("simulated network", () => {
  for (const seed of [1, 2, 3]) {
    describe(`with seed ${seed}`, () => {
      itKeepsTheNetworkContract(async () => {
        const world = worldOf(seed);
        return {
          network: world.host("a").network,
          tcp: { host: "127.0.0.1", port: 0 },
          unix: { path: "/run/socket" },
          settle: (promise) => world.complete(promise),
          release: () => world.settle(),
        };
      });
    });
  }
});
