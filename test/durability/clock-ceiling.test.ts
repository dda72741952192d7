import { expect } from "chai";
import { clockOfMs, HybridClock } from "#torus/delta/hybrid-clock.js";
import { ClockCeiling } from "#torus/durability/clock-ceiling.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import { worldOf } from "../support/world.js";

describe("clock ceiling", () => {
  it("is on disk above every version issued while it says that there is room", async () => {
    const world = worldOf("ceiling");
    const subject = subjectOn(world.host("a"));
    await world.complete(subject.ceiling.start());
    let issued = 0;
    for (let step = 0; step < 600; step++) {
      await world.advance(100);
      subject.clock.tick(world.host("a").clock.wallMs() + (step === 300 ? 60_000 : 0));
      if (!subject.ceiling.hasRoom) continue;
      for (let write = 0; write < 2048; write++) subject.clock.next();
      expect(subject.clock.latest).below(subject.onDisk());
      issued++;
    }
    expect(issued).greaterThan(590);
  });

  it("does not bring the clock further ahead of time with each crash", async () => {
    const world = worldOf("crashes");
    const { clock: wall } = world.host("a");
    let onDisk = 0;
    for (let life = 0; life < 30; life++) {
      const subject = subjectOn(world.host("a"), onDisk);
      await world.complete(subject.ceiling.start());
      const aheadMs = subject.clock.nowMs() - wall.wallMs();
      expect(aheadMs, `life ${life}`).to.be.at.most(4000);
      if (life > 0) expect(aheadMs).to.be.greaterThan(1000);
      for (let i = 0; i < 10; i++) {
        await world.advance(120);
        subject.clock.tick(wall.wallMs());
        expect(subject.ceiling.hasRoom).to.equal(true);
        for (let write = 0; write < 100; write++) subject.clock.next();
        expect(subject.clock.latest).to.be.lessThan(subject.onDisk());
      }
      onDisk = subject.onDisk();
    }
  });

  it("has no room while the disk hangs, and some again when it does not", async () => {
    const world = worldOf("hang");
    const host = world.host("a");
    const subject = subjectOn(host);
    await world.complete(subject.ceiling.start());
    subject.hang();
    for (let second = 0; second < 20; second++) {
      await world.advance(1000);
      subject.clock.tick(host.clock.wallMs());
    }
    expect(subject.ceiling.hasRoom).equal(false);
    expect(subject.clock.latest).greaterThan(subject.onDisk());
    subject.release();
    await world.advance(10);
    expect(subject.ceiling.hasRoom).equal(false);
    await world.advance(10);
    expect(subject.ceiling.hasRoom).equal(true);
    expect(subject.onDisk()).greaterThan(subject.clock.latest);
  });

  it("tells of a failure and tries again", async () => {
    const world = worldOf("failure");
    const host = world.host("a");
    const subject = subjectOn(host);
    await world.complete(subject.ceiling.start());
    subject.fail(new Error("EIO"));
    await world.advance(4500);
    expect(subject.failures).equal(3);
    subject.fail(undefined);
    const before = subject.onDisk();
    await world.advance(4000);
    subject.clock.tick(host.clock.wallMs());
    await world.advance(4000);
    expect(subject.onDisk()).greaterThan(before);
  });

  it("leaves the clock itself on disk when it is closed, so that no time is skipped", async () => {
    const world = worldOf("close");
    const subject = subjectOn(world.host("a"));
    await world.complete(subject.ceiling.start());
    subject.clock.tick(world.host("a").clock.wallMs() + 1);
    await world.complete(subject.ceiling.close());
    expect(subject.onDisk()).equal(subject.clock.latest);
  });
});

/** A node that starts, and finds a ceiling on its disk. */
function subjectOn({ timers, clock: wall }: SimHost, found = 0) {
  const clock = new HybridClock();
  clock.observe(found);
  clock.tick(wall.wallMs());
  let onDisk = found;
  let failure: Error | undefined;
  let gate = Promise.resolve();
  let release = () => {};
  const subject = {
    clock,
    failures: 0,
    onDisk: () => onDisk,
    fail: (error: Error | undefined) => {
      failure = error;
    },
    hang: () => {
      gate = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    ceiling: new ClockCeiling({
      clock,
      timers,
      async persist(ceiling) {
        await gate;
        if (failure) throw failure;
        expect(ceiling).greaterThanOrEqual(clockOfMs(0));
        onDisk = ceiling;
      },
      failed: () => {
        subject.failures++;
      },
    }),
  };
  return subject;
}
