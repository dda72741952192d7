import { expect } from "chai";
import { ReplyError } from "#torus/protocol/reply-error.js";
import { SimNode } from "../support/sim-node.js";

describe("the client inside the process", () => {
  it("gets values, in the order of its calls", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const calls = Array.from({ length: 100 }, () => client.call("INCR", "n"));
    expect(await Promise.all(calls)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(await client.call("SET", "k", "Zürich")).to.equal("OK");
    expect(await client.call("MGET", "k", "none")).to.deep.equal(["Zürich", null]);
    expect(await client.call("SET", "b", new Uint8Array([255, 0]))).to.equal("OK");
    expect(await client.call("GET", "b")).to.deep.equal(Buffer.from([255, 0]));
  });

  it("gets errors as rejections, and as values within an array", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const failure = await client.call("NOSUCH").catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ReplyError).with.property("code", "ERR");
    await client.call("SET", "k", "text");
    await client.call("MULTI");
    await client.call("INCR", "k");
    await client.call("GET", "k");
    const [error, text] = (await client.call("EXEC")) as unknown[];
    expect(error).to.be.instanceOf(ReplyError);
    expect(text).to.equal("text");
  });

  it("gets large values whole, alone, in arrays and after a wait, without a timer of the decoder", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const large = "v".repeat(3_000_000);
    await client.call("SET", "large", large);
    const timersBefore = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    expect(await client.call("GET", "large")).to.equal(large);
    expect(await client.call("MGET", "large", "none", "large")).to.deep.equal([large, null, large]);
    await client.call("CLIENT", "PAUSE", 1000);
    const held = Promise.all([client.call("GET", "large"), client.call("PING")]);
    expect(await node.world.complete(held)).to.deep.equal([large, "PONG"]);
    const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    expect(timers).to.be.at.most(timersBefore);
  });

  it("is refused what would break its replies: RESP3, silence, nothing at all", async () => {
    const node = await SimNode.alone();
    for (const refused of [
      ["HELLO", "3"],
      ["hello", 3],
      ["CLIENT", "REPLY", "OFF"],
      ["client", "reply", "skip"],
      [],
    ]) {
      expect(await node.call(...refused), refused.join(" ")).to.match(/^-(ERR|NOPROTO) /);
    }
    expect(await node.call("HELLO", "2")).to.include.members(["proto", 2]);
    expect(await node.call("CLIENT", "REPLY", "ON")).to.equal("OK");
    expect(await node.call("PING")).to.equal("PONG");
  });

  it("is refused an argument longer than proto-max-bulk-len, and goes on", async () => {
    const node = await SimNode.alone({ protoMaxBulkLenBytes: "1mb" });
    const tooLong = "v".repeat(1024 * 1024 + 1);
    expect(await node.call("SET", "k", tooLong)).to.equal("-ERR Protocol error: invalid bulk length");
    expect(await node.call("SET", "k", tooLong.slice(1))).to.equal("OK");
    expect(await node.call("STRLEN", "k")).to.equal(1024 * 1024);
  });

  it("needs no password, not after RESET either", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    expect(await node.call("PING")).to.equal("PONG");
    expect(await node.call("RESET")).to.equal("RESET");
    expect(await node.call("PING")).to.equal("PONG");
  });

  it("may end its session by QUIT, and has a new one then", async () => {
    const node = await SimNode.alone();
    await node.call("SELECT", 3);
    const before = await node.call("CLIENT", "ID");
    expect(await node.call("QUIT")).to.equal("OK");
    expect(await node.call("SET", "k", "v")).to.equal("OK");
    expect(await node.call("CLIENT", "ID")).to.not.equal(before);
    expect(await (await node.connect()).ask("GET", "k")).to.equal('"v"');
  });

  it("hears of the end of the node: calls under way are rejected, and later ones", async () => {
    const node = await SimNode.alone();
    const pending = [node.call("DEBUG", "SLEEP", 3600), node.call("PING")];
    await node.close();
    const lost = "-the node was closed before it replied";
    expect(await Promise.all(pending)).to.deep.equal([lost, lost]);
    expect(await node.call("PING")).to.equal("-the node is closed");
  });
});
