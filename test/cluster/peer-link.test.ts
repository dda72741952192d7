import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { MARKED, RUN } from "#torus/cluster/peer-frames.js";
import { PEER_VERSION, writeHello } from "#torus/cluster/peer-hello.js";
import type { Service } from "#torus/cluster/peer-server.js";
import type { World } from "#torus/host/sim/world.js";
import { frameOf } from "../support/frame.js";
import { NUMBER, Replier, Sender } from "../support/link-ends.js";
import { encodeCommand } from "../support/request.js";
import { CLUSTER_PORT, nodeIdOf, SimPeers, type SimPeersOptions } from "../support/sim-peers.js";
import { worldOf } from "../support/world.js";

/** Upper-cases what it is asked. */
const services: ReadonlyMap<string, Service> = new Map<string, Service>([
  ["shout", (body: Buffer) => Buffer.from(body.toString().toUpperCase())],
  ["fail", () => Promise.reject(new Error("no"))],
  ["never", () => new Promise<Uint8Array>(() => {})],
]);

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
