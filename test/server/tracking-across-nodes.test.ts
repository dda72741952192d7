import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { HERE } from "#torus/cluster/slot-routes.js";
import { CachingClient } from "../support/caching-client.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, numberOf, SimCluster, type SimClusterOptions, slotOfKey } from "../support/sim-cluster.js";

const SEEDS = 24;

function start(options: SimClusterOptions = {}): Promise<SimCluster> {
  return SimCluster.start({ tracks: true, ...options });
}

async function tracking(cluster: SimCluster, node: number, ...options: string[]): Promise<SimCaller> {
  const client = await cluster.connect(node);
  client.send("HELLO", "3");
  await client.read(1);
  expect(await client.ask("CLIENT", "TRACKING", "ON", ...options)).to.equal("OK");
  return client;
}

/** What came and was not read yet. */
async function heard(cluster: SimCluster, client: SimCaller): Promise<string[]> {
  await cluster.world.advance(50);
  return client.read(client.unread);
}

const told = (...keys: string[]) => `>["invalidate" [${keys.map((key) => `"${key}"`).join(" ")}]]`;

describe("Client-side caching over several nodes", () => {
  it("tells a client at any node of changes at any other, once", async () => {
    const cluster = await start();
    const key = keyAt(cluster, 1);
    const client = await tracking(cluster, 0);
    const writers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
    for (const [i, writer] of writers.entries()) {
      await client.ask("GET", key);
      await writer.ask("SET", key, i);
      expect(await heard(cluster, client)).to.deep.equal([told(key)]);
      await writer.ask("SET", key, "again");
      expect(await heard(cluster, client)).to.deep.equal([]);
    }
  });

  it("tells of what several nodes read together, and of what a transaction reads elsewhere", async () => {
    const cluster = await start();
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
    const client = await tracking(cluster, 0);
    const writer = await cluster.connect(2);
    await client.ask("MGET", ...keys);
    for (const key of keys) {
      await writer.ask("SET", key, "1");
      expect(await heard(cluster, client)).to.deep.equal([told(key)]);
    }
    const key = keys[1]!;
    await client.ask("MULTI");
    await client.ask("GET", key);
    await client.ask("EXEC");
    await writer.ask("DEL", key);
    expect(await heard(cluster, client)).to.deep.equal([told(key)]);
  });

  it("tells of what time takes away, and of FLUSHALL", async () => {
    const cluster = await start();
    const key = keyAt(cluster, 1);
    const client = await tracking(cluster, 0);
    await client.ask("SET", key, "v", "PX", "500");
    await client.ask("GET", key);
    await cluster.world.advance(1000);
    expect(await heard(cluster, client)).to.deep.equal([told(key)]);
    await client.ask("GET", key);
    const other = await cluster.connect(2);
    await other.ask("FLUSHALL");
    expect((await heard(cluster, client))[0]).to.equal('>["invalidate" _]');
  });

  it("leaves out what OPTIN does not ask for, and what NOLOOP has changed itself", async () => {
    const cluster = await start();
    const [first, second] = [keyAt(cluster, 1), keyAt(cluster, 2)];
    const chooser = await tracking(cluster, 0, "OPTIN");
    const writer = await cluster.connect(1);
    await chooser.ask("GET", first);
    await chooser.ask("CLIENT", "CACHING", "YES");
    await chooser.ask("GET", second);
    await chooser.ask("GET", first);
    for (const key of [first, second]) await writer.ask("SET", key, "1");
    expect(await heard(cluster, chooser)).to.deep.equal([told(second)]);
    const selfish = await tracking(cluster, 0, "NOLOOP");
    await selfish.ask("GET", first);
    await selfish.ask("SET", first, "2");
    expect(await heard(cluster, selfish)).to.deep.equal([]);
    await selfish.ask("GET", first);
    await writer.ask("SET", first, "3");
    expect(await heard(cluster, selfish)).to.deep.equal([told(first)]);
  });

  it("tells of prefixes from when the client has its answer", async () => {
    const cluster = await start();
    const client = await tracking(cluster, 0, "BCAST", "PREFIX", "key");
    const writers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
    await heard(cluster, client);
    for (const node of [0, 1, 2]) {
      const key = keyAt(cluster, node);
      const prefix = key.slice(0, 3);
      const wanted = await tracking(cluster, 2, "BCAST", "PREFIX", prefix, "NOLOOP");
      await writers[0]!.ask("SET", key, "v");
      expect((await heard(cluster, wanted)).filter((reply) => reply === told(key))).to.have.length(1);
      await wanted.ask("SET", key, "v");
      expect(await heard(cluster, wanted)).to.deep.equal([]);
      wanted.close();
    }
    await cluster.world.advance(50);
    expect(cluster.nodes[1]!.invalidations!.wantsPrefixes).to.equal(true);
    client.close();
    await cluster.world.advance(50);
    expect(cluster.nodes[1]!.invalidations!.wantsPrefixes).to.equal(false);
  });

  it("takes for changed what is executed elsewhere from now on, or behind a link that broke", async () => {
    const cluster = await start();
    const key = keyAt(cluster, 1);
    const client = await tracking(cluster, 0);
    await client.ask("GET", key);
    const { routes, peers } = cluster.nodes[0]!;
    routes.set(slotOfKey(key), numberOf(peers, "c"));
    expect(await heard(cluster, client)).to.deep.equal([told(key)]);
    const other = keyAt(cluster, 1, "other");
    await client.ask("GET", other);
    cluster.world.crash("b");
    await cluster.world.advance(1000);
    expect(await heard(cluster, client)).to.include(told(other));
  });

  it("tells who waits for a key of another node, or for copies, at once", async () => {
    const cluster = await start();
    const [read, list] = [keyAt(cluster, 1, "read"), keyAt(cluster, 1, "list")];
    const writer = await cluster.connect(2);
    for (const waiting of [
      ["BLPOP", list, "0"],
      ["WAIT", "9", "0"],
    ]) {
      const other = await tracking(cluster, 0);
      const plain = await cluster.connect(0);
      await plain.ask("CLIENT", "TRACKING", "ON", "REDIRECT", await other.ask("CLIENT", "ID"));
      const client = await tracking(cluster, 0);
      for (const reader of [client, plain]) {
        reader.send("GET", read);
        reader.send(...waiting);
      }
      await cluster.world.advance(5000);
      expect((await client.read(1)).length + (await plain.read(1)).length).to.equal(2);
      await writer.ask("SET", read, "1");
      expect(await heard(cluster, client)).to.deep.equal([told(read)]);
      expect(await heard(cluster, other)).to.deep.equal([told(read)]);
      expect([client.isClosed, plain.unread]).to.deep.equal([false, 0]);
      if (waiting[0] !== "BLPOP") continue;
      await writer.ask("RPUSH", list, "a", "b");
      expect(await heard(cluster, client)).to.deep.equal([`["${list}" "a"]`]);
      expect(await heard(cluster, plain)).to.deep.equal([`["${list}" "b"]`]);
    }
  });

  it("tells of what came while it was not known yet that a command waits", async () => {
    const cluster = await start();
    const [read, list] = [keyAt(cluster, 0, "read"), keyAt(cluster, 1, "list")];
    const client = await tracking(cluster, 0);
    const writer = await cluster.connect(0);
    await client.ask("GET", read);
    cluster.world.slow(["b"], ["a"], 500);
    client.send("BLPOP", list, "0");
    await cluster.world.advance(100);
    await writer.ask("SET", read, "1");
    await cluster.world.advance(100);
    expect(client.unread).to.equal(0);
    await cluster.world.advance(1000);
    expect(await heard(cluster, client)).to.deep.equal([told(read)]);
  });

  it("takes what was read by waiting for changed, behind the reply", async () => {
    const cluster = await start();
    for (const node of [0, 1]) {
      const stream = keyAt(cluster, node, "stream");
      const client = await tracking(cluster, 0);
      client.send("XREAD", "BLOCK", "0", "STREAMS", stream, "$");
      await cluster.world.advance(100);
      const writer = await cluster.connect(2);
      await writer.ask("XADD", stream, "7-1", "f", "v");
      const replies = await heard(cluster, client);
      expect(replies.findIndex((reply) => reply.includes("7-1"))).to.be.within(0, replies.length - 2);
      expect(replies.at(-1)).to.equal(told(stream));
    }
  });

  it("tells another client in its place of what is given up when the replies have left", async () => {
    const cluster = await start({ config: { trackingTableMaxKeys: 1 } });
    const other = await tracking(cluster, 0);
    const client = await cluster.connect(0);
    await client.ask("CLIENT", "TRACKING", "ON", "REDIRECT", await other.ask("CLIENT", "ID"));
    cluster.world.slow(["a"], ["b"], 100);
    for (let i = 0; i < 10; i++) {
      client.send("GET", keyAt(cluster, 1, `read:${i}:`));
      await cluster.world.advance(50);
      expect(other.unread).to.equal(0);
      await client.read(1);
      await heard(cluster, other);
    }
  });

  it("tells who reads a key that is too long to be kept, and nobody else, that all may have changed", async () => {
    const cluster = await start();
    const long = keyAt(cluster, 1, "x".repeat(70_000));
    const [client, other] = [await tracking(cluster, 0), await tracking(cluster, 0)];
    await other.ask("GET", keyAt(cluster, 1));
    client.send("GET", long);
    expect(await heard(cluster, client)).to.deep.equal(["_", '>["invalidate" _]']);
    expect(await heard(cluster, other)).to.deep.equal([]);
  });

  it("answers who is not the first to want a prefix when others know it, too", async () => {
    const cluster = await start();
    cluster.world.slow(["a"], ["b"], 200);
    const clients = [await cluster.connect(0), await cluster.connect(0)];
    for (const client of clients) client.send("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "x");
    await cluster.world.advance(100);
    expect(clients.map(({ unread }) => unread)).to.deep.equal([0, 0]);
    for (const client of clients) expect(await client.read(1)).to.deep.equal(["OK"]);
  });

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`never leaves a client with what has changed, when all is quiet (seed ${seed})`, async () => {
      // Every other cluster remembers hardly anything.
      const isSmall = seed % 2 === 0;
      const cluster = await start({ seed, config: { trackingTableMaxKeys: isSmall ? 4 : 1000 } });
      const prng = new Prng(`caching ${seed}`);
      const { world } = cluster;
      world.slow(["a"], ["b", "c"], prng.uint32() % 20);
      world.slow(["b"], ["c"], prng.uint32() % 50);
      const keys = [0, 1, 2].flatMap((node) => ["x", "y", "z"].map((prefix) => keyAt(cluster, node, prefix)));
      const modes = [[], ["NOLOOP"], ["BCAST"], ["BCAST", "PREFIX", "x"], []];
      const clients: CachingClient[] = [];
      for (const [i, mode] of modes.entries()) {
        clients.push(await CachingClient.of(await cluster.connect(i % 3), ...mode));
      }
      const partial = clients[3]!;
      const writers = [await cluster.connect(0), await cluster.connect(1), await cluster.connect(2)];
      const one = () => keys[prng.below(keys.length)]!;
      for (let i = 0; i < 400; i++) {
        const client = clients[prng.below(clients.length)]!;
        const writer = writers[prng.below(3)]!;
        const what = prng.below(20);
        if (what < 9) client.read(...Array.from({ length: 1 + prng.below(3) }, one));
        else if (what < 10) client.readInTransaction(one());
        else if (what < 11) client.send("BLPOP", `{${one()}}list`, "0.05");
        else if (what < 15) writer.send("SET", one(), `v${i}`);
        else if (what < 16) writer.send("INCR", `${one()}`);
        else if (what < 17) writer.send("DEL", one());
        else if (what < 18 && prng.chance(0.3)) writer.send("RPUSH", `{${one()}}list`, "1");
        else if (what < 18) writer.send("PEXPIRE", one(), String(prng.below(50)));
        else if (what < 19) writer.send("MSET", one(), "a", one(), "b");
        else if (prng.chance(0.2)) writer.send("FLUSHALL");
        // At last there are some hundred commands while nothing fails.
        if (i === 300) {
          world.heal();
          await world.advance(60_000);
        }
        if (prng.chance(0.02)) await moveSlot(cluster, slotOfKey(one()), prng.below(3), prng);
        if (i < 300 && prng.chance(0.02)) world.resetStreams(...pairOf(prng));
        if (i < 300 && prng.chance(0.01)) world.cut(...cutOf(prng));
        if (prng.chance(0.02)) world.heal();
        if (prng.chance(0.5)) await world.advance(prng.below(20));
      }
      // All is read once more while some of it changes.
      for (const client of clients) client.read(...keys);
      for (const writer of writers) {
        await world.advance(prng.below(20));
        writer.send("SET", one(), "last");
      }
      await world.advance(60_000);
      const truth = await cluster.connect(0);
      await truth.ask("HELLO", "3");
      for (const client of clients) {
        client.take();
        expect(client.isClosed).to.equal(false);
        expect(client.pending, "replies to come").to.equal(0);
      }
      await world.advance(1000);
      let cached = 0;
      for (const key of keys) {
        const value = await truth.ask("GET", key);
        for (const [i, client] of clients.entries()) {
          client.take();
          const kept = client.cache.get(key);
          if (kept === undefined || (client === partial && !key.startsWith("x"))) continue;
          cached++;
          expect(kept, `${key} of client ${i}`).to.equal(value);
        }
      }
      if (!isSmall) expect(cached, "something is cached").to.be.greaterThan(0);
    });
  }
});

/** Another node executes a slot from now on: who did until now knows first, and others learn of it one by one. */
async function moveSlot(cluster: SimCluster, slot: number, to: number, prng: Prng): Promise<void> {
  const from = cluster.nodes.findIndex(({ routes }) => routes.of(slot) === HERE);
  const order = [...new Set([from, to, 0, 1, 2])];
  for (const i of order) {
    const { routes, peers } = cluster.nodes[i]!;
    routes.set(slot, i === to ? HERE : numberOf(peers, cluster.nodes[to]!.name));
    if (prng.chance(0.5)) await cluster.world.advance(prng.below(10));
  }
}

/** One node can no longer be heard by another. */
function cutOf(prng: Prng): [string[], string[]] {
  const [one, other] = pairOf(prng);
  return [[one], [other]];
}

function pairOf(prng: Prng): [string, string] {
  const one = prng.below(3);
  return ["abc"[one]!, "abc"[(one + 1 + prng.below(2)) % 3]!];
}
