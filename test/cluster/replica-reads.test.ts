import { expect } from "chai";
import type { World } from "#torus/host/sim/world.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";
import { until } from "../support/until.js";
import { worldOf } from "../support/world.js";

const CLUSTER_PORT = 16_379;
const NAMES = ["a", "b", "c"] as const;
/** An agreement is made anew at the latest after so long. */
const STALE_MS_MAX = 1000;

/** Three whole nodes, each of which has a copy of everything. */
describe("reads at replicas", () => {
  let world: World;
  let nodes: SimNode[];
  /** A key that another node than the first one executes, and that node. */
  let key: string;
  let primary: SimNode;
  let other: SimNode;
  let client: SimCaller;

  beforeEach(async () => {
    world = worldOf("replica reads", { wireSpeed: { latencyMs: 0.2, jitterMs: 0.3 } });
    nodes = [];
    for (const name of NAMES) nodes.push(await start(name));
    await until(world, async () => (await readyNodes()) === NAMES.length);
    key = await keyOf((executor) => executor !== "a");
    const { name } = await nodes[0]!.told("EXPLAIN", key);
    primary = nodes.find(({ host }) => host.name === name)!;
    other = nodes.find((node) => node !== nodes[0] && node !== primary)!;
    client = await nodes[0]!.connect();
    await client.ask("READONLY");
  });

  afterEach(async () => {
    for (const node of nodes) await node.close();
  });

  it("are answered where the connection is, once that node has agreed with the primary", async () => {
    await client.ask("SET", key, "1");
    await readHere();
    const sent = await getsAt(primary);
    for (let i = 0; i < 10; i++) expect(await client.ask("GET", key)).to.equal('"1"');
    expect(await getsAt(primary)).to.equal(sent);
    // A connection that has seen nothing yet reads here at once.
    const fresh = await nodes[0]!.connect();
    expect(await fresh.askAll("READONLY", `GET ${key}`)).to.deep.equal(["OK", '"1"']);
    expect(await getsAt(primary)).to.equal(sent);
  });

  it("show a connection what it wrote, and what it saw at the primary, though copies come later", async () => {
    await readHere();
    world.slow([primary.host.name], ["a"], 3);
    const writer = await primary.connect();
    let reads = 0;
    for (let i = 0; i < 100; i++) {
      expect(await client.ask("INCR", key)).to.equal(String(2 * i + 1));
      expect(await client.ask("GET", key)).to.equal(`"${2 * i + 1}"`);
      writer.send("INCR", key);
      await writer.read(1);
      // Together with a write that goes to the primary it is read there.
      const [, seen] = await client.askAll("TOUCH nothing", `GET ${key}`);
      expect(Number(seen!.slice(1, -1))).to.be.least(2 * i + 1);
      const again = await client.ask("GET", key);
      expect(Number(again.slice(1, -1))).to.be.least(Number(seen!.slice(1, -1)));
      await until(world, async () => (await client.ask("GET", key)) === `"${2 * (i + 1)}"`);
      reads++;
    }
    expect(reads).to.equal(100);
    expect(await getsAt(nodes[0]!)).to.be.greaterThan(50);
  });

  it("are not answered where the connection is while the way from the primary is slow", async () => {
    await readHere();
    world.slow([primary.host.name], ["a"], STALE_MS_MAX + 200);
    await client.ask("SET", key, "1");
    const writer = await primary.connect();
    await writer.ask("SET", key, "2");
    await world.advance(STALE_MS_MAX);
    const here = await getsAt(nodes[0]!);
    expect(await client.ask("GET", key)).to.equal('"2"');
    expect(await getsAt(nodes[0]!)).to.equal(here);
  });

  it("show no less after the primary has died, and go on where the connection is", async () => {
    await client.ask("SET", key, "1");
    await readHere();
    const writer = await other.connect();
    for (let i = 2; i < 20; i++) await writer.ask("SET", key, String(i));
    const seen = Number((await client.ask("GET", key)).slice(1, -1));
    world.crash(primary.host.name);
    nodes = nodes.filter((node) => node !== primary);
    for (let i = 0; i < 50; i++) {
      const reply = await client.ask("GET", key);
      if (!reply.startsWith("-")) expect(Number(reply.slice(1, -1))).to.be.least(seen);
      await world.advance(50);
    }
    const { name } = await nodes[0]!.told("EXPLAIN", key);
    if (name === "a") key = await keyOf((executor) => executor !== "a");
    primary = nodes.find((node) => node !== nodes[0])!;
    await client.ask("SET", key, "100");
    await readHere();
  });

  it("show a connection what it wrote before it said READONLY", async () => {
    await readHere();
    world.slow([primary.host.name], ["a"], 5);
    for (let i = 0; i < 20; i++) {
      const late = await nodes[0]!.connect();
      await late.ask("SET", key, String(i));
      expect(await late.askAll("READONLY", `GET ${key}`)).to.deep.equal(["OK", `"${i}"`]);
      expect(await late.ask("GET", key)).to.equal(`"${i}"`);
      late.connection.close();
    }
  });

  it("do not see an expired key, and leave its end to the primary", async () => {
    await client.ask("SET", key, "1", "PX", "300");
    await readHere();
    await world.advance(301);
    expect(await client.ask("GET", key)).to.equal("nil");
    expect(await nodes[0]!.info("expired_keys")).to.equal("0");
  });

  /** Reads until it is the first node that answers. */
  async function readHere(): Promise<void> {
    await until(world, async () => {
      const before = await getsAt(nodes[0]!);
      await client.ask("GET", key);
      return (await getsAt(nodes[0]!)) > before;
    });
  }

  async function getsAt(node: SimNode): Promise<number> {
    const stats = await node.info("cmdstat_get").catch(() => "calls=0");
    return Number(/calls=(\d+)/.exec(stats)![1]);
  }

  async function start(name: string): Promise<SimNode> {
    return SimNode.member(world, name, {
      replicationFactor: 3,
      appendonly: "no",
      save: "",
      ...(name === "a" ? {} : { join: `a:${CLUSTER_PORT}` }),
    });
  }

  async function readyNodes(): Promise<number> {
    let ready = 0;
    for (const node of nodes) {
      const { lifecycle } = await node.told("STATUS");
      const { replicas } = await node.told("EXPLAIN", "x");
      if (lifecycle === "active" && (replicas as unknown[] | undefined)?.length === NAMES.length) ready++;
    }
    return ready;
  }

  async function keyOf(isSuch: (executor: string) => boolean): Promise<string> {
    for (let i = 0; ; i++) {
      const { name } = await nodes[0]!.told("EXPLAIN", `key:${i}`);
      if (isSuch(String(name))) return `key:${i}`;
    }
  }
});
