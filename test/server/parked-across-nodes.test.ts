import { expect } from "chai";
import type { Client } from "#torus/server/client.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, linkBetween, SimCluster, slotOfKey } from "../support/sim-cluster.js";

const IN_DOUBT = '-"INDOUBT the write was sent to another node and its outcome is unknown"';
const LONG_MS = 600_000;

const isSendingElsewhere = ({ elsewhere }: Client) => elsewhere.isBusy;

describe("Clients that wait for keys of other nodes", () => {
  let cluster: SimCluster;
  /** One client of each node, and one more of the first that pushes. */
  let callers: SimCaller[];
  let pusher: SimCaller;
  /** A key that the second node executes for. */
  let key: string;

  beforeEach(async () => {
    cluster = await SimCluster.start();
    callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    pusher = await cluster.connect(0);
    key = keyAt(cluster, 1);
  });

  const advance = (ms = 50) => cluster.world.advance(ms);

  async function wait(caller: SimCaller, ...words: string[]): Promise<void> {
    caller.send(...words);
    await advance();
    expect(caller.unread).to.equal(0);
  }

  /** Goes on until something is there, a turn at a time. */
  async function until<Found>(find: () => readonly Found[]): Promise<readonly Found[]> {
    while (find().length === 0) await advance(0.1);
    return find();
  }

  const blocked = async () => Promise.all(cluster.nodes.map(({ server }) => server.info("blocked_clients")));

  it("are served in the order in which they came to it, by whichever node", async () => {
    for (const caller of callers) await wait(caller, "BLPOP", key, "0");
    expect(await blocked()).to.deep.equal(["1", "1", "1"]);
    expect(await pusher.askAll(`RPUSH ${key} 1 2`, `LLEN ${key}`, `RPUSH ${key} 3 4`)).to.deep.equal([
      "2",
      "0",
      "2",
    ]);
    for (const [i, caller] of callers.entries())
      expect(await caller.read(1)).to.deep.equal([`["${key}" "${i + 1}"]`]);
    expect(await blocked()).to.deep.equal(["0", "0", "0"]);
  });

  it("wait for as long as they said, beyond any deadline of links, and take none of their room", async () => {
    const startMs = cluster.world.nowMs;
    await wait(callers[0]!, "BLPOP", key, String(LONG_MS / 1000));
    await wait(callers[2]!, "BRPOP", key, "0");
    const link = linkBetween(cluster, 0, 1);
    expect([link.inFlight, link.bytesInFlight]).to.deep.equal([0, 0]);
    expect((await callers[0]!.read(1))[0]).to.match(/^nil/);
    expect(cluster.world.nowMs - startMs).to.be.within(LONG_MS, LONG_MS + 100);
    expect(link.counters.overdue).to.equal(0);
    await pusher.ask("RPUSH", key, "1");
    expect(await callers[2]!.read(1)).to.deep.equal([`["${key}" "1"]`]);
  });

  it("get their other replies at once, and execute nothing before they are served, wherever it would be", async () => {
    const mine = keyAt(cluster, 0);
    const [caller] = callers as [SimCaller];
    caller.sendBytes(
      `SET ${key}:s 1\r\nSET {${key}}s 1\r\nBLPOP ${key} 0\r\nSET ${mine} 1\r\nLLEN ${key}\r\n`,
    );
    await advance(20_000);
    expect(caller.replies).to.deep.equal(["OK", "OK"]);
    expect(await pusher.ask("EXISTS", mine)).to.equal("0");
    await pusher.ask("RPUSH", key, "1", "2");
    expect((await caller.read(5)).slice(2)).to.deep.equal([`["${key}" "1"]`, "OK", "1"]);
  });

  it("are shown as blocked where they are connected, and CLIENT UNBLOCK there ends their wait", async () => {
    const [caller] = callers as [SimCaller];
    const id = await caller.ask("CLIENT", "ID");
    for (const [how, reply] of [
      [[], /^nil/],
      [["ERROR"], /^-"UNBLOCKED/],
    ] as const) {
      await wait(caller, "BLPOP", key, "100");
      expect(await pusher.ask("CLIENT", "LIST", "ID", id)).to.match(/ flags=b /);
      expect(
        await pusher.askAll(["CLIENT UNBLOCK", id, ...how].join(" "), `CLIENT UNBLOCK ${id}`),
      ).to.deep.equal(["1", "0"]);
      expect((await caller.read(1))[0]).to.match(reply);
      expect(await pusher.ask("CLIENT", "UNBLOCK", id)).to.equal("0");
    }
    await pusher.ask("RPUSH", key, "1");
    expect(await caller.ask("LLEN", key)).to.equal("1");
    await advance(200_000);
    expect(caller.unread).to.equal(0);
  });

  it("that are gone take nothing with them, and leave nothing at the other node", async () => {
    await wait(callers[0]!, "BLPOP", key, "0");
    await wait(callers[2]!, "BLPOP", key, "0");
    callers[0]!.close();
    await advance();
    await pusher.ask("RPUSH", key, "1");
    expect(await callers[2]!.read(1)).to.deep.equal([`["${key}" "1"]`]);
    await advance();
    expect(cluster.nodes[1]!.server.keyspace.watchers.count).to.equal(0);
    expect(linkBetween(cluster, 0, 1).inFlight).to.equal(0);
  });

  it("do not hold up a node that closes", async () => {
    await wait(callers[0]!, "BLPOP", key, "0");
    const startMs = cluster.world.nowMs;
    await cluster.world.complete(cluster.nodes[0]!.server.server.close());
    expect(cluster.world.nowMs - startMs).to.be.below(1000);
    await callers[0]!.until(() => callers[0]!.isClosed);
    expect(callers[0]!.unread).to.equal(0);
    await advance();
    expect(cluster.nodes[1]!.server.keyspace.watchers.count).to.equal(0);
  });

  it("do not hold up a node that closes before it knows that they wait", async () => {
    const [caller] = callers as [SimCaller];
    const { server } = cluster.nodes[0]!.server;
    caller.send("BLPOP", key, "0");
    const [client] = await until(() => [...server.state.clients.values()].filter(isSendingElsewhere));
    expect(client!.isParked).to.equal(false);
    const startMs = cluster.world.nowMs;
    await cluster.world.complete(server.close());
    expect(cluster.world.nowMs - startMs).to.be.below(1000);
    await advance();
    expect(cluster.nodes[1]!.server.keyspace.watchers.count).to.equal(0);
  });

  it("go elsewhere from a node that closes, and are in no doubt", async () => {
    await wait(callers[0]!, "BLPOP", key, "0");
    void cluster.nodes[1]!.server.server.close();
    await advance(100);
    cluster.route(0, [slotOfKey(key)], 2);
    cluster.route(2, [slotOfKey(key)], 2);
    await advance(100);
    await callers[2]!.ask("RPUSH", key, "1");
    expect(await callers[0]!.read(1)).to.deep.equal([`["${key}" "1"]`]);
  });

  it("wait where their slot goes, for the rest of their time", async () => {
    const startMs = cluster.world.nowMs;
    for (const caller of callers) await wait(caller, "BLPOP", key, "100");
    for (const to of [2, 0, 1, 2]) {
      cluster.move([slotOfKey(key)], to);
      await advance(10_000);
    }
    expect(await blocked()).to.deep.equal(["1", "1", "1"]);
    await pusher.ask("RPUSH", key, "1", "2");
    await advance();
    expect(callers.filter(({ unread }) => unread > 0)).to.have.length(2);
    const last = callers.find(({ unread }) => unread === 0)!;
    expect((await last.read(1))[0]).to.match(/^nil/);
    expect(cluster.world.nowMs - startMs).to.be.within(100_000, 100_300);
  });

  it("wait no longer when CLIENT UNBLOCK says so, though their slot goes elsewhere at that moment", async () => {
    const [caller] = callers as [SimCaller];
    const id = Number(await caller.ask("CLIENT", "ID"));
    for (const to of [2, 0]) {
      await wait(caller, "BLPOP", key, "0");
      cluster.nodes[0]!.server.server.state.session(id)!.unpark("error");
      cluster.move([slotOfKey(key)], to);
      expect((await caller.read(1))[0]).to.match(/^-"UNBLOCKED/);
    }
    await wait(caller, "BLPOP", key, "0");
    await pusher.ask("RPUSH", key, "1");
    expect(await caller.read(1)).to.deep.equal([`["${key}" "1"]`]);
  });

  it("wait where their slot is, and not behind the node where it was, when theirs has heard of that", async () => {
    cluster.move([slotOfKey(key)], 2, { hearing: [1, 2] });
    await wait(callers[0]!, "BLPOP", key, "0");
    await advance(2000);
    expect(await cluster.nodes[0]!.server.info("blocked_clients")).to.equal("0");
    cluster.tellAll();
    await advance();
    expect(await cluster.nodes[0]!.server.info("blocked_clients")).to.equal("1");
    linkBetween(cluster, 1, 2).reset();
    await callers[2]!.ask("RPUSH", key, "1");
    expect(await callers[0]!.read(1)).to.deep.equal([`["${key}" "1"]`]);
    await wait(callers[0]!, "BLPOP", key, "30");
    expect((await callers[0]!.read(1))[0]).to.match(/^nil/);
    await wait(callers[0]!, "BLPOP", key, "0");
    callers[0]!.close();
    await advance();
    expect(await callers[2]!.ask("RPUSH", key, "2")).to.equal("1");
    expect(await callers[2]!.ask("LLEN", key)).to.equal("1");
  });

  it("are told that it is in doubt whether they were served when the link breaks, for so it is", async () => {
    await wait(callers[0]!, "BLPOP", key, "0");
    await wait(callers[2]!, "BLPOP", key, "0");
    linkBetween(cluster, 0, 1).reset();
    expect(await callers[0]!.read(1)).to.deep.equal([IN_DOUBT]);
    await advance(100);
    expect(await pusher.ask("RPUSH", key, "1", "2")).to.equal("2");
    expect(await callers[2]!.read(1)).to.deep.equal([`["${key}" "1"]`]);
    expect(await pusher.ask("LLEN", key)).to.equal("1");
    expect(await callers[0]!.ask("BLPOP", key, "0")).to.equal(`["${key}" "2"]`);
  });

  it("learn of it when the other node is silent for good, though nothing is on its way to it", async () => {
    await wait(callers[0]!, "BLPOP", key, "0");
    await advance(60_000);
    expect(linkBetween(cluster, 0, 1).counters.ups).to.equal(1);
    cluster.world.partition([cluster.nodes[0]!.name], [cluster.nodes[1]!.name]);
    expect(await callers[0]!.read(1)).to.deep.equal([IN_DOUBT]);
  });

  it("do not wait in a transaction that another node executes", async () => {
    const [caller] = callers as [SimCaller];
    expect(
      (await caller.askAll("MULTI", `BLPOP ${key} 0`, `RPUSH ${key} 1`, `BLPOP ${key} 0`, "EXEC")).at(-1),
    ).to.match(new RegExp(`^\\[nil\\S* 1 \\["${key}" "1"\\]\\]$`));
  });

  it("may name keys of one slot alone", async () => {
    const [caller] = callers as [SimCaller];
    expect(await caller.ask("BLPOP", key, keyAt(cluster, 2), "0")).to.match(/^-"CROSSSLOT/);
    await wait(caller, "BLMPOP", "0", "2", `{${key}}1`, `{${key}}2`, "RIGHT", "COUNT", "2");
    await pusher.ask("RPUSH", `{${key}}2`, "1", "2", "3");
    expect(await caller.read(1)).to.deep.equal([`["{${key}}2" ["3" "2"]]`]);
  });

  it("are as many as may be: none is in the way of another, or of other commands", async () => {
    const many = await Promise.all(Array.from({ length: 300 }, (_, i) => cluster.connect(i % 3)));
    for (const [i, caller] of many.entries()) caller.send("BLPOP", `{${key}}${i % 7}`, "0");
    await advance(30_000);
    expect(linkBetween(cluster, 0, 1).inFlight).to.equal(0);
    for (let i = 0; i < 300; i++) pusher.send("RPUSH", `{${key}}${i % 7}`, String(i));
    const served = await Promise.all(many.map((caller) => caller.read(1)));
    expect(new Set(served.flat()).size).to.equal(300);
    await pusher.read(300);
    await advance();
    expect(cluster.nodes[1]!.server.keyspace.watchers.count).to.equal(0);
  });
});
