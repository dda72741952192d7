import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import type { World } from "#torus/host/sim/world.js";
import { worldOf } from "../../support/world.js";
import { echoOn, PORT, rejection } from "./servers.js";

const HOUR_MS = 3_600_000;
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

  it("calls after the turn at the same moment, when what was planned for it is done", async () => {
    const world = worldOf(1);
    const { timers } = world.host("a");
    const order: string[] = [];
    timers.after(5, () => {
      timers.afterTurn(() => order.push(`after the turn at ${world.nowMs}`));
      order.push("first");
    });
    timers.after(5, () => order.push("second"));
    await world.advance(10);
    expect(order).to.deep.equal(["first", "second", "after the turn at 5"]);
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

  it("lets whoever waits until some time come to it, whatever his clock's drift is rounded to", async () => {
    for (let driftPpm = -900; driftPpm <= 900; driftPpm += 7) {
      const world = worldOf(driftPpm);
      await world.advance(1e7 + 0.3);
      const { clock, timers } = world.host("late");
      clock.drift(driftPpm);
      await world.advance(100 / 3);
      const dueMs = clock.monotonicMs() + 1000.1;
      let times = 0;
      const wait = () => {
        expect(++times).to.be.at.most(3);
        if (clock.monotonicMs() < dueMs) timers.after(dueMs - clock.monotonicMs(), wait);
      };
      wait();
      await world.advance(1001.1 + 1);
      expect(clock.monotonicMs()).to.be.at.least(dueMs);
    }
  });

  it("gives a host that comes later the time of the others", async () => {
    const world = worldOf(1);
    const { clock } = world.host("early");
    await world.advance(5000);
    expect(world.host("late").clock.wallMs()).to.equal(clock.wallMs());
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
