import { expect } from "chai";
import { type SnapshotProgress, Snapshots } from "#torus/durability/snapshots.js";
import { worldOf } from "../support/world.js";

const WRITTEN = { file: "snapshot-0000000001.torus", position: 7, bytes: 100, keys: 3 };

describe("snapshots", () => {
  it("are written one at a time, and those that wait for the same purpose are one", async () => {
    const { world, snapshots, writing, finish } = subject();
    const outcomes = [
      snapshots.request("save"),
      snapshots.request("save"),
      snapshots.request("rewrite"),
      snapshots.request("save"),
    ];
    await world.advance(1);
    expect(writing()).equal(1);
    expect(snapshots.underWay).include({ purpose: "save" });
    expect(snapshots.save.isScheduled).equal(false);
    expect(snapshots.rewrite.isScheduled).equal(true);
    const another = snapshots.request("save");
    expect(snapshots.save.isScheduled).equal(true);
    for (let round = 0; round < 3; round++) {
      finish();
      await world.advance(1);
    }
    expect(await world.complete(Promise.all([...outcomes, another]))).deep.equal([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(snapshots.save).include({ count: 2, isScheduled: false, isLastOk: true });
    expect(snapshots.rewrite).include({ count: 1, isScheduled: false, isLastOk: true });
    expect(writing()).equal(0);
  });

  it("tell why one failed, keep the time of the last good one, and go on with the next", async () => {
    const { world, snapshots, fail, finish, changes } = subject();
    await world.advance(5000);
    const before = snapshots.lastSaveWallSeconds;
    const failing = snapshots.request("save");
    await world.advance(2000);
    fail(new Error("no space left on device"));
    expect(await world.complete(failing)).equal("no space left on device");
    expect(snapshots.save).include({ count: 0, isLastOk: false, lastSeconds: 2 });
    expect(snapshots.lastSaveWallSeconds).equal(before);
    const next = snapshots.request("save");
    await world.advance(1);
    finish();
    expect(await world.complete(next)).equal(undefined);
    expect(snapshots.save).include({ count: 1, isLastOk: true });
    expect(snapshots.lastSaveWallSeconds).greaterThan(before);
    expect(changes()).equal(2);
  });

  it("tell how far one is, and when all are done", async () => {
    const { world, snapshots, progress, finish } = subject();
    void snapshots.request("rewrite");
    await world.advance(1);
    progress()(41);
    expect(snapshots.underWay).include({ keysWritten: 41, keysTotal: 99 });
    let isIdle = false;
    const idle = snapshots.idle().then(() => {
      isIdle = true;
    });
    await world.advance(10);
    expect(isIdle).equal(false);
    finish();
    await world.complete(idle);
    expect(snapshots.underWay).equal(null);
  });
});

function subject() {
  const world = worldOf("snapshots");
  const { clock, log } = world.host("a");
  const pending: { resolve(): void; reject(error: Error): void; progress: SnapshotProgress }[] = [];
  let changes = 0;
  const snapshots = new Snapshots({
    clock,
    log,
    keysTotal: () => 99,
    write: (progress) =>
      new Promise((resolve, reject) => pending.push({ resolve: () => resolve(WRITTEN), reject, progress })),
    changed: () => {
      changes++;
    },
  });
  return {
    world,
    snapshots,
    writing: () => pending.length,
    progress: () => pending[0]!.progress,
    finish: () => pending.shift()!.resolve(),
    fail: (error: Error) => pending.shift()!.reject(error),
    changes: () => changes,
  };
}
