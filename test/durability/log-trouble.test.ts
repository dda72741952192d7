import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { benchOf, expectLasting, failing, Gate, rejection } from "./disk-faults.js";
import { LogBench, readAll } from "./log-bench.js";
import { settled } from "./manual-time.js";
import { MemoryDisk } from "./memory-disk.js";

describe("the write-ahead log in trouble", () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  describe("on a full disk", () => {
    it("is full as soon as space cannot be reserved, goes on with what there is, and heals by itself", async () => {
      disk.capacityBytes = 2000;
      const bench = await benchOf(disk, { segmentBytes: 1000 });
      const { log, time, troubles } = bench;
      await bench.takeMany(8, [100]);
      await time.pass(0);
      expect(log.state).equal("full");
      expect(log.reason).match(/no space/);
      expect(troubles).deep.equal(["full"]);
      await bench.takeMany(10, [100]);
      expect(log.durablePosition).lessThan(bench.position);
      disk.capacityBytes = 10_000;
      await time.pass(1000);
      expect(log.state).equal("ok");
      expect(log.reason).equal("");
      expect(troubles).deep.equal(["full", "ok"]);
      expect(log.durablePosition).equal(bench.position);
      await expectLasting(disk, [...bench.batches.values()].join(""));
    });

    it("writes again what a write into reserved space found no room for", async () => {
      const { log, take, time, troubles } = await benchOf(disk);
      const heal = failing(disk, "write-through", "EDQUOT");
      take("one");
      await time.pass(1000);
      expect(log.state).equal("full");
      take("two");
      expect(log.durablePosition).equal(0);
      heal();
      await time.pass(500);
      expect(log.durablePosition).equal(6);
      expect(troubles).deep.equal(["full", "ok"]);
      await expectLasting(disk, "onetwo");
    });

    it("is closed without what found no room, and read without it", async () => {
      disk.capacityBytes = 1000;
      const bench = await benchOf(disk, { segmentBytes: 1000 });
      bench.take("one");
      bench.take("x".repeat(3000));
      await bench.time.pass(0);
      await bench.log.close();
      const { text, cleanShutdown } = await readAll(disk);
      expect(text).equal("one");
      expect(cleanShutdown).equal(false);
    });
  });

  describe("when the disk fails", () => {
    for (const [policy, kind] of [
      ["always", "write-through"],
      ["everysec", "write"],
      ["everysec", "sync"],
    ] as const) {
      it(`with EIO on ${kind} under ${policy}, promises nothing more, and takes nothing more`, async () => {
        const { log, take, time, troubles } = await benchOf(disk, { policy });
        take("one");
        await time.pass(1000);
        expect(log.durablePosition).equal(3);
        const heal = failing(disk, kind, "EIO");
        take("two");
        const waiting = rejection(log.whenDurable(6));
        await time.pass(2000);
        heal();
        expect(log.state).equal("failed");
        expect(log.reason).equal(`${kind}: EIO`);
        expect(troubles).deep.equal(["failed"]);
        expect(await waiting).include({ code: "EIO" });
        take("three");
        await time.pass(5000);
        expect(log.durablePosition).equal(3);
        expect(log.queuedBytes).equal(0);
        await log.close();
        expect((await readAll(disk)).text).match(/^one/);
      });
    }

    it("fails if a sync of reserved space fails in the segment that is written, for it may have lost more", async () => {
      const { log, take, time } = await benchOf(disk, { segmentBytes: 6 * 2 ** 20 });
      const heal = failing(disk, "sync", "EIO");
      take("x".repeat(3_000_000));
      await time.pass(1000);
      heal();
      expect(log.state).equal("failed");
    });

    it("is only full if that happens in a segment that was not begun, of which it makes another", async () => {
      const gate = new Gate(disk, "create");
      const creating = benchOf(disk, { segmentBytes: 1000 });
      await settled();
      await gate.open();
      const { log, take, time, troubles } = await creating;
      const heal = failing(disk, "sync", "EIO");
      await gate.open();
      expect(log.state).equal("full");
      expect(log.reason).equal("sync: EIO");
      take("one");
      await time.pass(0);
      expect(log.durablePosition).equal(3);
      heal();
      take("x".repeat(2000));
      await time.pass(1000);
      expect(troubles).deep.equal(["full", "ok"]);
      expect(log.durablePosition).equal(2003);
      await log.close();
      expect((await readAll(disk)).text).equal(`one${"x".repeat(2000)}`);
    });

    it("believes no sync that comes back after another one failed", async () => {
      const { log, take, time } = await benchOf(disk, { policy: "everysec" });
      take("one");
      await time.pass(0);
      let fail = (_error: HostError) => {};
      disk.before = ({ kind }) => {
        if (kind !== "sync") return undefined;
        return new Promise((_, reject) => {
          fail = reject;
        });
      };
      const waiting = rejection(log.whenDurable(3));
      await settled();
      disk.before = () => {};
      fail(new HostError("EIO", "gone"));
      expect(await waiting).include({ code: "EIO" });
      await time.pass(5000);
      expect(log.durablePosition).equal(0);
    });
  });

  describe("after a failure", () => {
    async function failed() {
      const bench = await benchOf(disk, { policy: "everysec" });
      bench.take("one");
      await bench.time.pass(1000);
      bench.take("two");
      await bench.time.pass(5);
      const heal = failing(disk, "sync", "EIO");
      await bench.time.pass(1000);
      heal();
      bench.take("lost");
      expect(bench.log.state).equal("failed");
      return bench;
    }

    it("starts afresh in a new segment, and is healed when a snapshot holds what it lacks", async () => {
      const bench = await failed();
      const { log, time, troubles } = bench;
      const position = bench.position;
      const restarted = log.startAfresh(position);
      bench.take("three");
      await restarted;
      bench.take("four");
      await time.pass(3000);
      expect(log.state, "no snapshot yet").equal("failed");
      expect(log.writtenPosition).equal(bench.position);
      expect(log.durablePosition, "what lies between is nowhere").equal(3);
      await log.trim(position - 1);
      expect(log.state).equal("failed");
      await log.trim(position);
      expect(log.state).equal("ok");
      expect(troubles).deep.equal(["failed", "ok"]);
      expect(log.durablePosition).equal(bench.position);
      bench.take("five");
      await time.pass(1000);
      expect(log.durablePosition).equal(bench.position);
      expect((await readAll(disk, position)).text).equal("threefourfive");
      expect(disk.paths().filter((path) => path.endsWith("1.torus"))).deep.equal([]);
    });

    it("is read up to the failure if the snapshot was never finished", async () => {
      const bench = await failed();
      await bench.log.startAfresh(bench.position);
      bench.take("three");
      await bench.time.pass(3000);
      const { text, end, cut, cleanShutdown, nextSequence } = await readAll(disk.afterKill());
      expect(text).equal("onetwo");
      expect(cut?.file).match(/0002\.torus$|0003\.torus$/);
      expect(cleanShutdown).equal(false);
      const again = await LogBench.create(disk, { position: end, sequence: nextSequence });
      again.take("after");
      await again.log.close();
      const after = await readAll(disk);
      expect(after.text).equal("onetwoafter");
      expect(after.cleanShutdown).equal(true);
      expect(after.cut).equal(undefined);
    });

    it("is not read at all if a snapshot was finished that is not there any more", async () => {
      const bench = await failed();
      const position = bench.position;
      await bench.log.startAfresh(position);
      const before = disk.afterKill();
      await bench.log.trim(position);
      bench.take("three");
      await bench.time.pass(5000);
      for (const path of before.paths())
        if (!disk.paths().includes(path)) disk.put(path, before.bytesOf(path));
      expect(String(await rejection(readAll(disk)))).match(/^DamagedLog: .*durable up to \d+ as .* says/);
    });

    it("may fail to start afresh, and try again", async () => {
      const bench = await failed();
      const heal = failing(disk, "create", "EIO");
      expect(await rejection(bench.log.startAfresh(bench.position))).include({ code: "EIO" });
      heal();
      bench.take("lost too");
      await bench.log.startAfresh(bench.position);
      const { position } = bench;
      bench.take("kept");
      await bench.log.trim(position);
      await bench.time.pass(1000);
      expect(bench.log.state).equal("ok");
      await bench.log.close();
      expect((await readAll(disk, position)).text).equal("kept");
    });

    it("may fail again before it is healed, and still knows what it had promised", async () => {
      const bench = await failed();
      await bench.log.startAfresh(bench.position);
      const heal = failing(disk, "write", "EIO");
      bench.take("three");
      await bench.time.pass(5);
      heal();
      expect(bench.log.needsFreshStart).equal(true);
      expect(bench.troubles).deep.equal(["failed", "failed"]);
      expect(bench.log.durablePosition).equal(3);
      await bench.log.startAfresh(bench.position);
      expect(bench.log.needsFreshStart).equal(false);
      const { position } = bench;
      expect(bench.log.durablePosition).equal(3);
      await bench.log.trim(position);
      expect(bench.log.durablePosition).equal(position);
      expect(bench.log.state).equal("ok");
    });
  });
});
