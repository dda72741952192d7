/** What client libraries make of CLIENT TRACKING, at one server or at any node of a cluster. */
import { expect } from "chai";
import { Redis } from "ioredis";
import { BasicClientSideCache, createClient } from "redis";

const HOST = "127.0.0.1";
/** What is not told after so many round trips never is. */
const PINGS_MAX = 10_000;
const KEYS = Array.from({ length: 20 }, (_, i) => `key:${i}`);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** `portsOf` answers those of all nodes, from when the tests run on. */
export function cachingSuite(portsOf: () => readonly number[]): void {
  it("lets node-redis answer from its cache, and never what has changed", async () => {
    const ports = portsOf();
    const caches = ports.map(() => new BasicClientSideCache());
    const readers = ports.map((port, i) =>
      createClient({ RESP: 3, socket: { host: HOST, port }, clientSideCache: caches[i]! }),
    );
    const writers = ports.map((port) => createClient({ socket: { host: HOST, port } }));
    for (const client of [...readers, ...writers]) await client.connect();
    for (let round = 0; round < 3; round++) {
      const value = `v${round}`;
      for (const [i, key] of KEYS.entries()) await writers[i % ports.length]!.set(key, value);
      for (const [i, reader] of readers.entries()) {
        // What is told comes by itself, soon, if only the cache lets others have their turn.
        const isStale = async () =>
          (await Promise.all(KEYS.map((key) => reader.get(key)))).some((found) => found !== value);
        while (await isStale()) await turn();
        const { hitCount } = caches[i]!.stats();
        for (const key of KEYS) expect(await reader.get(key)).to.equal(value);
        expect(caches[i]!.stats().hitCount).to.be.greaterThan(hitCount);
      }
    }
    await writers[0]!.flushAll();
    for (const reader of readers) while ((await reader.get(KEYS[0]!)) !== null) await turn();
    for (const client of [...readers, ...writers]) client.destroy();
  });

  it("tells a second connection of ioredis in RESP2, which is subscribed", async () => {
    for (const port of portsOf()) {
      const [reader, listener, writer] = [0, 1, 2].map(() => new Redis({ host: HOST, port, protocol: 2 }));
      const told: unknown[] = [];
      listener!.on("message", (_, keys: unknown) => told.push(keys));
      const id = await listener!.client("ID");
      await listener!.subscribe("__redis__:invalidate");
      expect(await reader!.call("CLIENT", "TRACKING", "ON", "REDIRECT", id)).to.equal("OK");
      for (const key of KEYS) await reader!.get(key);
      for (const key of KEYS) await writer!.set(key, "changed");
      for (let pings = 0; told.length < KEYS.length && pings < PINGS_MAX; pings++) await listener!.ping();
      expect(told.flat()).to.have.members([...KEYS]);
      for (const client of [reader, listener, writer]) client!.disconnect();
    }
  });
}
