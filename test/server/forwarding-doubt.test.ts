import { expect } from "chai";
import { HELD } from "#torus/cluster/slot-routes.js";
import { encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import {
  keyAt,
  linkBetween,
  numberOf,
  SimCluster,
  type SimClusterNode,
  slotOfKey,
} from "../support/sim-cluster.js";

const IN_DOUBT = '-"INDOUBT the write was sent to another node and its outcome is unknown"';
const TRY_AGAIN = '-"TRYAGAIN no node that can be reached executes commands for this slot at present"';

describe("Commands for slots that cannot be reached", () => {
  let cluster: SimCluster;
  let caller: SimCaller;
  /** Keys of the nodes, the caller's first. */
  let mine: string;
  let theirs: string;

  async function start(options: Parameters<typeof SimCluster.start>[0] = {}): Promise<void> {
    cluster = await SimCluster.start(options);
    caller = await cluster.connect(0);
    [mine, theirs] = [keyAt(cluster, 0), keyAt(cluster, 1)];
  }

  const node = (i: number): SimClusterNode => cluster.nodes[i]!;
  const advance = (ms: number) => cluster.world.advance(ms);
  const linkOf = (from: number, to: number) => linkBetween(cluster, from, to);
  /** A value as its node has it. */
  const valueAt = async (i: number, key: string) => (await cluster.connect(i)).ask("GET", key);

  describe("while nobody can execute them", () => {
    beforeEach(() => start({ timeoutMs: 1000 }));

    it("wait for a pause there to end, in order, and other clients do not", async () => {
      await node(1).server.local.call("CLIENT", "PAUSE", "500", "WRITE");
      const other = await cluster.connect(0);
      for (const args of [
        ["SET", theirs, "1"],
        ["GET", theirs],
        ["GET", mine],
        ["INCR", theirs],
      ])
        caller.send(...args);
      await advance(100);
      expect(caller.replies).to.deep.equal([]);
      expect(await other.ask("GET", theirs)).to.equal("nil");
      expect(await caller.read(4)).to.deep.equal(["OK", '"1"', "nil", "2"]);
    });

    it("answer TRYAGAIN at their deadline if the pause is longer, and are not executed after it", async () => {
      await node(1).server.local.call("CLIENT", "PAUSE", "3000", "WRITE");
      for (const args of [["INCR", theirs], ["GET", theirs], ["PING"]]) caller.send(...args);
      const startMs = cluster.world.nowMs;
      expect(await caller.read(3)).to.deep.equal([TRY_AGAIN, TRY_AGAIN, "PONG"]);
      expect(cluster.world.nowMs - startMs).to.be.within(1000, 1500);
      await advance(5000);
      expect(await caller.ask("INCR", theirs)).to.equal("1");
    });

    it("wait for a slot that is held, and go where it goes", async () => {
      const slot = slotOfKey(theirs);
      node(0).routes.set(slot, HELD);
      for (const args of [
        ["SET", theirs, "1"],
        ["GET", mine],
        ["GET", theirs],
      ])
        caller.send(...args);
      await advance(300);
      expect(caller.replies).to.deep.equal([]);
      cluster.route(0, [slot], 1);
      expect(await caller.read(3)).to.deep.equal(["OK", "nil", '"1"']);
      node(0).routes.set(slot, HELD);
      for (const args of [
        ["SET", theirs, "2"],
        ["GET", theirs],
      ])
        caller.send(...args);
      await advance(300);
      cluster.move([slot], 0);
      expect(await caller.read(2)).to.deep.equal(["OK", '"2"']);
    });

    it("answer TRYAGAIN for a slot that is held beyond their deadline, however many they are", async () => {
      node(0).routes.set(slotOfKey(theirs), HELD);
      const startMs = cluster.world.nowMs;
      for (let i = 0; i < 50; i++) caller.send("SET", theirs, i);
      caller.send("PING");
      expect(await caller.read(51)).to.deep.equal([...Array.from({ length: 50 }, () => TRY_AGAIN), "PONG"]);
      expect(cluster.world.nowMs - startMs).to.be.within(1000, 1500);
    });

    it("answer TRYAGAIN, once and for all, where two nodes send them to each other", async () => {
      const slot = slotOfKey(theirs);
      cluster.route(1, [slot], 0);
      for (const args of [
        ["SET", theirs, "1"],
        ["GET", mine],
        ["GET", theirs],
      ])
        caller.send(...args);
      expect(await caller.read(3)).to.deep.equal([TRY_AGAIN, "nil", TRY_AGAIN]);
      await advance(5000);
      for (const [from, to] of [
        [0, 1],
        [1, 0],
      ] as const)
        expect(linkOf(from, to).inFlight).to.equal(0);
      const sent = linkOf(0, 1).counters.runsSent;
      await advance(5000);
      expect(linkOf(0, 1).counters.runsSent).to.equal(sent);
    });

    it("are passed on twice, and not a third time", async () => {
      await start({ nodes: 4, timeoutMs: 1000 });
      const slot = slotOfKey(theirs);
      const route = (from: number, to: number) => cluster.route(from, [slot], to);
      // 0 sends to 1, which sends to 2.
      route(1, 2);
      route(2, 2);
      expect(await caller.ask("SET", theirs, "1")).to.equal("OK");
      expect(await valueAt(2, theirs)).to.equal('"1"');
      route(2, 3);
      route(3, 3);
      expect(await caller.ask("SET", theirs, "2")).to.equal(TRY_AGAIN);
      expect(await valueAt(3, theirs)).to.equal("nil");
    });

    it("are executed where the slot has gone when that becomes known too late to the first", async () => {
      const slot = slotOfKey(theirs);
      await caller.ask("SET", theirs, "0");
      cluster.move([slot], 2, { hearing: [] });
      for (const args of [
        ["APPEND", theirs, "1"],
        ["GET", mine],
        ["APPEND", theirs, "2"],
      ])
        caller.send(...args);
      await advance(0.3);
      cluster.tellAll();
      for (const args of [
        ["APPEND", theirs, "3"],
        ["GET", theirs],
      ])
        caller.send(...args);
      expect(await caller.read(5)).to.deep.equal(["2", "nil", "3", "4", '"0123"']);
    });
  });

  describe("when a link breaks", () => {
    beforeEach(() => start({ timeoutMs: 1000 }));

    it("are sent when it is there again, if they were not sent before", async () => {
      cluster.world.cut(["b"], ["a"]);
      cluster.world.cut(["a"], ["b"]);
      cluster.world.resetStreams("a", "b");
      await advance(5);
      expect(linkOf(0, 1).isUp).to.equal(false);
      for (const args of [
        ["INCR", theirs],
        ["GET", mine],
        ["INCR", theirs],
        ["GET", theirs],
      ])
        caller.send(...args);
      await advance(200);
      cluster.world.heal();
      expect(await caller.read(4)).to.deep.equal(["1", "nil", "2", '"2"']);
    });

    it("are asked again if they only read, and in doubt if they write, when they were sent", async () => {
      await caller.askAll(`SET ${theirs} 5`, `SET ${mine} x`);
      // What the other replies never arrives.
      cluster.world.cut(["b"], ["a"]);
      for (const args of [
        ["INCR", theirs],
        ["GET", mine],
        ["GET", theirs],
        ["EXPIRE", theirs, "100"],
        ["PING"],
      ])
        caller.send(...args);
      await advance(20);
      expect(caller.replies.slice(2)).to.deep.equal([]);
      cluster.world.resetStreams("a", "b");
      cluster.world.heal();
      expect(await caller.read(5)).to.deep.equal([IN_DOUBT, '"x"', '"6"', IN_DOUBT, "PONG"]);
      expect(await caller.askAll(`GET ${theirs}`, `TTL ${theirs}`)).to.deep.equal(['"6"', "100"]);
    });

    it("are in doubt, and never executed, where they lie unread when the node asks anew", async () => {
      cluster.world.cut(["a"], ["b"]);
      caller.send("APPEND", theirs, "1");
      await advance(3000);
      expect(await caller.read(1)).to.deep.equal([IN_DOUBT]);
      cluster.world.heal();
      caller.send("APPEND", theirs, "2");
      await caller.read(1);
      const before = await caller.ask("GET", theirs);
      expect(before).to.be.oneOf(['"2"', '"12"']);
      await advance(10_000);
      expect(await caller.ask("GET", theirs)).to.equal(before);
    });

    it("are not executed again though the other node started anew", async () => {
      await caller.ask("SET", theirs, "5");
      const slow = await cluster.connect(0);
      cluster.world.cut(["b"], ["a"]);
      slow.send("INCR", theirs);
      await advance(5);
      cluster.world.crash("b");
      cluster.world.heal();
      expect(await slow.read(1)).to.deep.equal([IN_DOUBT]);
      slow.send("GET", theirs);
      expect(await slow.read(1)).to.deep.equal([TRY_AGAIN]);
    });

    it("may break within the turn that sends: the node is forgotten by the client's own command", async () => {
      const { peers } = node(0).peers;
      const number = numberOf(node(0).peers, "b");
      node(0).server.server.state.resetStats = () => peers.remove(number);
      caller.sendBytes(
        Buffer.concat(
          [["INCR", theirs], ["CONFIG", "RESETSTAT"], ["INCR", theirs], ["PING"]].map((args) =>
            encodeCommand(args),
          ),
        ),
      );
      expect(await caller.read(4)).to.deep.equal([TRY_AGAIN, "OK", TRY_AGAIN, "PONG"]);
      expect(node(0).server.stops).to.deep.equal([]);
    });
  });

  it("are answered in order, and then closed, to a client that quits while a link breaks", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const [one, other] = [keyAt(cluster, 1), keyAt(cluster, 2)];
    await caller.askAll(`SET ${one} 1`, `SET ${other} 2`);
    cluster.world.cut(["b"], ["a"]);
    caller.sendBytes(
      Buffer.concat([["GET", one], ["GET", other], ["QUIT"]].map((args) => encodeCommand(args))),
    );
    await cluster.world.advance(50);
    cluster.world.resetStreams("a", "b");
    cluster.world.heal();
    expect(await caller.readToEnd()).to.deep.equal(['"1"', '"2"', "OK"]);
  });
});
