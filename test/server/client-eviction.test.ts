import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";

const KB = 1024;

describe("maxmemory-clients", () => {
  /** A client with an unfinished command of so many bytes. */
  async function holder(node: SimNode, bytes: number): Promise<SimCaller> {
    const client = await node.connect();
    await client.ask("CLIENT", "SETNAME", `holds-${bytes}`);
    client.sendBytes(`*2\r\n$3\r\nGET\r\n$1000000\r\n${"k".repeat(bytes)}`);
    await node.world.advance(50);
    return client;
  }

  it("closes those that take most, until the others are within it", async () => {
    const node = await SimNode.alone({ maxmemoryClients: "600kb" });
    const small = await holder(node, 50 * KB);
    const middle = await holder(node, 100 * KB);
    const large = await holder(node, 200 * KB);
    const others = await Promise.all(Array.from({ length: 20 }, () => node.connect()));
    for (const other of others) expect(await other.ask("PING")).to.equal("PONG");
    expect([small, middle, large].map(({ isClosed }) => isClosed)).to.deep.equal([false, false, false]);
    const last = await holder(node, 150 * KB);
    await node.world.advance(500);
    expect([small, middle, large, last].map(({ isClosed }) => isClosed)).to.deep.equal([
      false,
      false,
      true,
      false,
    ]);
    expect(await node.info("evicted_clients")).to.equal("1");
    for (const other of others) expect(await other.ask("PING")).to.equal("PONG");
  });

  it("spares clients that said NO-EVICT, though what they take counts", async () => {
    const node = await SimNode.alone({ maxmemoryClients: "300kb" });
    const spared = await node.connect();
    expect(await spared.ask("CLIENT", "NO-EVICT", "ON")).to.equal("OK");
    spared.sendBytes(`*2\r\n$3\r\nGET\r\n$1000000\r\n${"k".repeat(400 * KB)}`);
    await node.world.advance(500);
    const other = await node.connect();
    other.sendBytes("PING\r\n");
    await other.readToEnd();
    expect(spared.isClosed).to.equal(false);
    await node.call("CONFIG", "SET", "maxmemory-clients", 0);
    expect(await (await node.connect()).ask("PING")).to.equal("PONG");
  });

  it("counts replies that are not taken, and transactions", async () => {
    const node = await SimNode.alone({ maxmemoryClients: "1mb" });
    await node.call("SETRANGE", "big", 900_000, "v");
    const greedy = await node.connect();
    greedy.connection.pauseReading();
    for (let i = 0; i < 5; i++) greedy.send("GET", "big");
    const queueing = await node.connect();
    await queueing.ask("MULTI");
    for (let i = 0; i < 12; i++) queueing.send("SET", `k${i}`, "v".repeat(100_000));
    await node.world.advance(2000);
    expect(await node.info("evicted_clients")).to.equal("2");
    expect(await node.info("connected_clients")).to.equal("0");
    expect(queueing.isClosed).to.equal(true);
  });

  it("may be a share of maxmemory, is never less than 128 KiB, and holds at once when it is set", async () => {
    const node = await SimNode.alone({ maxmemoryBytes: "10mb" });
    const clients = [await holder(node, 100 * KB), await holder(node, 600 * KB)];
    await node.call("CONFIG", "SET", "maxmemory-clients", "10%");
    await node.world.advance(10);
    expect(clients.map(({ isClosed }) => isClosed)).to.deep.equal([false, false]);
    await node.call("CONFIG", "SET", "maxmemory", "5mb");
    await node.world.advance(10);
    expect(clients.map(({ isClosed }) => isClosed)).to.deep.equal([false, true]);
    await node.call("CONFIG", "SET", "maxmemory-clients", 1);
    const client = await node.connect();
    expect(await client.ask("PING")).to.equal("PONG");
  });
});
