import { expect } from "chai";
import type { World } from "#torus/host/sim/world.js";
import { SimNode } from "../support/sim-node.js";
import { until } from "../support/until.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;
const HOUR_MS = 3_600_000;
const OFFSET_MS_MAX = 500;
const TTL_MS = 100_000;

/** Whole nodes whose clocks are set. */
describe("a node whose clock is wrong", () => {
  let world: World;
  let nodes: Map<string, SimNode>;

  beforeEach(() => {
    world = worldOf("clocks", { wireSpeed: { latencyMs: 0.2, jitterMs: 0.3 } });
    nodes = new Map();
  });

  afterEach(async () => {
    for (const node of nodes.values()) await node.close();
  });

  it("does not draw the others after it: its time goes on with theirs", async () => {
    await startAll("a", "b", "c");
    const [ofA, ofB] = [await keyAt("a"), await keyAt("b")];
    const startMs = world.nowMs;
    for (const key of [ofA, ofB]) await call("b", "SET", key, "1", "PX", TTL_MS);
    clockOf("a").step(HOUR_MS);
    await write("a", 3000);
    for (const name of ["a", "b", "c"]) {
      for (const key of [ofA, ofB]) {
        const leftMs = TTL_MS - (world.nowMs - startMs);
        expect(await call(name, "PTTL", key)).to.be.within(leftMs - OFFSET_MS_MAX - 50, leftMs + 50);
      }
    }
    expect(warnings("a")).to.deep.equal([
      "this node's clock is ahead of most others: its time goes on with theirs",
    ]);
    expect(Number(await info("a", "torus_clock_ahead_ms"))).to.be.within(HOUR_MS - 5, HOUR_MS + 5);
    expect([
      await info("a", "torus_clock_times_ahead"),
      await info("b", "torus_clock_times_ahead"),
    ]).to.deep.equal(["1", "0"]);
    clockOf("a").step(-HOUR_MS);
    await world.advance(2000);
    expect(Number(await info("a", "torus_clock_ahead_ms"))).to.be.within(-5, 5);
    await write("a", 1000);
    expect(warnings("a")).to.have.length(1);
  });

  it("does not draw the others after it when it starts with that clock, nor when it is started again", async () => {
    await startAll("a", "b");
    const key = await keyAt("b");
    const startMs = world.nowMs;
    await call("b", "SET", key, "1", "PX", TTL_MS);
    clockOf("c").step(HOUR_MS);
    await startAll("c");
    await write("c", 1000);
    await nodes.get("c")!.close();
    await startAll("c");
    await write("c", 1000);
    const leftMs = TTL_MS - (world.nowMs - startMs);
    for (const name of ["a", "b", "c"]) {
      expect(await call(name, "PTTL", key)).to.be.within(leftMs - OFFSET_MS_MAX - 50, leftMs + 50);
    }
  });

  it("lets time go on at half the pace when it is set back, and does not stop it", async () => {
    await startAll("a");
    await call("a", "SET", "key", "1", "PX", 10_000);
    clockOf("a").step(-HOUR_MS);
    await world.advance(19_000);
    expect(await call("a", "PTTL", "key")).to.be.within(300, 700);
    await world.advance(2000);
    expect(await call("a", "GET", "key")).to.equal(null);
  });

  it("is believed where there is no majority against it", async () => {
    await startAll("a", "b");
    await call("b", "SET", await keyAt("b"), "1", "PX", TTL_MS);
    clockOf("a").step(HOUR_MS);
    await write("a", 3000);
    expect(await call("b", "EXISTS", await keyAt("b"))).to.equal(0);
    expect(warnings("a")).to.deep.equal([]);
  });

  it("issues versions above all that it issued before it was killed, though its clock was set back", async () => {
    await startAll("a", "b", "c");
    const key = await keyAt("a");
    const before = await clockOfKey(key);
    world.crash("a");
    nodes.delete("a");
    clockOf("a").step(-HOUR_MS);
    await startAll("a");
    const after = await keyAt("a");
    await call("a", "SET", after, "2");
    expect(await clockOfKey(after)).to.be.greaterThan(before);
  });

  const clockOf = (name: string) => world.host(name).clock;

  const call = (name: string, ...args: readonly (string | number)[]) => nodes.get(name)!.call(...args);

  const info = (name: string, field: string) => nodes.get(name)!.info(field);

  const warnings = (name: string) =>
    world
      .host(name)
      .log.lines.filter(({ level, message }) => level === "warn" && /clock/.test(message))
      .map(({ message }) => message);

  /** Writes at what a node executes, for a while. */
  async function write(name: string, forMs: number): Promise<void> {
    const key = await keyAt(name);
    for (let ms = 0; ms < forMs; ms += 100) {
      expect(await call(name, "SET", `{${key}}:written`, String(ms))).to.equal("OK");
      await world.advance(100);
    }
  }

  /** The milliseconds of the version of a key, which is written anew. */
  async function clockOfKey(key: string): Promise<number> {
    const name = String((await explained(key)).name);
    await call(name, "SET", key, "1", "PX", TTL_MS);
    return Number(await call(name, "PEXPIRETIME", key)) - TTL_MS;
  }

  async function startAll(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const node = await SimNode.member(world, name, {
        replicationFactor: 3,
        dir: "data",
        appendonly: "yes",
        ...(name === "a" ? {} : { join: `a:${CLUSTER_PORT}` }),
      });
      nodes.set(name, node);
    }
    await until(world, async () => {
      const each = await Promise.all([...nodes.values()].map((node) => node.told("STATUS")));
      return each.every(
        ({ lifecycle, missing }) => lifecycle === "active" && (missing as unknown[]).length === 0,
      );
    });
    for (const name of nodes.keys()) await keyAt(name);
  }

  /** A key that a node executes, which it may yet have to take over. */
  async function keyAt(name: string): Promise<string> {
    let found: string | undefined;
    await until(world, async () => {
      for (let i = 0; i < 50 && found === undefined; i++) {
        if ((await explained(`key:${i}`)).name === name) found = `key:${i}`;
      }
      return found !== undefined;
    });
    return found!;
  }

  function explained(key: string): Promise<Record<string, unknown>> {
    return [...nodes.values()][0]!.told("EXPLAIN", key);
  }
});
