import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const told = (...keys: string[]) => `>["invalidate" [${keys.map((key) => `"${key}"`).join(" ")}]]`;

describe("Client-side caching", () => {
  async function tracking(sim: SimServer, ...options: string[]): Promise<SimCaller> {
    const client = await sim.connect();
    client.send("HELLO", "3");
    await client.read(1);
    expect(await client.ask("CLIENT", "TRACKING", "ON", ...options)).to.equal("OK");
    return client;
  }

  /** What came and was not read yet. */
  async function heard(sim: SimServer, client: SimCaller): Promise<string[]> {
    await sim.settle();
    return client.read(client.unread);
  }

  it("tells who does not want to hear of its own changes of what time takes away in its turn", async () => {
    const sim = (await SimServer.start({ hz: 1 })).replyAtOnce();
    const client = await tracking(sim, "NOLOOP");
    await client.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await client.ask("SADD", "k", "v");
    await client.ask("PEXPIRE", "k", "100");
    await client.ask("SMEMBERS", "k");
    await sim.world.advance(200);
    expect(await client.ask("SUNIONSTORE", "to", "k")).to.equal("0");
    expect(await heard(sim, client)).to.deep.equal([told("k")]);
  });

  it("tells it of what its own writes have no room for", async () => {
    const sim = (await SimServer.start({ maxmemoryPolicy: "allkeys-lru" })).replyAtOnce();
    const client = await tracking(sim, "NOLOOP");
    await client.ask("SET", "k", "v");
    await client.ask("GET", "k");
    await sim.world.advance(5000);
    await client.ask("CONFIG", "SET", "maxmemory", String(sim.keyspace.usedBytes + 1024));
    for (let i = 0; client.replies.at(-1) !== told("k"); i++) {
      expect(i, "writes without an eviction").to.be.lessThan(1000);
      client.send("SET", `other:${i}`, "x".repeat(1000));
      await sim.settle();
    }
    const other = await sim.connect();
    expect(await other.ask("EXISTS", "k")).to.equal("0");
  });

  it("tells it of what others have changed in its turn after it", async () => {
    const sim = (await SimServer.start()).replyAtOnce();
    const client = await tracking(sim, "NOLOOP", "BCAST");
    const other = await sim.connect();
    other.send("BLPOP", "k", "0");
    await sim.settle();
    client.sendBytes("RPUSH k 1\r\nRPUSH l 1\r\n");
    expect(await heard(sim, client)).to.deep.equal(["1", "1", told("k")]);
  });

  it("goes on with what was read before where it is turned off and on again, as Redis does", async () => {
    const sim = (await SimServer.start()).replyAtOnce();
    const client = await tracking(sim);
    const other = await sim.connect();
    await client.askAll("GET k", "GET l", "CLIENT TRACKING OFF");
    await other.ask("SET", "l", "v");
    await sim.world.advance(1000);
    expect(await heard(sim, client)).to.deep.equal([]);
    await client.askAll("CLIENT TRACKING ON NOLOOP");
    await other.askAll("SET k v", "SET l v");
    expect(await heard(sim, client)).to.deep.equal([told("k")]);
  });

  it("keeps no more keys than it may, however many are read at once", async () => {
    const sim = (await SimServer.start({ trackingTableMaxKeys: 10 })).replyAtOnce();
    const client = await tracking(sim);
    for (let i = 0; i < 10; i++) {
      await client.ask("MGET", ...Array.from({ length: 100 }, (_, k) => `key:${i}:${k}`));
      expect(await sim.info("tracking_total_keys")).to.equal("10");
      await heard(sim, client);
    }
  });

  it("tells another client in its place when the replies have left that were under way", async () => {
    const sim = await SimServer.start();
    const other = await tracking(sim);
    const client = await sim.connect();
    await client.ask("CLIENT", "TRACKING", "ON", "REDIRECT", await other.ask("CLIENT", "ID"));
    await client.askAll("MULTI", "GET k", "SET k v");
    client.send("EXEC");
    await sim.settle();
    expect([client.unread, other.unread]).to.deep.equal([0, 0]);
    sim.persistence.sync();
    expect(await client.read(1)).to.deep.equal(["[nil OK]"]);
    expect(await heard(sim, other)).to.deep.equal([told("k")]);
  });

  it("forgets what it tracks when nobody does any more", async () => {
    const sim = (await SimServer.start()).replyAtOnce();
    const client = await tracking(sim);
    await client.ask("GET", "k");
    expect(sim.keyspace.watchers.count).to.equal(1);
    client.close();
    await sim.world.advance(2000);
    expect(sim.keyspace.watchers.count).to.equal(0);
    expect(await sim.info("tracking_total_keys")).to.equal("0");
  });
});
