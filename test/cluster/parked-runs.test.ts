import { expect } from "chai";
import type { Service } from "#torus/cluster/peer-server.js";
import type { PeerSession } from "#torus/cluster/served-peer.js";
import type { World } from "#torus/host/sim/world.js";
import { NUMBER, Replier, Sender } from "../support/link-ends.js";
import { encodeCommand } from "../support/request.js";
import { SimPeers } from "../support/sim-peers.js";
import { worldOf } from "../support/world.js";

const PING = encodeCommand(["PING"]);
const services = new Map<string, Service>([["echo", (body) => body]]);

describe("A run whose last command waits", () => {
  let world: World;
  let replier: Replier;
  let a: SimPeers;

  beforeEach(async () => {
    world = worldOf(1);
    replier = new Replier();
    replier.isEcho = false;
    a = await SimPeers.start(world, "a");
    const b = await SimPeers.start(world, "b", { services, serve: (session) => replier.serve(session) });
    a.meet(NUMBER, b);
    await world.advance(20);
  });

  const link = () => a.peers.link(NUMBER)!;

  it("does so for as long as it pleases, without a deadline or a place in flight, until its owner wants that no longer", async () => {
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

  it("is not heard of any more when it was recalled, and is recalled if it is heard of too late", async () => {
    const sender = new Sender(a);
    const runs = ["a", "b", "c"].map((key) => sender.send(`BLPOP ${key} 0`));
    await world.advance(5);
    const ids = replier.ids;
    for (const id of ids.slice(0, 2)) replier.session.parked(id, { timeoutMs: Number.POSITIVE_INFINITY });
    await world.advance(5);
    link().unpark(runs[0]!, "recall");
    link().unpark(runs[1]!, "error");
    await world.advance(5500);
    await world.complete(link().ask("echo", PING, 1000));
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
    it(`resets the link if the other side says that of ${name}`, async () => {
      const run = new Sender(a).send("BLPOP a 0");
      await world.advance(5);
      lie(replier.session, replier.ids[0]!);
      await world.advance(50);
      expect(run.state).to.equal("in-doubt");
      expect(link().counters.ups).to.equal(2);
    });
  }
});
