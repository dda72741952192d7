import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import { worldOf } from "../../support/world.js";
import { Recorder } from "../recorder.js";

const HOUR_MS = 3_600_000;
const PORT = 7000;

/** Listens on all addresses of a host and records each connection, in the order in which they came. */
async function recordOn(
  world: World,
  name: string,
  onReceived?: (recorder: Recorder, chunk: Buffer) => void,
): Promise<Recorder[]> {
  const recorders: Recorder[] = [];
  await serve(world, name, (connection) => {
    const recorder = new Recorder(connection, onReceived);
    recorders.push(recorder);
    return recorder;
  });
  return recorders;
}

/** A server that answers with what it was sent. */
function echoOn(world: World, name: string): Promise<unknown> {
  return recordOn(world, name, ({ connection }, chunk) => void connection.write(chunk));
}

function serve(
  world: World,
  name: string,
  accept: (connection: Connection) => ConnectionEvents,
): Promise<unknown> {
  const options = { endpoint: { host: "0.0.0.0", port: PORT }, backlog: 511, keepAliveSeconds: 0 };
  return world.complete(world.host(name).network.listen(options, accept));
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error("it did not reject");
    },
    (error: Error) => error,
  );
}

describe("the simulated world", () => {
  /** Three hosts that talk, set timers and draw numbers. */
  async function busyRun(seed: number): Promise<World> {
    const world = worldOf(seed);
    await echoOn(world, "a");
    const scripts = ["b", "c"].map(async (name) => {
      const { random, timers } = world.host(name);
      timers.every(10, () => random.uint32());
      const client = await world.connect(name, { host: "a", port: PORT });
      for (let round = 0; round < 20; round++) {
        const line = `${random.uint32()}\r\n`;
        client.send(line);
        expect(`${await client.readLine()}\r\n`).to.equal(line);
      }
    });
    await Promise.all(scripts);
    return world;
  }

  it("runs the same way for the same seed, and another way for another", async () => {
    const [first, again, other] = await Promise.all([busyRun(1), busyRun(1), busyRun(2)]);
    expect(again.traceHash).to.equal(first.traceHash);
    expect(again.nowMs).to.equal(first.nowMs);
    expect(other.traceHash).to.not.equal(first.traceHash);
  });

  it("hashes the bytes that were sent", async () => {
    const hashes = ["one", "two"].map(async (word) => {
      const world = worldOf(1);
      await echoOn(world, "a");
      const client = await world.connect("a", { host: "127.0.0.1", port: PORT });
      client.send(word);
      await client.read(3);
      return world.traceHash;
    });
    const [one, two] = await Promise.all(hashes);
    expect(one).to.not.equal(two);
  });

  it("lets hours of timers pass in no time", async function () {
    this.timeout(5000);
    const world = worldOf(1);
    const { timers } = world.host("a");
    let ticks = 0;
    timers.every(10, () => ticks++);
    await world.run({ untilMs: HOUR_MS });
    expect(ticks).to.equal(HOUR_MS / 10);
    expect(world.nowMs).to.equal(HOUR_MS);
  });

  it("fires timers in the order of their times, and at the same time in the order in which they were set", async () => {
    const world = worldOf(1);
    const { timers, clock } = world.host("a");
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name} at ${clock.monotonicMs()}`);
    timers.after(20, note("late"));
    timers.after(10, note("first"));
    timers.after(10, note("second"));
    const cancel = timers.after(15, note("never"));
    timers.after(0, cancel);
    await world.advance(100);
    expect(fired).to.deep.equal(["first at 10", "second at 10", "late at 20"]);
  });

  it("forgets cancelled timers without end", async () => {
    const world = worldOf(1);
    const { timers } = world.host("a");
    const fired: number[] = [];
    const cancels = Array.from({ length: 10_000 }, (_, index) =>
      timers.after(index + 1, () => fired.push(index)),
    );
    cancels.forEach((cancel, index) => {
      if (index % 1000 !== 0) cancel();
    });
    await world.advance(20_000);
    expect(fired).to.deep.equal(Array.from({ length: 10 }, (_, index) => index * 1000));
  });

  it("lets every promise continuation run before time moves on", async () => {
    const world = worldOf(1);
    const { timers, clock } = world.host("a");
    const seenAtMs: number[] = [];
    timers.every(1, async () => {
      for (let depth = 0; depth < 100; depth++) await Promise.resolve();
      seenAtMs.push(clock.monotonicMs());
    });
    await world.advance(5);
    expect(seenAtMs).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it("lets a script that was answered speak at the time of the answer", async () => {
    const world = worldOf(1);
    const { timers } = world.host("a");
    timers.every(0.25, () => {});
    const askedAtMs: number[] = [];
    const script = async (periodMs: number) => {
      for (let round = 0; round < 3; round++) {
        await world.advance(periodMs);
        askedAtMs.push(world.nowMs);
      }
    };
    await Promise.all([script(10), script(15)]);
    expect(askedAtMs).to.deep.equal([10, 15, 20, 30, 30, 45]);
  });

  it("says with seed and time what a script waited for in vain", async () => {
    const world = worldOf("s7");
    const failure = await rejection(world.complete(new Promise(() => {}), { withinMs: 50 }));
    expect(failure.message).to.equal("waited in vain for a promise (seed s7, at 50 ms)");
  });

  it("hands an exception of the code under test to the script, with seed and time", async () => {
    const world = worldOf(3);
    const cause = new Error("a broken invariant");
    world.host("a").timers.after(5, () => {
      throw cause;
    });
    const failure = await rejection(world.advance(10));
    expect(failure.message).to.equal("a broken invariant (seed 3, at 5 ms)");
    expect(failure.cause).to.equal(cause);
  });

  it("comes to rest when only timers are left", async () => {
    const world = worldOf(1);
    const { files, timers } = world.host("a");
    timers.every(1, () => {});
    let isWritten = false;
    void files.replaceText("/etc/torus.conf", "port 1").then(() => {
      isWritten = true;
    });
    await world.settle();
    expect(isWritten).to.equal(true);
  });

  it("says so if it does not come to rest", async () => {
    const world = worldOf(5);
    const { files } = world.host("a");
    const writeForEver = (): Promise<void> => files.replaceText("/busy", "").then(writeForEver);
    void writeForEver();
    const failure = await rejection(world.settle({ withinMs: 20 }));
    expect(failure.message).to.equal("waited in vain for the world to come to rest (seed 5, at 20 ms)");
  });

  it("keeps the files of each host apart", async () => {
    const world = worldOf(1);
    const path = "/etc/torus.conf";
    await world.complete(world.host("a").files.replaceText(path, "port 1"));
    expect(await world.complete(world.host("a").files.readText(path))).to.equal("port 1");
    const failure = await rejection(world.complete(world.host("b").files.readText(path)));
    expect(failure).to.be.instanceOf(HostError).with.property("code", "ENOENT");
  });

  it("gives every host clocks that can drift and be stepped", async () => {
    const world = worldOf(1);
    const [good, bad] = [world.host("good").clock, world.host("bad").clock];
    const startMs = bad.wallMs();
    expect(startMs).to.equal(good.wallMs());
    bad.drift(100_000);
    const fired: number[] = [];
    world.host("bad").timers.after(1100, () => fired.push(world.nowMs));
    await world.advance(2000);
    expect(fired[0]).to.be.closeTo(1000, 1e-6);
    expect(bad.monotonicMs()).to.be.closeTo(2200, 1e-6);
    expect(bad.wallMs() - startMs).to.equal(2200);
    bad.drift(0);
    bad.step(-5000);
    await world.advance(1000);
    expect(bad.monotonicMs()).to.be.closeTo(3200, 1e-6);
    expect(bad.wallMs() - startMs).to.equal(3200 - 5000);
    expect(good.wallMs() - startMs).to.equal(3000);
  });

  it("keeps what a host logged", async () => {
    const world = worldOf(1);
    const { log, clock } = world.host("a");
    await world.advance(1500);
    log.warn("it is late", { hours: 3 });
    const expected = { wallMs: clock.wallMs(), level: "warn", message: "it is late", values: { hours: 3 } };
    expect(log.lines).to.deep.equal([expected]);
  });

  it("draws other numbers on each host, and the same in each run", () => {
    const draw = (seed: number, name: string) => worldOf(seed).host(name).random.uint32();
    expect(draw(1, "a")).to.equal(draw(1, "a"));
    expect(draw(1, "a")).to.not.equal(draw(1, "b"));
    expect(draw(1, "a")).to.not.equal(draw(2, "a"));
  });
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
    const cases: readonly [Promise<unknown>, string][] = [
      [world.connect("b", { host: "a", port: 1 }), "ECONNREFUSED"],
      [world.connect("b", { host: "nowhere", port: PORT }), "ENOTFOUND"],
      [world.connect("b", { host: "127.0.0.1", port: PORT }), "ECONNREFUSED"],
      [network.listen({ ...options, endpoint: { host: "127.0.0.1", port: PORT } }, nobody), "EADDRINUSE"],
      [network.listen({ ...options, endpoint: { host: "192.0.2.1", port: PORT } }, nobody), "EADDRNOTAVAIL"],
    ];
    for (const [promise, code] of cases) {
      expect(await rejection(world.complete(promise)))
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
