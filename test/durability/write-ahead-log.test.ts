import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { DIRECTORY, LogBench, readAll } from "./log-bench.js";
import { settled } from "./manual-time.js";
import { MemoryDisk, type Operation } from "./memory-disk.js";

/** Holds back operations until a test lets them go. */
class Gate {
  #waiting: (() => void)[] = [];
  readonly #kind: Operation["kind"];

  constructor(disk: MemoryDisk, kind: Operation["kind"]) {
    this.#kind = kind;
    disk.before = (operation) => this.#hold(operation);
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Lets go what waits, and what it sets off go on until it comes to rest. */
  async open(): Promise<void> {
    for (const go of this.#waiting.splice(0)) go();
    await settled();
  }

  #hold({ kind }: Operation): Promise<void> | undefined {
    if (kind !== this.#kind) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function failing(disk: MemoryDisk, kind: Operation["kind"], code: string): () => void {
  disk.before = (operation) => {
    if (operation.kind === kind) throw new HostError(code, `${kind}: ${code}`);
  };
  return () => {
    disk.before = () => {};
  };
}

function count(disk: MemoryDisk, kind: Operation["kind"]): number {
  return disk.operations.filter((operation) => operation.kind === kind).length;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

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

/** Nothing that was not synced is left. */
const never = { chance: () => false };

async function benchOf(disk: MemoryDisk, setUp: Parameters<typeof LogBench.create>[1] = {}) {
  const bench = await LogBench.create(disk, setUp);
  return Object.assign(bench, { take: bench.take.bind(bench) });
}

async function expectLasting(disk: MemoryDisk, text: string): Promise<void> {
  const found = await readAll(disk.afterPowerLoss(never));
  expect(found.text).equal(text);
}
