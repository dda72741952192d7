import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import { SimNode } from "../support/sim-node.js";

const KB = 1024;
const MB = 1024 * KB;

describe("a client that does not read", () => {
  /** Fields of a client's line in CLIENT LIST, as numbers. */
  async function clientFields(node: SimNode, name: string): Promise<Record<string, number>> {
    const list = String(await node.call("CLIENT", "LIST"));
    const line = list.split("\n").find((candidate) => candidate.includes(`name=${name} `));
    const pairs = (line ?? "").split(" ").map((field) => field.split("="));
    return Object.fromEntries(pairs.map(([field, value]) => [field, Number(value)]));
  }

  it("is not read from either: what it makes the node hold is bounded, and others are served at once", async function () {
    this.timeout(20_000);
    const node = await SimNode.alone();
    const value = "v".repeat(100 * KB);
    const rounds = 300;
    const client = await node.connect("greedy");
    const other = await node.connect("other");
    await client.ask("CLIENT", "SETNAME", "greedy");
    await client.ask("SET", "big", value);
    client.connection.pauseReading();
    // Some 30 MB of replies, and far more requests than a node reads at once.
    const requests = encodeCommand(["GET", "big"]);
    const filler = encodeCommand(["ECHO", "f".repeat(4000)]);
    for (let i = 0; i < rounds; i++) client.sendBytes(Buffer.concat([requests, filler]));
    for (let i = 0; i < 50; i++) {
      const startMs = node.world.nowMs;
      expect(await other.ask("PING")).to.equal("PONG");
      expect(node.world.nowMs - startMs).to.be.lessThan(5);
      const { omem, qbuf } = await clientFields(node, "greedy");
      expect(omem).to.be.lessThan(1 * MB + 512 * KB);
      expect(qbuf).to.be.lessThan(256 * KB);
    }
    // The node has stopped reading, so the client cannot send on.
    expect(client.connection.pendingBytes).to.be.greaterThan(500 * KB);
    client.connection.resumeReading();
    const replies = await client.read(2 * rounds);
    expect(replies.every((reply, i) => reply.length === (i % 2 === 0 ? 100 * KB + 2 : 4002))).to.equal(true);
    expect(await client.ask("PING")).to.equal("PONG");
    const { omem, qbuf } = await clientFields(node, "greedy");
    expect([omem, qbuf]).to.deep.equal([0, 0]);
  });

  it("gets everything in order if it reads by fits and starts", async function () {
    this.timeout(20_000);
    const node = await SimNode.alone();
    const client = await node.connect();
    const commands = 20_000;
    client.sendBytes(Buffer.concat(Array.from({ length: commands }, () => encodeCommand(["INCR", "n"]))));
    for (let i = 0; i < 40; i++) {
      client.connection.pauseReading();
      await node.world.advance(3);
      client.connection.resumeReading();
      await node.world.advance(1);
    }
    const replies = await client.read(commands);
    expect(replies.every((reply, i) => reply === String(i + 1))).to.equal(true);
  });

  it("is cut off at the hard limit, however its replies come about", async () => {
    for (const line of ["GET big", "MULTI|GET big|GET big|GET big|EXEC", "MGET big big big big"]) {
      const node = await SimNode.alone({ clientOutputBufferLimits: "normal 2mb 0 0" });
      const other = await node.connect("other");
      await node.call("SETRANGE", "big", MB - 1, "v");
      const client = await node.connect("greedy");
      client.connection.pauseReading();
      for (let i = 0; i < 20; i++) {
        for (const command of line.split("|")) client.send(...command.split(" "));
      }
      await node.world.advance(1000);
      const isBounded = line === "GET big";
      // Replies of single commands stop before the limit; larger ones cannot.
      expect(await node.info("connected_clients"), line).to.equal(isBounded ? "2" : "1");
      expect(await other.ask("PING")).to.equal("PONG");
      client.connection.destroy();
    }
  });
});

describe("half requests of hundreds of clients", () => {
  it("take memory only for the bytes that came, and are executed once they are whole", async function () {
    this.timeout(20_000);
    const node = await SimNode.alone();
    const clients = await Promise.all(Array.from({ length: 400 }, (_, i) => node.connect(`client${i % 20}`)));
    const requests = clients.map((_, i) => encodeCommand(["SET", `key:${i}`, `${i}`.repeat(1 + (i % 50))]));
    const cuts = requests.map((request, i) => 1 + (i % (request.length - 1)));
    for (const [i, client] of clients.entries()) client.sendBytes(requests[i]!.subarray(0, cuts[i]));
    await node.world.advance(1000);
    const list = String(await node.call("CLIENT", "LIST"));
    const memory = Array.from(list.matchAll(/tot-mem=(\d+)/g), ([, bytes]) => Number(bytes));
    expect(memory).to.have.length(400);
    expect(Math.max(...memory)).to.be.lessThan(2 * KB);
    const queued = Array.from(list.matchAll(/qbuf=(\d+)/g), ([, bytes]) => Number(bytes));
    expect(queued).to.have.members(cuts);
    expect(await node.call("DBSIZE")).to.equal(0);
    for (const [i, client] of clients.entries()) client.sendBytes(requests[i]!.subarray(cuts[i]));
    const replies = await Promise.all(clients.map((client) => client.read(1)));
    expect(replies.every(([reply]) => reply === "OK")).to.equal(true);
    expect(await node.call("DBSIZE")).to.equal(400);
  });

  it("reserve nothing for what they announce", async () => {
    const node = await SimNode.alone();
    const clients = await Promise.all(Array.from({ length: 100 }, () => node.connect()));
    for (const client of clients) client.sendBytes("*1000000\r\n$3\r\nDEL\r\n$500000000\r\nabc");
    await node.world.advance(1000);
    const list = String(await node.call("CLIENT", "LIST"));
    for (const [, bytes] of list.matchAll(/tot-mem=(\d+)/g)) expect(Number(bytes)).to.be.lessThan(2 * KB);
  });
});
