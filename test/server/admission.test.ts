import { expect } from "chai";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

describe("the door", () => {
  it("turns away one client more than maxclients, says so, and counts it", async () => {
    const node = await SimNode.alone({ maxclients: "2" });
    const [first, second, third] = [await node.connect(), await node.connect(), await node.connect()];
    expect(await third.readToEnd()).to.deep.equal(['-"ERR max number of clients reached"']);
    expect(await first.ask("PING")).to.equal("PONG");
    expect(await second.ask("PING")).to.equal("PONG");
    expect(await node.info("rejected_connections")).to.equal("1");
    expect(await node.info("total_connections_received")).to.equal("2");
    first.close();
    await node.world.advance(10);
    const fourth = await node.connect();
    expect(await fourth.ask("PING")).to.equal("PONG");
  });

  it("takes another number of maxclients at once, and closes nobody for it", async () => {
    const node = await SimNode.alone();
    const [first, second] = [await node.connect(), await node.connect()];
    await node.call("CONFIG", "SET", "maxclients", 1);
    expect(await first.ask("PING")).to.equal("PONG");
    expect(await second.ask("PING")).to.equal("PONG");
    expect(await (await node.connect()).readToEnd()).to.have.length(1);
    await node.call("CONFIG", "SET", "maxclients", 3);
    expect(await (await node.connect()).ask("PING")).to.equal("PONG");
  });

  it("does not count callers inside the process", async () => {
    const node = await SimNode.alone({ maxclients: "1" });
    await node.call("PING");
    const client = await node.connect();
    expect(await client.ask("PING")).to.equal("PONG");
    expect(await node.call("CLIENT", "LIST")).to.match(/^[^\n]*cmd=ping[^\n]*\n$/);
  });

  describe("in protected mode", () => {
    it("lets only this machine in as long as there is no password", async () => {
      const node = await SimNode.alone({ protectedMode: "yes" });
      const stranger = await node.connect();
      const [refusal] = await stranger.readToEnd();
      expect(refusal).to.match(/^-"DENIED .*protected mode/);
      const world = node.world;
      const neighbour = await node.connect("node");
      expect(neighbour.connection.remote).to.not.contain("127.0.0.1");
      expect(await neighbour.readToEnd()).to.have.length(1);
      const { port } = node.running;
      const own = await world.connect("node", { host: "127.0.0.1", port });
      own.send("PING\r\n");
      expect(await own.readLine()).to.equal("+PONG");
      await node.call("CONFIG", "SET", "requirepass", "secret");
      expect(await (await node.connect()).ask("AUTH", "secret")).to.equal("OK");
    });

    it("lets everyone in once it is switched off", async () => {
      const node = await SimNode.alone({ protectedMode: "yes" });
      await node.call("CONFIG", "SET", "protected-mode", "no");
      expect(await (await node.connect()).ask("PING")).to.equal("PONG");
    });
  });

  describe("with a password that changes", () => {
    it("leaves those logged in that are connected, and asks the others", async () => {
      const node = await SimNode.alone();
      const old = await node.connect();
      expect(await old.ask("CONFIG", "SET", "requirepass", "secret")).to.equal("OK");
      expect(await old.ask("PING")).to.equal("PONG");
      const young = await node.connect();
      expect(await young.ask("PING")).to.equal('-"NOAUTH Authentication required."');
      expect(await old.ask("CONFIG", "SET", "requirepass", "other")).to.equal("OK");
      expect(await young.ask("AUTH", "secret")).to.match(/WRONGPASS/);
      expect(await young.ask("AUTH", "other")).to.equal("OK");
    });

    it("lets those in that it had kept out, once there is none", async () => {
      const node = await SimNode.alone({ requirepass: "secret" });
      const client = await node.connect();
      await node.call("CONFIG", "SET", "requirepass", "");
      expect(await client.ask("PING")).to.equal("PONG");
    });
  });

  it("starts on other addresses where one that may be missing is", async () => {
    const world = worldOf(1);
    const node = await SimNode.start(world, { config: { bind: "127.0.0.1 -10.99.99.99", port: "0" } });
    const client = await world.connect("node", { host: "127.0.0.1", port: node.running.port });
    client.send("PING\r\n");
    expect(await client.readLine()).to.equal("+PONG");
  });

  it("does not start where no address can be bound, nor where a given port is taken", async () => {
    const failureOf = (options: object) =>
      SimNode.start(worldOf(1), { config: options }).then(
        () => undefined,
        (error: Error) => (error as Error & { code: string }).code,
      );
    expect(await failureOf({ bind: "-10.99.99.99" })).to.equal("EADDRNOTAVAIL");
    expect(await failureOf({ bind: "10.99.99.99" })).to.equal("EADDRNOTAVAIL");
    const world = worldOf(2);
    await SimNode.start(world);
    const second = await SimNode.start(world, { config: { bind: "-127.0.0.1 -::1" } }).catch(
      (error) => error.code,
    );
    expect(second).to.equal("EADDRINUSE");
  });
});
