import { expect } from "chai";
import { FakeCopies } from "../support/fake-copies.js";
import type { SimCaller } from "../support/sim-caller.js";
import { slotOfKey } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

const TIMEOUT_MS = 800;
const NO_QUORUM_FOR_READ =
  "NOQUORUM what was to be read was not confirmed by a majority in time: nothing was changed";

describe("A read at quorum", () => {
  let node: SimServer;
  let copies: FakeCopies;
  let client: SimCaller;
  let other: SimCaller;
  beforeEach(async () => {
    node = (await SimServer.start({ quorumTimeoutMs: TIMEOUT_MS })).replyAtOnce();
    copies = new FakeCopies(node.persistence);
    copies.confirmsReads = false;
    node.server.replicateBy(copies);
    [client, other] = [await node.connect(), await node.connect()];
    await client.ask("TORUS", "CONSISTENCY", "quorum");
  });

  async function heard(caller: SimCaller, act: () => void): Promise<string[]> {
    const before = caller.replies.length;
    act();
    await node.settle();
    return caller.replies.slice(before);
  }

  const replied = (caller: SimCaller, ...commands: string[]) =>
    heard(caller, () => caller.sendBytes(commands.map((command) => `${command}\r\n`).join("")));

  const answer = (outcome: "confirmed" | "failed" = "confirmed") => {
    for (const { end } of copies.asked.splice(0)) end(outcome);
  };

  it("is executed when a majority was asked, and not before", async () => {
    expect(await replied(client, "GET a")).to.deep.equal([]);
    expect(copies.asked.map(({ end: _, ...read }) => read)).to.deep.equal([
      { slot: slotOfKey("a"), database: 0, key: "a", timeoutMs: TIMEOUT_MS },
    ]);
    // What is read is what is there when all have answered.
    await replied(other, "SET a 1");
    copies.ack();
    expect(await heard(client, () => answer())).to.deep.equal(['"1"']);
    expect(copies.asked).to.deep.equal([]);
  });

  it("makes the client's next commands wait, and nobody else's", async () => {
    expect(await replied(client, "PING", "GET a", "PING", "SELECT 3", "GET b")).to.deep.equal(["PONG"]);
    expect(await replied(other, "GET a", "PING")).to.deep.equal(["nil", "PONG"]);
    expect(await heard(client, () => answer())).to.deep.equal(["nil", "PONG", "OK"]);
    expect(copies.asked.map(({ database, key }) => `${database} ${key}`)).to.deep.equal(["3 b"]);
    expect(await heard(client, () => answer())).to.deep.equal(["nil"]);
  });

  it("waits then for what others wrote meanwhile", async () => {
    await replied(client, "GET a");
    await replied(other, "SET a 1");
    expect(await heard(client, () => answer())).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal(['"1"']);
  });

  it("is refused if the majority cannot be asked, and nothing is done", async () => {
    await replied(other, "SET a 1");
    copies.ack();
    expect(await replied(client, "GET a", "PING")).to.deep.equal([]);
    expect(await heard(client, () => answer("failed"))).to.deep.equal([`-"${NO_QUORUM_FOR_READ}"`, "PONG"]);
    await replied(client, "MGET a b a");
    const [first, ...rest] = copies.asked.splice(0);
    first!.end("failed");
    await node.settle();
    expect(await heard(client, () => rest.forEach(({ end }) => void end("confirmed")))).to.deep.equal([
      `-"${NO_QUORUM_FOR_READ}"`,
    ]);
    expect(await node.info("errorstat_NOQUORUM")).to.equal("count=2");
  });

  it("asks for every key it names; what writes asks for none", async () => {
    await replied(client, "SET a 1", "INCR b", "MSET c 1 d 2", "DEL e");
    copies.ack();
    expect(copies.asked).to.deep.equal([]);
    await replied(client, "EXISTS a b {a}c");
    expect(copies.asked.map(({ key }) => key)).to.deep.equal(["a", "b", "{a}c"]);
    expect(await heard(client, () => answer())).to.deep.equal(["2"]);
  });

  it("asks with EXEC for all keys that the transaction reads", async () => {
    await replied(client, "MULTI", "GET a", "SET b 1", "STRLEN c");
    expect(copies.asked).to.deep.equal([]);
    expect(await replied(client, "EXEC", "PING")).to.deep.equal([]);
    expect(copies.asked.map(({ key }) => key)).to.deep.equal(["a", "c"]);
    expect(await heard(client, () => answer())).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal(["[nil OK 0]", "PONG"]);

    await replied(client, "MULTI", "GET a", "EXEC");
    expect(await heard(client, () => answer("failed"))).to.deep.equal([
      `-"EXECABORT Transaction discarded because of: ${NO_QUORUM_FOR_READ}"`,
    ]);
    await replied(client, "MULTI", "GET a", "NOSUCH", "EXEC");
    expect(client.replies.at(-1)).to.match(/EXECABORT/);
    await replied(client, "MULTI", "GET a", "SELECT 2", "GET a", "EXEC");
    expect(client.replies.at(-1)).to.match(
      /EXECABORT.*: SELECT stands in a transaction that reads at quorum/,
    );
    expect(copies.asked).to.deep.equal([]);
  });

  it("sees in EXEC that a watched key was changed while it waited", async () => {
    await replied(client, "WATCH a", "MULTI", "GET b", "EXEC");
    await replied(other, "SET a 1");
    copies.ack();
    expect(await heard(client, () => answer())).to.deep.equal(["nil[]"]);
  });

  it("is asked for once, however often the command is offered", async () => {
    await replied(client, "GET a");
    node.persistence.change({});
    await node.settle();
    await other.ask("CLIENT", "PAUSE", "200");
    node.persistence.change({});
    await node.settle();
    expect(await heard(client, () => answer())).to.deep.equal([]);
    await node.world.advance(400);
    expect(client.replies.at(-1)).to.equal("nil");
    expect(copies.asked).to.deep.equal([]);
  });

  it("ends with its client", async () => {
    await replied(client, "GET a", "SET b 1");
    expect(await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).to.equal("1");
    answer();
    await node.settle();
    expect(await other.ask("EXISTS", "b")).to.equal("0");
    expect(node.stops).to.deep.equal([]);
  });

  it("stops the node if the copies break their promise to answer", async () => {
    copies.confirmRead = () => Promise.reject(new Error("broken"));
    await replied(client, "GET a");
    expect(node.stops.map(String)).to.deep.equal(["Error: broken"]);
  });
});
