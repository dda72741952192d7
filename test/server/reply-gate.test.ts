import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const IN_DOUBT = '-"INDOUBT The write was made but may be lost: the log could not be synced"';

/** Keys of different slots. */
const [A, B, C] = ["a", "b", "c"];

describe("with appendfsync always", () => {
  let node: SimServer;
  let client: SimCaller;
  let other: SimCaller;
  beforeEach(async () => {
    node = await SimServer.start();
    [client, other] = [await node.connect(), await node.connect()];
  });

  /** Sends commands, and answers what is replied without any help of the disk. */
  async function replied(caller: SimCaller, ...commands: string[]): Promise<string[]> {
    const before = caller.replies.length;
    for (const command of commands) caller.send(...command.split(" "));
    await node.settle();
    return caller.replies.slice(before);
  }

  /** What comes when the disk has done something. */
  async function released(caller: SimCaller, act: () => void): Promise<string[]> {
    const before = caller.replies.length;
    act();
    await node.settle();
    return caller.replies.slice(before);
  }

  it("a write is answered when its batch lasts, and not before", async () => {
    expect(await replied(client, `SET ${A} 1`)).to.deep.equal([]);
    expect(await released(client, () => node.persistence.sync(0))).to.deep.equal([]);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["OK"]);
    expect(await replied(client, `GET ${A}`)).to.deep.equal(['"1"']);
  });

  it("a read waits for what others wrote in its slots, and for nothing else", async () => {
    await replied(client, `SET ${A} 1`);
    expect(await replied(other, `GET ${B}`)).to.deep.equal(["nil"]);
    expect(await replied(other, `GET ${A}`)).to.deep.equal([]);
    expect(await released(other, () => node.persistence.sync())).to.deep.equal(['"1"']);
  });

  it("an absent key is waited for too: its deletion may not last", async () => {
    await replied(client, `SET ${A} 1`);
    node.persistence.sync();
    await replied(client, `DEL ${A}`);
    expect(await replied(other, `EXISTS ${A}`)).to.deep.equal([]);
    expect(await replied(other, `MGET ${B} ${A}`)).to.deep.equal([]);
    expect(await released(other, () => node.persistence.sync())).to.deep.equal(["0", "[nil nil]"]);
  });

  it("a client's replies keep their order, while it goes on executing", async () => {
    expect(await replied(client, "PING")).to.deep.equal(["PONG"]);
    for (const command of [`SET ${A} 1`, "PING", `GET ${B}`, `INCR ${A}`]) {
      expect(await replied(client, command)).to.deep.equal([]);
    }
    expect(node.persistence.position).to.equal(20);
    expect(await released(client, () => node.persistence.sync(1))).to.deep.equal(["OK", "PONG", "nil"]);
    expect(await released(client, () => node.persistence.sync(2))).to.deep.equal(["2"]);
  });

  it("replies that were made in one turn leave together", async () => {
    client.sendBytes(`PING\r\nSET ${A} 1\r\nSET ${B} 2\r\nGET ${C}\r\n`);
    await node.settle();
    expect(await released(client, () => node.persistence.sync(1))).to.deep.equal([]);
    expect(await released(client, () => node.persistence.sync(2))).to.deep.equal(["PONG", "OK", "OK", "nil"]);
  });

  it("others do not wait for a client that waits", async () => {
    await replied(client, `SET ${A} 1`);
    expect(await replied(other, "PING", `HGETALL ${B}`, "CONFIG GET hz")).to.deep.equal([
      "PONG",
      "[]",
      '["hz" "10"]',
    ]);
  });

  it("what tells of keys without opening them waits for all", async () => {
    await replied(client, `SET ${A} 1`);
    expect(await replied(other, "DBSIZE", "KEYS *", "RANDOMKEY", "SCAN 0")).to.deep.equal([]);
    expect(await released(other, () => node.persistence.sync())).to.have.length(4);
    const third = await node.connect();
    await replied(client, "FLUSHALL");
    expect(await replied(third, `GET ${B}`)).to.deep.equal([]);
    expect(await released(third, () => node.persistence.sync())).to.deep.equal(["nil"]);
  });

  it("EXEC is one batch and one reply; QUEUED waits for nothing", async () => {
    expect(await replied(client, "MULTI", `SET ${A} 1`, `INCR ${B}`, `HSET ${C} f v`)).to.deep.equal([
      "OK",
      "QUEUED",
      "QUEUED",
      "QUEUED",
    ]);
    expect(await replied(client, "EXEC")).to.deep.equal([]);
    expect(node.persistence.position).to.equal(10);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["[OK 1 1]"]);
  });

  it("an EXEC that a watched key forbids tells of that key's change, and waits for it", async () => {
    await replied(client, `WATCH ${A}`, "MULTI", `GET ${B}`);
    await replied(other, `SET ${A} 1`);
    expect(await replied(client, "EXEC")).to.deep.equal([]);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["nil[]"]);
  });

  it("a refused command that looked at a key waits as one that succeeds does", async () => {
    await replied(client, `SET ${A} 1`);
    expect(await replied(other, `HGET ${A} f`, `GET ${A} x`)).to.deep.equal([]);
    expect(
      (await released(other, () => node.persistence.sync())).map((line) => line.slice(0, 12)),
    ).to.deep.equal(['-"WRONGTYPE ', '-"ERR wrong ']);
  });

  it("CLIENT REPLY OFF and SKIP leave nothing that waits", async () => {
    await replied(client, "CLIENT REPLY SKIP", `SET ${A} 1`);
    expect(await replied(client, "PING")).to.deep.equal(["PONG"]);
    await replied(client, "CLIENT REPLY OFF", `SET ${A} 2`);
    expect(await replied(client, "CLIENT REPLY ON")).to.deep.equal(["OK"]);
  });

  it("HELLO 3 behind a reply that waits does not change how that was written", async () => {
    await replied(client, `HSET ${A} f v`, `HGETALL ${A}`, "HELLO 3", `HGETALL ${A}`);
    const replies = await released(client, () => node.persistence.sync());
    expect(replies.slice(0, 2)).to.deep.equal(["1", '["f" "v"]']);
    expect(replies[3]).to.equal('{"f": "v"}');
  });

  it("a postponed reply takes its turn behind those that wait", async () => {
    await replied(client, `SET ${A} 1`, "SAVE");
    node.persistence.asked[0]!.end();
    await node.settle();
    expect(client.replies).to.deep.equal([]);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["OK", "OK"]);
  });

  it("QUIT closes when the last reply has left", async () => {
    expect(await replied(client, `SET ${A} 1`, "QUIT", "PING")).to.deep.equal([]);
    expect(client.isClosed).to.equal(false);
    node.persistence.sync();
    expect(await client.readToEnd()).to.deep.equal(["OK", "OK"]);
  });

  it("a killed client gets nothing, and is forgotten", async () => {
    await replied(client, `SET ${A} 1`);
    expect(await replied(other, "CLIENT KILL TYPE normal SKIPME yes")).to.deep.equal(["1"]);
    expect(await client.readToEnd()).to.deep.equal([]);
    node.persistence.sync();
    await node.settle();
    expect(node.stops).to.deep.equal([]);
  });

  it("the node closes when the last reply has left", async () => {
    await replied(client, `SET ${A} 1`);
    const closing = node.server.close();
    await node.settle();
    expect(client.isClosed).to.equal(false);
    node.persistence.sync();
    expect(await client.readToEnd()).to.deep.equal(["OK"]);
    await node.world.complete(closing);
  });

  it("callers inside the process wait too", async () => {
    const calls = [node.local.call("SET", A!, 1), node.local.call("GET", A!), node.local.call("GET", B!)];
    const settled: unknown[] = [];
    for (const call of calls) void call.then((value) => settled.push(value));
    await node.settle();
    expect(settled).to.deep.equal([null]);
    node.persistence.sync();
    await node.settle();
    expect(settled).to.have.members([null, "OK", "1"]);
  });

  it("a client that waits is not idle, however long it is", async () => {
    node.config.set([["timeout", "1"]]);
    await replied(client, `SET ${A} 1`);
    await node.world.advance(10_000);
    expect(client.isClosed).to.equal(false);
    node.persistence.sync();
    await node.settle();
    expect(client.replies).to.deep.equal(["OK"]);
  });

  it("a client with a megabyte of replies that wait executes nothing more, and then goes on", async () => {
    const value = "v".repeat(300_000);
    await replied(client, `SET ${A} ${value}`);
    await replied(client, ...Array.from({ length: 20 }, () => `GET ${A}`), "INCR n");
    expect(node.persistence.position).to.equal(10);
    expect(Number(await node.info("client_recent_max_output_buffer"))).to.be.within(1e6, 1.6e6);
    node.persistence.sync();
    await node.settle();
    expect(client.replies).to.have.length(21);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["1"]);
  });

  it("closes a client whose waiting replies exceed its output limit", async () => {
    node.config.set([["client-output-buffer-limit", "normal 500kb 0 0"]]);
    await replied(client, `SET ${A} ${"v".repeat(300_000)}`, `GET ${A}`, `GET ${A}`);
    expect(await client.readToEnd()).to.deep.equal([]);
  });

  it("thousands of clients wait at once, and each gets its own", async function () {
    this.timeout(20_000);
    const callers = await Promise.all(Array.from({ length: 2000 }, () => node.connect()));
    for (const [i, caller] of callers.entries()) caller.send("SET", `key:${i}`, i, "GET");
    for (const [i, caller] of callers.entries()) caller.send("GET", `key:${i}`);
    await node.settle();
    expect(callers.every(({ replies }) => replies.length === 0)).to.equal(true);
    node.persistence.sync();
    await node.settle();
    for (const [i, { replies }] of callers.entries()) expect(replies).to.deep.equal(["nil", `"${i}"`]);
  });

  it("switched off at run time lets nobody wait but those who do, in order", async () => {
    await replied(client, `SET ${A} 1`);
    node.persistence.change({ gates: false });
    expect(await replied(client, "PING")).to.deep.equal([]);
    expect(await replied(other, `SET ${B} 1`, `GET ${A}`)).to.deep.equal(["OK", '"1"']);
    expect(await released(client, () => node.persistence.sync())).to.deep.equal(["OK", "PONG"]);
  });

  describe("when a sync fails", () => {
    it("each reply that depends on what is in doubt says so, and no other", async () => {
      await replied(client, `SET ${A} 1`);
      client.sendBytes(`PING\r\nSET ${B} 2\r\nGET ${A}\r\nGET ${C}\r\nMULTI\r\nGET ${B}\r\nEXEC\r\n`);
      await replied(other, `GET ${A}`, `GET ${B}`);
      const replies = await released(client, () => {
        node.persistence.sync(1);
        node.persistence.fail();
      });
      expect(replies).to.deep.equal(["OK", "PONG", IN_DOUBT, '"1"', "nil", "OK", "QUEUED", IN_DOUBT]);
      expect(other.replies).to.deep.equal(['"1"', IN_DOUBT]);
      expect(await node.info("errorstat_INDOUBT")).to.equal("count=3");
    });

    it("reads of what is in doubt are refused at once, others are served, until a snapshot has settled it", async () => {
      await replied(client, `SET ${A} 1`);
      node.persistence.fail();
      await node.settle();
      expect(
        await replied(other, `GET ${A}`, `GET ${B}`, "DBSIZE", "MULTI", `GET ${B}`, "EXEC"),
      ).to.deep.equal([IN_DOUBT, "nil", IN_DOUBT, "OK", "QUEUED", "[nil]"]);
      node.persistence.change({
        inDoubtFrom: Number.POSITIVE_INFINITY,
        durablePosition: node.persistence.position,
        refusal: null,
      });
      expect(await replied(other, `GET ${A}`, "DBSIZE")).to.deep.equal(['"1"', "1"]);
    });

    it("a large reply between others becomes one error", async () => {
      const value = "v".repeat(100_000);
      await replied(client, `SET ${A} ${value}`);
      client.sendBytes(`PING\r\nGET ${A}\r\nPING\r\n`);
      await node.settle();
      const replies = await released(client, () => node.persistence.fail());
      expect(replies).to.deep.equal([IN_DOUBT, "PONG", IN_DOUBT, "PONG"]);
    });

    it("callers inside the process learn it as an error", async () => {
      const call = node.local.call("SET", A!, 1).catch((error: Error) => error.message);
      await node.settle();
      node.persistence.fail();
      expect(await node.world.complete(call)).to.equal(IN_DOUBT.slice(2, -1));
    });
  });
});
