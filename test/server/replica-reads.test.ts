import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { ANNA, FakeCluster, memberOf } from "../support/fake-cluster.js";
import { FakeReplicaReads } from "../support/fake-replica-reads.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, SimCluster, slotOfKey } from "../support/sim-cluster.js";

const WAIT_MS = 20;
const NODE = "0f".repeat(16);

/** Where a value came from is in the value: its primary has `primary`, and this node a copy that says `copy`. */
describe("a connection that said READONLY", () => {
  let cluster: SimCluster;
  let reads: readonly FakeReplicaReads[];
  let client: SimCaller;
  let here: string;
  let there: string;
  let beyond: string;

  beforeEach(async () => {
    cluster = await SimCluster.start({ gates: false });
    reads = cluster.nodes.map(({ server }) => {
      server.server.state.cluster = new FakeCluster(ANNA, [memberOf(ANNA)]);
      return (server.server.state.replicaReads = new FakeReplicaReads());
    });
    [here, there, beyond] = [keyAt(cluster, 0), keyAt(cluster, 1), keyAt(cluster, 2)];
    client = await cluster.connect(0);
    for (const [node, key] of [here, there, beyond].entries()) {
      new CommandRunner(cluster.nodes[node]!.server.keyspace).run("SET", key, "primary");
    }
    for (const key of [there, beyond]) plant("SET", key, "copy");
  });

  /** Changes what the first node has, in a slot that clients do not see there. */
  function plant(...args: string[]): void {
    const { keyspace } = cluster.nodes[0]!.server;
    keyspace.hideSlot(slotOfKey(args[1]!), true);
    new CommandRunner(keyspace).run(...args);
  }

  function allow(key: string, readability: "here" | "soon" | "elsewhere" = "here"): void {
    reads[0]!.bySlot.set(slotOfKey(key), readability);
  }

  const asked = () => cluster.nodes[0]!.peers.peers.links.map(({ counters }) => counters.commandsSent);

  it("reads copies of this node that may be read, and others at their primary", async () => {
    allow(there);
    expect(await client.askAll("READONLY", `GET ${there}`, `STRLEN ${there}`, `GET ${beyond}`)).to.deep.equal(
      ["OK", '"copy"', "4", '"primary"'],
    );
    expect(asked()).to.deep.equal([0, 1]);
    expect(
      await client.askAll("READWRITE", `GET ${there}`, "READONLY", "RESET", `GET ${there}`),
    ).to.deep.equal(["OK", '"primary"', "OK", "RESET", '"primary"']);
  });

  it("has everything else executed by the primary", async () => {
    allow(there);
    await client.ask("READONLY");
    const commands = [`APPEND ${there} !`, `WATCH ${there}`, `GET ${there}`, "UNWATCH", "DBSIZE"];
    expect(await client.askAll(...commands)).to.deep.equal(["8", "OK", '"primary!"', "OK", "3"]);
    expect(await client.askAll("MULTI", `GET ${there}`, "EXEC")).to.deep.equal([
      "OK",
      "QUEUED",
      '["primary!"]',
    ]);
    await client.ask("TORUS", "CONSISTENCY", "quorum");
    expect(await client.ask("GET", there)).to.equal('"primary!"');
    expect(reads[0]!.judged).to.deep.equal([]);
  });

  it("reads several keys here if all may be read here, and each where it belongs if not", async () => {
    allow(there);
    expect(await client.askAll("READONLY", `MGET ${here} ${there}`)).to.deep.equal([
      "OK",
      '["primary" "copy"]',
    ]);
    expect(await client.ask("MGET", here, there, beyond)).to.equal('["primary" "primary" "primary"]');
    allow(beyond);
    expect(await client.ask("MGET", here, there, beyond)).to.equal('["primary" "copy" "copy"]');
  });

  it("does not overtake what it has sent to another node", async () => {
    allow(there);
    await client.ask("READONLY");
    expect(await client.askAll(`APPEND ${there} !`, `GET ${there}`)).to.deep.equal(["8", '"primary!"']);
    expect(await client.askAll(`GET ${there}`, `GET ${beyond}`, `GET ${there}`)).to.deep.equal([
      '"copy"',
      '"primary"',
      '"primary!"',
    ]);
  });

  it("waits a moment for a copy that is not as far, and then goes to the primary", async () => {
    allow(there, "soon");
    await client.ask("READONLY");
    client.send("GET", there);
    client.send("GET", there);
    await cluster.world.advance(5);
    expect(reads[0]!.waiting.map(({ timeoutMs }) => timeoutMs)).to.deep.equal([WAIT_MS]);
    allow(there);
    reads[0]!.waiting[0]!.end();
    expect(await client.read(2)).to.deep.equal(['"copy"', '"copy"']);
    allow(there, "soon");
    client.send("GET", there);
    await cluster.world.advance(5);
    reads[0]!.waiting[1]!.end();
    expect(await client.read(1)).to.deep.equal(['"primary"']);
    expect(reads[0]!.waiting).to.have.length(2);
  });

  it("is closed while it waits for a copy without harm", async () => {
    allow(there, "soon");
    await client.ask("READONLY");
    client.send("GET", there);
    await cluster.world.advance(5);
    client.connection.close();
    await cluster.world.advance(5);
    reads[0]!.waiting[0]!.end();
    await cluster.world.advance(5);
    expect(cluster.nodes[0]!.server.stops).to.deep.equal([]);
  });

  it("does not see what has expired, and leaves it as it is", async () => {
    const { keyspace, persistence } = cluster.nodes[0]!.server;
    keyspace.keepTombstones = true;
    plant("SET", there, "copy", "PX", "10");
    allow(there);
    expect(await client.askAll("READONLY", `GET ${there}`)).to.deep.equal(["OK", '"copy"']);
    const { expired } = keyspace.stats;
    const { position } = persistence;
    await cluster.world.advance(11);
    expect(await client.askAll(`GET ${there}`, `EXISTS ${there}`, `PTTL ${there}`)).to.deep.equal([
      "nil",
      "0",
      "-2",
    ]);
    expect([keyspace.stats.expired, persistence.position]).to.deep.equal([expired, position]);
    keyspace.tick(0);
    keyspace.nowMs = 0;
    expect(new CommandRunner(keyspace).run("GET", there)).to.equal('"copy"');
  });

  it("sees at once what expires where this node executes", async () => {
    const { keyspace } = cluster.nodes[0]!.server;
    await client.askAll("READONLY", `PEXPIRE ${here} 10`);
    await cluster.world.advance(11);
    const { expired } = keyspace.stats;
    expect(await client.ask("GET", here)).to.equal("nil");
    expect(keyspace.stats.expired).to.equal(expired + 1);
  });

  describe("is told by marks how far nodes are", () => {
    const mark = (position: number, nodeId = NODE) => ({ nodeId, boot: 1, generation: 2, position });
    const judgedOf = (key: string) =>
      reads[0]!.judged.flatMap((line) =>
        line.startsWith(`${slotOfKey(key)} `) ? [line.split(" ").slice(2).join(" ")] : [],
      );

    it("that execute its commands, one by one or together", async () => {
      await client.ask("READONLY");
      reads[1]!.own = mark(10);
      await client.askAll(`SET ${there} 1`, `GET ${there}`);
      expect(await client.ask("GET", there)).to.equal('"1"');
      reads[1]!.own = mark(30);
      reads[2]!.own = mark(20, "0e".repeat(16));
      await client.ask("MGET", there, beyond);
      await client.ask("GET", there);
      await client.askAll("MULTI", `SET ${there} 2`, "EXEC");
      reads[1]!.own = mark(40);
      await client.askAll("MULTI", `SET ${there} 3`, "EXEC");
      await client.ask("GET", there);
      expect(judgedOf(there)).to.deep.equal([
        "all 1/2/10",
        "all 1/2/10",
        "all 1/2/30,1/2/20",
        "all 1/2/40,1/2/20",
      ]);
    });

    it("from where on it said READONLY, and no connection else", async () => {
      reads[1]!.own = mark(10);
      await client.ask("SET", there, "1");
      await client.askAll("READONLY", `GET ${there}`);
      await client.ask("GET", there);
      expect(judgedOf(there)).to.deep.equal(["some ", "some 1/2/10"]);
    });

    it("to which a node has passed its commands on", async () => {
      const slot = slotOfKey(there);
      cluster.move([slot], 2, { hearing: [1, 2] });
      reads[1]!.own = mark(10);
      reads[2]!.own = mark(20, "0e".repeat(16));
      await client.askAll("READONLY", `SET ${there} 1`);
      await client.ask("GET", there);
      expect(judgedOf(there)).to.deep.equal(["all 1/2/10,1/2/20"]);
    });
  });
});
