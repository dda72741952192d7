import { expect } from "chai";
import { benchOf, failing, Gate } from "./disk-faults.js";
import { MemoryDisk } from "./memory-disk.js";

describe("the figures of the write-ahead log", () => {
  let disk: MemoryDisk;
  beforeEach(() => {
    disk = new MemoryDisk();
  });

  it("tell how long writes took that last at once", async () => {
    const { log, time, take } = await benchOf(disk);
    const gate = new Gate(disk, "write-through");
    take("one");
    await time.pass(7);
    expect(log.syncTimes.count).equal(0);
    await gate.open();
    expect([log.syncTimes.count, log.syncTimes.microseconds]).deep.equal([1, 7000]);
  });

  it("tell how long syncs took, of writes that do not last by themselves", async () => {
    const { log, time, take } = await benchOf(disk, { policy: "everysec" });
    take("one");
    const gate = new Gate(disk, "sync");
    await time.pass(1000);
    await time.pass(40);
    expect(log.syncTimes.count).equal(0);
    await gate.open();
    expect([log.syncTimes.count, log.syncTimes.microseconds]).deep.equal([1, 40_000]);
  });

  it("count files, those of earlier runs included, until a snapshot makes them superfluous", async () => {
    const first = await benchOf(disk, { segmentBytes: 2 ** 12 });
    expect(first.log.segments).equal(1);
    await first.takeMany(40, [400]);
    const { segments } = first.log;
    expect(segments).greaterThan(3);
    await first.log.close();
    const { position } = first;
    const { log } = await benchOf(disk, { position, sequence: 100, segmentBytes: 2 ** 12 });
    expect(log.segments).equal(segments + 1);
    await log.trim(position);
    expect(log.segments).equal(1);
  });

  it("count what failed for good, which a full disk did not nor a sync that was never", async () => {
    const { log, time, take } = await benchOf(disk, { policy: "everysec" });
    const full = failing(disk, "write", "ENOSPC");
    take("one");
    await time.pass(10);
    expect([log.state, log.failures]).deep.equal(["full", 0]);
    full();
    await time.pass(300);
    expect(log.state).equal("ok");
    failing(disk, "sync", "EIO");
    await time.pass(2000);
    expect([log.state, log.failures, log.syncTimes.count]).deep.equal(["failed", 1, 0]);
  });
});
