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

  it("gets errors as rejections, and its calls behind them answered", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const [failure, text] = await Promise.all([
      client.call("NOSUCH").catch((error: unknown) => error),
      client.call("ECHO", "text"),
    ]);
    expect(failure).to.be.instanceOf(ReplyError).with.property("code", "ERR");
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

  it("is refused what would change the connection for others, and pointed to a session", async () => {
    const node = await SimNode.alone();
    for (const words of [
      ["MULTI"],
      ["EXEC"],
      ["discard"],
      ["WATCH", "k"],
      ["UNWATCH"],
      ["SELECT", 1],
      ["HELLO"],
      ["HELLO", 3],
      ["AUTH", "secret"],
      ["CLIENT", "REPLY", "OFF"],
      ["Client", "SetName", "me"],
      ["client", "setinfo", "lib-name", "me"],
      ["CLIENT", "NO-TOUCH", "ON"],
      ["CLIENT", "NO-EVICT", "ON"],
      ["RESET"],
      ["QUIT"],
    ]) {
      const reply = await node.call(...words);
      expect(reply, words.join(" ")).to.match(
        /^-ERR [A-Z -]+ is for a connection of one's own: .* session\(\)$/,
      );
    }
    expect(await node.call()).to.equal("-ERR no command given");
    expect(await node.call("CLIENT", "INFO")).to.match(/ name= .* db=0 .* multi=-1 /);
    expect(await node.call("MULTIPLE")).to.match(/^-ERR unknown command/);
    expect(await node.call("CLIENT")).to.match(/^-ERR wrong number of arguments/);
  });

  it("is refused an argument longer than proto-max-bulk-len, and goes on", async () => {
    const node = await SimNode.alone({ protoMaxBulkLenBytes: "1mb" });
    const tooLong = "v".repeat(1024 * 1024 + 1);
    expect(await node.call("SET", "k", tooLong)).to.equal("-ERR Protocol error: invalid bulk length");
    expect(await node.call("SET", "k", tooLong.slice(1))).to.equal("OK");
    expect(await node.call("STRLEN", "k")).to.equal(1024 * 1024);
  });

  it("needs no password", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    expect(await node.call("PING")).to.equal("PONG");
  });

  it("goes on after a call that its session did not survive", async () => {
    const node = await SimNode.alone({ clientQueryBufferLimitBytes: "1mb" });
    const { client } = node.running;
    const paused = client.call("DEBUG", "SLEEP", 1).catch((error: Error) => error.message);
    const large = "v".repeat(2 ** 20);
    const lost = client.call("SET", "k", large).catch((error: Error) => error.message);
    const why = "the session was closed before it replied";
    expect(await Promise.all([paused, lost])).to.deep.equal([why, why]);
    expect(await node.call("EXISTS", "k")).to.equal(0);
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

describe("a session inside the process", () => {
  it("has a transaction of its own, beside those of others", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const sessions = Array.from({ length: 5 }, () => client.session());
    const all = (words: (i: number) => readonly (string | number)[]) =>
      Promise.all(sessions.map((session, i) => session.call(words(i))));
    await all(() => ["MULTI"]);
    await all((i) => ["ECHO", i]);
    expect(await client.call("INCR", "n")).to.equal(1);
    await all(() => ["INCR", "n"]);
    await all(() => ["HSET", "n", "f", "v"]);
    expect(await client.call("GET", "n")).to.equal("1");
    for (const [i, reply] of (await all(() => ["EXEC"])).entries()) {
      const [echo, n, error] = reply as unknown[];
      expect([echo, n]).to.deep.equal([String(i), i + 2]);
      expect(error).to.be.instanceOf(ReplyError).with.property("code", "WRONGTYPE");
    }
  });

  it("hears by EXEC that somebody else changed what it watches", async () => {
    const node = await SimNode.alone();
    const session = node.running.client.session();
    await session.call(["WATCH", "k"]);
    await node.call("SET", "k", "theirs");
    await session.call(["MULTI"]);
    await session.call(["SET", "k", "ours"]);
    expect(await session.call(["EXEC"])).to.equal(null);
    expect(await node.call("GET", "k")).to.equal("theirs");
  });

  it("has a database, a name and a history of its own", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    const [one, two] = [node.running.client.session(), node.running.client.session()];
    await one.call(["SELECT", 3]);
    await one.call(["CLIENT", "SETNAME", "one"]);
    await one.call(["SET", "k", "v"]);
    expect(await one.call(["CLIENT", "ID"])).not.to.equal(await two.call(["CLIENT", "ID"]));
    expect(await two.call(["CLIENT", "GETNAME"])).to.equal(null);
    expect(await two.call(["EXISTS", "k"])).to.equal(0);
    expect(await one.call(["RESET"])).to.equal("RESET");
    expect(await one.call(["EXISTS", "k"])).to.equal(0);
  });

  it("is refused what would break its replies, in a transaction too", async () => {
    const node = await SimNode.alone();
    const session = node.running.client.session();
    for (const isQueueing of [false, true]) {
      if (isQueueing) await session.call(["MULTI"]);
      for (const words of [
        ["HELLO", "3"],
        ["hello", 3],
        ["CLIENT", "REPLY", "OFF"],
        ["client", "reply", "skip"],
        ["MONITOR"],
        [],
      ]) {
        const failure = await session.call(words).catch((error: unknown) => error);
        expect(failure, words.join(" ")).to.be.instanceOf(ReplyError);
      }
    }
    await session.call(["DISCARD"]);
    expect(await session.call(["HELLO", "2"])).to.include.members(["proto", 2]);
    expect(await session.call(["CLIENT", "REPLY", "ON"])).to.equal("OK");
    expect(await session.call(["PING"])).to.equal("PONG");
  });

  it("ends by QUIT or by closing it: what is under way is rejected, and what comes after", async () => {
    const node = await SimNode.alone();
    const { client } = node.running;
    const outcome = (call: Promise<unknown>) => call.catch((error: Error) => error.message);
    const [quitter, closer] = [client.session(), client.session()];
    const last = [outcome(quitter.call(["PING"])), outcome(quitter.call(["QUIT"]))];
    last.push(outcome(quitter.call(["PING"])));
    expect(await Promise.all(last)).to.deep.equal(["PONG", "OK", "the session is closed"]);
    await closer.call(["WATCH", "k"]);
    await closer.call(["MULTI"]);
    await closer.call(["SET", "k", "v"]);
    const other = client.session();
    const waiting = [["DEBUG", "SLEEP", 60], ["PING"]].map((words) => outcome(other.call(words)));
    for (const session of [other, closer]) session.close();
    closer.close();
    const lost = "the session was closed before it replied";
    expect(await Promise.all(waiting)).to.deep.equal([lost, lost]);
    expect(await outcome(closer.call(["EXEC"]))).to.equal("the session is closed");
    expect(await node.call("EXISTS", "k")).to.equal(0);
  });

  it("ends with the node, which does not wait for what it waits for", async () => {
    const node = await SimNode.alone();
    const session = node.running.client.session();
    const pending = session.call(["DEBUG", "SLEEP", 3600]).catch((error: Error) => error.message);
    const before = node.world.nowMs;
    await node.close();
    expect(node.world.nowMs - before).to.be.lessThan(100);
    expect(await pending).to.equal("the node was closed before it replied");
    const later = await session.call(["PING"]).catch((error: Error) => error.message);
    expect(later).to.equal("the node is closed");
    expect(() => node.running.client.session()).to.throw("the node is closed");
  });
});
