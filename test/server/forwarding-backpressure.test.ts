import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, linkBetween, SimCluster, slotOfKey } from "../support/sim-cluster.js";

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a client may have of replies before it is waited for, twice: where it is connected and where commands are executed. */
const BOUND_BYTES = 4 * MIB;

describe("Replies from other nodes to a client that is slow to take them", () => {
  let cluster: SimCluster;
  let caller: SimCaller;
  let theirs: string;
  let others: string;

  beforeEach(async () => {
    cluster = await SimCluster.start({ timeoutMs: 1000 });
    caller = await cluster.connect(0);
    [theirs, others] = [keyAt(cluster, 1), keyAt(cluster, 2)];
  });

  const link = (to: number) => linkBetween(cluster, 0, to);
  const advance = (ms: number) => cluster.world.advance(ms);
  const times = (count: number, ...args: string[]) =>
    Buffer.concat(Array.from({ length: count }, () => encodeCommand(args)));
  const entrance = () => cluster.nodes[0]!.server.server;

  async function fill(key: string, bytes: number): Promise<string> {
    const value = `${key} ${"x".repeat(bytes)}`;
    expect(await caller.ask("SET", key, value)).to.equal("OK");
    return JSON.stringify(value);
  }

  it("are made as it takes them: no node holds more than a few megabytes, nothing is lost, however long it takes", async () => {
    const value = await fill(theirs, MIB);
    const received = link(1).counters.bytesReceived;
    caller.connection.pauseReading();
    caller.sendBytes(times(30, "GET", theirs));
    for (let second = 0; second < 10; second++) {
      await advance(1000);
      const [client] = entrance().state.clients.values();
      expect(client!.outputBytes).to.be.below(BOUND_BYTES);
      expect(link(1).counters.bytesReceived - received).to.be.below(BOUND_BYTES);
    }
    caller.connection.resumeReading();
    for (const reply of await caller.read(30)) expect(reply === value).to.equal(true);
    expect(link(1).inFlight).to.equal(0);
  });

  it("are known to be waited for at the node that executes, until the last of them has left", async () => {
    await fill(theirs, MIB);
    const { server } = cluster.nodes[1]!.peers;
    const askAndTakeNothing = async (ms: number) => {
      expect(server.isServing).to.equal(false);
      caller.connection.pauseReading();
      caller.sendBytes(times(30, "GET", theirs));
      await advance(ms);
      expect(server.isServing).to.equal(true);
    };
    await askAndTakeNothing(5000);
    caller.connection.resumeReading();
    await caller.read(30);
    await advance(10);
    await askAndTakeNothing(1000);
    caller.connection.destroy();
    await advance(1000);
    expect(server.isServing).to.equal(false);
  });

  it("do not wait for each other where several nodes have parts of them", async () => {
    const [one, other] = [await fill(theirs, 300 * KIB), await fill(others, 300 * KIB)];
    const startMs = cluster.world.nowMs;
    const pairs = Array.from({ length: 16 }, () => [times(1, "GET", theirs), times(1, "GET", others)]).flat();
    caller.sendBytes(Buffer.concat(pairs));
    for (const [i, reply] of (await caller.read(32)).entries()) {
      expect(reply === (i % 2 === 0 ? one : other)).to.equal(true);
    }
    caller.sendBytes(Buffer.concat([times(16, "GET", theirs), times(16, "GET", others)]));
    for (const [i, reply] of (await caller.read(32)).entries()) {
      expect(reply === (i < 16 ? one : other)).to.equal(true);
    }
    expect(cluster.world.nowMs - startMs).to.be.below(900);
  });

  it("hold up no other client, whatever it has asked for besides", async () => {
    await fill(theirs, MIB);
    const slow = await Promise.all(Array.from({ length: 12 }, () => cluster.connect(0)));
    const more = "y".repeat(900 * KIB);
    for (const client of slow) {
      client.connection.pauseReading();
      client.sendBytes(times(2, "GET", theirs));
      client.sendBytes(encodeCommand(["SET", `{${theirs}}2`, more]));
    }
    await advance(3000);
    const startMs = cluster.world.nowMs;
    expect(await caller.ask("STRLEN", theirs)).to.equal(String(MIB + theirs.length + 1));
    expect(cluster.world.nowMs - startMs).to.be.below(50);
    for (const client of slow) {
      client.connection.resumeReading();
      expect((await client.read(3))[2]).to.equal("OK");
    }
    expect([link(1).inFlight, link(1).bytesInFlight]).to.deep.equal([0, 0]);
  });

  it("are no longer made when it disconnects", async () => {
    await fill(theirs, MIB);
    const made = link(1).counters.bytesReceived;
    const slow = await cluster.connect(0);
    slow.connection.pauseReading();
    slow.sendBytes(times(50, "GET", theirs));
    await advance(3000);
    slow.connection.destroy();
    await advance(3000);
    expect([link(1).inFlight, link(1).bytesInFlight]).to.deep.equal([0, 0]);
    expect(link(1).counters.bytesReceived - made).to.be.below(60 * MIB);
    expect(await caller.ask("EXISTS", theirs)).to.equal("1");
  });

  it("count against its output limit", async () => {
    await fill(theirs, 3 * MIB);
    await caller.ask("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0");
    const slow = await cluster.connect(0);
    slow.connection.pauseReading();
    slow.sendBytes(times(3, "GET", theirs));
    await advance(1000);
    expect(entrance().state.clients.size).to.equal(1);
    await advance(2000);
    expect(link(1).inFlight).to.equal(0);
  });

  it("come though the log there was long in releasing them, and all at once", async () => {
    const { server, persistence } = cluster.nodes[1]!.server;
    const value = await fill(theirs, 300 * KIB);
    persistence.gates = true;
    server.gate.configure();
    caller.send("APPEND", theirs, "");
    caller.send("SET", theirs, JSON.parse(value));
    caller.sendBytes(times(12, "GET", theirs));
    await advance(100);
    expect(caller.replies).to.have.length(1);
    persistence.sync();
    const replies = await caller.read(14);
    for (const reply of replies.slice(2)) expect(reply === value).to.equal(true);
  });

  it("wait for the slow one through a second node, too", async () => {
    const value = await fill(theirs, MIB);
    cluster.route(0, [slotOfKey(theirs)], 2);
    caller.connection.pauseReading();
    caller.sendBytes(times(30, "GET", theirs));
    await advance(10_000);
    expect(linkBetween(cluster, 2, 1).counters.bytesReceived).to.be.below(2 * BOUND_BYTES);
    caller.connection.resumeReading();
    for (const reply of await caller.read(30)) expect(reply === value).to.equal(true);
  });
});
