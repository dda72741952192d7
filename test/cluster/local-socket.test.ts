import { expect } from "chai";
import { localSocketDigest, localSocketOf, localSocketPath } from "#torus/cluster/local-socket.js";
import { PeerServer } from "#torus/cluster/peer-server.js";
import { Peers } from "#torus/cluster/peers.js";
import type { Endpoint } from "#torus/host/network.js";
import { SimSystem } from "#torus/host/sim/system.js";
import { memberOf } from "../support/fake-cluster.js";
import { nodeIdOf } from "../support/sim-peers.js";
import { worldOf } from "../support/world.js";

const PATH = "/data/b/cluster.sock";
const PORT = 17000;

/** Node `a` links with node `b` of its host, which listens at some endpoints; answers by which ways `b` was reached, in order. */
async function waysToNeighbour(endpoints: readonly Endpoint[]) {
  const world = worldOf(1);
  const host = world.host("machine");
  const identity = (name: string) => ({ cluster: "c".repeat(32), nodeId: nodeIdOf(name), boot: 1 });
  const serve = () => ({
    isServing: false,
    run: () => true,
    goOn() {},
    unpark() {},
    drained() {},
    closed() {},
  });
  const server = new PeerServer({ host, self: identity("b"), secrecy: null, services: new Map(), serve });
  const ways: string[] = [];
  for (const endpoint of endpoints) {
    const options = { endpoint, backlog: 511, keepAliveSeconds: 0 };
    await world.complete(
      host.network.listen(options, (connection) => {
        ways.push(connection.isUnix ? "unix" : "tcp");
        return server.accept(connection);
      }),
    );
  }
  const peers = new Peers({ host, self: identity("a"), secrecy: null });
  let unreachable = 0;
  peers.subscribe({ up() {}, down() {}, unreachable: () => void unreachable++ });
  peers.add({ number: 1, nodeId: nodeIdOf("b"), host: "machine", port: PORT, path: PATH });
  await world.run({ untilMs: 100 });
  const isUp = peers.link(1)!.isUp;
  peers.close();
  return { ways, isUp, unreachable };
}

describe("the local socket", () => {
  const tcp = { host: "0.0.0.0", port: PORT };

  it("links nodes of one host", async () => {
    expect(await waysToNeighbour([{ path: PATH }, tcp])).to.deep.equal({
      ways: ["unix"],
      isUp: true,
      unreachable: 0,
    });
  });

  it("gives way to the cluster port where nobody is behind it, and nobody is suspected for that", async () => {
    expect(await waysToNeighbour([tcp])).to.deep.equal({ ways: ["tcp"], isUp: true, unreachable: 0 });
  });

  it("is no reason to take a node for alive that is nowhere", async () => {
    const { isUp, unreachable } = await waysToNeighbour([]);
    expect(isUp).to.equal(false);
    expect(unreachable).to.be.greaterThan(0);
  });

  it("is in the data directory, or nowhere if that has too long a name for a socket", () => {
    const system = new SimSystem(1);
    expect(localSocketPath("/data/b", system)).to.equal(PATH);
    expect(localSocketPath("b", system)).to.equal("/simulation/b/cluster.sock");
    expect(localSocketPath(undefined, system)).to.equal(undefined);
    expect(localSocketPath(`/${"long".repeat(25)}`, system)).to.equal(undefined);
  });

  it("is taken from the record of a member of the same host only, and only if it is a path", () => {
    const pathOf = (path: string, ownHost: string) => {
      const { record } = memberOf("b".repeat(32), { host: "10.0.0.1", digests: [localSocketDigest(path)] });
      return localSocketOf(record, ownHost);
    };
    expect(pathOf(PATH, "10.0.0.1")).to.equal(PATH);
    expect(pathOf(PATH, "10.0.0.2")).to.equal(undefined);
    expect(pathOf("relative.sock", "10.0.0.1")).to.equal(undefined);
    expect(pathOf("/zero\0", "10.0.0.1")).to.equal(undefined);
    expect(localSocketOf(memberOf("b".repeat(32)).record, "10.0.0.1")).to.equal(undefined);
  });
});
