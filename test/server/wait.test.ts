import { expect } from "chai";
import { FakeCopies } from "../support/fake-copies.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, linkBetween, SimCluster, slotOfKey } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

describe("WAIT on a lone node", () => {
  let node: SimServer;
  let client: SimCaller;
  beforeEach(async () => {
    node = (await SimServer.start()).replyAtOnce();
    client = await node.connect();
  });

  /** How long, in virtual milliseconds, a command takes. */
  async function duration(...command: string[]): Promise<number> {
    const startMs = node.world.nowMs;
    await client.ask(...command);
    return node.world.nowMs - startMs;
  }

  it("answers that nobody else has anything: at once if that is enough, else in time", async () => {
    expect(await duration("WAIT", "0", "0")).to.be.below(10);
    expect(await duration("WAIT", "-1", "1000")).to.be.below(10);
    expect(await duration("WAIT", "1", "100")).to.be.within(100, 110);
    expect(await client.askAll("SET a 1", "WAIT 2 50", "GET a")).to.deep.equal(["OK", "0", '"1"']);
  });

  it("refuses what are no numbers of owners or milliseconds", async () => {
    expect(await client.askAll("WAIT x 1", "WAIT 1 x", "WAIT 1 -1", "WAIT 1")).to.deep.equal([
      '-"ERR value is not an integer or out of range"',
      '-"ERR timeout is not an integer or out of range"',
      '-"ERR timeout is negative"',
      "-\"ERR wrong number of arguments for 'wait' command\"",
    ]);
  });

  it("answers at once in a transaction", async () => {
    expect(await client.askAll("MULTI", "WAIT 3 0", "EXEC")).to.deep.equal(["OK", "QUEUED", "[0]"]);
  });

  it("holds up its own client alone, as long as that is there", async () => {
    const other = await node.connect();
    client.sendBytes("WAIT 1 0\r\nSET a 1\r\n");
    await node.world.advance(3_600_000);
    expect(client.replies).to.deep.equal([]);
    expect(await other.ask("EXISTS", "a")).to.equal("0");
    const third = await node.connect();
    third.sendBytes("WAIT 1 99999999999\r\n");
    await node.settle();
    expect(await node.info("blocked_clients")).to.equal("2");
    client.close();
    await node.settle();
    expect(await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).to.equal("1");
    await node.settle();
    expect(await node.info("blocked_clients")).to.equal("0");
    expect(await node.info("clients_in_timeout_table")).to.equal("0");
    expect(await other.ask("EXISTS", "a")).to.equal("0");
  });
});

describe("WAIT on a cluster", () => {
  let cluster: SimCluster;
  let copies: readonly FakeCopies[];
  let client: SimCaller;
  let here: string;
  let there: string;
  let beyond: string;
  beforeEach(async () => {
    cluster = await SimCluster.start();
    copies = cluster.nodes.map(({ server }) => {
      const fake = new FakeCopies(server.persistence);
      server.server.replicateBy(fake);
      return fake;
    });
    client = await cluster.connect(0);
    [here, there, beyond] = [keyAt(cluster, 0), keyAt(cluster, 1), keyAt(cluster, 2)];
  });

  async function heard(act: () => void, ms = 50): Promise<string[]> {
    const before = client.replies.length;
    act();
    await cluster.world.advance(ms);
    return client.replies.slice(before);
  }

  const replied = (...commands: string[]) =>
    heard(() => client.sendBytes(commands.map((command) => `${command}\r\n`).join("")));

  it("is about what all callers inside the process wrote before, and holds up none of them", async () => {
    const { local } = cluster.nodes[0]!.server;
    const { world } = cluster;
    const written = [here, there].map((key) => local.call("SET", key, "1"));
    const waited = local.call("WAIT", "1", "0");
    expect(await world.complete(Promise.all([...written, local.call("GET", there)]))).to.deep.equal([
      "OK",
      "OK",
      "1",
    ]);
    copies[0]!.ack();
    await world.advance(5000);
    expect(await world.complete(local.call("WAIT", "1", "100"))).to.equal(0);
    copies[1]!.ack();
    expect(await world.complete(waited)).to.equal(1);
  });

  it("answers how many other owners have what the client wrote, when there are enough", async () => {
    expect(await replied(`SET ${here} 1`, "WAIT 1 0", "PING")).to.deep.equal(["OK"]);
    expect(await heard(() => copies[0]!.ack(0))).to.deep.equal(["1", "PONG"]);
    expect(await replied("WAIT 2 0")).to.deep.equal([]);
    expect(await heard(() => copies[0]!.ack(1))).to.deep.equal(["2"]);
  });

  it("takes any number of owners and milliseconds, wherever they are asked", async () => {
    await replied(`SET ${here} 1`, `SET ${there} 1`);
    expect(await replied("WAIT 9223372036854775807 20", "PING")).to.deep.equal(["0", "PONG"]);
    expect(await replied("WAIT 1 9223372036854775807")).to.deep.equal([]);
    for (const fake of copies) fake.ack();
    await cluster.world.advance(2000);
    expect(client.replies.slice(4)).to.deep.equal(["1"]);
  });

  it("answers how many there are when the time is over, also across many rounds", async () => {
    await replied(`SET ${here} 1`, `SET ${there} 1`);
    copies[0]!.ack(0);
    expect(await replied("WAIT 1 3500")).to.deep.equal([]);
    await cluster.world.advance(3300);
    expect(client.replies).to.have.length(2);
    expect(await heard(() => {}, 300)).to.deep.equal(["0"]);
    copies[1]!.ack(0);
    copies[1]!.ack(1);
    expect(await replied("WAIT 2 100")).to.deep.equal([]);
    expect(await heard(() => {}, 100)).to.deep.equal(["1"]);
  });

  it("has what it waits for passed on at once, where nobody else has", async () => {
    await replied(`SET ${there} 1`);
    const hastened = () => copies.map((fake) => fake.hastened);
    expect(hastened()).to.deep.equal([0, 0, 0]);
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    expect(hastened()).to.deep.equal([0, 1, 0]);
  });

  it("is ended by CLIENT UNBLOCK, with how many there are or an error", async () => {
    const other = await cluster.connect(0);
    const id = await client.ask("CLIENT", "ID");
    await replied(`SET ${there} 1`);
    copies[1]!.ack(0);
    for (const [how, reply] of [
      [[], "1"],
      [["ERROR"], '-"UNBLOCKED client unblocked via CLIENT UNBLOCK"'],
    ] as const) {
      expect(await replied("WAIT 2 0")).to.deep.equal([]);
      expect(await other.ask("CLIENT", "LIST", "ID", id)).to.match(/ flags=b /);
      const replies = await heard(() => other.send("CLIENT", "UNBLOCK", id, ...how));
      expect(replies).to.deep.equal([reply]);
      expect(await other.read(1)).to.deep.equal(["1"]);
      expect(await other.ask("CLIENT", "UNBLOCK", id)).to.equal("0");
    }
    expect(await replied("PING")).to.deep.equal(["PONG"]);
  });

  it("asks every node that executed writes of the client, and no other", async () => {
    await replied(`SET ${there} 1`, `MSET ${beyond} 1 ${there} 2`);
    const stranger = await cluster.connect(0);
    await stranger.ask("SET", here, "1");
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal([]);
    expect(await heard(() => copies[2]!.ack())).to.deep.equal(["1"]);
  });

  it("is about the slots that the client wrote in, of a few", async () => {
    const [one, another] = [keyAt(cluster, 1, "one"), keyAt(cluster, 1, "another")];
    expect(slotOfKey(one)).not.to.equal(slotOfKey(another));
    await replied(`SET ${one} 1`);
    copies[1]!.ack();
    const stranger = await cluster.connect(0);
    await stranger.ask("SET", another, "1");
    expect(await replied("WAIT 1 0")).to.deep.equal(["1"]);
    await replied(...Array.from({ length: 30 }, (_, i) => `SET ${keyAt(cluster, 1, `many${i}`)} 1`));
    copies[1]!.ack();
    await stranger.ask("SET", another, "2");
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal(["1"]);
  });

  it("knows of each command of a pipeline, however it was sent on", async () => {
    const keys = Array.from({ length: 8 }, (_, i) => keyAt(cluster, 1, `pipelined${i}`));
    await client.askAll(...keys.map((key) => `SET ${key} 1`));
    // All but the last batch.
    copies[1]!.ack(0, 7);
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack(0))).to.deep.equal(["1"]);
  });

  it("counts transactions, and what one node executes alone", async () => {
    await replied("MULTI", `SET ${there} 1`, "EXEC", "MULTI", `SET ${here} 1`, "EXEC");
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal([]);
    expect(await heard(() => copies[0]!.ack())).to.deep.equal(["1"]);
    await replied("FLUSHALL");
    expect(await replied("WAIT 1 0")).to.deep.equal([]);
    for (const each of [copies[0]!, copies[1]!]) each.ack();
    expect(await heard(() => copies[2]!.ack())).to.deep.equal(["1"]);
  });

  it("answers for a client that wrote nothing how many there are anyway", async () => {
    await (await cluster.connect(0)).ask("SET", here, "1");
    expect(await replied(`GET ${here}`, "WAIT 2 0")).to.deep.equal(['"1"', "2"]);
  });

  it("waits for what is before it, and is executed before what follows", async () => {
    expect(
      await replied("TORUS CONSISTENCY quorum", `SET ${there} 1`, "WAIT 0 0", `SET ${here} 1`),
    ).to.deep.equal(["OK"]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal(["OK", "1"]);
    expect(await heard(() => copies[0]!.ack())).to.deep.equal(["OK"]);
  });

  it("answers 0 at once, and once, when a slot that was written in is executed elsewhere", async () => {
    await replied(`SET ${there} 1`);
    copies[1]!.ack(0);
    cluster.move([slotOfKey(there)], 2);
    expect(await replied("WAIT 1 0")).to.deep.equal(["0"]);
    expect(await replied("WAIT 1 0")).to.deep.equal(["2"]);
    // The node that is asked knows better than the one that asks.
    await replied(`SET ${there} 1`);
    copies[2]!.ack(0);
    cluster.move([slotOfKey(there)], 1, { hearing: [1, 2] });
    expect(await replied("WAIT 1 0")).to.deep.equal(["0"]);
  });

  it("answers 0 when the node that executed the writes was lost from sight meanwhile", async () => {
    await replied(`SET ${there} 1`);
    copies[1]!.ack(0);
    cluster.world.partition(["a"], ["b"]);
    expect(await replied("WAIT 1 300")).to.deep.equal([]);
    await cluster.world.advance(10_000);
    cluster.world.heal();
    await cluster.world.advance(10_000);
    expect(linkBetween(cluster, 0, 1).isUp).to.equal(true);
    expect(client.replies).to.deep.equal(["OK", "0"]);
    expect(await replied("WAIT 1 0")).to.deep.equal(["0"]);
    await replied(`SET ${there} 1`);
    copies[1]!.ack(0);
    expect(await replied("WAIT 1 0")).to.deep.equal(["1"]);
  });

  it("ends with its client, at every node", async () => {
    await replied(`SET ${there} 1`, `SET ${here} 1`, "WAIT 2 0");
    const waits = () => cluster.nodes.map(({ server }) => server.server.state.copyWaits.size);
    expect(waits()).to.deep.equal([1, 1, 0]);
    client.close();
    await cluster.world.advance(2500);
    expect(waits()).to.deep.equal([0, 0, 0]);
    expect(cluster.nodes.flatMap(({ server }) => server.stops)).to.deep.equal([]);
  });
});
