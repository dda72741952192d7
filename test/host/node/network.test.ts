import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeNetwork } from "#torus/host/node/network.js";
import { itKeepsTheNetworkContract } from "../network-contract.js";
import { silentLog } from "../silent-log.js";

describe("node network", () => {
  itKeepsTheNetworkContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), "torus-"));
    return {
      network: createNodeNetwork(silentLog),
      tcp: { host: "127.0.0.1", port: 0 },
      unix: { path: join(directory, "s") },
      settle: (promise) => promise,
      release: () => rm(directory, { recursive: true }),
    };
  });
});
