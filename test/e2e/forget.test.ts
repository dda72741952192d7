import { expect } from "chai";
import type { StatusReport } from "#torus/cli/cluster-reports.js";
import type { ChildServer } from "../support/child-server.js";
import { torus } from "../support/kept-node.js";
import { spawnTorus } from "../support/torus-node.js";

/** How `torus status` and `torus forget` see to a node that dies and does not come back. */
describe("torus forget", () => {
  const servers: ChildServer[] = [];
  let survivor: string;

  before(async function () {
    this.timeout(60_000);
    const seed = await start("n1");
    survivor = seed.address;
    await start("n2", seed.clusterPort);
    await untilStatus(
      (status) => status.membersAlive === 2 && status.slots < 16_384 && status.change === null,
    );
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
  });

  it("refuses a node that lives", async () => {
    const { code, errors } = await torus("forget", "n2", "--yes", "--node", survivor);
    expect(code).to.equal(1);
    expect(errors).to.match(/^torus: ERR .*\n$/);
  });

  it("is what makes a cluster healthy again whose node died for good", async function () {
    this.timeout(60_000);
    await servers[1]!.kill();
    const ill = await untilStatus(({ membersDead }) => membersDead === 1);
    expect(ill.healthy).to.equal(false);
    expect((await torus("status", "--node", survivor)).code).to.equal(1);
    const asked = await torus("forget", "n2", "--node", survivor);
    expect(asked.code).to.equal(1);
    expect(asked.errors).to.match(
      /^torus: n2 \([0-9a-f]{32}\) at \S+ is dead; the keys in \d{4} slots are lost .*--force/,
    );
    const refused = await torus("forget", "n2", "--yes", "--node", survivor);
    expect(refused.code).to.equal(1);
    expect(refused.errors).to.match(/^torus: ERR of \d{4} slots .* no node that is left has a copy: .*FORCE/);
    const done = await torus("forget", "n2", "--force", "--node", survivor);
    expect([done.code, done.output, done.errors]).to.deep.equal([0, "n2 is forgotten\n", ""]);
    const well = await untilStatus(({ healthy }) => healthy);
    expect([well.slots, well.membersAlive, well.membersDead]).to.deep.equal([16_384, 1, 0]);
  });

  async function start(name: string, seedPort?: string): Promise<{ address: string; clusterPort: string }> {
    const server = spawnTorus({
      port: 0,
      "node-name": name,
      "membership-preset": "local",
      "replication-factor": 1,
      ...(seedPort === undefined ? {} : { join: `127.0.0.1:${seedPort}` }),
    });
    servers.push(server);
    const [, port, clusterPort] = await server.printed(/ready to accept.* port=(\d+).* clusterPort=(\d+)/);
    return { address: `127.0.0.1:${port}`, clusterPort: clusterPort! };
  }

  /** Each look is a process that starts and asks, so that nothing spins. */
  async function untilStatus(isSo: (status: Seen) => boolean): Promise<Seen> {
    for (;;) {
      const { output } = await torus("status", "--json", "--node", survivor);
      const status = JSON.parse(output) as Seen;
      if (isSo(status)) return status;
    }
  }
});

type Seen = StatusReport & { readonly healthy: boolean };
