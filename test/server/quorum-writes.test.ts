import { expect } from "chai";
import { FakeCopies } from "../support/fake-copies.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const TIMEOUT_MS = 800;
const NO_QUORUM =
  '-"NOQUORUM the write was done here but not confirmed by a majority in time: it stays and may win"';
const NO_QUORUM_FOR_READ =
  '-"NOQUORUM what was to be read was not confirmed by a majority in time: nothing was changed"';
const NO_REPLICAS = '-"NOREPLICAS not enough live owners of this slot for a quorum: nothing was done"';

describe("A client at quorum", () => {
  let node: SimServer;
  let copies: FakeCopies;
  let client: SimCaller;
  let other: SimCaller;
  beforeEach(async () => {
    node = (await SimServer.start({ quorumTimeoutMs: TIMEOUT_MS })).replyAtOnce();
    copies = new FakeCopies(node.persistence);
    node.server.replicateBy(copies);
    [client, other] = [await node.connect(), await node.connect()];
    await client.ask("TORUS", "CONSISTENCY", "QUORUM");
  });

  /** What is replied to commands, sent at once, while no owner acknowledges more. */
  async function replied(caller: SimCaller, ...commands: string[]): Promise<string[]> {
    return heard(caller, () => caller.sendBytes(commands.map((command) => `${command}\r\n`).join("")));
  }

  async function heard(caller: SimCaller, act: () => void): Promise<string[]> {
    const before = caller.replies.length;
    act();
    await node.settle();
    return caller.replies.slice(before);
  }

  it("is told what it has chosen; others are at the level that the option says", async () => {
    expect(await client.ask("TORUS", "CONSISTENCY")).to.equal('"quorum"');
    expect(await other.ask("TORUS", "CONSISTENCY")).to.equal('"one"');
    expect(await other.ask("TORUS", "CONSISTENCY", "two")).to.equal('-"ERR syntax error"');
    expect(await other.ask("TORUS", "CONSISTENCY", "one", "two")).to.match(/wrong number of arguments/);
    await other.ask("CONFIG", "SET", "consistency", "quorum");
    expect(await other.ask("TORUS", "CONSISTENCY")).to.equal('"one"');
    expect(await (await node.connect()).ask("TORUS", "CONSISTENCY")).to.equal('"quorum"');
    const session = node.local.session();
    expect(await node.world.complete(session.call(["TORUS", "CONSISTENCY"]))).to.equal("quorum");
    await client.ask("TORUS", "CONSISTENCY", "one");
    await client.ask("RESET");
    expect(await client.ask("TORUS", "CONSISTENCY")).to.equal('"quorum"');
    expect((await client.askAll("MULTI", "TORUS CONSISTENCY one"))[1]).to.match(/not allowed inside/);
  });

  it("is told of a write when a majority has it, and not before", async () => {
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(0, 0))).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(1))).to.deep.equal(["OK"]);
    expect(await replied(other, "SET a 2")).to.deep.equal(["OK"]);
  });

  it("has passed on at once what it waits for, as nobody else has", async () => {
    await replied(other, "SET a 1", "GET a");
    expect(copies.hastened).to.equal(0);
    await replied(client, "GET a");
    expect(copies.hastened).to.equal(1);
    copies.ack();
    await replied(client, "GET a");
    expect(copies.hastened).to.equal(1);
    await replied(other, "SET b 1");
    expect(copies.hastened).to.equal(1);
  });

  it("gets its replies in order, whatever level it was at when it sent the commands", async () => {
    expect(
      await replied(
        client,
        "PING",
        "SET a 1",
        "TORUS CONSISTENCY one",
        "SET b 2",
        "TORUS CONSISTENCY quorum",
        "SET c 3",
        "PING",
      ),
    ).to.deep.equal([]);
    expect(await replied(client, "PING")).to.deep.equal([]);
    // What was replied in one turn leaves together.
    expect(await heard(client, () => copies.ack(0, 1))).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(0, 3))).to.deep.equal([
      "PONG",
      "OK",
      "OK",
      "OK",
      "OK",
      "OK",
      "PONG",
      "PONG",
    ]);
  });

  it("is told after the timeout that there was no majority, of just those writes that have none", async () => {
    expect(await replied(client, "SET a 1", "PING", "SET b 2", "GET c")).to.deep.equal([]);
    copies.ack(0, 1);
    await node.world.advance(TIMEOUT_MS - 150);
    expect(client.unread).to.equal(0);
    await node.world.advance(200);
    expect(await client.read(4)).to.deep.equal(["OK", "PONG", NO_QUORUM, "nil"]);
    expect(await node.info("errorstat_NOQUORUM")).to.equal("count=1");
    // It was done, and stays.
    expect(await other.ask("GET", "b")).to.equal('"2"');
  });

  it("waits for a majority that was asked after it, if a write changed nothing: what it answers may be out of date", async () => {
    await other.ask("SET", "a", "1");
    copies.ack(0);
    expect(await replied(client, "DEL b", "SETNX a 2")).to.deep.equal(["0", "0"]);
    copies.ack(0, 0);
    expect(await replied(client, "DEL b")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(1))).to.deep.equal(["0"]);
  });

  it("is told nothing of what was executed for an earlier term", async () => {
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    copies.actedFrom = copies.position;
    expect(await heard(client, () => copies.ack())).to.deep.equal([]);
    await node.world.advance(TIMEOUT_MS);
    expect(await client.read(1)).to.deep.equal([NO_QUORUM]);
    expect(await replied(client, "GET a"), "a read was told what a majority has").to.deep.equal(['"1"']);
  });

  it("waits before it writes until a majority stands by the node, and then nothing is done if none does", async () => {
    copies.hasMajority = false;
    expect(await replied(client, "SET a 1", "GET a")).to.deep.equal([]);
    expect(copies.awaited.map(({ timeoutMs }) => timeoutMs)).to.deep.equal([TIMEOUT_MS]);
    expect(await heard(client, () => copies.awaited.shift()!.end(false))).to.deep.equal([NO_REPLICAS, "nil"]);
    expect(await replied(client, "SET a 2")).to.deep.equal([]);
    expect(await heard(client, () => copies.awaited.shift()!.end(true))).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(1))).to.deep.equal(["OK"]);
  });

  it("is refused where no majority lives, and nothing is done", async () => {
    copies.living = 1;
    expect(await replied(client, "SET a 1", "GET a", "PING", "DEL a b")).to.deep.equal([
      NO_REPLICAS,
      NO_REPLICAS,
      "PONG",
      NO_REPLICAS,
    ]);
    expect(await other.ask("EXISTS", "a")).to.equal("0");
    expect(await replied(other, "SET a 1")).to.deep.equal(["OK"]);
  });

  it("waits as long for what others wrote in the slots that it reads, and for nothing else", async () => {
    await replied(other, "SET a 1");
    expect(await replied(client, "GET b")).to.deep.equal(["nil"]);
    expect(await replied(client, "GET a", "SETNX a 2")).to.deep.equal([]);
    await node.world.advance(TIMEOUT_MS);
    expect(await client.read(3)).to.deep.equal(["nil", NO_QUORUM_FOR_READ, NO_QUORUM_FOR_READ]);
  });

  it("waits for each slot of a command with several keys", async () => {
    await replied(other, "SET a 1", "SET b 1");
    expect(await replied(client, "MGET c b a")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(0, 1))).to.deep.equal([]);
    expect(await heard(client, () => copies.ack(0, 2))).to.deep.equal(['[nil "1" "1"]']);
    expect(await replied(client, "MSET a 1 b 2")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal(["OK"]);
  });

  it("waits with EXEC for all that the transaction touched", async () => {
    expect(await replied(client, "MULTI", "SET a 1", "GET b", "PING")).to.deep.equal([
      "OK",
      "QUEUED",
      "QUEUED",
      "QUEUED",
    ]);
    expect(await replied(client, "EXEC")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal(["[OK nil PONG]"]);
    await replied(other, "SET b 2");
    expect(await replied(client, "MULTI", "GET b", "EXEC")).not.to.include('["2"]');
    expect((await heard(client, () => copies.ack())).at(-1)).to.equal('["2"]');
    await replied(client, "MULTI", "SET a 3", "EXEC");
    await node.world.advance(TIMEOUT_MS);
    expect(client.replies.slice(-3)).to.deep.equal(["OK", "QUEUED", NO_QUORUM]);
  });

  it("is refused a transaction of which some key has no majority", async () => {
    copies.living = 1;
    expect(await replied(client, "MULTI", "PING", "SET a 1", "EXEC")).to.deep.equal([
      "OK",
      "QUEUED",
      "QUEUED",
      `-"EXECABORT Transaction discarded because of: ${JSON.parse(NO_REPLICAS.slice(1))}"`,
    ]);
    expect(await replied(client, "MULTI", "PING", "EXEC")).to.deep.equal(["OK", "QUEUED", "[PONG]"]);
  });

  it("waits for nothing with what concerns no key, or looks at all of them", async () => {
    await replied(other, "SET a 1");
    expect(await replied(client, "PING", "DBSIZE", "KEYS *", "RANDOMKEY")).to.deep.equal([
      "PONG",
      "1",
      '["a"]',
      '"a"',
    ]);
  });

  it("waits for the log too, where replies wait for it", async () => {
    node.persistence.gates = true;
    node.server.gate.configure();
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal([]);
    expect(await heard(client, () => node.persistence.sync())).to.deep.equal(["OK"]);
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    expect(await heard(client, () => node.persistence.sync())).to.deep.equal([]);
    expect(await heard(client, () => copies.ack())).to.deep.equal(["OK"]);
    // Others wait for the log alone.
    expect(await replied(other, "SET a 2")).to.deep.equal([]);
    expect(await heard(other, () => node.persistence.sync())).to.deep.equal(["OK"]);
  });

  it("is told of the log's failure before it is told of a missing majority", async () => {
    node.persistence.gates = true;
    node.server.gate.configure();
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    const replies = await heard(client, () => node.persistence.fail());
    expect(replies).to.have.length(1);
    expect(replies[0]).to.match(/INDOUBT/);
  });

  it("waits for nothing with replies that it does not want", async () => {
    expect(await replied(client, "CLIENT REPLY SKIP", "SET a 1", "PING")).to.deep.equal(["PONG"]);
    expect(await replied(client, "CLIENT REPLY OFF", "SET a 2", "CLIENT REPLY ON")).to.deep.equal(["OK"]);
  });

  it("is forgotten when it closes or is killed: nothing waits any more", async () => {
    expect(await replied(client, "SET a 1")).to.deep.equal([]);
    client.close();
    await node.settle();
    const third = await node.connect();
    await third.ask("TORUS", "CONSISTENCY", "quorum");
    expect(await replied(third, "SET b 1")).to.deep.equal([]);
    expect(await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).to.equal("1");
    copies.ack();
    await node.world.advance(2 * TIMEOUT_MS);
    expect([...client.replies, ...third.replies]).to.deep.equal(["OK", "OK"]);
    expect(node.stops).to.deep.equal([]);
  });

  it("gets what it waited for before QUIT closes, and the server too", async () => {
    expect(await replied(client, "SET a 1", "QUIT")).to.deep.equal([]);
    expect(client.isClosed).to.equal(false);
    copies.ack();
    expect(await client.readToEnd()).to.deep.equal(["OK", "OK"]);
    await other.ask("TORUS", "CONSISTENCY", "quorum");
    expect(await replied(other, "SET a 2")).to.deep.equal([]);
    const closed = node.server.close();
    expect((await other.readToEnd()).at(-1)).to.equal(NO_QUORUM);
    await node.world.complete(closed);
  });

  it("goes on executing while replies wait, up to a bound of what that takes", async () => {
    for (let i = 0; i < 40; i++) client.sendBytes("INCR a\r\n".repeat(1000));
    await node.settle();
    const executed = Number(JSON.parse(await other.ask("GET", "a")));
    expect(executed).to.be.within(1000, 20_000);
    for (let i = 0; i < 20; i++) {
      copies.ack();
      await node.settle();
    }
    expect(client.replies.slice(1)).to.deep.equal(Array.from({ length: 40_000 }, (_, i) => `${i + 1}`));
  });
});

describe("A client at quorum where nothing is replicated", () => {
  it("is answered as any other", async () => {
    const node = (await SimServer.start({ consistency: "quorum" })).replyAtOnce();
    const client = await node.connect();
    expect(
      await client.askAll("TORUS CONSISTENCY", "SET a 1", "GET a", "MULTI", "SELECT 1", "GET a", "EXEC"),
    ).to.deep.equal(['"quorum"', "OK", '"1"', "OK", "QUEUED", "QUEUED", "[OK nil]"]);
  });
});
