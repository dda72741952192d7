import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";
import { eventually, vital } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

/** What fits beside the data that is there already, in bytes, and about three times as much to store. */
const ROOM = 8 * 2 ** 20;
const KEYS = 24_000;
const VALUE = "x".repeat(1000);

onEveryServer("a full memory", (start) => {
  let target: Target;
  let client: WireClient;

  before(async () => {
    target = await start();
    client = await connectTo(target);
  });
  beforeEach(async () => {
    expect(await client.ask("CONFIG", "SET", "maxmemory", 0)).to.equal("OK");
    expect(await client.ask("CONFIG", "RESETSTAT")).to.equal("OK");
    expect(await client.ask("FLUSHALL")).to.equal("OK");
  });
  after(async () => {
    await client?.close();
    await target?.close();
  });

  async function limitMemory(policy: string): Promise<number> {
    const limit = (await vital(client, "used_memory")) + ROOM;
    expect(await client.ask("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy)).to.equal("OK");
    return limit;
  }

  /** Pipelines a command for each of these; returns the replies that are errors. */
  async function errorsOf<T>(
    items: readonly T[],
    command: (item: T) => readonly (string | number)[],
  ): Promise<string[]> {
    const errors: string[] = [];
    for (let at = 0; at < items.length; at += 1000) {
      const batch = items.slice(at, at + 1000);
      client.send(Buffer.concat(batch.map((item) => encodeCommand(command(item)))));
      for (const _ of batch) {
        const reply = await client.reply();
        if (reply.kind === "error") errors.push(reply.text);
      }
    }
    return errors;
  }

  async function survivors(names: readonly string[]): Promise<number> {
    const reply = await client.call("EXISTS", ...names);
    return reply.kind === "integer" ? Number(reply.value) : Number.NaN;
  }

  const names = Array.from({ length: KEYS }, (_, i) => `key:${i}`);
  const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

  for (const policy of ["allkeys-lru", "allkeys-lfu", "allkeys-random"]) {
    it(`makes room among all keys under ${policy}`, async () => {
      const limit = await limitMemory(policy);
      expect(await errorsOf(names, (name) => ["SET", name, VALUE])).to.deep.equal([]);
      expect(await vital(client, "used_memory")).to.be.below(limit * 1.05);
      // The server may still be evicting while we count.
      const evictedBefore = await vital(client, "evicted_keys");
      const left = await survivors(names);
      expect(left).to.be.within(1000, KEYS / 2);
      expect(KEYS - left).to.be.within(evictedBefore, await vital(client, "evicted_keys"));
    });
  }

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    it(`makes room only among keys that expire under ${policy}, and refuses writes without any`, async () => {
      await limitMemory(policy);
      const [lasting, passing] = [names.slice(0, 2000), names.slice(2000)];
      expect(await errorsOf(lasting, (name) => ["SET", name, VALUE])).to.deep.equal([]);
      expect(await errorsOf(passing, (name) => ["SET", name, VALUE, "EX", 10_000])).to.deep.equal([]);
      expect(await survivors(lasting)).to.equal(lasting.length);
      expect(await survivors(passing)).to.be.below(passing.length / 2);
      const errors = await errorsOf(names, (name) => ["SET", `lasting:${name}`, VALUE]);
      expect(new Set(errors)).to.deep.equal(new Set([OOM]));
      expect(await survivors(passing)).to.equal(0);
      expect(await survivors(lasting)).to.equal(lasting.length);
    });
  }

  it("refuses writes under noeviction, and serves reads and deletions", async () => {
    await limitMemory("noeviction");
    const errors = await errorsOf(names, (name) => ["SET", name, VALUE]);
    expect(new Set(errors)).to.deep.equal(new Set([OOM]));
    expect(await survivors(names)).to.equal(KEYS - errors.length);
    expect(await client.ask("STRLEN", names[0]!)).to.equal("1000");
    expect(await errorsOf(names, (name) => ["DEL", name])).to.deep.equal([]);
    expect(await client.ask("SET", "again", "possible")).to.equal("OK");
  });

  it("keeps what is read often under allkeys-lfu", async () => {
    await limitMemory("allkeys-lfu");
    const hot = names.slice(0, 500);
    await errorsOf(hot, (name) => ["SET", name, VALUE]);
    for (let at = 500; at < KEYS; at += 500) {
      for (let round = 0; round < 3; round++) await errorsOf(hot, (name) => ["GET", name]);
      await errorsOf(names.slice(at, at + 500), (name) => ["SET", name, VALUE]);
    }
    expect(await survivors(hot)).to.be.above(hot.length * 0.9);
    expect(await survivors(names)).to.be.below(KEYS / 2);
  });

  it("keeps what was read last under allkeys-lru", async () => {
    await limitMemory("allkeys-lru");
    const old = names.slice(0, 5000);
    await errorsOf(old, (name) => ["SET", name, VALUE]);
    // Redis counts idle time in whole seconds.
    await client.call("DEBUG", "SLEEP", 1.1);
    const hot = old.slice(0, 500);
    await errorsOf(hot, (name) => ["GET", name]);
    await errorsOf(names.slice(5000, 10_000), (name) => ["SET", name, VALUE]);
    expect(await survivors(hot)).to.be.above(hot.length * 0.9);
    expect(await survivors(old)).to.be.below(old.length * 0.8);
  });

  it("loses first what expires first under volatile-ttl", async () => {
    await limitMemory("volatile-ttl");
    await errorsOf(names, (name) => ["SET", name, VALUE, "EX", 1000 + Number(name.slice(4))]);
    expect(await survivors(names.slice(0, KEYS / 4))).to.be.below(
      (await survivors(names.slice(-KEYS / 4))) / 4,
    );
  });
});

onEveryServer("time to live", (start) => {
  let target: Target;
  let client: WireClient;

  before(async () => {
    target = await start();
    client = await connectTo(target);
  });
  after(async () => {
    await client?.close();
    await target?.close();
  });

  it("ends without anyone asking for the key, unless that is switched off", async () => {
    expect(await client.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)).to.equal("OK");
    for (let i = 0; i < 1000; i++) await client.call("SET", `k${i}`, "v", "PX", 1);
    await client.call("DEBUG", "SLEEP", 0.2);
    expect(await client.ask("DBSIZE")).to.equal("1000");
    expect(await client.ask("DEBUG", "SET-ACTIVE-EXPIRE", 1)).to.equal("OK");
    await eventually("all are gone", async () => (await client.ask("DBSIZE")) === "0");
    expect(await vital(client, "expired_keys")).to.equal(1000);
  });
});
