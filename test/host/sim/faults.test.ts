import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { worldOf } from "../../support/world.js";
import { Recorder } from "../recorder.js";
import { echoOn, PORT, recordOn, rejection } from "./servers.js";

describe("a simulated process that stands still", () => {
  it("does nothing until it goes on, and then first what was due first", async () => {
    const world = worldOf(1);
    const { timers } = world.host("a");
    const done: string[] = [];
    timers.after(30, () => done.push(`timer at ${world.nowMs}`));
    timers.after(10, () => done.push(`earlier timer at ${world.nowMs}`));
    const cancel = timers.after(20, () => done.push("cancelled timer"));
    timers.after(10, cancel);
    world.freeze("a");
    await world.advance(100);
    expect(done).to.deep.equal([]);
    world.thaw("a");
    timers.after(0, () => done.push("new timer"));
    await world.advance(0);
    expect(done).to.deep.equal(["earlier timer at 100", "timer at 100", "new timer"]);
  });

  it("sees its clocks go on", async () => {
    const world = worldOf(1);
    const { clock } = world.host("a");
    world.freeze("a");
    await world.advance(100);
    world.thaw("a");
    expect(clock.monotonicMs()).to.equal(100);
  });

  it("has streams taken by its system, and hears of them and of what they say when it goes on", async () => {
    const world = worldOf(1);
    const recorders = await recordOn(world, "a");
    world.freeze("a");
    const client = await world.connect("b", { host: "a", port: PORT });
    client.send("hello");
    await world.advance(1000);
    expect(recorders).to.have.length(0);
    world.thaw("a");
    await world.settle();
    expect(recorders[0]!.text).to.equal("hello");
  });

  it("opens streams when it goes on that it was about to open", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    let opened: Recorder | undefined;
    void world
      .host("b")
      .network.connect({ host: "a", port: PORT }, (connection) => (opened = new Recorder(connection)));
    world.freeze("b");
    await world.advance(1000);
    expect(opened).to.equal(undefined);
    world.thaw("b");
    await world.settle();
    opened!.connection.write(Buffer.from("hello"));
    await world.settle();
    expect(opened!.text).to.equal("hello");
  });

  it("takes as much of a stream as the window holds, and hears that there is room when it goes on", async () => {
    const world = worldOf(1);
    const recorders = await recordOn(world, "a");
    const client = await world.connect("b", { host: "a", port: PORT });
    await world.settle();
    world.freeze("a");
    client.send(Buffer.alloc(1024 * 1024, "x"));
    await world.advance(1000);
    expect(client.connection.pendingBytes).to.be.greaterThan(0);
    world.thaw("a");
    await world.settle();
    expect(client.connection.pendingBytes).to.equal(0);
    expect(recorders[0]!.bytesReceived).to.equal(1024 * 1024);
  });

  it("may crash meanwhile, and its successor runs", async () => {
    const world = worldOf(1);
    let isHeard = false;
    world.host("a").timers.after(10, () => {
      isHeard = true;
    });
    world.freeze("a");
    await world.advance(100);
    world.crash("a");
    let isRunning = false;
    world.host("a").timers.after(10, () => {
      isRunning = true;
    });
    await world.advance(100);
    expect(isHeard).to.equal(false);
    expect(isRunning).to.equal(true);
  });
});

describe("a slow way", () => {
  it("delays what is sent that way, and not what comes back, until it is mended", async () => {
    const world = worldOf(1);
    await echoOn(world, "a");
    const client = await world.connect("b", { host: "a", port: PORT });
    const roundTripMs = async () => {
      const startMs = world.nowMs;
      client.send("x");
      await client.read(1);
      return world.nowMs - startMs;
    };
    world.slow(["b"], ["a"], 100);
    expect(await roundTripMs()).to.be.within(100, 110);
    world.heal();
    expect(await roundTripMs()).to.be.lessThan(10);
  });
});

describe("a wiped machine", () => {
  it("has neither directories nor files", async () => {
    const world = worldOf(1);
    const first = world.host("a");
    await world.complete(first.disk.createDirectory("data"));
    const file = await world.complete(first.disk.open("data/a", "create"));
    await world.complete(file.sync());
    await world.complete(first.files.replaceText("data/text", "text"));
    world.crash("a");
    world.wipe("a");
    const { disk, files } = world.host("a");
    for (const answer of [disk.list("data"), disk.open("data/a", "read"), files.readText("data/text")]) {
      const failure = await rejection(world.complete<unknown>(answer));
      expect(failure).to.be.instanceOf(HostError).with.property("code", "ENOENT");
    }
    expect(disk.volume.usedBytes).to.equal(0);
  });
});
