import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { FakeCopies } from "../support/fake-copies.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const WAITING = { blocked_clients: "1", clients_in_timeout_table: "1" };

describe("Clients that wait for keys", () => {
  let node: SimServer;
  let a: SimCaller;
  let b: SimCaller;
  let c: SimCaller;
  let pusher: SimCaller;

  beforeEach(async () => {
    node = (await SimServer.start()).replyAtOnce();
    [a, b, c, pusher] = (await Promise.all([1, 2, 3, 4].map(() => node.connect()))) as [
      SimCaller,
      SimCaller,
      SimCaller,
      SimCaller,
    ];
  });

  /** Sends a command that is to wait. */
  async function wait(caller: SimCaller, command: string): Promise<void> {
    caller.send(...command.split(" "));
    await node.settle();
    expect(caller.unread).to.equal(0);
  }

  const waiting = async () => ({
    blocked_clients: await node.info("blocked_clients"),
    clients_in_timeout_table: await node.info("clients_in_timeout_table"),
  });

  it("are served in the order in which they came, before anybody else finds what came", async () => {
    for (const caller of [a, b, c]) await wait(caller, "BLPOP k 0");
    expect(await pusher.askAll("RPUSH k 1 2", "LLEN k", "RPUSH k 3 4", "LRANGE k 0 -1")).to.deep.equal([
      "2",
      "0",
      "2",
      '["4"]',
    ]);
    expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
    expect(await b.read(1)).to.deep.equal(['["k" "2"]']);
    expect(await c.read(1)).to.deep.equal(['["k" "3"]']);
  });

  it("get a reply in its place, and what they sent behind it is executed after it", async () => {
    a.sendBytes("PING\r\nBLPOP k 0\r\nLLEN k\r\nSET s 1\r\n");
    await node.settle();
    expect(a.replies).to.deep.equal(["PONG"]);
    expect(await pusher.askAll("GET s", "RPUSH k 1 2 3")).to.deep.equal(["nil", "3"]);
    expect((await a.read(4)).slice(1)).to.deep.equal(['["k" "1"]', "2", "OK"]);
  });

  it("are served by the key that changed first, whichever they named first", async () => {
    await wait(a, "BLPOP one two 0");
    await pusher.askAll("MULTI", "RPUSH two 2", "RPUSH one 1", "EXEC");
    expect(await a.read(1)).to.deep.equal(['["two" "2"]']);
  });

  it("are served after a transaction, by what it leaves", async () => {
    await wait(a, "BLPOP k 0");
    expect(await pusher.askAll("MULTI", "RPUSH k 1", "DEL k", "EXEC")).to.have.length(4);
    await node.settle();
    expect(a.unread).to.equal(0);
    await pusher.askAll("MULTI", "RPUSH k 2", "LPUSH k 3", "EXEC");
    expect(await a.read(1)).to.deep.equal(['["k" "3"]']);
  });

  it("may serve each other: what one is served with wakes the next", async () => {
    await wait(a, "BLMOVE one two LEFT RIGHT 0");
    await wait(b, "BLMOVE two three LEFT RIGHT 0");
    await wait(c, "BLPOP three 0");
    expect(await pusher.askAll("RPUSH one x", "EXISTS one two three")).to.deep.equal(["1", "0"]);
    expect(await a.read(1)).to.deep.equal(['"x"']);
    expect(await b.read(1)).to.deep.equal(['"x"']);
    expect(await c.read(1)).to.deep.equal(['["three" "x"]']);
  });

  it("that rotate a list each get an element, and do so once", async () => {
    await wait(a, "BLMOVE k k LEFT RIGHT 0");
    await wait(b, "BLMOVE k k LEFT RIGHT 0");
    expect(await pusher.askAll("RPUSH k 1 2", "LRANGE k 0 -1")).to.deep.equal(["2", '["1" "2"]']);
    expect([...(await a.read(1)), ...(await b.read(1))]).to.deep.equal(['"1"', '"2"']);
  });

  for (const [name, commands] of Object.entries({
    RENAME: ["RPUSH other 1", "RENAME other k"],
    COPY: ["RPUSH other 1", "COPY other k"],
    MOVE: ["SELECT 1", "RPUSH k 1", "MOVE k 0"],
    SWAPDB: ["SELECT 1", "RPUSH k 1", "SWAPDB 0 1"],
    LMOVE: ["RPUSH other 1", "LMOVE other k LEFT LEFT"],
    "a new type": ["SET k 1", "DEL k", "RPUSH k 1"],
  })) {
    it(`are served by what came by ${name}`, async () => {
      await wait(a, "BRPOP k 0");
      await pusher.askAll(...commands);
      expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
    });
  }

  it("are not disturbed by other types, databases, flushes and keys that go", async () => {
    await wait(a, "BLPOP k 0");
    await pusher.askAll("SET k 1", "DEL k", "SADD k m", "FLUSHALL", "SELECT 1", "RPUSH k 1", "FLUSHDB");
    await node.settle();
    expect(a.unread).to.equal(0);
    await pusher.askAll("SELECT 0", "RPUSH k 1");
    expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
  });

  it("learn that a destination is of another type when they are served, and what they would have moved stays", async () => {
    await wait(a, "BLMOVE from to LEFT LEFT 0");
    await wait(b, "BLPOP from 0");
    await pusher.askAll("SET to 1", "RPUSH from 1");
    expect((await a.read(1))[0]).to.match(/^-"WRONGTYPE/);
    expect(await b.read(1)).to.deep.equal(['["from" "1"]']);
  });

  it("wait as long as they said, to the millisecond, and no longer", async () => {
    const startMs = node.world.nowMs;
    a.send("BLPOP", "k", "0.5");
    b.send("BLMOVE", "k", "l", "LEFT", "LEFT", "0.25");
    expect(await b.read(1)).to.deep.equal(["nil[]"]);
    expect(node.world.nowMs - startMs).to.be.within(250, 260);
    expect(await waiting()).to.deep.equal(WAITING);
    expect((await a.read(1))[0]).to.match(/^nil/);
    expect(node.world.nowMs - startMs).to.be.within(500, 510);
    expect(await waiting()).to.deep.equal({ blocked_clients: "0", clients_in_timeout_table: "0" });
    expect(await pusher.askAll("RPUSH k 1", "LLEN k")).to.deep.equal(["1", "1"]);
  });

  it("wait no longer when CLIENT UNBLOCK says so, as if in vain or with an error", async () => {
    for (const caller of [a, b]) {
      const id = await caller.ask("CLIENT", "ID");
      await wait(caller, "BLPOP k 0");
      expect(await pusher.ask("CLIENT", "LIST", "ID", id)).to.match(/ flags=b .* cmd=blpop /);
      const how = caller === a ? [] : ["ERROR"];
      expect(await pusher.ask("CLIENT", "UNBLOCK", id, ...how)).to.equal("1");
      expect(await pusher.ask("CLIENT", "UNBLOCK", id)).to.equal("0");
    }
    expect((await a.read(1))[0]).to.match(/^nil/);
    expect((await b.read(1))[0]).to.equal('-"UNBLOCKED client unblocked via CLIENT UNBLOCK"');
    expect(await pusher.ask("RPUSH", "k", "1")).to.equal("1");
    expect(await a.ask("LLEN", "k")).to.equal("1");
  });

  it("that are gone take nothing with them", async () => {
    const id = await b.ask("CLIENT", "ID");
    for (const caller of [a, b, c]) await wait(caller, "BLPOP k 0");
    a.close();
    await node.settle();
    expect(await pusher.ask("CLIENT", "KILL", "ID", id)).to.equal("1");
    await pusher.ask("RPUSH", "k", "1");
    expect(await c.read(1)).to.deep.equal(['["k" "1"]']);
    expect((await waiting()).blocked_clients).to.equal("0");
  });

  it("in a transaction do not wait", async () => {
    expect((await a.askAll("MULTI", "BLPOP k 0", "BLMOVE k l LEFT LEFT 0", "EXEC")).at(-1)).to.match(
      /^\[nil\S* nil\]$/,
    );
    expect((await waiting()).blocked_clients).to.equal("0");
  });

  it("are served when a pause is over", async () => {
    await wait(a, "BLPOP k 0");
    await pusher.askAll("CLIENT PAUSE 200 WRITE", "PING");
    pusher.send("RPUSH", "k", "1");
    await node.settle();
    expect(a.unread).to.equal(0);
    expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
  });

  it("get no reply if they want none, and go on when they are served", async () => {
    await a.askAll("PING");
    a.sendBytes("CLIENT REPLY SKIP\r\nBLPOP k 0\r\nPING\r\n");
    await node.settle();
    await pusher.ask("RPUSH", "k", "1");
    expect(await a.read(1)).to.deep.equal(["PONG"]);
    expect(await pusher.ask("LLEN", "k")).to.equal("0");
  });

  it("may name a key several times, and several databases at once", async () => {
    await wait(a, "BLPOP k k k 0");
    await b.ask("SELECT", "3");
    await wait(b, "BLPOP k 0");
    await pusher.askAll("SELECT 3", "RPUSH k three", "SELECT 0", "RPUSH k zero 1");
    expect(await a.read(1)).to.deep.equal(['["k" "zero"]']);
    expect(await b.read(1)).to.deep.equal(['["k" "three"]']);
    expect(await pusher.ask("LLEN", "k")).to.equal("1");
  });

  it("are called by callers inside the process too", async () => {
    const session = node.local.session();
    const popped = session.call(["BLPOP", "k", "0"]);
    await node.settle();
    await pusher.ask("RPUSH", "k", "1");
    expect(await node.world.complete(popped)).to.deep.equal(["k", "1"]);
  });

  it("hold up no other caller inside the process", async () => {
    const { local } = node;
    const popped = local.call("BLPOP", "k", "0");
    expect(await node.world.complete(local.call("RPUSH", "k", "1"))).to.equal(1);
    expect(await node.world.complete(popped)).to.deep.equal(["k", "1"]);
    expect(await node.world.complete(local.call("BLPOP", "k", "0.1"))).to.equal(null);
  });

  it("are told what they popped when it lasts, and then go on", async () => {
    const { persistence } = node;
    persistence.gates = true;
    node.server.gate.configure();
    a.sendBytes("BLPOP k 0\r\nPING\r\n");
    await node.settle();
    pusher.send("RPUSH", "k", "1");
    await node.settle();
    expect([a.unread, pusher.unread]).to.deep.equal([0, 0]);
    persistence.sync();
    expect(await a.read(2)).to.deep.equal(['["k" "1"]', "PONG"]);
    expect(await pusher.read(1)).to.deep.equal(["1"]);
    await wait(b, "BLPOP k 0");
    pusher.send("RPUSH", "k", "2");
    await node.settle();
    persistence.fail();
    expect((await b.read(1))[0]).to.match(/^-"INDOUBT/);
  });

  it("wait until there is room in the log", async () => {
    await wait(a, "BLPOP k 0");
    node.persistence.change({ roomBytes: 0 });
    node.keyspace.select(0);
    new CommandRunner(node.keyspace).run("RPUSH", "k", "1");
    await node.settle();
    expect(a.unread).to.equal(0);
    expect(await pusher.ask("LLEN", "k")).to.equal("1");
    node.persistence.change({ roomBytes: Number.POSITIVE_INFINITY });
    expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
  });

  it("are served by the key that changed first, though nothing could be served when it did", async () => {
    await wait(a, "BLPOP two one 0");
    node.persistence.change({ roomBytes: 0 });
    node.keyspace.select(0);
    const commands = new CommandRunner(node.keyspace);
    commands.run("RPUSH", "one", "1");
    commands.run("RPUSH", "two", "2");
    await node.settle();
    expect(a.unread).to.equal(0);
    node.persistence.change({ roomBytes: Number.POSITIVE_INFINITY });
    expect(await a.read(1)).to.deep.equal(['["one" "1"]']);
  });

  it("at quorum get no reply either if they want none", async () => {
    const copies = new FakeCopies(node.persistence);
    node.server.replicateBy(copies);
    await a.ask("TORUS", "CONSISTENCY", "quorum");
    a.sendBytes("CLIENT REPLY SKIP\r\nXREAD BLOCK 0 STREAMS s $\r\nPING\r\n");
    await node.settle();
    await pusher.ask("XADD", "s", "1-1", "f", "v");
    copies.ack();
    expect(await a.read(1)).to.deep.equal(["PONG"]);
    expect(await a.ask("ECHO", "more")).to.equal('"more"');
  });

  it("at quorum are told what they popped when a majority has that, and not of what it has not", async () => {
    const copies = new FakeCopies(node.persistence);
    node.server.replicateBy(copies);
    for (const caller of [a, b]) await caller.ask("TORUS", "CONSISTENCY", "quorum");
    await wait(a, "BLPOP k 0");
    await wait(b, "BLPOP k 0");
    await pusher.ask("RPUSH", "k", "1", "2");
    await node.settle();
    expect([a.unread, b.unread]).to.deep.equal([0, 0]);
    copies.ack();
    expect(await a.read(1)).to.deep.equal(['["k" "1"]']);
    expect(await b.read(1)).to.deep.equal(['["k" "2"]']);
    await wait(a, "BLPOP k 0");
    await pusher.ask("RPUSH", "k", "3");
    expect((await a.read(1))[0]).to.match(/^-"NOQUORUM/);
    expect(await pusher.ask("LLEN", "k")).to.equal("0");
  });

  it("cost nothing while others are served, however many they are", async () => {
    const { keyspace } = node;
    const many = await Promise.all(Array.from({ length: 300 }, () => node.connect()));
    for (const [i, caller] of many.entries()) caller.send(i % 2 === 0 ? "BLPOP" : "BRPOP", "k", "0");
    await node.settle();
    let looks = 0;
    const peek = keyspace.peek.bind(keyspace);
    keyspace.peek = (...key) => {
      looks++;
      return peek(...key);
    };
    await pusher.ask("RPUSH", "k", "1", "2", "3");
    await node.settle();
    expect(many.filter(({ unread }) => unread > 0)).to.have.length(3);
    expect(looks).to.be.below(20);
  });

  it("cost one timer, and nothing once they are served, however many they are", async () => {
    const many = await Promise.all(Array.from({ length: 200 }, () => node.connect()));
    for (const [i, caller] of many.entries()) caller.send("BLPOP", `k${i % 20}`, String(100 + i));
    await node.settle();
    expect((await waiting()).blocked_clients).to.equal("200");
    for (let i = 0; i < 200; i++) pusher.send("RPUSH", `k${i % 20}`, String(i));
    expect(new Set(await pusher.read(200))).to.deep.equal(new Set(["1"]));
    const served = await Promise.all(many.map((caller) => caller.read(1)));
    expect(new Set(served.flat()).size).to.equal(200);
    expect(await waiting()).to.deep.equal({ blocked_clients: "0", clients_in_timeout_table: "0" });
    expect(node.keyspace.watchers.count).to.equal(0);
  });
});
