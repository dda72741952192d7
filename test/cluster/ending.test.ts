import { expect } from "chai";
import type { ConfigValues } from "#torus/config/config.js";
import { HostError } from "#torus/host/host-error.js";
import type { World } from "#torus/host/sim/world.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;
/** Longer than it takes to give up one cluster and to listen again for another. */
const MEETING_MS = 8;

/** How a node of a cluster ends, at whatever moment, whatever fails. */
describe("a node of a cluster that ends", () => {
  it("has its ports free again, at whatever moment of looking for another cluster", async () => {
    for (let afterMs = 0; afterMs < MEETING_MS; afterMs++) {
      const world = worldOf(afterMs);
      const a = await start(world, "a");
      const b = await start(world, "b");
      await world.advance(1000);
      expect(await b.call("CLUSTER", "MEET", world.host("a").name, 6379, CLUSTER_PORT)).to.equal("OK");
      await world.advance(afterMs);
      await b.close();
      const next = await start(world, "b");
      await next.close();
      await a.close();
    }
  });

  it("keeps no stream open that has not said yet what it is for, or asks who the members are", async () => {
    const world = worldOf(1);
    const a = await start(world, "a");
    const said = ["", "TKVX", "TKVP"];
    let ended = 0;
    for (const magic of said) {
      const connecting = world.host("b").network.connect({ host: "a", port: CLUSTER_PORT }, (connection) => {
        connection.write(Buffer.from(magic));
        return { received() {}, drained() {}, closed: () => void ended++ };
      });
      await world.complete(connecting);
    }
    await world.advance(100);
    expect(ended).to.equal(0);
    await a.close();
    await world.advance(100);
    expect(ended).to.equal(said.length);
  });

  it("says so if what it forgets cannot be written down", async () => {
    const world = worldOf(1);
    const a = await start(world, "a");
    const b = await start(world, "b", { join: `a:${CLUSTER_PORT}` });
    await b.whenActive();
    expect(await b.call("TORUS", "LEAVE")).to.equal("OK");
    b.host.files.replaceText = () => Promise.reject(new HostError("ENOSPC", "no space left"));
    await world.advance(60_000);
    expect(b.stops).to.have.lengthOf(1);
    expect(b.stops[0]).to.include({ name: "HostError", code: "ENOSPC" });
    await a.close();
  });

  function start(world: World, name: string, config: ConfigValues = {}): Promise<SimNode> {
    return SimNode.member(world, name, { replicationFactor: 1, dir: "data", appendonly: "yes", ...config });
  }
});
