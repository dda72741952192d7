import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { Sweeper } from "#torus/keyspace/sweeper.js";
import { CommandRunner } from "../support/command-runner.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** A clock that advances with each look at it, so that budgets end after a known number of steps. */
function steppingClock(stepMs: number): { wallMs(): number; monotonicMs(): number } {
  let nowMs = 0;
  return { wallMs: () => START_MS, monotonicMs: () => (nowMs += stepMs) };
}

describe("sweeper", () => {
  it("lets exactly those keys go whose time is over, in every database", () => {
    const keyspace = smallKeyspace();
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(0));
    for (let database = 0; database < 2; database++) {
      keyspace.select(database);
      for (let i = 0; i < 1000; i++) run.run("SET", `k${i}`, "v", "PX", 100 + i);
      run.run("SET", "forever", "v");
    }
    keyspace.tick(START_MS + 600);
    expect(sweeper.expire(10)).to.equal(true);
    for (const database of keyspace.databases) expect(database.size).to.equal(500);
    keyspace.tick(START_MS + 5000);
    expect(sweeper.expire(10)).to.equal(true);
    for (const database of keyspace.databases) {
      expect(database.size).to.equal(1);
      expect(database.expiringCount).to.equal(0);
    }
    expect(keyspace.stats.expired).to.equal(2000);
  });

  it("goes on where its time ended, under one hash tag too, and misses no deadline set meanwhile", () => {
    const keyspace = smallKeyspace();
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(1));
    for (let i = 0; i < 10_000; i++) run.run("SET", `{tag}${i}`, "v", "PX", 1 + (i % 2) * 1_000_000);
    keyspace.tick(START_MS + 10);
    expect(sweeper.expire(3)).to.equal(false);
    expect(keyspace.size).to.be.within(5001, 9999);
    run.run("SET", "{tag}late", "v", "PX", 5);
    let slices = 1;
    while (!sweeper.expire(3)) slices++;
    expect(slices).to.be.above(5);
    expect(keyspace.size).to.equal(5001);
    keyspace.tick(START_MS + 20);
    while (!sweeper.expire(3));
    expect(keyspace.size).to.equal(5000);
  });

  it("leaves husks where tombstones are kept, which no client sees", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(0));
    run.run("SET", "k", "v", "PX", 5);
    keyspace.tick(START_MS + 10);
    sweeper.expire(1);
    expect(keyspace.size).to.equal(0);
    expect(run.run("KEYS", "*")).to.equal(run.run("KEYS", "nothing"));
    expect(run.run("EXISTS", "k")).to.equal("0");
  });

  it("gives memory back after deletions here and there, and every key keeps its value", () => {
    const keyspace = smallKeyspace();
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(0));
    const { arena } = keyspace.records;
    const prng = new Prng("compaction");
    const valueAt = (i: number): string => `${i}:${"v".repeat(i % 90)}`;
    for (let i = 0; i < 30_000; i++)
      run.run("SET", `k${i}`, valueAt(i), ...(i % 3 === 0 ? ["EX", 1000] : []));
    for (let i = 0; i < 500; i++) run.run("HSET", "large", `field ${i}`, valueAt(i));
    const full = arena.reservedBytes;
    const kept = Array.from({ length: 30_000 }, (_, i) => i).filter(() => prng.chance(0.08));
    const keeps = new Set(kept);
    for (let i = 0; i < 30_000; i++) if (!keeps.has(i)) run.run("DEL", `k${i}`);
    const fragmented = arena.reservedBytes;
    while (!sweeper.tidy(1));
    expect(arena.reservedBytes).to.be.below(fragmented * 0.6);
    expect(arena.reservedBytes).to.be.below(full * 0.4);
    for (const i of kept) expect(run.run("GET", `k${i}`)).to.equal(JSON.stringify(valueAt(i)));
    for (let i = 0; i < 500; i++)
      expect(run.run("HGET", "large", `field ${i}`)).to.equal(JSON.stringify(valueAt(i)));
    expect(sweeper.tidy(1)).to.equal(true);
  });

  it("gives back what the orders of sorted sets leave free, and keeps those that stay", () => {
    const keyspace = smallKeyspace();
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(0));
    const { arena } = keyspace.database.fields.order;
    const sets = 100;
    const scoreOf = (set: number, member: number) => Math.imul(set * 1000 + member, 0x9e3779b1) >>> 8;
    // Nodes of all sets lie side by side.
    for (let member = 0; member < 400; member++)
      for (let set = 0; set < sets; set++)
        run.run("ZADD", `z${set}`, scoreOf(set, member), `member ${member}`);
    const full = arena.reservedBytes;
    for (let set = 0; set < sets; set++) if (set % 12 !== 0) run.run("DEL", `z${set}`);
    while (keyspace.releaseSlice(1000) > 0);
    while (!sweeper.tidy(1));
    expect(arena.reservedBytes).to.be.below(full * 0.5);
    for (let set = 0; set < sets; set += 12) {
      const sorted = Array.from({ length: 400 }, (_, member) => member)
        .sort((a, b) => scoreOf(set, a) - scoreOf(set, b))
        .map((member) => `"member ${member}"`);
      expect(run.run("ZRANGE", `z${set}`, 0, -1)).to.equal(`[${sorted.join(" ")}]`);
      run.run("ZADD", `z${set}`, -1, "member 7");
      expect(run.run("ZRANK", `z${set}`, "member 7")).to.equal("0");
      expect(run.run("ZREMRANGEBYRANK", `z${set}`, 0, -1)).to.equal("400");
    }
    while (keyspace.releaseSlice(1000) > 0);
    expect(arena.usedBytes).to.equal(0);
  });

  it("is done with tidying when a slab is empty that could not be given back before", () => {
    const keyspace = smallKeyspace();
    const run = new CommandRunner(keyspace);
    const sweeper = new Sweeper(keyspace, steppingClock(1));
    const { arena } = keyspace.records;
    const value = "v".repeat(1000);
    // As many as fill slabs, and one more, which lies in a slab of its own.
    const reserved = () => arena.reservedBytes;
    let count = 0;
    for (const before = reserved(); reserved() === before; count++) run.run("SET", `k${count}`, value);
    for (const before = reserved(); reserved() === before; count++) run.run("SET", `k${count}`, value);
    run.run("DEL", `k${count - 1}`);
    run.run("DEL", "k0");
    const slices = Array.from({ length: 10 }, () => sweeper.tidy(1));
    expect(slices).to.deep.equal(new Array(10).fill(true));
  });
});
