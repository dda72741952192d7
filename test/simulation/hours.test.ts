import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe("hours of a node", () => {
  /** What one run of three hours was like. */
  interface Day {
    readonly world: World;
    readonly trace: string;
    readonly expired: string;
  }

  /** Two clients that write keys with expiries, one that looks at them, one that is idle, one that pauses the others. */
  async function day(seed: number): Promise<Day> {
    const world = worldOf(seed);
    // Background work once a second, which is enough for it and makes ten times fewer events.
    const node = await SimNode.start(world, { config: { timeoutSeconds: "900", hz: "1" } });
    const idle = await node.connect("idle");
    await Promise.all([
      writer(node, "a", new Prng(`a ${seed}`)),
      writer(node, "b", new Prng(`b ${seed}`)),
      pauser(node),
      idle.readToEnd(),
    ]);
    expect(idle.closedAtMs).to.be.within(15 * MINUTE_MS, 15 * MINUTE_MS + 1500);
    await world.run({ untilMs: 3 * HOUR_MS });
    // Nobody has looked at most of the keys.
    expect(await node.call("DBSIZE")).to.equal(0);
    const expired = await node.info("expired_keys");
    await node.close();
    expect(node.stops).to.deep.equal([]);
    return { world, trace: world.traceHash, expired };
  }

  /** For two hours: sets keys that live for seconds or minutes, and looks at some just before and after. */
  async function writer(node: SimNode, name: string, prng: Prng): Promise<void> {
    const { world } = node;
    const client = await node.connect(name);
    for (let round = 0; world.nowMs < 2 * HOUR_MS; round++) {
      const key = `${name}:${round}`;
      const lifeMs = 2000 + prng.below(14 * MINUTE_MS);
      expect(await client.ask("SET", key, round, "PX", lifeMs)).to.equal("OK");
      expect(await client.ask("SET", `${key}:unseen`, round, "PX", lifeMs)).to.equal("OK");
      const setAtMs = world.nowMs;
      if (prng.chance(0.3)) {
        // A reply takes a few milliseconds, and a pause up to a second.
        await world.run({ untilMs: setAtMs + lifeMs - 1500 });
        expect(await client.ask("GET", key)).to.equal(`"${round}"`);
        await world.run({ untilMs: setAtMs + lifeMs });
        expect(await client.ask("GET", key)).to.equal("nil");
      } else {
        await world.advance(prng.below(2 * MINUTE_MS));
      }
      if (prng.chance(0.1))
        expect(await client.ask("PEXPIRE", `${key}:unseen`, MINUTE_MS)).to.match(/^[01]$/);
    }
    client.close();
  }

  async function pauser(node: SimNode): Promise<void> {
    const { world } = node;
    for (let round = 0; round < 8; round++) {
      await world.advance(14 * MINUTE_MS);
      const client = await node.connect("pauser");
      expect(await client.ask("CLIENT", "PAUSE", 1000)).to.equal("OK");
      expect(await client.ask("PING")).to.equal("PONG");
      client.close();
    }
  }

  it("pass in well under a second: keys expire, seen or not, and idle clients are closed", async function () {
    this.timeout(10_000);
    const { world, expired } = await day(1);
    expect(world.nowMs).to.be.at.least(3 * HOUR_MS);
    expect(Number(expired)).to.be.greaterThan(100);
  });

  it("are the same for the same seed, to the byte and the moment, and others for another", async function () {
    this.timeout(20_000);
    const [first, again, other] = [await day(2), await day(2), await day(3)];
    expect(again.trace).to.equal(first.trace);
    expect(again.expired).to.equal(first.expired);
    expect(other.trace).to.not.equal(first.trace);
  });

  it("pass with several nodes in one world, which do not notice each other", async function () {
    this.timeout(10_000);
    const world = worldOf(7);
    const config = { hz: "2" };
    const nodes = await Promise.all(["a", "b", "c"].map((name) => SimNode.start(world, { name, config })));
    for (const [i, node] of nodes.entries()) await node.call("SET", "k", i, "EX", (i + 1) * 600);
    await world.advance(15 * MINUTE_MS);
    const values = await Promise.all(nodes.map((node) => node.call("GET", "k")));
    expect(values).to.deep.equal([null, "1", "2"]);
    await Promise.all(nodes.map((node) => node.close()));
  });
});
