import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import type { ConnectionEvents } from "#torus/host/network.js";
import { worldOf } from "../../support/world.js";
import { itKeepsTheNetworkContract } from "../network-contract.js";
import { echoOn, PORT, recordOn, rejection, serve } from "./servers.js";

describe("simulated network", () => {
  for (const seed of [1, 2, 3]) {
    describe(`with seed ${seed}`, () => {
      itKeepsTheNetworkContract(async () => {
        const world = worldOf(seed);
        return {
          network: world.host("a").network,
          tcp: { host: "127.0.0.1", port: 0 },
          unix: { path: "/run/socket" },
          settle: (promise) => world.complete(promise),
          release: () => world.settle(),
        };
      });
    });
  }
});

describe("the simulated network between hosts", () => {
  it("finds a host by its name and by its address, and takes time", async () => {
    const world = worldOf(1, { wireSpeed: { latencyMs: 10, jitterMs: 1 } });
    await echoOn(world, "a");
    for (const host of ["a", world.host("a").address]) {
      const client = await world.connect("b", { host, port: PORT });
      expect(client.connection.isLoopback).to.equal(false);
      expect(client.connection.remote).to.equal(`${world.host("a").address}:${PORT}`);
      const sentAtMs = world.nowMs;
      client.send("x");
      await client.read(1);
      expect(world.nowMs - sentAtMs).to.be.within(20, 23);
    }
  });

  it("refuses what a system refuses", async () => {
    const world = worldOf(1);
    const { network } = world.host("a");
    const options = { backlog: 511, keepAliveSeconds: 0 };
    const nobody = (): ConnectionEvents => ({ received() {}, drained() {}, closed() {} });
    await echoOn(world, "a");
    const connect = (host: string, port: number) => () => world.connect("b", { host, port });
    const listen = (host: string) => () =>
      world.complete(network.listen({ ...options, endpoint: { host, port: PORT } }, nobody));
    const cases: readonly [() => Promise<unknown>, string][] = [
      [connect("a", 1), "ECONNREFUSED"],
      [connect("nowhere", PORT), "ENOTFOUND"],
      [connect("127.0.0.1", PORT), "ECONNREFUSED"],
      [listen("127.0.0.1"), "EADDRINUSE"],
      [listen("192.0.2.1"), "EADDRNOTAVAIL"],
    ];
    for (const [attempt, code] of cases) {
      expect(await rejection(attempt()))
        .to.be.instanceOf(HostError)
        .with.property("code", code);
    }
  });

  it("cuts and joins what is sent at other places for each seed", async () => {
    const message = Buffer.alloc(1000, "x");
    const chunksOf = async (seed: number): Promise<number[]> => {
      const world = worldOf(seed);
      const chunks: number[] = [];
      await recordOn(world, "a", (_, chunk) => void chunks.push(chunk.length));
      const client = await world.connect("a", { host: "127.0.0.1", port: PORT });
      for (let count = 0; count < 50; count++) client.send(message);
      await world.settle();
      return chunks;
    };
    const chunks = await Promise.all([1, 2, 3].map(chunksOf));
    for (const one of chunks) expect(one.reduce((sum, length) => sum + length)).to.equal(50_000);
    expect(new Set(chunks.map(String)).size).to.equal(3);
    const lengths = chunks.flat();
    expect(lengths.some((length) => length % message.length !== 0)).to.equal(true);
    expect(lengths.some((length) => length > message.length)).to.equal(true);
  });

  it("punishes who keeps the read buffer", async () => {
    const world = worldOf(1);
    let kept: Buffer | undefined;
    await serve(world, "a", () => ({
      received(bytes, length) {
        kept = bytes.subarray(0, length);
        expect(kept.toString()).to.equal("x");
      },
      drained() {},
      closed() {},
    }));
    const client = await world.connect("a", { host: "127.0.0.1", port: PORT });
    client.send("x");
    await world.settle();
    expect(kept!.toString()).to.not.equal("x");
  });

  it("delays what crosses a partition until it heals, in order and without loss", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    const client = await world.connect("b", { host: "a", port: PORT });
    client.patienceMs = 60_000;
    client.send("1");
    world.partition(["a"], ["b"]);
    for (const digit of "234567") client.send(digit);
    expect((await rejection(client.read(1))).message).to.contain("waited in vain for 1 bytes");
    world.heal();
    client.send("89");
    expect(await client.read(9)).to.equal("123456789");
  });

  it("can cut one direction only", async () => {
    const world = worldOf(1);
    const servers = await recordOn(world, "a", ({ connection }) => {
      connection.write(Buffer.from("reply"));
    });
    const client = await world.connect("b", { host: "a", port: PORT });
    world.cut(["a"], ["b"]);
    client.patienceMs = 1000;
    client.send("?");
    await rejection(client.read(5));
    expect(servers[0]!.text).to.equal("?");
    world.heal();
    expect(await client.read(5)).to.equal("reply");
  });

  it("leaves hosts outside a partition, and a host's own streams, alone", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    world.partition(["a"], ["a", "b"]);
    for (const from of ["a", "c"]) {
      const client = await world.connect(from, { host: "a", port: PORT });
      client.send("x");
      expect(await client.read(1)).to.equal("x");
    }
  });

  it("lets a connect into a partition succeed if it heals soon, and time out if not", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    world.partition(["a"], ["b"]);
    const early = world.connect("b", { host: "a", port: PORT });
    await world.advance(60_000);
    world.heal();
    const client = await early;
    client.send("x");
    expect(await client.read(1)).to.equal("x");

    world.partition(["a"], ["b"]);
    const late = await rejection(world.connect("b", { host: "a", port: PORT }));
    expect(late).to.be.instanceOf(HostError).with.property("code", "ETIMEDOUT");
  });

  it("stops a writer at the window while the way is cut", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    const client = await world.connect("b", { host: "a", port: PORT });
    world.cut(["b"], ["a"]);
    const { connection } = client;
    let sent = 0;
    while (connection.write(Buffer.alloc(1000, "x"))) sent += 1000;
    expect(connection.pendingBytes).to.be.greaterThan(0);
    world.heal();
    expect(await client.read(sent + 1000)).to.equal("x".repeat(sent + 1000));
    expect(connection.pendingBytes).to.equal(0);
  });

  it("breaks the streams between two hosts, which both ends notice as a reset", async () => {
    const world = worldOf(1);
    const servers = await recordOn(world, "a");
    const broken = await world.connect("b", { host: "a", port: PORT });
    const other = await world.connect("c", { host: "a", port: PORT });
    world.resetStreams("b", "a");
    await rejection(broken.read(1));
    await world.settle();
    expect(servers[0]!.closings).to.have.length(1);
    expect(servers[0]!.closings[0]).to.be.instanceOf(HostError).with.property("code", "ECONNRESET");
    other.send("still here");
    await world.settle();
    expect(servers[1]!.text).to.equal("still here");
  });

  it("cuts off a closing connection whose peer reads nothing", async () => {
    const world = worldOf(1);
    const servers = await recordOn(world, "a", ({ connection }) => {
      connection.write(Buffer.alloc(1 << 20));
      connection.close();
    });
    const client = await world.connect("a", { host: "127.0.0.1", port: PORT });
    client.send("?");
    client.connection.pauseReading();
    await world.advance(60_000);
    expect(servers[0]!.closings).to.have.length(1);
    expect(servers[0]!.closings[0]).to.be.instanceOf(HostError).with.property("code", "ETIMEDOUT");
  });
});
