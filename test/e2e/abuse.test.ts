import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { notate } from "../support/notation.js";
import { encodeCommand } from "../support/request.js";
import { connectTo, type Target } from "../support/target.js";
import { startTorusProcess } from "../support/torus-node.js";
import { eventually, residentMegabytes, vital } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

/**
 * Clients that mean harm, or are merely broken. Each test watches from a second, well-behaved connection
 * that others are served meanwhile and that the memory of the server's process stays within bounds.
 */
describe("abuse", () => {
  let target: Target;
  let witness: WireClient;
  const opened: WireClient[] = [];

  before(async () => {
    target = await startTorusProcess();
  });
  beforeEach(async () => {
    witness = await connectTo(target);
    expect(await witness.ask("FLUSHALL")).to.equal("OK");
  });
  afterEach(async () => {
    await Promise.all([witness, ...opened.splice(0)].map((client) => client.close()));
  });
  after(() => target?.close());

  async function connected(): Promise<WireClient> {
    const client = await connectTo(target);
    opened.push(client);
    return client;
  }

  async function connectedMany(count: number): Promise<WireClient[]> {
    const clients: WireClient[] = [];
    while (clients.length < count) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, connected))));
    }
    return clients;
  }

  /** What the abuse added to the process, in megabytes. */
  async function growth(abuse: () => Promise<void>): Promise<number> {
    const before = await residentMegabytes(witness);
    await abuse();
    return (await residentMegabytes(witness)) - before;
  }

  it("half a command on each of 3,000 connections costs little, and all are served in the end", async () => {
    const command = encodeCommand(["SET", "slow", "x".repeat(1000)]);
    let clients: WireClient[] = [];
    const megabytes = await growth(async () => {
      clients = await connectedMany(3000);
      for (const client of clients) client.send(command.subarray(0, 500));
      expect(await witness.ask("SET", "k", "v")).to.equal("OK");
    });
    expect(megabytes).to.be.below(150);
    for (const client of clients) client.send(command.subarray(500));
    for (const client of clients) expect(notate(await client.reply())).to.equal("OK");
  });

  it("an announced length reserves no memory before its bytes come", async () => {
    const megabytes = await growth(async () => {
      for (const client of await connectedMany(200))
        client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc");
      for (const client of await connectedMany(200)) client.send("*1048576\r\n$3\r\nDEL\r\n");
      expect(await witness.ask("SET", "k", "v")).to.equal("OK");
    });
    expect(megabytes).to.be.below(100);
  });

  it("a million commands whose replies nobody reads wait, and are answered once somebody does", async () => {
    const count = 1_000_000;
    const client = await connected();
    await witness.call("SET", "k", "x".repeat(100));
    client.socket.pause();
    const megabytes = await growth(async () => {
      const command = encodeCommand(["GET", "k"]);
      client.send(Buffer.concat(Array.from({ length: count }, () => command)));
      for (let i = 0; i < 200; i++) expect(await witness.ask("STRLEN", "k")).to.equal("100");
    });
    expect(megabytes).to.be.below(100);
    client.socket.resume();
    for (let i = 0; i < count; i++) {
      const reply = await client.reply();
      if (reply.kind !== "bulk" || reply.bytes.length !== 100) expect.fail(`reply ${i} is ${notate(reply)}`);
    }
  });

  it("replies far larger than their requests wait too", async () => {
    const client = await connected();
    await witness.call("SET", "k", "x".repeat(1_000_000));
    client.socket.pause();
    const megabytes = await growth(async () => {
      client.send(Buffer.concat(Array.from({ length: 1000 }, () => encodeCommand(["GET", "k"]))));
      for (let i = 0; i < 200; i++) expect(await witness.ask("STRLEN", "k")).to.equal("1000000");
    });
    expect(megabytes).to.be.below(100);
    client.socket.resume();
    for (let i = 0; i < 1000; i++) await client.reply();
  });

  it("20,000 connections that come and go leave nothing behind", async () => {
    const total = 20_000;
    const before = await vital(witness, "total_connections_received");
    const megabytes = await growth(async () => {
      for (let done = 0; done < total; done += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, i) => visit(target, i)));
        if (done % 5000 === 0) expect(await witness.ask("PING")).to.equal("PONG");
      }
      await eventually(
        "only the witness is left",
        async () => (await vital(witness, "connected_clients")) === 1,
      );
    });
    // A connection that its client reset before it was accepted may not be counted.
    expect(await vital(witness, "total_connections_received")).to.be.within(
      before + total * 0.75,
      before + total,
    );
    expect(megabytes).to.be.below(100);
  });

  it("random bytes end at most the connection that sent them", async () => {
    await witness.call("SET", "kept", "safe");
    const random = new Prng(5);
    for (let i = 0; i < 300; i++) {
      const client = await connected();
      client.send(damage(encodeCommand(["HSET", "h", "field", "x".repeat(random.below(200))]), random));
      client.send(Buffer.from(Array.from({ length: random.below(2000) }, () => random.below(256))));
      await client.close();
    }
    expect(await witness.ask("GET", "kept")).to.equal('"safe"');
  });

  it("large values in both directions leave others their turn", async () => {
    const client = await connected();
    const value = Buffer.alloc(64 * 2 ** 20, 7);
    for (let round = 0; round < 3; round++) {
      client.send(Buffer.concat([encodeCommand(["SET", "big", value]), encodeCommand(["GET", "big"])]));
      expect(await witness.ask("PING")).to.equal("PONG");
      expect(notate(await client.reply())).to.equal("OK");
      expect(await witness.ask("PING")).to.equal("PONG");
      const reply = await client.reply();
      expect(reply.kind === "bulk" && reply.bytes.equals(value)).to.equal(true);
    }
    expect(await witness.ask("DEL", "big")).to.equal("1");
  });

  it("200,000 keys under one hash tag work like any other", async () => {
    const count = 200_000;
    const client = await connected();
    const commands = Array.from({ length: count }, (_, i) => encodeCommand(["SET", `{tag}:${i}`, i]));
    client.send(Buffer.concat(commands));
    expect(await witness.ask("PING")).to.equal("PONG");
    for (let i = 0; i < count; i++) await client.reply();
    expect(await witness.ask("DBSIZE")).to.equal(String(count));
    for (const i of [0, 1, 99_999, count - 1])
      expect(await witness.ask("GET", `{tag}:${i}`)).to.equal(`"${i}"`);
    client.send(Buffer.concat(Array.from({ length: count }, (_, i) => encodeCommand(["DEL", `{tag}:${i}`]))));
    for (let i = 0; i < count; i++) await client.reply();
    expect(await witness.ask("DBSIZE")).to.equal("0");
  });

  it("patterns made to explode do not hold up the server", async () => {
    for (let i = 0; i < 20; i++) await witness.call("SET", "a".repeat(100 + i), "v");
    expect(await witness.ask("KEYS", `${"*a".repeat(40)}*b`)).to.equal("[]");
    expect(await witness.ask("SCAN", 0, "COUNT", 1000, "MATCH", `${"a*".repeat(50)}b`)).to.equal('["0" []]');
    expect(await witness.ask("CONFIG", "GET", `${"*a".repeat(1000)}*b`)).to.equal("[]");
  });
});

/** Comes, and goes in one of the ways in which clients go. */
function visit(target: Target, manner: number): Promise<void> {
  const socket: Socket = connect({ port: target.address.port, host: "127.0.0.1" });
  return new Promise((resolve) => {
    socket.on("error", () => undefined).on("close", () => resolve());
    socket.on("connect", () => {
      if (manner % 4 === 0) socket.end();
      else if (manner % 4 === 1) socket.resetAndDestroy();
      else if (manner % 4 === 2) socket.end("PING\r\n");
      else socket.end("*2\r\n$3\r\nGE");
    });
    socket.resume();
  });
}

function damage(bytes: Buffer, random: Prng): Buffer {
  const damaged = Buffer.from(bytes);
  for (let i = 0; i < 3; i++) damaged[random.below(damaged.length)] = random.below(256);
  return damaged;
}
