import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import {
  ASK,
  DONE,
  FRAME_HEAD_BYTES,
  GO_ON,
  PART,
  RUN,
  RUN_HEAD_BYTES,
  TELL,
  writeName,
  writeRunHead,
} from "#torus/cluster/peer-frames.js";
import { HELLO_BYTES, PEER_VERSION, writeHello } from "#torus/cluster/peer-hello.js";
import type { RunServer } from "#torus/cluster/peer-server.js";
import { Run, type RunOwner } from "#torus/cluster/run.js";
import type { PeerSession } from "#torus/cluster/served-peer.js";
import type { Connection } from "#torus/host/network.js";
import { Damager } from "../support/damaged-stream.js";
import { frameOf } from "../support/frame.js";
import { encodeCommand } from "../support/request.js";
import { keyAt, linkBetween, SimCluster } from "../support/sim-cluster.js";
import { nodeIdOf } from "../support/sim-peers.js";

const IN_DOUBT = '-"INDOUBT the write was sent to another node and its outcome is unknown"';
const TRY_AGAIN = '-"TRYAGAIN no node that can be reached executes commands for this slot at present"';

describe("A damaged link between nodes", () => {
  for (const secret of [undefined, "torus"]) {
    for (const way of ["in", "out"] as const) {
      const name = `${secret === undefined ? "in the clear" : "sealed"}, ${way === "in" ? "requests" : "answers"}`;
      it(`leaves the client in step and both nodes whole, wherever a byte is changed or missing (${name})`, async () => {
        const damager = new Damager();
        const cluster = await SimCluster.start({
          nodes: 2,
          timeoutMs: 500,
          interpose: damager.interpose,
          ...(secret === undefined ? {} : { secret }),
        });
        const caller = await cluster.connect(0);
        // So different that no damage makes one of the other.
        const [mine, theirs] = [keyAt(cluster, 0, "own"), keyAt(cluster, 1)];
        const commands = [
          ["SET", theirs, "value"],
          ["GET", theirs],
          ["APPEND", theirs, "+"],
          ["GET", mine],
          ["PING"],
        ];
        const requests = Buffer.concat(commands.map(encodeCommand));
        let counted = 0;
        let end = 1;
        for (let at = 0; at < end; at++) {
          for (const bits of [0, 1, 0x80, 0xff]) {
            damager.damageNext({ way, at, bits });
            cluster.world.resetStreams("a", "b");
            await cluster.world.advance(20);
            caller.sendBytes(requests);
            const [set, got, appended, local, end] = await caller.read(5);
            expect([local, end]).to.deep.equal(["nil", "PONG"]);
            if (secret === undefined) continue;
            // What is sealed is right, or known to be unknown, or not executed.
            expect(set).to.be.oneOf(["OK", IN_DOUBT, TRY_AGAIN]);
            expect(got).to.be.oneOf(['"value"', '"value+"', TRY_AGAIN, ...(at === 0 ? ["nil"] : [])]);
            expect(appended).to.be.oneOf(["6", "7", IN_DOUBT, TRY_AGAIN]);
            counted++;
          }
          end = Math.max(end, Math.min(damager.passed[way], 400));
        }
        expect(end).to.be.greaterThan(HELLO_BYTES + FRAME_HEAD_BYTES);
        if (secret !== undefined) expect(counted).to.equal(4 * end);
        for (const { server } of cluster.nodes) expect(server.stops).to.deep.equal([]);
      });
    }
  }
});

describe("A node of another configuration", () => {
  it("is told of each command that there is no such database here", async () => {
    const cluster = await SimCluster.start({ nodes: 2 });
    const link = linkBetween(cluster, 0, 1);
    const heard: string[] = [];
    const owner: RunOwner = {
      id: 1,
      database: 99,
      flags: 0,
      hops: 0,
      deadlineMs: 1e9,
      runMarked: () => {},
      runParked: () => {},
      runAnswered: (_, count, bytes, start, end) =>
        heard.push(`${count} ${bytes.toString("latin1", start, end)}`),
      runEnded: ({ state }) => heard.push(state),
    };
    const run = new Run(owner, 1, link);
    link.begin(run);
    for (let i = 0; i < 2; i++) link.addRequest(run, encodeCommand(["SET", keyAt(cluster, 1), "1"]));
    link.end(run);
    await cluster.world.advance(20);
    const error = "-ERR DB index is out of range\r\n";
    expect(heard).to.deep.equal([`2 ${error}${error}`, "done"]);
  });
});

describe("A node that answers for another what cannot be", () => {
  /** Answers each run with what the test says. */
  class Liar implements RunServer {
    readonly isServing = false;
    answer: (session: PeerSession, id: number, count: number) => void = () => {};
    #session!: PeerSession;

    serve(session: PeerSession): this {
      this.#session = session;
      return this;
    }

    run(id: number, { count }: { count: number }): boolean {
      this.answer(this.#session, id, count);
      return true;
    }

    goOn(): void {}
    unpark(): void {}
    drained(): void {}
    closed(): void {}
  }

  const lies: Record<string, Liar["answer"]> = {
    "too few replies": (session, id, count) => session.done(id, count, Buffer.from("+OK\r\n")),
    "too many replies": (session, id, count) =>
      session.done(id, count, Buffer.from("+OK\r\n".repeat(count + 1))),
    "more than was asked": (session, id, count) =>
      session.done(id, count + 1, Buffer.from("+OK\r\n".repeat(count + 1))),
    "replies to none": (session, id) => session.done(id, 0, Buffer.from("+OK\r\n")),
    "half a reply": (session, id, count) => session.done(id, count, Buffer.from("+OK\r\n$5\r\nab")),
    "no reply": (session, id, count) => session.done(id, count, Buffer.alloc(0)),
    "a push": (session, id, count) => session.done(id, count, Buffer.from("+OK\r\n>2\r\n+message\r\n+x\r\n")),
    "a push and all replies": (session, id, count) =>
      session.done(id, count, Buffer.from(">1\r\n+message\r\n+OK\r\n:1\r\n")),
    noise: (session, id, count) => session.done(id, count, Buffer.from("whatever\r\n")),
  };

  for (const [name, answer] of Object.entries(lies)) {
    it(`cannot make a client lose step: ${name}`, async () => {
      const liar = new Liar();
      const cluster = await SimCluster.start({
        nodes: 2,
        timeoutMs: 200,
        serveBy: (session) => liar.serve(session),
      });
      const caller = await cluster.connect(0);
      const [mine, theirs] = [keyAt(cluster, 0), keyAt(cluster, 1)];
      liar.answer = answer;
      caller.sendBytes(
        Buffer.concat(
          [
            ["SET", theirs, "1"],
            ["INCR", theirs],
            ["SET", mine, "2"],
            ["GET", mine],
          ].map(encodeCommand),
        ),
      );
      const [set, counted, ...local] = await caller.read(4);
      expect([set, counted]).to.deep.equal([IN_DOUBT, IN_DOUBT]);
      expect(local).to.deep.equal(["OK", '"2"']);
      const { counters } = cluster.nodes[0]!.peers.peers.links[0]!;
      expect(counters.ups).to.be.greaterThan(1);
      expect(await caller.askAll(`GET ${theirs}`, `STRLEN ${theirs}`)).to.deep.equal([TRY_AGAIN, TRY_AGAIN]);
      expect(cluster.nodes[0]!.server.stops).to.deep.equal([]);
    });
  }
});

describe("Noise on the cluster port", () => {
  /** The wire of somebody who says one thing and hears nothing. */
  class Wire implements Connection {
    readonly remote = "noise:1";
    readonly local = "b:1";
    readonly isLoopback = false;
    readonly isUnix = false;
    readonly pendingBytes = 0;
    isClosed = false;
    write = () => true;
    pauseReading(): void {}
    resumeReading(): void {}
    setKeepAlive(): void {}
    close(): void {
      this.isClosed = true;
    }
    destroy(): void {
      this.isClosed = true;
    }
  }

  const hello = writeHello({
    cluster: "c".repeat(32),
    nodeId: nodeIdOf("z"),
    boot: 1,
    lowest: PEER_VERSION,
    highest: PEER_VERSION,
    isSealed: false,
    salt: new Uint8Array(12),
  });

  it("changes nothing but counters: 100,000 messages of all sorts", async () => {
    const cluster = await SimCluster.start({ nodes: 2 });
    const { server, peers } = cluster.nodes[1]!;
    const prng = new Prng("noise");
    const noise = (most: number) => {
      const bytes = Buffer.alloc(prng.below(most));
      for (let i = 0; i < bytes.length; i++) bytes[i] = prng.uint32();
      return bytes;
    };
    const runOf = (requests: Buffer) => {
      const head = Buffer.alloc(RUN_HEAD_BYTES);
      const fields = {
        session: prng.uint32(),
        count: 1 + prng.below(3),
        remainingMs: 5000,
        database: 0,
        flags: 0,
        hops: 0,
      };
      writeRunHead(
        head,
        0,
        prng.chance(0.5)
          ? fields
          : { ...fields, database: prng.below(65536), flags: prng.below(256), hops: prng.below(256) },
      );
      return frameOf(RUN, prng.uint32(), head, requests);
    };
    const flush = encodeCommand(["FLUSHALL"]);
    const frame = (): Buffer => {
      switch (prng.below(5)) {
        case 0:
          return noise(60);
        case 1:
          return runOf(noise(60));
        case 2:
          return runOf(flush.subarray(0, 1 + prng.below(flush.length - 1)));
        case 3:
          return frameOf(prng.pick([ASK, TELL]), prng.uint32(), writeName("service"), noise(20));
        default:
          return frameOf(prng.pick([GO_ON, DONE, PART, prng.below(256)]), prng.uint32(), noise(60));
      }
    };
    await (await cluster.connect(1)).ask("SET", keyAt(cluster, 1), "safe");
    const keys = server.keyspace.databases[0]!.size;
    let refused = 0;
    for (let i = 0; i < 100_000; i++) {
      const wire = new Wire();
      const events = peers.server.accept(wire);
      const isGreeting = prng.chance(0.7);
      const message = isGreeting ? Buffer.concat([hello, frame()]) : noise(150);
      events.received(message, message.length);
      if (wire.isClosed) refused++;
      events.closed();
    }
    expect(refused).to.be.greaterThan(20_000);
    const { accepted, refused: reasons } = peers.server.counters;
    expect(accepted).to.be.within(60_000, 75_000);
    expect(reasons.damaged).to.be.greaterThan(20_000);
    expect(server.stops).to.deep.equal([]);
    expect(server.keyspace.databases[0]!.size).to.equal(keys);
    const caller = await cluster.connect(0);
    expect(await caller.ask("GET", keyAt(cluster, 1))).to.equal('"safe"');
  }).timeout(60_000);
});
