import { expect } from "chai";
import { benchOf, count, expectLasting, Gate, never, rejection } from "./disk-faults.js";
import { DIRECTORY, LogBench, readAll } from "./log-bench.js";
import { settled } from "./manual-time.js";
import { MemoryDisk } from "./memory-disk.js";

describe("the write-ahead log", () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  describe("under always", () => {
    it("makes what it takes last with one write, at once", async () => {
      const { log, time, take, progress } = await benchOf(disk);
      await time.pass(0);
      const before = disk.operations.length;
      take("one");
      await time.pass(0);
      expect(disk.operations.slice(before).map(({ kind }) => kind)).deep.equal(["write-through"]);
      expect(log.durablePosition).equal(3);
      expect(log.writtenPosition).equal(3);
      expect(progress).deep.equal([3]);
      await expectLasting(disk, "one");
    });

    it("gathers while a write is under way, and writes what gathered as one", async () => {
      const { log, take, progress } = await benchOf(disk);
      const gate = new Gate(disk, "write-through");
      const before = count(disk, "write-through");
      take("a");
      for (let i = 0; i < 50; i++) {
        take("b");
        await settled();
      }
      expect(gate.count).equal(1);
      expect(log.durablePosition).equal(0);
      expect(log.queuedBytes).equal(51);
      await gate.open();
      expect(log.durablePosition).equal(1);
      await gate.open();
      expect(log.durablePosition).equal(51);
      expect(progress).deep.equal([1, 51]);
      expect(count(disk, "write-through") - before).equal(2);
    });

    it("never says that something lasts before the disk does", async () => {
      const { log, take } = await benchOf(disk);
      const gate = new Gate(disk, "write-through");
      take("a");
      await settled();
      expect([log.writtenPosition, log.durablePosition]).deep.equal([0, 0]);
      await gate.open();
      expect([log.writtenPosition, log.durablePosition]).deep.equal([1, 1]);
    });
  });

  describe("under everysec", () => {
    it("writes at once, and syncs within a second", async () => {
      const { log, time, take } = await benchOf(disk, { policy: "everysec" });
      take("one");
      await time.pass(0);
      expect([log.writtenPosition, log.durablePosition]).deep.equal([3, 0]);
      expect(count(disk, "sync")).equal(0);
      expect((await readAll(disk.afterKill())).text).equal("one");
      await time.pass(1000);
      expect(log.durablePosition).equal(3);
    });

    it("makes no more than about a write a millisecond, however busy the loop", async () => {
      const { log, time, take } = await benchOf(disk, { policy: "everysec" });
      const before = count(disk, "write");
      for (let i = 0; i < 100; i++) {
        take("x");
        await time.pass(0.1);
      }
      expect(count(disk, "write") - before).within(5, 12);
      await time.pass(2);
      expect(log.writtenPosition).equal(100);
    });

    it("counts as lasting only what was written when the sync began", async () => {
      const { log, time, take } = await benchOf(disk, { policy: "everysec" });
      take("one");
      await time.pass(0);
      const gate = new Gate(disk, "sync");
      await time.pass(1000);
      take("two");
      await time.pass(5);
      expect(log.isSyncing).equal(true);
      expect([log.writtenPosition, log.durablePosition]).deep.equal([6, 0]);
      await gate.open();
      expect(log.durablePosition).equal(3);
    });

    it("goes on writing during a sync that takes long, and counts those that it delayed", async () => {
      const { log, time, take } = await benchOf(disk, { policy: "everysec" });
      take("one");
      const gate = new Gate(disk, "sync");
      await time.pass(1000);
      take("two");
      await time.pass(3000);
      expect(log.writtenPosition).equal(6);
      expect(log.delayedSyncs).equal(3);
      await gate.open();
      await time.pass(1000);
      await gate.open();
      expect(log.durablePosition).equal(6);
    });
  });

  describe("under no", () => {
    it("syncs only when somebody waits for it", async () => {
      const { log, time, take } = await benchOf(disk, { policy: "no" });
      take("one");
      await time.pass(5000);
      expect([log.writtenPosition, log.durablePosition]).deep.equal([3, 0]);
      expect(count(disk, "sync")).equal(0);
      take("two");
      const waiting = log.whenDurable(6);
      await time.pass(5);
      await waiting;
      expect(log.durablePosition).equal(6);
    });
  });

  it("syncs what was written before it writes through, when the policy becomes always", async () => {
    const { log, time, take } = await benchOf(disk, { policy: "no" });
    take("one");
    await time.pass(5);
    const before = disk.operations.length;
    log.policy = "always";
    take("two");
    await time.pass(5);
    expect(disk.operations.slice(before).map(({ kind }) => kind)).deep.equal(["sync", "write-through"]);
    expect(log.durablePosition).equal(6);
    expect(log.policy).equal("always");
  });

  it("lets who waits for a position wait no longer than that, and who waits for a lost one know", async () => {
    const { log, take, time } = await benchOf(disk);
    await log.whenDurable(0);
    take("one");
    const done: string[] = [];
    const one = log.whenDurable(3).then(() => done.push("one"));
    const two = rejection(log.whenDurable(4));
    await time.pass(0);
    await one;
    expect(done).deep.equal(["one"]);
    await log.close();
    expect(await two).include({ code: "ECANCELED" });
    expect(await rejection(log.whenDurable(4))).include({ code: "ECANCELED" });
  });

  it("seals its tail after a second of idleness, once", async () => {
    const { time, take } = await benchOf(disk);
    take("one");
    await time.pass(0);
    const before = count(disk, "write-through");
    await time.pass(2000);
    expect(count(disk, "write-through") - before).equal(1);
    await time.pass(10_000);
    expect(count(disk, "write-through") - before).equal(1);
    const [path] = disk.paths();
    const bytes = Buffer.from(disk.bytesOf(path!));
    bytes[48 + 28]! ^= 1;
    disk.put(path!, bytes);
    expect(String(await rejection(readAll(disk)))).match(/^DamagedLog: .* at byte 48: .* durable up to 3 /);
  });

  it("fills segment after segment, and lets a batch lie in several", async () => {
    const bench = await benchOf(disk, { segmentBytes: 400 });
    await bench.takeMany(30, [3, 40, 7, 900, 120]);
    expect(bench.log.durablePosition).equal(bench.position);
    expect(disk.paths().length).greaterThan(15);
    const { text, end, cut } = await readAll(disk.afterKill());
    expect(text).equal([...bench.batches.values()].join(""));
    expect(end).equal(bench.position);
    expect(cut).equal(undefined);
  });

  it("keeps space ahead, and says how much is left", async () => {
    const { log, take, time } = await benchOf(disk, { segmentBytes: 10_000 });
    await time.pass(0);
    expect(log.room).within(19_000, 20_000);
    const gate = new Gate(disk, "write-through");
    take("x".repeat(5000));
    expect(log.room).within(14_000, 15_000);
    await gate.open();
    await time.pass(0);
    take("x".repeat(30_000));
    expect(log.room).equal(0);
    for (let i = 0; i < 30; i++) await gate.open();
    expect(log.durablePosition).equal(35_000);
    expect(log.room).greaterThan(10_000);
  });

  it("is congested when much more waits than the disk takes", async () => {
    const { log, take } = await benchOf(disk);
    const gate = new Gate(disk, "write-through");
    const chunk = "x".repeat(2 ** 20);
    for (let i = 0; i < 64; i++) take(chunk);
    expect(log.isCongested).equal(false);
    take("one more");
    expect(log.isCongested).equal(true);
    expect(gate.count).equal(1);
  });

  describe("when it is closed", () => {
    for (const policy of ["always", "everysec", "no"] as const) {
      it(`under ${policy}, has made all it took last, and says that it ended in order`, async () => {
        const bench = await benchOf(disk, { policy, segmentBytes: 500 });
        bench.take("one");
        bench.take("x".repeat(2000));
        bench.take("last");
        await bench.log.close();
        await bench.log.close();
        const found = disk.afterPowerLoss(never);
        const { text, cleanShutdown, cut } = await readAll(found);
        expect(text).equal(`one${"x".repeat(2000)}last`);
        expect(cut).equal(undefined);
        expect(cleanShutdown).equal(true);
      });
    }

    it("leaves no file that was never begun", async () => {
      const bench = await benchOf(disk, { segmentBytes: 500 });
      await bench.time.pass(0);
      expect(disk.paths().length).equal(2);
      await bench.log.close();
      expect(disk.paths().length).equal(1);
    });

    it("did not end in order if its process was killed", async () => {
      const bench = await benchOf(disk);
      bench.take("one");
      await bench.time.pass(0);
      expect((await readAll(disk.afterKill())).cleanShutdown).equal(false);
    });
  });

  describe("when it is trimmed", () => {
    it("removes the segments that lie wholly below, and no others", async () => {
      const bench = await benchOf(disk, { segmentBytes: 400 });
      await bench.takeMany(40, [50]);
      const { log } = bench;
      const before = disk.paths().length;
      await log.trim(0);
      expect(disk.paths().length).equal(before);
      expect(log.sizeBytes).equal(2000);
      await log.trim(1000);
      expect(disk.paths().length).within(before / 2 - 1, before / 2 + 2);
      expect(log.sizeBytes).within(1000, 1400);
      expect(log.bytesSince(1500)).equal(500);
      const expected = [...bench.batches.values()].join("");
      expect((await readAll(disk, 1000)).text).equal(expected.slice(1000));
      expect(String(await rejection(readAll(disk, 0)))).match(/DamagedLog/);
      await log.trim(bench.position);
      expect((await readAll(disk, bench.position)).text).equal("");
    });

    it("removes the segments of earlier runs too", async () => {
      const first = await benchOf(disk, { segmentBytes: 400 });
      await first.takeMany(20, [50]);
      await first.log.close();
      const { end, nextSequence } = await readAll(disk);
      const second = await LogBench.create(disk, {
        position: end,
        sequence: nextSequence,
        segmentBytes: 400,
      });
      expect(second.log.sizeBytes).equal(1000);
      second.take("more");
      await second.time.pass(0);
      await second.log.trim(end);
      expect(disk.paths()[0]).equal(`${DIRECTORY}/log-${String(nextSequence).padStart(10, "0")}.torus`);
      expect(second.log.sizeBytes).equal(4);
    });
  });

  it("makes what it read of an earlier run last before it promises that", async () => {
    const first = await benchOf(disk, { policy: "no" });
    first.take("one");
    await first.time.pass(5);
    const killed = disk.afterKill();
    const { text, end, nextSequence } = await readAll(killed);
    expect(text).equal("one");
    await LogBench.create(killed, { position: end, sequence: nextSequence });
    const { text: found } = await readAll(killed.afterPowerLoss(never));
    expect(found).equal("one");
  });
});
