import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { MARKED, RUN } from "#torus/cluster/peer-frames.js";
import { PEER_VERSION, writeHello } from "#torus/cluster/peer-hello.js";
import type { RunServer, Service } from "#torus/cluster/peer-server.js";
import { type ParkedEnd, Run, type RunOwner } from "#torus/cluster/run.js";
import type { PeerSession } from "#torus/cluster/served-peer.js";
import type { StreamMark } from "#torus/cluster/stream-mark.js";
import type { World } from "#torus/host/sim/world.js";
import { frameOf } from "../support/frame.js";
import { encodeCommand } from "../support/request.js";
import { CLUSTER_PORT, nodeIdOf, SimPeers, type SimPeersOptions } from "../support/sim-peers.js";
import { worldOf } from "../support/world.js";

const NUMBER = 7;

/** Upper-cases what it is asked. */
const services: ReadonlyMap<string, Service> = new Map<string, Service>([
  ["shout", (body: Buffer) => Buffer.from(body.toString().toUpperCase())],
  ["fail", () => Promise.reject(new Error("no"))],
  ["never", () => new Promise<Uint8Array>(() => {})],
]);

const PING = encodeCommand(["PING"]);

/** A client whose commands are sent to another node, and what became of each of its runs. */
class Sender implements RunOwner {
  readonly id = 5;
  readonly hops = 0;
  readonly database = 3;
  flags = 1;
  deadlineMs = 5000;
  readonly heard: string[] = [];

  constructor(readonly node: SimPeers) {}

  /** Sends commands as one run. */
  send(...commands: string[]): Run {
    const link = this.node.peers.link(NUMBER)!;
    const run = new Run(this, NUMBER, link);
    link.begin(run);
    for (const command of commands) link.addRequest(run, encodeCommand(command.split(" ")));
    link.end(run);
    return run;
  }

  runMarked(_run: Run, { boot, generation, position }: StreamMark): void {
    this.heard.push(`mark ${boot} ${generation} ${position}`);
  }

  runParked({ parked }: Run): void {
    this.heard.push(`parked ${parked!.timeoutMs} ${parked!.request ?? ""}`);
  }

  runAnswered(run: Run, _count: number, bytes: Buffer, start: number, end: number): void {
    this.heard.push(`${run.answered}/${run.count} ${bytes.toString("latin1", start, end)}`);
  }

  runEnded(run: Run): void {
    this.heard.push(run.state);
  }
}

/** Executes nothing, and answers as the test says. */
class Replier implements RunServer {
  isServing = false;
  readonly heard: string[] = [];
  readonly ids: number[] = [];
  session!: PeerSession;
  isEcho = true;

  serve(session: PeerSession): this {
    this.session = session;
    return this;
  }

  run(
    id: number,
    head: { count: number; database: number; session: number },
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    const requests = Buffer.from(bytes.subarray(start, end));
    this.ids.push(id);
    this.heard.push(`${head.session} ${head.database} ${head.count} ${requests.length}`);
    if (this.isEcho) this.session.done(id, head.count, requests);
    return true;
  }

  goOn(): void {
    this.heard.push("go on");
  }

  unpark(id: number, end: ParkedEnd): void {
    this.heard.push(`unpark ${this.ids.indexOf(id)} ${end}`);
  }

  drained(): void {}

  closed(): void {
    this.heard.push("closed");
  }
}

describe("a link between nodes", () => {
  let world: World;
  let replier: Replier;
  let a: SimPeers;
  let b: SimPeers;

  async function meet(options: { ofA?: SimPeersOptions; ofB?: SimPeersOptions; seed?: number } = {}) {
    world = worldOf(options.seed ?? 1);
    replier = new Replier();
    a = await SimPeers.start(world, "a", options.ofA);
    b = await SimPeers.start(world, "b", {
      services,
      serve: (session) => replier.serve(session),
      ...options.ofB,
    });
    a.meet(NUMBER, b);
    await world.advance(20);
  }

  const link = () => a.peers.link(NUMBER)!;
  const ask = async (service: string, body: string, timeoutMs = 1000) => {
    const outcome = await world.complete(link().ask(service, Buffer.from(body), timeoutMs));
    return outcome.kind === "answered" ? `answered ${outcome.body}` : outcome.kind;
  };
  const complaints = ({ host }: SimPeers) =>
    host.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message);

  for (const secret of [undefined, "torus"]) {
    describe(secret === undefined ? "in the clear" : "with a secret", () => {
      const secrets = secret === undefined ? {} : { secret };
      beforeEach(() =>
        meet({ ofA: secrets, ofB: { ...secrets, services, serve: (session) => replier.serve(session) } }),
      );

      it("answers requests to services, and says of each why not", async () => {
        expect(await ask("shout", "ciao")).to.equal("answered CIAO");
        expect(await ask("shout", "x".repeat(1_000_000))).to.have.length("answered ".length + 1_000_000);
        expect(await ask("whisper", "ciao")).to.equal("unknown");
        expect(await ask("fail", "")).to.equal("failed");
        expect(await ask("never", "")).to.equal("lost");
        expect(link().bytesInFlight).to.equal(0);
      });

      it("carries runs of commands and their replies", async () => {
        const sender = new Sender(a);
        sender.send("SET k v", "GET k");
        sender.send("INCR n");
        await world.advance(10);
        const requests = [encodeCommand(["SET", "k", "v"]), encodeCommand(["GET", "k"])];
        expect(sender.heard).to.deep.equal([
          `2/2 ${Buffer.concat(requests)}`,
          "done",
          `1/1 ${encodeCommand(["INCR", "n"])}`,
          "done",
        ]);
        expect(replier.heard).to.deep.equal(["5 3 2 47", "5 3 1 21"]);
        expect(link().inFlight).to.equal(0);
      });

      it("carries what is larger than any buffer", async () => {
        const sender = new Sender(a);
        sender.send(`SET k ${"x".repeat(3_000_000)}`);
        sender.send("PING");
        await world.advance(500);
        expect(sender.heard.map(({ length }) => length > 3_000_000)).to.deep.equal([
          true,
          false,
          false,
          false,
        ]);
      });

      it("is taken up again when it breaks", async () => {
        world.resetStreams("a", "b");
        await world.advance(50);
        expect(await ask("shout", "ciao")).to.equal("answered CIAO");
        expect(link().counters.ups).to.equal(2);
      });
    });
  }

  it("tells before the replies of a run that asks for it how far what they tell of may be, and of no other", async () => {
    await meet();
    replier.isEcho = false;
    const mark = { nodeId: "ab".repeat(16), boot: 3, generation: 5, position: 2 ** 40 };
    const sender = new Sender(a);
    sender.flags = MARKED;
    sender.send("GET a");
    await world.advance(5);
    replier.session.mark(replier.ids[0]!, mark);
    replier.session.done(replier.ids[0]!, 1, Buffer.from("+OK\r\n"));
    await world.advance(5);
    expect(sender.heard).to.deep.equal(["mark 3 5 1099511627776", "1/1 +OK\r\n", "done"]);
    sender.flags = 0;
    sender.send("GET a");
    await world.advance(5);
    replier.session.mark(replier.ids[1]!, mark);
    await world.advance(500);
    expect(sender.heard.slice(3)).to.deep.equal(["in-doubt"]);
    expect(link().counters.ups).to.equal(2);
  });

  it("says of a run whether it was executed when the link breaks", async () => {
    await meet();
    const sender = new Sender(a);
    replier.isEcho = false;
    const [answered, sent] = [sender.send("SET a 1"), sender.send("SET b 2")];
    await world.advance(5);
    replier.session.done(replier.ids[0]!, 1, Buffer.from("+OK\r\n"));
    await world.advance(5);
    world.crash("b");
    const unsent = sender.send("SET c 3");
    await world.advance(0.01);
    await world.advance(2000);
    expect([answered.state, sent.state]).to.deep.equal(["done", "in-doubt"]);
    expect(["done", "in-doubt"]).to.include(unsent.state);
    expect(link().isUp).to.equal(false);
    expect(link().inFlight).to.equal(0);
  });

  it("gives up a run that is not answered by its deadline, and takes the answer that comes too late", async () => {
    await meet();
    const sender = new Sender(a);
    replier.isEcho = false;
    const run = sender.send("SET a 1");
    sender.deadlineMs = 1e9;
    const next = sender.send("GET a");
    await world.advance(5500);
    expect(run.state).to.equal("sent");
    expect(await ask("shout", "ciao")).to.equal("answered CIAO");
    await world.advance(700);
    expect(run.state).to.equal("in-doubt");
    expect(next.state).to.equal("sent");
    expect(link().inFlight).to.equal(2);
    replier.session.done(replier.ids[0]!, 1, Buffer.from("+OK\r\n"));
    await world.advance(10);
    expect(link().inFlight).to.equal(1);
    expect(sender.heard).to.deep.equal(["in-doubt"]);
  });

  it("breaks a link on which nothing comes any more", async () => {
    await meet();
    replier.isEcho = false;
    new Sender(a).send("SET a 1");
    await world.advance(5);
    world.partition(["a"], ["b"]);
    await world.advance(7000);
    expect(link().isUp).to.equal(false);
    world.heal();
    await world.advance(3000);
    expect(await ask("shout", "ciao")).to.equal("answered CIAO");
  });

  it("sends no more than may be in flight, and the rest when answers come", async () => {
    await meet();
    replier.isEcho = false;
    const sender = new Sender(a);
    for (let i = 0; i < 20; i++) sender.send(`SET k ${"x".repeat(1_000_000)}`);
    await world.advance(500);
    expect(replier.ids).to.have.length(8);
    for (const id of replier.ids.slice(0, 3)) replier.session.done(id, 1, Buffer.from("+OK\r\n"));
    await world.advance(500);
    expect(replier.ids).to.have.length(11);
    await world.advance(7000);
    // Those that were never sent were not executed.
    expect(sender.heard.filter((word) => word === "done")).to.have.length(3 + 9);
    expect(sender.heard.filter((word) => word === "in-doubt")).to.have.length(8);
  });

  it("tells of replies in parts, and goes on when they are taken", async () => {
    await meet();
    replier.isEcho = false;
    const sender = new Sender(a);
    const run = sender.send("GET a", "GET b", "GET c");
    await world.advance(5);
    replier.session.part(replier.ids[0]!, 2, Buffer.from("$-1\r\n$-1\r\n"));
    await world.advance(5);
    link().goOn(run);
    await world.advance(5);
    replier.session.done(replier.ids[0]!, 1, Buffer.from("$-1\r\n"));
    await world.advance(5);
    expect(replier.heard.at(-1)).to.equal("go on");
    expect(sender.heard).to.deep.equal(["2/3 $-1\r\n$-1\r\n", "3/3 $-1\r\n", "done"]);
  });

  it("lets a run wait for as long as it pleases, without a deadline or a place in flight, until its owner wants that no longer", async () => {
    await meet();
    replier.isEcho = false;
    const sender = new Sender(a);
    const run = sender.send("GET a", "BLPOP k 0");
    sender.send("GET b");
    await world.advance(5);
    const [id, other] = replier.ids as [number, number];
    replier.session.done(other, 1, Buffer.from("$-1\r\n"));
    replier.session.parked(id, { timeoutMs: 1500, request: encodeCommand(["BLPOP", "k", "1"]) });
    replier.session.part(id, 1, Buffer.from("$-1\r\n"));
    await world.advance(60_000);
    expect([link().inFlight, link().bytesInFlight, link().counters.ups]).to.deep.equal([0, 0, 1]);
    expect(run.requests.toString()).to.equal(
      `${encodeCommand(["GET", "a"])}${encodeCommand(["BLPOP", "k", "0"])}`,
    );
    link().goOn(run);
    link().unpark(run, "timeout");
    link().unpark(run, "timeout");
    await world.advance(5);
    replier.session.done(id, 1, Buffer.from("*-1\r\n"));
    await world.advance(5);
    expect(sender.heard).to.deep.equal([
      "1/1 $-1\r\n",
      "done",
      `parked 1500 ${encodeCommand(["BLPOP", "k", "1"])}`,
      "1/2 $-1\r\n",
      "2/2 *-1\r\n",
      "done",
    ]);
    expect(replier.heard.slice(2)).to.deep.equal(["go on", "unpark 0 timeout"]);
    expect(link().inFlight).to.equal(0);
  });

  it("hears no more of a run that it recalled, and recalls one of which it hears too late that it waits", async () => {
    await meet();
    replier.isEcho = false;
    const sender = new Sender(a);
    const runs = ["a", "b", "c"].map((key) => sender.send(`BLPOP ${key} 0`));
    await world.advance(5);
    const ids = replier.ids;
    for (const id of ids.slice(0, 2)) replier.session.parked(id, { timeoutMs: Number.POSITIVE_INFINITY });
    await world.advance(5);
    link().unpark(runs[0]!, "recall");
    link().unpark(runs[1]!, "error");
    await world.advance(5500);
    await ask("shout", "ciao");
    await world.advance(1500);
    // Neither the one that was to end nor the one of which nothing was heard is waited for any longer.
    expect(sender.heard.slice(2)).to.deep.equal(["in-doubt", "in-doubt"]);
    replier.session.parked(ids[2]!, { timeoutMs: 1 });
    await world.advance(5);
    expect(replier.heard.slice(3)).to.deep.equal(["unpark 0 recall", "unpark 1 error", "unpark 2 recall"]);
    for (const id of ids) replier.session.done(id, 0, Buffer.alloc(0));
    await world.advance(5);
    expect([link().inFlight, link().counters.ups, sender.heard.length]).to.deep.equal([0, 1, 4]);
  });

  for (const [name, lie] of Object.entries<(session: PeerSession, id: number) => void>({
    "no run": (session, id) => session.parked(id + 99, { timeoutMs: 1 }),
    "no time": (session, id) => session.parked(id, { timeoutMs: Number.NaN }),
    "a time that is over": (session, id) => session.parked(id, { timeoutMs: -1 }),
    "no request": (session, id) => session.parked(id, { timeoutMs: 1, request: Buffer.from("PING") }),
    "two requests": (session, id) =>
      session.parked(id, { timeoutMs: 1, request: Buffer.concat([PING, PING]) }),
    "the same again": (session, id) => {
      session.parked(id, { timeoutMs: 1 });
      session.parked(id, { timeoutMs: 1 });
    },
  })) {
    it(`resets a link on which the other side says of ${name} that it waits`, async () => {
      await meet();
      replier.isEcho = false;
      const run = new Sender(a).send("BLPOP a 0");
      await world.advance(5);
      lie(replier.session, replier.ids[0]!);
      await world.advance(50);
      expect(run.state).to.equal("in-doubt");
      expect(link().counters.ups).to.equal(2);
    });
  }

  it("resets a link on which the other side answers what makes no sense", async () => {
    await meet();
    replier.isEcho = false;
    const run = new Sender(a).send("GET a");
    await world.advance(5);
    replier.session.done(replier.ids[0]!, 2, Buffer.from("$-1\r\n"));
    await world.advance(50);
    expect(run.state).to.equal("in-doubt");
    expect(link().counters.ups).to.equal(2);
  });

  it("is refused to another cluster, said on the side that calls", async () => {
    await meet({ ofA: { cluster: "d".repeat(32) } });
    expect(link().isUp).to.equal(false);
    expect(complaints(a)).to.deep.equal(["cannot link with a node"]);
    expect(b.server.counters.refused["other-cluster"]).to.be.greaterThan(0);
  });

  it("is refused to who has another secret or none, said on both sides", async () => {
    for (const ofA of [{ secret: "wrong" }, {}]) {
      await meet({ ofA, ofB: { secret: "right" } });
      expect(link().isUp).to.equal(false);
      expect(complaints(a)).to.deep.equal(["cannot link with a node"]);
      expect(complaints(b)[0]).to.equal("refused a link: another cluster-secret, or none");
      expect(b.server.counters.refused.secret).to.be.greaterThan(0);
      expect(b.server.counters.accepted).to.equal(0);
    }
  });

  it("is not taken up with another node that has the address now", async () => {
    await meet();
    a.meet(NUMBER + 1, b, nodeIdOf("x"));
    await world.advance(50);
    expect(a.peers.link(NUMBER + 1)!.isUp).to.equal(false);
    expect(complaints(a)).to.deep.equal(["cannot link with a node"]);
  });

  it("waits between attempts longer and longer, up to a second", async () => {
    world = worldOf(3);
    a = await SimPeers.start(world, "a");
    world.host("b");
    let attempts = 0;
    a.peers.subscribe({ up() {}, down() {}, unreachable: () => void attempts++ });
    a.peers.add({ number: NUMBER, nodeId: nodeIdOf("b"), host: "b", port: CLUSTER_PORT });
    await world.advance(10_000);
    expect(attempts).to.be.within(12, 25);
    a.peers.remove(NUMBER);
    const before = attempts;
    await world.advance(5000);
    expect(attempts).to.equal(before);
  });

  it("survives any bytes on its port: they are counted, and the connection is closed", async () => {
    await meet();
    const prng = new Prng(4);
    const hello = writeHello({
      cluster: "c".repeat(32),
      nodeId: nodeIdOf("z"),
      boot: 1,
      lowest: PEER_VERSION,
      highest: PEER_VERSION,
      isSealed: false,
      salt: new Uint8Array(12),
    });
    for (let i = 0; i < 200; i++) {
      const client = await world.connect("z", { host: "b", port: CLUSTER_PORT });
      const noise = Buffer.from(Array.from({ length: 60 + prng.below(200) }, () => prng.below(256)));
      // Half of them greet well first, and announce no frame beyond all bounds.
      if (i % 2 === 0) noise.writeUInt32LE(200_000_000 + prng.below(2 ** 31), 0);
      client.send(i % 2 === 0 ? Buffer.concat([hello, frameOf(RUN, 1, Buffer.alloc(3)), noise]) : noise);
      await client.readToEnd();
    }
    expect(b.server.counters.refused.stranger).to.equal(100);
    expect(b.server.counters.refused.damaged).to.equal(100);
    expect(await ask("shout", "ciao")).to.equal("answered CIAO");
  });

  it("closes on who does not greet in time", async () => {
    await meet();
    const client = await world.connect("z", { host: "b", port: CLUSTER_PORT });
    client.send("TKVP");
    await client.readToEnd();
    expect(b.server.counters.refused.stranger).to.equal(1);
  });
});
