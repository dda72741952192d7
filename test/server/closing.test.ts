import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

describe("closing a node", () => {
  it("releases everything: the port, the clients, the timers", async () => {
    const world = worldOf(1);
    const node = await SimNode.start(world);
    const clients = await Promise.all(Array.from({ length: 20 }, () => node.connect()));
    await clients[0]!.ask("SET", "k", "v", "EX", 3600);
    clients[1]!.send("DEBUG", "SLEEP", 3600);
    await world.advance(10);
    await node.close();
    for (const client of clients) await client.readToEnd();
    await SimNode.start(world).then((again) => again.close());
    await world.advance(2000);
    // A world in which nothing happens any more has the same number of events after a year.
    const events = world.traceHash;
    await world.advance(365 * 86_400_000);
    expect(world.traceHash).to.equal(events);
  });

  it("sends what was replied before it closes", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const value = "v".repeat(500_000);
    await client.ask("SET", "k", value);
    client.sendBytes(Buffer.concat([encodeCommand(["GET", "k"]), encodeCommand(["GET", "k"])]));
    await client.until(() => client.bytesReceived > 100);
    const closing = node.close();
    expect(await client.readToEnd()).to.deep.equal([`"${value}"`, `"${value}"`]);
    await closing;
  });

  it("does not wait for ever for a client that takes nothing", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await client.ask("SET", "k", "v".repeat(900_000));
    client.send("GET", "k");
    client.connection.pauseReading();
    await node.world.advance(100);
    const startMs = node.world.nowMs;
    await node.close();
    expect(node.world.nowMs - startMs).to.be.within(1000, 3000);
  });

  it("does not wait for a client that it turned away", async () => {
    const node = await SimNode.alone({ maxclients: "1" });
    await node.connect();
    await node.connect();
    await node.close();
    expect(node.world.nowMs).to.be.lessThan(3000);
  });

  it("twice waits both times until all is released", async () => {
    const world = worldOf(1);
    const node = await SimNode.start(world);
    await node.connect();
    const first = node.close();
    await node.close();
    await SimNode.start(world);
    await first;
  });

  it("by SHUTDOWN sends the client what it was replied before, and to others nothing that is not theirs", async () => {
    const node = await SimNode.alone();
    const others = await Promise.all(Array.from({ length: 5 }, () => node.connect()));
    const client = await node.connect();
    client.sendBytes("PING\r\nECHO mine\r\nSHUTDOWN NOSAVE\r\nSET k v\r\n");
    expect(await client.readToEnd()).to.deep.equal(["PONG", '"mine"']);
    for (const other of others) expect(await other.readToEnd()).to.deep.equal([]);
    expect(node.stops).to.deep.equal([undefined]);
    await node.close();
  });

  it("leaves other nodes of the process as they are: keys, clients, settings", async () => {
    const world = worldOf(1);
    const nodes = await Promise.all(["a", "b", "c"].map((name) => SimNode.start(world, { name })));
    const clients = await Promise.all(nodes.map((node) => node.connect()));
    for (const [i, client] of clients.entries()) await client.ask("SET", "k", i);
    await nodes[0]!.call("CONFIG", "SET", "maxclients", 7);
    await nodes[1]!.close();
    expect(await clients[0]!.ask("GET", "k")).to.equal('"0"');
    expect(await clients[2]!.ask("GET", "k")).to.equal('"2"');
    expect(await nodes[2]!.call("CONFIG", "GET", "maxclients")).to.deep.equal(["maxclients", "10000"]);
    expect(await nodes[2]!.info("connected_clients")).to.equal("1");
  });
});
