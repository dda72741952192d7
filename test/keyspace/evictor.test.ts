import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { type EvictionPolicy, Evictor } from "#torus/keyspace/evictor.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";

const KEYS = 400;

interface Scene {
  readonly keyspace: Keyspace;
  readonly run: CommandRunner;
  readonly evictor: Evictor;
  /** Evicts until about a quarter of the keys is gone. */
  evictSome(policy: EvictionPolicy): boolean;
  alive(prefix: string): number;
}

function scene(isLfu = false): Scene {
  const keyspace = smallKeyspace();
  keyspace.access.isLfu = isLfu;
  const prng = new Prng("evictor");
  let nowMs = 0;
  const clock = { wallMs: () => START_MS, monotonicMs: () => (nowMs += 0.001) };
  const evictor = new Evictor(
    keyspace,
    { uint32: () => prng.uint32(), bytes: (n) => new Uint8Array(n) },
    clock,
  );
  const run = new CommandRunner(keyspace);
  // The first deadline and the first deletion of a database each take a table for all its slots.
  run.run("SET", "first", "v", "EX", 1);
  run.run("DEL", "first");
  return {
    keyspace,
    run,
    evictor,
    evictSome(policy) {
      const used = keyspace.usedBytes;
      const before = keyspace.databases[0]!.records.arena.usedBytes;
      evictor.configure(used - before / 4, policy, 5);
      let hasRoom = evictor.makeRoom();
      while (hasRoom && evictor.isOverLimit()) hasRoom = evictor.makeRoom();
      return hasRoom;
    },
    alive(prefix) {
      return Array.from({ length: KEYS }, (_, i) => run.run("EXISTS", `${prefix}${i}`)).filter(
        (n) => n === "1",
      ).length;
    },
  };
}

describe("evictor", () => {
  it("evicts nothing under noeviction, and says that there is no room", () => {
    const { run, evictSome, alive, keyspace } = scene();
    for (let i = 0; i < KEYS; i++) run.run("SET", `k${i}`, "x".repeat(100));
    expect(evictSome("noeviction")).to.equal(false);
    expect(alive("k")).to.equal(KEYS);
    expect(keyspace.stats.evicted).to.equal(0);
  });

  it("prefers keys not used for long under allkeys-lru", () => {
    const { run, evictSome, alive, keyspace } = scene();
    keyspace.access.tick(1000);
    for (let i = 0; i < KEYS; i++) run.run("SET", `old${i}`, "x".repeat(100));
    keyspace.access.tick(900_000);
    for (let i = 0; i < KEYS; i++) run.run("SET", `new${i}`, "x".repeat(100));
    expect(evictSome("allkeys-lru")).to.equal(true);
    const [old, fresh] = [alive("old"), alive("new")];
    expect(old).to.be.below(KEYS * 0.65);
    expect(fresh).to.be.above(KEYS * 0.95);
    expect(keyspace.stats.evicted).to.equal(2 * KEYS - old - fresh);
  });

  it("prefers keys used seldom under allkeys-lfu", () => {
    const { run, evictSome, alive } = scene(true);
    for (let i = 0; i < KEYS; i++) {
      run.run("SET", `seldom${i}`, "x".repeat(100));
      run.run("SET", `often${i}`, "x".repeat(100));
      for (let n = 0; n < 20; n++) run.run("GET", `often${i}`);
    }
    expect(evictSome("allkeys-lfu")).to.equal(true);
    expect(alive("often")).to.be.above(KEYS * 0.95);
    expect(alive("seldom")).to.be.below(KEYS * 0.65);
  });

  it("prefers keys that expire soon under volatile-ttl", () => {
    const { run, evictSome, alive } = scene();
    for (let i = 0; i < KEYS; i++) {
      run.run("SET", `soon${i}`, "x".repeat(100), "EX", 1000 + i);
      run.run("SET", `late${i}`, "x".repeat(100), "EX", 900_000 + i);
    }
    expect(evictSome("volatile-ttl")).to.equal(true);
    expect(alive("late")).to.be.above(KEYS * 0.95);
    expect(alive("soon")).to.be.below(KEYS * 0.65);
  });

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] as const) {
    it(`spares keys without a deadline under ${policy}, and finds the few that have one`, () => {
      const { run, evictor, keyspace, alive } = scene(policy === "volatile-lfu");
      for (let i = 0; i < KEYS; i++) run.run("SET", `forever${i}`, "x".repeat(100));
      for (let i = 0; i < 5; i++) run.run("SET", `volatile${i}`, "y", "EX", 1000);
      evictor.configure(1, policy, 5);
      while (evictor.makeRoom());
      expect(alive("forever")).to.equal(KEYS);
      expect(alive("volatile")).to.equal(0);
      expect(keyspace.stats.evicted).to.equal(5);
    });
  }

  it("finds the last key with a deadline among thousands of slots that have lost theirs", () => {
    for (const policy of ["volatile-random", "volatile-ttl"] as const) {
      const { run, evictor, keyspace } = scene();
      const names = Array.from({ length: 3000 }, (_, i) => `k${i}`);
      for (const name of names) run.run("SET", name, "v", "EX", 1000);
      for (const name of names.slice(1)) run.run("DEL", name);
      evictor.configure(1, policy, 5);
      evictor.makeRoom();
      expect(keyspace.stats.evicted, policy).to.equal(1);
    }
  });

  it("evicts from every database, and tells watchers", () => {
    const { run, evictor, keyspace } = scene();
    keyspace.select(1);
    run.run("SET", "k", "v");
    const watcher = { keysChanged: false };
    keyspace.watchers.watch(watcher, 1, Buffer.from("k"));
    keyspace.select(0);
    evictor.configure(1, "allkeys-random", 5);
    while (evictor.makeRoom());
    expect(keyspace.size).to.equal(0);
    expect(watcher.keysChanged).to.equal(true);
  });
});
