import { expect } from "chai";
import { AdminPort, httpPortOf } from "#torus/admin/admin-port.js";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import { SimNode } from "../support/sim-node.js";
import { SimServer } from "../support/sim-server.js";
import { worldOf } from "../support/world.js";

describe("the HTTP port", () => {
  describe("is", () => {
    const rows: [string, ConfigValues, number | undefined][] = [
      ["none where it is -1", { httpPort: "-1", clusterEnabled: "yes", port: 6379 }, undefined],
      ["none by default in a library", { port: 6379 }, undefined],
      ["the one that is named", { httpPort: "9000", port: 6379 }, 9000],
      ["the one for clients plus 2000", { httpPort: "0", clusterEnabled: "yes", port: 6379 }, 8379],
      ["the last there is", { httpPort: "0", clusterEnabled: "yes", port: 63_535 }, 65_535],
      ["any where that would be no port", { httpPort: "0", clusterEnabled: "yes", port: 63_536 }, 0],
      ["any where clients have any", { httpPort: "0", clusterEnabled: "yes", port: 0 }, 0],
      ["none without a cluster unless one is named", { httpPort: "0", clusterEnabled: "no" }, undefined],
    ];
    for (const [what, values, port] of rows) {
      it(what, () => {
        expect(httpPortOf(makeConfig(values))).to.equal(port);
      });
    }
  });

  const CLUSTERED: ConfigValues = {
    clusterEnabled: "yes",
    replicationFactor: 1,
    httpPort: "0",
    appendonly: "no",
    save: "",
  };

  it("of a node answers, and is told to the other members and to whoever started it", async () => {
    const node = await SimNode.start(worldOf(1), { config: CLUSTERED });
    expect(node.running.httpPort).to.equal(8379);
    const response = await node.host.http.request(8379, "/readyz");
    expect([response.status, await response.json()]).to.deep.equal([
      200,
      { ready: true, missing: [], warnings: [] },
    ]);
    expect(await node.call("TORUS", "MEMBERS")).to.be.an("array");
    expect(JSON.stringify(await node.call("TORUS", "MEMBERS"))).to.contain('"http-port",8379');
    const ready = node.host.log.lines.find(({ message }) => message === "ready to accept connections");
    expect(ready?.values).to.include({ httpPort: 8379 });
  });

  it("of a node answers that it waits for its cluster, until somebody of it is found", async () => {
    const world = worldOf(1);
    const start = (name: string, join: string) =>
      SimNode.start(world, {
        name,
        config: { ...CLUSTERED, join, clusterAnnounceIp: world.host(name).address },
      });
    const second = await start("second", "first:16379");
    const ask = () => second.host.http.request(second.running.httpPort, "/readyz");
    const seedless = "no seed has answered yet: see `join`";
    await world.advance(10_000);
    const waiting = await ask();
    expect(waiting.status).to.equal(503);
    expect(await waiting.json()).to.deep.equal({ ready: false, missing: [seedless], warnings: [] });
    await start("first", "");
    await world.advance(60_000);
    expect(await (await ask()).text()).to.not.contain(seedless);
  });

  it("is free again when the node is closed, and until then answers that it is closing", async () => {
    const node = await SimNode.start(worldOf(1), { config: CLUSTERED });
    await node.host.http.request(8379, "/healthz");
    const closed = node.running.close();
    const response = await node.host.http.request(8379, "/readyz");
    expect(await response.json()).to.deep.equal({
      ready: false,
      missing: ["the node is closing"],
      warnings: [],
    });
    await node.world.complete(closed);
    const refused = await node.host.http.request(8379, "/readyz").catch(({ code }) => code);
    expect(refused).to.equal("ECONNREFUSED");
  });

  it("that is taken keeps the node from starting, and nothing of it stays", async () => {
    const world = worldOf(1);
    const { http, network } = world.host("node");
    const taken = await world.complete(http.listen({ host: "0.0.0.0", port: 8379 }, () => new Response()));
    const start = () => SimNode.start(world, { config: CLUSTERED });
    const error: unknown = await start().catch((reason) => reason);
    expect(error).to.include({ name: "HostError", code: "EADDRINUSE" });
    const codeOf = (promise: Promise<unknown>) => promise.catch(({ code }) => code);
    const events = { received() {}, drained() {}, closed() {} };
    const connected = network.connect({ host: "127.0.0.1", port: 6379 }, () => events);
    expect(await world.complete(codeOf(connected))).to.equal("ECONNREFUSED");
    await world.complete(taken.close());
    expect((await start()).running.httpPort).to.equal(8379);
  });

  describe("of a node that starts", () => {
    async function starting() {
      const { world, host, server, keyspace, config } = await SimServer.start({ httpPort: "8379" });
      const sources = { node: server.state, keyspace, config, stage: () => "starting" as const };
      const ask = async () => {
        const answer = host.http.request(8379, "/readyz");
        return answer.then(({ status }) => status).catch(({ code }) => code);
      };
      return { world, port: new AdminPort({ host, sources }), ask };
    }

    it("is opened if that takes its time, and not before", async () => {
      const { world, port, ask } = await starting();
      port.openSoon();
      await world.advance(99);
      expect(await ask()).to.equal("ECONNREFUSED");
      await world.advance(10);
      expect(await ask()).to.equal(503);
      await world.complete(port.open());
      expect(port.port).to.equal(8379);
      await world.complete(port.close());
      expect(await ask()).to.equal("ECONNREFUSED");
    });

    it("is not opened any more if the start fails meanwhile", async () => {
      const { world, port, ask } = await starting();
      port.openSoon();
      await world.complete(port.close());
      await world.advance(1000);
      expect(await ask()).to.equal("ECONNREFUSED");
      expect(port.port).to.equal(0);
    });
  });
});
