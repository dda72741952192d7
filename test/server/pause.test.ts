import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";

describe("CLIENT PAUSE", () => {
  async function pausedNode(...args: (string | number)[]): Promise<[SimNode, SimCaller]> {
    const node = await SimNode.alone();
    const client = await node.connect();
    const operator = await node.connect();
    expect(await operator.ask("CLIENT", "PAUSE", ...args)).to.equal("OK");
    return [node, client];
  }

  it("holds all commands back until its end, and executes them then in order", async () => {
    const [node, client] = await pausedNode(5000);
    const startMs = node.world.nowMs;
    for (let i = 0; i < 40; i++) client.send("INCR", "n");
    await node.world.advance(4900);
    expect(client.replies).to.deep.equal([]);
    const replies = await client.read(40);
    expect(replies).to.deep.equal(Array.from({ length: 40 }, (_, i) => String(i + 1)));
    expect(node.world.nowMs - startMs).to.be.within(4990, 5200);
  });

  it("holds back callers inside the process too", async () => {
    const [node] = await pausedNode(1000);
    const startMs = node.world.nowMs;
    expect(await node.call("PING")).to.equal("PONG");
    expect(node.world.nowMs - startMs).to.be.within(990, 1200);
  });

  it("refuses at once what is no command, for nothing of it is executed", async () => {
    const [, client] = await pausedNode(5000);
    client.sendBytes(Buffer.concat([encodeCommand(["NOSUCH"]), encodeCommand(["PING"])]));
    await client.read(1);
    expect(client.replies).to.have.length(1);
  });

  it("of writes lets reading go on, and transactions that only read", async () => {
    const [node, client] = await pausedNode(60_000, "WRITE");
    expect(await client.askAll("GET n", "MULTI", "GET n", "EXEC")).to.deep.equal([
      "nil",
      "OK",
      "QUEUED",
      "[nil]",
    ]);
    client.send("SET", "n", 1);
    client.send("GET", "n");
    await node.world.advance(1000);
    expect(client.replies).to.have.length(4);
    const operator = await node.connect();
    expect(await operator.ask("CLIENT", "UNPAUSE")).to.equal("OK");
    expect(await client.read(2)).to.deep.equal(["OK", '"1"']);
  });

  it("of writes holds back an EXEC whose writes were queued before", async () => {
    const node = await SimNode.alone();
    const [client, operator] = [await node.connect(), await node.connect()];
    await client.askAll("MULTI", "SET n 1");
    await operator.ask("CLIENT", "PAUSE", 60_000, "WRITE");
    client.send("EXEC");
    await node.world.advance(1000);
    expect(await node.call("GET", "n")).to.equal(null);
    await operator.ask("CLIENT", "UNPAUSE");
    expect(await client.read(1)).to.deep.equal(["[OK]"]);
  });

  it("is neither shortened nor loosened by another one", async () => {
    const [node, client] = await pausedNode(10_000, "WRITE");
    const operator = await node.connect();
    await operator.ask("CLIENT", "PAUSE", 10, "WRITE");
    client.send("SET", "n", 1);
    await node.world.advance(5000);
    expect(client.replies).to.deep.equal([]);
    await operator.ask("CLIENT", "PAUSE", 60_000, "ALL");
    client.send("GET", "n");
    await node.world.advance(50_000);
    expect(client.replies).to.deep.equal([]);
    expect(await client.read(2)).to.deep.equal(["OK", '"1"']);
  });

  it("may begin again for commands that it held back", async () => {
    const [node, client] = await pausedNode(1000);
    const operator = await node.connect();
    // The first held command begins the next pause.
    operator.send("CLIENT", "PAUSE", 2000);
    await node.world.advance(1);
    client.send("INCR", "n");
    await node.world.advance(1500);
    expect(operator.replies).to.deep.equal(["OK"]);
    expect(client.replies).to.deep.equal([]);
    expect(await client.read(1)).to.deep.equal(["1"]);
    expect(node.world.nowMs).to.be.greaterThan(3000);
  });

  it("reads held commands again as they came, whatever clients that are not logged in do meanwhile", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    const [client, operator, stranger] = [await node.connect(), await node.connect(), await node.connect()];
    await client.ask("AUTH", "secret");
    await operator.ask("AUTH", "secret");
    await operator.ask("CLIENT", "PAUSE", 1000);
    const pairs = Array.from({ length: 40 }, (_, i) => [`key:${i}`, "v".repeat(1000)]).flat();
    client.send("MSET", ...pairs);
    await node.world.advance(900);
    // The limits of the unauthenticated are in force when the pause ends.
    for (let i = 0; i < 40; i++) {
      stranger.send("PING");
      await node.world.advance(5);
    }
    expect(await client.read(1)).to.deep.equal(["OK"]);
    expect(await node.call("DBSIZE")).to.equal(40);
  });

  it("forgets what a client wanted that was closed meanwhile", async () => {
    const [node, client] = await pausedNode(60_000, "WRITE");
    const id = await client.ask("CLIENT", "ID");
    client.send("SET", "n", 1);
    await node.world.advance(100);
    const operator = await node.connect();
    expect(await operator.ask("CLIENT", "KILL", "ID", id)).to.equal("1");
    await operator.ask("CLIENT", "UNPAUSE");
    expect(await client.readToEnd()).to.deep.equal([]);
    expect(await node.call("GET", "n")).to.equal(null);
  });

  it("is no idleness: who was held back has the whole time-out ahead again", async () => {
    const node = await SimNode.alone({ timeoutSeconds: "3" });
    const [client, operator] = [await node.connect(), await node.connect()];
    await operator.ask("CLIENT", "PAUSE", 10_000);
    client.send("PING");
    expect(await client.read(1)).to.deep.equal(["PONG"]);
    await node.world.advance(2900);
    expect(client.isClosed).to.equal(false);
    await node.world.advance(400);
    expect(client.isClosed).to.equal(true);
  });
});
